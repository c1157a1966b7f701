//! The door at which docks of the Cloud API bring their photos, held to S3 by software that nobody here wrote: boto3 with
//! uploads in parts, and chunks signed by AWS's rules.

use std::process::Command;

use serde_json::{Value, json};

use crate::fleet::Site;
use crate::program::{ran, skipped};

#[test]
fn boto3_brings_objects_whole_in_parts_and_in_chunks() {
    let test = "boto3_brings_objects_whole_in_parts_and_in_chunks";
    let python = std::env::var("FLYONCE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python)
        .args(["-c", "import boto3, paho.mqtt.client"])
        .output();
    if !has.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var("CI").is_err(), "CI must have boto3 and paho-mqtt");
        return skipped(test, "needs boto3 and paho-mqtt (set FLYONCE_TEST_PYTHON)");
    }
    let site = Site::new();
    let city = site.city_with(1, &["--dji", "D01"]);
    // The script speaks for the dock.
    drop(city);
    std::fs::remove_file(site.program.path("data/flight-plans/calendar.toml")).unwrap();
    let _service = site.service();
    let roster = std::fs::read_to_string(site.program.path("data/fleet.toml")).unwrap();
    let gateway_sn = roster
        .lines()
        .find_map(|line| line.trim().strip_prefix("gateway_sn = \"")?.strip_suffix('"'))
        .unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/object_door.py");
    let mut command = Command::new(&python);
    command
        .arg(script)
        .args([site.mqtt.to_string().as_str(), gateway_sn]);
    let run = ran(command.output().unwrap());
    assert!(run.ok, "{}", run.stderr);
    let seen: Value = serde_json::from_str(&run.stdout).unwrap();
    let parts = json!({ "etag": true, "size": 11 * 1024 * 1024, "after_abort": "NoSuchUpload",
        "missing_part": "InvalidPart" });
    assert_eq!(seen["parts"], parts, "{seen}");
    for whole in ["whole", "unsigned"] {
        assert_eq!(seen[whole], true, "{whole}: {seen}");
    }
    assert_eq!(seen["chunked"], json!([200, true]), "{seen}");
    assert_eq!(seen["spoilt"], json!([403, true]), "{seen}");
    assert_eq!(seen["wrong_secret"], "SignatureDoesNotMatch");
    assert_eq!(seen["other_bucket"], "NoSuchBucket");
}
