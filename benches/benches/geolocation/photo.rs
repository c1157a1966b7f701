//! A photo of a simulated sortie as it truly was and as it describes itself, and the trials it gives.

use simulator::{
    Camera, DemoOptions, FOCAL_PER_WIDTH, HEIGHT_SIGMA_M, ObjectClass, POSITION_SIGMA_M, PlannedView,
    PlantedObject, PoseErrors, Scene, StatedSigmas, TILT_SIGMA_DEG, YAW_SIGMA_DEG, true_camera,
};
use survey::camera::{CameraModel, CameraSource};
use survey::geodesy::{AltitudeAglM, LocalTangent, Wgs84};
use survey::geolocate::{
    BasePixel, ErrorEllipse, GroundFix, ground_from_outline, ground_from_pixel, pixel_of_box,
};
use survey::pose::{Attitude, FixQuality, GroundAssumption, Pose, PoseSigmas};
use survey::sharpness::Sharpness;
use survey::triangulate::{SeenPlace, Sight};

/// Coarsest ground that the detector of this repository is trained for, cm per pixel.
const TRAINED_TO_CM: f64 = 20.0;

/// One place beside its truth.
pub struct Trial {
    pub off_m: f64,
    pub inside: bool,
    pub slant_range_m: f64,
    /// Half of all errors are expected within this by the covariance, m.
    pub expected_m: f64,
    /// Whether the detector looks that far into the picture.
    pub usable: bool,
}

/// What a pose says of its own errors.
#[derive(Clone, Copy)]
pub enum Stated {
    /// Position sigmas by the photo's receiver, the rest as assumed.
    Assumed(PoseSigmas),
    /// Just those that the simulator draws its errors with, on ground of known height.
    Exactly,
}

impl Stated {
    fn sigmas(self, stated: &StatedSigmas) -> PoseSigmas {
        match self {
            Self::Assumed(assumed) => {
                let sigmas = [stated.position_m, stated.position_m, stated.height_m];
                assumed.with_fix(FixQuality::SinglePoint, sigmas)
            }
            Self::Exactly => PoseSigmas {
                east_m: POSITION_SIGMA_M,
                north_m: POSITION_SIGMA_M,
                height_m: HEIGHT_SIGMA_M,
                tilt_rad: TILT_SIGMA_DEG.to_radians(),
                yaw_rad: YAW_SIGMA_DEG.to_radians(),
            },
        }
    }
}

/// What is seen of a thing in one photo.
pub struct Sighting {
    pub trial: Trial,
    pub seen: SeenPlace,
}

/// Which pixel of a box (left, top, right, bottom) stands for the thing.
pub type BasePoint = fn(&Photo<'_>, [f64; 4]) -> BasePixel;

fn certain(pixel: [f64; 2]) -> BasePixel {
    BasePixel {
        pixel,
        sigma_px: [0.0; 2],
    }
}

pub const BASE_POINTS: [(&str, BasePoint); 4] = [
    ("foot as the program takes it", |photo, of_box| {
        pixel_of_box(&photo.pose, &photo.camera, of_box)
    }),
    ("middle of the box", |_, [left, top, right, bottom]| {
        certain([(left + right) / 2.0, (top + bottom) / 2.0])
    }),
    (
        "point three quarters down the box",
        |_, [left, top, right, bottom]| certain([(left + right) / 2.0, top + 0.75 * (bottom - top)]),
    ),
    ("bottom edge of the box", |_, [left, _, right, bottom]| {
        certain([(left + right) / 2.0, bottom])
    }),
];

/// How the errors of a sortie's photos hang together.
#[derive(Clone, Copy)]
pub enum Errors {
    /// As the simulator draws them: every photo for itself.
    Apart,
    /// Half of each error's variance is the same for all photos of the sortie.
    HalfShared,
}

impl Errors {
    fn draw(self, seed: u64, number: u32) -> PoseErrors {
        let own = PoseErrors::draw(seed, number);
        let Self::HalfShared = self else { return own };
        // No sortie has a photo of number nought.
        let shared = PoseErrors::draw(seed, 0);
        let mixed = |a: f64, b: f64| (a + b) * 0.5_f64.sqrt();
        PoseErrors {
            east_m: mixed(own.east_m, shared.east_m),
            north_m: mixed(own.north_m, shared.north_m),
            height_m: mixed(own.height_m, shared.height_m),
            tilt_deg: [0, 1].map(|axis| mixed(own.tilt_deg[axis], shared.tilt_deg[axis])),
            yaw_deg: mixed(own.yaw_deg, shared.yaw_deg),
        }
    }
}

/// A photo as it truly was and as it describes itself.
pub struct Photo<'s> {
    scene: &'s Scene,
    truth: Camera,
    pub pose: Pose,
    pub camera: CameraModel,
    usable_to_cm: f64,
}

