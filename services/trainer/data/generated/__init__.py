"""Drawn faces, so that the trainer can be tried and tested without any photo."""
