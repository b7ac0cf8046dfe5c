"""``python -m services.trainer``."""

from services.trainer.cli import app

if __name__ == "__main__":
    app(prog_name="python -m services.trainer")
