"""Receipts of erasures over HTTP."""
