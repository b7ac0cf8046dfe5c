"""Backup and restore of the whole service: ``python -m services.backup create | verify | restore``.

A backup is a folder: a dump of the database, the objects that its rows name, and a manifest
that is written last, so that a folder with one is complete. docs/backup.md says how to use it.
"""
