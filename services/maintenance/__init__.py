"""Feeder, sweeper, retention and webhooks: stateless loops beside the workers.

They may run n-fold without an election and die by kill -9 at any point: every step is
idempotent, and what one leaves undone the next one does.
"""
