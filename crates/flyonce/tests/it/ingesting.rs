//! `flyonce ingest`: what it keeps, what it refuses, and that doing it again changes nothing.

use std::fs;

use fixtures::photos::{JpegSpec, not_a_jpeg};

use crate::program::{Program, can_look, ran, skipped, small_photo};

/// The small photos of these tests are coarse: 3 m per pixel.
const COVERAGE: [&str; 3] = ["coverage", "--max-gsd-cm", "1000"];

#[test]
fn bad_files_are_named_and_lose_nothing() {
    if !can_look("bad_files_are_named_and_lose_nothing") {
        return;
    }
    let program = Program::new();
    let whole = small_photo(1).bytes().unwrap();
    program.write("in/good.jpg", &whole);
    program.write("in/same-under-another-name.JPG", &whole);
    program.write("in/empty.jpg", b"");
    program.write("in/really-a-png.jpg", not_a_jpeg());
    program.write("in/notes.txt", b"not a photo");
    let large = small_photo(2).size(640, 480).bytes().unwrap();
    program.write("in/cut.jpg", &large[..large.len() / 2]);
    program.write("in/header-only.jpg", &large[..20]);
    program.write("in/no-pose.jpg", JpegSpec::plain().seed(3).bytes().unwrap());
    let summary = program.json(&["ingest", "in"]);
    assert_eq!(summary["files"], 7);
    assert_eq!(summary["other_files"], 1);
    assert_eq!(summary["new_photos"], 4, "{summary:#}");
    assert_eq!(summary["known_photos"], 1);
    assert_eq!(summary["refused"].as_array().unwrap().len(), 2);
    assert_eq!(summary["problems"]["no_position"][0], "no-pose.jpg");
    assert_eq!(summary["problems"]["truncated"][0], "cut.jpg");
    let by_name = |name: &str| program.photo_named(name);
    assert_eq!(
        by_name("good.jpg")["names"].as_array().unwrap().len(),
        2,
        "one photo, two names"
    );
    assert_eq!(by_name("good.jpg")["state"], "looked_at");
    assert_eq!(
        by_name("no-pose.jpg")["state"],
        "looked_at",
        "a photo without a pose is looked at all the same"
    );
    assert_eq!(by_name("cut.jpg")["state"], "lost:unreadable");
    let kept = fs::read(program.path("in/cut.jpg")).unwrap();
    assert_eq!(kept.len(), large.len() / 2, "the source is left as it is");
    assert_eq!(program.json(&COVERAGE)["photos_counted"], 1);
    assert_eq!(program.json(&COVERAGE)["photos_without_pose"], 3);
}

#[test]
fn absurd_metadata_makes_no_place_and_no_coverage() {
    let program = Program::new();
    let absurd = [
        ("null-island", small_photo(1).position(0.0, 0.0)),
        ("too-high", small_photo(2).altitude(-1e9, -1e9)),
        ("hemisphere", small_photo(3).hemispheres("S", "E")),
        (
            "no-gimbal",
            JpegSpec::dji(31.2, 121.6, 120.0).seed(4).without_xmp(),
        ),
    ];
    for (name, spec) in &absurd {
        program.write(&format!("in/{name}.jpg"), spec.bytes().unwrap());
    }
    let far_away = JpegSpec::dji(-33.9, 18.4, 120.0).seed(5).bytes().unwrap();
    program.write_photo("in/a-first-good.jpg", 6);
    program.write("in/far-away.jpg", far_away);
    let no_zone = small_photo(7).taken("2026:05:01 10:00:00", None).bytes().unwrap();
    program.write("in/no-zone.jpg", no_zone);
    program.run(&["ingest", "in"]);
    let of = |name: &str| program.photo_named(name);
    assert_eq!(of("null-island")["problem_code"], "no_position");
    assert_eq!(of("too-high")["problem_code"], "no_height");
    assert_eq!(of("hemisphere")["problem_code"], "no_position");
    assert!(
        of("hemisphere")["warnings"].to_string().contains("hemispheres"),
        "{}",
        of("hemisphere")
    );
    assert_eq!(of("no-gimbal")["problem_code"], "no_gimbal_angles");
    assert_eq!(of("far-away")["problem_code"], "outside_working_area");
    assert_eq!(of("no-zone")["capture_zone"], "assumed_city");
    assert_eq!(of("no-zone")["captured_at"], "2026-05-01T02:00:00Z");
    assert_eq!(program.json(&COVERAGE)["photos_counted"], 2);
}

