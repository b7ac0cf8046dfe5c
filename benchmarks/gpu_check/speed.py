"""Photos per second: one process on the GPU beside a process per core."""

import tempfile
from pathlib import Path

from benchmarks.gpu_check.outcome import Figure
from benchmarks.gpu_check.packages import (
    SessionProbe,
    check_provider,
    require,
    require_onnxruntime,
)
from benchmarks.gpu_check.parity import STARTER
from benchmarks.gpu_check.sizes import Sizes


def serving(sizes: Sizes) -> list[Figure]:
    """Run benchmarks.devices: the default detector and the starter, photos of at most 1000 px."""
    require("openvino", "cv2")
    require_onnxruntime(rehearsal=sizes.rehearsal)
    from benchmarks.crew import hired
    from benchmarks.devices import measure
    from benchmarks.photos import write_variations

    # In a process that ends: its memory of the GPU is not serving's.
    with hired(SessionProbe, STARTER / "model.onnx", size=1) as crew:
        check_provider(crew.call("provider")[0], rehearsal=sizes.rehearsal)
    with tempfile.TemporaryDirectory(prefix="hfer-gpu-check-") as scratch:
        photos = write_variations(Path(scratch), count=sizes.photos)
        found = measure(STARTER, photos, rounds=sizes.rounds, cores=sizes.cores)
    return [
        Figure("photos/s, GPU, one process", f"{found['gpu_photos_per_s']:.2f}"),
        Figure(f"photos/s, CPU, processes: {sizes.cores}", f"{found['cpu_photos_per_s']:.2f}"),
        Figure("GPU over CPU", f"{found['ratio']:.2f}"),
    ]
