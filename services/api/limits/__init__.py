"""The limits of the deployment, machine-readable."""
