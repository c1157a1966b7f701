//! What the outputs of a few pictures tell of a model.

use super::{Finding, Roles};

/// Boxes that never reach this many pixels are taken for shares of the picture.
const SHARE_OF_PICTURE: f32 = 1.5;
/// A best score this much higher with the other value range tells that the model wants that one.
const CLEARLY_BETTER: f32 = 0.2;

/// What came out over all pictures.
pub(super) struct Seen {
    least: f32,
    greatest: f32,
    greatest_side: f32,
    boxes: usize,
    turned: usize,
    not_finite: Option<String>,
    first_scores: Option<Vec<f32>>,
    changes: bool,
    pictures: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            least: f32::INFINITY,
            greatest: f32::NEG_INFINITY,
            greatest_side: 0.0,
            boxes: 0,
            turned: 0,
            not_finite: None,
            first_scores: None,
            changes: false,
            pictures: 0,
        }
    }
}

impl Seen {
    /// Takes in the outputs of one picture.
    pub(super) fn add(&mut self, roles: &Roles, outputs: &[(String, Vec<f32>)]) {
        self.pictures += 1;
        for (name, values) in outputs {
            if values.iter().any(|value| !value.is_finite()) {
                self.not_finite.get_or_insert_with(|| name.clone());
                continue;
            }
            if *name == roles.scores {
                self.least = values.iter().copied().fold(self.least, f32::min);
                self.greatest = values.iter().copied().fold(self.greatest, f32::max);
                let first = self.first_scores.get_or_insert_with(|| values.clone());
                self.changes |= first != values;
            } else if roles.boxes.as_ref() == Some(name) {
                for corners in values.chunks_exact(4) {
                    self.boxes += 1;
                    self.turned += usize::from(corners[2] < corners[0] || corners[3] < corners[1]);
                    self.greatest_side = corners
                        .iter()
                        .fold(self.greatest_side, |most, it| most.max(it.abs()));
                }
            }
        }
    }

    /// What does not fit; `best_of_unit` is the best score with values of 0..1.
    pub(super) fn findings(&self, roles: &Roles, best_of_unit: f32) -> Vec<Finding> {
        let mut found = Vec::new();
        found.extend(
            self.not_finite
                .clone()
                .map(|tensor| Finding::NotFinite { tensor }),
        );
        let logits = self.least < 0.0 || self.greatest > 1.0;
        if self.pictures > 0 && logits && self.least <= self.greatest {
            found.push(Finding::ScoresAreLogits {
                least: self.least,
                greatest: self.greatest,
            });
        }
        if roles.boxes.is_some() && self.boxes > 0 {
            if self.greatest_side > 0.0 && self.greatest_side <= SHARE_OF_PICTURE {
                found.push(Finding::BoxesAreShares {
                    greatest: self.greatest_side,
                });
            }
            let share = self.turned as f32 / self.boxes as f32;
            if share > 0.1 {
                found.push(Finding::BoxesAreNotCorners { share });
            }
        }
        if self.pictures > 1 && !self.changes && self.first_scores.is_some() {
            found.push(Finding::SameForEverything);
        }
        if !logits && best_of_unit > self.greatest + CLEARLY_BETTER && best_of_unit <= 1.0 {
            found.push(Finding::WantsUnitRange {
                bytes: self.greatest,
                unit: best_of_unit,
            });
        }
        found
    }
}
