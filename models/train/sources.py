"""Reads the labelled picture sets into memory: pixels, boxes, ground scale and which classes are known.

A picture is labelled only for some classes. `Source.known` says for which classes a missing box means
"absent"; every other class is masked out of the loss and of the evaluation.
"""

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ["building", "blue_metal_roof", "vehicle", "waste", "heap", "machinery", "metal_roof", "bare_soil"]
GROUND_SCALE_CM_PER_PX = 12.5
CAR_LENGTH_M, CAR_WIDTH_M = 4.5, 1.8
# Pictures finer than this are shrunk once on reading; the augmentation never asks for more.
FINEST_KEPT_CM_PER_PX = 8.0
SET_SCALE_CM_PER_PX = {"banepa": 13.0, "raven": 33.0, "scenes": 30.0, "renders": 10.0}

# Looked through by eye: what no picture of the set shows, beyond its own labels.
ABSENT_BY_EYE = {"jekhor_vehicles": ["waste", "machinery"]}
# UC Merced carries no boxes. Classes listed here do not occur in the 33 pictures of the scene.
ABSENT_IN_SCENE = {
    "agricultural": ["building", "blue_metal_roof", "vehicle", "waste", "heap", "machinery", "metal_roof"],
    "forest": ["building", "blue_metal_roof", "vehicle", "waste", "heap", "machinery", "metal_roof"],
    "river": ["blue_metal_roof", "waste", "heap", "machinery", "metal_roof"],
    "harbor": ["building", "blue_metal_roof", "vehicle", "waste", "heap", "machinery", "metal_roof"],
    "parkinglot": ["blue_metal_roof", "waste", "heap", "machinery"],
    "overpass": ["blue_metal_roof", "waste", "heap", "machinery"],
    "intersection": ["blue_metal_roof", "waste", "heap", "machinery"],
    "denseresidential": ["blue_metal_roof", "waste", "heap", "machinery"],
    "mediumresidential": ["waste", "heap", "machinery"],
    "mobilehomepark": ["waste", "heap", "machinery"],
    "buildings": ["waste", "machinery"],
    "storagetanks": ["waste", "machinery"],
}


@dataclass
class Source:
    """One picture. Boxes are x0, y0, x1, y1 in its own pixels; `outlines` are optional, one per box."""

    name: str
    dataset: str
    group: str
    pixels: np.ndarray
    cm_per_px: float
    boxes: np.ndarray
    labels: np.ndarray
    known: np.ndarray
    ignore_boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    ignore_labels: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    outlines: list | None = None


def known_mask(names):
    """A boolean per class, true for the names given."""
    return np.array([name in names for name in CLASSES])


