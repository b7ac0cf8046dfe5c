"""Libraries that report to their makers are imported only where that was turned off before."""

import ast

import pytest

from tests.architecture.test_tree import ROOT, tracked

REPORTING = {"openvino", "openvino_telemetry", "nncf", "onnxruntime"}
# Packages whose first import turns it off.
ROOMS = ("services/vision", "services/trainer", "benchmarks")
SWITCH = "services.vision.no_telemetry"


def imported(source: str) -> list[str]:
    """Modules that a source imports, in order; a name imported from a package counts as one."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [f"{node.module}.{each.name}" for each in node.names]
    return found


def test_only_rooms_where_it_is_off_import_what_reports() -> None:
    allowed = tuple(f"{ROOT}/{room}/" for room in (*ROOMS, "tests"))
    found = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py")
        if not str(path).startswith(allowed)
        and REPORTING & {name.partition(".")[0] for name in imported(path.read_text())}
    ]
    assert not found, f"import these in one of {ROOMS}: {found}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_turns_it_off_before_anything_else(room: str) -> None:
    assert imported((ROOT / room / "__init__.py").read_text())[0] == SWITCH


def test_tests_turn_it_off_before_they_import_what_reports() -> None:
    assert SWITCH in imported((ROOT / "tests" / "conftest.py").read_text())


def test_nobody_turns_it_on() -> None:
    switch = "ORT_DISABLE_" + "TELEMETRY"
    sources = [path for path in tracked("*.py") if switch in path.read_text()]
    assert [str(path.relative_to(ROOT)) for path in sources] == ["services/vision/no_telemetry.py"]
