"""Counters that last for seconds: requests of a key, and what it has open."""
