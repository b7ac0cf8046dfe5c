import csv
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from services.trainer.sweep.axes import Axis, candidates, parse_settings
from services.trainer.sweep.outcome import Outcome, Status
from services.trainer.sweep.plan import Measure
from services.trainer.sweep.standings import Mean, furthest, standing
from services.trainer.sweep.tables import markdown_table, rich_table, short_names
from services.trainer.sweep.tables_out import label, write_tables
from tests.fixtures.training import tiny_config
from tests.fixtures.trials import grid, measures, outcome, plan

SETTINGS = ("optim.lr=0.1:0.2:0.3:0.4", "model.head.units=8,4")
_, AXES = parse_settings(SETTINGS)
A, B, C, D = grid(*SETTINGS)
PLAN = plan(rungs=(2, 6))
OUTCOMES = (
    outcome(A, 0.5, minutes=1.5),
    outcome(B, 0.7),
    outcome(C, None),
    outcome(D, 0.25),
    outcome(B, 0.625, rung=1, epochs=6.0, minutes=4.0),
    outcome(A, 0.75, rung=1, status=Status.FAILED, measures=None, detail="No weights."),
)


SVG = "{http://www.w3.org/2000/svg}"
HEADERS = (
    *("accuracy", "macro recall", "macro F1", "worst recall", "NLL", "NLL after T"),
    *("epochs", "min"),
)


class TestStandings:
    def test_the_furthest_come_first_and_the_lost_last(self) -> None:
        found = furthest(PLAN, (A, B, C, D), OUTCOMES)
        assert [one.candidate for one in found] == [B, D, A, C]
        assert [one.rung for one in found] == [1, 0, 1, 0]

    def test_are_ordered_by_the_chosen_measure(self) -> None:
        told = (
            outcome(A, 0.5, measures=measures(0.5, nll=1.0)),
            outcome(B, 0.7, measures=measures(0.7, nll=2.0)),
        )
        by_nll = PLAN.model_copy(update={"by": Measure.NLL})
        assert [one.candidate for one in furthest(PLAN, (A, B), told)] == [B, A]
        assert [one.candidate for one in furthest(by_nll, (A, B), told)] == [A, B]

    def test_those_not_begun_are_left_out(self) -> None:
        assert furthest(PLAN, (A, B), OUTCOMES[:1])[0].candidate == A
        assert len(furthest(PLAN, (A, B), OUTCOMES[:1])) == 1

    def test_seeds_are_averaged_and_the_worst_class_found_on_the_mean(self) -> None:
        recalls = ({"fear": 0.2, "disgust": 0.6}, {"fear": 0.5, "disgust": 0.3})
        told = [
            outcome(A, score, seed=seed, measures=measures(score, recalls=recalls[seed]))
            for seed, score in enumerate((0.5, 0.7))
        ]
        found = standing(A, rung=0, outcomes=told)
        assert found is not None
        assert found.measures["accuracy"].mean == pytest.approx(0.6)
        assert found.measures["accuracy"].sd == pytest.approx(0.1 * 2**0.5)
        assert found.worst_class == "fear"
        assert found.measures["worst_recall"].mean == pytest.approx(0.35)

    def test_one_seed_has_no_spread(self) -> None:
        found = standing(A, rung=0, outcomes=OUTCOMES)
        assert found is not None
        assert found.measures["accuracy"] == Mean(0.5, None)

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_candidate_is_lost_with_one_of_its_seeds(self, order: int) -> None:
        told = [outcome(A, 0.9), outcome(A, None, seed=1)][::order]
        found = standing(A, rung=0, outcomes=told)
        assert found is not None
        assert (found.status, found.measures) == (Status.DIVERGED, {})


class TestTables:
    def test_markdown_shows_every_candidate(self) -> None:
        text = markdown_table(furthest(PLAN, (A, B, C, D), OUTCOMES), AXES)
        assert text.splitlines() == [
            f"| `optim.lr` | {' | '.join(HEADERS)} |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            "| 0.2 | 62.5 | 62.5 | 62.5 | 31.2 disgust | 0.375 | 0.275 | 6 | 4.0 |",
            "| 0.4 | 25.0 | 25.0 | 25.0 | 12.5 disgust | 0.750 | 0.650 | 1 | 0.0 |",
            "| 0.1 | failed | – | – | – | – | – | – | – |",
            "| 0.3 | diverged | – | – | – | – | – | – | – |",
        ]

    def test_seeds_show_their_spread(self) -> None:
        told = [outcome(A, 0.5), outcome(A, 0.7, seed=1)]
        text = markdown_table(furthest(PLAN, (A,), told), AXES)
        assert "| 60.0 ± 14.1 |" in text
        assert "| 0.400 ± 0.141 |" in text

    def test_the_terminal_shows_the_same(self) -> None:
        console = Console(width=160, record=True)
        console.print(rich_table(furthest(PLAN, (A, B, C, D), OUTCOMES), AXES, title="a sweep"))
        text = console.export_text()
        for expected in ("a sweep", "31.2 disgust", "diverged", "NLL after T"):
            assert expected in text

    @pytest.mark.parametrize(
        ("paths", "names"),
        [
            (["optim.lr", "model.head.pooling"], ["lr", "pooling"]),
            (
                ["model.head.dropout", "optim.plateau.patience", "optim.early_stop.patience"],
                ["dropout", "plateau.patience", "early_stop.patience"],
            ),
        ],
    )
    def test_names_are_as_short_as_they_tell_apart(
        self, paths: list[str], names: list[str]
    ) -> None:
        assert short_names([Axis(path, ()) for path in paths]) == names


class TestWriteTables:
    def write(self, folder: Path, outcomes: tuple[Outcome, ...] = OUTCOMES) -> None:
        write_tables(folder, plan=PLAN, axes=AXES, candidates=(A, B, C, D), outcomes=outcomes)

    def test_the_table_for_programs_has_every_figure(self, tmp_path: Path) -> None:
        self.write(tmp_path)
        with (tmp_path / "sweep.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [row["optim.lr"] for row in rows] == ["0.2", "0.4", "0.1", "0.3"]
        assert (rows[0]["candidate"], rows[0]["rung"]) == (B.key, "2")
        assert float(rows[0]["worst_recall"]) == 0.3125
        assert rows[0]["accuracy_sd"] == rows[3]["accuracy"] == ""
        assert (rows[2]["status"], rows[2]["detail"]) == ("failed", "No weights.")

    def test_the_plot_names_candidates_rungs_and_losses(self, tmp_path: Path) -> None:
        self.write(tmp_path)
        drawn = ET.parse(tmp_path / "sweep.svg")  # noqa: S314 - our own file
        texts = ["".join(one.itertext()) for one in drawn.iter(f"{SVG}text")]
        expected = {
            *("lr 0.1", "lr 0.2", "lr 0.3", "lr 0.4", "2 epochs", "6 epochs"),
            *("accuracy, %", "macro recall, %", "diverged by epoch 2", "failed by epoch 6"),
        }
        assert expected <= set(texts)

    def test_the_same_figures_give_the_same_files(self, tmp_path: Path) -> None:
        written = []
        for _ in range(2):
            self.write(tmp_path)
            written.append([path.read_bytes() for path in sorted(tmp_path.iterdir())])
        assert len(written[0]) == 3
        assert written[0] == written[1]

    def test_an_empty_list_has_a_name(self) -> None:
        _, axes = parse_settings(["model.head.units=:8,4"])
        one, other = candidates(tiny_config(), axes)
        assert (label(axes, one), label(axes, other)) == ("units (none)", "units 8,4")
