"""Trains the encoder of the comparison on masks of roofs. One command, seeded, continues from its checkpoint."""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import pictures
from encoder import new_encoder

SHARES = {"banepa": 0.32, "raven": 0.20, "scenes": 0.16, "renders": 0.32}
BATCH = 8


def sample(sets, seed, number):
    """Training window `number`: the same for the same seed, whatever came before."""
    dice = np.random.default_rng((seed, number))
    names = list(sets)
    shares = np.array([SHARES[name] for name in names])
    source = sets[names[dice.choice(len(names), p=shares / shares.sum())]]
    image, mask = pictures.window(source[dice.integers(len(source))], dice)
    return pictures.other_day(image, dice), mask


def batch(sets, seed, first):
    drawn = [sample(sets, seed, first + index) for index in range(BATCH)]
    images = torch.from_numpy(np.stack([image for image, _ in drawn])).permute(0, 3, 1, 2).float()
    return images, torch.from_numpy(np.stack([mask for _, mask in drawn]))


def loss_of(logits, masks):
    """Cross-entropy on the known pixels (at stride 4, a cell is its share of roof) and overlap of the whole."""
    known = (masks != pictures.UNKNOWN).float()[:, None]
    roof = (masks == 1).float()[:, None]
    weight, target = F.avg_pool2d(known, 4), F.avg_pool2d(roof * known, 4)
    target = target / weight.clamp(min=1e-3)
    weight = (weight > 0.5).float()
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    entropy = (each * weight).sum() / weight.sum().clamp(min=1.0)
    share = torch.sigmoid(logits) * weight
    overlap = 1 - (2 * (share * target).sum() + 20) / (share.sum() + (target * weight).sum() + 20)
    return entropy + 0.5 * overlap


@torch.no_grad()
def validate(encoder, sets, windows=64):
    """F1 of the roof map at 0.5 by source, on fixed windows."""
    encoder.eval()
    result = {}
    for name, source in sets.items():
        counts = np.zeros(3)
        for number in range(windows):
            dice = np.random.default_rng((77, number))
            image, mask = pictures.window(source[number % len(source)], dice)
            image = pictures.other_day(image, dice, 0.5)
            logits = encoder(torch.from_numpy(image).permute(2, 0, 1)[None].float())[3]
            found = (F.interpolate(logits, scale_factor=4.0, mode="bilinear")[0, 0] > 0).numpy()
            known, roof = mask != pictures.UNKNOWN, mask == 1
            counts += [(found & roof).sum(), (found & known).sum(), roof.sum()]
        result[name] = 2 * counts[0] / max(1.0, counts[1] + counts[2])
        if name == "scenes":
            result[name] = counts[1] / (windows * pictures.SIDE**2)
    encoder.train()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--renders", help="folder of `simulator render --masks`")
    parser.add_argument("--renders-val")
    parser.add_argument("--out", required=True)
    parser.add_argument("--windows", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    # Layers this small lose more to waiting for each other than a second thread gives.
    torch.set_num_threads(1)
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    train = pictures.load(arguments.data, arguments.renders, "train")
    val = pictures.load(arguments.data, arguments.renders_val, "val")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = new_encoder().to(device, memory_format=torch.channels_last).train()
    groups = [{"params": encoder.backbone_parameters(), "lr": 3e-4}, {"params": encoder.new_parameters(), "lr": 2e-3}]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-4)
    rates = [group["lr"] for group in groups]
    checkpoint, first, minutes = out / "checkpoint.pt", 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=False)
        encoder.load_state_dict(state["encoder"])
        optimiser.load_state_dict(state["optimiser"])
        first, minutes = state["windows"], state["minutes"]
    started, total = time.time(), 0.0
    for number in range(first, arguments.windows, BATCH):
        done = number / arguments.windows
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * min(1.0, (number + BATCH) / 400) * (0.02 + 0.49 * (1 + math.cos(math.pi * done)))
        images, masks = batch(train, arguments.seed, number)
        loss = loss_of(encoder(images.to(device, memory_format=torch.channels_last))[3], masks.to(device))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 5.0)
        optimiser.step()
        total = 0.98 * total + 0.02 * loss.item() if total else loss.item()
        step = number // BATCH
        if step % 20 == 19:
            spent = minutes + (time.time() - started) / 60
            print(f"{number + BATCH} windows, {spent:.1f} min, loss {total:.3f}", flush=True)
        if step % 100 == 99 or number + BATCH >= arguments.windows:
            spent = minutes + (time.time() - started) / 60
            state = {"encoder": encoder.state_dict(), "optimiser": optimiser.state_dict(), "windows": number + BATCH,
                     "minutes": spent, "seed": arguments.seed}
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
            print({name: round(float(value), 3) for name, value in validate(encoder.cpu(), val).items()}, flush=True)
            encoder.to(device)


if __name__ == "__main__":
    main()
