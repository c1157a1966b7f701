//! The demonstration sortie: lawnmower strips over a seeded city with a few slanting views, written as photos a
//! program can read and, apart from them, a truth file.

use std::f64::consts::{FRAC_PI_2, PI};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Serialize;

use crate::camera::{FOCAL_PER_WIDTH, GimbalAngles};
use crate::day::day_seed;
use crate::develop::{Development, develop};
use crate::photo::{
    Belief, PlannedView, PoseErrors, StatedSigmas, TruePose, true_camera, true_pose, with_metadata,
};
use crate::plan::PlantedObject;
use crate::random::Dice;
use crate::render::{available_threads, render};
use crate::scene::Scene;
use crate::truth::{VisibleObject, visible_objects};

/// What to simulate.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Seed of the city, the sortie and its errors.
    pub seed: u64,
    /// Number of photos, at least 1.
    pub photos: u32,
    /// Picture width, pixels.
    pub width_px: u32,
    /// Picture height, pixels.
    pub height_px: u32,
    /// Flying height above the street, metres.
    pub altitude_m: f64,
    /// Overlap of pictures in a strip and of neighbouring strips, 0 to below 1.
    pub overlaps: [f64; 2],
    /// Strips flown back and forth; left out, one to three by the number of photos.
    pub strips: Option<u32>,
    /// One of so many photos is a slanting view after the strips; 0 for none.
    pub slanting_one_in: u32,
    /// Day of the flight: 0 is the city as its seed has it, later days differ from it and from each other.
    pub day: u32,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            photos: 24,
            width_px: 1664,
            height_px: 1152,
            altitude_m: 120.0,
            overlaps: [0.65, 0.40],
            strips: None,
            slanting_one_in: 8,
            day: 0,
        }
    }
}

impl DemoOptions {
    /// Seed of what is new with every flight: errors, wind, electronics.
    fn flight_seed(&self) -> u64 {
        day_seed(self.seed, self.day)
    }
}

/// What was written.
#[derive(Clone, Debug)]
pub struct DemoSummary {
    /// Photo files in flying order.
    pub photos: Vec<PathBuf>,
    /// The truth file.
    pub truth_path: PathBuf,
    /// Planted objects in the scene.
    pub planted: usize,
}

/// One photo in the truth file.
#[derive(Serialize)]
struct PhotoTruth {
    file: String,
    captured_unix_ms: i64,
    width_px: u32,
    height_px: u32,
    pose: TruePose,
    visible: Vec<VisibleObject>,
}

/// The truth file.
#[derive(Serialize)]
struct Truth<'a> {
    simulated: bool,
    seed: u64,
    stated_sigmas: StatedSigmas,
    day: u32,
    planted: Vec<&'a PlantedObject>,
    photos: Vec<PhotoTruth>,
}

/// First moment of a sortie: 2026-05-12 10:05:00 in Shanghai, a day later for each further seed of a fortnight.
const FIRST_UNIX_MS: i64 = 1_778_551_500_000;
/// Days of the calendar from one day of a scene to the next.
const DAYS_APART: i64 = 30;
/// Ground speed, metres per second.
const SPEED_M_S: f64 = 8.0;

/// Writes `SIM_0001.JPG` and on into `out_dir` and the truth into `out_dir/truth/truth.json`; the same options
/// give the same bytes. `progress` hears of every finished photo (done, total).
///
/// # Errors
/// When an option makes no sense or a file cannot be written.
pub fn render_demo(
    out_dir: &Path,
    options: &DemoOptions,
    progress: &mut dyn FnMut(u32, u32),
) -> anyhow::Result<DemoSummary> {
    ensure!(options.photos > 0, "a sortie needs at least one photo");
    ensure!(
        options.width_px >= 64 && options.height_px >= 64,
        "pictures must be at least 64 pixels a side"
    );
    ensure!(
        options.altitude_m >= 40.0,
        "the flying height must be at least 40 m, above the tallest roof"
    );
    ensure!(
        options
            .overlaps
            .iter()
            .all(|overlap| (0.0..1.0).contains(overlap)),
        "an overlap must be at least 0 and below 1"
    );
    let truth_dir = out_dir.join("truth");
    std::fs::create_dir_all(&truth_dir).with_context(|| format!("cannot make {}", truth_dir.display()))?;
    let scene = Scene::on_day(options.seed, options.day);
    let stated_sigmas = StatedSigmas::draw(options.flight_seed());
    let mut truth = Truth {
        simulated: true,
        seed: options.seed,
        stated_sigmas,
        day: options.day,
        planted: scene.present().collect(),
        photos: Vec::new(),
    };
    let mut photos = Vec::new();
    let total = options.photos;
    for (number, view) in (1u32..).zip(plan_sortie(options)) {
        let file = format!("SIM_{number:04}.JPG");
        let (bytes, photo) = take_photo(&scene, options, (number, &view), stated_sigmas)?;
        let path = out_dir.join(&file);
        write(&path, &bytes)?;
        truth.photos.push(PhotoTruth { file, ..photo });
        photos.push(path);
        progress(number, total);
    }
    let truth_path = truth_dir.join("truth.json");
    write(&truth_path, &serde_json::to_vec_pretty(&truth)?)?;
    Ok(DemoSummary {
        photos,
        truth_path,
        planted: scene.present().count(),
    })
}

