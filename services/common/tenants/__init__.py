"""Tenants: what the operator set for each."""
