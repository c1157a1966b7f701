"""Scores an exported model on the validation split and counts false alarms on held-back scenes.

Pictures are brought to the model's ground scale and cut into overlapping tiles, as the program does it.

    python models/train/evaluate.py --data ../shared/data --model models/aerial8.onnx --out models/runs/NAME
"""

import argparse
import contextlib
import io
import json
from pathlib import Path

import numpy as np
import onnxruntime
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import sources
from calibrate import expected_calibration_error
from sources import CLASSES
from tiling import SIDE_PX, padded_tile, rescaled, tile_starts

MERGE_IOU, LOWEST_SCORE, PER_TILE = 0.55, 0.001, 300
IOU_STEPS = [0.3] + [round(0.5 + 0.05 * step, 2) for step in range(10)]
# Extent of these is a matter of taste: a find counts at IoU 0.3.
LOOSE = {"waste", "heap", "bare_soil"}


def detect(session, pixels):
    """Boxes, scores and classes found in one picture, merged over its tiles."""
    found = []
    for top in tile_starts(pixels.shape[0]):
        for left in tile_starts(pixels.shape[1]):
            part = pixels[top:top + SIDE_PX, left:left + SIDE_PX]
            boxes, scores = session.run(None, {"image": padded_tile(part)})
            row, label = np.nonzero(scores[0] > LOWEST_SCORE)
            best = best_of_each(scores[0][row, label], label)
            limits = [part.shape[1], part.shape[0]] * 2
            boxes = np.clip(boxes[0][row[best]], 0, limits) + [left, top, left, top]
            found.append((boxes, scores[0][row[best], label[best]], label[best]))
    boxes, scores, labels = (np.concatenate(column) for column in zip(*found))
    keep = suppress(boxes, scores, labels)
    return boxes[keep], scores[keep], labels[keep]


def best_of_each(scores, labels):
    """Indices of the best scores of every class: classes of weak scores must not crowd out the others, nor be."""
    order = np.argsort(-scores, kind="stable")
    return np.concatenate([order[labels[order] == index][:4 * PER_TILE] for index in range(len(CLASSES))])


def suppress(boxes, scores, labels):
    """Greedy suppression per class, best first."""
    order, keep = np.argsort(-scores, kind="stable"), []
    apart = boxes + (labels * 1e5)[:, None]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order):
        first, rest = order[0], order[1:]
        keep.append(first)
        low, high = np.maximum(apart[first, :2], apart[rest, :2]), np.minimum(apart[first, 2:], apart[rest, 2:])
        shared = np.clip(high - low, 0, None).prod(1)
        order = rest[shared <= MERGE_IOU * (area[first] + area[rest] - shared)]
    return np.array(keep, int)


def coco_of(pairs):
    """Truth and finds as COCO tables. Ignore regions become crowd boxes; unlabelled classes are left out."""
    truth, finds = [], []
    for image, (source, factor, (boxes, scores, labels)) in enumerate(pairs, 1):
        crowd = [0] * len(source.boxes) + [1] * len(source.ignore_boxes)
        both = np.concatenate([source.boxes, source.ignore_boxes]) * factor
        for box, label, ignored in zip(both, np.concatenate([source.labels, source.ignore_labels]), crowd):
            size = box[2:] - box[:2]
            truth.append({"id": len(truth) + 1, "image_id": image, "category_id": int(label) + 1, "iscrowd": ignored,
                          "bbox": [*map(float, box[:2]), *map(float, size)], "area": float(size.prod())})
        finds += [{"image_id": image, "category_id": int(label) + 1, "score": float(score),
                   "bbox": [*map(float, box[:2]), *map(float, box[2:] - box[:2])]}
                  for box, score, label in zip(boxes, scores, labels)]
    table = COCO()
    table.dataset = {"images": [{"id": image} for image in range(1, len(pairs) + 1)], "annotations": truth,
                     "categories": [{"id": index + 1, "name": name} for index, name in enumerate(CLASSES)]}
    with contextlib.redirect_stdout(io.StringIO()):
        table.createIndex()
        return table, table.loadRes(finds)


