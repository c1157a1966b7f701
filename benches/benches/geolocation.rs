//! How near places come to the truth, and how often the truth lies inside the 95 % ellipse: photos of simulated
//! sorties with the simulator's own errors (heavier tails than a normal, sigmas stated wrong by up to half), which
//! knows nothing of `survey`. `cargo bench -p benches --bench geolocation -- [SORTIES]`

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

use simulator::{
    Camera, DemoOptions, FOCAL_PER_WIDTH, ObjectClass, PlannedView, PlantedObject, PoseErrors, Scene,
    StatedSigmas, TILT_SIGMA_DEG, YAW_SIGMA_DEG, plan_sortie, true_camera,
};
use survey::camera::{CameraModel, CameraSource};
use survey::geodesy::{AltitudeAglM, LocalTangent, Wgs84};
use survey::geolocate::{ErrorEllipse, GroundFix, ground_from_pixel};
use survey::pose::{Attitude, FixQuality, GroundAssumption, Pose, PoseSigmas};

/// OpenAthena's error line as published: 5.25 m and 0.02 to 0.035 m for every metre of slant range.
const OPENATHENA_M: [f64; 3] = [5.25, 0.02, 0.035];

/// One place beside its truth.
struct Trial {
    off_m: f64,
    inside: bool,
    slant_range_m: f64,
}

fn main() {
    let sorties = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(60);
    println!("{sorties} sorties at 60 to 140 m");
    let assumed = PoseSigmas::consumer_gnss();
    run(
        sorties,
        "attitude sigmas as configured by default (tilt 1°, yaw 3°)",
        assumed,
    );
    let stated = PoseSigmas {
        tilt_rad: TILT_SIGMA_DEG.to_radians(),
        yaw_rad: YAW_SIGMA_DEG.to_radians(),
        ..assumed
    };
    run(
        sorties,
        "attitude sigmas of this camera on a camera card (tilt 0.5°, yaw 2°)",
        stated,
    );
}

/// Downward angle of the camera, by kind of view.
const VIEWS: [(&str, f64); 3] = [("straight down", -90.0), ("60° down", -60.0), ("40° down", -40.0)];

fn run(sorties: u64, what: &str, sigmas: PoseSigmas) {
    let mut ground: [Vec<Trial>; 3] = Default::default();
    let mut things: Vec<[Vec<Trial>; 3]> = BASE_POINTS.iter().map(|_| Default::default()).collect();
    for seed in 1..=sorties {
        let options = DemoOptions {
            seed,
            altitude_m: 60.0 + (seed % 5) as f64 * 20.0,
            ..DemoOptions::default()
        };
        let scene = Scene::generate(1 + seed % 12);
        for (number, view) in (1..).zip(plan_sortie(&options)) {
            // The plan's slanting views look 60° down; every other one is made flatter.
            let kind = match (view.gimbal.pitch_rad < -1.2, number % 2) {
                (true, _) => 0,
                (false, 0) => 1,
                (false, _) => 2,
            };
            let mut view = view;
            view.gimbal.pitch_rad = VIEWS[kind].1.to_radians();
            let photo = Photo::taken(&scene, &options, (number, &view), sigmas);
            ground[kind].extend(photo.ground_trials());
            for ((_, base_point), trials) in BASE_POINTS.iter().zip(&mut things) {
                trials[kind].extend(
                    scene
                        .objects
                        .iter()
                        .filter_map(|object| photo.thing(object, *base_point)),
                );
            }
        }
    }
    println!("{what}:");
    for ((view, _), trials) in VIEWS.iter().zip(&ground) {
        report(&format!("  ground points, {view}"), trials);
    }
    for ((name, _), trials) in BASE_POINTS.iter().zip(&things) {
        for ((view, _), trials) in VIEWS.iter().zip(trials) {
            report(&format!("  things by the {name}, {view}"), trials);
        }
    }
}

