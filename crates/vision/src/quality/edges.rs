//! Widths of the edges of a photo in four directions.
//!
//! A line of pixels is cut into runs that only rise or only fall. The width of a run is its contrast over its
//! steepest step. Lines are smoothed across, not along, and a run counts only where the gradient points along the
//! line, so that an edge is measured square to itself.

use image::RgbImage;

use super::luma;

/// Side of a patch in pixels.
const PATCH_PX: usize = 128;
/// Sectors across and down; the most textured patch of each is read.
const SECTORS: [usize; 2] = [6, 4];
/// Least contrast of a run, in levels: well above noise and JPEG blocks.
const CONTRAST_LEVELS: i32 = 32;
/// Steps up to this are level, in quarters of a level (lines are sums of four).
const LEVEL_STEP_QUARTERS: i32 = 3;
/// Fewer edges than this tell nothing of a direction.
const LEAST_EDGES: usize = 40;
/// Edges wider than this are gradients of light; counted in the last bin.
const WIDEST_PX: f32 = 32.0;
/// Bins of a pixel in the counts of widths.
const BINS_PER_PX: f32 = 16.0;

/// What the edges of one direction are like, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct EdgeWidths {
    /// 10th percentile.
    pub(super) sharpest_px: f64,
    /// 25th percentile.
    pub(super) typical_px: f64,
}

/// The directions with enough edges, of right, down, down right and up right.
pub(super) fn edge_widths(photo: &RgbImage) -> Vec<EdgeWidths> {
    let patches = textured_patches(photo);
    // A large photo has edges to spare.
    let every = if patches.len() * 2 >= SECTORS[0] * SECTORS[1] {
        3
    } else {
        1
    };
    let mut counts: [WidthCounts; 4] = std::array::from_fn(|_| WidthCounts::new());
    let mut patch = LumaPatch::default();
    for corner in patches {
        patch.read(photo, corner);
        for (direction, counts) in DIRECTIONS.iter().zip(&mut counts) {
            patch.scan(*direction, every, counts);
        }
    }
    counts.iter().filter_map(WidthCounts::widths).collect()
}

/// Right, down, down right, up right, as steps in x and y.
const DIRECTIONS: [[isize; 2]; 4] = [[1, 0], [0, 1], [1, 1], [1, -1]];

/// Upper left corners of the most textured patch of each sector.
fn textured_patches(photo: &RgbImage) -> Vec<[usize; 2]> {
    let size = [photo.width() as usize, photo.height() as usize];
    let cells = size.map(|side| (side / PATCH_PX).max(1));
    let sectors = [0, 1].map(|axis| cells[axis].min(SECTORS[axis]));
    let mut best: Vec<Option<(u64, [usize; 2])>> = vec![None; sectors[0] * sectors[1]];
    for row in 0..cells[1] {
        for column in 0..cells[0] {
            let corner = [column * PATCH_PX, row * PATCH_PX];
            let sector = (row * sectors[1] / cells[1]) * sectors[0] + column * sectors[0] / cells[0];
            let texture = texture(photo, corner);
            if best[sector].is_none_or(|(most, _)| texture > most) {
                best[sector] = Some((texture, corner));
            }
        }
    }
    best.into_iter().flatten().map(|(_, corner)| corner).collect()
}

/// Sum of the differences between pixels 8 apart, each up to 64 levels, so that one bright spot is not all.
fn texture(photo: &RgbImage, [left, top]: [usize; 2]) -> u64 {
    const APART: usize = 8;
    let stride = photo.width() as usize * 3;
    let bytes = photo.as_raw();
    let right = (left + PATCH_PX).min(photo.width() as usize);
    let bottom = (top + PATCH_PX).min(photo.height() as usize);
    let mut above: Vec<u8> = Vec::new();
    let mut sum = 0;
    for row in (top..bottom).step_by(APART) {
        let here: Vec<u8> = (left..right)
            .step_by(APART)
            .map(|x| {
                let at = row * stride + x * 3;
                luma([bytes[at], bytes[at + 1], bytes[at + 2]])
            })
            .collect();
        let along = here.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
        let down = here.iter().zip(&above).map(|(a, b)| a.abs_diff(*b));
        sum += along.chain(down).map(|step| u64::from(step.min(64))).sum::<u64>();
        above = here;
    }
    sum
}

/// Luma of one patch.
#[derive(Default)]
struct LumaPatch {
    width: usize,
    height: usize,
    values: Vec<i32>,
}

