"""A folder of photos with a table of what is right, through the product's own pipeline."""
