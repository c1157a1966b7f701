//! Two dates compared through the built program: simulated days with known truth, real pairs, and bad input.

use std::path::Path;

use image::RgbImage;
use serde_json::Value;
use simulator::{DemoOptions, render_demo};

use crate::program::{Program, can_look, small_photo};

/// A sortie over the city of seed 7 on a day, `DIR/*.JPG` and `DIR/truth`.
fn flown_on(program: &Program, day: u32) -> Value {
    let folder = program.path(&format!("day{day}"));
    let options = DemoOptions {
        seed: 7,
        photos: 3,
        day,
        ..DemoOptions::default()
    };
    let summary = render_demo(&folder, &options, &mut |_, _| {}).unwrap();
    let truth = serde_json::from_slice(&std::fs::read(&summary.truth_path).unwrap()).unwrap();
    // Photos beside their truth would be found, too, if it were photos.
    std::fs::remove_dir_all(folder.join("truth")).unwrap();
    truth
}

/// Sheds standing on the ground that only one of two days has: outline as (longitude, latitude).
fn changed_sheds(one: &Value, two: &Value) -> Vec<Vec<[f64; 2]>> {
    let sheds = |truth: &Value| -> Vec<Value> {
        let is_shed = |object: &&Value| {
            let class = object["class"].as_str().unwrap();
            (class == "blue_metal_roof" || class == "metal_roof") && object["parent"].is_null()
        };
        truth["planted"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_shed)
            .cloned()
            .collect()
    };
    let (one, two) = (sheds(one), sheds(two));
    let only_in = |these: &[Value], others: &[Value]| -> Vec<Value> {
        these
            .iter()
            .filter(|shed| !others.iter().any(|other| other["id"] == shed["id"]))
            .cloned()
            .collect()
    };
    [only_in(&one, &two), only_in(&two, &one)]
        .concat()
        .iter()
        .map(|shed| {
            let outline = shed["outline_wgs84"].as_array().unwrap().iter();
            outline
                .map(|point| {
                    [
                        point["longitude_deg"].as_f64().unwrap(),
                        point["latitude_deg"].as_f64().unwrap(),
                    ]
                })
                .collect()
        })
        .collect()
}

/// Metres between two places a few hundred metres apart, at the latitude of Shanghai.
fn metres(a: [f64; 2], b: [f64; 2]) -> f64 {
    let east = (a[0] - b[0]) * 111_320.0 * a[1].to_radians().cos();
    east.hypot((a[1] - b[1]) * 110_900.0)
}

fn middle(outline: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|axis| outline.iter().map(|point| point[axis]).sum::<f64>() / outline.len() as f64)
}

fn place_of(change: &Value) -> [f64; 2] {
    [
        change["place"]["longitude_deg"].as_f64().unwrap(),
        change["place"]["latitude_deg"].as_f64().unwrap(),
    ]
}

#[test]
fn two_simulated_days_give_the_sheds_that_came_and_went() {
    if !can_look("two_simulated_days_give_the_sheds_that_came_and_went") {
        return;
    }
    let program = Program::new();
    let (one, two) = (flown_on(&program, 1), flown_on(&program, 2));
    let answer = program.json(&[
        "compare",
        "day1",
        "day2",
        "--out",
        "page.html",
        "--geojson",
        "changes.geojson",
    ]);
    let pairs = answer["pairs"].as_array().unwrap();
    let compared: Vec<&Value> = pairs.iter().filter(|pair| pair["problem"].is_null()).collect();
    assert!(!compared.is_empty(), "{pairs:?}");
    for pair in &compared {
        assert!(
            pair["registration"]["residual_m"].as_f64().unwrap() < 0.6,
            "{pair}"
        );
    }
    let share = answer["coverage"]["compared_share"].as_f64().unwrap();
    assert!(share > 0.3 && share <= 1.0, "{share}");
    let changes = answer["changes"].as_array().unwrap();
    let sheds = changed_sheds(&one, &two);
    let near_a_shed = changes
        .iter()
        .filter(|change| {
            sheds
                .iter()
                .any(|shed| metres(place_of(change), middle(shed)) < 12.0)
        })
        .count();
    eprintln!(
        "{} changes, {near_a_shed} of them at one of {} changed sheds",
        changes.len(),
        sheds.len()
    );
    assert!(near_a_shed >= 1, "{changes:?}");
    assert!(
        2 * near_a_shed >= changes.len(),
        "{near_a_shed} of {}",
        changes.len()
    );
    assert!(
        changes
            .windows(2)
            .all(|two| two[0]["score"].as_f64() >= two[1]["score"].as_f64())
    );
    files_hold_the_changes(&program, changes.len(), compared.len());
}

