"""Pictures at the model's ground scale, in fixed-size padded tiles, as the program cuts them."""

import numpy as np
from PIL import Image

from sources import GROUND_SCALE_CM_PER_PX

SIDE_PX, OVERLAP_PX, PAD_GREY = 640, 128, 114


def rescaled(source):
    """A picture at the model's ground scale, and the factor from its own pixels."""
    factor = source.cm_per_px / GROUND_SCALE_CM_PER_PX
    picture = Image.fromarray(source.pixels)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    resample = Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR
    return np.asarray(picture.resize(size, resample)), factor


def tile_starts(length):
    """Left or top edges of the tiles along one side; the last one ends at the picture's edge."""
    if length <= SIDE_PX:
        return [0]
    count = int(np.ceil((length - OVERLAP_PX) / (SIDE_PX - OVERLAP_PX)))
    return [round(index * (length - SIDE_PX) / (count - 1)) for index in range(count)]


def padded_tile(part):
    """A part of a picture, at most a tile large, as the model's input [1, 3, side, side]."""
    tile = np.full((SIDE_PX, SIDE_PX, 3), PAD_GREY, np.float32)
    tile[:part.shape[0], :part.shape[1]] = part
    return tile.transpose(2, 0, 1)[None]
