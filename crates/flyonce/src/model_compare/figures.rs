//! Who found what: things of a shadow model and of the active models matched photo by photo, and counted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use store::rows::{ModelRole, ModelRow};

use crate::model_compare::gather::{SeenFlight, SeenPhoto, Thing, Verdict, View};

/// Boxes of one class and photo that overlap at least this much are one thing.
pub const SAME_IOU: f64 = 0.5;

/// The whole comparison.
#[derive(Debug, Clone, Serialize)]
pub struct CompareAnswer {
    /// Flights.
    pub flights: Vec<String>,
    /// Their photos.
    pub photos: usize,
    /// Every model that looked at them, active ones first.
    pub models: Vec<ModelFigures>,
    /// Each shadow model against all active ones together.
    pub shadows: Vec<ShadowFigures>,
}

/// How much a model looked at, and found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ModelFigures {
    /// SHA-256 of the model.
    pub model_sha256: String,
    /// Name on its card.
    pub model: String,
    /// `active` or `shadow`.
    pub role: &'static str,
    /// Photos whose tiles are chosen for it.
    pub photos: usize,
    /// Photos that it looked into.
    pub photos_opened: usize,
    /// Photos that it got nothing out of, by code of why.
    pub problems: BTreeMap<String, usize>,
    /// Tiles that it looked at.
    pub tiles: usize,
    /// Things that it found.
    pub detections: usize,
    /// Ground of the flights, km²; flights without poses show none that could be measured.
    pub ground_km2: f64,
    /// Per photo.
    pub tiles_per_photo: Option<f64>,
    /// Per photo.
    pub detections_per_photo: Option<f64>,
    /// Per km² of ground, over flights that show any.
    pub tiles_per_km2: Option<f64>,
    /// Per km² of ground, over flights that show any.
    pub detections_per_km2: Option<f64>,
    /// Wall clock of the model per tile, where it was measured, milliseconds.
    pub ms_per_tile: Option<f64>,
    /// Tiles and finds of flights that show ground.
    #[serde(skip)]
    on_ground: [usize; 2],
    #[serde(skip)]
    took_us: u64,
    #[serde(skip)]
    tiles_timed: usize,
}

/// A shadow model against the active ones.
#[derive(Debug, Clone, Serialize)]
pub struct ShadowFigures {
    /// SHA-256 of the model.
    pub model_sha256: String,
    /// Name on its card.
    pub model: String,
    /// Class by class.
    pub classes: Vec<ClassCounts>,
    /// All classes together.
    pub total: ClassCounts,
}

/// Who found what of a class. All that the active models found is `both`, `only_shipped` and `shipped_outside`; all
/// that the shadow model found is `both`, `only_shadow` and `shadow_outside`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClassCounts {
    /// Class id; empty for all together.
    pub class: String,
    /// Found by both.
    pub both: usize,
    /// Found by active models only, where the shadow model looked, too.
    pub only_shipped: usize,
    /// Found by the shadow model only, where active models looked, too.
    pub only_shadow: usize,
    /// Found by active models where the shadow model did not look.
    pub shipped_outside: usize,
    /// Found by the shadow model where active models did not look.
    pub shadow_outside: usize,
    /// Finds of leads that reviewers confirmed or know, where the shadow model looked, too.
    pub real: usize,
    /// Those of them that the shadow model found, too.
    pub real_found: usize,
    /// Finds of leads that reviewers called false alarms, where the shadow model looked, too.
    pub false_alarms: usize,
    /// Those of them that the shadow model found, too.
    pub false_alarms_found: usize,
}

impl ClassCounts {
    /// Share of reviewed finds that are real, of the active models.
    pub fn shipped_precision(&self) -> Option<f64> {
        share(self.real, self.real + self.false_alarms)
    }

    /// Share of reviewed finds that are real, of those that the shadow model found, too.
    pub fn shadow_precision(&self) -> Option<f64> {
        share(self.real_found, self.real_found + self.false_alarms_found)
    }

    /// Its counts as cells of a table, in the order of the fields; of reviewed finds "found of all".
    pub fn cells(&self) -> Vec<String> {
        let found_of = |found: usize, all: usize| format!("{found}/{all}");
        vec![
            self.both.to_string(),
            self.only_shipped.to_string(),
            self.only_shadow.to_string(),
            self.shipped_outside.to_string(),
            self.shadow_outside.to_string(),
            found_of(self.real_found, self.real),
            found_of(self.false_alarms_found, self.false_alarms),
        ]
    }

    fn add(&mut self, other: &Self) {
        self.both += other.both;
        self.only_shipped += other.only_shipped;
        self.only_shadow += other.only_shadow;
        self.shipped_outside += other.shipped_outside;
        self.shadow_outside += other.shadow_outside;
        self.real += other.real;
        self.real_found += other.real_found;
        self.false_alarms += other.false_alarms;
        self.false_alarms_found += other.false_alarms_found;
    }

