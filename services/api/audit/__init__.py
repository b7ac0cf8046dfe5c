"""The audit over HTTP, and what of a request goes into it."""
