"""The language of the product in plain Python: standard library only, no I/O."""
