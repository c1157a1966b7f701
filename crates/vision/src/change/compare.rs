//! Two dates compared by what a network sees in them: by the map of roofs and by features at several scales.
//!
//! Light and season are suppressed in three ways: the network was trained on pictures of every light and season;
//! each channel is measured by its spread over both dates and from its mean of each date; and a cell is compared
//! with the likest cell nearby, which also forgives what registration and the lean of tall things leave.

use image::RgbImage;

use super::plane::Plane;
use crate::features::{FeatureError, FeatureExtractor, FeatureMap};

/// Side of a cell of the result, pixels: the finest stride.
pub const CELL_PX: usize = 4;
/// Cells this near to the edge of a tile are taken from its neighbour, pixels.
const MARGIN_PX: u32 = 48;
/// The maps a comparison needs, by name.
pub const MAP_NAMES: [&str; 4] = ["f4", "f8", "f16", "roof"];
/// Cells on either side that are searched for the likest one, for strides 4, 8 and 16.
const FEATURE_REACH: [usize; 3] = [1, 1, 0];
/// Cells by which a roof may seem to have moved without counting as new.
const ROOF_REACH: usize = 2;

/// How scores are made and what counts as changed. The figures stand on the card of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangeSettings {
    /// A cell of at least this score is part of a change, 0..1.
    pub threshold: f32,
    /// A change reaches at least this score in a tenth of its area.
    pub strong_threshold: f32,
    /// The smallest change, square pixels.
    pub smallest_px: f64,
    /// What the cues weigh.
    pub weights: CueWeights,
}

/// Logit of a change = `bias` + weight · cue, over all cues.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CueWeights {
    /// Without any cue.
    pub bias: f32,
    /// Roof on one date that the other has nowhere near, 0..1.
    pub roof_alone: f32,
    /// The greater roof of both dates, 0..1.
    pub roof_most: f32,
    /// Feature distance at strides 4, 8 and 16, 0..2.
    pub features: [f32; 3],
    /// Feature distance at stride 16 times the greater roof of both dates.
    pub features_on_roof: f32,
}

impl Default for ChangeSettings {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            strong_threshold: 0.6,
            smallest_px: 100.0,
            weights: CueWeights {
                bias: -4.0,
                roof_alone: 6.0,
                roof_most: 1.0,
                features: [0.0, 0.5, 1.0],
                features_on_roof: 1.0,
            },
        }
    }
}

/// What a network sees of one date.
#[derive(Debug, Clone)]
pub struct DateMaps {
    /// Size of the picture.
    pub size_px: [u32; 2],
    features: [Cells; 3],
    roof: Plane,
}

/// A feature map with the channels of one cell side by side.
#[derive(Debug, Clone)]
struct Cells {
    width: usize,
    height: usize,
    channels: usize,
    values: Vec<f32>,
}

/// Scores of every cell of four pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeMap {
    /// Side of a cell, pixels.
    pub cell_px: usize,
    /// Size of the pictures that were compared.
    pub size_px: [u32; 2],
    /// How sure it is that something built appeared or disappeared, 0..1; 0 where nothing was compared.
    pub score: Plane,
    /// Roof on the second date less roof on the first, −1..1.
    pub more_roof: Plane,
    /// 1 where both dates show the cell, 0 elsewhere.
    pub compared: Plane,
}

