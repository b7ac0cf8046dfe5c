"""Expression classifiers: one port, one engine per file."""
