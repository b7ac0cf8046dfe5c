"""Bundles as they arrive: names, hashes, limits; what is refused leaves no doubt why."""

import json
from pathlib import Path

import pytest

from services.api.errors import ApiError
from services.api.models.bundle_reader import MAX_BUNDLE_FILES, BundleReader
from services.api.models.manifest import MAX_MANIFEST_BYTES
from services.api.problems import ProblemCode
from tests.fixtures.paper_bundles import MANIFEST, Files, paper_bundle, sha256

STEP = 97


def part(data: bytes, filename: str | None, *, name: str = "files") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def parts(files: Files) -> list[bytes]:
    return [part(data, name) for name, data in files.items()]


def read(folder: Path, *sent: bytes, end: bytes = b"--b--\r\n", step: int = STEP) -> None:
    body = b"".join(sent) + end
    reader = BundleReader("multipart/form-data; boundary=b", folder)
    try:
        for start in range(0, len(body), step):
            reader.feed(body[start : start + step])
        reader.finish()
    finally:
        reader.close()


def refused(folder: Path, *sent: bytes, end: bytes = b"--b--\r\n", step: int = STEP) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(folder, *sent, end=end, step=step)
    return caught.value


class TestWholeBundle:
    def test_lies_in_the_folder_as_it_was_sent(self, tmp_path: Path) -> None:
        files = paper_bundle()
        read(tmp_path, *parts(files))
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files

    def test_may_come_in_any_order(self, tmp_path: Path) -> None:
        read(tmp_path, *reversed(parts(paper_bundle())))
        assert (tmp_path / MANIFEST).is_file()


class TestRefusedBundle:
    @pytest.mark.parametrize("name", ["model.onnx", "model.int8.onnx"])
    def test_a_network_that_names_other_files(self, tmp_path: Path, name: str) -> None:
        # ModelProto{graph{initializer{external_data{key: "location"}}}}
        external = b"\x3a\x0e\x2a\x0c\x6a\x0a\x0a\x08location"
        files = {**paper_bundle(), name: external}
        manifest = json.loads(files[MANIFEST])
        manifest["files"][name] = sha256(external)
        error = refused(tmp_path, *parts(files | {MANIFEST: json.dumps(manifest).encode()}))
        assert error.code == ProblemCode.BUNDLE_REFUSED
        assert [fault.pointer for fault in error.errors] == [f"#/files/{name}"]
        assert "weights in other files" in error.detail

    def test_names_an_altered_file(self, tmp_path: Path) -> None:
        files = paper_bundle()
        files["model.onnx"] = files["model.onnx"][:-1] + b"?"
        error = refused(tmp_path, *parts(files))
        assert error.code == ProblemCode.BUNDLE_REFUSED
        assert [fault.pointer for fault in error.errors] == ["#/files/model.onnx"]
        assert error.detail == (
            "model.onnx is not what its SHA-256 in bundle.json says; send it again. "
            "Nothing was published."
        )

    def test_names_every_file_that_is_missing_or_too_many(self, tmp_path: Path) -> None:
        files = paper_bundle()
        del files["golden.npz"], files["model.onnx"]
        error = refused(tmp_path, *parts(files | {"more.txt": b"x"}))
        assert [fault.pointer for fault in error.errors] == [
            "#/files/golden.npz",
            "#/files/model.onnx",
            "#/files/more.txt",
        ]

    def test_wants_a_manifest(self, tmp_path: Path) -> None:
        for sent in ([], [part(b"x", "model.onnx")]):
            error = refused(tmp_path, *sent)
            assert error.code == ProblemCode.BUNDLE_REFUSED
            assert error.errors[0].pointer == f"#/files/{MANIFEST}"
            (tmp_path / "model.onnx").unlink(missing_ok=True)

    def test_wants_a_manifest_that_is_one(self, tmp_path: Path) -> None:
        error = refused(tmp_path, *parts(paper_bundle(version="one")))
        assert error.code == ProblemCode.BUNDLE_REFUSED
        assert error.detail.startswith("bundle.json is no manifest of a bundle: version: ")

    def test_refuses_a_file_sent_twice(self, tmp_path: Path) -> None:
        files = paper_bundle()
        error = refused(tmp_path, *parts(files), part(b"other", "model.onnx"))
        assert error.code == ProblemCode.BUNDLE_REFUSED
        assert (tmp_path / "model.onnx").read_bytes() == files["model.onnx"]

    @pytest.mark.parametrize(
        "filename",
        [
            None,
            "",
            ".",
            "..",
            "../escape",
            "a/b",
            "/etc/passwd",
            "a\\b",
            ".hidden",
            "a\n",
            "a b",
            "ä.md",
            "x" * 101,
        ],
    )
    def test_takes_plain_names_only(self, tmp_path: Path, filename: str | None) -> None:
        folder = tmp_path / "inside"
        folder.mkdir()
        error = refused(folder, part(b"x", filename))
        assert error.code in {ProblemCode.VALIDATION, ProblemCode.INVALID_REQUEST}
        assert list(folder.iterdir()) == []
        assert list(tmp_path.iterdir()) == [folder]

    def test_refuses_a_part_of_another_name(self, tmp_path: Path) -> None:
        error = refused(tmp_path, part(b"{}", None, name="config"))
        assert error.errors[0].pointer == "#/config"

    def test_refuses_one_file_too_many(self, tmp_path: Path) -> None:
        sent = [part(b"", f"f{n}") for n in range(MAX_BUNDLE_FILES + 1)]
        error = refused(tmp_path, *sent)
        assert (error.code, error.limit) == (ProblemCode.PAYLOAD_TOO_LARGE, MAX_BUNDLE_FILES)

    def test_refuses_an_endless_manifest(self, tmp_path: Path) -> None:
        error = refused(tmp_path, part(b" " * (MAX_MANIFEST_BYTES + 1), MANIFEST), step=65_536)
        assert (error.code, error.limit) == (ProblemCode.PAYLOAD_TOO_LARGE, MAX_MANIFEST_BYTES)

    def test_refuses_a_body_cut_short(self, tmp_path: Path) -> None:
        error = refused(tmp_path, *parts(paper_bundle()), end=b"")
        assert error.code == ProblemCode.INVALID_REQUEST

    def test_refuses_another_kind_of_body(self, tmp_path: Path) -> None:
        with pytest.raises(ApiError) as caught:
            BundleReader("application/zip", tmp_path)
        assert caught.value.code == ProblemCode.UNSUPPORTED_MEDIA
