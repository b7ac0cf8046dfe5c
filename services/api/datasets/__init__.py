"""Data sets made of reviews, over HTTP."""
