"""Makes scores probabilities: gain and offset per class on the logit of the score, fitted on validation (Platt 1999).

    python models/train/calibrate.py models/runs/NAME/evaluation.json models/runs/NAME/calibration.json
"""

import argparse
import json
from pathlib import Path

import numpy as np

from sources import CLASSES

LEAST_BOXES, LOWEST_SCORE, BINS = 20, 0.05, 15
STEPS, DAMPING = 60, 1e-3
GAINS = (0.3, 12.0)


def logit(score):
    """Log odds, finite."""
    score = np.clip(score, 1e-6, 1 - 1e-6)
    return np.log(score / (1 - score))


def fit(curve):
    """Gain and offset of the logistic regression of hit on the score's logit, by damped Newton steps."""
    kept = np.array([(value, hit) for value, hit in curve if value >= LOWEST_SCORE], float)
    x = np.stack([logit(kept[:, 0]), np.ones(len(kept))], 1)
    weights = np.array([1.0, 0.0])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-(x @ weights)))
        slope = x.T @ (likely - kept[:, 1]) + DAMPING * (weights - [1.0, 0.0])
        bend = (x * (likely * (1 - likely))[:, None]).T @ x + DAMPING * np.eye(2)
        weights = weights - np.linalg.solve(bend, slope)
    return [float(np.clip(weights[0], *GAINS)), float(weights[1])]


def expected_calibration_error(curve, lowest=LOWEST_SCORE):
    """Mean distance between score and share of hits over 15 equal bins, weighted by number (Naeini et al. 2015)."""
    kept = np.array([(value, hit) for value, hit in curve if value >= lowest], float).reshape(-1, 2)
    if not len(kept):
        return None
    bins = np.minimum((kept[:, 0] * BINS).astype(int), BINS - 1)
    gaps = [abs(kept[bins == index].mean(0) @ [1, -1]) * (bins == index).sum() for index in np.unique(bins)]
    return float(sum(gaps) / len(kept))


def table(report):
    """A row of gain and offset per class; classes with few boxes get the median of the others."""
    fitted = {name: fit(row["curve"]) for name, row in report["pooled"].items() if row["boxes"] >= LEAST_BOXES}
    usual = np.median(list(fitted.values()), 0).tolist()
    return [fitted.get(name, usual) for name in CLASSES]


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evaluation", type=Path, help="of the uncalibrated export")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    rows = table(json.loads(args.evaluation.read_text(encoding="utf-8")))
    args.out.write_text(json.dumps(rows) + "\n", encoding="utf-8")
    for name, (gain, offset) in zip(CLASSES, rows):
        print(f"{name:16} gain {gain:.2f} offset {offset:+.2f}")


if __name__ == "__main__":
    main()
