//! Whether a photo is good enough to be looked at: blur, darkness, over-exposure, haze.
//!
//! All figures are of the picture as it is, without a reference. Exposure and haze are read from a thinned copy of
//! about 200,000 pixels, blur from the most textured full-resolution patches, so that a photo of any size costs the
//! same few milliseconds.

mod edges;

use image::RgbImage;

use edges::{EdgeWidths, edge_widths};

/// Pixels of the thinned copy.
const THINNED_PX: f64 = 200_000.0;
/// Side of the blocks of the dark channel, in pixels of the thinned copy.
const DARK_BLOCK_PX: usize = 8;
/// Value from which on a channel counts as full.
const FULL_LEVEL: u8 = 250;
/// Range of levels below which a picture is of one even surface, whose haze cannot be told.
const EVEN_SURFACE_LEVELS: f64 = 24.0;

/// What was measured. Levels are 8-bit values 0..255, luma as in ITU-R BT.601.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// How wide the edges are; `None` where there are too few edges to tell.
    pub blur: Option<Blur>,
    /// Level that half of the pixels are darker than.
    pub median_level: f64,
    /// Level that 95 % of the pixels are darker than: how bright the bright parts are.
    pub bright_level: f64,
    /// Share of the pixels with two or three channels at their end (250 or more), 0..1.
    pub over_exposed_share: f64,
    /// Level of the darkest parts: the 2nd percentile, over blocks, of the smallest channel value in a block. A veil
    /// of haze lifts it, for then nothing in the picture is dark. After the dark channel of He, Sun and Tang,
    /// "Single image haze removal using dark channel prior", CVPR 2009.
    pub veil_level: f64,
    /// Levels between the 2nd and the 98th percentile of luma.
    pub contrast_levels: f64,
}

/// Widths of edges, in pixels of the photo: contrast of an edge over its steepest step, so that a step blurred
/// evenly over n pixels is n wide (the edge width of Marziliano et al., "A no-reference perceptual blur metric",
/// ICIP 2002, taken from the slope instead of the ends). Each is of the direction where it is largest, of four.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blur {
    /// 10th percentile: even the sharpest edges are this wide. Tells defocus.
    pub sharpest_px: f64,
    /// 25th percentile. Tells motion, with the ratio.
    pub typical_px: f64,
    /// Ratio of the 25th percentiles of the widest and the narrowest direction: 1.1 to 1.6 in sharp pictures, more
    /// under motion, since edges along the motion stay sharp.
    pub direction_ratio: f64,
}

/// From where on a photo is not looked at.
///
/// The defaults were chosen on the real pictures of `../shared/data` and the same pictures degraded; the test
/// `quality` prints what they let through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityLimits {
    /// Blurred if [`Blur::sharpest_px`] is at least this.
    pub defocus_px: f64,
    /// Blurred if [`Blur::typical_px`] is at least this and the direction ratio is at its limit, too.
    pub motion_px: f64,
    /// See `motion_px`.
    pub motion_ratio: f64,
    /// Too dark if [`Quality::bright_level`] is below this.
    pub bright_level: f64,
    /// Too dark if [`Quality::median_level`] is below this.
    pub median_level: f64,
    /// Over-exposed if [`Quality::over_exposed_share`] is above this.
    pub over_exposed_share: f64,
    /// Hazy if [`Quality::veil_level`] is at least this and the contrast is below its limit, too.
    pub veil_level: f64,
    /// See `veil_level`.
    pub contrast_levels: f64,
}

impl Default for QualityLimits {
    fn default() -> Self {
        Self {
            defocus_px: 3.5,
            motion_px: 2.85,
            motion_ratio: 1.5,
            bright_level: 78.0,
            median_level: 40.0,
            over_exposed_share: 0.15,
            veil_level: 115.0,
            contrast_levels: 110.0,
        }
    }
}

/// A reason not to look at a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QualityFault {
    /// Motion or defocus.
    Blurred,
    /// Too little light.
    TooDark,
    /// Large parts are at the end of the scale.
    OverExposed,
    /// A veil over everything.
    Hazy,
}

impl QualityFault {
    /// The code kept with a photo.
    pub fn code(self) -> &'static str {
        match self {
            QualityFault::Blurred => "blurred",
            QualityFault::TooDark => "too_dark",
            QualityFault::OverExposed => "over_exposed",
            QualityFault::Hazy => "hazy",
        }
    }
}

