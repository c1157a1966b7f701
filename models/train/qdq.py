"""An ONNX detector as a list of layers to quantise, and the list written back as quantise-dequantise pairs, placed so
that ONNX Runtime fuses every layer into one integer kernel."""

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch.nn import functional as F


@dataclass
class Range:
    """How a tensor is held in 8 bits: value = scale · (code − zero)."""

    scale: float
    zero: int

    @staticmethod
    def of(low, high):
        """The range that holds `low` to `high` and, exactly, zero."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = float(np.float32(max((high - low) / 255, 1e-8)))
        return Range(scale, int(np.clip(round(-low / scale), 0, 255)))

    def rounded(self, x):
        """A tensor as it comes back from 8 bits."""
        return (torch.clamp(torch.round(x / self.scale) + self.zero, 0, 255) - self.zero) * self.scale


@dataclass
class Layer:
    """One kernel of the integer graph: a convolution with the activation after it, an addition or an enlargement."""

    nodes: list
    inputs: list
    output: str
    weight: torch.Tensor | None = None
    bias: torch.Tensor | None = None
    stride: int = 1
    pads: tuple = (0, 0, 0, 0)
    groups: int = 1
    ceiling: float | None = None
    decoded: bool = False
    # Found by quantising. `range` is of the output; without `codes` a convolution stays fp32.
    codes: np.ndarray | None = None
    scales: np.ndarray | None = None
    range: Range | None = None

    @property
    def name(self):
        """Of its first node."""
        return self.nodes[0].name

    @property
    def kind(self):
        """Conv, Add or Resize."""
        return self.nodes[0].op_type

    def convolved(self, x, weight, bias):
        """The convolution alone."""
        top, left, bottom, right = self.pads
        return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, bias, self.stride, groups=self.groups)

    def activated(self, x):
        """What follows the convolution."""
        return x if self.ceiling is None else x.clamp(0.0, self.ceiling)

    def joined(self, values):
        """The output of an addition or an enlargement."""
        if self.kind == "Add":
            return values[self.inputs[0]] + values[self.inputs[1]]
        return F.interpolate(values[self.inputs[0]], scale_factor=2.0, mode="nearest")


def read_layers(model):
    """The layers in order, and the graph's normalisation of the picture: (mean, divisor, name of its output)."""
    graph = model.graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    first, second = graph.node[:2]
    if [first.op_type, second.op_type] != ["Sub", "Div"]:
        raise ValueError("the graph does not begin with (image - mean) / divisor")
    normal = (float(constants[first.input[1]]), float(constants[second.input[1]]), second.output[0])
    layers, reached = [], {normal[2]}
    for node in graph.node[2:]:
        inputs = [name for name in node.input if name and name not in constants]
        if node.op_type not in ("Conv", "Add", "Resize") or not reached.issuperset(inputs):
            continue
        layer = Layer([node], inputs, node.output[0])
        if node.op_type == "Conv":
            _fill_convolution(layer, constants, users[node.output[0]])
        reached.add(layer.output)
        layers.append(layer)
        if layer.decoded:
            reached.remove(layer.output)
    return layers, normal


def _fill_convolution(layer, constants, users):
    node = layer.nodes[0]
    settings = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    layer.weight, layer.bias = (torch.tensor(constants[name]) for name in node.input[1:3])
    layer.stride, layer.groups = settings["strides"][0], settings.get("group", 1)
    layer.pads = tuple(settings.get("pads", layer.pads))
    after = users[0]
    if len(users) == 1 and after.op_type in ("Clip", "Relu"):
        layer.ceiling = float(constants[after.input[2]]) if after.op_type == "Clip" else float("inf")
        layer.nodes.append(after)
        layer.output = after.output[0]
    else:
        layer.decoded = not any(user.op_type in ("Conv", "Add", "Resize") for user in users)