    fn note_verdict(&mut self, thing: &Thing, is_found: bool) {
        let (all, found) = match thing.verdict {
            None => return,
            Some(Verdict::Real) => (&mut self.real, &mut self.real_found),
            Some(Verdict::FalseAlarm) => (&mut self.false_alarms, &mut self.false_alarms_found),
        };
        *all += 1;
        *found += usize::from(is_found);
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Something that one side found and the other, which looked there, too, did not.
#[derive(Debug, Clone, Copy)]
pub struct Missed<'p> {
    /// The photo.
    pub photo: &'p SeenPhoto,
    /// The thing.
    pub thing: &'p Thing,
    /// Whether the shadow model found it.
    pub by_shadow: bool,
}

/// Compares one shadow model with the active ones.
pub fn against_active<'p>(
    photos: impl Iterator<Item = &'p SeenPhoto>,
    model: &ModelRow,
) -> (ShadowFigures, Vec<Missed<'p>>) {
    let mut classes: BTreeMap<String, ClassCounts> = BTreeMap::new();
    let mut missed = Vec::new();
    for photo in photos {
        let shadow = photo.views.get(&model.model_sha256);
        for class in class_ids(photo, shadow) {
            let counts = classes.entry(class.to_owned()).or_default();
            missed.extend(match_class(photo, shadow, class, counts));
        }
    }
    let mut total = ClassCounts::default();
    for (class, counts) in &mut classes {
        counts.class.clone_from(class);
        total.add(counts);
    }
    let figures = ShadowFigures {
        model_sha256: model.model_sha256.clone(),
        model: model.name.clone(),
        classes: classes.into_values().collect(),
        total,
    };
    (figures, missed)
}

fn class_ids<'p>(photo: &'p SeenPhoto, shadow: Option<&'p View>) -> BTreeSet<&'p str> {
    let things = photo.active().chain(shadow).flat_map(|view| &view.things);
    things.map(|thing| thing.class.as_str()).collect()
}

/// Matches one class in one photo: the surest find first, each with the box that fits it best.
fn match_class<'p>(
    photo: &'p SeenPhoto,
    shadow: Option<&'p View>,
    class: &str,
    counts: &mut ClassCounts,
) -> Vec<Missed<'p>> {
    let of_class = |views: Vec<&'p View>| {
        let things = views.into_iter().flat_map(|view| &view.things);
        let mut things: Vec<&Thing> = things.filter(|thing| thing.class == class).collect();
        things.sort_by(|a, b| b.score.total_cmp(&a.score));
        things
    };
    let shipped = of_class(photo.active().collect());
    let mut alone = of_class(shadow.into_iter().collect());
    let mut missed = Vec::new();
    for thing in shipped {
        let overlap = |other: &Thing| vision::intersection_over_union(&thing.box_px, &other.box_px);
        let fits = alone.iter().enumerate().map(|(at, other)| (at, overlap(other)));
        let best = fits
            .filter(|(_, iou)| *iou >= SAME_IOU)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, _)) = best {
            alone.remove(at);
            counts.both += 1;
            counts.note_verdict(thing, true);
        } else if looked_at(shadow, thing) {
            counts.only_shipped += 1;
            counts.note_verdict(thing, false);
            missed.push(Missed {
                photo,
                thing,
                by_shadow: false,
            });
        } else {
            counts.shipped_outside += 1;
        }
    }
    for thing in alone {
        if looked_at(photo.active(), thing) {
            counts.only_shadow += 1;
            missed.push(Missed {
                photo,
                thing,
                by_shadow: true,
            });
        } else {
            counts.shadow_outside += 1;
        }
    }
    missed
}

/// Whether the middle of a thing lies in a tile that one of the models looked at.
fn looked_at<'v>(views: impl IntoIterator<Item = &'v View>, thing: &Thing) -> bool {
    let [x0, y0, x1, y1] = thing.box_px;
    let (x, y) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
    let holds = |[left, top, right, bottom]: &[f64; 4]| *left <= x && x < *right && *top <= y && y < *bottom;
    views.into_iter().any(|view| view.looked.iter().any(holds))
}

