"""Webhooks by Standard Webhooks 1.0.0: who is told of what, and how the telling went."""
