#!/usr/bin/env python3
"""Matched pixels of photos that show the same ground, for the two-photo agreement in crates/survey/tests/it/minsk.rs.

SIFT (OpenCV) on half-size pictures, ratio test, one homography (RANSAC, 4 px) per pair: what lies on one plane, the
ground, is kept; at most 400 pairs, spread over the picture. Needs `pip install opencv-python-headless numpy` and exiftool.

    python3 benches/match_photos.py ../shared/data/photos/dji_minsk > /tmp/pairs.json
    FLYONCE_PAIRS=/tmp/pairs.json cargo test -p survey --test it minsk -- --nocapture
"""
import itertools
import json
import pathlib
import subprocess
import sys

import cv2
import numpy as np

SCALE = 0.5
LEAST_INLIERS = 40
MOST_PAIRS = 400
TAGS = ["Make", "Model", "ImageWidth", "ImageHeight", "FocalLength", "FocalLengthIn35mmFormat", "GPSLatitude",
        "GPSLongitude", "RelativeAltitude", "GimbalYawDegree", "GimbalPitchDegree", "GimbalRollDegree",
        "DateTimeOriginal"]


def describe(folder):
    command = ["exiftool", "-n", "-json", *[f"-{tag}" for tag in TAGS], str(folder)]
    photos = {}
    for tags in json.loads(subprocess.run(command, check=True, capture_output=True).stdout):
        if "GimbalYawDegree" not in tags:
            continue
        photos[pathlib.Path(tags["SourceFile"]).stem] = {
            "make": tags["Make"], "model": tags["Model"],
            "width_px": tags["ImageWidth"], "height_px": tags["ImageHeight"],
            "focal_length_mm": tags.get("FocalLength"), "focal_length_35mm": tags.get("FocalLengthIn35mmFormat"),
            "latitude_deg": tags["GPSLatitude"], "longitude_deg": tags["GPSLongitude"],
            "relative_altitude_m": float(tags["RelativeAltitude"]),
            "yaw_deg": float(tags["GimbalYawDegree"]), "pitch_deg": float(tags["GimbalPitchDegree"]),
            "roll_deg": float(tags["GimbalRollDegree"]), "taken": tags["DateTimeOriginal"],
        }
    return photos


def features(path):
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    grey = cv2.resize(grey, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    points, descriptors = cv2.SIFT_create(nfeatures=6000).detectAndCompute(grey, None)
    return np.float32([point.pt for point in points]) / SCALE, descriptors


def match(a, b):
    found = cv2.BFMatcher().knnMatch(a[1], b[1], k=2)
    good = [m for m, n in found if m.distance < 0.75 * n.distance]
    if len(good) < LEAST_INLIERS:
        return []
    from_a = a[0][[m.queryIdx for m in good]]
    from_b = b[0][[m.trainIdx for m in good]]
    _, kept = cv2.findHomography(from_a, from_b, cv2.RANSAC, 4.0, maxIters=10000)
    inside = np.flatnonzero(kept.ravel()) if kept is not None else np.array([], int)
    if len(inside) < LEAST_INLIERS:
        return []
    step = max(1, len(inside) // MOST_PAIRS)
    return [[*map(float, from_a[i]), *map(float, from_b[i])] for i in inside[::step]]


def main():
    cv2.setRNGSeed(1)
    folder = pathlib.Path(sys.argv[1])
    photos = describe(folder)
    seen = {name: features(next(folder.glob(f"{name}.[Jj]*"))) for name in photos}
    pairs = []
    for a, b in itertools.combinations(sorted(photos), 2):
        matched = match(seen[a], seen[b])
        print(f"{a} {b}: {len(matched)} pairs", file=sys.stderr)
        if matched:
            pairs.append({"a": a, "b": b, "pairs": matched})
    json.dump({"photos": photos, "pairs": pairs}, sys.stdout)


main()
