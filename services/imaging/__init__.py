"""Pictures with Pillow and numpy only, for the API as well as for the worker."""
