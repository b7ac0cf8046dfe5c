import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.roofline import flops_per_face


def tensor(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def weights(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.zeros(shape, np.float32), name)


def network(*nodes: onnx.NodeProto, constants: list[onnx.TensorProto]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "network",
        [tensor("crops", ["N", 3, 10, 10])],
        [tensor("out", ["N", "C"])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


class TestFlopsPerFace:
    def test_counts_two_for_each_multiply_add_of_a_convolution(self) -> None:
        conv = helper.make_node("Conv", ["crops", "w"], ["maps"])
        flat = helper.make_node("Flatten", ["maps"], ["out"])
        model = network(conv, flat, constants=[weights("w", 8, 3, 3, 3)])
        assert flops_per_face(model) == 2 * (8 * 8 * 8) * (3 * 3 * 3)

    def test_counts_only_the_channels_of_a_group(self) -> None:
        conv = helper.make_node("Conv", ["crops", "w"], ["maps"], group=3)
        flat = helper.make_node("Flatten", ["maps"], ["out"])
        model = network(conv, flat, constants=[weights("w", 6, 1, 3, 3)])
        assert flops_per_face(model) == 2 * (6 * 8 * 8) * (3 * 3)

    def test_counts_matrix_products(self) -> None:
        flat = helper.make_node("Flatten", ["crops"], ["flat"])
        dense = helper.make_node("Gemm", ["flat", "w"], ["out"])
        model = network(flat, dense, constants=[weights("w", 300, 7)])
        assert flops_per_face(model) == 2 * 300 * 7

    def test_sees_through_weights_stored_as_half_floats(self) -> None:
        half = numpy_helper.from_array(np.zeros((8, 3, 3, 3), np.float16), "half")
        cast = helper.make_node("Cast", ["half"], ["w"], to=TensorProto.FLOAT)
        conv = helper.make_node("Conv", ["crops", "w"], ["maps"])
        flat = helper.make_node("Flatten", ["maps"], ["out"])
        model = network(cast, conv, flat, constants=[half])
        assert flops_per_face(model) == 2 * (8 * 8 * 8) * (3 * 3 * 3)