impl<'s> Photo<'s> {
    pub fn taken(
        scene: &'s Scene,
        options: &DemoOptions,
        (number, view): (u32, &PlannedView),
        (sigmas, errors): (Stated, Errors),
    ) -> Self {
        let errors = errors.draw(options.seed, number);
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
        )
        .expect("a usable camera");
        let pose = Pose {
            position: wgs84(place.latitude_deg, place.longitude_deg),
            altitude_agl_m: AltitudeAglM(u + errors.height_m),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude {
                yaw_rad: view.gimbal.yaw_rad,
                pitch_rad: view.gimbal.pitch_rad,
                roll_rad: view.gimbal.roll_rad,
            },
            sigmas: sigmas.sigmas(&stated),
        };
        let usable_to_cm = Sharpness::of(&pose, &camera).map_or(0.0, |it| it.usable_to_cm(TRAINED_TO_CM));
        Self {
            scene,
            truth,
            pose,
            camera,
            usable_to_cm,
        }
    }

    pub fn ground_trials(&self) -> Vec<Trial> {
        let (width, height) = (f64::from(self.camera.width_px), f64::from(self.camera.height_px));
        let steps = (0..5).flat_map(|row| (0..7).map(move |column| [column, row]));
        steps
            .filter_map(|[column, row]| {
                let pixel = [
                    width * (0.02 + 0.16 * f64::from(column)),
                    height * (0.02 + 0.24 * f64::from(row)),
                ];
                let truth = self.truth.ground_from_pixel(pixel, 0.0)?;
                let fix = ground_from_pixel(&self.pose, &self.camera, pixel).ok()?;
                Some(Trial {
                    usable: fix.gsd_cm <= self.usable_to_cm,
                    ..self.trial(&fix, truth)
                })
            })
            .collect()
    }

    /// A thing wholly in the part of the picture that the program uses, by one point of its box.
    pub fn thing(&self, object: &PlantedObject, base_point: BasePoint) -> Option<Sighting> {
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
        let base = base_point(self, [left, top, right, bottom]);
        let outline = [[left, top], [right, top], [right, bottom], [left, bottom]];
        let shown = ground_from_outline(&base, &outline, |pixel| {
            ground_from_pixel(&self.pose, &self.camera, pixel)
        });
        let fix = shown.ok()?.centre;
        let sight = Sight::of(&self.pose, &self.camera, base.pixel).ok()?;
        (fix.gsd_cm <= self.usable_to_cm).then(|| Sighting {
            trial: self.trial(&fix, [object.centre_enu_m[0], object.centre_enu_m[1]]),
            seen: SeenPlace {
                position: fix.position,
                covariance_m2: fix.covariance_m2,
                sight: Some(sight),
            },
        })
    }

    fn trial(&self, fix: &GroundFix, truth_enu_m: [f64; 2]) -> Trial {
        trial(
            self.scene,
            (fix.position, fix.covariance_m2),
            truth_enu_m,
            fix.slant_range_m,
        )
    }
}

/// A place with its covariance beside the truth.
pub fn trial(
    scene: &Scene,
    (position, covariance_m2): (Wgs84, [[f64; 2]; 2]),
    truth_enu_m: [f64; 2],
    slant_range_m: f64,
) -> Trial {
    let truth = scene.frame.wgs84_from_enu([truth_enu_m[0], truth_enu_m[1], 0.0]);
    let [east, north] =
        LocalTangent::at(position).enu_from_wgs84(wgs84(truth.latitude_deg, truth.longitude_deg));
    let ellipse = ErrorEllipse::from_covariance(covariance_m2, 0.95);
    let (sin, cos) = ellipse.azimuth_rad.sin_cos();
    let along = (east * sin + north * cos) / ellipse.semi_major_m;
    let cross = (east * cos - north * sin) / ellipse.semi_minor_m;
    Trial {
        off_m: east.hypot(north),
        inside: along.hypot(cross) <= 1.0,
        slant_range_m,
        // Of two normal errors, good to 3 % up to axes of 1 : 3 (the circular error probable's usual rule).
        expected_m: 0.589 * (ellipse.semi_major_m + ellipse.semi_minor_m) / (2.0 * 20.0_f64.ln()).sqrt(),
        usable: true,
    }
}

fn wgs84(latitude_deg: f64, longitude_deg: f64) -> Wgs84 {
    Wgs84::new(latitude_deg, longitude_deg).expect("a place on Earth")
}
