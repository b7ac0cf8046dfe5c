"""The reference of the API, written from its OpenAPI document: docs/api.md and `/docs`."""
