//! Pictures for training a detector: random views over a scene with YOLO labels beside them.

use std::f64::consts::{FRAC_PI_2, TAU};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::camera::{Camera, FOCAL_PER_WIDTH, GimbalAngles};
use crate::day::day_seed;
use crate::develop::{Development, develop};
use crate::plan::ObjectClass;
use crate::random::Dice;
use crate::render::{available_threads, render};
use crate::scene::Scene;
use crate::truth::{roof_mask, visible_objects, yolo_text};

/// What to render.
#[derive(Clone, Debug)]
pub struct TrainingOptions {
    /// Seed of the scene and of the views.
    pub seed: u64,
    /// Number of pictures.
    pub photos: u32,
    /// Picture size, pixels.
    pub size_px: [u32; 2],
    /// Least and greatest ground sampling distance at street level, cm per pixel.
    pub gsd_cm: [f64; 2],
    /// Share of pictures taken at a slant (45 to 75° down) instead of straight down.
    pub oblique_share: f64,
    /// Day of the scene, see [`Scene::on_day`]; the views are the same on all days.
    pub day: u32,
    /// Whether to write YOLO labels.
    pub yolo: bool,
    /// Whether to write masks of roofs.
    pub masks: bool,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct TrainingSummary {
    /// Picture files.
    pub pictures: Vec<PathBuf>,
    /// Labels in all pictures.
    pub labels: usize,
}

/// Renders `OUT/images/*.jpg` and, if asked for, `OUT/labels/*.txt` and `OUT/classes.txt`, and `OUT/masks/*.png`
/// (1 roof, 0 none, 255 walls).
///
/// # Errors
/// When a folder or file cannot be written.
pub fn render_training(out_dir: &Path, options: &TrainingOptions) -> anyhow::Result<TrainingSummary> {
    let scene = Scene::on_day(options.seed, options.day);
    let mut other_days = Dice::new(day_seed(options.seed, options.day), 32);
    let mut dice = Dice::new(options.seed, 31);
    let [images, labels, masks] = ["images", "labels", "masks"].map(|name| out_dir.join(name));
    make_folder(&images)?;
    if options.masks {
        make_folder(&masks)?;
    }
    if options.yolo {
        make_folder(&labels)?;
        let names: String = ObjectClass::ALL
            .iter()
            .map(|class| format!("{}\n", class.name()))
            .collect();
        write(&out_dir.join("classes.txt"), names.as_bytes())?;
    }
    let mut summary = TrainingSummary {
        pictures: Vec::new(),
        labels: 0,
    };
    for number in 0..options.photos {
        let camera = random_view(&mut dice, options);
        let rendering = render(&scene, &camera, available_threads());
        let own = (Development::draw(&mut dice, true), dice.whole(82, 95) as u8);
        let (development, quality) = match options.day {
            0 => own,
            _ => (Development::draw(&mut other_days, true), own.1),
        };
        let picture = develop(&rendering, &development);
        let name = format!("sim_{}_{:04}", options.seed, number + 1);
        let path = images.join(format!("{name}.jpg"));
        let mut bytes = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&picture)?;
        write(&path, &bytes)?;
        summary.pictures.push(path);
        if options.masks {
            roof_mask(&scene, &rendering).save(masks.join(format!("{name}.png")))?;
        }
        if options.yolo {
            let visible = visible_objects(&scene, &camera, &rendering);
            summary.labels += visible.len();
            let text = yolo_text(&visible, camera.width_px, camera.height_px);
            write(&labels.join(format!("{name}.txt")), text.as_bytes())?;
        }
    }
    Ok(summary)
}

fn random_view(dice: &mut Dice, options: &TrainingOptions) -> Camera {
    let [width_px, height_px] = options.size_px;
    let focal_px = FOCAL_PER_WIDTH * f64::from(width_px);
    let altitude_m = focal_px * dice.between(options.gsd_cm[0], options.gsd_cm[1]) / 100.0;
    let oblique = dice.chance(options.oblique_share);
    let down = if oblique {
        dice.between(0.78, 1.31)
    } else {
        FRAC_PI_2 - 0.03 * dice.unit()
    };
    let angles = GimbalAngles {
        yaw_rad: dice.between(0.0, TAU),
        pitch_rad: -down,
        roll_rad: 0.01 * dice.normal(),
    };
    // The centre of view stays inside the built-up ground.
    let aim = [dice.between(-260.0, 260.0), dice.between(-210.0, 210.0)];
    let back_m = altitude_m / down.tan();
    Camera {
        position_enu_m: [
            aim[0] - back_m * angles.yaw_rad.sin(),
            aim[1] - back_m * angles.yaw_rad.cos(),
            altitude_m.max(40.0),
        ],
        enu_from_camera: angles.enu_from_camera(),
        width_px,
        height_px,
        focal_px,
    }
}

fn make_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
