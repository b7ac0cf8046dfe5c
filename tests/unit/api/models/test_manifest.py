"""Manifests as strangers send them: nothing passes that Postgres or a client would choke on."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.models.manifest import ManifestError, parse_manifest
from services.common.domain.emotions import EMOTIONS
from tests.fixtures.paper_bundles import MANIFEST, paper_bundle
from tests.fixtures.properties import PATIENT

DIGEST = "0" * 64


def manifest(**changes: Any) -> bytes:
    return paper_bundle(**changes)[MANIFEST]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class TestParse:
    def test_reads_the_identity_and_the_files(self) -> None:
        parsed = parse_manifest(manifest(name="mine", version="2.0.1"))
        assert (parsed.name, parsed.version) == ("mine", "2.0.1")
        assert {"model.onnx", "golden.npz"} < parsed.files.keys()

    def test_lets_the_trainers_own_fields_pass(self) -> None:
        assert parse_manifest(manifest(recipe={"blocks": nested(8), "lr": 1e-300}))

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"name": "Mine"}, "name"),
            ({"name": "../x"}, "name"),
            ({"name": "mine\n"}, "name"),
            ({"version": "1.0"}, "version"),
            ({"version": "1.0.0-rc1"}, "version"),
            ({"version": 1}, "version"),
            ({"format_version": 2}, "format_version"),
            ({"labels": [str(label) for label in reversed(EMOTIONS)]}, "labels must be surprise"),
            ({"files": {}}, "files must name golden.npz, model.onnx"),
            ({"files": {"model.onnx": DIGEST}}, "files must name golden.npz"),
            ({"files": {"model.onnx": DIGEST, "golden.npz": DIGEST[1:]}}, "files.golden.npz"),
            ({"files": {"../a": DIGEST}}, "files"),
            ({"files": {"model.onnx": DIGEST, "golden.npz": DIGEST, MANIFEST: DIGEST}}, "its own"),
            ({"recipe": "\0"}, "U\\+0000"),
            ({"recipe": {"\0": 1}}, "U\\+0000"),
            ({"recipe": "\ud800"}, "half a character"),
            ({"recipe": nested(40)}, "deeper than 32"),
            ({"metrics": {"accuracy": float("nan")}}, "not valid JSON"),
        ],
    )
    def test_refuses_and_says_why(self, change: dict[str, Any], says: str) -> None:
        with pytest.raises(ManifestError, match=says):
            parse_manifest(manifest(**change))

    def test_refuses_a_number_that_no_answer_could_repeat(self) -> None:
        with pytest.raises(ManifestError, match="too large"):
            parse_manifest(manifest().replace(b"0.62", b"1e999"))

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"[]",
            b"null",
            b"{",
            b"\xff\xfe{}",
            '{"a": 1}'.encode("utf-16"),
            b"[" * 100_000,
            b'{"a": ' + b"9" * 5_000 + b"}",
        ],
    )
    def test_refuses_what_is_no_manifest_at_all(self, raw: bytes) -> None:
        with pytest.raises(ManifestError):
            parse_manifest(raw)

    @PATIENT
    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    def test_no_bytes_break_it(self, raw: bytes) -> None:
        with pytest.raises(ManifestError):
            parse_manifest(raw)

    @PATIENT
    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    )
    def test_what_passes_is_text_that_postgres_keeps(self, value: Any) -> None:
        try:
            raw = manifest(recipe=value)
            parse_manifest(raw)
        except ManifestError:
            return
        again = json.dumps(json.loads(raw), allow_nan=False, ensure_ascii=False).encode()
        assert b"\0" not in again
        assert "\\u0000" not in again.decode()
