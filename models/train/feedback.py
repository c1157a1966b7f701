"""Reads a training set of reviewed leads, as `flyonce leads training-set --output FOLDER` writes it.

The fields are described in `crates/flyonce/src/feedback/mod.rs`. A picture teaches only the classes that a reviewer
judged in it (`labelled_classes`): confirmed finds are boxes, rejected ones are background, what nobody decided on is
ignored. The class of a box that the recipe does not know is left out.
"""

import json

import numpy as np
from PIL import Image

from sources import CLASSES, GROUND_SCALE_CM_PER_PX, Source, known_mask


def load_feedback(folder, split=None):
    """The pictures of an export; of one `split` (`train` or `val`), or all. Groups never cross splits."""
    with open(folder / "instances.json", encoding="utf-8") as handle:
        table = json.load(handle)
    names = {category["id"]: category["name"] for category in table["categories"]}
    by_image = {}
    for annotation in table["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    wanted = [image for image in table["images"] if split in (None, image["flyonce"]["split"])]
    return [_source(folder, image, by_image.get(image["id"], []), names) for image in wanted]


def _source(folder, image, annotations, names):
    extra = image["flyonce"]
    pixels = np.asarray(Image.open(folder / "images" / image["file_name"]).convert("RGB"))
    if pixels.shape[:2] != (image["height"], image["width"]):
        raise ValueError(f"{image['file_name']} is not {image['width']} x {image['height']} px as instances.json says")
    boxes, labels = _boxes(annotations, names, crowd=0)
    ignore_boxes, ignore_labels = _boxes(annotations, names, crowd=1)
    return Source(image["file_name"], extra["set"], extra["group"], pixels,
                  extra.get("cm_per_px", GROUND_SCALE_CM_PER_PX), boxes, labels,
                  known_mask(extra["labelled_classes"]), ignore_boxes, ignore_labels)


def _boxes(annotations, names, crowd):
    """Corners and class numbers of the boxes (`crowd` 0) or the regions to be ignored (1)."""
    chosen = [annotation for annotation in annotations
              if annotation["iscrowd"] == crowd and names[annotation["category_id"]] in CLASSES]
    corners = np.array([annotation["bbox"] for annotation in chosen], float).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return corners, np.array([CLASSES.index(names[annotation["category_id"]]) for annotation in chosen], int)
