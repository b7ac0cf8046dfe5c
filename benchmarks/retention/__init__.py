"""What it costs to forget: rows, indexes, vacuum, and the disk that comes back."""