#[test]
fn twice_or_two_at_once_changes_nothing() {
    if !can_look("twice_or_two_at_once_changes_nothing") {
        return;
    }
    let alone = Program::new();
    let together = Program::new();
    for number in 0..6 {
        let name = format!("in/{number}.jpg");
        alone.write_photo(&name, number);
        together.write_photo(&name, number);
    }
    assert!(alone.run(&["ingest", "in"]).ok);
    let once = alone.holdings();
    assert_eq!(alone.json(&["ingest", "in"])["new_photos"], 0);
    assert_eq!(alone.holdings(), once);
    let both = [
        together.spawn(&["ingest", "in"]),
        together.spawn(&["ingest", "in"]),
    ];
    for child in both {
        let ran = ran(child.wait_with_output().unwrap());
        assert!(ran.ok, "{}", ran.stderr);
    }
    assert_eq!(together.holdings(), once);
}

#[test]
fn without_the_library_photos_are_kept_and_the_error_says_what_to_do() {
    let program = Program::new();
    program.write_photo("in/1.jpg", 1);
    let mut command = program.command(&["ingest", "in"]);
    command.env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so");
    let ran = ran(command.output().unwrap());
    assert!(!ran.ok);
    for needed in ["/nowhere/libonnxruntime.so", "the photos are kept"] {
        assert!(ran.stderr.contains(needed), "{needed} is not in: {}", ran.stderr);
    }
    assert_eq!(program.json(&COVERAGE)["photos_counted"], 1);
    let geotag = program.json(&["geotag", "in/1.jpg", "32", "24"]);
    assert!(
        (geotag["place"]["latitude_deg"].as_f64().unwrap() - 31.2005).abs() < 1e-4,
        "{geotag}"
    );
}

#[test]
fn a_full_disk_is_named_and_leaves_no_half_photo() {
    let program = Program::new();
    // What follows the end of the picture counts as part of the file, as on cameras that add previews there.
    let padded = [small_photo(1).bytes().unwrap(), vec![0; 3_000_000]].concat();
    program.write("in/large.jpg", padded);
    program.run(&["photos"]);
    // A limit on the size of files stands for a full disk: both fail in the middle of a write.
    let script = "trap '' XFSZ; ulimit -f 1500; exec \"$0\" --data data --lang en ingest in";
    let output = std::process::Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_flyonce")])
        .current_dir(program.path("."))
        .output()
        .unwrap();
    let ran = ran(output);
    assert!(!ran.ok, "{}", ran.stdout);
    assert!(ran.stderr.contains("large.jpg"), "{}", ran.stderr);
    assert_eq!(program.json(&["photos"])["total"], 0);
    let left: Vec<_> = fs::read_dir(program.path("data/tmp"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["opening.lock"], "half-written files are left");
    program.run(&["ingest", "in"]);
    assert_eq!(
        program.json(&["photos"])["total"],
        1,
        "with room again the same command does it"
    );
}

#[test]
fn a_hundred_megapixels_stay_below_a_gibibyte() {
    if !can_look("a_hundred_megapixels_stay_below_a_gibibyte") {
        return;
    }
    let program = Program::new();
    program.write("in/huge.jpg", small_photo(1).size(12_000, 9_000).bytes().unwrap());
    let summary = program.json(&["ingest", "in"]);
    assert_eq!(summary["looked_at"], 1, "{summary:#}");
    let peak_mib = summary["peak_memory_mib"].as_u64().unwrap();
    assert!(peak_mib < 1024, "{peak_mib} MiB");
}

#[test]
fn real_photos_of_two_drones_are_taken_in() {
    let test_name = "real_photos_of_two_drones_are_taken_in";
    let Some(shared) = fixtures::shared_data_or_skip(test_name) else {
        return;
    };
    let photos = shared.join("photos");
    if !photos.is_dir() {
        return skipped(test_name, "no photos in the shared folder");
    }
    let program = Program::new();
    // Placing needs no model; a library that is not there keeps this test short.
    let mut command = program.command(&["ingest", photos.to_str().unwrap()]);
    let ran = ran(command.env("ORT_DYLIB_PATH", "/nowhere").output().unwrap());
    assert!(ran.stdout.contains("21 files found, 21 new"), "{}", ran.stdout);
    assert!(ran.stdout.contains("no gimbal angles (13)"), "{}", ran.stdout);
    let coverage = program.json(&["coverage", "--max-gsd-cm", "50"]);
    assert_eq!(coverage["photos_counted"], 8);
}
