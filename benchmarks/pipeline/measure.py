"""Both sides, alternating round by round; only one crew works at a time."""

import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.crew import Crew, hired
from benchmarks.pipeline.against import build_of
from benchmarks.pipeline.agreement import Face, compare
from benchmarks.pipeline.ours import OurPipeline
from benchmarks.pipeline.reference import KerasPredict, TorchDetection, joined
from benchmarks.pipeline.report import Report, Side
from benchmarks.pipeline.stages import summed
from services.vision.bundle import load_bundle
from services.vision.classifiers.choice import PrecisionChoice
from services.vision.engines import DEFAULT_DETECTOR

Show = Callable[[str], None]


class _Reference:
    """The yardstick's processes: torch ones, and TensorFlow ones of one or of all threads."""

    def __init__(self, stack: ExitStack, bundle: Path, photos: Sequence[Path], cores: int) -> None:
        self._cores = cores
        self._torch = stack.enter_context(hired(TorchDetection, bundle, photos, size=cores))
        self._narrow = stack.enter_context(hired(KerasPredict, bundle, 1, size=cores))
        self._wide = stack.enter_context(hired(KerasPredict, bundle, cores, size=1))
        self._torch.call("detect", 1)
        self._found = _in_order(self._torch.call("found"))
        crops = [crops for _, crops in self._found]
        for crew in (self._narrow, self._wide):
            crew.call("receive", crops)
            crew.call("predict")
        self.side = Side()

    def run(self, processes: int, threads: int) -> None:
        """Take one round in a layout; both phases count, what passes between them does not."""
        keras = self._wide if threads > 1 else self._narrow
        detecting, first = self._torch.timed("detect", threads, members=processes)
        classifying, second = keras.timed("predict", members=processes)
        self.side.add((processes, threads), detecting + classifying)
        if (processes, threads) == (self._cores, 1):
            self.side.stages = {**self.side.stages, **_without_annotate([*first, *second])}

    def finish(self) -> list[list[Face]]:
        """Annotate once, note the memory, and return the faces of each photo."""
        self.side.stages["annotate"] = summed(self._torch.call("annotate"))["annotate"]
        self.side.rss_mb = max(self._torch.rss_mb()) + max(self._narrow.rss_mb())
        self.side.peak_mb = max(self._torch.peak_mb()) + max(self._narrow.peak_mb())
        answers = _in_order(self._narrow.call("answers"))
        return [joined(faces, rows) for (faces, _), rows in zip(self._found, answers, strict=True)]


class _Ours:
    """Our processes in one precision, each of one thread, as a worker has them."""

    def __init__(
        self,
        stack: ExitStack,
        bundle: Path,
        photos: Sequence[Path],
        cores: int,
        precision: PrecisionChoice,
        *,
        detector: str,
        checkout: Path | None = None,
    ) -> None:
        """Load this build, or that of another checkout with the detector that it always took."""
        self._cores = cores
        if checkout is None:
            crew = hired(OurPipeline, bundle, photos, precision, detector, size=cores)
        else:
            crew = hired(build_of, checkout, bundle, photos, str(precision), size=cores)
        self._crew: Crew = stack.enter_context(crew)
        self._crew.call("analyse")
        self.side = Side()

    def run(self, processes: int) -> None:
        """Take one round."""
        seconds, stages = self._crew.timed("analyse", members=processes)
        self.side.add((processes, 1), seconds)
        if processes == self._cores:
            self.side.stages = _without_annotate(stages)

    def finish(self) -> list[list[Face]]:
        """Annotate once, note the memory, and return the faces of each photo."""
        self.side.stages["annotate"] = summed(self._crew.call("annotate"))["annotate"]
        self.side.rss_mb = max(self._crew.rss_mb())
        self.side.peak_mb = max(self._crew.peak_mb())
        return _in_order(self._crew.call("found"))


def measure(
    bundle: Path,
    photos: Sequence[Path],
    *,
    precisions: Sequence[PrecisionChoice],
    rounds: int,
    cores: int,
    show: Show,
    detector: str = DEFAULT_DETECTOR,
    against: Path | None = None,
) -> Report:
    """Load both sides, warm them up and alternate ``rounds`` times.

    One process of one thread is measured in the first round alone: it is slow, and no one's
    whole machine.

    Raises:
        RuntimeError: if a process failed; its traceback is on stderr.
    """
    with ExitStack() as stack:
        show("loading the reference")
        reference = _Reference(stack, bundle, photos, cores)
        ours: dict[PrecisionChoice, _Ours] = {}
        other: dict[PrecisionChoice, _Ours] = {}
        for precision in precisions:
            show(f"loading {precision}")
            load = partial(_Ours, stack, bundle, photos, cores, precision, detector=detector)
            ours[precision] = load()
            if against is not None:
                other[precision] = load(checkout=against)
        for number in range(rounds):
            singles = () if number or cores == 1 else ((1, 1),)
            for processes, threads in dict.fromkeys((*singles, (1, cores), (cores, 1))):
                show(f"round {number + 1}: reference {processes}x{threads}")
                reference.run(processes, threads)
            for precision in precisions:
                show(f"round {number + 1}: {precision}")
                for side in (each[precision] for each in (ours, other) if each):
                    for processes in dict.fromkeys((*(of for of, _ in singles), cores)):
                        side.run(processes)
        show("comparing the answers")
        faces = reference.finish()
        agreement = {str(p): compare(faces, side.finish()) for p, side in ours.items()}
        for side in other.values():
            side.finish()
    loaded = load_bundle(bundle)
    return Report(
        photos=len(photos),
        faces=sum(map(len, faces)),
        megapixels=_sizes(photos),
        cores=cores,
        model_version=loaded.version,
        random_weights=bool(loaded.manifest.metrics.get("random_weights", False)),
        reference=reference.side,
        ours={str(p): side.side for p, side in ours.items()},
        agreement=agreement,
        other={str(p): side.side for p, side in other.items()},
    )


def measure_without_faces(
    bundle: Path,
    photos: Sequence[Path],
    *,
    precision: PrecisionChoice,
    rounds: int,
    cores: int,
    detector: str,
    against: Path,
) -> dict[str, Any]:
    """Alternate both builds on photos in which no face is; ``cost`` is ours over the other's.

    Raises:
        RuntimeError: if a process failed; its traceback is on stderr.
    """
    with ExitStack() as stack:
        load = partial(_Ours, stack, bundle, photos, cores, precision, detector=detector)
        ours, other = load(), load(checkout=against)
        for _ in range(rounds):
            ours.run(cores)
            other.run(cores)
        pairs = zip(ours.side.seconds[cores, 1], other.side.seconds[cores, 1], strict=True)
        return {
            "photos": len(photos),
            "faces": sum(map(len, ours.finish())),
            "cost": round(statistics.median(mine / theirs for mine, theirs in pairs), 3),
        }


def _in_order(parts: list[dict[int, Any]]) -> list[Any]:
    """Join the shares of several processes in the photos' order."""
    whole = {index: found for part in parts for index, found in part.items()}
    return [whole[index] for index in sorted(whole)]


def _without_annotate(parts: list[dict[str, float]]) -> dict[str, float]:
    return {name: seconds for name, seconds in summed(parts).items() if name != "annotate"}


def _sizes(photos: Sequence[Path]) -> tuple[float, float]:
    areas = []
    for path in photos:
        with Image.open(path) as image:
            areas.append(image.width * image.height / 1e6)
    return round(float(np.min(areas)), 2), round(float(np.max(areas)), 2)
