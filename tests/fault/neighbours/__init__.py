"""What one tenant's neighbours cost it, measured on the whole local stack."""
