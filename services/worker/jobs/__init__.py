"""Chunks of a job: claimed, analysed in micro-batches, settled."""
