//! Tiles that a sortie costs: all of every photo (our grid, and SAHI's default slicing at the same ground scale)
//! beside the choice by ground, over simulated sorties with 70 % front and 60 % side overlap.
//! `cargo bench -p benches --bench tile_choice`

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

use benches::median;
use survey::camera::CameraModel;
use survey::geodesy::{AltitudeAglM, LocalTangent, Wgs84};
use survey::pose::{Attitude, GroundAssumption, Pose, PoseSigmas};
use survey::tile_choice::{
    Choice, ChoiceRules, ChosenTile, FullFrame, ModelScale, Pass, SortiePhoto, all_tiles, choose_for_sortie,
};

/// The shipped model: 640 px at 12.5 cm, things of 8 m whole in a tile.
const MODEL: ModelScale = ModelScale {
    tile_px: 640,
    overlap_px: 64,
    ground_scale_cm: 12.5,
    trained_to_cm: 20.0,
};
/// SAHI cuts slices that overlap by this share.
const SAHI_OVERLAP: f64 = 0.2;
/// 35 mm equivalent of the usual wide camera of a mapping drone: 84° across the diagonal.
const EQUIVALENT_MM: f64 = 24.0;
const STRIPS: usize = 10;
const PHOTOS_PER_STRIP: usize = 20;

fn main() {
    println!(
        "{STRIPS} strips of {PHOTOS_PER_STRIP} photos, 70/60 % overlap, 24 mm equivalent; a tile is 640 px at 12.5 cm"
    );
    println!(
        "bound: one look at all ground by tiles whose safe part is {0:.0} × {0:.0} m",
        safe_side_m()
    );
    for (name, size) in [("12 MP", [4000, 3000]), ("20 MP", [5280, 3956])] {
        for altitude_m in [60.0, 80.0, 100.0, 120.0] {
            for noise in [0.0, 1.0] {
                one_sortie(name, size, altitude_m, noise);
            }
        }
    }
    isolated();
}

fn one_sortie(name: &str, size: [u32; 2], altitude_m: f64, noise: f64) {
    let photos = sortie(size, altitude_m, noise);
    let ours = photos.iter().map(|photo| all(photo).len()).sum::<usize>();
    let sahi = photos.iter().map(sahi_slices).sum::<usize>();
    println!(
        "\n{name}, {altitude_m:.0} m above ground, {}: {} photos; all of every photo: {ours} tiles (grid), {sahi} (SAHI), {} (SAHI with its full-frame pass)",
        if noise > 0.0 { "noisy" } else { "exact" },
        photos.len(),
        sahi + photos.len(),
    );
    for looks_per_cell in [1, 2] {
        for full_frame in [false, true] {
            let rules = ChoiceRules {
                looks_per_cell,
                full_frame,
                next_after: None,
            };
            let mut choice = None;
            let took = median(1, || {
                choice = Some(choose_for_sortie(&photos, &MODEL, &rules, None).expect("usable sizes"));
            });
            let choice = choice.expect("made just now");
            let of_all = if full_frame { sahi + photos.len() } else { ours };
            let per_photo_ms = took.as_secs_f64() * 1000.0 / photos.len() as f64;
            println!(
                "  {}, {per_photo_ms:.1} ms per photo",
                told(&choice, looks_per_cell, of_all)
            );
        }
    }
}

fn told(choice: &Choice, looks_per_cell: u32, of_all: usize) -> String {
    let tiles: Vec<&ChosenTile> = choice.photos.iter().flat_map(|photo| &photo.added).collect();
    let ground = tiles.iter().filter(|tile| tile.pass == Pass::Ground).count();
    let opened = choice
        .photos
        .iter()
        .filter(|photo| !photo.added.is_empty())
        .count();
    let km2 = choice.seen.shown_m2 / 1e6;
    let bound = km2 * 1e6 / safe_side_m().powi(2);
    let [none, once, twice, more] = choice
        .seen
        .by_looks_m2
        .map(|m2| m2 / choice.seen.shown_m2 * 100.0);
    format!(
        "K = {looks_per_cell}, full frames {}: {} tiles ({:.1}× fewer) in {opened} photos; {:.0} ground tiles per km², {:.2} × bound; looked at 0/1/2/more: {none:.2}/{once:.1}/{twice:.1}/{more:.1} %",
        match choice.full_frame {
            FullFrame::Off => "off".to_owned(),
            FullFrame::Chosen { tiles } => format!("on ({tiles})"),
            FullFrame::TooCoarse { cm_per_px } => format!("too coarse ({cm_per_px:.0} cm)"),
            FullFrame::NotNeeded => "not needed".to_owned(),
            FullFrame::ScaleUnknown => "scale unknown".to_owned(),
        },
        tiles.len(),
        of_all as f64 / tiles.len().max(1) as f64,
        ground as f64 / km2,
        ground as f64 / (bound * f64::from(looks_per_cell)),
    )
}

