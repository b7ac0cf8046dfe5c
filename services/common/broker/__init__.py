"""The hint channel: Celery carries ids, Postgres carries truth."""