/// Page and GeoJSON have every change, and the page needs nothing from outside.
fn files_hold_the_changes(program: &Program, changes: usize, compared: usize) {
    let geojson: Value =
        serde_json::from_slice(&std::fs::read(program.path("changes.geojson")).unwrap()).unwrap();
    assert_eq!(geojson["features"].as_array().unwrap().len(), changes);
    let page = std::fs::read_to_string(program.path("page.html")).unwrap();
    assert_eq!(
        page.matches("data:image/jpeg;base64,").count(),
        2 * changes + 2 * compared
    );
    assert!(page.contains("图频比对") && page.contains("Change between two dates") && !page.contains("http"));
}

/// The same picture under other light, moved by some pixels, written as PNG.
fn relit(picture: &RgbImage, by: [u32; 2], path: &Path) {
    let other = RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let at = [
            (x + by[0]).min(picture.width() - 1),
            (y + by[1]).min(picture.height() - 1),
        ];
        let [red, green, blue] = picture.get_pixel(at[0], at[1]).0.map(f32::from);
        image::Rgb([0.72 * red + 30.0, 0.78 * green + 24.0, 0.9 * blue + 20.0].map(|value| value as u8))
    });
    other.save(path).unwrap();
}

#[test]
fn other_light_is_no_change() {
    if !can_look("other_light_is_no_change") {
        return;
    }
    let program = Program::new();
    flown_on(&program, 1);
    let picture = image::open(program.path("day1/SIM_0001.JPG"))
        .unwrap()
        .into_rgb8();
    picture.save(program.path("before.png")).unwrap();
    relit(&picture, [5, 3], &program.path("after.png"));
    let answer = program.json(&["compare", "before.png", "after.png", "--gsd-cm", "25"]);
    let registration = &answer["pairs"][0]["registration"];
    assert!(
        registration["residual_px"].as_f64().unwrap() < 0.5,
        "{registration}"
    );
    assert!(
        (registration["moved_px"].as_f64().unwrap() - 34.0_f64.sqrt()).abs() < 1.0,
        "{registration}"
    );
    assert_eq!(
        answer["changes"].as_array().unwrap().len(),
        0,
        "{}",
        answer["changes"]
    );
}

#[test]
fn real_pairs_beat_the_plain_difference() {
    let name = "real_pairs_beat_the_plain_difference";
    let Some(data) = fixtures::shared_data_or_skip(name) else {
        return;
    };
    let folder = data.join("change_pairs");
    if !can_look(name) {
        return;
    }
    let program = Program::new();
    let folder = folder.to_string_lossy().into_owned();
    let answer = program.json(&["compare", "--score", &folder]);
    println!("{answer:#}");
    assert_eq!(answer["pairs"].as_array().unwrap().len(), 8);
    let f1 = |of: &str, method: &str| answer[of][method]["pixel_f1"].as_f64().unwrap();
    for of in ["mean", "pooled"] {
        assert!(f1(of, "model") > f1(of, "difference") + 0.05, "{of}: {answer}");
        assert!(
            f1(of, "model") > f1(of, "difference_otsu") + 0.05,
            "{of}: {answer}"
        );
    }
}

#[test]
fn what_cannot_be_compared_is_said_by_name() {
    if !can_look("what_cannot_be_compared_is_said_by_name") {
        return;
    }
    let program = Program::new();
    program.write_photo("one.jpg", 1);
    program.write_photo("far.jpg", 100);
    let whole = small_photo(1).bytes().unwrap();
    program.write("cut.jpg", &whole[..whole.len() - 40]);
    RgbImage::new(80, 60).save(program.path("small.png")).unwrap();
    RgbImage::new(90, 60).save(program.path("large.png")).unwrap();
    program.write("text.jpg", "no picture");
    std::fs::create_dir(program.path("empty")).unwrap();
    for (first, second, said) in [
        ("one.jpg", "one.jpg", "the same picture"),
        ("one.jpg", "far.jpg", "no common ground"),
        ("one.jpg", "cut.jpg", "cut off"),
        (
            "one.jpg",
            "small.png",
            "only one of the two photos has a usable pose",
        ),
        ("small.png", "large.png", "different sizes"),
        ("one.jpg", "text.jpg", "not a JPEG file"),
        ("empty", "empty", "no photos in"),
        ("one.jpg", "empty", "one date is a picture"),
        ("empty", "SORTIE", "no photos in"),
    ] {
        let ran = program.run(&["compare", first, second]);
        assert!(
            !ran.ok && ran.stderr.contains(said),
            "{first} {second}: {}",
            ran.stderr
        );
    }
    let nobody = program.run(&["compare", "SORTIE-1", "SORTIE-2"]);
    assert!(
        !nobody.ok && nobody.stderr.contains("SORTIE-1 is neither"),
        "{}",
        nobody.stderr
    );
    let score = program.run(&["compare", "--score", "empty"]);
    assert!(
        !score.ok && score.stderr.contains("holds no pairs"),
        "{}",
        score.stderr
    );
}
