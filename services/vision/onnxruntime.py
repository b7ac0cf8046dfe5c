"""How ONNX Runtime is opened in a process of ours."""

from typing import Any

# TF32 keeps 10 bits of mantissa, too few for the golden answers; exhaustive search of
# convolution algorithms would run again for each batch size.
_CUDA_OPTIONS = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}


def open_session(network: bytes, *, threads: int) -> Any:
    """Open a session on CUDA where it is, else on so many threads of the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    providers = providers_of(onnxruntime.get_available_providers())
    return onnxruntime.InferenceSession(network, sess_options=options, providers=providers)


def providers_of(available: list[str]) -> list[Any]:
    """Execution providers in the order of preference."""
    cpu = "CPUExecutionProvider"
    if "CUDAExecutionProvider" in available:
        return [("CUDAExecutionProvider", _CUDA_OPTIONS), cpu]
    return [cpu]
