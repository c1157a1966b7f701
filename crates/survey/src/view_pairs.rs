//! Which photos of two flights are laid on each other: for every patch of ground the pair that looks at it from
//! most nearly the same side, and of all such pairs the few that cover the ground.

use serde::{Deserialize, Serialize};

use crate::camera::CameraModel;
use crate::footprint::footprint;
use crate::geodesy::LocalTangent;
use crate::pose::Pose;

/// Side of a patch of ground, m.
pub const PATCH_M: f64 = 5.0;
/// Views of a patch that lie farther apart than this see other sides of things: not compared.
pub const WIDEST_VIEW_ANGLE_RAD: f64 = 30.0 * std::f64::consts::PI / 180.0;
/// A pair that is worse by no more than this angle may stand in for the best one, so that fewer pairs are needed.
const AS_GOOD_RAD: f64 = 8.0 * std::f64::consts::PI / 180.0;
/// A further pair has to add at least this share of the ground that both flights show.
const LEAST_GAIN: f64 = 0.01;
/// Photos that show a patch more coarsely than this many times the sharpest one of their flight are not used there.
const MUCH_COARSER: f64 = 2.0;

/// A pair of photos and the patches it is answerable for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewPair {
    /// Index in the first flight.
    pub first: usize,
    /// Index in the second flight.
    pub second: usize,
    /// Patches, as (east, north) in steps of [`PATCH_M`] from the first photo of the first flight.
    pub patches: Vec<[i32; 2]>,
}

/// What two flights can be compared by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PairPlan {
    /// The pairs, those that cover most first.
    pub pairs: Vec<ViewPair>,
    /// Patches that the first flight shows.
    pub first_patches: usize,
    /// Patches that both flights show, from whatever side.
    pub shared_patches: usize,
}

/// One view of a patch.
#[derive(Clone, Copy)]
struct Sight {
    photo: usize,
    /// From the patch to the camera, length 1.
    towards: nalgebra::Vector3<f64>,
    gsd_m: f64,
}

/// Chooses the pairs. Photos that show no ground are left out. The choice is always the same for the same photos.
#[must_use]
pub fn choose_pairs(first: &[(Pose, CameraModel)], second: &[(Pose, CameraModel)]) -> PairPlan {
    let Some((start, _)) = first.first() else {
        return PairPlan::default();
    };
    let plane = LocalTangent::at(start.position);
    let (one, two) = (sights(first, &plane), sights(second, &plane));
    let mut wanted: Vec<([i32; 2], Vec<Candidate>)> = Vec::new();
    let mut shared_patches = 0;
    for (patch, ours) in &one {
        let Some(theirs) = two.get(patch) else { continue };
        shared_patches += 1;
        let candidates = candidates(ours, theirs);
        if !candidates.is_empty() {
            wanted.push((*patch, candidates));
        }
    }
    PairPlan {
        pairs: few_pairs(wanted, shared_patches),
        first_patches: one.len(),
        shared_patches,
    }
}

/// A pair that may be used for a patch.
type Candidate = (usize, usize);

type Sights = std::collections::BTreeMap<[i32; 2], Vec<Sight>>;

fn sights(photos: &[(Pose, CameraModel)], plane: &LocalTangent) -> Sights {
    let mut found = Sights::new();
    for (photo, (pose, camera)) in photos.iter().enumerate() {
        let Ok(shown) = footprint(pose, camera) else {
            continue;
        };
        let outline: Vec<[f64; 2]> = shown.outline.iter().map(|p| plane.enu_from_wgs84(*p)).collect();
        let foot = plane.enu_from_wgs84(pose.position);
        for patch in patches_inside(&outline) {
            let middle = patch.map(|step| (f64::from(step) + 0.5) * PATCH_M);
            let to_camera =
                nalgebra::Vector3::new(foot[0] - middle[0], foot[1] - middle[1], pose.altitude_agl_m.0);
            let range_m = to_camera.norm();
            // Along the ground the pixel is longer by the slant: its area grows with range² over the sine.
            let gsd_m = range_m / camera.focal_px * (range_m / pose.altitude_agl_m.0).sqrt();
            found.entry(patch).or_default().push(Sight {
                photo,
                towards: to_camera / range_m,
                gsd_m,
            });
        }
    }
    found
}

