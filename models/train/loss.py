"""Training loss: focal class loss masked per picture and class, GIoU for boxes, predicted IoU as quality."""

import torch
from torch.nn import functional as F

from net import FAMILY_OF_CLASS, LARGEST_SIDE_PX, STRIDES, boxes_from_distances
from sources import CLASSES

CENTRE_RADIUS_STRIDES = 1.5
# A blue metal roof is a metal roof too: boxes this alike share their points.
SAME_BOX_IOU = 0.7
FOCAL_ALPHA, FOCAL_GAMMA = 0.3, 2.0


def level_limits(strides):
    """Smallest and largest reach in pixels that a point of each stride is responsible for."""
    low, limits = 0.0, {}
    for stride, high in zip(STRIDES, LARGEST_SIDE_PX):
        limits[float(stride)] = (low, high)
        low = high
    table = torch.tensor([limits[stride] for stride in strides.tolist()], device=strides.device)
    return table[:, 0], table[:, 1]


def assign(target, centres, strides, limits):
    """FCOS assignment with centre sampling. Returns box index per point and family [2,L] (-1: none),
    class targets [L,8] and the mask of class entries that count [L,8]."""
    count = centres.shape[0]
    chosen = torch.full((2, count), -1, dtype=torch.long, device=centres.device)
    wanted = torch.zeros(count, len(CLASSES), device=centres.device)
    counts = target["known"].to(centres.device).expand(count, -1).clone()
    _mask_ignored(counts, target, centres)
    boxes, labels = target["boxes"], target["labels"]
    if not len(boxes):
        return chosen, wanted, counts
    sides = torch.cat([centres[:, None] - boxes[None, :, :2], boxes[None, :, 2:] - centres[:, None]], -1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    near = (centres[:, None] - middle[None]).abs().amax(-1) < CENTRE_RADIUS_STRIDES * strides[:, None]
    near &= sides.amin(-1) > 0
    reach = sides.amax(-1)
    candidate = near & (reach > limits[0][:, None]) & (reach <= limits[1][:, None])
    area = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))[None].expand(count, -1)
    families = torch.tensor(FAMILY_OF_CLASS, device=centres.device)[labels]
    twins = _twin_classes(boxes, labels, families)
    for family in (0, 1):
        allowed = candidate & (families == family)[None]
        size, index = area.masked_fill(~allowed, float("inf")).min(1)
        found = torch.isfinite(size)
        chosen[family, found] = index[found]
        wanted[found] = torch.maximum(wanted[found], twins[family][index[found]])
    # A point near the middle of a box that another box won is no evidence against the loser's class.
    for label in labels.unique():
        shared = candidate[:, labels == label].any(1) & (wanted[:, label] == 0)
        counts[shared, label] = False
    return chosen, wanted, counts


def _twin_classes(boxes, labels, families):
    """Per family and box: the classes of all boxes of the family that are nearly the same box [2,G,8]."""
    low = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    shared = (high - low).clamp(min=0).prod(2)
    same = shared > SAME_BOX_IOU * (area[:, None] + area[None] - shared)
    classes = F.one_hot(labels, len(CLASSES)).float()
    alike = [(same & (families == family)[None]).float() @ classes for family in (0, 1)]
    return torch.stack(alike).clamp(max=1.0)


def _mask_ignored(counts, target, centres):
    for box, label in zip(target["ignore_boxes"], target["ignore_labels"]):
        inside = ((centres > box[:2]) & (centres < box[2:])).all(1)
        counts[inside, label] = False


def detector_loss(outputs, targets, centres, strides):
    """Three losses (class, box, quality) of a batch, each a scalar, and the number of positive points."""
    classes, distances, quality = outputs
    limits = level_limits(strides)
    assigned = [assign(target, centres, strides, limits) for target in targets]
    wanted = torch.stack([item[1] for item in assigned])
    counts = torch.stack([item[2] for item in assigned])
    positives = max(1.0, float((wanted * counts).sum()))
    class_loss = (_focal(classes, wanted) * counts).sum() / positives
    rows = [_positive_rows(index, item[0], target) for index, (item, target) in enumerate(zip(assigned, targets))]
    picture, point, family, truth = (torch.cat(column) for column in zip(*rows))
    if not len(picture):
        return class_loss, distances.sum() * 0, quality.sum() * 0, 0
    boxes = boxes_from_distances(distances[picture, point, family], centres[point], strides[point])
    overlap, generalised = _iou(boxes, truth)
    box_loss = (1 - generalised).mean()
    quality_loss = F.binary_cross_entropy_with_logits(quality[picture, point, family], overlap.detach().clamp(0, 1))
    return class_loss, box_loss, quality_loss, len(picture)


def _positive_rows(picture, chosen, target):
    family, point = torch.nonzero(chosen >= 0, as_tuple=True)
    return torch.full_like(point, picture), point, family, target["boxes"][chosen[family, point]]


def _focal(logits, wanted):
    """Focal loss, Lin et al. 2017, eq. 5."""
    plain = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    probability = torch.sigmoid(logits)
    miss = torch.where(wanted > 0, 1 - probability, probability)
    return torch.where(wanted > 0, FOCAL_ALPHA, 1 - FOCAL_ALPHA) * miss ** FOCAL_GAMMA * plain


def _iou(a, b):
    """IoU and generalised IoU (Rezatofighi et al. 2019) of paired boxes."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    overlap = shared / union.clamp(min=1e-6)
    return overlap, overlap - (hull - union) / hull.clamp(min=1e-6)
