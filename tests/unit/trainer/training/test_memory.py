import subprocess
import sys

# Tensors of 64 MB: above what glibc ever learns to keep (32 MB).
_FAULTS = """
import resource, sys, threading
import numpy as np
from services.trainer.training.memory import keep_freed_memory

def work():
    for _ in range(20):
        np.ones(16_000_000, np.float32)

if sys.argv[1] == "keep":
    assert keep_freed_memory()
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _FAULTS, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


class TestKeepFreedMemory:
    def test_freed_tensors_are_not_given_back_to_the_kernel(self) -> None:
        assert page_faults("keep") < page_faults("default") / 10
