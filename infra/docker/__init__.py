"""The images: how they are built, and what their files are held to without Docker."""
