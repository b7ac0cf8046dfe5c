"""The old place of services.ingest."""
