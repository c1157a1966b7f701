"""Pictures with masks of roofs: where they come from and how a training window is cut from them.

A mask holds 0 (no roof), 1 (roof) or 255 (not known). Outlines give whole masks. Boxes give an ellipse inside the box;
the rest of the box is not known.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

UNKNOWN = 255
SIDE = 192
ROOFS = (0, 1, 6)
"""Classes of the box sets that are roofs: building, blue_metal_roof, metal_roof."""
WITHOUT_ROOFS = ("agricultural", "forest", "parkinglot")
"""Scenes taken as free of roofs."""
HELD_BACK = 3
"""One scene picture in so many is for validation."""


@dataclass
class Picture:
    """One picture with its mask and the range of scales it is shown at."""

    source: str
    image: np.ndarray
    mask: np.ndarray
    scales: tuple


def load(data, renders, split):
    """All pictures of a split ("train" or "val"), by source."""
    data = Path(data)
    found = {"banepa": _banepa(data, split), "raven": _raven(data, split), "scenes": _scenes(data, split)}
    if renders:
        found["renders"] = _renders(Path(renders))
    return {source: pictures for source, pictures in found.items() if pictures}


def _read(path):
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{path} cannot be read as a picture")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _names(data, split, source):
    lines = (data / "detect" / f"{split}.txt").read_text().split()
    return [data / "detect" / line for line in lines if f"/{source}/" in line]


def _banepa(data, split):
    """The tiles lie side by side: a row of them is one picture, so that a coarse window is still filled."""
    rows = {}
    for path in sorted(_names(data, split, "banepa")):
        image = _read(path)
        side = image.shape[0]
        mask = np.zeros(image.shape[:2], np.uint8)
        for line in (path.parent.parent / "labels_seg" / f"{path.stem}.txt").read_text().splitlines():
            points = np.array(line.split()[1:], float).reshape(-1, 2) * side
            cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)
        rows.setdefault(path.stem[:-2], []).append((image, mask))
    images = [np.hstack([image for image, _ in row]) for row in rows.values()]
    masks = [np.hstack([mask for _, mask in row]) for row in rows.values()]
    if split == "train":
        images, masks = [np.vstack(images)], [np.vstack(masks)]
    return [Picture("banepa", image, mask, (0.16, 1.1)) for image, mask in zip(images, masks)]


def _boxes(path, width, height):
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        label, x, y, w, h = line.split()[:5]
        x, y, w, h = (float(value) for value in (x, y, w, h))
        yield int(label), (x * width, y * height, w * width / 2, h * height / 2)


def _raven(data, split):
    pictures = []
    for path in _names(data, split, "raven"):
        image = _read(path)
        height, width = image.shape[:2]
        mask = np.zeros((height, width), np.uint8)
        root = path.parent.parent
        certain = [box for label, box in _boxes(root / "labels" / f"{path.stem}.txt", width, height) if label in ROOFS]
        unsure = [box for _, box in _boxes(root / "labels_ignore" / f"{path.stem}.txt", width, height)]
        for x, y, w, h in certain + unsure:
            mask[max(0, round(y - h)):round(y + h), max(0, round(x - w)):round(x + w)] = UNKNOWN
        for x, y, w, h in certain:
            cv2.ellipse(mask, (round(x), round(y)), (max(1, round(0.85 * w)), max(1, round(0.85 * h))), 0, 0, 360, 1, -1)
        pictures.append(Picture("raven", image, mask, (0.7, 2.2)))
    return pictures


def _scenes(data, split):
    pictures = []
    for name in WITHOUT_ROOFS:
        for number, path in enumerate(sorted((data / "scenes" / name).iterdir())):
            if (number % HELD_BACK == 0) == (split == "val"):
                image = _read(path)
                pictures.append(Picture("scenes", image, np.zeros(image.shape[:2], np.uint8), (0.6, 2.0)))
    return pictures


def _renders(folder):
    """`simulator render --masks`: images/*.jpg and masks/*.png."""
    pictures = []
    for path in sorted((folder / "images").glob("*.jpg")):
        mask = cv2.imread(str(folder / "masks" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
        pictures.append(Picture("renders", _read(path), mask, (0.4, 1.2)))
    return pictures


def window(picture, dice, side=SIDE):
    """A window of `side` pixels at a random scale, place and turn, with its mask."""
    low, high = picture.scales
    scale = float(np.exp(dice.uniform(np.log(low), np.log(high))))
    height, width = picture.image.shape[:2]
    # Sharp pictures are first made smaller whole, so that nothing flickers.
    reach = int(np.ceil(side * 1.42 / scale)) + 2
    x, y = dice.uniform(0, width), dice.uniform(0, height)
    left, top = int(np.clip(x - reach / 2, 0, max(0, width - reach))), int(np.clip(y - reach / 2, 0, max(0, height - reach)))
    image, mask = (part[top:top + reach, left:left + reach] for part in (picture.image, picture.mask))
    size = (max(2, round(image.shape[1] * scale)), max(2, round(image.shape[0] * scale)))
    if scale < 1.0:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        scale = 1.0
    angle = dice.uniform(0, 360)
    turn = cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), angle, scale)
    turn[:, 2] += side / 2 - np.array([image.shape[1], image.shape[0]]) / 2
    image = cv2.warpAffine(image, turn, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    mask = cv2.warpAffine(mask, turn, (side, side), flags=cv2.INTER_NEAREST, borderValue=UNKNOWN)
    if dice.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    return np.ascontiguousarray(image), np.ascontiguousarray(mask)


def other_day(image, dice, strength=1.0):
    """The same picture on another day: light, white balance, season of the green, haze, sharpness, noise, JPEG."""
    x = image.astype(np.float32)
    if dice.random() < 0.8 * strength:
        x = _season(x, dice)
    gains = 1 + strength * dice.normal(0, 0.08, 3)
    x = 255 * np.clip(x * gains / 255, 0, 1) ** np.exp(strength * dice.normal(0, 0.25))
    x = (x - x.mean()) * np.exp(strength * dice.normal(0, 0.22)) + x.mean() + strength * dice.normal(0, 14)
    grey = x.mean(2, keepdims=True)
    x = grey + (x - grey) * np.exp(strength * dice.normal(0, 0.25))
    if dice.random() < 0.35 * strength:
        veil = dice.uniform(0.05, 0.45)
        x = x * (1 - veil) + veil * dice.uniform(170, 235) * np.array([0.97, 1.0, 1.03])
    if dice.random() < 0.6 * strength:
        x = cv2.GaussianBlur(x, (0, 0), dice.uniform(0.3, 1.5))
    elif dice.random() < 0.3:
        x = x + dice.uniform(0.2, 0.8) * (x - cv2.GaussianBlur(x, (0, 0), 1.0))
    x = x + dice.normal(0, dice.uniform(0, 5) * strength, x.shape)
    x = np.clip(x, 0, 255).astype(np.uint8)
    if dice.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(dice.integers(45, 95))]
        x = cv2.cvtColor(cv2.imdecode(cv2.imencode(".jpg", cv2.cvtColor(x, cv2.COLOR_RGB2BGR), quality)[1],
                                      cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return x


def _season(x, dice):
    """Green moves towards straw, brown or fresher green, in patches; the rest stays."""
    green = x[..., 1] - np.maximum(x[..., 0], x[..., 2])
    share = 1 / (1 + np.exp(-(green - 2.0) / 4.0))
    coarse = dice.random((4, 4)).astype(np.float32)
    patches = cv2.resize(coarse, (x.shape[1], x.shape[0]), interpolation=cv2.INTER_CUBIC)
    share = (share * np.clip(patches * dice.uniform(0.6, 1.8), 0, 1))[..., None]
    tint = np.array([(1.5, 1.2, 0.9), (1.2, 0.95, 0.8), (0.75, 1.1, 0.7), (1.3, 1.25, 1.2)][dice.integers(4)])
    return x * (1 - share) + x * tint * share
