//! The coverage page in a real browser, and what its doors send: figures of the command line, tiles, gzip.

use std::process::Command;

use fixtures::photos::JpegSpec;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::coverage::{collection, square};
use crate::fleet::{free_tcp, free_udp};
use crate::page::{Browser, browser};
use crate::program::{Program, ran};
use crate::serving::Service;

const WEST: f64 = 121.54;
const MIDDLE: f64 = 121.545;
const EAST: f64 = 121.55;
const SOUTH: f64 = 31.22;
const NORTH: f64 = 31.23;

/// A flyable square kilometre with two towns, a dock, a mission that is due in three days, and nine photos of the last
/// weeks.
fn recent_city() -> Program {
    let program = Program::new();
    let layers = "[coverage]\nmax_gsd_cm = 20\n\
        [[layer]]\nname = \"flyable\"\nversion = \"v7\"\nrole = \"flyable\"\nfile = \"flyable.geojson\"\ndatum = \"WGS-84\"\n\
        [[layer]]\nname = \"towns\"\nversion = \"2026\"\nrole = \"town\"\nfile = \"towns.geojson\"\ndatum = \"WGS-84\"\n";
    let mqtt = format!("[mqtt]\nlisten = \"127.0.0.1:{}\"\n", free_tcp());
    program.write("flyonce.toml", mqtt + layers);
    let link = format!("udpin:127.0.0.1:{}", free_udp());
    let dock = format!(
        "[[dock]]\nid = \"D01\"\nname = \"花木\"\nlongitude_deg = {MIDDLE}\nlatitude_deg = 31.225\nlink = \"{link}\"\nsystem_id = 1\n"
    );
    program.write("data/fleet.toml", dock);
    program.write(
        "flyable.geojson",
        collection(vec![square(WEST, SOUTH, EAST, NORTH, &json!({}))]),
    );
    let towns = vec![
        square(WEST, SOUTH, MIDDLE, NORTH, &json!({"name": "西镇", "code": "W1"})),
        square(MIDDLE, SOUTH, EAST, NORTH, &json!({"name": "东镇", "code": "E1"})),
    ];
    program.write("towns.geojson", collection(towns));
    let today = Timestamp::now().in_tz("Asia/Shanghai").unwrap().date();
    let plan = include_str!("../../../../flight-plans/survey.plan");
    program.write("data/flight-plans/survey.plan", plan);
    let due = today.checked_add(3.days()).unwrap();
    let mission = format!(
        "[[mission]]\nname = \"周检\"\nplan = \"survey.plan\"\ndock = \"D01\"\nonce = \"{due}T10:00\"\n"
    );
    program.write("data/flight-plans/calendar.toml", mission);
    for number in 0..9_i32 {
        let (row, column) = (f64::from(number / 3), f64::from(number % 3));
        let day = today.checked_sub((2 + 3 * number).days()).unwrap();
        let taken = format!("{} 10:00:00", day.strftime("%Y:%m:%d"));
        let photo = JpegSpec::dji(31.2215 + row * 0.0012, 121.5412 + column * 0.0012, 100.0)
            .size(1280, 960)
            .seed(number as u64 + 1)
            .taken(&taken, Some("+08:00"));
        program.write(&format!("in/{number}.jpg"), photo.bytes().unwrap());
    }
    // Placing needs no model; a library that is not there keeps this test short.
    let mut ingest = program.command(&["ingest", "in"]);
    ingest.env("ORT_DYLIB_PATH", "/nowhere").output().unwrap();
    program
}

fn look(browser: &Browser, service: &Service, more: &[&str]) {
    let looked = Command::new("node")
        .arg(browser.web.join("e2e/coverage.mjs"))
        .args([browser.chromium, &format!("http://{}/", service.address)])
        .args(more)
        .output()
        .unwrap();
    let looked = ran(looked);
    assert!(looked.ok, "{}\n{}", looked.stdout, looked.stderr);
}

#[test]
fn a_manager_reads_the_coverage_page() {
    let Some(browser) = browser("a_manager_reads_the_coverage_page") else {
        return;
    };
    let program = recent_city();
    let said = program.json(&["coverage", "--by", "town", "--gaps", "gaps.geojson"]);
    assert!(
        said["figures"]["whole"]["planned"]["percent"].as_f64() > Some(0.0),
        "{said:#}"
    );
    let said = program.write("said.json", said.to_string());
    let pictures = program.path("pictures");
    std::fs::create_dir_all(&pictures).unwrap();
    let service = Service::start(&program);
    // Who wants to see the pictures names a folder of their own.
    let wanted = std::env::var("FLYONCE_TEST_PICTURES").unwrap_or_else(|_| pictures.display().to_string());
    look(&browser, &service, &[said.to_str().unwrap(), &wanted]);
    let picture = std::path::Path::new(&wanted).join("coverage-zh-1440-light.png");
    assert!(
        picture.metadata().unwrap().len() > 50_000,
        "the picture of the page is empty"
    );
}

#[test]
fn an_empty_folder_is_told_what_coverage_needs() {
    let Some(browser) = browser("an_empty_folder_is_told_what_coverage_needs") else {
        return;
    };
    let program = Program::new();
    let service = Service::start(&program);
    look(&browser, &service, &["empty"]);
}

#[test]
fn text_and_tiles_are_packed_for_whoever_takes_it_and_events_never() {
    let program = recent_city();
    let service = Service::start(&program);
    let tiles = service.json("/api/v1/coverage/tiles.json");
    assert_eq!(tiles["tilejson"], "3.0.0");
    let bounds: Vec<f64> = serde_json::from_value(tiles["bounds"].clone()).unwrap();
    assert!(
        bounds[0] <= WEST && bounds[1] <= SOUTH && bounds[2] >= EAST && bounds[3] >= NORTH,
        "{bounds:?}"
    );
    // The tile of zoom 14 that the middle of the square lies in.
    let tile = "/api/v1/coverage/tiles/14/13723/6694.mvt";
    let plain = service.request("GET", tile, None);
    assert_eq!(plain.status, 200);
    assert!(!plain.headers.contains("content-encoding"), "{}", plain.headers);
    for layer in ["ages", "flyable", "towns", "gaps", "docks"] {
        let named = plain
            .body
            .windows(layer.len())
            .any(|bytes| bytes == layer.as_bytes());
        assert!(named, "the tile has no layer {layer}");
    }
    for path in [tile, "/api/v1/coverage/gaps.geojson", "/api/v1/openapi.json"] {
        let plain = service.request("GET", path, None);
        let packed = service.request_with("GET", path, "Accept-Encoding: gzip\r\n");
        assert!(
            packed.headers.contains("content-encoding: gzip"),
            "{path}: {}",
            packed.headers
        );
        assert!(
            packed.headers.contains("vary: accept-encoding"),
            "{path}: {}",
            packed.headers
        );
        assert!(packed.body.len() < plain.body.len(), "{path}");
        assert_eq!(unpacked(&packed.body), plain.body, "{path}");
    }
    let picture = service.request_with("GET", "/api/v1/coverage/map.png", "Accept-Encoding: gzip\r\n");
    assert!(picture.body.starts_with(b"\x89PNG"), "{}", picture.headers);
    let events = service.first_event("Accept-Encoding: gzip\r\n");
    assert!(events.contains("event: hello"), "{events}");
}

/// What gzip (RFC 1952) packed, between its header without a name and its sums.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[..4], [0x1F, 0x8B, 8, 0]);
    miniz_oxide::inflate::decompress_to_vec(&bytes[10..bytes.len() - 8]).unwrap()
}