/// Views of a sortie in flying order: nadir strips back and forth, then slanting views from its corners.
pub fn plan_sortie(options: &DemoOptions) -> Vec<PlannedView> {
    let focal_px = FOCAL_PER_WIDTH * f64::from(options.width_px);
    let gsd_m = options.altitude_m / focal_px;
    let [forward_overlap, side_overlap] = options.overlaps;
    let step_m = f64::from(options.height_px) * gsd_m * (1.0 - forward_overlap);
    let lane_m = f64::from(options.width_px) * gsd_m * (1.0 - side_overlap);
    let oblique = options.photos.checked_div(options.slanting_one_in).unwrap_or(0);
    let nadir = options.photos - oblique;
    let lanes = options.strips.unwrap_or(match nadir {
        0..=5 => 1,
        6..=14 => 2,
        _ => 3,
    });
    let per_lane = nadir.div_ceil(lanes);
    let mut dice = Dice::new(options.flight_seed(), 51);
    let course_rad = FRAC_PI_2 + dice.between(-0.15, 0.15);
    let days = (options.seed % 14) as i64 + DAYS_APART * i64::from(options.day);
    let mut unix_ms = FIRST_UNIX_MS + days * 86_400_000;
    let mut views = Vec::new();
    for index in 0..nadir {
        let (lane, place) = (index / per_lane, index % per_lane);
        let back = lane % 2 == 1;
        let along =
            (f64::from(place) - f64::from(per_lane - 1) / 2.0) * step_m * if back { -1.0 } else { 1.0 };
        let across = (f64::from(lane) - f64::from(lanes - 1) / 2.0) * lane_m;
        let course = course_rad + if back { PI } else { 0.0 };
        let jitter = [dice.normal(), dice.normal(), dice.normal()].map(|v| 0.4 * v);
        let (s, c) = course_rad.sin_cos();
        let position = [
            along * s + across * c + jitter[0],
            along * c - across * s + jitter[1],
        ];
        unix_ms += (step_m / SPEED_M_S * 1000.0) as i64 + if place == 0 { 9000 } else { 0 };
        views.push(view(
            [position[0], position[1], options.altitude_m + jitter[2]],
            course,
            -FRAC_PI_2,
            unix_ms,
        ));
    }
    for index in 0..oblique {
        let bearing = course_rad + f64::from(index) * 2.4 + 0.6;
        let reach = 110.0 + 0.5 * options.altitude_m;
        unix_ms += 20_000;
        let place = [-reach * bearing.sin(), -reach * bearing.cos(), options.altitude_m];
        views.push(view(place, bearing, (-60f64).to_radians(), unix_ms));
    }
    views
}

fn view(position_enu_m: [f64; 3], course_rad: f64, pitch_rad: f64, unix_ms: i64) -> PlannedView {
    // Gimbals report tenths of a degree.
    let yaw_rad = ((course_rad.to_degrees() * 10.0).round() / 10.0).to_radians();
    PlannedView {
        position_enu_m,
        gimbal: GimbalAngles {
            yaw_rad,
            pitch_rad,
            roll_rad: 0.0,
        },
        course_rad,
        unix_us: unix_ms * 1000,
    }
}

fn take_photo(
    scene: &Scene,
    options: &DemoOptions,
    (number, view): (u32, &PlannedView),
    sigmas: StatedSigmas,
) -> anyhow::Result<(Vec<u8>, PhotoTruth)> {
    let errors = PoseErrors::draw(options.flight_seed(), number);
    let focal_px = FOCAL_PER_WIDTH * f64::from(options.width_px);
    let camera = true_camera(view, &errors, [options.width_px, options.height_px], focal_px);
    let rendering = render(scene, &camera, available_threads());
    let settings = Development::draw(&mut Dice::new(options.flight_seed(), 61), false).for_photo(number);
    let picture = develop(&rendering, &settings);
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 91).encode_image(&picture)?;
    let belief = Belief {
        frame: scene.frame,
        takeoff_m: 0.0,
        errors,
        sigmas,
        serial: "SIM24-000001".to_owned(),
    };
    let bytes = with_metadata(&jpeg, &camera, view, &belief);
    let photo = PhotoTruth {
        file: String::new(),
        captured_unix_ms: view.unix_us / 1000,
        width_px: options.width_px,
        height_px: options.height_px,
        pose: true_pose(&scene.frame, &camera, 0.0, errors),
        visible: visible_objects(scene, &camera, &rendering),
    };
    Ok((bytes, photo))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_overlap_as_planned() {
        let options = DemoOptions::default();
        let views = plan_sortie(&options);
        assert_eq!(views.len(), 24);
        assert_eq!(views.iter().filter(|v| v.gimbal.pitch_rad > -1.5).count(), 3);
        let gap = |a: &PlannedView, b: &PlannedView| {
            (a.position_enu_m[0] - b.position_enu_m[0]).hypot(a.position_enu_m[1] - b.position_enu_m[1])
        };
        // 1152 px of 10.14 cm (120 m over 1183.07 px) are 116.85 m; 35 % of that are 40.90 m.
        let mean = (0..6).map(|i| gap(&views[i], &views[i + 1])).sum::<f64>() / 6.0;
        assert!((mean - 40.90).abs() < 1.0, "{mean}");
        assert!(views.windows(2).all(|pair| pair[0].unix_us < pair[1].unix_us));
    }
}
