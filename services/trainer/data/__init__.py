"""From folders of images to clean arrays: layouts, audit, prepare, batches."""
