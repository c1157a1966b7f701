//! Photos, truth and pictures of the simulator checked against each other from outside: metadata with an
//! independent EXIF reader, geometry through the id picture, and repeatability byte for byte.

use std::collections::HashMap;
use std::f64::consts::FRAC_PI_2;
use std::path::Path;

use serde_json::Value;
use simulator::{
    Camera, DemoOptions, FOCAL_PER_WIDTH, GimbalAngles, ObjectClass, ROOF_BIT, Scene, TrainingOptions,
    render, render_demo, render_training, visible_objects,
};

fn small_demo(dir: &Path, seed: u64) -> (simulator::DemoSummary, Value) {
    let options = DemoOptions {
        seed,
        photos: 8,
        width_px: 320,
        height_px: 224,
        altitude_m: 120.0,
        ..DemoOptions::default()
    };
    let mut heard = Vec::new();
    let summary = render_demo(dir, &options, &mut |done, total| heard.push((done, total))).unwrap();
    assert_eq!(heard.first(), Some(&(1, 8)));
    assert_eq!(heard.last(), Some(&(8, 8)));
    let truth = serde_json::from_slice(&std::fs::read(&summary.truth_path).unwrap()).unwrap();
    (summary, truth)
}

fn camera(position_enu_m: [f64; 3], yaw_rad: f64, pitch_rad: f64) -> Camera {
    Camera {
        position_enu_m,
        enu_from_camera: GimbalAngles {
            yaw_rad,
            pitch_rad,
            roll_rad: 0.0,
        }
        .enu_from_camera(),
        width_px: 640,
        height_px: 448,
        focal_px: FOCAL_PER_WIDTH * 640.0,
    }
}

/// Number of standing objects of which the middle of the top projects to a pixel of their own, and of all.
fn own_pixels(scene: &Scene, camera: &Camera) -> (usize, usize) {
    let rendering = render(scene, camera, 2);
    let (mut own, mut all) = (0, 0);
    for object in &scene.objects {
        let sheet = object.class == ObjectClass::BlueMetalRoof || object.class == ObjectClass::MetalRoof;
        let big = (object.outline_enu_m[0][0] - object.outline_enu_m[2][0]).abs() > 4.0;
        if !sheet || !big {
            continue;
        }
        let Some([x, y]) = camera.pixel_from_enu(object.centre_enu_m) else {
            continue;
        };
        if !(0.0..640.0).contains(&x) || !(0.0..448.0).contains(&y) {
            continue;
        }
        all += 1;
        let seen = rendering.ids[y as usize * 640 + x as usize] & !ROOF_BIT;
        own += usize::from(seen == object.id);
    }
    (own, all)
}

#[test]
fn known_places_project_onto_their_own_pixels_straight_down() {
    let (mut own, mut all) = (0, 0);
    for seed in [3, 1007] {
        let scene = Scene::generate(seed);
        let (o, a) = own_pixels(&scene, &camera([20.0, -30.0, 150.0], 0.7, -FRAC_PI_2));
        (own, all) = (own + o, all + a);
    }
    assert!(all >= 15 && own * 100 >= all * 92, "{own} of {all}");
}

#[test]
fn known_places_project_onto_their_own_pixels_at_a_slant() {
    let (mut own, mut all) = (0, 0);
    for seed in [3, 1007] {
        let scene = Scene::generate(seed);
        let (o, a) = own_pixels(&scene, &camera([-60.0, -90.0, 150.0], 0.6, (-60f64).to_radians()));
        (own, all) = (own + o, all + a);
    }
    // Some are truly hidden behind taller houses.
    assert!(all >= 15 && own * 100 >= all * 80, "{own} of {all}");
}

#[test]
fn a_mirrored_camera_would_be_noticed() {
    let scene = Scene::generate(3);
    let upright = camera([20.0, -30.0, 150.0], 0.7, -FRAC_PI_2);
    let mut mirrored = upright.clone();
    for row in &mut mirrored.enu_from_camera {
        row[0] = -row[0];
    }
    let rendering = render(&scene, &upright, 2);
    let hits = scene.objects.iter().filter(|object| {
        mirrored
            .pixel_from_enu(object.centre_enu_m)
            .is_some_and(|[x, y]| {
                (0.0..640.0).contains(&x)
                    && (0.0..448.0).contains(&y)
                    && rendering.ids[y as usize * 640 + x as usize] & !ROOF_BIT == object.id
            })
    });
    assert!(hits.count() < 5);
}

