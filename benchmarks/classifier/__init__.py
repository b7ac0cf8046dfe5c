"""The classifier alone: Keras and TensorFlow beside ONNX Runtime and OpenVINO."""