def car_scale_cm_per_px(boxes):
    """Ground scale from upright boxes of cars: the car's length and width fix its angle and size."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    along = (width + height) / (CAR_LENGTH_M + CAR_WIDTH_M)
    across = np.abs(width - height) / (CAR_LENGTH_M - CAR_WIDTH_M)
    px_per_m = np.hypot((along + across) / 2, (along - across) / 2)
    return float(100 / np.median(px_per_m))


def load_split(data, split):
    """All pictures of `train` or `val` of the detection sets."""
    with open(data / "detect/manifest.csv", newline="", encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["split"] == split]
    sources = [_load_row(data, row) for row in rows]
    _fill_car_scales([source for source in sources if source.dataset == "jekhor_vehicles"])
    return [_shrink(source) for source in sources]


def load_scenes(data, held_back):
    """Scene pictures as negatives: two of three for training, the third (`held_back`) for counting false alarms."""
    sources = []
    for scene, absent in ABSENT_IN_SCENE.items():
        for index, path in enumerate(sorted((data / "scenes" / scene).iterdir())):
            if (index % 3 == 2) != held_back:
                continue
            pixels = np.asarray(Image.open(path).convert("RGB"))
            sources.append(Source(path.name, "scenes", scene, pixels, SET_SCALE_CM_PER_PX["scenes"],
                                  np.zeros((0, 4)), np.zeros(0, int), known_mask(absent)))
    return sources


def load_renders(folder):
    """Renders of the simulator: `images` and YOLO `labels`, every class labelled, all at one scale."""
    sources = []
    for path in sorted((folder / "images").glob("*.jpg")):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        labels, boxes = read_yolo(label_path(path, "labels"), pixels.shape)
        sources.append(Source(path.name, "renders", path.stem.rsplit("_", 1)[0], pixels,
                              SET_SCALE_CM_PER_PX["renders"], boxes, labels, known_mask(CLASSES)))
    return sources


def _load_row(data, row):
    path = data / row["file"]
    pixels = np.asarray(Image.open(path).convert("RGB"))
    labels, boxes = read_yolo(label_path(path, "labels"), pixels.shape)
    known = known_mask(row["labelled_classes"].split("|") + ABSENT_BY_EYE.get(row["set"], []))
    source = Source(path.name, row["set"], row["group"], pixels,
                    SET_SCALE_CM_PER_PX.get(row["set"], math.nan), boxes, labels, known)
    ignore = label_path(path, "labels_ignore")
    if ignore.exists():
        source.ignore_labels, source.ignore_boxes = read_yolo(ignore, pixels.shape)
    if row["set"] == "banepa":
        source.outlines = _read_outlines(label_path(path, "labels_seg"), source)
    metal = CLASSES.index("metal_roof")
    if row["set"] == "raven" and metal not in source.labels and metal not in source.ignore_labels:
        source.known[CLASSES.index("blue_metal_roof")] = True
    return source


def label_path(path, folder):
    """The label file that belongs to a picture."""
    return path.parent.parent / folder / (path.stem + ".txt")


def read_yolo(path, shape):
    """Class ids and pixel boxes of one YOLO text file."""
    rows = [list(map(float, line.split()[:5])) for line in path.read_text().splitlines() if line.strip()]
    table = np.array(rows).reshape(-1, 5)
    size = np.array([shape[1], shape[0], shape[1], shape[0]])
    centre, half = table[:, 1:3], table[:, 3:5] / 2
    return table[:, 0].astype(int), np.concatenate([centre - half, centre + half], 1) * size


def _read_outlines(path, source):
    """Building outlines first (they replace the building boxes), then the corners of all other boxes."""
    height, width = source.pixels.shape[:2]
    outlines = []
    for line in path.read_text().splitlines():
        numbers = np.array(line.split()[1:], float).reshape(-1, 2)
        outlines.append(numbers * [width, height])
    others = source.labels != 0
    labels = np.concatenate([np.zeros(len(outlines), int), source.labels[others]])
    boxes = [np.concatenate([outline.min(0), outline.max(0)]) for outline in outlines]
    source.boxes = np.concatenate([np.array(boxes).reshape(-1, 4), source.boxes[others]])
    source.labels = labels
    return outlines + [None] * int(others.sum())


def _fill_car_scales(sources):
    """One scale per picture with at least three cars, else that of its flight."""
    flights = {}
    for source in sources:
        flights.setdefault(source.group, []).append(source.boxes)
    for source in sources:
        boxes = source.boxes if len(source.boxes) >= 3 else np.concatenate(flights[source.group])
        source.cm_per_px = car_scale_cm_per_px(boxes)


def _shrink(source):
    if source.cm_per_px >= FINEST_KEPT_CM_PER_PX:
        return source
    factor = source.cm_per_px / FINEST_KEPT_CM_PER_PX
    picture = Image.fromarray(source.pixels)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    source.pixels = np.asarray(picture.resize(size, Image.Resampling.BOX if factor < 0.5 else Image.Resampling.LANCZOS))
    source.boxes = source.boxes * factor
    source.cm_per_px = FINEST_KEPT_CM_PER_PX
    return source