#[test]
fn boxes_hold_the_projected_middle_and_stay_inside_the_picture() {
    let scene = Scene::generate(5);
    let view = camera([0.0, 0.0, 140.0], 0.2, -FRAC_PI_2);
    let visible = visible_objects(&scene, &view, &render(&scene, &view, 2));
    assert!(visible.len() > 40, "{}", visible.len());
    let mut held = 0;
    for label in &visible {
        let [left, top, right, bottom] = label.box_px;
        assert!(
            left >= 0.0 && top >= 0.0 && right <= 640.0 && bottom <= 448.0 && left < right && top < bottom
        );
        let object = &scene.objects[label.id as usize - 1];
        assert!(object.classes().any(|class| class == label.class));
        let [x, y] = view.pixel_from_enu(object.centre_enu_m).unwrap();
        held += usize::from((left..right).contains(&x) && (top..bottom).contains(&y));
    }
    assert!(held * 100 >= visible.len() * 85, "{held} of {}", visible.len());
}

#[test]
fn the_picture_does_not_depend_on_the_number_of_threads() {
    let scene = Scene::generate(9);
    let view = camera([0.0, 40.0, 120.0], 1.0, -1.2);
    let (one, three) = (render(&scene, &view, 1), render(&scene, &view, 3));
    assert_eq!(one.ids, three.ids);
    assert_eq!(one.light, three.light);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let dirs = [
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    ];
    let runs =
        [(&dirs[0], 4), (&dirs[1], 4), (&dirs[2], 6)].map(|(dir, seed)| small_demo(dir.path(), seed).0);
    let bytes = |run: &simulator::DemoSummary| -> Vec<Vec<u8>> {
        run.photos
            .iter()
            .chain([&run.truth_path])
            .map(|path| std::fs::read(path).unwrap())
            .collect()
    };
    assert_eq!(bytes(&runs[0]), bytes(&runs[1]));
    assert_ne!(bytes(&runs[0])[0], bytes(&runs[2])[0]);
}

#[test]
fn metadata_is_truth_plus_the_recorded_errors_in_exif_and_xmp() {
    let dir = tempfile::tempdir().unwrap();
    let (summary, truth) = small_demo(dir.path(), 2);
    assert!(truth["simulated"].as_bool().unwrap());
    assert_eq!(truth["planted"].as_array().unwrap().len(), summary.planted);
    assert!(!summary.truth_path.starts_with(dir.path().join("images")));
    for (path, photo) in summary.photos.iter().zip(truth["photos"].as_array().unwrap()) {
        assert_eq!(
            path.file_name().unwrap().to_str().unwrap(),
            photo["file"].as_str().unwrap()
        );
        let bytes = std::fs::read(path).unwrap();
        check_exif(&bytes, photo);
        check_xmp(&bytes, photo);
        let decoded = image::load_from_memory(&bytes).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (320, 224));
    }
}

