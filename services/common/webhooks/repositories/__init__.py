"""Every query about webhooks: the outbox, the endpoints, the deliveries."""
