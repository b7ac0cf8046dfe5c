"""API keys over HTTP, for operators."""
