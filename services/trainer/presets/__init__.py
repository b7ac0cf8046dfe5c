"""Named recipes. A preset's docstring holds its command and the result to expect."""

from collections.abc import Callable, Mapping

from services.trainer.config import TrainConfig
from services.trainer.presets import (
    best_gpu,
    quick,
    seed_rafdb,
    seed_rafdb_official,
    smoke,
    starter,
    starter_teacher,
)

PRESETS: Mapping[str, Callable[[], TrainConfig]] = {
    "smoke": smoke.build,
    "quick": quick.build,
    "starter": starter.build,
    "seed-rafdb": seed_rafdb.build,
    "seed-rafdb-official": seed_rafdb_official.build,
    "starter-teacher": starter_teacher.build,
    "best-gpu": best_gpu.build,
}


def load_preset(name: str) -> TrainConfig:
    """Return the recipe called ``name``.

    Raises:
        ValueError: if there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}; there are: {', '.join(sorted(PRESETS))}")
    return PRESETS[name]()
