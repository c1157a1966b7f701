//! One tile of a photo to the model's input tensor: resize, pad, reorder.
//!
//! Each tile is resized straight from the photo: the resizer reads neighbours beyond the tile's edge, so the
//! pixels are those of a photo resized as a whole, without a second picture in memory. The overlap of the tiles
//! is resized twice, which costs a few per cent of the time of the model.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use crate::tile::TileRect;

/// Grey that fills the input beside the photo.
const PADDING: u8 = 114;

/// The buffers of one worker, used again for every tile.
pub(crate) struct TileInput {
    width_px: u32,
    height_px: u32,
    resizer: Resizer,
    resized: Vec<u8>,
    /// `[3, height, width]`, values 0..255.
    pub(crate) tensor: Vec<f32>,
}

/// Where a resized tile lies: its size in the model's input and its place in the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    /// Width and height in model pixels; the rest of the input is padding.
    pub(crate) size_model_px: [u32; 2],
    tile: TileRect,
}

impl Placement {
    /// For a tile already cut to the photo. `None` where it is larger than the input at this scale; one photo
    /// pixel too many, as rounding of tile sizes gives, is squeezed in.
    pub(crate) fn of(tile: TileRect, scale: f64, input_px: [u32; 2]) -> Option<Placement> {
        let fit = |photo_px: u32, input_px: u32| {
            let too_large = f64::from(photo_px - 1) * scale > f64::from(input_px);
            let model_px = (f64::from(photo_px) * scale)
                .round()
                .clamp(1.0, f64::from(input_px));
            (!too_large).then_some(model_px as u32)
        };
        let size_model_px = [
            fit(tile.width_px, input_px[0])?,
            fit(tile.height_px, input_px[1])?,
        ];
        Some(Placement { size_model_px, tile })
    }

    /// For a tile that is exactly the model's input.
    pub(crate) fn whole(tile: TileRect) -> Placement {
        Placement {
            size_model_px: [tile.width_px, tile.height_px],
            tile,
        }
    }

    /// A box in model pixels to photo pixels, cut to the tile; `None` where nothing of it is on the photo.
    pub(crate) fn photo_from_model(&self, box_model_px: [f32; 4]) -> Option<[f64; 4]> {
        // Cut in model pixels, where the edge is a whole number: rounding then leaves no hair's breadth of a box.
        let [across, down] = self.size_model_px.map(f64::from);
        let [left, top, right, bottom] = box_model_px.map(f64::from);
        let [left, right] = [left, right].map(|x| x.clamp(0.0, across));
        let [top, bottom] = [top, bottom].map(|y| y.clamp(0.0, down));
        let tile = &self.tile;
        let x = |model: f64| f64::from(tile.x_px) + f64::from(tile.width_px) * (model / across);
        let y = |model: f64| f64::from(tile.y_px) + f64::from(tile.height_px) * (model / down);
        let box_px = [x(left), y(top), x(right), y(bottom)];
        (box_px[0] < box_px[2] && box_px[1] < box_px[3]).then_some(box_px)
    }
}

impl TileInput {
    /// Buffers for an input of this size in model pixels.
    pub(crate) fn new(width_px: u32, height_px: u32) -> Self {
        let pixels = width_px as usize * height_px as usize;
        Self {
            width_px,
            height_px,
            resizer: Resizer::new(),
            resized: vec![PADDING; pixels * 3],
            tensor: vec![f32::from(PADDING); pixels * 3],
        }
    }

