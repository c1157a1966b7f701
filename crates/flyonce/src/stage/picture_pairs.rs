//! What pictures of neighbouring photos say of their poses: both are straightened to the ground by their stated
//! poses, and laid over each other.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use store::Store;
use survey::camera::CameraModel;
use survey::geolocate::pixel_from_offset;
use survey::pose::Pose;
use survey::pose_checks::{PairEvidence, PicturePair, StatedPose};
use vision::decode_jpeg;
use vision::register::{Grey, Patch, register};

/// Longer side of the reduced pictures, px.
const REDUCED_PX: u32 = 256;
/// Ground pixels across the longer side of the ground shown.
const ACROSS_PX: f64 = 240.0;
/// Side of a ground patch: a picture turned by 45° still fits.
const PATCH_PX: usize = 300;
/// Turns tried between two pictures: as stated and half a turn off, each a little either way.
const NEAR_TURNS_DEG: [f64; 5] = [-8.0, -4.0, 0.0, 4.0, 8.0];
/// Shifts are searched this much further than the positions lie apart.
const REACH: f64 = 1.35;

/// A photo whose picture can be compared.
pub struct Comparable<'p> {
    /// SHA-256 of its original.
    pub sha256: &'p str,
    /// Its pose as stated.
    pub pose: &'p Pose,
    /// Its camera.
    pub camera: &'p CameraModel,
}

/// How many pairs were compared, and those that told something.
#[derive(Debug, Default)]
pub struct Compared {
    /// Pairs whose pictures could be read.
    pub pairs: usize,
    /// Pairs that fit clearly.
    pub evidence: Vec<PairEvidence>,
}

impl Compared {
    /// Takes in what comparing further pairs gave.
    pub fn add(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.evidence.extend(other.evidence);
    }
}

/// Reduced pictures by place in the flight; `None` for those that cannot be read.
pub type Pictures = BTreeMap<usize, Option<Grey>>;

/// Compares the pictures of `pairs`, which are places in `photos`. Blocking: it decodes those that are not among
/// `pictures` yet, and keeps there what `later` pairs need.
pub fn compare(
    (store, max_pixels): (&Store, u64),
    (photos, stated): (&[Comparable<'_>], &[StatedPose]),
    (pairs, later): (&[PicturePair], &[PicturePair]),
    pictures: &mut Pictures,
) -> Compared {
    let mut compared = Compared::default();
    for (done, pair) in pairs.iter().enumerate() {
        for place in [pair.a, pair.b] {
            pictures
                .entry(place)
                .or_insert_with(|| read(store, max_pixels, photos[place].sha256));
        }
        let both = [pair.a, pair.b].map(|place| pictures.get(&place).and_then(Option::as_ref));
        if let [Some(a), Some(b)] = both {
            compared.pairs += 1;
            let pictures = [(a, &photos[pair.a]), (b, &photos[pair.b])];
            compared.evidence.extend(lay_over(*pair, pictures, stated));
        }
        // Pairs come by their first photo: earlier pictures that no later pair needs are let go.
        let needed = |place: &usize| {
            let coming = pairs[done + 1..].iter().chain(later);
            coming
                .into_iter()
                .any(|pair| pair.a == *place || pair.b == *place)
        };
        pictures.retain(|place, _| needed(place));
    }
    compared
}

fn read(store: &Store, max_pixels: u64, sha256: &str) -> Option<Grey> {
    let bytes = store.read_original(sha256).ok()?;
    let picture = decode_jpeg(&bytes, max_pixels).ok()?;
    Some(Grey::reduced(&picture, REDUCED_PX))
}

fn lay_over(
    pair: PicturePair,
    [a, b]: [(&Grey, &Comparable<'_>); 2],
    stated: &[StatedPose],
) -> Option<PairEvidence> {
    let [width_m, height_m] = stated[pair.a].shown_m;
    let metres_per_px = width_m.max(height_m) / ACROSS_PX;
    let patch = |(grey, photo): (&Grey, &Comparable<'_>)| straightened(grey, photo, metres_per_px);
    let apart_m = survey::geodesy::geodesic_distance_m(stated[pair.a].position, stated[pair.b].position);
    let turns: Vec<f64> = [0.0, PI]
        .iter()
        .flat_map(|turn| NEAR_TURNS_DEG.iter().map(move |near| turn + near.to_radians()))
        .collect();
    let found = register(&patch(a), &patch(b), &turns, REACH * apart_m / metres_per_px)?;
    found.is_clear().then(|| PairEvidence {
        pair,
        turn_rad: found.turn_rad,
        shift_m: [
            found.shift_px[0] * metres_per_px,
            -found.shift_px[1] * metres_per_px,
        ],
    })
}

/// The ground around the camera's foot, north up.
fn straightened(grey: &Grey, photo: &Comparable<'_>, metres_per_px: f64) -> Patch {
    let half = PATCH_PX as f64 / 2.0;
    Patch::sampled(grey, [PATCH_PX; 2], |x, y| {
        let east_m = (x as f64 + 0.5 - half) * metres_per_px;
        let north_m = (half - y as f64 - 0.5) * metres_per_px;
        pixel_from_offset(photo.pose, photo.camera, [east_m, north_m])
    })
}
