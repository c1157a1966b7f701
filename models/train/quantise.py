"""Makes the int8 file: quantise-dequantise pairs around everything but the first block and the decoding of boxes and
scores, ranges from real training tiles."""

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

import sources
from tiling import SIDE_PX, padded_tile, rescaled

QUANTISED = ["Conv", "Add", "Clip", "Relu", "Resize"]
TILES, SEED = 16, 2026
# Ranges leave out the rarest values: with the extremes, blue and metal roofs lost 4 to 7 points of AP50.
PERCENTILE = 99.995
# Stem and first block stay fp32: they see colours at full contrast, and cost another 3 points for a tenth of the time.
KEPT_FP32 = ("/detector/stem", "/detector/blocks.0/")


def int8_path(path):
    """Where the int8 file of an fp32 file goes."""
    return path.with_name(path.stem + "-int8.onnx")


class Tiles(CalibrationDataReader):
    """Training tiles at the model's ground scale, drawn evenly from the sets."""

    def __init__(self, data, count):
        rng = np.random.default_rng(SEED)
        found = sources.load_split(data, "train") + sources.load_scenes(data, held_back=False)
        sets = {}
        for source in found:
            sets.setdefault(source.dataset, []).append(source)
        names = sorted(sets)
        self.tiles = iter([self._tile(sets[names[index % len(names)]], rng) for index in range(count)])

    @staticmethod
    def _tile(group, rng):
        pixels, _ = rescaled(group[rng.integers(len(group))])
        top, left = (int(rng.integers(0, max(1, side - SIDE_PX + 1))) for side in pixels.shape[:2])
        return padded_tile(pixels[top:top + SIDE_PX, left:left + SIDE_PX])

    def get_next(self):
        """The next input, or None."""
        tile = next(self.tiles, None)
        return None if tile is None else {"image": tile}


def quantise(fp32, int8, data):
    """Writes `int8` from `fp32`. Weights have 7 bits: processors without VNNI add pairs of products in 16 bits, and
    8-bit weights overflow there."""
    graph = onnx.load(str(fp32)).graph
    quantize_static(str(fp32), str(int8), Tiles(data, TILES), quant_format=QuantFormat.QDQ, per_channel=True,
                    reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    calibrate_method=CalibrationMethod.Percentile, op_types_to_quantize=QUANTISED,
                    nodes_to_exclude=decoding(graph) + [node.name for node in graph.node
                                                        if node.name.startswith(KEPT_FP32)],
                    extra_options={"CalibPercentile": PERCENTILE})
    onnx.checker.check_model(str(int8), full_check=True)
    print(int8, f"{int8.stat().st_size / 1e6:.1f} MB")


def decoding(graph):
    """Names of the nodes after the last convolutions."""
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    follows = {"Clip", "Relu", "Conv", "Add", "Resize"}
    last = [node for node in graph.node if node.op_type == "Conv"
            and not any(user.op_type in follows for user in users.get(node.output[0], []))]
    found, waiting = set(), [user for node in last for user in users.get(node.output[0], [])]
    while waiting:
        node = waiting.pop()
        if node.name not in found:
            found.add(node.name)
            waiting += [user for name in node.output for user in users.get(name, [])]
    return sorted(found)
