"""The old place of services.maintenance."""