impl LumaPatch {
    fn read(&mut self, photo: &RgbImage, [left, top]: [usize; 2]) {
        let (photo_width, photo_height) = (photo.width() as usize, photo.height() as usize);
        self.width = PATCH_PX.min(photo_width - left);
        self.height = PATCH_PX.min(photo_height - top);
        self.values.clear();
        for row in top..top + self.height {
            let start = (row * photo_width + left) * 3;
            let pixels = photo.as_raw()[start..start + self.width * 3].chunks_exact(3);
            self.values
                .extend(pixels.map(|pixel| i32::from(luma([pixel[0], pixel[1], pixel[2]]))));
        }
    }

    /// Counts the edges along every n-th line of one direction.
    fn scan(&self, [dx, dy]: [isize; 2], every: usize, counts: &mut WidthCounts) {
        if self.width < 16 || self.height < 16 {
            return;
        }
        let width = self.width.cast_signed();
        let (along, across) = (dx + dy * width, dx * width - dy);
        let step_px = ((dx * dx + dy * dy) as f32).sqrt();
        for [x, y] in self.starts([dx, dy], every) {
            let fits = |step: isize, at: usize, side: usize| match step {
                1 => side - 1 - at,
                -1 => at,
                _ => usize::MAX,
            };
            let length = fits(dx, x, self.width).min(fits(dy, y, self.height));
            let start = (y * self.width + x).cast_signed();
            self.scan_line(start, length, [along, across], step_px, counts);
        }
    }

    /// Where the lines of a direction begin, one pixel inside the patch.
    fn starts(&self, [dx, dy]: [isize; 2], every: usize) -> Vec<[usize; 2]> {
        let columns = (1..self.width - 1).step_by(every);
        let rows = (1..self.height - 1).step_by(every);
        match (dx, dy) {
            (_, 0) => rows.map(|y| [1, y]).collect(),
            (0, _) => columns.map(|x| [x, 1]).collect(),
            (_, 1) => columns
                .map(|x| [x, 1])
                .chain(rows.skip(1).map(|y| [1, y]))
                .collect(),
            _ => {
                let bottom = self.height - 2;
                let rows = rows.filter(|&y| y < bottom);
                columns.map(|x| [x, bottom]).chain(rows.map(|y| [1, y])).collect()
            }
        }
    }

    fn scan_line(
        &self,
        start: isize,
        length: usize,
        [along, across]: [isize; 2],
        step_px: f32,
        counts: &mut WidthCounts,
    ) {
        let value = |at: isize| self.values[at.cast_unsigned()];
        let smoothed = |at: isize| value(at - across) + 2 * value(at) + value(at + across);
        if length < 8 {
            return;
        }
        let mut before = smoothed(start);
        let mut run = Run::default();
        // A run cut by the border of the patch is not known whole: neither the first nor the last is counted.
        let mut is_first = true;
        for index in 1..length.cast_signed() {
            let at = start + along * index;
            let here = smoothed(at);
            let step = here - before;
            before = here;
            let sign = if step.abs() > LEVEL_STEP_QUARTERS {
                step.signum()
            } else {
                0
            };
            if sign != run.sign {
                if run.sign != 0 && !is_first && run.contrast >= 4 * CONTRAST_LEVELS {
                    let slant = 2 * (value(run.steepest_at - across) - value(run.steepest_at + across)).abs();
                    if 2 * slant <= run.steepest {
                        counts.add(run.contrast as f32 / run.steepest as f32 * step_px);
                    }
                }
                is_first = is_first && index == 1;
                run = Run {
                    sign,
                    ..Run::default()
                };
            }
            run.contrast += step.abs();
            if step.abs() > run.steepest {
                run.steepest = step.abs();
                run.steepest_at = at;
            }
        }
    }
}

/// A stretch of a line that only rises or only falls, in quarters of a level.
#[derive(Default)]
struct Run {
    sign: i32,
    contrast: i32,
    steepest: i32,
    steepest_at: isize,
}

/// How many edges have which width.
struct WidthCounts {
    bins: Vec<u32>,
    total: usize,
}

impl WidthCounts {
    fn new() -> Self {
        Self {
            bins: vec![0; (WIDEST_PX * BINS_PER_PX) as usize + 1],
            total: 0,
        }
    }

    fn add(&mut self, width_px: f32) {
        self.bins[(width_px.min(WIDEST_PX) * BINS_PER_PX) as usize] += 1;
        self.total += 1;
    }

    fn widths(&self) -> Option<EdgeWidths> {
        (self.total >= LEAST_EDGES).then(|| EdgeWidths {
            sharpest_px: self.percentile_px(0.10),
            typical_px: self.percentile_px(0.25),
        })
    }

    fn percentile_px(&self, share: f64) -> f64 {
        let mut below = 0;
        let bin = self.bins.iter().position(|&count| {
            below += count;
            f64::from(below) >= share * self.total as f64
        });
        // The middle of the bin.
        (bin.unwrap_or(0) as f64 + 0.5) / f64::from(BINS_PER_PX)
    }
}
