"""What is installed here, and whether ONNX Runtime really runs on the GPU."""

from importlib.util import find_spec
from pathlib import Path

from benchmarks.gpu_check.outcome import LeftOutError
from services.vision.engines import cuda_available

_PACKAGES = {"cv2": "opencv-python-headless", "facenet_pytorch": "facenet-pytorch"}
_CUDA = "CUDAExecutionProvider"


def require(*modules: str) -> None:
    """Check that modules can be imported, without importing them.

    Raises:
        LeftOutError: if one cannot.
    """
    missing = [_PACKAGES.get(name, name) for name in modules if find_spec(name) is None]
    if missing:
        raise LeftOutError(f"{' and '.join(missing)} not installed")


def require_torch(*, rehearsal: bool) -> None:
    """Check for torch, which must see the GPU unless this is a rehearsal.

    Raises:
        LeftOutError: if it is missing or sees none.
    """
    require("torch")
    if not rehearsal and not cuda_available():
        raise LeftOutError("torch sees no GPU; install a torch with CUDA that fits the driver")


def require_onnxruntime(*, rehearsal: bool) -> None:
    """Check for ONNX Runtime, with CUDA unless this is a rehearsal.

    Raises:
        LeftOutError: if it is missing or the CPU's.
    """
    require("onnxruntime")
    if rehearsal:
        return
    import onnxruntime

    if _CUDA not in onnxruntime.get_available_providers():
        raise LeftOutError("onnxruntime is the CPU's; install onnxruntime-gpu in its place")
    require_torch(rehearsal=False)  # a worker looks for the GPU through torch


class SessionProbe:
    """A session of ONNX Runtime, opened as a worker opens its own; lives in a crew's process."""

    def __init__(self, network: Path) -> None:
        cuda_available()  # imports torch, whose wheels bring what ONNX Runtime needs of CUDA
        from services.vision.onnxruntime import open_session

        self._session = open_session(network.read_bytes(), threads=1)

    def provider(self, _number: int = 0, _of: int = 1) -> str:
        """Return the execution provider that the session came out with."""
        return str(self._session.get_providers()[0])


def check_provider(provider: str, *, rehearsal: bool) -> None:
    """Refuse a session that fell back to the CPU, which ONNX Runtime only logs.

    Raises:
        RuntimeError: if it did.
    """
    if not rehearsal and provider != _CUDA:
        raise RuntimeError(
            f"ONNX Runtime has CUDA but runs {provider}: its libraries of CUDA and cuDNN were not "
            "found or do not fit; what it logged stands above"
        )
