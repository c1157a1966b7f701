//! What is in a picture and what was found in it.

use serde::{Deserialize, Serialize};

/// A box that is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TruthBox {
    /// Index of the class.
    pub class: usize,
    /// Left, top, width, height, px.
    pub xywh_px: [f64; 4],
    /// Area that decides about the size range, px²: of the outline where there is one, else of the box.
    pub area_px2: f64,
    /// A region to be ignored: finds in it count neither way, and any number of them may lie in it.
    pub crowd: bool,
}

/// A box that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundBox {
    /// Index of the class.
    pub class: usize,
    /// Left, top, width, height, px.
    pub xywh_px: [f64; 4],
    /// Score, 0 to 1.
    pub score: f64,
}

/// One picture with both.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Picture {
    /// What is there.
    pub truths: Vec<TruthBox>,
    /// What was found.
    pub found: Vec<FoundBox>,
    /// For each class, whether the picture was labelled for it. Where not, a find is neither right nor wrong.
    pub judged: Vec<bool>,
}

impl Picture {
    /// Whether the picture was labelled for a class.
    pub fn is_judged(&self, class: usize) -> bool {
        self.judged.get(class).copied().unwrap_or(false)
    }
}

/// Intersection over union of a find and a truth. Of a crowd region, the share of the find inside it, as the COCO
/// benchmark has it.
pub fn overlap(found_px: &[f64; 4], truth_px: &[f64; 4], crowd: bool) -> f64 {
    let [found_x, found_y, found_w, found_h] = *found_px;
    let [truth_x, truth_y, truth_w, truth_h] = *truth_px;
    let width = (found_w + found_x).min(truth_w + truth_x) - found_x.max(truth_x);
    let height = (found_h + found_y).min(truth_h + truth_y) - found_y.max(truth_y);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let shared = width * height;
    let (found_area, truth_area) = (found_w * found_h, truth_w * truth_h);
    shared
        / if crowd {
            found_area
        } else {
            found_area + truth_area - shared
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_of_boxes_that_can_be_reckoned_by_hand() {
        let found = [0.0, 0.0, 10.0, 10.0];
        assert_eq!(overlap(&found, &[5.0, 0.0, 10.0, 10.0], false), 50.0 / 150.0);
        assert_eq!(overlap(&found, &[5.0, 0.0, 100.0, 100.0], true), 0.5);
        assert_eq!(overlap(&found, &[10.0, 0.0, 5.0, 5.0], false), 0.0);
    }
}
