"""Writes tiny.onnx, the model of these tests: one exact box around all blue and one around all red of a tile.

Needs only the `onnx` package. Run it here (`python make_tiny.py`) and put the printed SHA-256 into tiny.toml.

input   picture [1, 3, 64, 64] f32, RGB 0..255
output  boxes   [1, 2, 4]  left, top, right, bottom in input pixels; row 0 is blue, row 1 is red
        scores  [1, 2, 2]  0.5 + half the share of 1024 px that the colour covers, at most 1; 0 without any
"""

import hashlib
import pathlib

import onnx
from onnx import TensorProto, helper

SIDE = 64
nodes, constants = [], []


def constant(name, values, shape, kind=TensorProto.FLOAT):
    constants.append(helper.make_tensor(name, kind, shape, values))
    return name


def node(op, inputs, output, **attributes):
    nodes.append(helper.make_node(op, inputs, [output], **attributes))
    return output


zero = constant("zero", [0.0], [1])
side = constant("side", [float(SIDE)], [1])
half = constant("half", [0.5], [1])
level = constant("level", [127.0], [1])
first = constant("first", [float(i) for i in range(SIDE)], [1, 1, SIDE])
last = constant("last", [float(i + 1) for i in range(SIDE)], [1, 1, SIDE])
full = constant("full", [1024.0], [1])
one = constant("one", [1.0], [1])
axes = constant("axes", [2, 3], [2], TensorProto.INT64)
diagonal = constant("diagonal", [1.0, 0.0, 0.0, 1.0], [1, 2, 2])

# Channel planes: blue minus red and red minus blue, so that grey is neither.
forward = node("Gather", ["picture", constant("blue_red", [2, 0], [2], TensorProto.INT64)], "forward", axis=1)
backward = node("Gather", ["picture", constant("red_blue", [0, 2], [2], TensorProto.INT64)], "backward", axis=1)
mask = node("Greater", [node("Sub", [forward, backward], "difference"), level], "mask")
covered = node("Cast", [mask], "covered", to=TensorProto.FLOAT)

edges = []
for axis, low, high in [(2, "left", "right"), (3, "top", "bottom")]:
    line = node("ReduceMax", [covered], f"line_{low}", axes=[axis], keepdims=0)
    hit = node("Greater", [line, half], f"hit_{low}")
    starts = node("Where", [hit, first, side], f"starts_{low}")
    ends = node("Where", [hit, last, zero], f"ends_{low}")
    edges.append((low, node("ReduceMin", [starts], low, axes=[2], keepdims=1)))
    edges.append((high, node("ReduceMax", [ends], high, axes=[2], keepdims=1)))
by_name = dict(edges)
node("Concat", [by_name[n] for n in ("left", "top", "right", "bottom")], "boxes", axis=2)

area = node("ReduceSum", [covered, axes], "area", keepdims=0)
share = node("Min", [node("Div", [area, full], "share_raw"), one], "share")
lifted = node("Add", [half, node("Mul", [share, half], "half_share")], "lifted")
some = node("Cast", [node("Greater", [area, half], "any_pixel")], "some", to=TensorProto.FLOAT)
score = node("Mul", [lifted, some], "score")
column = node("Unsqueeze", [score, constant("at_two", [2], [1], TensorProto.INT64)], "column")
node("Mul", [column, diagonal], "scores")

graph = helper.make_graph(
    nodes,
    "tiny",
    [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
    [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 2, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2, 2]),
    ],
    constants,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
data = model.SerializeToString()
pathlib.Path(__file__).with_name("tiny.onnx").write_bytes(data)
print(len(data), hashlib.sha256(data).hexdigest())
