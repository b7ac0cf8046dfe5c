"""The tiers of tests: which folders one pytest runs, and what it needs for that."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.chromium import NAMES


@dataclass(frozen=True)
class Tier:
    """A set of folders that one pytest runs.

    Attributes:
        name: of the tier and its report.
        paths: its folders.
        options: more pytest options.
        covered: whether it counts towards the coverage of services/.
        needs: programs, one of which must be there; else the tier is left out and that is said.
    """

    name: str
    paths: tuple[str, ...]
    options: tuple[str, ...] = ()
    covered: bool = False
    needs: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether this machine has what the tier needs."""
        return not self.needs or any(shutil.which(program) for program in self.needs)


PARALLEL = ("-n", "2", "--dist", "loadfile")
# As tests/fixtures/pgbouncer.py, rabbitmq.py and through_proxies.py, and tests/fault/test_egress.py
# look for them; make writes them.
PGBOUNCER = str(Path(sys.executable).with_name("pgbouncer"))
RABBITMQ = str(Path(sys.executable).with_name("rabbitmq"))
PROXIES = tuple(str(Path(sys.executable).with_name(name)) for name in ("nginx", "caddy"))
CLOSED_NETWORK = str(Path(sys.executable).with_name("closed-network"))
BEHIND_PGBOUNCER = "tests/integration/common/db/test_pgbouncer.py"
ON_RABBITMQ = "tests/fault/test_rabbitmq.py"
BEHIND_PROXIES = "tests/integration/infra/test_proxies.py"
EGRESS = "tests/fault/test_egress.py"
# Networks of real size, and trainings in processes of their own. Their coverage is not measured: it
# takes two fifths more CPU where TensorFlow builds graphs.
TRAINING_RUNS = tuple(
    f"tests/model/trainer/test_{name}.py"
    for name in ("presets", "backbones", "kill", "determinism", "two_devices")
)
# In the order of their starts: the longest first, so that none is left to run alone at the end,
# and last the one that keeps both cores busy by itself.
TIERS = (
    Tier("training-runs", TRAINING_RUNS),
    Tier("e2e", ("tests/e2e",), ("--ignore=tests/e2e/web",)),
    Tier("fault", ("tests/fault",), (f"--ignore={EGRESS}", f"--ignore={ON_RABBITMQ}")),
    Tier(
        "integration",
        ("tests/integration",),
        (*PARALLEL, f"--ignore={BEHIND_PGBOUNCER}", f"--ignore={BEHIND_PROXIES}"),
        covered=True,
    ),
    Tier(
        "model-tensorflow",
        ("tests/model/trainer",),
        tuple(f"--ignore={path}" for path in TRAINING_RUNS),
        covered=True,
    ),
    Tier("browser", ("tests/e2e/web",), needs=NAMES),
    Tier("egress", (EGRESS,), needs=(CLOSED_NETWORK,)),
    Tier("rabbitmq", (ON_RABBITMQ,), needs=(RABBITMQ,)),
    Tier("pgbouncer", (BEHIND_PGBOUNCER,), needs=(PGBOUNCER,)),
    Tier("proxies", (BEHIND_PROXIES,), needs=PROXIES),
    Tier("model-torch", ("tests/model/vision",)),
    Tier("unit", ("tests/unit", "tests/architecture"), PARALLEL, covered=True),
)
