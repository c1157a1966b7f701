//! From scores to things: cells over a threshold that hang together become one change with an outline.

use super::compare::{ChangeMap, ChangeSettings};
use super::plane::Plane;

mod outline;

use outline::{outer_border, simplified};

/// Outlines are drawn on squares of half a cell.
const PARTS_PER_CELL: usize = 2;
/// Outlines may be off by this many squares to have fewer corners.
const TOLERANCE: f64 = 0.9;
/// The direction is told only where one date shows this much more roof than the other, 0..1.
const CLEAR_DIFFERENCE: f32 = 0.35;

/// What a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Something built stands there on the second date only.
    StructureAppeared,
    /// Something built stood there on the first date only.
    StructureGone,
    /// Something is different; what, cannot be told.
    Changed,
}

/// One change between two dates.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Outer outline in pixels of the common grid, the first corner not repeated.
    pub outline_px: Vec<[f64; 2]>,
    /// Changed area, holes left out, square pixels.
    pub area_px: f64,
    /// Left, top, right, bottom, pixels.
    pub box_px: [f64; 4],
    /// Middle of the changed area, pixels.
    pub centre_px: [f64; 2],
    /// The score that a tenth of its area reaches, 0..1.
    pub score: f32,
    /// What it is.
    pub kind: ChangeKind,
}

/// The changes of a map, highest score first. Cells over the threshold count where they hang together with one
/// over the stronger threshold; what is smaller than `smallest_px` square pixels is left out.
#[must_use]
pub fn changes_of(map: &ChangeMap, settings: &ChangeSettings) -> Vec<Change> {
    let parts = Parts::of(map, settings);
    let mut changes: Vec<Change> = (1..=parts.count)
        .filter_map(|label| parts.change(map, label, settings))
        .collect();
    changes.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.area_px.total_cmp(&a.area_px)));
    changes
}

/// Which pixels of the common grid changed, row by row, as drawn by [`changes_of`] but with their holes.
#[must_use]
pub fn changed_pixels(map: &ChangeMap, settings: &ChangeSettings) -> Vec<bool> {
    let parts = Parts::of(map, settings);
    let kept: Vec<bool> = (0..=parts.count)
        .map(|label| label > 0 && parts.change(map, label, settings).is_some())
        .collect();
    let [width, height] = map.size_px.map(|side| side as usize);
    let part_px = parts.part_px;
    (0..width * height)
        .map(|index| {
            let [x, y] = [index % width, index / width].map(|at| at / part_px);
            kept[parts.labels[y.min(parts.height - 1) * parts.width + x.min(parts.width - 1)] as usize]
        })
        .collect()
}

/// The squares over the threshold, numbered by what hangs together.
struct Parts {
    width: usize,
    height: usize,
    part_px: usize,
    score: Plane,
    labels: Vec<u32>,
    count: u32,
}

impl Parts {
    fn of(map: &ChangeMap, settings: &ChangeSettings) -> Self {
        let (width, height) = (
            map.score.width * PARTS_PER_CELL,
            map.score.height * PARTS_PER_CELL,
        );
        let score = map.score.enlarged(width, height);
        let over: Vec<bool> = score
            .values
            .iter()
            .map(|score| *score >= settings.threshold)
            .collect();
        let (labels, count) = hanging_together(&over, width);
        Self {
            width,
            height,
            part_px: map.cell_px / PARTS_PER_CELL,
            score,
            labels,
            count,
        }
    }

    fn change(&self, map: &ChangeMap, label: u32, settings: &ChangeSettings) -> Option<Change> {
        let members: Vec<usize> = (0..self.labels.len())
            .filter(|index| self.labels[*index] == label)
            .collect();
        let part_px = self.part_px as f64;
        let area_px = members.len() as f64 * part_px * part_px;
        if area_px < settings.smallest_px {
            return None;
        }
        let mut scores: Vec<f32> = members.iter().map(|index| self.score.values[*index]).collect();
        scores.sort_by(f32::total_cmp);
        let score = scores[scores.len() - 1 - scores.len() / 10];
        if score < settings.strong_threshold {
            return None;
        }
        let at = |index: usize| [index % self.width, index / self.width];
        let mut box_px = [f64::INFINITY, f64::INFINITY, 0.0, 0.0];
        let mut centre_px = [0.0; 2];
        for index in &members {
            for (axis, place) in at(*index).into_iter().enumerate() {
                let place = place as f64 * part_px;
                box_px[axis] = f64::min(box_px[axis], place);
                box_px[axis + 2] = f64::max(box_px[axis + 2], place + part_px);
                centre_px[axis] += (place + part_px / 2.0) / members.len() as f64;
            }
        }
        let border = outer_border(members[0], self.width, |index| {
            self.labels.get(index) == Some(&label)
        });
        let outline_px = simplified(&border, TOLERANCE)
            .into_iter()
            .map(|corner| corner.map(|side| side * part_px))
            .collect();
        Some(Change {
            outline_px,
            area_px,
            box_px,
            centre_px,
            score,
            kind: self.kind(map, &members),
        })
    }

    fn kind(&self, map: &ChangeMap, members: &[usize]) -> ChangeKind {
        let mean = members
            .iter()
            .map(|index| {
                let [x, y] = [index % self.width, index / self.width].map(|at| at / PARTS_PER_CELL);
                map.more_roof.values[y * map.more_roof.width + x]
            })
            .sum::<f32>()
            / members.len().max(1) as f32;
        if mean > CLEAR_DIFFERENCE {
            ChangeKind::StructureAppeared
        } else if mean < -CLEAR_DIFFERENCE {
            ChangeKind::StructureGone
        } else {
            ChangeKind::Changed
        }
    }
}

/// Numbers the true squares by what hangs together over sides (not corners); 0 is none. Numbers follow the
/// order of the first square of each, row by row.
pub(crate) fn hanging_together(set: &[bool], width: usize) -> (Vec<u32>, u32) {
    let mut labels = vec![0u32; set.len()];
    let mut count = 0;
    let mut open = Vec::new();
    for start in 0..set.len() {
        if !set[start] || labels[start] != 0 {
            continue;
        }
        count += 1;
        labels[start] = count;
        open.push(start);
        while let Some(index) = open.pop() {
            let x = index % width;
            let neighbours = [
                (x > 0).then(|| index - 1),
                (x + 1 < width).then_some(index + 1),
                index.checked_sub(width),
                Some(index + width).filter(|index| *index < set.len()),
            ];
            for next in neighbours.into_iter().flatten() {
                if set[next] && labels[next] == 0 {
                    labels[next] = count;
                    open.push(next);
                }
            }
        }
    }
    (labels, count)
}

#[cfg(test)]
mod tests;
