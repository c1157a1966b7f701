"""Writes a checkpoint's averaged weights as ONNX and compares the file with PyTorch on real-looking input."""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from net import Exported, new_detector

SIDE_PX = 640


def export(detector, path):
    """Writes `path` (opset 17, static shapes) and returns the largest difference from PyTorch."""
    graph = Exported(detector.cpu().eval().to(memory_format=torch.contiguous_format), SIDE_PX).eval()
    example = torch.randint(0, 256, (1, 3, SIDE_PX, SIDE_PX), generator=torch.Generator().manual_seed(1)).float()
    torch.onnx.export(graph, (example,), str(path), input_names=["image"], output_names=["boxes", "scores"],
                      opset_version=17, dynamo=False, do_constant_folding=True)
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    difference = compare(graph, path, example)
    path.with_suffix(".json").write_text(json.dumps(difference, indent=1) + "\n", encoding="utf-8")
    print(path, f"{path.stat().st_size / 1e6:.1f} MB", difference)
    return difference


def compare(graph, path, example):
    """Largest absolute difference of boxes (pixels) and scores between the file and PyTorch."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    smooth = torch.nn.functional.interpolate(example[:, :, ::16, ::16], size=(SIDE_PX, SIDE_PX), mode="bilinear")
    worst = {"boxes_px": 0.0, "scores": 0.0}
    for image in (example, smooth):
        with torch.no_grad():
            expected = graph(image)
        found = session.run(None, {"image": image.numpy()})
        for key, left, right in zip(worst, expected, found):
            worst[key] = max(worst[key], float(np.abs(left.numpy() - right).max()))
    return worst


def main():
    """Command line: a checkpoint in, an ONNX file out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("onnx", type=Path)
    args = parser.parse_args()
    detector = new_detector()
    detector.load_state_dict(torch.load(args.checkpoint, map_location="cpu", weights_only=True)["average"])
    export(detector, args.onnx)


if __name__ == "__main__":
    main()
