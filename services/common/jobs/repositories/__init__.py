"""Every query on jobs, items, results and erasures."""
