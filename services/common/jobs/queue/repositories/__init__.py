"""The SQL of the queue."""
