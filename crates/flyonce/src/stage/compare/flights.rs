//! Two flights: which photos are laid on each other, what changed over all pairs, and what could not be compared.

use std::collections::BTreeSet;

use anyhow::Result;
use survey::geodesy::{LocalTangent, Wgs84};
use survey::view_pairs::{PATCH_M, PairPlan, ViewPair, choose_pairs};

use super::dated::DatedPhoto;
use super::pair::{Comparer, PairFailure, PairResult, PlacedChange};

/// What the caller shows while it runs.
pub trait CompareProgress {
    /// So many pairs will be compared.
    fn pairs(&mut self, total: usize);
    /// A tile of a pair was looked at.
    fn tile(&mut self, done: usize, total: usize);
    /// A pair is done.
    fn pair_done(&mut self);
}

/// One pair of the plan.
pub struct FlightPair {
    /// Index of the photo in the first flight.
    pub first: usize,
    /// Index of the photo in the second flight.
    pub second: usize,
    /// What came of it.
    pub result: Result<PairResult, PairFailure>,
}

/// What the comparison of two flights gave.
pub struct FlightsResult {
    /// The pairs, in the order of the plan.
    pub pairs: Vec<FlightPair>,
    /// (pair, change in it) of every change, each place told once, highest score first.
    pub changes: Vec<(usize, usize)>,
    /// Ground that the first flight shows, m².
    pub first_m2: f64,
    /// Of this, shown by the second flight, too, m².
    pub shared_m2: f64,
    /// Of this, really compared, m².
    pub compared_m2: f64,
    /// Photos without a usable pose: they cannot be paired.
    pub without_pose: Vec<String>,
}

/// Compares two flights pair by pair.
///
/// # Errors
/// A model that fails.
pub fn compare_flights(
    comparer: &mut Comparer,
    first: &[DatedPhoto],
    second: &[DatedPhoto],
    progress: &mut dyn CompareProgress,
) -> Result<FlightsResult> {
    let (one, two) = (with_pose(first), with_pose(second));
    let places = |photos: &[&DatedPhoto]| {
        photos
            .iter()
            .filter_map(|photo| photo.placement.clone())
            .collect::<Vec<_>>()
    };
    let (one_places, two_places) = (places(&one), places(&two));
    let plan = choose_pairs(&one_places, &two_places);
    progress.pairs(plan.pairs.len());
    let mut pairs = Vec::new();
    for pair in &plan.pairs {
        let result = comparer.compare(one[pair.first], two[pair.second], &mut |done, total| {
            progress.tile(done, total);
        })?;
        pairs.push(FlightPair {
            first: index_in(first, one[pair.first]),
            second: index_in(second, two[pair.second]),
            result,
        });
        progress.pair_done();
    }
    let origin = one_places.first().map(|(pose, _)| pose.position);
    Ok(summed_up(pairs, &plan, origin, (first, second)))
}

fn with_pose(photos: &[DatedPhoto]) -> Vec<&DatedPhoto> {
    photos.iter().filter(|photo| photo.placement.is_some()).collect()
}

fn index_in(photos: &[DatedPhoto], photo: &DatedPhoto) -> usize {
    photos
        .iter()
        .position(|other| std::ptr::eq(other, photo))
        .unwrap_or_default()
}

