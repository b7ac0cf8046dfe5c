"""ONNX files that name other files are told from those that hold their weights themselves."""

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from services.common import onnx_files as module
from services.common.onnx_files import NotOnnxError, has_external_data


def tensor(*, external: bool = False, located: bool = False) -> onnx.TensorProto:
    made = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    if external:
        entry = made.external_data.add()
        entry.key, entry.value = "location", "../../etc/passwd"
    if located:
        made.data_location = TensorProto.EXTERNAL
    return made


def held(number: int, message: bytes) -> bytes:
    """A message of up to 127 bytes as a field of another."""
    return bytes([number << 3 | 2, len(message)]) + message


def graph(*nodes: onnx.NodeProto, weights: onnx.TensorProto | None = None) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "g", [], [], [weights] if weights else [])


def sparse(values: onnx.TensorProto) -> onnx.SparseTensorProto:
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    return helper.make_sparse_tensor(values, indices, [2])


def with_attribute(value: object) -> onnx.ModelProto:
    return helper.make_model(graph(helper.make_node("If", ["x"], ["y"], held=value)))


def places(bad: onnx.TensorProto) -> dict[str, onnx.ModelProto]:
    """A model for each place where ONNX lets a tensor be."""
    function = helper.make_function(
        "d", "f", [], ["y"], [helper.make_node("Constant", [], ["y"], value=bad)], []
    )
    sparse_graph = graph()
    sparse_graph.sparse_initializer.append(sparse(bad))
    training = helper.make_model(graph())
    training.training_info.add().algorithm.CopyFrom(graph(weights=bad))
    return {
        "initializer": helper.make_model(graph(weights=bad)),
        "sparse initializer": helper.make_model(sparse_graph),
        "attribute": with_attribute(bad),
        "attribute, many": with_attribute([bad]),
        "attribute, sparse": with_attribute(sparse(bad)),
        "attribute, graph": with_attribute(graph(weights=bad)),
        "attribute, graphs": with_attribute([graph(weights=bad)]),
        "function": helper.make_model(graph(), functions=[function]),
        "training": training,
    }


@pytest.mark.parametrize("place", places(tensor()))
def test_finds_what_lies_in_another_file_wherever_it_is_named(place: str) -> None:
    assert not has_external_data(places(tensor())[place].SerializeToString())
    for bad in (tensor(external=True), tensor(located=True)):
        assert has_external_data(places(bad)[place].SerializeToString())


def test_a_second_graph_is_merged_into_the_first_and_looked_at() -> None:
    good, bad = (helper.make_model(graph(weights=tensor(external=on))) for on in (False, True))
    assert has_external_data(bad.SerializeToString() + good.SerializeToString())
    assert has_external_data(good.SerializeToString() + bad.SerializeToString())


@pytest.mark.parametrize(
    "broken",
    [b"\x3a", b"\x3a\x05\x00", b"\x3a\xff", b"\x07", b"\xff" * 11, b"\x00\x00", b"\x3d\x00"],
)
def test_what_is_no_onnx_is_said_to_be_none(broken: bytes) -> None:
    with pytest.raises(NotOnnxError):
        has_external_data(broken)


@given(st.binary(max_size=200))
def test_reads_any_bytes_or_refuses_them(data: bytes) -> None:
    try:
        assert has_external_data(data) in {True, False}
    except NotOnnxError:
        return


def test_bounds_depth_and_number_of_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = b""
    for number in [6, 5, 1] * 20:  # a graph in an attribute of a node of a graph; fits one byte
        nested = held(number, nested)
    assert not has_external_data(held(7, nested))
    monkeypatch.setattr(module, "_DEEPEST", 60)
    with pytest.raises(NotOnnxError, match="deep"):
        has_external_data(held(7, nested))
    monkeypatch.setattr(module, "_MOST_FIELDS", 5)
    with pytest.raises(NotOnnxError, match="fields"):
        has_external_data(helper.make_model(graph(weights=tensor())).SerializeToString())
