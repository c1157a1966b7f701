"""Pairs of dates whose change is known, made from pictures of one date each and from renders of two days.

Kinds: `same` (one place on two days: nothing changed, whatever light, season, haze and small shifts do), `other` (two
different places: every roof of either appeared or disappeared; after Zheng et al. 2021, "Change is everywhere"),
`pasted` (roofs of another picture put on open ground) and `days` (renders of one view on two days, with sheds taken
away and cars moved).
"""

from pathlib import Path

import cv2
import numpy as np

import pictures
from pictures import UNKNOWN, Picture

KINDS = {"same": 0.35, "other": 0.25, "pasted": 0.25, "days": 0.15}
SCENES_OF_ALL_KINDS = ("agricultural", "buildings", "denseresidential", "forest", "harbor", "intersection",
                       "mediumresidential", "mobilehomepark", "overpass", "parkinglot", "river", "storagetanks")


class Pairs:
    """A fixed stream of pairs: number n is the same every time."""

    def __init__(self, data, days, split="val"):
        self.sets = pictures.load(data, None, split)
        self.unlabelled = _scenes(data, split)
        self.days = _days(days) if days else []

    def __getitem__(self, number):
        """Before, after, mask (0 same, 1 roof appeared or disappeared, 255 not known) and the kind."""
        dice = np.random.default_rng((4, number))
        kinds = [kind for kind in KINDS if kind != "days" or self.days]
        shares = np.array([KINDS[kind] for kind in kinds])
        kind = kinds[dice.choice(len(kinds), p=shares / shares.sum())]
        before, after, mask = getattr(self, f"_{kind}")(dice)
        after, mask = _shifted(after, mask, dice)
        if dice.random() < 0.5:
            before, after = after, before
        return pictures.other_day(before, dice), pictures.other_day(after, dice), mask, kind

    def _any(self, dice, names=("banepa", "raven", "scenes")):
        source = self.sets[names[dice.integers(len(names))]]
        return source[dice.integers(len(source))]

    def _same(self, dice):
        labelled = dice.random() < 0.4
        picture = self._any(dice, ("banepa", "raven")) if labelled else self.unlabelled[dice.integers(len(self.unlabelled))]
        image, mask = pictures.window(picture, dice)
        outside = mask if not labelled else np.zeros_like(mask)
        return image, image, np.where(outside == UNKNOWN, UNKNOWN, 0).astype(np.uint8)

    def _other(self, dice):
        (first, one), (second, two) = (pictures.window(self._any(dice), dice) for _ in range(2))
        return first, second, _either(one, two)

    def _pasted(self, dice):
        ground, mask = pictures.window(self._any(dice, ("raven", "scenes", "scenes")), dice)
        source, roofs = pictures.window(self._any(dice, ("banepa",)), dice)
        count, labels = cv2.connectedComponents((roofs == 1).astype(np.uint8))
        kept = np.isin(labels, [label for label in range(1, count) if dice.random() < 0.5])
        kept &= mask == 0
        soft = cv2.GaussianBlur(kept.astype(np.float32), (0, 0), 0.8)[..., None]
        pasted = (ground * (1 - soft) + source * soft).astype(np.uint8)
        return ground, pasted, np.where(mask == UNKNOWN, UNKNOWN, kept).astype(np.uint8)

    def _days(self, dice):
        one, two = self.days[dice.integers(len(self.days))]
        seed = int(dice.integers(1 << 30))
        (first, a), (second, b) = (pictures.window(day, np.random.default_rng(seed)) for day in (one, two))
        return first, second, _either(a, b)


def _either(one, two):
    """Where exactly one of two dates has a roof."""
    return np.where((one == UNKNOWN) | (two == UNKNOWN), UNKNOWN, one != two).astype(np.uint8)


def _shifted(image, mask, dice):
    """What registration leaves: up to about two pixels and half a degree."""
    side = image.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), dice.normal(0, 0.2), 1 + dice.normal(0, 0.003))
    turn[:, 2] += dice.normal(0, 0.8, 2)
    moved = cv2.warpAffine(image, turn, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return moved, mask


def _scenes(data, split):
    found = []
    for name in SCENES_OF_ALL_KINDS:
        for number, path in enumerate(sorted((Path(data) / "scenes" / name).iterdir())):
            if (number % pictures.HELD_BACK == 0) == (split == "val"):
                image = pictures._read(path)
                found.append(Picture("scenes", image, np.zeros(image.shape[:2], np.uint8), (0.6, 2.0)))
    return found


def _days(folders):
    """Two folders of `simulator render --masks`, the same seeds on two days."""
    one, two = (pictures._renders(Path(folder)) for folder in folders)
    return list(zip(one, two, strict=True))
