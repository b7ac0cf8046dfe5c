"""The model that answers: loaded, switched, tried as a canary."""