def score(pairs):
    """Per class: AP30, AP50, AP50:95 and the matched finds, over the pictures labelled for the class."""
    result = {}
    with contextlib.redirect_stdout(io.StringIO()):
        truth, finds = coco_of(pairs)
        for index, name in enumerate(CLASSES):
            images = [number for number, pair in enumerate(pairs, 1) if pair[0].known[index]]
            total = sum(int((pair[0].labels == index).sum()) for pair in pairs if pair[0].known[index])
            if not total:
                continue
            judge = COCOeval(truth, finds, "bbox")
            judge.params.imgIds, judge.params.catIds = images, [index + 1]
            judge.params.iouThrs, judge.params.maxDets = np.array(IOU_STEPS), [1000]
            judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
            judge.evaluate()
            judge.accumulate()
            precision = judge.eval["precision"][:, :, 0, 0, 0]
            curve = _matches(judge, 0 if name in LOOSE else 1)
            result[name] = {"boxes": total, "ap30": float(precision[0].mean()), "ap50": float(precision[1].mean()),
                            "ap50_95": float(precision[1:].mean()), "ece": expected_calibration_error(curve),
                            "curve": curve}
    return result


def _matches(judge, step):
    """Score and hit (True, False) of every find that counts, at one IoU step."""
    rows = []
    for item in judge.evalImgs:
        if item is None:
            continue
        for value, match, ignored in zip(item["dtScores"], item["dtMatches"][step], item["dtIgnore"][step]):
            if not ignored:
                rows.append((value, bool(match)))
    return sorted(rows, reverse=True)


def run_all(session, found):
    """Pairs of (source, factor, finds) for a list of sources."""
    pairs = []
    for source in found:
        pixels, factor = rescaled(source)
        pairs.append((source, factor, detect(session, pixels)))
    return pairs


def table(by_set):
    """The result as a Markdown table."""
    lines = ["| validation set | class | boxes | AP30 | AP50 | AP50:95 |", "|---|---|---|---|---|---|"]
    for name, classes in by_set.items():
        lines += [f"| {name} | {label} | {row['boxes']} | {row['ap30']:.2f} | {row['ap50']:.2f} | {row['ap50_95']:.2f} |"
                  for label, row in classes.items()]
    return "\n".join(lines)


def open_model(path):
    """A session of one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def scene_alarms(session, data):
    """What is found in every held-back scene, by class: scores of all finds, and which classes are known absent."""
    found = run_all(session, sources.load_scenes(data, held_back=True))
    return [{"scene": source.group, "known": source.known.tolist(), "area_m2": area_m2(source),
             "scores": [sorted(map(float, scores[labels == index]), reverse=True) for index in range(len(CLASSES))]}
            for source, _, (_, scores, labels) in found]


def area_m2(source):
    """Ground that a picture shows."""
    return float(source.pixels.shape[0] * source.pixels.shape[1] * (source.cm_per_px / 100) ** 2)


def whole_sets(session, data, names):
    """Figures on all pictures of sets that the model was never trained on."""
    both = [source for split in ("train", "val") for source in sources.load_split(data, split)]
    return {name: score(run_all(session, [source for source in both if source.dataset == name])) for name in names}


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--renders", type=Path, help="folder of simulator renders with truth, optional")
    parser.add_argument("--left-out", nargs="*", help="sets this model was not trained on: only these, whole")
    parser.add_argument("--out", type=Path, required=True, help="evaluation.json; a table goes beside it as .md")
    args = parser.parse_args()
    session = open_model(args.model)
    if args.left_out:
        report = {"sets": whole_sets(session, args.data, args.left_out)}
    else:
        pairs = run_all(session, sources.load_split(args.data, "val"))
        by_set = {name: score([pair for pair in pairs if pair[0].dataset == name])
                  for name in sorted({pair[0].dataset for pair in pairs})}
        if args.renders:
            by_set["renders"] = score(run_all(session, sources.load_renders(args.renders)))
        report = {"sets": by_set, "pooled": score(pairs), "scenes": scene_alarms(session, args.data)}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report), encoding="utf-8")
    args.out.with_suffix(".md").write_text(table(report["sets"]) + "\n", encoding="utf-8")
    print(table(report["sets"]))


if __name__ == "__main__":
    main()
