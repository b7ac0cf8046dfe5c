"""The whole pipeline beside the usual one: facenet-pytorch on the photo, Keras predict per face."""
