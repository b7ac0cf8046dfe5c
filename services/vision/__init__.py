"""The vision library: photo bytes in, faces with apparent expressions out. No I/O but files."""
