//! How well the leads of a simulated city match what was planted in it: recall and precision by matter. Only a
//! simulator knows the truth; every figure from here is marked simulated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use survey::geodesy::{LocalTangent, Wgs84};
use utoipa::ToSchema;

use crate::answers::leads::LeadSummary;
use crate::config::catalogue::Catalogue;

/// Recall and precision of the leads of one matter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct MatterScore {
    /// Whether the model reports any class of the matter.
    pub trained: bool,
    /// Planted things of the matter that at least one photo shows well.
    pub planted: usize,
    /// Those that a lead lies on.
    pub found: usize,
    /// Leads of the matter.
    pub leads: usize,
    /// Leads that lie on a planted thing of the matter.
    pub right: usize,
    /// `found / planted`.
    pub recall: Option<f64>,
    /// `right / leads`.
    pub precision: Option<f64>,
}

/// A thing is shown well when at least this share of it is not hidden in some photo.
const SHOWN_WELL: f64 = 0.5;
/// A lead lies on a thing when it is inside its outline or at most this far from it, metres; more only where the
/// lead's own error ellipse is larger.
const NEAR_M: f64 = 5.0;

#[derive(Deserialize)]
struct Truth {
    docks: Vec<DockTruth>,
}

#[derive(Deserialize)]
struct DockTruth {
    dock_id: String,
    planted: Vec<Planted>,
}

#[derive(Deserialize)]
struct Planted {
    id: u32,
    class: String,
    #[serde(default)]
    also: Vec<String>,
    outline_wgs84: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    latitude_deg: f64,
    longitude_deg: f64,
}

#[derive(Deserialize)]
struct PhotoTruth {
    dock_id: String,
    visible: Vec<Visible>,
}

#[derive(Deserialize)]
struct Visible {
    id: u32,
    visible_fraction: f64,
}

/// Scores `leads` against the truth in `folder` (`truth.json`, `photos.jsonl`), by matter code. `reported` are the
/// classes that the model reports.
///
/// # Errors
/// Truth files that cannot be read.
pub fn score(
    folder: &Path,
    leads: &[LeadSummary],
    catalogue: &Catalogue,
    reported: &[String],
) -> Result<BTreeMap<String, MatterScore>> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let truth: Truth = serde_json::from_str(&read("truth.json")?).context("truth.json")?;
    let shown = shown_well(&read("photos.jsonl")?)?;
    let mut scores = BTreeMap::new();
    for matter in &catalogue.matters {
        let things: Vec<Vec<Wgs84>> = truth
            .docks
            .iter()
            .flat_map(|dock| dock.planted.iter().map(move |thing| (&dock.dock_id, thing)))
            .filter(|(dock_id, thing)| shown.contains(&((*dock_id).clone(), thing.id)))
            .filter(|(_, thing)| thing.is_of(&matter.classes))
            .map(|(_, thing)| thing.outline())
            .collect::<Result<_>>()?;
        let of_matter: Vec<&LeadSummary> = leads
            .iter()
            .filter(|lead| lead.matter_code == matter.code)
            .collect();
        let score = MatterScore {
            trained: matter.classes.iter().any(|class| reported.contains(class)),
            ..score_matter(&things, &of_matter)?
        };
        scores.insert(matter.code.clone(), score);
    }
    Ok(scores)
}

fn score_matter(things: &[Vec<Wgs84>], leads: &[&LeadSummary]) -> Result<MatterScore> {
    let mut found = BTreeSet::new();
    let mut right = 0;
    for lead in leads {
        let Some(place) = &lead.place else { continue };
        let at = Wgs84::new(place.latitude_deg, place.longitude_deg)?;
        let near_m = place.ellipse.semi_major_m.max(NEAR_M);
        let under: Vec<usize> = (0..things.len())
            .filter(|index| distance_m(at, &things[*index]) <= near_m)
            .collect();
        right += usize::from(!under.is_empty());
        found.extend(under);
    }
    let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    Ok(MatterScore {
        trained: false,
        planted: things.len(),
        found: found.len(),
        leads: leads.len(),
        right,
        recall: share(found.len(), things.len()),
        precision: share(right, leads.len()),
    })
}

fn shown_well(lines: &str) -> Result<BTreeSet<(String, u32)>> {
    let mut shown = BTreeSet::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let photo: PhotoTruth = serde_json::from_str(line).context("photos.jsonl")?;
        for thing in photo
            .visible
            .iter()
            .filter(|thing| thing.visible_fraction >= SHOWN_WELL)
        {
            shown.insert((photo.dock_id.clone(), thing.id));
        }
    }
    Ok(shown)
}

impl Planted {
    fn is_of(&self, classes: &[String]) -> bool {
        classes.contains(&self.class) || self.also.iter().any(|class| classes.contains(class))
    }

    fn outline(&self) -> Result<Vec<Wgs84>> {
        let corner = |point: &Point| Wgs84::new(point.latitude_deg, point.longitude_deg);
        Ok(self.outline_wgs84.iter().map(corner).collect::<Result<_, _>>()?)
    }
}

/// From a point to an outline, 0 inside it, metres.
fn distance_m(at: Wgs84, outline: &[Wgs84]) -> f64 {
    let plane = LocalTangent::at(at);
    let corners: Vec<[f64; 2]> = outline
        .iter()
        .map(|corner| plane.enu_from_wgs84(*corner))
        .collect();
    let mut inside = false;
    let mut nearest_m = f64::INFINITY;
    for (index, [x0, y0]) in corners.iter().copied().enumerate() {
        let [x1, y1] = corners[(index + 1) % corners.len()];
        // Even-odd rule for the point (0, 0).
        if (y0 > 0.0) != (y1 > 0.0) && x0 - y0 * (x1 - x0) / (y1 - y0) > 0.0 {
            inside = !inside;
        }
        let (dx, dy) = (x1 - x0, y1 - y0);
        let along = (-(x0 * dx + y0 * dy) / (dx * dx + dy * dy).max(1e-12)).clamp(0.0, 1.0);
        nearest_m = nearest_m.min((x0 + along * dx).hypot(y0 + along * dy));
    }
    if inside { 0.0 } else { nearest_m }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(east_m: f64, half_m: f64) -> Vec<Wgs84> {
        let plane = LocalTangent::at(Wgs84::new(31.2, 121.6).unwrap());
        [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
            .map(|[e, n]: [f64; 2]| plane.wgs84_from_enu(east_m + e * half_m, n * half_m))
            .to_vec()
    }

    #[test]
    fn a_point_inside_has_no_distance_and_one_outside_the_shortest() {
        let at = Wgs84::new(31.2, 121.6).unwrap();
        assert_eq!(distance_m(at, &square(0.0, 4.0)), 0.0);
        let away_m = distance_m(at, &square(20.0, 4.0));
        assert!((away_m - 16.0).abs() < 0.01, "{away_m}");
    }

    #[test]
    fn only_what_some_photo_shows_well_counts() {
        let lines = r#"{"dock_id":"D01","visible":[{"id":1,"visible_fraction":0.3},{"id":2,"visible_fraction":0.9}]}
            {"dock_id":"D02","visible":[{"id":1,"visible_fraction":0.6}]}"#;
        let shown = shown_well(lines).unwrap();
        assert_eq!(
            shown,
            BTreeSet::from([("D01".to_owned(), 2), ("D02".to_owned(), 1)])
        );
        assert!(shown_well("not json").is_err());
    }
}
