//! Photos of the fleet looked at from outside: bytes repeat, metadata says what a drone would say, and the truth fits
//! the picture's geometry.

use std::f64::consts::FRAC_PI_2;
use std::process::Command;

use serde_json::Value;
use simulator::fleet_camera::{Photo, photograph};
use simulator::vehicle::Exposure;
use simulator::{Camera, Neighbourhood, ObjectClass, neighbourhoods};

/// An exposure straight down over the middle of the block of a dock.
fn exposure(place: &Neighbourhood, image_index: u32) -> Exposure {
    let [e, n] = place.survey.centre_enu_m;
    let here = place.scene.frame.wgs84_from_enu([e, n, 0.0]);
    Exposure {
        system_id: place.system_id,
        flight_number: 1,
        image_index,
        unix_us: 1_772_416_921_654_321,
        latitude_deg: here.latitude_deg,
        longitude_deg: here.longitude_deg,
        height_above_home_m: 118.2,
        course_rad: 1.3,
        gimbal_pitch_rad: -FRAC_PI_2,
        ground_speed_ms: 11.0,
    }
}

fn take(place: &Neighbourhood, image_index: u32) -> Photo {
    photograph(place, &exposure(place, image_index), 1).unwrap()
}

#[test]
fn the_same_exposure_gives_the_same_bytes_and_another_image_others() {
    let places = neighbourhoods(1, 1);
    let again = neighbourhoods(1, 1);
    let (first, second) = (take(&places[0], 1), take(&again[0], 1));
    assert_eq!(first.jpeg, second.jpeg);
    assert_eq!(
        serde_json::to_string(&first.truth).unwrap(),
        serde_json::to_string(&second.truth).unwrap()
    );
    let other = take(&places[0], 2);
    assert_ne!(first.jpeg, other.jpeg);
    assert_ne!(first.truth.pose.errors.east_m, other.truth.pose.errors.east_m);
    assert!(first.jpeg.len() < 2_000_000, "{}", first.jpeg.len());
}

#[test]
fn boxes_of_open_flat_roofs_and_cars_hold_their_projected_outline() {
    let place = &neighbourhoods(1, 3)[2];
    let photo = take(place, 4);
    let pose = &photo.truth.pose;
    let camera = Camera {
        position_enu_m: pose.position_enu_m,
        enu_from_camera: pose.enu_from_camera,
        width_px: 1664,
        height_px: 1152,
        focal_px: pose.focal_px,
    };
    let (mut held, mut all) = (0, 0);
    for seen in &photo.truth.visible {
        let object = &place.scene.objects[seen.id as usize - 1];
        let solid = matches!(seen.class, ObjectClass::Building | ObjectClass::Vehicle);
        if !solid || seen.visible_fraction < 0.97 {
            continue;
        }
        let corners = object.outline_enu_m.iter().map(|corner| {
            camera
                .pixel_from_enu([corner[0], corner[1], object.base_m + 0.2])
                .unwrap()
        });
        for [x, y] in corners.filter(|&[x, y]| (0.0..1664.0).contains(&x) && (0.0..1152.0).contains(&y)) {
            let [left, top, right, bottom] = seen.box_px;
            let slack = 12.0;
            all += 1;
            held += u32::from(
                (left - slack..right + slack).contains(&x) && (top - slack..bottom + slack).contains(&y),
            );
        }
    }
    assert!(all >= 60 && held * 100 >= all * 95, "{held} of {all}");
}

#[test]
fn truth_is_the_exposure_and_the_written_position_is_off_by_the_recorded_errors() {
    let place = &neighbourhoods(1, 2)[1];
    let given = exposure(place, 3);
    let photo = photograph(place, &given, 1).unwrap();
    let truth = &photo.truth;
    assert_eq!((truth.dock_id.as_str(), truth.image_index), ("D02", 3));
    assert!((truth.position_wgs84.latitude_deg - given.latitude_deg).abs() < 1e-9);
    assert!((truth.pose.position_enu_m[2] - 118.2 - place.dock_above_street_m).abs() < 0.02);
    assert!((truth.pose.height_above_takeoff_m - 118.2).abs() < 0.02);
    let exif = exif::Reader::new()
        .read_from_container(&mut std::io::Cursor::new(&photo.jpeg))
        .unwrap();
    let numbers = |tag| match &exif.get_field(tag, exif::In::PRIMARY).unwrap().value {
        exif::Value::Rational(list) => list.iter().map(exif::Rational::to_f64).collect::<Vec<f64>>(),
        other => panic!("{other:?}"),
    };
    let degrees = |parts: Vec<f64>| parts[0] + parts[1] / 60.0 + parts[2] / 3600.0;
    // One degree of latitude is 110.87 km here.
    let north_m = (degrees(numbers(exif::Tag::GPSLatitude)) - given.latitude_deg) * 110_872.0;
    assert!((north_m - truth.pose.errors.north_m).abs() < 0.02, "{north_m}");
    let altitude_m = place.dock_amsl_m + 118.2 + truth.pose.errors.height_m;
    assert!((numbers(exif::Tag::GPSAltitude)[0] - altitude_m).abs() < 0.02);
    let serial = exif
        .get_field(exif::Tag::BodySerialNumber, exif::In::PRIMARY)
        .unwrap();
    assert!(serial.display_value().to_string().contains("SIM24-000002"));
}

