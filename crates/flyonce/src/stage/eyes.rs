//! The models of one worker, each with its detector: which tiles of a photo each is to look at, what it finds there,
//! and that a thing which several active models found is one thing.

use std::time::Instant;

use anyhow::Result;
use image::RgbImage;
use store::looks::ModelLook;
use store::rows::{ModelRole, NewDetection, PhotoRow, Problem};
use store::tiles::TileRow;
use vision::{Card, Detection, Detector, intersection_over_union};

use crate::stage::choose::Chooser;
use crate::stage::look::{
    LookTimes, SAME_THING_SHARE, Sight, detect, micros, not_found_before, rows, share_of_smaller,
};
use crate::workplace::Workplace;

/// Code of a shadow model that did not run on a photo; it is tried again with the next look.
pub const FAILED: &str = "failed";

/// Overlap of the boxes of two models whose cards do not say when two boxes are one thing.
const USUAL_IOU: f64 = 0.5;

/// A model of a worker.
pub struct Eye {
    /// The loaded model.
    pub detector: Detector,
    /// As what it looks.
    pub role: ModelRole,
}

/// The tiles of a photo for one model.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Those it has not looked at.
    pub pending: Vec<TileRow>,
    /// Whether it looked at others before.
    pub is_further: bool,
}

/// What one model found in the pending tiles of a photo.
#[derive(Debug, Default)]
pub struct Found {
    detections: Vec<Detection>,
    problem: Option<Problem>,
    took_us: u64,
}

impl Eye {
    /// The card of the model.
    pub fn card(&self) -> &Card {
        self.detector.card()
    }

    /// Whether leads are made of what it finds.
    pub fn is_active(&self) -> bool {
        self.role == ModelRole::Active
    }

    /// Chooses tiles for this model. `queue`: photos that get further tiles are queued to be looked at again.
    pub fn chooser<'c>(&'c self, workplace: &'c Workplace, queue: bool) -> Chooser<'c> {
        Chooser {
            workplace,
            card: self.card(),
            role: self.role,
            looks: workplace.config.settings.looks,
            queue,
        }
    }

    /// Looks at the pending tiles. A shadow model that does not run is no reason to lose what the others find: that
    /// is noted with the photo.
    ///
    /// # Errors
    /// An active model that does not run.
    pub fn look(&mut self, picture: &RgbImage, plan: &Plan, times: &mut LookTimes) -> Result<Found> {
        if plan.pending.is_empty() {
            return Ok(Found::default());
        }
        let looking = Instant::now();
        let mut own = LookTimes::default();
        let detections = detect(&mut self.detector, picture, &plan.pending, &mut own);
        let took_us = micros(looking.elapsed());
        match (self.role, detections) {
            (ModelRole::Active, detections) => {
                times.add(&own);
                Ok(Found::of(detections?, took_us))
            }
            (ModelRole::Shadow, Ok(detections)) => {
                times.shadow_us += took_us;
                times.shadow_tiles += own.tiles;
                Ok(Found::of(detections, took_us))
            }
            (ModelRole::Shadow, Err(error)) => {
                let text = format!("{error:#}");
                tracing::warn!(model = %self.card().name, error = %text, "shadow model failed");
                Ok(Found {
                    problem: Some(Problem {
                        code: FAILED.to_owned(),
                        detail_json: serde_json::to_string(&text).ok(),
                    }),
                    ..Found::default()
                })
            }
        }
    }

    /// What is to be written down: rows of what it found, with places where the photo has a pose.
    ///
    /// # Errors
    /// A stored pose that cannot be read.
    pub fn result(&self, photo: &PhotoRow, plan: &Plan, found: Found) -> Result<ModelLook> {
        let sight = Sight::of(photo, self.card())?;
        let tiles = match found.problem {
            Some(_) => Vec::new(),
            None => plan.pending.iter().map(|row| row.tile_index).collect(),
        };
        Ok(ModelLook {
            model_sha256: self.card().sha256.clone(),
            role: self.role,
            tiles,
            detections: rows(photo, sight.as_ref(), self.card(), &found.detections),
            problem: found.problem,
            took_us: found.took_us,
        })
    }

    /// Of a photo that this model did not look into.
    pub fn nothing(&self) -> ModelLook {
        ModelLook {
            model_sha256: self.card().sha256.clone(),
            role: self.role,
            tiles: Vec::new(),
            detections: Vec::new(),
            problem: None,
            took_us: 0,
        }
    }

    fn same_thing_iou(&self) -> f64 {
        self.card().merge.as_ref().map_or(USUAL_IOU, |merge| merge.iou)
    }
}

