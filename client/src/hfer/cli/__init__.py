"""The ``hfer`` command: data on stdout, everything else on stderr."""
