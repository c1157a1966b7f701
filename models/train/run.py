"""Trains the detector, exports it and evaluates the export. Stopped runs continue from their checkpoint.

    python models/train/run.py --data ../shared/data --out models/runs/NAME
"""

import argparse
import json
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import sources
from export import export
from feedback import load_feedback
from loss import detector_loss
from net import new_detector, points
from quantise import int8_path, quantise
from samples import Pictures, loader

BACKBONE_RATE, HEAD_RATE, WEIGHT_DECAY = 3e-4, 1e-3, 0.02
WARM_UP_STEPS, AVERAGE_DECAY = 60, 0.995


def arguments():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with detect/ and scenes/")
    parser.add_argument("--renders", type=Path, help="folder of simulator renders with truth, optional")
    parser.add_argument("--feedback", type=Path, help="folder of `flyonce leads training-set`, optional")
    parser.add_argument("--leave-out", nargs="*", default=[], help="sets not to train on, for measuring on them")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run: checkpoint, log, export")
    parser.add_argument("--pictures", type=int, default=8000, help="training pictures to see in all")
    parser.add_argument("--decay-pictures", type=int, default=2000, help="of these, at the falling learning rate")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--side", type=int, default=448, help="side of a training picture in pixels")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


def main():
    """One run from start, or from its checkpoint, to the exported model."""
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    run = Run(args, device)
    run.train()
    model = args.out / "model.onnx"
    export(run.average, model)
    quantise(model, int8_path(model), args.data)


class Run:
    """Everything that a checkpoint holds, and the loop over it."""

    def __init__(self, args, device):
        self.args, self.device = args, device
        self.model = new_detector().to(device).to(memory_format=torch.channels_last)
        backbone = self.model.backbone_parameters()
        known = {id(weight) for weight in backbone}
        head = [weight for weight in self.model.parameters() if weight.requires_grad and id(weight) not in known]
        self.optimiser = torch.optim.AdamW([{"params": backbone, "base": BACKBONE_RATE},
                                            {"params": head, "base": HEAD_RATE}], weight_decay=WEIGHT_DECAY)
        self.average = new_detector().to(device).eval()
        self.average.load_state_dict(self.model.state_dict())
        self.seen, self.steps, self.minutes, self.per_set = 0, 0, 0.0, Counter()
        self.checkpoint = args.out / "checkpoint.pt"
        if self.checkpoint.exists():
            self._restore()

    def train(self):
        """Sees pictures up to the number asked for."""
        pictures = Pictures(self._sources(), self.args.side, self.args.seed, self.args.pictures)
        centres, strides = points(self.args.side, self.device)
        self.model.train()
        started, losses = time.time(), []
        for pixels, targets in loader(pictures, self.seen, self.args.batch, self.args.workers):
            losses.append(self._step(pixels, targets, centres, strides))
            numbers = range(self.seen, self.seen + len(targets))
            self.per_set.update(pictures.set_of(number) for number in numbers)
            self.seen, self.steps = self.seen + len(targets), self.steps + 1
            if self.steps % 25 == 0:
                self.minutes, started = self.minutes + (time.time() - started) / 60, time.time()
                self._log(np.mean(losses, 0))
                losses = []
            if self.steps % 100 == 0:
                self._save()
        self.minutes += (time.time() - started) / 60
        self._save()

    def _sources(self):
        found = sources.load_split(self.args.data, "train") + sources.load_scenes(self.args.data, held_back=False)
        if self.args.renders:
            found += sources.load_renders(self.args.renders)
        if self.args.feedback:
            found += [replace(source, dataset="feedback") for source in load_feedback(self.args.feedback, "train")]
        return [source for source in found if source.dataset not in self.args.leave_out]

    def _step(self, pixels, targets, centres, strides):
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * self._rate()
        image = pixels.to(self.device).permute(0, 3, 1, 2).float()
        targets = [{key: value.to(self.device) for key, value in target.items()} for target in targets]
        parts = detector_loss(self.model(image), targets, centres, strides)
        loss = parts[0] + parts[1] + 0.5 * parts[2]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self._follow()
        return [float(part.detach()) if torch.is_tensor(part) else float(part) for part in parts]

    def _rate(self):
        """Share of the base learning rate: warm-up, constant, then linear to 2 % over the last pictures."""
        left = (self.args.pictures - self.seen) / max(1, self.args.decay_pictures)
        return min(1.0, (self.steps + 1) / WARM_UP_STEPS) * max(0.02, min(1.0, left))

    @torch.no_grad()
    def _follow(self):
        decay = min(AVERAGE_DECAY, (self.steps + 1) / (self.steps + 10))
        current = self.model.state_dict()
        for name, value in self.average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])

    def _log(self, losses):
        line = {"pictures": self.seen, "minutes": round(self.minutes, 1), "rate": round(self._rate(), 3),
                "class": round(losses[0], 4), "box": round(losses[1], 4), "quality": round(losses[2], 4),
                "positives": round(losses[3])}
        print(json.dumps(line), flush=True)
        with open(self.args.out / "log.jsonl", "a", encoding="utf-8") as handle:
            handle.write(json.dumps(line) + "\n")

    def _save(self):
        state = {"model": self.model.state_dict(), "average": self.average.state_dict(),
                 "optimiser": self.optimiser.state_dict(), "seen": self.seen, "steps": self.steps,
                 "minutes": self.minutes, "per_set": dict(self.per_set), "seed": self.args.seed,
                 "pytorch": str(torch.__version__)}
        partial = self.checkpoint.with_suffix(".tmp")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def _restore(self):
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.seen, self.steps, self.minutes = state["seen"], state["steps"], state["minutes"]
        self.per_set = Counter(state["per_set"])


if __name__ == "__main__":
    main()
