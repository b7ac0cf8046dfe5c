"""The images: how they are built, and how their build is tried without Docker."""
