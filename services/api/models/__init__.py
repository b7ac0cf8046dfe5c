"""The models that have been registered, over HTTP."""