fn summed_up(
    pairs: Vec<FlightPair>,
    plan: &PairPlan,
    origin: Option<Wgs84>,
    (first, second): (&[DatedPhoto], &[DatedPhoto]),
) -> FlightsResult {
    let patch_m2 = PATCH_M * PATCH_M;
    let plane = origin.map(LocalTangent::at);
    let mut compared = BTreeSet::new();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (index, (pair, planned)) in pairs.iter().zip(&plan.pairs).enumerate() {
        let (Ok(result), Some(plane)) = (&pair.result, &plane) else {
            continue;
        };
        compared.extend(compared_patches(result, planned, plane));
        let own: BTreeSet<[i32; 2]> = planned.patches.iter().copied().collect();
        found.extend(
            (0..result.changes.len())
                .filter(|change| touches(&result.changes[*change], &own, plane))
                .map(|change| (index, change)),
        );
    }
    let change = |(pair, change): &(usize, usize)| {
        pairs[*pair]
            .result
            .as_ref()
            .ok()
            .map(|result| &result.changes[*change])
    };
    let score = |at: &(usize, usize)| change(at).map_or(0.0, |it| it.change.score);
    found.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
    let mut told: Vec<(usize, usize)> = Vec::new();
    for at in found {
        let known = told.iter().any(|other| {
            change(&at)
                .zip(change(other))
                .is_some_and(|(a, b)| same_place(a, b))
        });
        if !known {
            told.push(at);
        }
    }
    let without_pose = first
        .iter()
        .chain(second)
        .filter(|photo| photo.placement.is_none())
        .map(|photo| photo.name.clone())
        .collect();
    FlightsResult {
        changes: told,
        first_m2: plan.first_patches as f64 * patch_m2,
        shared_m2: plan.shared_patches as f64 * patch_m2,
        compared_m2: compared.len() as f64 * patch_m2,
        without_pose,
        pairs,
    }
}

/// The patches of a pair that both pictures really showed when laid on each other.
fn compared_patches(result: &PairResult, planned: &ViewPair, plane: &LocalTangent) -> Vec<[i32; 2]> {
    let Some(grid) = &result.ground else {
        return Vec::new();
    };
    let centre = plane.enu_from_wgs84(grid.centre);
    let shown = &result.map.compared;
    let is_shown = |patch: &&[i32; 2]| {
        let [east, north] = patch.map(|step| (f64::from(step) + 0.5) * PATCH_M);
        let x = (east - centre[0]) / grid.gsd_m + f64::from(grid.width_px) / 2.0;
        let y = f64::from(grid.height_px) / 2.0 - (north - centre[1]) / grid.gsd_m;
        let cell = [x, y].map(|at| (at / result.map.cell_px as f64).floor());
        let inside =
            cell[0] >= 0.0 && cell[1] >= 0.0 && cell[0] < shown.width as f64 && cell[1] < shown.height as f64;
        inside && shown.at(cell[0] as isize, cell[1] as isize) > 0.5
    };
    planned.patches.iter().filter(is_shown).copied().collect()
}

/// Whether a change lies on patches that its pair answers for, at least with one corner or its middle.
fn touches(change: &PlacedChange, own: &BTreeSet<[i32; 2]>, plane: &LocalTangent) -> bool {
    let corners = change.outline.iter().flatten();
    corners
        .chain(change.place.iter().map(|(place, _)| place))
        .any(|place| own.contains(&plane.enu_from_wgs84(*place).map(|m| (m / PATCH_M).floor() as i32)))
}

/// Whether two changes of different pairs are one thing: the middle of one lies within the other's bounds.
fn same_place(a: &PlacedChange, b: &PlacedChange) -> bool {
    let bounds = |change: &PlacedChange| {
        let outline = change.outline.as_ref()?;
        let range = |of: fn(&Wgs84) -> f64| {
            let values = outline.iter().map(of);
            (
                values.clone().fold(f64::INFINITY, f64::min),
                values.fold(f64::NEG_INFINITY, f64::max),
            )
        };
        Some((range(|p| p.longitude_deg), range(|p| p.latitude_deg)))
    };
    let middle_in = |inner: &PlacedChange, outer: &PlacedChange| {
        let (Some((x, y)), Some((ix, iy))) = (bounds(outer), bounds(inner)) else {
            return false;
        };
        let (longitude, latitude) = ((ix.0 + ix.1) / 2.0, (iy.0 + iy.1) / 2.0);
        (x.0..=x.1).contains(&longitude) && (y.0..=y.1).contains(&latitude)
    };
    middle_in(a, b) || middle_in(b, a)
}
