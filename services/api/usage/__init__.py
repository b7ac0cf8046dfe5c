"""Usage by tenant and day over HTTP."""