#[test]
fn a_pose_that_is_none_is_refused_in_words() {
    let places = neighbourhoods(1, 2);
    let good = exposure(&places[0], 1);
    let refused = |exposure: Exposure| photograph(&places[0], &exposure, 1).unwrap_err().to_string();
    assert!(refused(Exposure { system_id: 2, ..good }).contains("does not belong to dock D01"));
    assert!(
        refused(Exposure {
            height_above_home_m: -5.0,
            ..good
        })
        .contains("above the street")
    );
    assert!(
        refused(Exposure {
            latitude_deg: f64::NAN,
            ..good
        })
        .contains("no pose")
    );
}

/// What exiftool reads from a photo, tag by group and name; `None` where it is not installed.
fn read_by_exiftool(jpeg: &[u8]) -> Option<Value> {
    if Command::new("exiftool").arg("-ver").output().is_err() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "exiftool is not installed"
        );
        eprintln!("SKIPPED: exiftool is not installed");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("photo.jpg");
    std::fs::write(&path, jpeg).unwrap();
    let output = Command::new("exiftool")
        .args(["-json", "-n", "-G1", "-a", "-validate", "-warning", "-all:all"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    Some(read[0].clone())
}

#[test]
fn exiftool_reads_every_field_without_a_warning() {
    let photo = take(&neighbourhoods(1, 1)[0], 7);
    let Some(fields) = read_by_exiftool(&photo.jpeg) else {
        return;
    };
    assert!(
        fields["ExifTool:Warning"].is_null(),
        "{}",
        fields["ExifTool:Warning"]
    );
    let number = |name: &str| {
        let value = &fields[name];
        let text = value
            .as_str()
            .map(str::to_owned)
            .unwrap_or_else(|| value.to_string());
        text.trim_start_matches('+')
            .parse::<f64>()
            .unwrap_or_else(|_| panic!("{name}: {value}"))
    };
    let pose = &photo.truth.pose;
    let north_m = (number("GPS:GPSLatitude") - photo.truth.position_wgs84.latitude_deg) * 110_872.0;
    assert!((north_m - pose.errors.north_m).abs() < 0.02, "{north_m}");
    assert_eq!(
        (number("File:ImageWidth"), number("File:ImageHeight")),
        (1664.0, 1152.0)
    );
    assert_eq!(
        (
            number("ExifIFD:ExifImageWidth"),
            number("ExifIFD:ExifImageHeight")
        ),
        (1664.0, 1152.0)
    );
    assert_eq!(fields["ExifIFD:DateTimeOriginal"], "2026:03:02 10:02:01");
    assert_eq!(fields["ExifIFD:OffsetTimeOriginal"], "+08:00");
    assert_eq!(fields["GPS:GPSDateStamp"], "2026:03:02");
    assert!(
        fields["XMP-drone-dji:UTCAtExposure"]
            .as_str()
            .unwrap()
            .ends_with("02:02:01.654321")
    );
    assert_eq!(number("XMP-drone-dji:GimbalPitchDegree"), -90.0);
    // 1.3 rad are 74.48°; the gimbal reports tenths.
    assert_eq!(number("XMP-drone-dji:GimbalYawDegree"), 74.5);
    assert!((number("XMP-drone-dji:FlightYawDegree") - 74.48).abs() < 0.01);
    let above_home_m = 118.2 + pose.errors.height_m;
    assert!((number("XMP-drone-dji:RelativeAltitude") - above_home_m).abs() < 0.02);
    assert_eq!(number("XMP-drone-dji:RtkFlag"), 16.0);
    assert!((0.75..=2.25).contains(&number("XMP-drone-dji:RtkStdLat")));
    assert!((1.5..=4.5).contains(&number("XMP-drone-dji:RtkStdHgt")));
}
