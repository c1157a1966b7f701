//! Real photos: the same ground point seen in two photos must come out at the same place. The matched pixels
//! and poses are read from a file named by `FLYONCE_PAIRS`, which is not part of the repository:
//! `{"photos": {name: {make, model, width_px, height_px, focal_length_mm, focal_length_35mm, latitude_deg,
//! longitude_deg, relative_altitude_m, yaw_deg, pitch_deg, roll_deg}}, "pairs": [{a, b, pairs: [[x, y, x, y]]}]}`.
//! `benches/match_photos.py` writes such a file. The check is skipped visibly where it is absent.

use serde_json::Value;
use survey::camera::{CameraHints, CameraModel, CameraSource};
use survey::geodesy::{AltitudeAglM, LocalTangent, Wgs84};
use survey::geolocate::{ErrorEllipse, ground_from_pixel};
use survey::pose::{Attitude, GroundAssumption, Pose, PoseSigmas};

struct Photo {
    pose: Pose,
    camera: CameraModel,
}

fn photo(facts: &Value) -> Photo {
    let number = |key: &str| {
        facts[key]
            .as_f64()
            .unwrap_or_else(|| panic!("{key} missing in {facts}"))
    };
    let hints = CameraHints {
        make: facts["make"].as_str().map(str::to_owned),
        model: facts["model"].as_str().map(str::to_owned),
        image_width_px: number("width_px") as u32,
        image_height_px: number("height_px") as u32,
        focal_length_mm: facts["focal_length_mm"].as_f64(),
        focal_length_35mm: facts["focal_length_35mm"].as_f64(),
        ..CameraHints::default()
    };
    let pose = Pose {
        position: Wgs84::new(number("latitude_deg"), number("longitude_deg")).unwrap(),
        altitude_agl_m: AltitudeAglM(number("relative_altitude_m")),
        ground: GroundAssumption::FlatAtTakeoff,
        attitude: Attitude::from_degrees(number("yaw_deg"), number("pitch_deg"), number("roll_deg")),
        sigmas: PoseSigmas::consumer_gnss(),
    };
    Photo {
        pose,
        camera: CameraModel::from_hints(&hints).unwrap(),
    }
}

/// Distances between the two places of each pair, m, and how many differences lie in the joint 95 % ellipse.
fn compare(a: &Photo, b: &Photo, pairs: &[Value]) -> (Vec<f64>, usize) {
    let (mut apart, mut inside) = (Vec::new(), 0);
    for pair in pairs {
        let at = |i: usize| pair[i].as_f64().unwrap();
        let fixes = [
            ground_from_pixel(&a.pose, &a.camera, [at(0), at(1)]),
            ground_from_pixel(&b.pose, &b.camera, [at(2), at(3)]),
        ];
        let [Ok(first), Ok(second)] = fixes else {
            continue;
        };
        let [east, north] = LocalTangent::at(first.position).enu_from_wgs84(second.position);
        let joint = [0, 1]
            .map(|row| [0, 1].map(|col| first.covariance_m2[row][col] + second.covariance_m2[row][col]));
        let ellipse = ErrorEllipse::from_covariance(joint, 0.95);
        let (sin, cos) = ellipse.azimuth_rad.sin_cos();
        let along = (east * sin + north * cos) / ellipse.semi_major_m;
        let cross = (east * cos - north * sin) / ellipse.semi_minor_m;
        inside += usize::from(along.hypot(cross) <= 1.0);
        apart.push(east.hypot(north));
    }
    apart.sort_by(f64::total_cmp);
    (apart, inside)
}

#[test]
fn two_photos_of_the_same_ground_agree() {
    let Some(path) = std::env::var_os("FLYONCE_PAIRS") else {
        println!("SKIPPED: FLYONCE_PAIRS names no file of matched pixels");
        return;
    };
    let text = std::fs::read_to_string(&path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    for group in file["pairs"].as_array().unwrap() {
        let [a, b] = ["a", "b"].map(|key| photo(&file["photos"][group[key].as_str().unwrap()]));
        assert_eq!(a.camera.source, CameraSource::CameraTable);
        let (apart, inside) = compare(&a, &b, group["pairs"].as_array().unwrap());
        let quantile = |part: f64| apart[((apart.len() - 1) as f64 * part) as usize];
        println!(
            "{} / {}: {} points, median {:.2} m, p95 {:.2} m, {:.1} % inside the joint 95 % ellipse",
            group["a"],
            group["b"],
            apart.len(),
            quantile(0.5),
            quantile(0.95),
            100.0 * inside as f64 / apart.len() as f64
        );
        let flatter_rad = a.pose.attitude.pitch_rad.max(b.pose.attitude.pitch_rad);
        let limit_m = if flatter_rad < -1.2 { 4.2 } else { 8.5 };
        assert!(
            quantile(0.5) <= limit_m,
            "median {:.2} m is worse than {limit_m} m",
            quantile(0.5)
        );
    }
}
