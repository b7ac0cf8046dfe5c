"""Which faces the detectors find, turned, badly lit, cut, small and in crowds, and what is none."""
