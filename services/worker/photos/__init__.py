"""Bytes of photos in, annotated photos out."""
