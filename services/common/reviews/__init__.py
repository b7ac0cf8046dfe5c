"""Reviews of faces by people."""
