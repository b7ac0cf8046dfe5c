"""Events of a job as they happen, over HTTP (server-sent events)."""
