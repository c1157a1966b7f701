//! Looks at every picture of a data set, as the program looks at photos, but keeps every score from a low floor on.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow};
use evaluation::picture::{FoundBox, Picture, TruthBox};
use image::RgbImage;
use survey::tiles::{TileRequest, choose_tiles};
use vision::{Card, Detector, Runtime, ScaledTile, TileRect};

use crate::lang::Words;
use crate::model::ModelInUse;
use crate::model_eval::dataset::{Dataset, Sample};
use crate::model_eval::ground_scale::GroundScale;
use crate::stage::choose::model_scale;

/// Finds below this are dropped: they are many, and move no figure.
pub const SCORE_FLOOR: f32 = 0.001;

/// Which class of the data set is which of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMap {
    /// For each class of the data set, the model's.
    pub model_class: Vec<Option<usize>>,
}

impl ClassMap {
    /// By name, after `renamed` (data set's name to model's name).
    ///
    /// # Errors
    /// A name in `renamed` that neither has; no class in common.
    pub fn of(dataset: &Dataset, card: &Card, renamed: &BTreeMap<String, String>) -> Result<Self> {
        let of_model = |name: &String| card.classes.iter().position(|class| class.id == *name);
        for (from, to) in renamed {
            if !dataset.classes.contains(from) {
                let known = dataset.classes.join(", ");
                return Err(anyhow!(
                    "--map {from}={to}: the data set has no class {from:?}, but {known}"
                ));
            }
            if of_model(to).is_none() {
                let known: Vec<&str> = card.classes.iter().map(|class| class.id.as_str()).collect();
                return Err(anyhow!(
                    "--map {from}={to}: the model has no class {to:?}, but {}",
                    known.join(", ")
                ));
            }
        }
        let model_class: Vec<Option<usize>> = dataset
            .classes
            .iter()
            .map(|name| of_model(renamed.get(name).unwrap_or(name)))
            .collect();
        if model_class.iter().all(Option::is_none) {
            let known: Vec<&str> = card.classes.iter().map(|class| class.id.as_str()).collect();
            return Err(anyhow!(
                "the data set and the model have no class in common: {} and {}; say which is which with --map",
                dataset.classes.join(", "),
                known.join(", ")
            ));
        }
        Ok(Self { model_class })
    }
}

/// What came of one picture.
#[derive(Debug, Clone)]
pub struct Looked {
    /// What is there and what was found, classes of the model, px of the picture.
    pub picture: Picture,
    /// Tiles looked at.
    pub tiles: usize,
    /// Model pixels per picture pixel.
    pub scale: f64,
    /// Why it was not looked at.
    pub refused: Option<Words>,
}

/// What a run needs.
pub struct Run<'r> {
    /// The model.
    pub model: &'r ModelInUse,
    /// ONNX Runtime.
    pub runtime: &'r Runtime,
    /// The pictures.
    pub dataset: &'r Dataset,
    /// Their scales, in the same order.
    pub scales: &'r [GroundScale],
    /// Classes.
    pub classes: &'r ClassMap,
    /// Threads.
    pub workers: usize,
    /// Largest picture, px.
    pub max_pixels: u64,
}