impl Plan {
    /// From the tiles of a photo.
    pub fn of(chosen: &[TileRow]) -> Self {
        let pending: Vec<TileRow> = chosen.iter().filter(|row| !row.looked).copied().collect();
        Self {
            is_further: pending.len() < chosen.len(),
            pending,
        }
    }
}

impl Found {
    fn of(detections: Vec<Detection>, took_us: u64) -> Self {
        Self {
            detections,
            problem: None,
            took_us,
        }
    }

    /// Leaves out what an earlier look found.
    pub fn leave_out(&mut self, before: &[NewDetection]) {
        self.detections = not_found_before(std::mem::take(&mut self.detections), before);
    }
}

/// Leaves one of the things that several active models found, the one with the higher score: boxes of one class that
/// overlap as much as those of one model would have to, or that lie in each other. What several *classes* of a matter
/// were reported for is joined later (`findings`), where the catalogue is known.
pub fn one_of_each_thing(eyes: &[Eye], found: &mut [Found]) {
    let mut of_active: Vec<(&Eye, &mut Vec<Detection>)> = eyes
        .iter()
        .zip(found)
        .filter(|(eye, _)| eye.is_active())
        .map(|(eye, found)| (eye, &mut found.detections))
        .collect();
    if of_active.len() < 2 {
        return;
    }
    let iou = of_active
        .iter()
        .map(|(eye, _)| eye.same_thing_iou())
        .fold(1.0, f64::min);
    let taken: Vec<Vec<Detection>> = of_active
        .iter_mut()
        .map(|(_, detections)| std::mem::take(*detections))
        .collect();
    for ((_, detections), kept) in of_active.into_iter().zip(best_of_each(taken, iou)) {
        *detections = kept;
    }
}

/// The detections of each model without those that another model has better; ties go to the earlier model.
fn best_of_each(models: Vec<Vec<Detection>>, iou: f64) -> Vec<Vec<Detection>> {
    let mut kept: Vec<Vec<Detection>> = models.iter().map(|_| Vec::new()).collect();
    let numbered = models.into_iter().enumerate();
    let mut all: Vec<(usize, Detection)> = numbered
        .flat_map(|(model, detections)| detections.into_iter().map(move |one| (model, one)))
        .collect();
    // Stable: within a model, and between models of equal score, the given order stays.
    all.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
    for (model, one) in all {
        let same = |other: &Detection| {
            other.class == one.class
                && (intersection_over_union(&other.box_px, &one.box_px) >= iou
                    || share_of_smaller(other.box_px, one.box_px) > SAME_THING_SHARE)
        };
        let others = kept.iter().enumerate().filter(|(other, _)| *other != model);
        let is_known = others.flat_map(|(_, detections)| detections).any(same);
        if !is_known {
            kept[model].push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(class: &str, score: f32, box_px: [f64; 4]) -> Detection {
        Detection {
            class_index: 0,
            class: class.to_owned(),
            score,
            box_px,
        }
    }

    #[test]
    fn of_what_two_models_found_the_better_one_stays() {
        let first = vec![
            thing("shed", 0.9, [0.0, 0.0, 100.0, 100.0]),
            thing("shed", 0.4, [300.0, 0.0, 400.0, 100.0]),
            thing("shed", 0.8, [600.0, 0.0, 700.0, 100.0]),
        ];
        let second = vec![
            thing("shed", 0.7, [5.0, 5.0, 105.0, 105.0]),
            thing("shed", 0.5, [310.0, 0.0, 400.0, 100.0]),
            thing("heap", 0.6, [600.0, 0.0, 700.0, 100.0]),
            // A piece of what the first saw whole.
            thing("shed", 0.3, [610.0, 10.0, 640.0, 40.0]),
            thing("shed", 0.2, [900.0, 0.0, 990.0, 100.0]),
        ];
        let [one, two] = best_of_each(vec![first.clone(), second.clone()], 0.5)
            .try_into()
            .unwrap();
        assert_eq!(one, [first[0].clone(), first[2].clone()]);
        assert_eq!(two, [second[2].clone(), second[1].clone(), second[4].clone()]);
    }

    #[test]
    fn the_boxes_of_one_model_are_left_to_its_own_rules() {
        let crowd = vec![
            thing("shed", 0.9, [0.0, 0.0, 100.0, 100.0]),
            thing("shed", 0.8, [10.0, 0.0, 110.0, 100.0]),
        ];
        assert_eq!(best_of_each(vec![crowd.clone(), vec![]], 0.5)[0], crowd);
    }
}
