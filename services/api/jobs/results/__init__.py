"""What a finished photo gives: results, pictures, summaries, files."""
