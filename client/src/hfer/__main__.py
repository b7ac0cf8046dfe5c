"""``python -m hfer`` is the ``hfer`` command."""

from hfer.cli.app import main

if __name__ == "__main__":
    main()