/// Patches whose middles lie inside a counter-clockwise outline.
fn patches_inside(outline: &[[f64; 2]]) -> Vec<[i32; 2]> {
    let range = |axis: usize| {
        let values = outline.iter().map(move |point| point[axis] / PATCH_M);
        let low = values.clone().fold(f64::INFINITY, f64::min).floor();
        let high = values.fold(f64::NEG_INFINITY, f64::max).ceil();
        low as i32..high as i32
    };
    let inside = |patch: [i32; 2]| {
        let [x, y] = patch.map(|step| (f64::from(step) + 0.5) * PATCH_M);
        outline
            .iter()
            .zip(outline.iter().cycle().skip(1))
            .all(|(a, b)| (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= 0.0)
    };
    range(1)
        .flat_map(|north| range(0).map(move |east| [east, north]))
        .filter(|patch| inside(*patch))
        .collect()
}

/// The pairs of views of one patch that are about as good as its best one.
fn candidates(ours: &[Sight], theirs: &[Sight]) -> Vec<Candidate> {
    let sharpest = |sights: &[Sight]| sights.iter().map(|s| s.gsd_m).fold(f64::INFINITY, f64::min);
    let (our_best, their_best) = (sharpest(ours), sharpest(theirs));
    let mut angles = Vec::new();
    for a in ours.iter().filter(|s| s.gsd_m <= MUCH_COARSER * our_best) {
        for b in theirs.iter().filter(|s| s.gsd_m <= MUCH_COARSER * their_best) {
            let angle = a.towards.angle(&b.towards);
            if angle <= WIDEST_VIEW_ANGLE_RAD {
                angles.push((angle, (a.photo, b.photo)));
            }
        }
    }
    let best = angles
        .iter()
        .map(|(angle, _)| *angle)
        .fold(f64::INFINITY, f64::min);
    angles
        .into_iter()
        .filter(|(angle, _)| *angle <= best + AS_GOOD_RAD)
        .map(|(_, pair)| pair)
        .collect()
}

/// Again and again the pair that can answer for most of what is left (ties: the earliest photos).
fn few_pairs(mut wanted: Vec<([i32; 2], Vec<Candidate>)>, shared_patches: usize) -> Vec<ViewPair> {
    let least = ((LEAST_GAIN * shared_patches as f64).ceil() as usize).max(1);
    let mut pairs = Vec::new();
    loop {
        let mut counts = std::collections::BTreeMap::<Candidate, usize>::new();
        for pair in wanted.iter().flat_map(|(_, candidates)| candidates) {
            *counts.entry(*pair).or_default() += 1;
        }
        let best = counts
            .into_iter()
            .max_by(|(a, more), (b, other)| more.cmp(other).then(b.cmp(a)));
        let Some((pair, _)) = best.filter(|(_, count)| *count >= least) else {
            return pairs;
        };
        let (taken, left): (Vec<_>, Vec<_>) = wanted
            .into_iter()
            .partition(|(_, candidates)| candidates.contains(&pair));
        wanted = left;
        pairs.push(ViewPair {
            first: pair.0,
            second: pair.1,
            patches: taken.into_iter().map(|(patch, _)| patch).collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::CameraSource;
    use crate::geodesy::{AltitudeAglM, Wgs84};
    use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

    fn photo(east_m: f64, yaw_deg: f64, pitch_deg: f64) -> (Pose, CameraModel) {
        let here = Wgs84 {
            latitude_deg: 31.2,
            longitude_deg: 121.5,
        };
        let pose = Pose {
            position: LocalTangent::at(here).wgs84_from_enu(east_m, 0.0),
            altitude_agl_m: AltitudeAglM(120.0),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude::from_degrees(yaw_deg, pitch_deg, 0.0),
            sigmas: PoseSigmas::consumer_gnss(),
        };
        let camera = CameraModel::pinhole(4000, 3000, 2900.0, CameraSource::Calibrated).unwrap();
        (pose, camera)
    }

    #[test]
    fn the_same_flight_again_pairs_each_photo_with_its_twin() {
        let flight: Vec<_> = (0..5).map(|i| photo(60.0 * f64::from(i), 0.0, -90.0)).collect();
        let plan = choose_pairs(&flight, &flight);
        assert!(!plan.pairs.is_empty());
        assert!(
            plan.pairs.iter().all(|pair| pair.first == pair.second),
            "{:?}",
            plan.pairs
        );
        assert_eq!(plan.shared_patches, plan.first_patches);
        let covered: usize = plan.pairs.iter().map(|pair| pair.patches.len()).sum();
        assert!(covered as f64 > 0.95 * plan.shared_patches as f64);
        let mut all: Vec<_> = plan.pairs.iter().flat_map(|pair| pair.patches.clone()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), covered, "every patch has one pair");
    }

    #[test]
    fn views_from_opposite_sides_are_not_compared() {
        let north = photo(0.0, 0.0, -45.0);
        let mut south = photo(0.0, 180.0, -45.0);
        // Looks back at the same ground from 240 m farther north.
        south.0.position = LocalTangent::at(north.0.position).wgs84_from_enu(0.0, 240.0);
        let plan = choose_pairs(&[north], &[south]);
        assert!(plan.shared_patches > 100 && plan.pairs.is_empty(), "{plan:?}");
    }

    #[test]
    fn places_apart_share_nothing() {
        let plan = choose_pairs(&[photo(0.0, 0.0, -90.0)], &[photo(2000.0, 0.0, -90.0)]);
        assert!(plan.first_patches > 500 && plan.shared_patches == 0 && plan.pairs.is_empty());
        assert_eq!(choose_pairs(&[], &[]), PairPlan::default());
    }
}
