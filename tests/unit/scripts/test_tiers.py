"""Every test runs in a tier, and none twice."""

from pathlib import Path

import pytest

from scripts.tiers import TIERS, Tier


class TestTiers:
    def test_hold_every_folder_of_tests(self) -> None:
        tests = Path(__file__).parents[2]
        files = {path.relative_to(tests.parent) for path in tests.rglob("test_*.py")}
        held = {
            file
            for tier in TIERS
            for path in tier.paths
            for file in files
            if file.is_relative_to(path)
        }
        assert files == held

    def test_one_that_needs_what_is_not_there_is_not_possible(self) -> None:
        assert Tier("t", ("x",)).possible
        assert Tier("t", ("x",), needs=("no-such-program", "sh")).possible
        assert not Tier("t", ("x",), needs=("no-such-program",)).possible

    @pytest.mark.parametrize(
        ("name", "beside"),
        [
            ("browser", "e2e"),
            ("pgbouncer", "integration"),
            ("rabbitmq", "fault"),
            ("proxies", "integration"),
            ("egress", "fault"),
        ],
    )
    def test_what_may_be_left_out_runs_in_one_tier_only(self, name: str, beside: str) -> None:
        tiers = {tier.name: tier for tier in TIERS}
        (path,) = tiers[name].paths
        assert tiers[name].needs
        assert f"--ignore={path}" in tiers[beside].options

    def test_a_training_run_is_in_one_tier_only(self) -> None:
        tiers = {tier.name: tier for tier in TIERS}
        ignored = {f"--ignore={path}" for path in tiers["training-runs"].paths}
        assert set(tiers["model-tensorflow"].options) == ignored
        assert all(Path(path).is_file() for path in tiers["training-runs"].paths)

    def test_keep_torch_and_tensorflow_apart(self) -> None:
        folders = ("tests/model/vision", "tests/model/trainer")
        mixed = [
            tier.name
            for tier in TIERS
            if all(any(path.startswith(folder) for path in tier.paths) for folder in folders)
        ]
        assert mixed == []
