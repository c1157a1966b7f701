"""Which pictures a training run sees: a stream fixed by (seed, picture number), so that a run can be resumed."""

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from augment import Sample, cut, mosaic, relight
from paste import paste_onto
from sources import CLASSES

# Share of the pictures seen. Renders stay a minority; without the optional sets the rest is scaled up.
SHARES = {"banepa": 0.29, "raven": 0.41, "jekhor_vehicles": 0.12, "scenes": 0.18}
OPTIONAL_SHARES = {"renders": 0.18, "feedback": 0.18}
# Share of the scene pictures that get things of the raven tiles pasted in.
PASTED_SHARE = 0.5
# Raven tiles that show rare classes are drawn more often.
RARE_WEIGHT = {"machinery": 2.0, "heap": 1.0, "bare_soil": 0.7, "metal_roof": 0.7, "vehicle": 0.5}


class Pictures(Dataset):
    """Training pictures by number."""

    def __init__(self, sources, side, seed, total):
        self.side, self.seed, self.total = side, seed, total
        self.sets = {}
        for source in sources:
            self.sets.setdefault(source.dataset, []).append(source)
        self.shares = _shares(self.sets)
        self.weights = {name: _picture_weights(name, group) for name, group in self.sets.items()}

    def __len__(self):
        return self.total

    def set_of(self, number):
        """Name of the set that picture `number` comes from."""
        return self._draw_set(np.random.default_rng([self.seed, number]))

    def _draw_set(self, rng):
        names = sorted(self.shares)
        return names[rng.choice(len(names), p=[self.shares[name] for name in names])]

    def __getitem__(self, number):
        rng = np.random.default_rng([self.seed, number])
        name = self._draw_set(rng)
        group, weights = self.sets[name], self.weights[name]
        source = group[rng.choice(len(group), p=weights)]
        if name in ("raven", "scenes"):
            source = self._join(source, group, weights, rng)
        if name == "scenes" and "raven" in self.sets and rng.random() < PASTED_SHARE:
            source = paste_onto(source, self.sets["raven"], rng)
        picture, sample = cut(source, self.side, rng)
        sample.pixels = relight(picture, name in ("raven", "scenes"), rng)
        return sample

    @staticmethod
    def _join(source, group, weights, rng):
        if source.dataset == "scenes":
            alike = [other for other in group if other.group == source.group]
            others = [alike[rng.integers(len(alike))] for _ in range(3)]
        else:
            others = [group[rng.choice(len(group), p=weights)] for _ in range(3)]
        return mosaic([source, *others], rng)


def _shares(sets):
    optional = {name: share for name, share in OPTIONAL_SHARES.items() if name in sets}
    shares = {name: share for name, share in SHARES.items() if name in sets}
    left = (1 - sum(optional.values())) / max(1e-9, sum(shares.values()))
    shares = {name: share * left for name, share in shares.items()} | optional
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def _picture_weights(name, group):
    weights = np.ones(len(group))
    if name == "raven":
        for index, source in enumerate(group):
            present = {CLASSES[label] for label in source.labels}
            weights[index] += sum(weight for rare, weight in RARE_WEIGHT.items() if rare in present)
    elif name == "jekhor_vehicles":
        # Flights, not frames: video frames of one flight are nearly identical.
        flights = [source.group for source in group]
        weights = np.array([1 / flights.count(flight) ** 0.7 for flight in flights])
    return weights / weights.sum()


def collate(samples: list[Sample]):
    """Stacks pictures; targets stay lists of tensors, one per picture."""
    pixels = torch.from_numpy(np.stack([sample.pixels for sample in samples]))
    targets = [{
        "boxes": torch.tensor(sample.boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(sample.labels, dtype=torch.long),
        "ignore_boxes": torch.tensor(sample.ignore_boxes, dtype=torch.float32).reshape(-1, 4),
        "ignore_labels": torch.tensor(sample.ignore_labels, dtype=torch.long),
        "known": torch.tensor(sample.known),
    } for sample in samples]
    return pixels, targets


def loader(pictures, start, batch, workers):
    """Batches of pictures `start`, `start + 1`, … in order."""
    order = range(start, len(pictures))
    return DataLoader(pictures, batch, sampler=order, num_workers=workers, collate_fn=collate, drop_last=True,
                      prefetch_factor=4 if workers else None)
