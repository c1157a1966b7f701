"""Writes a checkpoint's averaged weights as ONNX, fp32 and int8, and compares the fp32 file with PyTorch.

    python models/train/export.py models/runs/NAME/checkpoint.pt models/runs/NAME/model.onnx --data ../shared/data
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from onnxruntime.quantization.shape_inference import quant_pre_process

from net import Exported, new_detector
from quantise import int8_path, quantise

SIDE_PX = 640


def export(detector, path, calibration=None):
    """Writes `path` (opset 17, static shapes) and returns the largest difference from PyTorch. `calibration` is a
    table [classes, 2] of gain and offset on the logit of each class's score, see `calibrate.py`."""
    graph = Exported(detector.cpu().eval().to(memory_format=torch.contiguous_format), SIDE_PX, calibration).eval()
    example = torch.randint(0, 256, (1, 3, SIDE_PX, SIDE_PX), generator=torch.Generator().manual_seed(1)).float()
    with tempfile.TemporaryDirectory() as folder:
        raw, folded = Path(folder) / "raw.onnx", Path(folder) / "folded.onnx"
        torch.onnx.export(graph, (example,), str(raw), input_names=["image"], output_names=["boxes", "scores"],
                          opset_version=17, dynamo=False, do_constant_folding=True)
        quant_pre_process(str(raw), str(folded), skip_symbolic_shape=True)
        model = onnx.load(str(folded))
    fold_pads(model.graph)
    # The graph holds it in pieces; whoever has only the file can go on from here.
    onnx.helper.set_model_props(model, {"calibration": json.dumps(calibration)})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    difference = compare(graph, path, example)
    path.with_suffix(".json").write_text(json.dumps(difference, indent=1) + "\n", encoding="utf-8")
    print(path, f"{path.stat().st_size / 1e6:.1f} MB", difference)
    return difference


def fold_pads(graph):
    """Moves zero padding of spatial sides into the convolutions after it: quantised, a Pad of its own costs a tenth
    of the time. Constants that nothing uses any more go as well."""
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for pad in [node for node in graph.node if node.op_type == "Pad"]:
        users = [node for node in graph.node if pad.output[0] in node.input]
        amounts = constants.get(pad.input[1])
        if amounts is None or any(user.op_type != "Conv" for user in users) or amounts[[0, 1, 4, 5]].any():
            continue
        for user in users:
            pads = next(item for item in user.attribute if item.name == "pads").ints
            pads[:] = [int(old + more) for old, more in zip(pads, amounts[[2, 3, 6, 7]])]
            user.input[0] = pad.input[0]
        graph.node.remove(pad)
    used = {name for node in graph.node for name in node.input}
    for item in [item for item in graph.initializer if item.name not in used]:
        graph.initializer.remove(item)


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
    """Command line: a checkpoint in, two ONNX files out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with detect/: its pictures calibrate int8")
    parser.add_argument("--calibration", type=Path, help="calibration.json of calibrate.py")
    args = parser.parse_args()
    detector = new_detector()
    detector.load_state_dict(torch.load(args.checkpoint, map_location="cpu", weights_only=True)["average"])
    table = json.loads(args.calibration.read_text(encoding="utf-8")) if args.calibration else None
    export(detector, args.onnx, table)
    quantise(args.onnx, int8_path(args.onnx), args.data)


if __name__ == "__main__":
    main()
