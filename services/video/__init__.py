"""Films: packets, times, frames and tracks, without database, bucket or HTTP (ADR 0053)."""
