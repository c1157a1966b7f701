"""What share of the planted things was found, each counted once however many photos show it."""

import json
from pathlib import Path

import numpy as np

MATCH_IOU = 0.5
# A thing counts where some photo shows nearly all of it, away from the border.
LEAST_VISIBLE, BORDER_PX = 0.6, 4
LOOSE = {"waste": 0.3, "heap": 0.3, "bare_soil": 0.3}


def truth_of(path):
    """The truth file of `simulator demo`."""
    return json.loads(path.read_text(encoding="utf-8"))


def ground_km2(truth):
    """Ground that the photos show, on a grid of 1 m cells."""
    seen = set()
    for photo in truth["photos"]:
        seen |= inside(footprint(photo))
    return len(seen) / 1e6


def footprint(photo):
    """Where the rays of a photo's corners meet the street, east and north of the scene's middle, m."""
    pose = photo["pose"]
    half = np.array([photo["width_px"], photo["height_px"]]) / 2 / pose["focal_px"]
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        ray = np.array(pose["enu_from_camera"]) @ [x * half[0], y * half[1], 1.0]
        corners.append(np.array(pose["position_enu_m"])[:2] - ray[:2] / ray[2] * pose["position_enu_m"][2])
    return np.array(corners)


def inside(corners):
    """1 m cells whose middle lies in a convex outline."""
    low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
    x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
    sides = []
    for a, b in zip(corners, np.roll(corners, -1, 0)):
        sides.append((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= 0)
    kept = np.all(sides, 0) | np.all(~np.array(sides), 0)
    return set(zip(np.floor(x[kept]).astype(int).tolist(), np.floor(y[kept]).astype(int).tolist()))


def found_share(truth, finds, card):
    """Recall over ground objects and precision over detections, classes that the model is trained for."""
    trained = {row["id"] for row in card["class"] if row["trained"]}
    by_photo = {}
    for name, label, score, *box in finds:
        by_photo.setdefault(Path(name).name, []).append((label, score, np.array(box, float)))
    wanted, found, right, all_finds = set(), set(), 0, 0
    for photo in truth["photos"]:
        visible = [item for item in photo["visible"] if item["class"] in trained]
        wanted |= {(item["id"], item["class"]) for item in visible if whole(item, photo)}
        here = by_photo.get(photo["file"], [])
        hit = np.zeros(len(here), bool)
        for item in visible:
            for index, (label, _, box) in enumerate(here):
                if label == item["class"] and iou(box, np.array(item["box_px"])) >= LOOSE.get(label, MATCH_IOU):
                    found.add((item["id"], item["class"]))
                    hit[index] = True
        right, all_finds = right + int(hit.sum()), all_finds + len(here)
    return len(found & wanted) / max(1, len(wanted)), right / max(1, all_finds)


def whole(item, photo):
    """Whether a photo shows nearly all of a thing."""
    x0, y0, x1, y1 = item["box_px"]
    clear = x0 >= BORDER_PX and y0 >= BORDER_PX and x1 <= photo["width_px"] - BORDER_PX and y1 <= photo["height_px"] - BORDER_PX
    return clear and item["visible_fraction"] >= LEAST_VISIBLE


def iou(a, b):
    """Intersection over union of two boxes."""
    shared = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared)
