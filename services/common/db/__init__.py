"""Postgres: typed tables and the one place that commits."""
