//! Which tiles are looked at: as few as the ground needs, the same after a repeat, and in other photos where one
//! cannot be used.

use serde_json::Value;

use fixtures::photos::{JpegSpec, PictureFault};

use crate::program::{Program, can_look};

/// Photos of 192 × 144 m at 0.3 m per pixel, each 29 m north of the one before. All of one takes 6 tiles.
fn strip(program: &Program, photos: u32) {
    for number in 0..photos {
        program.write(&format!("in/{number:02}.jpg"), photo(number).bytes().unwrap());
    }
}

fn photo(number: u32) -> JpegSpec {
    let north_deg = 0.00026 * f64::from(number);
    let taken = format!("2026:05:01 10:00:{number:02}");
    JpegSpec::dji(31.2 + north_deg, 121.6, 120.0)
        .seed(u64::from(number))
        .size(640, 480)
        .taken(&taken, Some("+08:00"))
}

/// The same file with an impossible table of codes: all of it is there, but it cannot be decoded.
fn without_codes(mut jpeg: Vec<u8>) -> Vec<u8> {
    let table = jpeg.windows(2).position(|marker| marker == [0xff, 0xc4]).unwrap();
    // Marker, length, class; then the number of codes of each length.
    jpeg[table + 5] = 0xff;
    jpeg
}

fn tiles(program: &Program) -> Vec<(String, Vec<Value>)> {
    let list = program.json(&["photos"]);
    let mut photos: Vec<(String, Vec<Value>)> = list["photos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|photo| {
            let tiles = photo["tiles"].as_array().unwrap().clone();
            (photo["names"][0].as_str().unwrap().to_owned(), tiles)
        })
        .collect();
    photos.sort_by(|a, b| a.0.cmp(&b.0));
    photos
}

fn looks(summary: &Value) -> &Value {
    assert_eq!(summary["looks"].as_array().unwrap().len(), 1, "{summary:#}");
    &summary["looks"][0]
}

#[test]
fn photos_of_ground_that_others_show_are_not_opened() {
    if !can_look("photos_of_ground_that_others_show_are_not_opened") {
        return;
    }
    let program = Program::new();
    program.write(
        "flyonce.toml",
        "[model]\nlooks_per_cell = 1\nfull_frame = false\n",
    );
    strip(&program, 6);
    let summary = program.json(&["--config", "flyonce.toml", "ingest", "in"]);
    assert_eq!(summary["looked_at"], 6, "{summary:#}");
    let looks = looks(&summary);
    assert_eq!(
        (&looks["photos"], &looks["tiles_of_all"]),
        (&6.into(), &36.into())
    );
    let number = |field: &str| looks[field].as_u64().unwrap();
    assert!(number("tiles") <= 18 && number("photos_opened") <= 5, "{looks:#}");
    assert_eq!(looks["looked_at_km2"][0], 0.0);
    let chosen = tiles(&program);
    let with_tiles = chosen.iter().filter(|(_, tiles)| !tiles.is_empty()).count();
    assert_eq!(with_tiles as u64, number("photos_opened"));
    let all: Vec<&Value> = chosen.iter().flat_map(|(_, tiles)| tiles).collect();
    assert_eq!(all.len() as u64, number("tiles"));
    assert!(
        all.iter()
            .all(|tile| tile["looked"] == true && tile["pass"] == "ground")
    );
}

#[test]
fn the_ground_of_a_photo_that_cannot_be_used_is_looked_at_in_others() {
    if !can_look("the_ground_of_a_photo_that_cannot_be_used_is_looked_at_in_others") {
        return;
    }
    let program = Program::new();
    program.write(
        "flyonce.toml",
        "[model]\nlooks_per_cell = 1\nfull_frame = false\n",
    );
    strip(&program, 6);
    program.json(&["--config", "flyonce.toml", "ingest", "in"]);
    let chosen = tiles(&program);
    let used = chosen
        .iter()
        .rposition(|(name, tiles)| !tiles.is_empty() && !name.ends_with("05.jpg"));
    let used = u32::try_from(used.unwrap()).unwrap();
    // The same flight again, but one of the photos that were looked at turns out to be damaged when it is opened.
    let program = Program::new();
    program.write(
        "flyonce.toml",
        "[model]\nlooks_per_cell = 1\nfull_frame = false\n",
    );
    strip(&program, 6);
    program.write(
        &format!("in/{used:02}.jpg"),
        without_codes(photo(used).bytes().unwrap()),
    );
    let summary = program.json(&["--config", "flyonce.toml", "ingest", "in"]);
    let looks = looks(&summary);
    // Slivers at the rim, which would cost a tile of their own, may be left.
    let km2 = |value: &Value| value.as_f64().unwrap();
    assert!(
        km2(&looks["looked_at_km2"][0]) <= 0.01 * km2(&looks["ground_km2"]),
        "{summary:#}"
    );
    let lost = program.photo_named(&format!("{used:02}.jpg"));
    assert_eq!(
        (&lost["state"], &lost["problem_code"]),
        (&"lost:unreadable".into(), &"unreadable".into())
    );
    assert_eq!(
        program.json(&["coverage", "--max-gsd-cm", "1000"])["photos_counted"],
        5
    );
    let chosen = tiles(&program);
    for (name, tiles) in &chosen {
        let is_damaged = name.ends_with(&format!("{used:02}.jpg"));
        assert!(
            tiles.iter().all(|tile| tile["looked"] == !is_damaged),
            "{name}: {tiles:?}"
        );
    }
    program.run(&["--config", "flyonce.toml", "ingest", "in"]);
    assert_eq!(tiles(&program), chosen, "a repeat chooses nothing else");
}

