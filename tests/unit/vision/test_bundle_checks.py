"""Neither an engine nor numpy sees what a bundle could do harm with."""

import io
from collections.abc import Callable
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import onnx
import pytest

from services.common.domain.errors import BundleError
from services.vision import bundle_checks as module
from services.vision.bundle import Bundle, load_bundle, load_golden
from services.vision.bundle_checks import MAX_GOLDEN_ARRAYS
from tests.fixtures.bundles import replace_file


def test_a_network_that_names_other_files_is_refused(tiny_bundle: Bundle) -> None:
    model = onnx.load_from_string(tiny_bundle.model_path().read_bytes())
    entry = model.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "../../../etc/hostname"
    replace_file(tiny_bundle.directory, "model.onnx", model.SerializeToString())
    with pytest.raises(BundleError, match="weights in other files"):
        load_bundle(tiny_bundle.directory)


def test_what_is_no_network_is_refused(tiny_bundle: Bundle) -> None:
    replace_file(tiny_bundle.directory, "model.onnx", b"\x80\x04pickled")
    with pytest.raises(BundleError, match="no ONNX model"):
        load_bundle(tiny_bundle.directory)


def golden_of(bundle: Bundle, write: Callable[[ZipFile], None]) -> Bundle:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        write(archive)
    replace_file(bundle.directory, "golden.npz", buffer.getvalue())
    return load_bundle(bundle.directory)


def test_golden_answers_that_explode_are_refused(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_GOLDEN_BYTES", 100_000)

    def bomb(archive: ZipFile) -> None:
        archive.writestr("crops.npy", bytes(100_001))

    with pytest.raises(BundleError, match="more than 100000 bytes"):
        load_golden(golden_of(tiny_bundle, bomb))


def test_an_archive_of_many_arrays_is_refused(tiny_bundle: Bundle) -> None:
    def many(archive: ZipFile) -> None:
        for number in range(MAX_GOLDEN_ARRAYS + 1):
            archive.writestr(f"{number}.npy", b"")

    with pytest.raises(BundleError, match="arrays"):
        load_golden(golden_of(tiny_bundle, many))


def test_an_array_that_says_to_be_larger_than_it_is_takes_no_memory(
    tiny_bundle: Bundle,
) -> None:
    def liar(archive: ZipFile) -> None:
        head = {"descr": "|u1", "fortran_order": False, "shape": (2**45,)}
        with archive.open("crops.npy", "w") as file:
            np.lib.format.write_array_header_1_0(file, head)

    with pytest.raises(BundleError, match="larger than it is"):
        load_golden(golden_of(tiny_bundle, liar))
