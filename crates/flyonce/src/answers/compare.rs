//! What changed between two dates, for people and programs: pairs and how they were laid on each other, what was
//! compared at all, and every change with score, kind, size and place.

use formats::geojson::{Feature, FeatureCollection, Geometry};
use serde::Serialize;
use serde_json::{Map, Value, json};
use survey::geodesy::Wgs84;
use vision::change::{ChangeKind, Registration};

use crate::answers::place::{Place, rounded};
use crate::lang::Words;
use crate::stage::compare::pair::{PairFailure, PairResult, PlacedChange};

/// The comparison of two dates.
#[derive(Debug, Clone, Serialize)]
pub struct CompareAnswer {
    /// The first date, as it was named.
    pub first: String,
    /// The second date, as it was named.
    pub second: String,
    /// Name and version of the model.
    pub model: String,
    /// Score from which on a place counts as changed.
    pub threshold: f64,
    /// The smallest change told, m², where the scale is known.
    pub smallest_m2: f64,
    /// Every pair of photos that was laid on each other, or why not.
    pub pairs: Vec<PairAnswer>,
    /// How much was compared: what was not is not unchanged, but unknown.
    pub coverage: Coverage,
    /// The changes, highest score first.
    pub changes: Vec<ChangeAnswer>,
    /// Whether a simulator made any of the photos.
    pub simulated: bool,
    /// What a reader has to know.
    pub notes: Vec<Words>,
}

/// How much of the first date was compared.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Coverage {
    /// Ground that the first date shows, m²; absent without poses.
    pub first_m2: Option<f64>,
    /// Of this, shown by the second date, too, m².
    pub shared_m2: Option<f64>,
    /// Of this, really compared, m².
    pub compared_m2: Option<f64>,
    /// Compared share of what the first date shows, 0..1.
    pub compared_share: f64,
}

/// One photo of each date.
#[derive(Debug, Clone, Serialize)]
pub struct PairAnswer {
    /// Photo of the first date.
    pub first: String,
    /// When it was taken.
    pub first_taken: Option<String>,
    /// Photo of the second date.
    pub second: String,
    /// When it was taken.
    pub second_taken: Option<String>,
    /// Why the two were not compared.
    pub problem: Option<Words>,
    /// Pixel of the common grid, cm.
    pub gsd_cm: Option<f64>,
    /// Between the two lines of sight, degrees.
    pub view_angle_deg: Option<f64>,
    /// How the pictures were laid on each other after their poses; absent where they were taken to lie so already.
    pub registration: Option<RegistrationAnswer>,
}

/// How two pictures were laid on each other.
#[derive(Debug, Clone, Serialize)]
pub struct RegistrationAnswer {
    /// Root mean square of what is left between the places that agree, pixels.
    pub residual_px: f64,
    /// The same on the ground, m.
    pub residual_m: Option<f64>,
    /// Places that agree.
    pub agreeing: usize,
    /// Places that were looked for.
    pub places: usize,
    /// By how much the picture's own content moved the middle after the poses, pixels.
    pub moved_px: f64,
    /// The same on the ground, m.
    pub moved_m: Option<f64>,
    /// Turn, degrees.
    pub turn_deg: f64,
    /// Scale.
    pub scale: f64,
}

/// One change.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeAnswer {
    /// Number in this answer, from 1.
    pub number: usize,
    /// Index of its pair.
    pub pair: usize,
    /// How sure it is that something built appeared or disappeared, 0..1.
    pub score: f64,
    /// `structure_appeared`, `structure_gone` or `changed`.
    pub kind: &'static str,
    /// The kind for people.
    pub kind_words: Words,
    /// Changed area, m².
    pub area_m2: Option<f64>,
    /// Changed area, pixels of the grid.
    pub area_px: f64,
    /// Its middle with error ellipse; absent without poses.
    pub place: Option<Place>,
    /// Outline, `[longitude, latitude]`; absent without poses.
    pub outline: Option<Vec<[f64; 2]>>,
    /// Outline, pixels of the grid.
    pub outline_px: Vec<[f64; 2]>,
}

impl PairAnswer {
    /// Of a pair that was compared, or not; `names` and `taken` of the first and the second photo.
    pub fn of(names: [&str; 2], taken: [Option<&str>; 2], result: Result<&PairResult, &PairFailure>) -> Self {
        let [first, second] = names.map(str::to_owned);
        let [first_taken, second_taken] = taken.map(|at| at.map(str::to_owned));
        let found = result.ok();
        let gsd_m = found.and_then(|result| result.gsd_m);
        let size_px = found.map_or([0.0; 2], |result| result.map.size_px.map(f64::from));
        Self {
            first,
            first_taken,
            second,
            second_taken,
            problem: result.err().map(PairFailure::words),
            gsd_cm: gsd_m.map(|gsd_m| rounded(100.0 * gsd_m, 2)),
            view_angle_deg: found
                .and_then(|result| result.ground.as_ref())
                .map(|grid| rounded(grid.view_angle_rad.to_degrees(), 1)),
            registration: found
                .and_then(|result| result.registration.as_ref())
                .map(|registration| RegistrationAnswer::of(registration, size_px, gsd_m)),
        }
    }
}