/// Photos on their own, from 50 to 120 m.
fn isolated() {
    let (mut ours, mut chosen) = (0, 0);
    for step in 0..71 {
        let photo = photo([4000, 3000], (0, [0.0, 0.0], 0.0), 50.0 + f64::from(step));
        ours += all(&photo).len();
        let rules = ChoiceRules {
            looks_per_cell: 2,
            full_frame: false,
            next_after: None,
        };
        let choice = choose_for_sortie(&[photo], &MODEL, &rules, None).expect("usable sizes");
        chosen += choice.photos.iter().map(|photo| photo.added.len()).sum::<usize>();
    }
    println!(
        "\na photo of 12 MP on its own, 50 to 120 m above ground: {ours} tiles by the grid, {chosen} chosen, {:.2}× fewer",
        f64::from(ours as u32) / f64::from(chosen as u32)
    );
}

fn safe_side_m() -> f64 {
    f64::from(MODEL.tile_px - MODEL.overlap_px) * MODEL.ground_scale_cm / 100.0
}

fn all(photo: &SortiePhoto) -> Vec<ChosenTile> {
    let size = [photo.camera.width_px, photo.camera.height_px];
    all_tiles(size, Some((&photo.pose, &photo.camera)), &MODEL).expect("usable sizes")
}

/// Number of slices that SAHI's `get_slice_bboxes` makes of the photo at the model's ground scale.
fn sahi_slices(photo: &SortiePhoto) -> usize {
    let scale = all(photo)[0].scale;
    let step = f64::from(MODEL.tile_px) * (1.0 - SAHI_OVERLAP);
    let along = |length: u32| {
        let room = (f64::from(length) * scale).round() - f64::from(MODEL.tile_px);
        1 + (room.max(0.0) / step).ceil() as usize
    };
    along(photo.camera.width_px) * along(photo.camera.height_px)
}

/// A lawnmower with every other strip flown back, its camera straight down but for noise: position 1.5 m, yaw 3°,
/// tilt 1°, each evenly spread and fixed.
fn sortie(size: [u32; 2], altitude_m: f64, noise: f64) -> Vec<SortiePhoto> {
    let camera = camera(size);
    let across_m = f64::from(size[0]) / camera.focal_px * altitude_m;
    let along_m = f64::from(size[1]) / camera.focal_px * altitude_m;
    (0..STRIPS * PHOTOS_PER_STRIP)
        .map(|index| {
            let (strip, step) = (index / PHOTOS_PER_STRIP, index % PHOTOS_PER_STRIP);
            let step = if strip % 2 == 0 {
                step
            } else {
                PHOTOS_PER_STRIP - 1 - step
            };
            let place_m = [strip as f64 * 0.4 * across_m, step as f64 * 0.3 * along_m];
            let yaw_deg = if strip % 2 == 0 { 0.0 } else { 180.0 };
            let mut photo = photo(size, (index as u32, place_m, yaw_deg), altitude_m);
            photo.pose = with_noise(photo.pose, index, noise);
            photo
        })
        .collect()
}

fn with_noise(pose: Pose, index: usize, noise: f64) -> Pose {
    // Golden-ratio sequences spread evenly without a random generator.
    let spread = |factor: f64| ((index as f64 * factor).fract() - 0.5) * 2.0 * noise;
    let moved =
        LocalTangent::at(pose.position).wgs84_from_enu(1.5 * spread(0.618_034), 1.5 * spread(0.754_878));
    Pose {
        position: moved,
        attitude: Attitude {
            yaw_rad: pose.attitude.yaw_rad + (3.0 * spread(0.569_84)).to_radians(),
            pitch_rad: pose.attitude.pitch_rad + spread(0.819_173).to_radians(),
            roll_rad: pose.attitude.roll_rad + spread(0.671_044).to_radians(),
        },
        ..pose
    }
}

fn camera([width_px, height_px]: [u32; 2]) -> CameraModel {
    CameraModel::from_equivalent_35mm(width_px, height_px, EQUIVALENT_MM).expect("a usable camera")
}

fn photo(size: [u32; 2], (order, place_m, yaw_deg): (u32, [f64; 2], f64), altitude_m: f64) -> SortiePhoto {
    // A course of 20° east of north, so that the photos do not lie along the axes of anything.
    let (sin, cos) = 20.0_f64.to_radians().sin_cos();
    let [right_m, ahead_m] = place_m;
    let origin = Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.6,
    };
    let position =
        LocalTangent::at(origin).wgs84_from_enu(right_m * cos + ahead_m * sin, ahead_m * cos - right_m * sin);
    SortiePhoto {
        order,
        pose: Pose {
            position,
            altitude_agl_m: AltitudeAglM(altitude_m),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude::from_degrees(20.0 + yaw_deg, -90.0, 0.0),
            sigmas: PoseSigmas::consumer_gnss(),
        },
        camera: camera(size),
        fixed: Vec::new(),
        open: true,
    }
}
