"""A trained network becomes a bundle: ONNX graph, precisions, manifest, publishing."""