impl RegistrationAnswer {
    fn of(found: &Registration, size_px: [f64; 2], gsd_m: Option<f64>) -> Self {
        let middle = size_px.map(|side| side / 2.0);
        let [x, y] = found.second_from_first.apply(middle);
        let moved_px = (x - middle[0]).hypot(y - middle[1]);
        let (turn_rad, scale) = found.second_from_first.turn_and_scale();
        let metres = |px: f64| gsd_m.map(|gsd_m| rounded(px * gsd_m, 3));
        Self {
            residual_px: rounded(found.residual_px, 3),
            residual_m: metres(found.residual_px),
            agreeing: found.agreeing,
            places: found.blocks,
            moved_px: rounded(moved_px, 2),
            moved_m: metres(moved_px),
            turn_deg: rounded(turn_rad.to_degrees(), 3),
            scale: rounded(scale, 5),
        }
    }
}

impl ChangeAnswer {
    /// Of a change of pair `pair`.
    pub fn of(number: usize, pair: usize, found: &PlacedChange) -> Self {
        let (kind, kind_words) = kind_words(found.change.kind);
        let degrees = |place: &Wgs84| [rounded(place.longitude_deg, 7), rounded(place.latitude_deg, 7)];
        Self {
            number,
            pair,
            score: rounded(f64::from(found.change.score), 3),
            kind,
            kind_words,
            area_m2: found.area_m2.map(|area_m2| rounded(area_m2, 1)),
            area_px: rounded(found.change.area_px, 0),
            place: found
                .place
                .map(|(place, covariance)| Place::new(place, covariance)),
            outline: found
                .outline
                .as_ref()
                .map(|outline| outline.iter().map(degrees).collect()),
            outline_px: found
                .change
                .outline_px
                .iter()
                .map(|corner| corner.map(|side| rounded(side, 1)))
                .collect(),
        }
    }
}

fn kind_words(kind: ChangeKind) -> (&'static str, Words) {
    match kind {
        ChangeKind::StructureAppeared => (
            "structure_appeared",
            Words::new("疑似新增建筑", "something built appeared"),
        ),
        ChangeKind::StructureGone => (
            "structure_gone",
            Words::new("疑似建筑消失", "something built is gone"),
        ),
        ChangeKind::Changed => ("changed", Words::new("有变化", "changed")),
    }
}

impl CompareAnswer {
    /// The changes as GeoJSON on WGS-84: polygons, or null geometries without poses.
    ///
    /// # Errors
    /// A place that is none on earth.
    pub fn geojson(&self) -> anyhow::Result<Value> {
        let features = self.changes.iter().map(|change| self.feature(change)).collect();
        let mut members = Map::new();
        members.insert("name".to_owned(), json!("FlyOnce changes"));
        members.insert("datum".to_owned(), json!("WGS-84"));
        members.insert("first".to_owned(), json!(self.first));
        members.insert("second".to_owned(), json!(self.second));
        members.insert(
            "compared_share_of_first".to_owned(),
            json!(self.coverage.compared_share),
        );
        Ok(FeatureCollection { features, members }.to_json()?)
    }

    fn feature(&self, change: &ChangeAnswer) -> Feature {
        let pair = self.pairs.get(change.pair);
        let mut properties = Map::new();
        let ellipse = change.place.as_ref().map(|place| &place.ellipse);
        for (key, value) in [
            ("number", json!(change.number)),
            ("score", json!(change.score)),
            ("kind", json!(change.kind)),
            ("area_m2", json!(change.area_m2)),
            ("first_photo", json!(pair.map(|pair| &pair.first))),
            ("second_photo", json!(pair.map(|pair| &pair.second))),
            ("ellipse_semi_major_m", json!(ellipse.map(|it| it.semi_major_m))),
            ("ellipse_semi_minor_m", json!(ellipse.map(|it| it.semi_minor_m))),
            ("ellipse_azimuth_deg", json!(ellipse.map(|it| it.azimuth_deg))),
            ("ellipse_confidence", json!(ellipse.map(|it| it.confidence))),
            ("simulated", json!(self.simulated)),
        ] {
            properties.insert(key.to_owned(), value);
        }
        Feature {
            id: Some(change.number.to_string()),
            geometry: change.outline.clone().map(|ring| Geometry::Polygon(vec![ring])),
            properties,
        }
    }
}
