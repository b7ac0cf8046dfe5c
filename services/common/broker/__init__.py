"""The hint channel: Celery carries ids, Postgres holds the state."""
