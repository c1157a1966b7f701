//! The 95 % ellipse must hold the truth 93 to 97 times in 100 when poses err as their sigmas say. The errors
//! go through the full geometry, not through the derivatives the ellipse is made of.

use nalgebra::{Matrix3, Rotation3, Vector3};
use survey::camera::{CameraModel, CameraSource};
use survey::geodesy::{AltitudeAglM, LocalTangent, Wgs84};
use survey::geolocate::{CLICK_SIGMA_PX, ErrorEllipse, ground_from_pixel};
use survey::pose::{Attitude, GroundAssumption, Pose, PoseSigmas};

use crate::Stream;

const TRIALS: usize = 20_000;

fn camera() -> CameraModel {
    CameraModel::pinhole(4000, 3000, 2900.0, CameraSource::CameraTable).unwrap()
}

fn attitude_from(ned_from_camera: &Matrix3<f64>) -> Attitude {
    let (right, down, forward) = (
        ned_from_camera.column(0),
        ned_from_camera.column(1),
        ned_from_camera.column(2),
    );
    Attitude {
        yaw_rad: forward[1].atan2(forward[0]),
        pitch_rad: -forward[2].asin(),
        roll_rad: right[2].atan2(down[2]),
    }
}

/// The pose a drone would report when `truth` is where it was.
fn reported(truth: &Pose, stream: &mut Stream) -> Pose {
    let sigmas = truth.sigmas;
    let turned = truth.attitude.ned_from_camera();
    let level = turned[(2, 2)].clamp(-1.0, 1.0).acos().sin();
    let tilt = Vector3::new(stream.normal(), stream.normal(), stream.normal() * level) * sigmas.tilt_rad;
    let yaw = Rotation3::from_axis_angle(&Vector3::z_axis(), stream.normal() * sigmas.yaw_rad);
    let measured = yaw.matrix() * turned * Rotation3::new(tilt).matrix();
    let place = LocalTangent::at(truth.position)
        .wgs84_from_enu(stream.normal() * sigmas.east_m, stream.normal() * sigmas.north_m);
    Pose {
        position: place,
        altitude_agl_m: AltitudeAglM(truth.altitude_agl_m.0 + stream.normal() * sigmas.height_m),
        attitude: attitude_from(&measured),
        ..truth.clone()
    }
}

/// Share of trials whose truth lies inside the 95 % ellipse, and mean normalised squared error (2 is ideal).
fn inside_share(pitch_deg: f64, pixel: [f64; 2], sigmas: PoseSigmas) -> (f64, f64) {
    let mut stream = Stream(20_261_123);
    let truth = Pose {
        position: Wgs84::new(31.2, 121.5).unwrap(),
        altitude_agl_m: AltitudeAglM(120.0),
        ground: GroundAssumption::FlatAtTakeoff,
        attitude: Attitude::from_degrees(37.0, pitch_deg, 0.0),
        sigmas,
    };
    let camera = camera();
    let target = ground_from_pixel(&truth, &camera, pixel).unwrap().position;
    let (mut inside, mut squares) = (0, 0.0);
    for _ in 0..TRIALS {
        let pose = reported(&truth, &mut stream);
        let believed = CameraModel {
            focal_px: camera.focal_px * (1.0 + stream.normal() * camera.focal_sigma_rel),
            ..camera.clone()
        };
        let click = [0, 1]
            .map(|axis| (pixel[axis] + stream.normal() * CLICK_SIGMA_PX).clamp(0.0, [4000.0, 3000.0][axis]));
        let fix = ground_from_pixel(&pose, &believed, click).unwrap();
        let ellipse = ErrorEllipse::from_covariance(fix.covariance_m2, 0.95);
        let [east, north] = LocalTangent::at(fix.position).enu_from_wgs84(target);
        let (sin, cos) = ellipse.azimuth_rad.sin_cos();
        let along = (east * sin + north * cos) / ellipse.semi_major_m;
        let cross = (east * cos - north * sin) / ellipse.semi_minor_m;
        let square = along * along + cross * cross;
        inside += usize::from(square <= 1.0);
        squares += square * 2.0 * 20.0_f64.ln();
    }
    (inside as f64 / TRIALS as f64, squares / TRIALS as f64)
}

#[test]
fn the_95_percent_ellipse_holds_95_percent() {
    let gnss = PoseSigmas {
        east_m: 1.5,
        north_m: 1.5,
        height_m: 3.0,
        tilt_rad: 0.5_f64.to_radians(),
        yaw_rad: 2.0_f64.to_radians(),
    };
    let rtk = PoseSigmas::consumer_gnss().with_rtk(0.02, 0.02, 0.03);
    for sigmas in [gnss, PoseSigmas::consumer_gnss(), rtk] {
        for (pitch_deg, pixel) in [
            (-90.0, [2000.0, 1500.0]),
            (-90.0, [0.0, 0.0]),
            (-60.0, [3500.0, 400.0]),
            (-45.0, [2000.0, 1500.0]),
            (-45.0, [3800.0, 1500.0]),
        ] {
            let (share, nees) = inside_share(pitch_deg, pixel, sigmas);
            println!(
                "pitch {pitch_deg} pixel {pixel:?}: {:.2} % inside, mean squared error {nees:.3}",
                share * 100.0
            );
            assert!(
                (0.93..=0.97).contains(&share),
                "pitch {pitch_deg}, pixel {pixel:?}: {share}"
            );
        }
    }
}
