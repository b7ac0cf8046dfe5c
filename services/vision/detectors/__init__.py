"""Face detectors behind one port: MTCNN in two engines, and RetinaFace with MTCNN's O-Net."""
