"""Masks of roofs for town scenes that nobody outlined, guessed by a trained encoder (self-training).

Two scales and a mirror image have to agree; where they are not sure the mask says "not known".
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

import pictures
from fit import load, maps_of

TOWN_SCENES = ("buildings", "denseresidential", "mediumresidential", "mobilehomepark", "storagetanks", "intersection",
               "overpass", "river")
SURE, SURELY_NOT = 0.6, 0.12


def roof_map(encoder, image):
    """Mean of the roof map over scales 1 and 2, as is and mirrored."""
    side = image.shape[0]
    total = np.zeros((side, side), np.float32)
    for scale in (1, 2):
        for mirrored in (False, True):
            view = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            view = view[:, ::-1] if mirrored else view
            roof = cv2.resize(maps_of(encoder, view)[3][0, 0].numpy(), (side, side), interpolation=cv2.INTER_LINEAR)
            total += roof[:, ::-1] if mirrored else roof
    return total / 4


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    encoder, out = load(arguments.checkpoint), Path(arguments.out)
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "masks").mkdir(parents=True, exist_ok=True)
    for name in TOWN_SCENES:
        for number, path in enumerate(sorted((Path(arguments.data) / "scenes" / name).iterdir())):
            if number % pictures.HELD_BACK == 0:
                continue
            image = cv2.resize(pictures._read(path), (256, 256))
            roof = roof_map(encoder, image)
            mask = np.full(roof.shape, pictures.UNKNOWN, np.uint8)
            mask[roof > SURE] = 1
            mask[roof < SURELY_NOT] = 0
            cv2.imwrite(str(out / "masks" / f"{path.stem}.png"), mask)
            cv2.imwrite(str(out / "images" / f"{path.stem}.jpg"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR),
                        [cv2.IMWRITE_JPEG_QUALITY, 97])


if __name__ == "__main__":
    main()
