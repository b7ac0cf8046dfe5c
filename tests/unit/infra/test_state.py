"""What a stack remembers: the same secrets for ever, the same ports while they are free."""

from dataclasses import replace
from pathlib import Path

from infra.local.ports import PortBook
from infra.local.state import PORTS, State


class FullBook(PortBook):
    """A book in which some ports are taken; free ones count down from 20,999."""

    def __init__(self, *, taken: set[int]) -> None:
        super().__init__()
        self._taken = taken
        self._next = 20_999

    def take(self, wanted: int | None = None) -> int:
        if wanted is not None and wanted not in self._taken:
            return wanted
        self._next -= 1
        return self._next


class TestPorts:
    def test_are_all_different(self) -> None:
        ports = State.new().with_free_ports(FullBook(taken=set())).ports
        assert set(ports) == set(PORTS)
        assert len(set(ports.values())) == len(PORTS)

    def test_take_the_wanted_one_first(self) -> None:
        state = State.new().with_free_ports(FullBook(taken=set()), wanted={"api": 8000})
        assert state.ports["api"] == 8000

    def test_stay_as_they_were(self) -> None:
        first = State.new().with_free_ports(FullBook(taken=set()))
        again = first.with_free_ports(FullBook(taken=set()), wanted={"api": 8000})
        assert again.ports == first.ports

    def test_move_only_where_taken(self) -> None:
        first = State.new().with_free_ports(FullBook(taken=set()))
        again = first.with_free_ports(FullBook(taken={first.ports["redis"]}))
        moved = {name for name in PORTS if again.ports[name] != first.ports[name]}
        assert moved == {"redis"}


class TestFile:
    def test_brings_everything_back(self, tmp_path: Path) -> None:
        state = State.new().with_free_ports(FullBook(taken=set()))
        state.save(tmp_path / "state.json")
        assert State.load(tmp_path / "state.json") == state

    def test_of_an_earlier_version_gets_the_secrets_that_came_later(self, tmp_path: Path) -> None:
        state = State.new()
        early = {name: value for name, value in state.secrets.items() if name != "webhook_key"}
        replace(state, secrets=early).save(tmp_path / "state.json")
        loaded = State.load(tmp_path / "state.json")
        assert loaded is not None
        assert loaded.secrets.keys() == state.secrets.keys()
        assert loaded.secrets["postgres"] == state.secrets["postgres"]

    def test_is_closed_to_others(self, tmp_path: Path) -> None:
        State.new().save(tmp_path / "state.json")
        assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600

    def test_is_none_at_first(self, tmp_path: Path) -> None:
        assert State.load(tmp_path / "state.json") is None

    def test_draws_other_secrets_each_time(self) -> None:
        assert not set(State.new().secrets.values()) & set(State.new().secrets.values())