impl DateMaps {
    /// Looks at a picture tile by tile. `tile_done` hears of every tile (done, total).
    ///
    /// # Errors
    /// A model that fails or gives other maps than [`MAP_NAMES`].
    pub fn of(
        extractor: &mut FeatureExtractor,
        picture: &RgbImage,
        tile_done: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, FeatureError> {
        let input = &extractor.card().input;
        let side = [input.width_px, input.height_px];
        let size_px = [picture.width(), picture.height()];
        let cells = |stride: usize| size_px.map(|length| (length as usize).div_ceil(stride));
        let mut features = [4, 8, 16].map(|stride| Cells::empty(cells(stride)));
        let mut roof = Cells::empty(cells(CELL_PX));
        let starts = [0, 1].map(|axis| tile_starts(size_px[axis], side[axis]));
        let total = starts[0].len() * starts[1].len();
        let mut done = 0;
        for &top in &starts[1] {
            for &left in &starts[0] {
                let maps = extractor.extract(&mirrored(picture, [left, top], side))?;
                let [f4, f8, f16, roofs] = by_name(&maps)?;
                for (target, source) in features.iter_mut().zip([f4, f8, f16]) {
                    target.take(source, [left, top]);
                }
                roof.take(roofs, [left, top]);
                done += 1;
                tile_done(done, total);
            }
        }
        Ok(Self {
            size_px,
            features,
            roof: Plane {
                width: roof.width,
                height: roof.height,
                values: roof.values,
            },
        })
    }
}

/// The maps in the order of [`MAP_NAMES`].
fn by_name(maps: &[FeatureMap]) -> Result<[&FeatureMap; 4], FeatureError> {
    let find = |name: &str| {
        maps.iter()
            .find(|map| map.name == name)
            .ok_or_else(|| FeatureError::Run {
                message: format!("a comparison needs a map named \"{name}\""),
            })
    };
    let [a, b, c, d] = MAP_NAMES;
    Ok([find(a)?, find(b)?, find(c)?, find(d)?])
}

/// Starts of tiles along one side, multiples of 16, so that every pixel is at least [`MARGIN_PX`] inside a tile or
/// that near to the picture's own edge.
fn tile_starts(length: u32, side: u32) -> Vec<u32> {
    let step = ((side.saturating_sub(2 * MARGIN_PX)) / 16).max(1) * 16;
    let mut starts = vec![0];
    let mut last = 0;
    while last + side < length {
        last += step;
        starts.push(last);
    }
    starts
}

/// A part of a picture; what lies beyond an edge is mirrored at it.
fn mirrored(picture: &RgbImage, [left, top]: [u32; 2], [width, height]: [u32; 2]) -> RgbImage {
    let fold = |at: u32, length: u32| {
        let period = 2 * length.max(1);
        let at = at % period;
        if at < length { at } else { period - 1 - at }
    };
    RgbImage::from_fn(width, height, |x, y| {
        *picture.get_pixel(fold(left + x, picture.width()), fold(top + y, picture.height()))
    })
}

impl Cells {
    fn empty([width, height]: [usize; 2]) -> Self {
        Self {
            width,
            height,
            channels: 0,
            values: Vec::new(),
        }
    }

    /// Takes the inner part of a tile that starts at `start` pixels.
    fn take(&mut self, map: &FeatureMap, start: [u32; 2]) {
        if self.values.is_empty() {
            self.channels = map.channels;
            self.values = vec![0.0; self.width * self.height * map.channels];
        }
        let stride = map.stride_px.max(1);
        // The margin is given up only where another tile lies behind it.
        let near = |axis: usize| {
            if start[axis] == 0 { 0 } else { MARGIN_PX / stride }
        };
        let first = start.map(|start| (start / stride) as usize);
        let plane = map.width * map.height;
        for y in near(1) as usize..map.height.min(self.height.saturating_sub(first[1])) {
            for x in near(0) as usize..map.width.min(self.width.saturating_sub(first[0])) {
                let target = ((first[1] + y) * self.width + first[0] + x) * self.channels;
                for channel in 0..self.channels {
                    self.values[target + channel] = map.values[channel * plane + y * map.width + x];
                }
            }
        }
    }

    fn cell(&self, x: usize, y: usize) -> &[f32] {
        &self.values[(y * self.width + x) * self.channels..][..self.channels]
    }

    /// Mean of every channel over the cells where `shown` is 1.
    fn means(&self, shown: &Plane) -> Vec<f64> {
        let mut sums = vec![0.0; self.channels];
        let mut count = 0.0f64;
        for (cell, shown) in self.values.chunks_exact(self.channels.max(1)).zip(&shown.values) {
            if *shown > 0.5 {
                count += 1.0;
                sums.iter_mut()
                    .zip(cell)
                    .for_each(|(sum, value)| *sum += f64::from(*value));
            }
        }
        sums.iter_mut().for_each(|sum| *sum /= count.max(1.0));
        sums
    }

    /// Sum of squares of every channel about `means`, and the number of cells.
    fn squares(&self, means: &[f64], shown: &Plane) -> (Vec<f64>, f64) {
        let mut sums = vec![0.0; self.channels];
        let mut count = 0.0;
        for (cell, shown) in self.values.chunks_exact(self.channels.max(1)).zip(&shown.values) {
            if *shown > 0.5 {
                count += 1.0;
                for ((sum, value), mean) in sums.iter_mut().zip(cell).zip(means) {
                    *sum += (f64::from(*value) - mean).powi(2);
                }
            }
        }
        (sums, count)
    }

