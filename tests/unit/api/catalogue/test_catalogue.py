"""The catalogue explains every problem that the service knows, and nothing else."""

import pytest

from services.api.catalogue.advice import ADVICE
from services.api.catalogue.entries import ProblemEntry, all_entries, entry_of
from services.api.catalogue.pages import entry_page, index_page
from services.api.problems import PROBLEM_TYPES, ProblemCode


class TestAdvice:
    def test_is_there_for_every_code(self) -> None:
        assert set(ADVICE) == set(ProblemCode) == set(PROBLEM_TYPES)

    @pytest.mark.parametrize("code", list(ProblemCode))
    def test_tells_meaning_cause_and_remedy_in_sentences(self, code: ProblemCode) -> None:
        advice = ADVICE[code]
        for text in (advice.meaning, advice.cause, advice.remedy):
            assert text.endswith((".", "`."))
            assert len(text.split()) >= 4
        assert advice.detail
        assert advice.instance.startswith("/")


class TestEntries:
    @pytest.mark.parametrize("code", list(ProblemCode))
    def test_point_to_themselves(self, code: ProblemCode) -> None:
        entry = entry_of(code, base="https://hfer.example.org")
        assert entry.type == f"https://hfer.example.org/problems/{code}"
        assert entry.example.type == entry.type
        assert entry.example.status == entry.status == PROBLEM_TYPES[code].status

    def test_come_by_status(self) -> None:
        statuses = [entry.status for entry in all_entries()]
        assert statuses == sorted(statuses)
        assert len(statuses) == len(ProblemCode)

    def test_the_example_of_the_schema_is_an_entry(self) -> None:
        example = ProblemEntry.model_json_schema()["example"]
        assert ProblemEntry.model_validate(example) == entry_of(ProblemCode.JOB_FINAL)


class TestPages:
    @pytest.mark.parametrize("code", list(ProblemCode))
    def test_of_an_entry_holds_all_of_it(self, code: ProblemCode) -> None:
        entry = entry_of(code)
        text = entry_page(entry)
        for part in (entry.title, entry.meaning, entry.cause, entry.remedy, entry.example.detail):
            assert part.replace('"', '\\"') in text or part in text

    def test_of_all_lead_to_each(self) -> None:
        text = index_page(all_entries())
        assert all(f"](problems/{code})" in text for code in ProblemCode)