fn report(what: &str, trials: &[Trial]) {
    let quantile = |values: &mut Vec<f64>, part: f64| {
        values.sort_by(f64::total_cmp);
        values
            .get(((values.len().max(1) - 1) as f64 * part) as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    let mut off: Vec<f64> = trials.iter().map(|trial| trial.off_m).collect();
    let line = |slope: f64| {
        let mut shares: Vec<f64> = trials
            .iter()
            .map(|trial| trial.off_m / (OPENATHENA_M[0] + slope * trial.slant_range_m))
            .collect();
        100.0 * quantile(&mut shares, 0.5)
    };
    let inside = trials.iter().filter(|trial| trial.inside).count() as f64 / trials.len().max(1) as f64;
    println!(
        "{what}: {} places, {:.1} % inside the 95 % ellipse, CEP50 {:.2} m, R95 {:.2} m, {:.0} to {:.0} % of OpenAthena's line",
        trials.len(),
        100.0 * inside,
        quantile(&mut off, 0.5),
        quantile(&mut off, 0.95),
        line(OPENATHENA_M[2]),
        line(OPENATHENA_M[1]),
    );
}

/// A photo as it truly was and as it describes itself.
struct Photo<'s> {
    scene: &'s Scene,
    truth: Camera,
    pose: Pose,
    camera: CameraModel,
}

impl<'s> Photo<'s> {
    fn taken(
        scene: &'s Scene,
        options: &DemoOptions,
        (number, view): (u32, &PlannedView),
        assumed: PoseSigmas,
    ) -> Self {
        let errors = PoseErrors::draw(options.seed, number);
        let stated = StatedSigmas::draw(options.seed);
        let focal_px = FOCAL_PER_WIDTH * f64::from(options.width_px);
        let truth = true_camera(view, &errors, [options.width_px, options.height_px], focal_px);
        let [e, n, u] = truth.position_enu_m;
        let place = scene
            .frame
            .wgs84_from_enu([e + errors.east_m, n + errors.north_m, u]);
        let camera = CameraModel::pinhole(
            options.width_px,
            options.height_px,
            focal_px,
            CameraSource::Calibrated,
        );
        let sigmas = [stated.position_m, stated.position_m, stated.height_m];
        let pose = Pose {
            position: wgs84(place.latitude_deg, place.longitude_deg),
            altitude_agl_m: AltitudeAglM(u + errors.height_m),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude {
                yaw_rad: view.gimbal.yaw_rad,
                pitch_rad: view.gimbal.pitch_rad,
                roll_rad: view.gimbal.roll_rad,
            },
            sigmas: assumed.with_fix(FixQuality::SinglePoint, sigmas),
        };
        Self {
            scene,
            truth,
            pose,
            camera: camera.expect("a usable camera"),
        }
    }

    fn ground_trials(&self) -> Vec<Trial> {
        let (width, height) = (f64::from(self.camera.width_px), f64::from(self.camera.height_px));
        let steps = (0..5).flat_map(|row| (0..7).map(move |column| [column, row]));
        steps
            .filter_map(|[column, row]| {
                let pixel = [
                    width * (0.02 + 0.16 * f64::from(column)),
                    height * (0.02 + 0.24 * f64::from(row)),
                ];
                let truth = self.truth.ground_from_pixel(pixel, 0.0)?;
                self.trial(&ground_from_pixel(&self.pose, &self.camera, pixel).ok()?, truth)
            })
            .collect()
    }

    /// A thing wholly in the picture, by one point of its box.
    fn thing(&self, object: &PlantedObject, base_point: BasePoint) -> Option<Trial> {
        if object.class == ObjectClass::BareSoil {
            return None;
        }
        let corners = object.outline_enu_m.iter().flat_map(|[e, n]| {
            [object.base_m, object.top_m].map(|height| self.truth.pixel_from_enu([*e, *n, height]))
        });
        let corners: Vec<[f64; 2]> = corners.collect::<Option<_>>()?;
        if !corners.iter().all(|corner| self.camera.contains(*corner)) {
            return None;
        }
        let range = |axis: usize| {
            let low = corners
                .iter()
                .map(|corner| corner[axis])
                .fold(f64::INFINITY, f64::min);
            let high = corners
                .iter()
                .map(|corner| corner[axis])
                .fold(f64::NEG_INFINITY, f64::max);
            [low, high]
        };
        let ([left, right], [top, bottom]) = (range(0), range(1));
        let pixel = base_point(self, [left, top, right, bottom]);
        let fix = ground_from_pixel(&self.pose, &self.camera, pixel).ok()?;
        self.trial(&fix, [object.centre_enu_m[0], object.centre_enu_m[1]])
    }

    fn trial(&self, fix: &GroundFix, truth_enu_m: [f64; 2]) -> Option<Trial> {
        let truth = self
            .scene
            .frame
            .wgs84_from_enu([truth_enu_m[0], truth_enu_m[1], 0.0]);
        let [east, north] =
            LocalTangent::at(fix.position).enu_from_wgs84(wgs84(truth.latitude_deg, truth.longitude_deg));
        let ellipse = ErrorEllipse::from_covariance(fix.covariance_m2, 0.95);
        let (sin, cos) = ellipse.azimuth_rad.sin_cos();
        let along = (east * sin + north * cos) / ellipse.semi_major_m;
        let cross = (east * cos - north * sin) / ellipse.semi_minor_m;
        Some(Trial {
            off_m: east.hypot(north),
            inside: along.hypot(cross) <= 1.0,
            slant_range_m: fix.slant_range_m,
        })
    }
}

fn wgs84(latitude_deg: f64, longitude_deg: f64) -> Wgs84 {
    Wgs84::new(latitude_deg, longitude_deg).expect("a place on Earth")
}

/// Which pixel of a box (left, top, right, bottom) stands for the thing.
type BasePoint = fn(&Photo<'_>, [f64; 4]) -> [f64; 2];

const BASE_POINTS: [(&str, BasePoint); 3] = [
    ("middle of the box", |_, [left, top, right, bottom]| {
        [(left + right) / 2.0, (top + bottom) / 2.0]
    }),
    (
        "point three quarters down the box",
        |_, [left, top, right, bottom]| [(left + right) / 2.0, top + 0.75 * (bottom - top)],
    ),
    ("bottom edge of the box", |_, [left, _, right, bottom]| {
        [(left + right) / 2.0, bottom]
    }),
];
