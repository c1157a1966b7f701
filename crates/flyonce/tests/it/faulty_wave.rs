//! One wave in which something else is wrong at every dock: what becomes of each sortie and of each of its photos, and
//! that no dock's fault touches another's. Then a short soak.

use serde_json::Value;

use crate::fleet::Site;
use crate::program::{Program, can_look};

/// Photos that every plan has.
const PLANNED: u64 = 15;

/// What is wrong at a dock, and what must come of it.
struct Case {
    faults: &'static [&'static str],
    /// State in the end, and code.
    end: (&'static str, Option<&'static str>),
    /// Losses that are named, by reason.
    lost: &'static [(&'static str, u64)],
}

const fn refused(fault: &'static [&'static str], code: &'static str) -> Case {
    Case {
        faults: fault,
        end: ("refused", Some(code)),
        lost: &[("not_flown", PLANNED)],
    }
}

const fn flown(faults: &'static [&'static str], lost: &'static [(&'static str, u64)]) -> Case {
    Case {
        faults,
        end: ("closed", None),
        lost,
    }
}

/// By dock, `D01` and on.
const CASES: &[Case] = &[
    refused(&["lid_stuck"], "lid_not_open"),
    refused(&["lid_half"], "lid_not_open"),
    refused(&["dock_offline=0"], "dock_offline"),
    refused(&["wind=14"], "wind"),
    refused(&["rain=3"], "rain"),
    refused(&["emergency_stop"], "emergency_stop"),
    refused(&["no_vehicle"], "vehicle_absent"),
    refused(&["dock_mute"], "dock_offline"),
    flown(&["slow_lid"], &[]),
    Case {
        faults: &["lid_stuck_on_return"],
        end: ("closed", Some("diverted")),
        lost: &[],
    },
    Case {
        faults: &["dock_offline_in_flight=30"],
        end: ("closed", Some("diverted")),
        lost: &[],
    },
    flown(&["photo_lost=4"], &[("never_arrived", 3)]),
    flown(&["photo_half=2", "photo_twice=3", "double_feedback=2"], &[]),
    flown(&["photo_corrupt=2", "uploads_slow", "zero_position=3"], &[]),
    // The vehicle calls it a picture; that no file comes of it is all that can be known.
    flown(&["misfire=5"], &[("never_arrived", 3)]),
    // A pin on the camera tells that it did not fire.
    flown(&["misfire=4", "feedback_pin"], &[("misfire", 3)]),
    flown(&["silent_capture=4"], &[]),
];

#[test]
fn every_dock_ends_as_its_own_fault_has_it_and_no_other() {
    let test_name = "every_dock_ends_as_its_own_fault_has_it_and_no_other";
    if !can_look(test_name) {
        return;
    }
    let mut site = Site::new();
    site.speed = "5";
    site.photo_width = "208";
    let config = site.program.path("flyonce.toml");
    let text = std::fs::read_to_string(&config).unwrap() + "\n[photo_door]\nphotos_within_s = 20\n";
    std::fs::write(config, text).unwrap();
    let faults: Vec<String> = CASES
        .iter()
        .zip(1..)
        .flat_map(|(case, number)| {
            case.faults
                .iter()
                .map(move |fault| format!("D{number:02}:{fault}"))
        })
        .collect();
    let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
    let _city = site.city(CASES.len() as u32, &faults);
    let _service = site.service();
    let flights = site.wait_for_the_end(CASES.len());
    let strikes = std::fs::read_to_string(site.program.path("city.log")).unwrap();
    assert!(!strikes.contains("lid_strike"), "{strikes}");
    let mut wrong = Vec::new();
    for (case, number) in CASES.iter().zip(1..) {
        let dock = format!("D{number:02}");
        let flight = flights.iter().find(|flight| flight["dock_id"] == *dock).unwrap();
        if let Some(found) = differs(case, flight) {
            wrong.push(format!("{dock} with {:?}: {found}", case.faults));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is not as it must be.
fn differs(case: &Case, flight: &Value) -> Option<String> {
    let (state, code) = (flight["state"].as_str(), flight["code"].as_str());
    if (state, code) != (Some(case.end.0), case.end.1) {
        return Some(format!("{state:?} {code:?}: {flight}"));
    }
    if case.end.1.is_some() && flight["words"]["zh"].as_str().is_none() {
        return Some(format!("no words: {flight}"));
    }
    if state == Some("refused") && flight["next_step"]["zh"].as_str().is_none() {
        return Some(format!("no next step: {flight}"));
    }
    let shots = &flight["shots"];
    let wanted = |reason: &str| {
        case.lost
            .iter()
            .find(|(named, _)| *named == reason)
            .map_or(0, |(_, n)| *n)
    };
    let lost: u64 = case.lost.iter().map(|(_, n)| n).sum();
    let as_wanted = ["not_flown", "misfire", "never_arrived", "unreadable"]
        .iter()
        .all(|reason| shots["lost"][reason].as_u64() == Some(wanted(reason)));
    let all = shots["planned"] == PLANNED && shots["stored"].as_u64() == Some(PLANNED - lost);
    (!as_wanted || !all).then(|| format!("{shots}"))
}

#[cfg(target_os = "linux")]
fn children_of(pid: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let children = tasks.flatten().filter_map(|task| {
        let listed = std::fs::read_to_string(task.path().join("children")).ok()?;
        Some(listed.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    });
    children.flatten().collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_soak_that_is_asked_to_stop_ends_its_processes_and_reports() {
    if !can_look("a_soak_that_is_asked_to_stop_ends_its_processes_and_reports") {
        return;
    }
    for signal in ["-TERM", "-INT"] {
        let program = Program::new();
        let arguments = [
            "soak", "--days", "9", "--docks", "2", "--seed", "1", "--speed", "4", "--folder", "soak",
            "--json",
        ];
        let soak = program.spawn(&arguments);
        let begun = std::time::Instant::now();
        // City and service at least, and a broker where there is Mosquitto.
        let children = loop {
            let children = children_of(soak.id());
            if children.len() >= 2 {
                break children;
            }
            assert!(begun.elapsed().as_secs() < 200, "{children:?}");
            std::thread::sleep(std::time::Duration::from_millis(100));
        };
        let told = std::process::Command::new("kill")
            .args([signal, &soak.id().to_string()])
            .status();
        assert!(told.unwrap().success());
        let ran = crate::program::ran(soak.wait_with_output().unwrap());
        assert!(ran.ok, "{}", ran.stderr);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(
            (&report["days"], &report["stopped_on_day"]),
            (&0.into(), &0.into()),
            "{report}"
        );
        assert_eq!(report["violations"], serde_json::json!([]));
        for child in children {
            let alive = std::path::Path::new("/proc").join(&child).exists();
            assert!(!alive, "process {child} goes on after {signal}");
        }
    }
}

#[test]
fn a_short_soak_breaks_no_rule() {
    if !can_look("a_short_soak_breaks_no_rule") {
        return;
    }
    let program = Program::new();
    let arguments = [
        "soak", "--days", "1", "--docks", "3", "--seed", "1", "--speed", "6", "--folder", "soak",
    ];
    let soaked = program.json(&arguments);
    assert_eq!(soaked["violations"], serde_json::json!([]));
    assert_eq!((&soaked["slots"], &soaked["days"]), (&3.into(), &1.into()));
    let planned: u64 = soaked["photos"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(planned, 3 * PLANNED);
}