impl Run<'_> {
    /// Looks at all pictures, in threads that own a detector each; `done` hears of every picture. The answer is in
    /// the order of the data set and does not depend on the number of threads.
    ///
    /// # Errors
    /// A model that does not load or run. A picture that cannot be decoded is named in its answer.
    pub fn look(&self, done: &(dyn Fn() + Sync)) -> Result<Vec<Looked>> {
        let next = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<Looked>>> =
            self.dataset.samples.iter().map(|_| Mutex::new(None)).collect();
        let work = || -> Result<()> {
            let mut detector = self.model.detector(self.runtime)?;
            while let Some((index, slot)) = claim(&next, &results) {
                let looked = self.look_at(&mut detector, index).inspect_err(|_| {
                    next.store(results.len(), Ordering::Relaxed);
                })?;
                if let Ok(mut place) = slot.lock() {
                    *place = Some(looked);
                }
                done();
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.workers.max(1)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| {
                thread
                    .join()
                    .map_err(|_payload| anyhow!("a thread that looks at pictures died"))?
            })
        })?;
        let taken = results.into_iter().map(|slot| slot.into_inner().ok().flatten());
        taken
            .collect::<Option<_>>()
            .context("a picture was not looked at")
    }

    fn look_at(&self, detector: &mut Detector, index: usize) -> Result<Looked> {
        let (sample, scale) = (&self.dataset.samples[index], self.scales[index]);
        let mut looked = Looked {
            picture: self.truth(sample, detector.card()),
            tiles: 0,
            scale: 0.0,
            refused: None,
        };
        let pixels = match decode(sample, self.max_pixels) {
            Ok(pixels) => pixels,
            Err(why) => {
                looked.picture = Picture::default();
                looked.refused = Some(Words::new(
                    format!("{}:{why:#}", sample.name),
                    format!("{}: {why:#}", sample.name),
                ));
                return Ok(looked);
            }
        };
        let (tiles, factor) = tiles(&pixels, scale, detector.card())?;
        let output = detector.detect_with(&pixels, &tiles, Some(SCORE_FLOOR))?;
        looked.tiles = tiles.len();
        looked.scale = factor;
        looked.picture.found = output
            .detections
            .iter()
            .map(|found| {
                let [x0, y0, x1, y1] = found.box_px;
                FoundBox {
                    class: found.class_index,
                    xywh_px: [x0, y0, x1 - x0, y1 - y0],
                    score: f64::from(found.score),
                }
            })
            .collect();
        Ok(looked)
    }

    fn truth(&self, sample: &Sample, card: &Card) -> Picture {
        let mut judged = vec![false; card.classes.len()];
        for (class, of_model) in self.classes.model_class.iter().enumerate() {
            let labelled = sample.labelled_classes.as_ref();
            if let Some(of_model) = of_model.filter(|_| labelled.is_none_or(|only| only.contains(&class))) {
                judged[of_model] = true;
            }
        }
        let truths = sample.labels.iter().filter_map(|label| {
            Some(TruthBox {
                class: self.classes.model_class[label.class]?,
                xywh_px: label.xywh_px,
                area_px2: label.area_px2,
                crowd: label.ignore,
            })
        });
        Picture {
            truths: truths.collect(),
            found: Vec::new(),
            judged,
        }
    }
}

fn claim<'s, T>(next: &AtomicUsize, slots: &'s [T]) -> Option<(usize, &'s T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    slots.get(index).map(|slot| (index, slot))
}

/// Pixels of a picture: JPEG as the program decodes it, else PNG.
///
/// # Errors
/// A file that cannot be read or decoded, is too large, or has another size than the data set says.
pub fn decode(sample: &Sample, max_pixels: u64) -> Result<RgbImage> {
    let bytes =
        std::fs::read(&sample.file).with_context(|| format!("cannot read {}", sample.file.display()))?;
    let pixels = if bytes.starts_with(&[0xFF, 0xD8]) {
        vision::decode_jpeg(&bytes, max_pixels)?
    } else {
        image::load_from_memory(&bytes)?.into_rgb8()
    };
    let size_px = [pixels.width(), pixels.height()];
    if size_px != sample.size_px {
        let ([width, height], [said_width, said_height]) = (size_px, sample.size_px);
        return Err(anyhow!(
            "the picture has {width} × {height} px, the data set says {said_width} × {said_height}"
        ));
    }
    Ok(pixels)
}

/// The tiles of a picture, and model pixels per picture pixel.
fn tiles(pixels: &RgbImage, scale: GroundScale, card: &Card) -> Result<(Vec<ScaledTile>, f64)> {
    let plan = choose_tiles(&TileRequest {
        image_width_px: pixels.width(),
        image_height_px: pixels.height(),
        gsd_cm: Some(scale.cm_per_px),
        model_gsd_cm: card.scale.ground_scale_cm_per_px,
        tile_px: card.input.width_px.min(card.input.height_px),
        overlap_px: model_scale(card).overlap_px,
    })?;
    let scaled = |tile: &survey::tiles::TileRect| ScaledTile {
        rect: TileRect {
            x_px: tile.x_px,
            y_px: tile.y_px,
            width_px: tile.width_px,
            height_px: tile.height_px,
        },
        scale: plan.scale,
    };
    Ok((plan.tiles.iter().map(scaled).collect(), plan.scale))
}
