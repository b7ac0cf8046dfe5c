"""The analysing worker: takes hints, claims photos, writes outcomes.

Celery manages processes, time limits and signals; the truth is in Postgres. The main
process imports neither numpy nor an inference engine: models are loaded once in each child.
"""
