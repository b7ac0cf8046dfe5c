"""What every process that answers HTTP has: how it stops, and what a connection may cost it."""
