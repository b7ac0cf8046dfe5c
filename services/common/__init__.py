"""Shared kernel: what two services both need. No FastAPI, no ML."""
