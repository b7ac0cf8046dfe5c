"""The HFER services: one import root, layers checked by import-linter (see pyproject.toml)."""
