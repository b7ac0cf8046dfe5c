"""Tenants over HTTP, for operators."""
