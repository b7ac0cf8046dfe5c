"""Network definitions. Importing a module here imports TensorFlow."""
