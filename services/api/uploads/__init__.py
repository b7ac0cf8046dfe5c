"""Uploads: declare many files, put them into the bucket yourself, seal them as one job."""
