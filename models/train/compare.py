"""How far two files are apart on validation: AP50 per class and set, and a paired bootstrap interval of the difference.

    python models/train/compare.py models/aerial8.onnx models/aerial8-int8.onnx --data ../shared/data

Drawn anew are parts of pictures, a quarter of a side each, the same ones for both files: neighbouring boxes are not
independent, and a set of three pictures would have nothing to draw from.
"""

import argparse
import contextlib
import io
from pathlib import Path

import numpy as np
from pycocotools.cocoeval import COCOeval

import sources
from evaluate import coco_of, open_model, run_all
from sources import CLASSES

PARTS, DRAWS, SEED, IOU = 4, 2000, 2026, 0.5
RECALLS = np.linspace(0, 1, 101)
FIND = ("dtIds", "dtScores", "dtMatches", "dtIgnore")


def matches(pairs, index):
    """Every find of a class that counts (part of a picture, score, hit), best first, and the part of every box."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth, finds = coco_of(pairs)
        judge = COCOeval(truth, finds, "bbox")
        judge.params.imgIds = [number for number, pair in enumerate(pairs, 1) if pair[0].known[index]]
        judge.params.catIds, judge.params.iouThrs, judge.params.maxDets = [index + 1], np.array([IOU]), [1000]
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.evaluate()
    rows, boxes = [], []
    for item in filter(None, judge.evalImgs):
        source, factor, _ = pairs[item["image_id"] - 1]

        def part(box, number=item["image_id"], side=np.array(source.pixels.shape[1::-1]) * factor / PARTS):
            x, y = np.clip((np.array(box[:2]) + np.array(box[2:]) / 2) // side, 0, PARTS - 1)
            return int((number * PARTS + y) * PARTS + x)

        boxes += [part(truth.anns[key]["bbox"]) for key in item["gtIds"] if not truth.anns[key]["iscrowd"]]
        for key, score, match, ignored in zip(*(np.ravel(item[name]) for name in FIND)):
            if not ignored:
                # A hit moves with its box, so that no draw has the one without the other.
                place = truth.anns[int(match)] if match else finds.anns[int(key)]
                rows.append((part(place["bbox"]), score, bool(match)))
    return sorted(rows, key=lambda row: -row[1]), boxes


def average_precision(rows, boxes, weight):
    """AP of finds and boxes that count `weight` times, by part."""
    part, hit = np.array([row[0] for row in rows], int), np.array([row[2] for row in rows], bool)
    hits, total = np.cumsum(weight[part] * hit), weight[boxes].sum()
    precision = hits / np.maximum(np.cumsum(weight[part]), 1e-9)
    precision = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return precision[np.searchsorted(hits / total, RECALLS - 1e-12)].mean()


def compared(both, index, rng):
    """Boxes, AP50 of both files and the interval that holds 95 % of the differences."""
    found = [matches(pairs, index) for pairs in both]
    parts = (max(number for number, _ in enumerate(both[0], 1)) + 1) * PARTS * PARTS
    plain = [average_precision(*one, np.ones(parts)) for one in found]
    known = [number for number, pair in enumerate(both[0], 1) if pair[0].known[index]]
    drawn_from = (np.array(known)[:, None] * PARTS * PARTS + np.arange(PARTS * PARTS)).ravel()
    differences = []
    while len(differences) < DRAWS:
        weight = np.bincount(rng.choice(drawn_from, len(drawn_from)), minlength=parts)
        if weight[found[0][1]].sum():
            first, second = (average_precision(*one, weight) for one in found)
            differences.append(second - first)
    return len(found[0][1]), *plain, *np.percentile(differences, [2.5, 97.5])


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--renders", type=Path, help="folder of simulator renders with truth, optional")
    parser.add_argument("--sets", nargs="*", help="only these")
    args = parser.parse_args()
    found = sources.load_split(args.data, "val") + (sources.load_renders(args.renders) if args.renders else [])
    found = [source for source in found if not args.sets or source.dataset in args.sets]
    both = [run_all(open_model(path), found) for path in (args.first, args.second)]
    print("| set | class | boxes | first | second | difference | 95 % |\n|---|---|---|---|---|---|---|")
    for name in sorted({source.dataset for source in found}):
        of_set = [[pair for pair in pairs if pair[0].dataset == name] for pairs in both]
        for index, label in enumerate(CLASSES):
            if any((source.labels == index).any() and source.known[index] for source, _, _ in of_set[0]):
                boxes, first, second, low, high = compared(of_set, index, np.random.default_rng(SEED))
                print(f"| {name} | {label} | {boxes} | {first:.3f} | {second:.3f} | {second - first:+.3f} "
                      f"| {low:+.3f} to {high:+.3f} |", flush=True)


if __name__ == "__main__":
    main()
