//! Links through the real program: vehicles of one number on links of their own, and signing keys from the first to
//! the next.

use std::path::Path;

use serde_json::Value;

use crate::fleet::Site;
use crate::program::Program;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Real autopilots in simulation are all number 1, each on a port of its own.
#[test]
fn vehicles_of_one_number_fly_at_once_on_links_of_their_own() {
    let site = Site::new();
    let _city = site.city(2, &["D02:same_system_id=1"]);
    let flight = |number: u16| {
        format!(
            "[[flight]]\nplan = \"data/flight-plans/D0{number}.plan\"\nsystem_id = 1\nlink = \"udpin:127.0.0.1:{}\"\n",
            site.mavlink_base + number
        )
    };
    site.program.write("wave.toml", flight(1) + &flight(2));
    let ran = site.program.run(&["fleet", "fly", "wave.toml", "--json"]);
    assert!(ran.ok, "{}\n{}", ran.stdout, ran.stderr);
    let events = lines(&ran.stdout);
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!((of("report"), of("link_statistics")), (2, 2));
    let flights = site.flights();
    assert_eq!(flights.len(), 2);
    assert_ne!(flights[0]["sortie_id"], flights[1]["sortie_id"]);
    for link in events.iter().filter(|event| event["event"] == "link_statistics") {
        assert_eq!(link["vehicles"], serde_json::json!([1]));
        assert!(
            link["statistics"]["read"]["frames"].as_u64().unwrap() > 100,
            "{link}"
        );
    }
    site.program.write("twice.toml", flight(1) + &flight(1));
    let twice = site.program.run(&["fleet", "fly", "twice.toml"]);
    assert!(
        !twice.ok && twice.stderr.contains("flight[1].system_id"),
        "{}",
        twice.stderr
    );
}

fn key(program: &Program, what: &str, link: &str) -> (bool, Value, String) {
    let words = [
        "--config",
        "signed.toml",
        "vehicle",
        "key",
        what,
        "--link",
        link,
        "--sysid",
        "1",
        "--json",
    ];
    let ran = program.run(&words);
    let answer = serde_json::from_str(&ran.stdout).unwrap_or_default();
    (ran.ok, answer, ran.stderr)
}

/// Flies as far as the vehicle is ready; the fleet's plan may then not arm for all we care.
fn steps_of_a_flight(site: &Site, config: &str, link: &str) -> (bool, Vec<Value>) {
    let plan = "data/flight-plans/D01.plan";
    let ran = site.program.run(&[
        "--config", config, "fly", plan, "--link", link, "--sysid", "1", "--json",
    ]);
    (ran.ok, lines(&ran.stdout))
}

#[test]
fn a_key_is_set_checked_rolled_over_and_flown_with() {
    let site = Site::new();
    let link = format!("udpin:127.0.0.1:{}", site.mavlink_base + 1);
    site.program
        .write("signed.toml", "[signing]\nkey_file = \"keys.toml\"\n");
    site.program.write("bare.toml", "");
    let _city = site.city(1, &[]);
    let (ok, answer, stderr) = key(&site.program, "check", &link);
    assert!(ok && answer["state"] == "unsigned", "{answer} {stderr}");
    let (ok, first, stderr) = key(&site.program, "set", &link);
    assert!(ok && first["answered"] == true, "{first} {stderr}");
    let file = site.program.path("keys.toml");
    assert_only_ours(&file);
    let (ok, answer, stderr) = key(&site.program, "check", &link);
    assert!(ok && answer["state"] == "key", "{answer} {stderr}");
    assert_eq!(answer["signs_with"], first["fingerprint"]);
    let (ok, _, stderr) = key(&site.program, "set", &link);
    assert!(!ok && stderr.contains("key roll"), "{stderr}");

    let (ok, second, stderr) = key(&site.program, "roll", &link);
    assert!(ok, "{second} {stderr}");
    assert_ne!(second["fingerprint"], first["fingerprint"]);
    let (ok, answer, stderr) = key(&site.program, "check", &link);
    assert!(
        ok && answer["signs_with"] == second["fingerprint"],
        "{answer} {stderr}"
    );

    let (ok, events) = steps_of_a_flight(&site, "bare.toml", &link);
    let report = events.last().unwrap();
    assert!(!ok && report["code"] == "signing_refused", "{report}");
    let (ok, events) = steps_of_a_flight(&site, "signed.toml", &link);
    assert!(ok, "{events:?}");
    assert_eq!(events.last().unwrap()["outcome"], "completed");
    let secret = std::fs::read_to_string(&file).unwrap();
    let secret = secret.split('"').find(|part| part.len() == 64).unwrap();
    let shown = serde_json::to_string(&events).unwrap();
    assert!(!shown.contains(secret) && !shown.contains(&secret[..16]));

    let (ok, gone, stderr) = key(&site.program, "remove", &link);
    assert!(ok && gone["state"] == "unsigned", "{gone} {stderr}");
    let (ok, answer, stderr) = key(&site.program, "check", &link);
    assert!(
        ok && answer["state"] == "unsigned" && answer["key_file"].is_null(),
        "{answer} {stderr}"
    );
    assert!(!std::fs::read_to_string(&file).unwrap().contains(secret));
    let (ok, _, stderr) = key(&site.program, "remove", &link);
    assert!(!ok && stderr.contains("no key for this vehicle"), "{stderr}");

    let open = format!("udpin:0.0.0.0:{}", site.mavlink_base + 1);
    let (ok, _, stderr) = key(&site.program, "set", &open);
    assert!(!ok && stderr.contains("--safe-link"), "{stderr}");
}

#[cfg(unix)]
fn assert_only_ours(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{}", file.display());
}

#[cfg(not(unix))]
fn assert_only_ours(_file: &Path) {}

#[test]
fn a_vehicle_that_ignores_a_new_key_keeps_both_in_the_file_and_is_settled_by_a_check() {
    let site = Site::new();
    let link = format!("udpin:127.0.0.1:{}", site.mavlink_base + 1);
    let old = "ab".repeat(32);
    site.program
        .write("signed.toml", "[signing]\nkey_file = \"keys.toml\"\n");
    let file = site.program.write(
        "keys.toml",
        format!("[[key]]\nsystem_id = 1\nsecret = \"{old}\"\n"),
    );
    let _city = site.city(
        1,
        &[&format!("D01:signing_key={old}"), "D01:signing_ignored_setup"],
    );
    let (ok, _, stderr) = key(&site.program, "check", &link);
    assert!(!ok && stderr.contains("chmod 600"), "{stderr}");
    make_ours(&file);
    let (ok, answer, stderr) = key(&site.program, "roll", &link);
    assert!(
        !ok && stderr.contains("does not take the key"),
        "{answer} {stderr}"
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains(&old) && text.contains("pending"),
        "{}",
        text.replace(&old, "…")
    );
    let (ok, answer, stderr) = key(&site.program, "check", &link);
    assert!(ok && answer["state"] == "key", "{answer} {stderr}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&old) && !text.contains("pending"));
}

#[cfg(unix)]
fn make_ours(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn make_ours(_file: &Path) {}