/// How much every model looked at, active ones first, then by name.
pub fn model_figures(flights: &[SeenFlight], known: &[ModelRow]) -> Vec<ModelFigures> {
    let mut all: BTreeMap<(bool, String), ModelFigures> = BTreeMap::new();
    for flight in flights {
        let mut here = BTreeSet::new();
        for (model, view) in flight.photos.iter().flat_map(|photo| &photo.views) {
            let ground_m2 = flight.ground_m2.get(model).copied().unwrap_or_default();
            let key = (view.role == ModelRole::Shadow, model.clone());
            let figures = all.entry(key.clone()).or_default();
            note_view(figures, view, ground_m2 > 0.0);
            if here.insert(key) {
                figures.ground_km2 += ground_m2 / 1e6;
            }
        }
    }
    let named = all.into_iter().map(|((in_shadow, sha256), mut figures)| {
        let row = known.iter().find(|row| row.model_sha256 == sha256);
        figures.model = row.map_or_else(String::new, |row| row.name.clone());
        figures.model_sha256 = sha256;
        figures.role = if in_shadow { "shadow" } else { "active" };
        let per = |count: usize, whole: f64| (whole > 0.0).then(|| count as f64 / whole);
        let photos = figures.photos as f64;
        figures.tiles_per_photo = per(figures.tiles, photos);
        figures.detections_per_photo = per(figures.detections, photos);
        let [tiles, detections] = figures.on_ground;
        figures.tiles_per_km2 = per(tiles, figures.ground_km2);
        figures.detections_per_km2 = per(detections, figures.ground_km2);
        let ms = figures.took_us as f64 / 1000.0;
        figures.ms_per_tile = (figures.tiles_timed > 0).then(|| ms / figures.tiles_timed as f64);
        figures
    });
    named.collect()
}

fn note_view(figures: &mut ModelFigures, view: &View, shows_ground: bool) {
    figures.photos += 1;
    figures.photos_opened += usize::from(!view.looked.is_empty());
    figures.tiles += view.looked.len();
    figures.detections += view.things.len();
    if shows_ground {
        figures.on_ground[0] += view.looked.len();
        figures.on_ground[1] += view.things.len();
    }
    // Photos from before it was measured have tiles and no time.
    if view.took_us > 0 {
        figures.took_us += view.took_us;
        figures.tiles_timed += view.looked.len();
    }
    if let Some(code) = &view.problem {
        *figures.problems.entry(code.clone()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(class: &str, x: f64, verdict: Option<Verdict>) -> Thing {
        Thing {
            class: class.to_owned(),
            score: 0.5,
            box_px: [x, 0.0, x + 100.0, 100.0],
            verdict,
        }
    }

    fn view(role: ModelRole, looked: &[[f64; 4]], things: Vec<Thing>) -> View {
        View {
            role,
            looked: looked.to_vec(),
            things,
            problem: None,
            took_us: 2000,
        }
    }

    fn photo() -> SeenPhoto {
        let real = Some(Verdict::Real);
        let shipped = view(
            ModelRole::Active,
            &[[0.0, 0.0, 1000.0, 640.0]],
            vec![
                thing("shed", 0.0, real),
                thing("shed", 200.0, Some(Verdict::FalseAlarm)),
                thing("shed", 400.0, real),
                thing("shed", 900.0, real),
            ],
        );
        let shadow = view(
            ModelRole::Shadow,
            &[[0.0, 0.0, 640.0, 640.0], [1000.0, 0.0, 1640.0, 640.0]],
            vec![
                thing("shed", 10.0, None),
                // Of another class: no match.
                thing("heap", 200.0, None),
                thing("shed", 1200.0, None),
            ],
        );
        SeenPhoto {
            photo_id: "S1/00001".to_owned(),
            sha256: String::new(),
            views: [("a".to_owned(), shipped), ("b".to_owned(), shadow)].into(),
        }
    }

    fn model() -> ModelRow {
        ModelRow {
            model_sha256: "b".to_owned(),
            name: "new".to_owned(),
            card_text: String::new(),
        }
    }

    #[test]
    fn a_thing_is_missed_only_where_the_other_looked() {
        let photo = photo();
        let (figures, missed) = against_active(std::iter::once(&photo), &model());
        let shed = figures
            .classes
            .iter()
            .find(|counts| counts.class == "shed")
            .unwrap();
        let expected = ClassCounts {
            class: "shed".to_owned(),
            both: 1,
            only_shipped: 2,
            only_shadow: 0,
            shipped_outside: 1,
            shadow_outside: 1,
            real: 2,
            real_found: 1,
            false_alarms: 1,
            false_alarms_found: 0,
        };
        assert_eq!(*shed, expected);
        assert_eq!(
            (shed.shipped_precision(), shed.shadow_precision()),
            (Some(2.0 / 3.0), Some(1.0))
        );
        assert_eq!(figures.total.only_shadow, 1, "the heap");
        assert_eq!(missed.iter().filter(|missed| missed.by_shadow).count(), 1);
        assert_eq!(missed.len(), 3);
    }

    #[test]
    fn a_flight_without_ground_is_in_no_figure_per_area() {
        let flight = SeenFlight {
            photos: vec![photo()],
            ground_m2: [("b".to_owned(), 500_000.0)].into(),
        };
        let blind = SeenFlight {
            photos: vec![photo()],
            ground_m2: BTreeMap::new(),
        };
        let models = model_figures(&[flight, blind], &[model()]);
        assert_eq!((models[0].role, models[1].role), ("active", "shadow"));
        assert_eq!(models[1].detections_per_km2, Some(6.0));
        assert_eq!((models[1].ground_km2, models[1].detections), (0.5, 6));
        assert_eq!(models[1].ms_per_tile, Some(1.0));
    }
}
