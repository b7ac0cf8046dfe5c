"""The audit: who did what, on what, when, and with what outcome."""
