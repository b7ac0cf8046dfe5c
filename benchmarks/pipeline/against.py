"""Another checkout of this project in the same run: its own code, in processes of its own."""

import importlib
import sys
from pathlib import Path
from typing import Any


def build_of(
    checkout: Path, bundle: Path, photos: list[Path], precision: str, detector: str | None = None
) -> Any:
    """Return the ``OurPipeline`` of another checkout; called in a fresh process, never in ours.

    Everything of this project that the process has loaded is forgotten first, and found in
    ``checkout`` from then on. What answers is pickled by name, so both sides' ``Face`` are one.

    Args:
        checkout: its root, such as a git worktree.
        bundle: for both.
        photos: for both.
        precision: of the classifier.
        detector: its name where that build knows several; None for what it always took.
    """
    for name in [name for name in sys.modules if name.split(".")[0] in {"services", "benchmarks"}]:
        del sys.modules[name]
    sys.path.insert(0, str(checkout))
    ours = importlib.import_module("benchmarks.pipeline.ours")
    if not Path(ours.__file__ or "").is_relative_to(checkout):
        raise ImportError(f"{checkout} is no checkout of this project")
    choice = importlib.import_module("services.vision.classifiers.choice")
    named = {} if detector is None else {"detector": detector}
    return ours.OurPipeline(bundle, photos, choice.PrecisionChoice(precision), **named)
