"""The figures of pycocotools for the cases on standard input, as JSON, one table for each case and class."""

import contextlib
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def tables(pictures, classes):
    """Truth and finds as pycocotools wants them; ids begin at 1, since a match with id 0 counts as none there."""
    truth, finds = [], []
    for image, picture in enumerate(pictures, 1):
        truth += [{"id": len(truth) + 1 + index, "image_id": image, "category_id": box["class"] + 1,
                   "bbox": box["xywh_px"], "area": box["area_px2"], "iscrowd": int(box["crowd"])}
                  for index, box in enumerate(picture["truths"])]
        finds += [{"image_id": image, "category_id": box["class"] + 1, "bbox": box["xywh_px"], "score": box["score"]}
                  for box in picture["found"]]
    table = COCO()
    table.dataset = {"images": [{"id": image} for image in range(1, len(pictures) + 1)], "annotations": truth,
                     "categories": [{"id": index + 1} for index in range(classes)]}
    table.createIndex()
    return table, table.loadRes(finds) if finds else None


def figures(settings, pictures):
    """Precision, recall and the two means, for each class, over the pictures labelled for it."""
    classes = len(pictures[0]["judged"])
    truth, finds = tables(pictures, classes)
    answers = []
    for index in range(classes):
        judge = COCOeval(truth, finds, "bbox")
        params = judge.params
        params.imgIds = [image for image, picture in enumerate(pictures, 1) if picture["judged"][index]]
        params.catIds = [index + 1]
        params.iouThrs = np.concatenate([params.iouThrs, settings["overlaps"][10:]])
        params.areaRng, params.areaRngLbl = settings["areas_px2"], [*map(str, range(len(settings["areas_px2"])))]
        params.maxDets = settings["max_found"]
        judge.evaluate()
        judge.accumulate()
        precision, recall = judge.eval["precision"][:, :, 0], judge.eval["recall"][:, 0]
        answers.append({"precision": precision.tolist(), "recall": recall.tolist(),
                        "ap": float(precision[:10, :, 0, 3].mean()), "ar": float(recall[:10, 0, 2].mean())})
    return answers


def main():
    """From standard input to standard output."""
    asked = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):
        answers = [figures(asked["settings"], case) for case in asked["cases"]]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
