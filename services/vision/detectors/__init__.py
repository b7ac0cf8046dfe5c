"""Face detectors: one port, two engines of the same MTCNN weights."""
