"""Where the repository is that the local stack runs."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
