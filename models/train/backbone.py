"""Blocks of EfficientNet-lite0 as plain convolutions, batch norms folded: what both networks here begin with."""

from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval


class Block(nn.Module):
    """Inverted residual of EfficientNet-lite with batch norms folded into its convolutions."""

    def __init__(self, source):
        super().__init__()
        expand = hasattr(source, "_expand_conv")
        self.expand = plain(fuse_conv_bn_eval(source._expand_conv, source._bn0)) if expand else None
        self.depthwise = plain(fuse_conv_bn_eval(source._depthwise_conv, source._bn1))
        self.project = plain(fuse_conv_bn_eval(source._project_conv, source._bn2))
        same_width = source._block_args.input_filters == self.project.out_channels
        self.residual = self.depthwise.stride == (1, 1) and same_width

    def forward(self, x):
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(padded(self.depthwise, y)))
        return x + y if self.residual else y


def plain(conv):
    """The same convolution without the package's own padding layer."""
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    plain = nn.Conv2d(conv.in_channels, conv.out_channels, kernel, stride, kernel // 2 if stride == 1 else 0,
                      groups=conv.groups)
    plain.load_state_dict({"weight": conv.weight, "bias": conv.bias})
    return plain


def padded(conv, x):
    """TensorFlow's SAME padding for even sides: stride 2 pads one more at the far edge."""
    if conv.stride == (1, 1):
        return conv(x)
    extra = conv.kernel_size[0] - 2
    return conv(F.pad(x, (extra // 2, extra - extra // 2) * 2))


def stem_of(backbone):
    """The first convolution, stride 2."""
    return plain(fuse_conv_bn_eval(backbone._conv_stem, backbone._bn0))
