"""The detector as SAHI sees it, and a sortie looked at the way SAHI's documentation does it."""

import time

import numpy as np
import onnxruntime
from PIL import Image
from sahi.models.base import DetectionModel
from sahi.predict import get_sliced_prediction
from sahi.prediction import ObjectPrediction

PAD_GREY = 114


class OnnxTiles:
    """A model file in one thread, with the suppression that its card asks for."""

    def __init__(self, path, card):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.side = card["input"]["width_px"]
        self.thresholds = np.array([row["threshold"] if row["trained"] else np.inf for row in card["class"]], np.float32)
        self.iou = card["merge"]["iou"]
        self.looked = 0

    def run(self, pixels):
        """Boxes, scores and classes over their thresholds in one picture of at most the model's input."""
        tile = np.full((self.side, self.side, 3), PAD_GREY, np.float32)
        part = pixels[:self.side, :self.side]
        tile[:part.shape[0], :part.shape[1]] = part
        boxes, scores = self.session.run(None, {"image": tile.transpose(2, 0, 1)[None]})
        self.looked += 1
        row, label = np.nonzero(scores[0] >= self.thresholds)
        boxes = np.clip(boxes[0][row], 0, [part.shape[1], part.shape[0]] * 2)
        keep = suppress(boxes, scores[0][row, label], label, self.iou)
        return boxes[keep], scores[0][row, label][keep], label[keep]


def suppress(boxes, scores, labels, iou):
    """Greedy suppression per class, best first."""
    order, keep = np.argsort(-scores, kind="stable"), []
    apart = boxes + (labels * 1e5)[:, None]
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    while len(order):
        first, rest = order[0], order[1:]
        keep.append(first)
        low, high = np.maximum(apart[first, :2], apart[rest, :2]), np.minimum(apart[first, 2:], apart[rest, 2:])
        shared = np.clip(high - low, 0, None).prod(1)
        order = rest[shared <= iou * (area[first] + area[rest] - shared)]
    return keep


class SahiModel(DetectionModel):
    """SAHI's view of [`OnnxTiles`]; a picture larger than the input is reduced to fit, as detectors of SAHI do."""

    def __init__(self, model, names):
        self.tiles, self.names = model, names
        super().__init__(model_path=None, model=model, device="cpu", confidence_threshold=float(model.thresholds.min()), load_at_init=False)
        self.model = model
        self.category_mapping = {str(index): name for index, name in enumerate(names)}

    def check_dependencies(self, packages=None):
        """Nothing beyond what is imported above."""

    def load_model(self):
        """Loaded already."""

    def set_model(self, model, **_):
        """Loaded already."""
        self.model = model

    @property
    def num_categories(self):
        """Number of classes."""
        return len(self.names)

    def perform_inference(self, image):
        """One picture through the model."""
        factor = min(1.0, self.tiles.side / max(image.shape[:2]))
        if factor < 1:
            size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
            image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
        boxes, scores, labels = self.tiles.run(image)
        self._original_predictions = (boxes / factor, scores, labels)

    def _create_object_prediction_list_from_original_predictions(self, shift_amount_list=None, full_shape_list=None):
        shift = (shift_amount_list or [[0, 0]])
        shift = shift[0] if isinstance(shift[0], (list, tuple)) else shift
        full = full_shape_list[0] if full_shape_list and isinstance(full_shape_list[0], (list, tuple)) else full_shape_list
        boxes, scores, labels = self._original_predictions
        found = [ObjectPrediction(bbox=box.tolist(), category_id=int(label), score=float(score),
                                  category_name=self.names[label], shift_amount=shift, full_shape=full)
                 for box, score, label in zip(boxes, scores, labels) if (box[2:] - box[:2] >= 1).all()]
        self._object_prediction_list_per_image = [found]


def sliced(model, photos, card, standard):
    """Processor seconds, tiles and detections of a sortie: decode, bring to the model's ground scale, slice, merge with
    SAHI's defaults (overlap 0.2, greedy non-maximum merging on intersection over smaller area)."""
    names = [row["id"] for row in card["class"]]
    wrapped = SahiModel(model, names)
    finds, before, started = [], model.looked, time.process_time()
    for photo in photos:
        picture = Image.open(photo).convert("RGB")
        factor = gsd_cm(photo, picture) / card["scale"]["ground_scale_cm_per_px"]
        size = (round(picture.width * factor), round(picture.height * factor))
        result = get_sliced_prediction(picture.resize(size, Image.Resampling.BOX), wrapped, slice_height=model.side,
                                       slice_width=model.side, perform_standard_pred=standard, verbose=0)
        for item in result.object_prediction_list:
            box = [value / factor for value in item.bbox.to_xyxy()]
            finds.append((photo.name, item.category.name, item.score.value, *box))
    return time.process_time() - started, model.looked - before, finds


def gsd_cm(photo, picture):
    """Ground sampling distance at nadir, from the photo's own focal length and height."""
    exif = Image.open(photo).getexif().get_ifd(0x8769)
    focal_35mm = float(exif[0xA405])
    text = photo.read_bytes()
    start = text.find(b'RelativeAltitude="') + len(b'RelativeAltitude="')
    height_m = float(text[start:text.find(b'"', start)])
    diagonal_px = np.hypot(picture.width, picture.height)
    return height_m / (focal_35mm / 43.2666 * diagonal_px) * 100
