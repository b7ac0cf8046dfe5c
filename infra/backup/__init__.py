"""The old place of services.backup."""