    /// Resizes the tile into the 8-bit buffer. Triangle filter, widened when shrinking so that nothing aliases.
    pub(crate) fn resize(&mut self, photo: &RgbImage, placement: &Placement) -> Result<(), String> {
        let [width, height] = placement.size_model_px;
        let tile = &placement.tile;
        // The typed views keep the compiler from building the resizer for every pixel type there is.
        let source = TypedImageRef::<U8x3>::from_buffer(photo.width(), photo.height(), photo.as_raw())
            .map_err(|cause| cause.to_string())?;
        let bytes = width as usize * height as usize * 3;
        let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut self.resized[..bytes])
            .map_err(|cause| cause.to_string())?;
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
            .use_alpha(false)
            .crop(
                tile.x_px.into(),
                tile.y_px.into(),
                tile.width_px.into(),
                tile.height_px.into(),
            );
        self.resizer
            .resize_typed(&source, &mut target, &options)
            .map_err(|cause| cause.to_string())
    }

    /// Spreads the 8-bit buffer into the planes of the tensor and pads the rest.
    pub(crate) fn fill(&mut self, placement: &Placement) {
        let [width, height] = placement.size_model_px.map(|size| size as usize);
        let (full_width, full_height) = (self.width_px as usize, self.height_px as usize);
        let grey = f32::from(PADDING);
        for (channel, plane) in self.tensor.chunks_exact_mut(full_width * full_height).enumerate() {
            let (content, below) = plane.split_at_mut(height * full_width);
            let rows = self.resized.chunks_exact(width * 3);
            for (target, source) in content.chunks_exact_mut(full_width).zip(rows) {
                let (pixels, beside) = target.split_at_mut(width);
                for (value, pixel) in pixels.iter_mut().zip(source.chunks_exact(3)) {
                    *value = f32::from(pixel[channel]);
                }
                beside.fill(grey);
            }
            below.fill(grey);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use proptest::prelude::*;

    use super::*;

    fn tile(x_px: u32, y_px: u32, width_px: u32, height_px: u32) -> TileRect {
        TileRect {
            x_px,
            y_px,
            width_px,
            height_px,
        }
    }

    fn at(input: &TileInput, x: usize, y: usize) -> [f32; 3] {
        let plane = (input.width_px * input.height_px) as usize;
        let index = y * input.width_px as usize + x;
        [0, 1, 2].map(|channel| input.tensor[channel * plane + index])
    }

    #[test]
    fn pixels_keep_place_and_channel_and_the_rest_is_grey() {
        let photo = RgbImage::from_fn(50, 40, |x, y| Rgb([x as u8, y as u8, 200]));
        let mut input = TileInput::new(32, 32);
        let placement = Placement::of(tile(30, 20, 20, 20), 1.0, [32, 32]).unwrap();
        input.resize(&photo, &placement).unwrap();
        input.fill(&placement);
        assert_eq!(at(&input, 0, 0), [30.0, 20.0, 200.0]);
        assert_eq!(at(&input, 19, 7), [49.0, 27.0, 200.0]);
        for (x, y) in [(20, 0), (31, 19), (0, 20), (31, 31)] {
            assert_eq!(at(&input, x, y), [114.0; 3], "({x}, {y})");
        }
    }

    #[test]
    fn a_shrunk_tile_has_the_pixels_of_the_shrunk_photo() {
        let photo = RgbImage::from_fn(160, 120, |x, y| {
            Rgb([(x * 37 % 256) as u8, (y * 53 % 256) as u8, (x * y) as u8])
        });
        let mut whole = TileInput::new(64, 64);
        let placement = Placement::of(tile(0, 0, 120, 120), 0.5, [64, 64]).unwrap();
        whole.resize(&photo, &placement).unwrap();
        whole.fill(&placement);
        let mut part = TileInput::new(32, 32);
        let placement = Placement::of(tile(40, 60, 40, 40), 0.5, [32, 32]).unwrap();
        part.resize(&photo, &placement).unwrap();
        part.fill(&placement);
        for (x, y) in [(0, 0), (0, 9), (19, 0), (19, 19), (7, 3)] {
            assert_eq!(at(&part, x, y), at(&whole, x + 20, y + 30), "({x}, {y})");
        }
    }

    proptest! {
        /// A tile's own outline goes to the tile's outline in the photo, whatever the scale.
        #[test]
        fn the_outline_comes_back(x in 0u32..4000, y in 0u32..4000, w in 1u32..900, h in 1u32..900, scale in 0.1..2.0f64) {
            let tile = tile(x, y, w, h);
            let Some(placement) = Placement::of(tile, scale, [640, 640]) else {
                prop_assert!(f64::from(w.max(h) - 1) * scale > 640.0);
                return Ok(());
            };
            let [width, height] = placement.size_model_px.map(|size| size as f32);
            let outline = placement.photo_from_model([-5.0, 0.0, width, height + 1.0]).unwrap();
            let wanted = [x, y, x + w, y + h].map(f64::from);
            prop_assert!(outline.iter().zip(wanted).all(|(got, want)| (got - want).abs() < 1e-6));
            prop_assert_eq!(placement.photo_from_model([width, 0.0, width + 9.0, height]), None);
        }
    }
}
