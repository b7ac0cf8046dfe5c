"""What HFER runs on: the local stack, container images and deployment files."""
