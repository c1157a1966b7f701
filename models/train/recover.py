"""Makes a run's checkpoint out of the fp32 file it was exported to, for when the checkpoint is gone: the file can then
be exported or trained on again. What the optimiser knew is lost.

    python models/train/recover.py models/aerial8.onnx models/runs/NAME
"""

import argparse
import json
import tomllib
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

from net import STRIDES, new_detector


def convolutions(graph):
    """Weight and bias of every convolution, by the name of its node."""
    constants = {item.name: torch.tensor(numpy_helper.to_array(item)) for item in graph.initializer}
    return {node.name.removeprefix("/detector/").removesuffix("/Conv"): [constants[name] for name in node.input[1:3]]
            for node in graph.node if node.op_type == "Conv"}


@torch.no_grad()
def fill(detector, found):
    """Puts the file's weights into the network. Batch norms, which the file has folded, become the identity; those of
    the towers carry what sets the levels' convolutions apart, a factor per channel."""
    by_name = dict(detector.named_modules())
    for name, (weight, bias) in found.items():
        if name.startswith(("stem", "blocks", "lateral")):
            by_name[name.replace("/", ".")].weight.copy_(weight)
            by_name[name.replace("/", ".")].bias.copy_(bias)
    for level in range(len(STRIDES)):
        weight, bias = found[f"smooth.{level}/smooth.{level}.0"]
        detector.smooth[level][0].weight.copy_(weight)
        set_norm(detector.smooth[level][1], torch.ones(len(bias)), bias)
    for tower in ("class_tower", "box_tower"):
        for place, conv in enumerate(getattr(detector, tower).convs):
            levels = [found[f"{tower}/convs.{place}" + (f"_{level}" if level else "")] for level in range(len(STRIDES))]
            first = levels[0][0]
            conv.weight.copy_(first)
            for norm, (weight, bias) in zip(getattr(detector, tower).norms[place], levels):
                factor = (weight * first).sum((1, 2, 3)) / (first * first).sum((1, 2, 3)).clamp_min(1e-30)
                set_norm(norm, factor, bias)
    boxes = detector.box_out.out_channels
    if "Conv" in found:
        # The convolution of box and quality in one.
        found |= {"box_out": [part[:boxes] for part in found["Conv"]], "quality_out": [part[boxes:] for part in found["Conv"]]}
    for out in ("class_out", "box_out", "quality_out"):
        getattr(detector, out).weight.copy_(found[out][0])
        getattr(detector, out).bias.copy_(found[out][1])
    return detector


def set_norm(norm, factor, bias):
    """A batch norm in evaluation that multiplies by `factor` and adds `bias`."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)
    norm.weight.copy_(factor)
    norm.bias.copy_(bias)


def calibration(model):
    """Gain and offset of every class's score: a note in the file, in older ones constants of the graph."""
    for note in model.metadata_props:
        if note.key == "calibration":
            return json.loads(note.value)
    constants = {item.name: numpy_helper.to_array(item).ravel().tolist() for item in model.graph.initializer}
    return list(zip(constants["gain"], constants["offset"]))


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="fp32 file; its card lies beside it")
    parser.add_argument("run", type=Path)
    args = parser.parse_args()
    model = onnx.load(str(args.model))
    state = fill(new_detector(), convolutions(model.graph)).state_dict()
    card = tomllib.loads(args.model.with_suffix(".toml").read_text(encoding="utf-8"))
    seen = card["training"]["pictures_seen"]
    args.run.mkdir(parents=True, exist_ok=True)
    torch.save({"model": state, "average": state, "seen": seen, "steps": 0, "minutes": card["training"]["minutes"],
                "per_set": {row["name"]: round(row["share"] * seen) for row in card["data"]},
                "seed": card["training"]["seed"], "pytorch": card["training"]["pytorch"]}, args.run / "checkpoint.pt")
    (args.run / "calibration.json").write_text(json.dumps(calibration(model)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
