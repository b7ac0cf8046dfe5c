"""The same job on each broker, database and store that is supported: see `__main__`."""