impl Quality {
    /// Measures a photo. The same pixels give the same figures.
    pub fn of(photo: &RgbImage) -> Quality {
        let thinned = Thinned::of(photo);
        let widths = edge_widths(photo);
        let level = |share| percentile(&thinned.luma, share);
        Quality {
            blur: Blur::of(&widths),
            median_level: level(0.5),
            bright_level: level(0.95),
            over_exposed_share: f64::from(thinned.over_exposed) / f64::from(thinned.pixels.max(1)),
            veil_level: percentile(&thinned.darkest, 0.02),
            contrast_levels: level(0.98) - level(0.02),
        }
    }

    /// Everything that is wrong; empty for a photo that is good enough. What cannot be told passes.
    pub fn faults(&self, limits: &QualityLimits) -> Vec<QualityFault> {
        let blurred = self.blur.is_some_and(|blur| {
            let moved = blur.typical_px >= limits.motion_px && blur.direction_ratio >= limits.motion_ratio;
            moved || blur.sharpest_px >= limits.defocus_px
        });
        let dark = self.bright_level < limits.bright_level || self.median_level < limits.median_level;
        let veiled = self.veil_level >= limits.veil_level
            && (EVEN_SURFACE_LEVELS..limits.contrast_levels).contains(&self.contrast_levels);
        let found = [
            (blurred, QualityFault::Blurred),
            (dark, QualityFault::TooDark),
            (
                self.over_exposed_share > limits.over_exposed_share,
                QualityFault::OverExposed,
            ),
            (veiled, QualityFault::Hazy),
        ];
        let faults = found.into_iter().filter(|(is_so, _)| *is_so);
        faults.map(|(_, fault)| fault).collect()
    }
}

impl Blur {
    fn of(directions: &[EdgeWidths]) -> Option<Blur> {
        let largest = |pick: fn(&EdgeWidths) -> f64| directions.iter().map(pick).fold(0.0, f64::max);
        let narrowest = directions
            .iter()
            .map(|it| it.typical_px)
            .fold(f64::INFINITY, f64::min);
        let typical_px = largest(|it| it.typical_px);
        (directions.len() > 1).then(|| Blur {
            sharpest_px: largest(|it| it.sharpest_px),
            typical_px,
            direction_ratio: typical_px / narrowest,
        })
    }
}

/// Luma of a pixel, 0..255 (ITU-R BT.601 weights over 256).
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue) + 128) >> 8) as u8
}

/// Counts over every n-th pixel of every n-th row.
struct Thinned {
    luma: [u32; 256],
    /// Of the smallest channel value in each block.
    darkest: [u32; 256],
    over_exposed: u32,
    pixels: u32,
}

impl Thinned {
    fn of(photo: &RgbImage) -> Thinned {
        let step = step_of(photo);
        let across = photo.width() as usize / step;
        let mut counted = Thinned {
            luma: [0; 256],
            darkest: [0; 256],
            over_exposed: 0,
            pixels: 0,
        };
        let rows: Vec<&[u8]> = photo
            .as_raw()
            .chunks_exact(photo.width().max(1) as usize * 3)
            .step_by(step)
            .collect();
        for band in rows.chunks(DARK_BLOCK_PX) {
            let mut blocks = vec![[u8::MAX; 2]; across.div_ceil(DARK_BLOCK_PX)];
            for row in band {
                for (column, pixel) in row.chunks_exact(3).step_by(step).take(across).enumerate() {
                    let pixel = [pixel[0], pixel[1], pixel[2]];
                    counted.luma[usize::from(luma(pixel))] += 1;
                    counted.pixels += 1;
                    let full = pixel.iter().filter(|&&value| value >= FULL_LEVEL).count();
                    counted.over_exposed += u32::from(full >= 2);
                    let darkest = pixel[0].min(pixel[1]).min(pixel[2]);
                    // The second darkest of a block: one dead or noisy pixel is no shadow.
                    let block = &mut blocks[column / DARK_BLOCK_PX];
                    if darkest < block[0] {
                        *block = [darkest, block[0]];
                    } else if darkest < block[1] {
                        block[1] = darkest;
                    }
                }
            }
            for [_, second] in blocks {
                counted.darkest[usize::from(second)] += 1;
            }
        }
        counted
    }
}

/// Pixels between two of the thinned copy.
fn step_of(photo: &RgbImage) -> usize {
    let pixels = f64::from(photo.width()) * f64::from(photo.height());
    ((pixels / THINNED_PX).sqrt().ceil() as usize).max(1)
}

/// The level that this share of the counts is at or below; 0 for no counts.
fn percentile(counts: &[u32; 256], share: f64) -> f64 {
    let total: u32 = counts.iter().sum();
    let wanted = f64::from(total) * share;
    let mut below = 0;
    let level = counts.iter().position(|&count| {
        below += count;
        f64::from(below) >= wanted && below > 0
    });
    level.map_or(0.0, |level| level as f64)
}

#[cfg(test)]
mod tests;
