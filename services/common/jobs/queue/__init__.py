"""The queue that Postgres is: claims, leases, fetches, sweeps, outcomes."""
