"""The whole stack without Docker: real Postgres, Redis and S3 from wheels, and our processes.

``python -m infra.local run`` serves until Ctrl-C, ``python -m infra.local demo`` analyses
``samples/`` once. Everything listens on loopback only.
"""
