"""A worker process: heartbeat, watchdog, shutdown, metrics, devices."""
