"""Photos on their way in: request bodies, archives, the bucket."""
