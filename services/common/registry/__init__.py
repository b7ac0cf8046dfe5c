"""The model registry: which bundles exist and which one is active."""
