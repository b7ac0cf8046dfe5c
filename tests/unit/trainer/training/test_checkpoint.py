import json
from pathlib import Path

import numpy as np
import pytest

from services.trainer.errors import RunError
from services.trainer.training.checkpoint import Checkpoint, CheckpointStore, Position
from services.trainer.training.schedule import Patience, ScheduleState


def checkpoint(step: int) -> Checkpoint:
    arrays = {
        "model/0000": np.full((2, 3), step, dtype=np.float32),
        "model/0001": np.array([1, 2**31], dtype=np.uint32),
    }
    schedule = ScheduleState(0.1, Patience(0.75, 2), Patience())
    position = Position(step=step, best_accuracy=0.5, seconds=1.5, sessions=2, schedule=schedule)
    return Checkpoint(position, arrays)


class TestCheckpointStore:
    def test_gives_back_what_was_saved(self, tmp_path: Path) -> None:
        store = CheckpointStore(tmp_path / "checkpoints")
        store.save(checkpoint(7))
        found = store.load_last()
        assert found is not None
        assert found.position == checkpoint(7).position
        for name, array in checkpoint(7).arrays.items():
            assert found.arrays[name].dtype == array.dtype
            assert (found.arrays[name] == array).all()

    def test_keeps_the_last_two_and_the_best(self, tmp_path: Path) -> None:
        store = CheckpointStore(tmp_path)
        store.save_best(checkpoint(1))
        for step in (1, 20, 300):
            store.save(checkpoint(step))
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "best.npz",
            "step-00000020.npz",
            "step-00000300.npz",
        ]
        assert store.load_best().position.step == 1

    def test_a_fresh_run_has_none(self, tmp_path: Path) -> None:
        store = CheckpointStore(tmp_path)
        assert store.load_last() is None
        with pytest.raises(RunError, match=r"best\.npz is missing"):
            store.load_best()

    def test_names_a_damaged_file(self, tmp_path: Path) -> None:
        store = CheckpointStore(tmp_path)
        store.save(checkpoint(1))
        (tmp_path / "step-00000001.npz").write_bytes(b"half")
        with pytest.raises(RunError, match=r"step-00000001\.npz is damaged; remove it"):
            store.load_last()

    def test_reads_one_from_before_schedules_had_a_state(self, tmp_path: Path) -> None:
        position = {"step": 7, "best_accuracy": 0.5, "epoch_loss": 2.5, "seconds": 9, "sessions": 1}
        np.savez(tmp_path / "step-00000007.npz", position=np.array(json.dumps(position)))
        found = CheckpointStore(tmp_path).load_last()
        assert found is not None
        assert found.position == Position(7, 0.5, 2.5, 9.0, 1, None)

    def test_an_unfinished_write_is_not_taken_for_a_checkpoint(self, tmp_path: Path) -> None:
        store = CheckpointStore(tmp_path)
        store.save(checkpoint(1))
        (tmp_path / ".step-00000002.npz.tmp").write_bytes(b"half")
        found = store.load_last()
        assert found is not None
        assert found.position.step == 1

    def test_the_next_write_clears_what_a_kill_left(self, tmp_path: Path) -> None:
        (tmp_path / ".step-00000002.npz.tmp").write_bytes(b"half")
        CheckpointStore(tmp_path).save(checkpoint(3))
        assert [path.name for path in tmp_path.iterdir()] == ["step-00000003.npz"]

    @pytest.mark.parametrize("share", [0.3, 0.9])
    def test_one_that_was_cut_off_can_be_removed_for_the_one_before(
        self, tmp_path: Path, share: float
    ) -> None:
        store = CheckpointStore(tmp_path)
        for step in (1, 2):
            store.save(checkpoint(step))
        newest = tmp_path / "step-00000002.npz"
        data = newest.read_bytes()
        newest.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(RunError, match="remove it and resume from the one before"):
            store.load_last()
        newest.unlink()
        found = store.load_last()
        assert found is not None
        assert found.position.step == 1

    def test_one_without_a_position_is_damaged(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "step-00000001.npz", weights=np.zeros(3))
        with pytest.raises(RunError, match="is damaged"):
            CheckpointStore(tmp_path).load_last()
