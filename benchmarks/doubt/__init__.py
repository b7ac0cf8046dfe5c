"""Whether a model says that it is in doubt where it should."""