class Writer:
    """Builds the integer graph."""

    def __init__(self, model, layers, normal):
        self.model, self.layers, self.normal = model, layers, normal
        self.ranges = {layer.output: layer.range for layer in layers}
        self.nodes, self.constants, self.held = [], [], {}

    def write(self, path):
        """Writes the file. Nodes that belong to no layer stay as they are, in fp32."""
        belongs = {node.name: layer for layer in self.layers for node in layer.nodes}
        for node in self.model.graph.node:
            layer = belongs.get(node.name)
            if layer is None:
                node.input[:] = [self.held.get(name, name) for name in node.input]
                self.nodes.append(node)
            elif node.name == layer.name:
                self._add(layer)
        graph = self.model.graph
        # Without users: the normalisation, where the first layer takes the picture's bytes.
        used = {name for node in self.nodes for name in node.input} | {item.name for item in graph.output}
        while any(not used.intersection(node.output) for node in self.nodes):
            self.nodes = [node for node in self.nodes if used.intersection(node.output)]
            used = {name for node in self.nodes for name in node.input} | {item.name for item in graph.output}
        constants = self.constants + [item for item in graph.initializer if item.name in used]
        for field, items in ((graph.node, self.nodes), (graph.initializer, constants), (graph.value_info, [])):
            del field[:]
            field.extend(items)
        onnx.checker.check_model(self.model, full_check=True)
        onnx.save(self.model, str(path))

    def _add(self, layer):
        node, whole = layer.nodes[0], layer.kind != "Conv" or layer.codes is not None
        source = self._held if whole else lambda name: self.held.get(name, name)
        for place, name in enumerate(node.input):
            if name in layer.inputs:
                node.input[place] = source(name)
        if layer.kind == "Conv":
            node.input[1:3] = self._parameters(layer, self._range_of(layer.inputs[0]) if whole else None)
        if whole:
            # The activation is the range itself: what lies outside is cut off.
            node.output[0] = layer.output
            self.nodes.append(node)
            self._held(layer.output)
        else:
            self.nodes += layer.nodes

    def _parameters(self, layer, source):
        name = layer.name
        if source is None:
            return [self._constant(name + "/weight", layer.weight.numpy()),
                    self._constant(name + "/bias", layer.bias.numpy())]
        scales = (layer.scales * np.float32(source.scale)).astype(np.float32)
        bias = np.clip(np.round(layer.bias.numpy() / scales), -2**31, 2**31 - 1).astype(np.int32)
        return [self._dequantised(name + "/weight", layer.codes, layer.scales),
                self._dequantised(name + "/bias", bias, scales)]

    def _dequantised(self, name, codes, scales):
        inputs = [self._constant(name, codes), self._constant(name + "/scale", scales),
                  self._constant(name + "/zero", np.zeros(len(scales), codes.dtype))]
        self.nodes.append(helper.make_node("DequantizeLinear", inputs, [name + "/value"], name + "/dequantise", axis=0))
        return name + "/value"

    def _range_of(self, name):
        mean, divisor, normalised = self.normal
        return Range(1 / divisor, int(mean)) if name == normalised else self.ranges[name]

    def _held(self, name):
        """The tensor as it comes back from 8 bits; a pair of nodes is added where it is first asked for."""
        if name not in self.held:
            back = there = self._range_of(name)
            source = name
            if name == self.normal[2]:
                # The picture's bytes are the codes: normalising is reading them at another scale.
                source, there = self.model.graph.input[0].name, Range(1.0, 0)
            codes, held = f"{name}/codes", f"{name}/held"
            for kind, data, result, item in (("QuantizeLinear", source, codes, there),
                                             ("DequantizeLinear", codes, held, back)):
                inputs = [data, self._constant(result + "/scale", np.float32(item.scale)),
                          self._constant(result + "/zero", np.uint8(item.zero))]
                self.nodes.append(helper.make_node(kind, inputs, [result], f"{result}/{kind}"))
            self.held[name] = held
        return self.held[name]

    def _constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name
