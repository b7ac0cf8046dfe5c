"""Data sets made of reviews: which faces, their votes and sides, and what is left of them."""
