"""Live processes: the rows that workers and ingest keep fresh."""
