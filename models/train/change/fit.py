"""Weighs the cues of a comparison and chooses its thresholds, on made pairs only (pairs.py); writes them as JSON.

The cues are those of crates/vision/src/change/compare.rs, computed here a second time.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

import pictures
from encoder import new_encoder
from pairs import Pairs

CUES = ("roof_alone", "roof_most", "f4", "f8", "f16", "features_on_roof")
FEATURE_REACH = (1, 1, 0)
ROOF_REACH = 2
FALSE_ALARM_SHARE = 0.002
"""Share of the cells of unchanged pairs that may lie over the threshold."""
STRONG = 0.10
"""How much more a change has to reach in a tenth of its area."""


def load(checkpoint):
    encoder = new_encoder()
    encoder.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=False)["encoder"])
    return encoder.eval()


@torch.no_grad()
def maps_of(encoder, image):
    """f4, f8, f16 and the roof map of one picture."""
    maps = encoder(torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float())
    return (*maps[:3], torch.sigmoid(maps[3]))


def distance(first, second, reach):
    """One less the cosine with the likest cell nearby, each channel from its date's mean and by its spread."""
    means = [x.mean((2, 3), keepdim=True) for x in (first, second)]
    spread = ((first - means[0]).pow(2).mean((2, 3), keepdim=True) / 2
              + (second - means[1]).pow(2).mean((2, 3), keepdim=True) / 2).sqrt() + 1e-3
    first, second = (F.normalize((x - mean) / spread, dim=1) for x, mean in zip((first, second), means))

    def one_way(a, b):
        padded = F.pad(b, (reach,) * 4, value=0.0)
        height, width = a.shape[2:]
        likeness = [(a * padded[:, :, y:y + height, x:x + width]).sum(1, keepdim=True)
                    for y in range(2 * reach + 1) for x in range(2 * reach + 1)]
        return 1 - torch.stack(likeness).amax(0)

    return torch.maximum(one_way(first, second), one_way(second, first))


@torch.no_grad()
def cues(encoder, before, after):
    """[6, H/4, W/4] in the order of CUES."""
    one, two = maps_of(encoder, before), maps_of(encoder, after)
    size = one[3].shape[2:]
    near = [F.max_pool2d(roof, 2 * ROOF_REACH + 1, 1, ROOF_REACH) for roof in (one[3], two[3])]
    alone = torch.maximum(two[3] - near[0], one[3] - near[1]).clamp(min=0)
    most = torch.maximum(one[3], two[3])
    distances = [F.interpolate(distance(one[level], two[level], reach), size=size, mode="bilinear")
                 for level, reach in enumerate(FEATURE_REACH)]
    return torch.cat([alone, most, *distances, most * distances[2]], 1)[0]


def collect(encoder, made, numbers):
    """Cues [N, 6] at the pictures' size and at twice that, truth [N] and whether the pair is one of no change [N], over all known cells."""
    rows, larger, truths, same = [], [], [], []
    for number in numbers:
        before, after, mask, kind = made[number]
        known = F.avg_pool2d(torch.from_numpy((mask != pictures.UNKNOWN).astype(np.float32))[None, None], 4)[0, 0] == 1
        truth = F.avg_pool2d(torch.from_numpy((mask == 1).astype(np.float32))[None, None], 4)[0, 0]
        known &= (truth < 0.25) | (truth > 0.75)
        rows.append(cues(encoder, before, after)[:, known].T)
        twice = [cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) for image in (before, after)]
        larger.append(F.avg_pool2d(cues(encoder, *twice), 2)[:, known].T)
        truths.append((truth > 0.5)[known].float())
        same.append(torch.full_like(truths[-1], float(kind == "same")))
    return torch.cat(rows), torch.cat(larger), torch.cat(truths), torch.cat(same)


def fit(rows, truth):
    """Weights and bias by logistic regression; no cue may count against a change."""
    weight, bias = torch.full((rows.shape[1],), 0.5, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        logits = rows @ F.softplus(weight) + bias
        loss = F.binary_cross_entropy_with_logits(logits, truth) + 1e-4 * F.softplus(weight).pow(2).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return F.softplus(weight.detach()), bias.detach()


def threshold_of(score, truth, same):
    """The threshold of the best F1 that keeps the unchanged pairs quiet."""
    best = (0.0, 0.5)
    for threshold in np.arange(0.05, 0.96, 0.01):
        over = score >= threshold
        false_alarms = over[same == 1].float().mean().item()
        found = (over & (truth == 1)).sum().item()
        f1 = 2 * found / (over.sum().item() + truth.sum().item())
        if false_alarms <= FALSE_ALARM_SHARE and f1 > best[0]:
            best = (f1, float(threshold))
    return best


def difference_threshold(made, numbers):
    """The threshold 0..255 of the plain difference that is best on the made pairs, and its F1: what to be better than."""
    differences, truths = [], []
    for number in numbers:
        before, after, mask, _ = made[number]
        known = mask != pictures.UNKNOWN
        differences.append(np.abs(before.astype(np.float32) - after).mean(2)[known])
        truths.append(mask[known] == 1)
    difference, truth = np.concatenate(differences), np.concatenate(truths)
    best = (0.0, 0.0)
    for threshold in range(4, 252, 4):
        over = difference >= threshold
        best = max(best, (2 * (over & truth).sum() / (over.sum() + truth.sum()), float(threshold)))
    return round(float(best[0]), 4), best[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--days", nargs=2, help="two folders of `simulator render --masks --day 1` and `--day 2`")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    encoder = load(arguments.checkpoint)
    made = Pairs(arguments.data, arguments.days)
    rows, larger, truth, same = collect(encoder, made, range(arguments.pairs))
    weight, bias = fit(rows, truth)
    # The program takes the mean of both sizes.
    score = (torch.sigmoid(rows @ weight + bias) + torch.sigmoid(larger @ weight + bias)) / 2
    f1, threshold = threshold_of(score, truth, same)
    result = {"pairs": arguments.pairs, "bias": round(bias.item(), 4), "threshold": round(threshold, 2),
              "strong_threshold": round(min(0.95, threshold + STRONG), 2), "f1_on_made_pairs": round(f1, 4),
              "false_alarm_share": round((score >= threshold)[same == 1].float().mean().item(), 5),
              "difference_f1_and_threshold": difference_threshold(made, range(arguments.pairs)),
              **{name: round(value, 4) for name, value in zip(CUES, weight.tolist())}}
    Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
