"""Jobs over HTTP: taking photos in, watching, reading results."""