#[test]
fn a_photo_without_tiles_makes_coverage_only_when_its_pixels_are_good_enough() {
    if !can_look("a_photo_without_tiles_makes_coverage_only_when_its_pixels_are_good_enough") {
        return;
    }
    // Each 10 m north of the one before: most show nothing that others do not.
    let near = |number: u32| {
        let taken = format!("2026:05:01 10:00:{number:02}");
        JpegSpec::dji(31.2 + 0.00009 * f64::from(number), 121.6, 120.0)
            .seed(u64::from(number))
            .size(640, 480)
            .taken(&taken, Some("+08:00"))
    };
    let flown = |faults: &[(usize, PictureFault)]| {
        let program = Program::new();
        program.write(
            "flyonce.toml",
            "[model]\nlooks_per_cell = 1\nfull_frame = false\n",
        );
        for number in 0..12_u32 {
            let fault = faults.iter().find(|(at, _)| *at == number as usize);
            let photo = fault.map_or(near(number), |(_, fault)| near(number).spoiled(*fault));
            program.write(&format!("in/{number:02}.jpg"), photo.bytes().unwrap());
        }
        program.json(&["--config", "flyonce.toml", "ingest", "in"]);
        program
    };
    let program = flown(&[]);
    assert_eq!(counted(&program), 12);
    let chosen = tiles(&program);
    let without: Vec<usize> = (0..12).filter(|at| chosen[*at].1.is_empty()).collect();
    assert!(without.len() >= 3, "{chosen:?}");
    let faults = [
        (without[0], PictureFault::Dark),
        (without[1], PictureFault::OverExposed),
        (without[2], PictureFault::Blurred),
    ];
    let program = flown(&faults);
    let again = tiles(&program);
    for ((at, _), code) in faults.iter().zip(["too_dark", "over_exposed", "blurred"]) {
        assert!(again[*at].1.is_empty(), "{at} has tiles");
        let photo = program.photo_named(&format!("{at:02}.jpg"));
        assert_eq!(
            (&photo["state"], &photo["problem_code"]),
            (&"looked_at".into(), &code.into())
        );
    }
    assert_eq!(counted(&program), 9);
    assert_withdrawn_and_restored(&program);
    assert_eq!(counted(&program), 9);
}

fn counted(program: &Program) -> serde_json::Value {
    program.json(&["coverage", "--max-gsd-cm", "1000"])["photos_counted"].clone()
}

/// A withdrawn sortie makes no coverage, until it counts again.
fn assert_withdrawn_and_restored(program: &Program) {
    let photo_id = program.photo_named("00.jpg")["photo_id"].to_string();
    let sortie = photo_id.trim_matches('"').split('/').next().unwrap();
    let nobody = program
        .command(&["flights", "withdraw", sortie, "--reason", "测试"])
        .env_remove("FLYONCE_ACTOR")
        .output();
    assert!(!nobody.unwrap().status.success());
    let withdrawn = program.json(&[
        "flights",
        "withdraw",
        sortie,
        "--reason",
        "测试飞行",
        "--as",
        "李娜",
    ]);
    assert_eq!(withdrawn["photos"], 12);
    assert_eq!(counted(program), 0);
    assert_eq!(
        program.json(&["flights", "withdrawn"])["withdrawn"][0]["reason"],
        "测试飞行"
    );
    program.json(&["flights", "restore", sortie, "--as", "李娜"]);
}
