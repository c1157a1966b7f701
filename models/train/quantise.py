"""Makes the int8 file of an fp32 file: layer after layer, each fitted to what the layers before it really give.

    python models/train/quantise.py models/aerial8.onnx --data ../shared/data

Weights have 8 bits on a scale of each channel's own. Processors without VNNI add the products of two neighbouring
inputs in 16 bits; so that this never overflows, two neighbouring weights of one sign sum up to 128 at most
(`largest_pair`). Depthwise kernels do not add pairs.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from torch.nn import functional as F

import sources
from qdq import Range, Writer, read_layers
from tiling import padded_tile, rescaled

SEED, TILES, CROP_PX = 2026, 20, 384
KEPT_FP32 = ("/detector/stem", "/detector/blocks.0/")
# 255 * 128 is the largest multiple of 255 in 16 bits.
LARGEST_PAIR, LARGEST = 128, 127
# Errors count by this power: with the square, the few strong values that make a find would be cut off, and its score.
POWER, SHARES_OF_RANGE = 4, np.linspace(0.3, 1.0, 22)
RANGE_SAMPLES, COLUMNS_PER_TILE = 40_000, 1500
# Box logits are clamped there, and class logits below give scores of nearly nothing.
LOGITS, BEYOND_SEEN = (-4.0, 4.0), 1.1
DAMPING = 0.01


def int8_path(path):
    """Where the int8 file of an fp32 file goes."""
    return path.with_name(path.stem + "-int8.onnx")


def calibration_tiles(data, count=TILES, side=CROP_PX, seed=SEED):
    """Parts of training tiles at the model's ground scale [count,3,side,side], drawn evenly from the sets and, where a
    set has boxes, from its classes: what fires for rare things must be in range."""
    rng = np.random.default_rng(seed)
    sets = {}
    for source in sources.load_split(data, "train") + sources.load_scenes(data, held_back=False):
        sets.setdefault(source.dataset, []).append(source)
    names = sorted(sets)
    tiles = [_tile(sets[names[index % len(names)]], side, rng) for index in range(count)]
    return torch.from_numpy(np.concatenate(tiles)).contiguous(memory_format=torch.channels_last)


def _tile(group, side, rng):
    labels = np.unique(np.concatenate([source.labels for source in group]))
    label = labels[rng.integers(len(labels))] if len(labels) else None
    shown = [source for source in group if label is None or label in source.labels]
    source = shown[rng.integers(len(shown))]
    pixels, factor = rescaled(source)
    middle = rng.uniform(0, 1, 2) * pixels.shape[1::-1]
    if label is not None:
        boxes = source.boxes[source.labels == label]
        box = boxes[rng.integers(len(boxes))] * factor
        middle = (box[:2] + box[2:]) / 2 + rng.uniform(-0.4, 0.4, 2) * side
    left, top = np.clip(middle - side / 2, 0, np.maximum(0, np.array(pixels.shape[1::-1]) - side)).astype(int)
    return padded_tile(pixels[top:top + side, left:left + side])[:, :, :side, :side]


@torch.no_grad()
def quantise(fp32, int8, data):
    """Writes `int8` from `fp32`."""
    model = onnx.load(str(fp32))
    layers, normal = read_layers(model)
    fit(layers, normal, calibration_tiles(data))
    Writer(model, layers, normal).write(int8)
    print(int8, f"{int8.stat().st_size / 1e6:.1f} MB")


def fit(layers, normal, tiles, kept=KEPT_FP32):
    """Finds codes, scales and ranges of all layers. Both networks run side by side: `exact` holds the fp32 network's
    tensors, `real` those of the quantised one, as far as they are still needed."""
    rng = np.random.default_rng(SEED)
    mean, divisor, start = normal
    exact = real = (tiles - mean) / divisor
    exact, real = {start: exact}, {start: real}
    for place, layer in enumerate(layers):
        if layer.kind != "Conv":
            wanted, found = layer.joined(exact), layer.joined(real)
        else:
            source, target = real[layer.inputs[0]], exact[layer.inputs[0]]
            wanted = layer.convolved(target, layer.weight, layer.bias)
            if not layer.name.startswith(kept):
                layer.weight = fit_weight(layer, source, rng)
            found = layer.convolved(source, layer.weight, layer.bias)
            shift = (wanted - found).mean((0, 2, 3))
            layer.bias = layer.bias + shift
            wanted, found = layer.activated(wanted), layer.activated(found + shift[:, None, None])
        # An enlargement keeps its input's range, so that its codes are copies.
        same = next((other for other in layers if layer.kind == "Resize" and other.output == layer.inputs[0]), None)
        layer.range = same.range if same else fit_range(layer, found, rng)
        later = layers[place + 1:]
        users = [other for other in later if layer.output in other.inputs]
        if not users or not all(other.name.startswith(kept) for other in users):
            found = layer.range.rounded(found)
        exact[layer.output], real[layer.output] = wanted, found
        needed = {name for other in later for name in other.inputs}
        exact, real = ({name: value for name, value in side.items() if name in needed} for side in (exact, real))


def fit_range(layer, x, rng):
    """The range that loses least of a tensor: error of rounding and cutting off, over a grid."""
    low, high = float(x.min()), float(x.max())
    if layer.decoded:
        return Range.of(max(low * BEYOND_SEEN, LOGITS[0]), min(high * BEYOND_SEEN, LOGITS[1]))
    some = x.permute(0, 2, 3, 1).reshape(-1)
    some = some[torch.from_numpy(rng.integers(0, some.numel(), RANGE_SAMPLES))]
    lows = [0.0] if layer.ceiling is not None else low * SHARES_OF_RANGE[::3]
    tried = [Range.of(below, above) for below in lows for above in high * SHARES_OF_RANGE]
    return min(tried, key=lambda item: float((item.rounded(some) - some).abs().pow(POWER).mean()))


def fit_weight(layer, x, rng):
    """Sets `codes` and `scales` of a convolution and returns the weight they stand for. Codes are found one input after
    another; what rounding one changes in the output, the inputs still to come make good as far as they can (Frantar et
    al. 2022, GPTQ)."""
    flat = by_input(layer, layer.weight)
    scales = fit_scales(layer, flat)
    codes = torch.zeros_like(flat)
    carry = error_carry(inputs_seen(layer, x, rng))
    count = flat.shape[2]
    for place in range(count):
        code = torch.round(flat[:, :, place] / scales).clamp(-LARGEST, LARGEST)
        if layer.groups == 1:
            # With an odd number of inputs, kernels may pair each with either neighbour.
            before = codes[:, :, place - 1] if place % 2 or (layer.weight.shape[1] % 2 and place) else codes[:, :, 0] * 0
            code = code.clamp(-LARGEST_PAIR + (-before).clamp_min(0), LARGEST_PAIR - before.clamp_min(0))
        codes[:, :, place] = code
        error = (flat[:, :, place] - code * scales) / carry[:, place, place][:, None]
        flat[:, :, place + 1:] -= error[:, :, None] * carry[:, None, place, place + 1:]
    layer.scales = scales.reshape(-1).numpy()
    layer.codes = by_output(layer, codes).to(torch.int8).numpy()
    return by_output(layer, codes * scales[..., None])


def by_input(layer, weight):
    """A weight as [groups, outputs, inputs], inputs in the order in which kernels read them: channels innermost."""
    return weight.permute(0, 2, 3, 1).reshape(layer.groups, weight.shape[0] // layer.groups, -1).clone()


def by_output(layer, flat):
    """Back from `by_input`."""
    count, inputs, height, width = layer.weight.shape
    return flat.reshape(count, height, width, inputs).permute(0, 3, 1, 2).contiguous()


def fit_scales(layer, flat):
    """The smallest scale of each output that cuts nothing off."""
    largest = flat.abs().amax(2)
    if layer.groups == 1:
        pairs = torch.maximum(largest_pair(flat.clamp_min(0)), largest_pair((-flat).clamp_min(0)))
        largest = torch.maximum(largest, pairs)
    # Channels that are nearly always zero would need biases beyond 32 bits.
    return torch.where(largest < 1e-6 * largest.max(), largest.max(), largest) / LARGEST


def largest_pair(flat):
    """The largest sum of two neighbours, either way of pairing where their number is odd."""
    sums = flat + F.pad(flat[..., 1:], (0, 1))
    return (sums if flat.shape[2] % 2 else sums[..., ::2]).amax(2)


def inputs_seen(layer, x, rng):
    """Inputs of a convolution at random places, as [groups, inputs, places]."""
    size, (top, left, bottom, right) = layer.weight.shape[2], layer.pads
    columns = []
    for tile in F.pad(x, (left, right, top, bottom)):
        rows, width = ((length - size) // layer.stride + 1 for length in tile.shape[1:])
        places = torch.from_numpy(rng.choice(rows * width, min(COLUMNS_PER_TILE, rows * width), replace=False))
        y, z = places // width * layer.stride, places % width * layer.stride
        columns.append(torch.stack([tile[:, y + down, z + across] for down in range(size) for across in range(size)]))
    seen = torch.cat(columns, 2)
    return seen.transpose(0, 1) if layer.groups > 1 else seen.reshape(1, -1, seen.shape[2])


def error_carry(seen):
    """Per group, how an error at one input is made good by the later ones: Cholesky factor of the inverse of the
    inputs' second moments."""
    moments = (seen @ seen.transpose(1, 2) / seen.shape[2]).double()
    damping = DAMPING * moments.diagonal(dim1=1, dim2=2).mean(1) + 1e-8
    moments += damping[:, None, None] * torch.eye(moments.shape[1], dtype=torch.double)
    return torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(moments)), upper=True).float()


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fp32", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with detect/ and scenes/")
    parser.add_argument("--out", type=Path, help="beside the fp32 file if not given")
    args = parser.parse_args()
    quantise(args.fp32, args.out or int8_path(args.fp32), args.data)


if __name__ == "__main__":
    main()