fn check_exif(bytes: &[u8], photo: &Value) {
    let exif = exif::Reader::new()
        .read_from_container(&mut std::io::Cursor::new(bytes))
        .unwrap();
    let field = |tag| exif.get_field(tag, exif::In::PRIMARY).unwrap();
    let shown = |tag| {
        field(tag)
            .display_value()
            .to_string()
            .trim_matches('"')
            .to_owned()
    };
    assert_eq!(shown(exif::Tag::Make), "FlyOnce");
    assert_eq!(shown(exif::Tag::Model), "SimCam-24");
    assert!(shown(exif::Tag::DateTimeOriginal).starts_with("2026-05-14 10:0"));
    assert_eq!(shown(exif::Tag::OffsetTimeOriginal), "+08:00");
    assert_eq!(shown(exif::Tag::BodySerialNumber), "SIM24-000001");
    assert_eq!(field(exif::Tag::PixelXDimension).value.get_uint(0), Some(320));
    assert_eq!(field(exif::Tag::PixelYDimension).value.get_uint(0), Some(224));
    assert_eq!(
        field(exif::Tag::FocalLengthIn35mmFilm).value.get_uint(0),
        Some(24)
    );
    let numbers = |tag| match &field(tag).value {
        exif::Value::Rational(list) => list.iter().map(exif::Rational::to_f64).collect::<Vec<f64>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(numbers(exif::Tag::FocalLength), [12.3]);
    let degrees = |parts: Vec<f64>| parts[0] + parts[1] / 60.0 + parts[2] / 3600.0;
    let pose = &photo["pose"];
    let offset = |axis: &str| pose["errors"][axis].as_f64().unwrap();
    let truth = |axis: &str| pose["position_wgs84"][axis].as_f64().unwrap();
    // One degree at 31.2° N is 110 873 m of latitude and 95 304 m of longitude.
    let north_m = (degrees(numbers(exif::Tag::GPSLatitude)) - truth("latitude_deg")) * 110_872.9;
    let east_m = (degrees(numbers(exif::Tag::GPSLongitude)) - truth("longitude_deg")) * 95_304.4;
    assert!(
        (north_m - offset("north_m")).abs() < 0.02,
        "{north_m} {}",
        offset("north_m")
    );
    assert!(
        (east_m - offset("east_m")).abs() < 0.02,
        "{east_m} {}",
        offset("east_m")
    );
    let height_m = pose["height_above_takeoff_m"].as_f64().unwrap() + offset("height_m");
    assert!((numbers(exif::Tag::GPSAltitude)[0] - height_m - 4.0).abs() < 0.002);
}

fn check_xmp(bytes: &[u8], photo: &Value) {
    let text = String::from_utf8_lossy(bytes);
    let packet = &text[text.find("<?xpacket begin").unwrap()..text.find("<?xpacket end").unwrap()];
    assert!(packet.contains("xmlns:flyonce=\"https://flyonce.example/ns/1.0/\""));
    assert!(packet.contains("flyonce:Simulated=\"true\""));
    let mut fields = HashMap::new();
    for line in packet.lines() {
        if let Some((name, value)) = line
            .trim()
            .strip_prefix("drone-dji:")
            .and_then(|rest| rest.split_once("=\""))
        {
            fields.insert(name.to_owned(), value.trim_end_matches('"').to_owned());
        }
    }
    let number = |name: &str| fields[name].parse::<f64>().unwrap();
    let pose = &photo["pose"];
    let height_m =
        pose["height_above_takeoff_m"].as_f64().unwrap() + pose["errors"]["height_m"].as_f64().unwrap();
    assert!((number("RelativeAltitude") - height_m).abs() < 0.001);
    assert!((number("AbsoluteAltitude") - height_m - 4.0).abs() < 0.001);
    assert!((number("CalibratedFocalLength") - 320.0 * 12.3 / 17.3).abs() < 1e-4);
    let pitch = number("GimbalPitchDegree");
    assert!(pitch == -90.0 || pitch == -60.0);
    let true_pitch = pose["gimbal_deg"][1].as_f64().unwrap();
    assert!((true_pitch - pitch).abs() < 4.0, "{true_pitch} {pitch}");
    assert!(fields["UTCAtExposure"].starts_with("2026-05-14T02:0"));
    assert!(number("RtkStdLat") > 0.7 && number("RtkStdHgt") > 1.4);
    assert!(number("GimbalYawDegree").abs() <= 180.0 && fields.contains_key("FlightYawDegree"));
}

#[test]
fn training_pictures_come_with_sane_labels() {
    let dir = tempfile::tempdir().unwrap();
    let options = TrainingOptions {
        seed: 1001,
        photos: 3,
        size_px: [320, 256],
        gsd_cm: [30.0, 45.0],
        oblique_share: 0.3,
        day: 0,
        yolo: true,
        masks: false,
    };
    let summary = render_training(dir.path(), &options).unwrap();
    assert_eq!(summary.pictures.len(), 3);
    let names = std::fs::read_to_string(dir.path().join("classes.txt")).unwrap();
    assert_eq!(names.lines().nth(1), Some("blue_metal_roof"));
    let mut lines = 0;
    for picture in &summary.pictures {
        let label = dir
            .path()
            .join("labels")
            .join(picture.file_stem().unwrap())
            .with_extension("txt");
        for line in std::fs::read_to_string(label).unwrap().lines() {
            let parts: Vec<f64> = line.split(' ').map(|part| part.parse().unwrap()).collect();
            assert!(parts.len() == 5 && parts[0] < 8.0 && parts[1..].iter().all(|v| (0.0..=1.0).contains(v)));
            lines += 1;
        }
    }
    assert_eq!(lines, summary.labels);
    assert!(lines > 30, "{lines}");
}

#[test]
fn every_class_is_planted_over_a_few_seeds() {
    let scenes: Vec<Scene> = (0..4).chain(1000..1004).map(Scene::generate).collect();
    for class in ObjectClass::ALL {
        let count = scenes
            .iter()
            .flat_map(|s| &s.objects)
            .filter(|o| o.classes().any(|c| c == class))
            .count();
        assert!(count >= 8, "{}: {count}", class.name());
    }
}

#[test]
fn senseless_options_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |options: DemoOptions| {
        render_demo(dir.path(), &options, &mut |_, _| ())
            .unwrap_err()
            .to_string()
    };
    assert!(
        refused(DemoOptions {
            photos: 0,
            ..DemoOptions::default()
        })
        .contains("at least one photo")
    );
    assert!(
        refused(DemoOptions {
            altitude_m: 10.0,
            ..DemoOptions::default()
        })
        .contains("40 m")
    );
}
