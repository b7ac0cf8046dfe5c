"""What the processes of a page share: they know the API only, so it keeps that for them."""
