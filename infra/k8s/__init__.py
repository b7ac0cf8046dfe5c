"""Manifests for Kubernetes, and the rules that they keep: ``python -m infra.k8s``."""
