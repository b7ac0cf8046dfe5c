"""Webhooks by Standard Webhooks 1.0.0: who gets which message, and how its delivery went."""
