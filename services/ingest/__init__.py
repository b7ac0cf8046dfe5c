"""Photos that jobs name by URL: fetched into the bucket, then left to the workers.

A process of its own (``python -m services.ingest``), because it is the only one that
speaks to hosts of the users' choice: it needs egress, which the analysing workers do not, and
database and bucket, but no broker and no model. Any number of them may run, and die at any
point: a claim is a lease.
"""
