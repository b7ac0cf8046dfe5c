"""Pictures decoded and drawn with Pillow, pillow-heif and numpy alone: the API holds no ML."""
