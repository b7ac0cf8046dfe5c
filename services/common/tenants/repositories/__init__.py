"""Queries on tenants."""
