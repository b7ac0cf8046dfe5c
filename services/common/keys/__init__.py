"""API keys: who calls, for which tenant, with which scopes."""