    /// Every channel from its mean and by its spread, every cell then of length 1.
    fn normalised(&self, means: &[f64], spreads: &[f64]) -> Self {
        let mut values = self.values.clone();
        for cell in values.chunks_exact_mut(self.channels.max(1)) {
            for ((value, mean), spread) in cell.iter_mut().zip(means).zip(spreads) {
                *value = ((f64::from(*value) - mean) / spread) as f32;
            }
            let length = cell.iter().map(|value| value * value).sum::<f32>().sqrt();
            cell.iter_mut().for_each(|value| *value /= length + 1e-6);
        }
        Self { values, ..*self }
    }
}

impl ChangeMap {
    /// The mean of this map and one of the same pictures at twice their size: what is too small for the network at
    /// one size, or too large at the other, is seen at one of the two.
    #[must_use]
    pub fn with_enlarged(&self, enlarged: &Self) -> Self {
        let mean = |own: &Plane, other: &Plane| {
            let other = other.halved();
            let values = own
                .values
                .iter()
                .zip(other.enlarged(own.width, own.height).values)
                .map(|(a, b)| (a + b) / 2.0)
                .collect();
            Plane { values, ..*own }
        };
        Self {
            score: mean(&self.score, &enlarged.score),
            more_roof: mean(&self.more_roof, &enlarged.more_roof),
            ..self.clone()
        }
    }
}

/// Scores of what changed between two dates that lie on each other. `compared` is 1 for the pixels that both show.
#[must_use]
pub fn compare_dates(
    first: &DateMaps,
    second: &DateMaps,
    compared: &Plane,
    weights: &CueWeights,
) -> ChangeMap {
    let shown = cells_of(compared, CELL_PX);
    let (width, height) = (shown.width, shown.height);
    let distances: Vec<Plane> = (0..3)
        .map(|level| {
            let there = cells_of(compared, CELL_PX << level);
            distance(
                &first.features[level],
                &second.features[level],
                &there,
                FEATURE_REACH[level],
            )
            .enlarged(width, height)
        })
        .collect();
    let (one, two) = (&first.roof, &second.roof);
    let (one_near, two_near) = (one.extreme(ROOF_REACH, false), two.extreme(ROOF_REACH, false));
    let mut score = Plane::filled(width, height, 0.0);
    let mut more_roof = score.clone();
    for index in 0..width * height {
        let (a, b) = (one.values[index], two.values[index]);
        more_roof.values[index] = b - a;
        if shown.values[index] < 0.5 {
            continue;
        }
        let alone = (b - one_near.values[index])
            .max(a - two_near.values[index])
            .max(0.0);
        let most = a.max(b);
        let features: f32 = (0..3)
            .map(|level| weights.features[level] * distances[level].values[index])
            .sum();
        let logit = weights.bias
            + weights.roof_alone * alone
            + weights.roof_most * most
            + features
            + weights.features_on_roof * most * distances[2].values[index];
        score.values[index] = 1.0 / (1.0 + (-logit).exp());
    }
    ChangeMap {
        cell_px: CELL_PX,
        size_px: first.size_px,
        score,
        more_roof,
        compared: shown,
    }
}

/// 1 for cells all of whose pixels are 1.
fn cells_of(pixels: &Plane, side: usize) -> Plane {
    let (width, height) = (pixels.width.div_ceil(side), pixels.height.div_ceil(side));
    let whole = |index: usize| {
        let (left, top) = (index % width * side, index / width * side);
        (top..(top + side).min(pixels.height)).all(|y| {
            pixels.values[y * pixels.width + left..y * pixels.width + (left + side).min(pixels.width)]
                .iter()
                .all(|value| *value > 0.5)
        })
    };
    let values = (0..width * height)
        .map(|index| f32::from(u8::from(whole(index))))
        .collect();
    Plane {
        width,
        height,
        values,
    }
}

/// One less the cosine between a cell of one date and the likest of those nearby on the other, whichever way round
/// is the larger: 0 for the same, up to 2.
fn distance(first: &Cells, second: &Cells, shown: &Plane, reach: usize) -> Plane {
    let (first_means, second_means) = (first.means(shown), second.means(shown));
    let (one, count) = first.squares(&first_means, shown);
    let (two, other_count) = second.squares(&second_means, shown);
    let spreads: Vec<f64> = one
        .iter()
        .zip(two)
        .map(|(one, two)| ((one + two) / (count + other_count).max(1.0)).sqrt() + 1e-3)
        .collect();
    let first = first.normalised(&first_means, &spreads);
    let second = second.normalised(&second_means, &spreads);
    let values = (0..first.width * first.height)
        .map(|index| {
            let (x, y) = (index % first.width, index / first.width);
            let there = unlikeness(first.cell(x, y), &second, [x, y], reach);
            there.max(unlikeness(second.cell(x, y), &first, [x, y], reach))
        })
        .collect();
    Plane {
        width: first.width,
        height: first.height,
        values,
    }
}

fn unlikeness(cell: &[f32], among: &Cells, [x, y]: [usize; 2], reach: usize) -> f32 {
    let mut likest = f32::NEG_INFINITY;
    for v in y.saturating_sub(reach)..(y + reach + 1).min(among.height) {
        for u in x.saturating_sub(reach)..(x + reach + 1).min(among.width) {
            let other = among.cell(u, v);
            likest = likest.max(cell.iter().zip(other).map(|(a, b)| a * b).sum());
        }
    }
    1.0 - likest
}
