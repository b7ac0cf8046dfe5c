"""What a child may do, what its death costs, and that the pool goes on."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.imaging.child_pool.pool import ChildPool
from services.imaging.child_pool.process import Budget

PROGRAM = "tests.fixtures.hostile_child"
OUTPUT_BYTES = 2_000_000
BUDGET = Budget(memory_bytes=100_000_000, cpu_s=20, wall_s=60)


@pytest.fixture(scope="module")
def pool() -> Iterator[ChildPool]:
    with ChildPool(2, output_bytes=OUTPUT_BYTES, program=PROGRAM) as made:
        yield made


def said(pool: ChildPool, do: str, *of: object, budget: Budget = BUDGET) -> Any:
    made = pool.run({"do": do, "of": of}, [b"photo"], budget)
    assert made.read() == b"photo"
    return made.facts["said"]


def failure(pool: ChildPool, do: str, *of: object, budget: Budget = BUDGET) -> ItemErrorCode:
    with pytest.raises(ItemError) as caught:
        said(pool, do, *of, budget=budget)
    return ItemErrorCode(caught.value.code)


class TestConfinement:
    def test_is_reported(self, pool: ChildPool) -> None:
        assert pool.hello()["confined"] is True

    def test_has_no_secret_in_its_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HFER_STORAGE__SECRET_KEY", "secret")
        with ChildPool(1, output_bytes=OUTPUT_BYTES, program=PROGRAM) as fresh:
            environment = said(fresh, "environment")
            pid = said(fresh, "nothing")
            assert Path(f"/proc/{pid}/environ").read_bytes() == b""
        assert not [name for name in environment if "HFER" in name or "PATH" in name]

    @pytest.mark.parametrize("do", ["connect", "unix", "fork", "execute", "raise limit"])
    def test_refuses_networks_processes_and_limits(self, pool: ChildPool, do: str) -> None:
        assert said(pool, do) in {"PermissionError", "ValueError"}

    def test_refuses_files_and_with_them_the_parents_secrets(self, pool: ChildPool) -> None:
        assert said(pool, "open", f"/proc/{os.getpid()}/environ") == "PermissionError"
        assert said(pool, "open", "/etc/passwd") == "PermissionError"

    def test_refuses_signals_to_others(self, pool: ChildPool) -> None:
        assert said(pool, "kill", os.getpid()) == "PermissionError"


class TestDeath:
    def test_of_memory_is_a_typed_error_and_the_child_lives(self, pool: ChildPool) -> None:
        before = said(pool, "nothing")
        assert failure(pool, "fill", 200) == ItemErrorCode.OUT_OF_MEMORY
        assert said(pool, "fill", 20) == 20_000_000
        assert said(pool, "nothing") == before

    def test_of_cpu_time_costs_one_photo(self, pool: ChildPool) -> None:
        before = said(pool, "nothing")
        assert failure(pool, "spin", budget=Budget(100_000_000, cpu_s=1)) == "time_limit"
        assert said(pool, "nothing") != before

    def test_of_waiting_costs_one_photo(self, pool: ChildPool) -> None:
        short = Budget(100_000_000, wall_s=0.2)
        assert failure(pool, "sleep", 600, budget=short) == ItemErrorCode.TIME_LIMIT

    @pytest.mark.parametrize("number", [signal.SIGSEGV, 0])
    def test_of_a_crash_costs_one_photo(self, pool: ChildPool, number: int) -> None:
        assert failure(pool, "die", number) == ItemErrorCode.CRASHED_WORKER
        assert said(pool, "nothing")

    def test_by_the_kernel_while_idle_costs_nothing(self, pool: ChildPool) -> None:
        pid = said(pool, "nothing")
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}/status").read_text().find("State:\tZ") < 0:
            time.sleep(0.01)
        assert said(pool, "nothing") != pid

    def test_more_bytes_than_allowed_are_an_error(self, pool: ChildPool) -> None:
        with pytest.raises(ItemError) as caught:
            pool.run({"do": "nothing"}, [bytes(OUTPUT_BYTES + 1)], BUDGET)
        assert caught.value.code == ItemErrorCode.OUT_OF_MEMORY


class TestPool:
    def test_serves_several_threads(self, pool: ChildPool) -> None:
        with ThreadPoolExecutor(6) as threads:
            pids = list(threads.map(lambda _: said(pool, "nothing"), range(24)))
        assert len(set(pids)) <= 2

    def test_replaces_a_child_after_its_share(self) -> None:
        with ChildPool(1, output_bytes=9, pictures_each=2, program=PROGRAM) as few:
            first, second, third = (said(few, "nothing") for _ in range(3))
        assert first == second != third

    def test_says_when_no_child_becomes_free(self) -> None:
        with ChildPool(1, output_bytes=9, program=PROGRAM) as one:
            begun = threading.Event()

            def parts() -> Iterator[bytes]:
                begun.set()
                yield b""

            with ThreadPoolExecutor(1) as threads:
                task = {"do": "sleep", "of": [1]}
                slow = threads.submit(one.run, task, parts(), BUDGET)
                assert begun.wait(30)
                with pytest.raises(TransientError):
                    one.run({"do": "nothing"}, [b""], BUDGET, wait_s=0.05)
                slow.result().read()

    def test_a_photo_that_cannot_be_fetched_costs_no_child(self, pool: ChildPool) -> None:
        def broken() -> Iterator[bytes]:
            yield b"pho"
            raise LookupError

        before = said(pool, "nothing")
        with pytest.raises(LookupError):
            pool.run({"do": "nothing"}, broken(), BUDGET)
        assert said(pool, "nothing") == before

    def test_ends_its_children(self) -> None:
        with ChildPool(1, output_bytes=9, program=PROGRAM) as one:
            pid = said(one, "nothing")
        assert not Path(f"/proc/{pid}").exists()
        with pytest.raises(TransientError):
            one.run({"do": "nothing"}, [b""], BUDGET)

    def test_that_is_closed_blames_no_photo(self) -> None:
        begun = threading.Event()

        def parts() -> Iterator[bytes]:
            yield b""
            begun.set()

        with ThreadPoolExecutor(1) as threads:
            with ChildPool(1, output_bytes=9, program=PROGRAM) as one:
                asked = threads.submit(one.run, {"do": "sleep", "of": [600]}, parts(), BUDGET)
                assert begun.wait(30)
            with pytest.raises(TransientError, match="stopping"):
                asked.result(30)
