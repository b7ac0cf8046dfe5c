"""Clients that generators make of the OpenAPI document: generated, type-checked, run."""
