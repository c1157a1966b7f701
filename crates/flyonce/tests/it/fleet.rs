//! The fleet through the real program: a simulated city in one process, the service in another, MAVLink, MQTT and
//! HTTP between them over loopback sockets. The service is killed in mid-flight; the city flies on.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::page::{Browser, browser};
use crate::program::{Program, ran, skipped};

/// When the simulated wave starts.
const START: &str = "2026-03-02T02:00:00Z";
/// City time at which the service starts: docks and vehicles come up before the slot.
const BEFORE_START: &str = "2026-03-02T01:58:30Z";
const SPEED: &str = "10";
/// Where somebody has to do something while vehicles fly, however busy the machine is.
pub const UNHURRIED_SPEED: &str = "3";
/// A wave takes a minute; a loaded machine may take several times as long.
const PATIENCE: Duration = Duration::from_secs(420);

/// A process that ends with the test.
pub struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A city, a folder for the service, and where things meet.
pub struct Site {
    pub program: Program,
    pub mqtt: u16,
    http: u16,
    pub mavlink_base: u16,
    began_at: String,
    pub speed: &'static str,
    /// Small pictures cost little, where nobody wants to see what is in them.
    pub photo_width: &'static str,
}

impl Site {
    pub fn new() -> Self {
        let program = Program::new();
        let site = Self {
            program,
            mqtt: free_tcp(),
            http: free_tcp(),
            mavlink_base: free_udp(),
            began_at: now_rfc3339(),
            speed: SPEED,
            photo_width: "1664",
        };
        site.program.write("flyonce.toml", site.configuration());
        site
    }

    /// What the service has to be told.
    pub fn configuration(&self) -> String {
        format!("[mqtt]\nlisten = \"127.0.0.1:{}\"\n", self.mqtt)
    }

    /// Starts the city with `docks` docks and waits for its files.
    pub fn city(&self, docks: u32, faults: &[&str]) -> Ends {
        let words: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", *fault]).collect();
        self.city_with(docks, &words)
    }

    /// As [`Self::city`], with further words of its command line.
    pub fn city_with(&self, docks: u32, words: &[&str]) -> Ends {
        self.city_at(&format!("mqtt://127.0.0.1:{}", self.mqtt), docks, words)
    }

    /// As [`Self::city_with`], at this broker.
    pub fn city_at(&self, broker: &str, docks: u32, words: &[&str]) -> Ends {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flyonce"));
        command
            .current_dir(self.program.path(""))
            .arg("simulate")
            .args([
                "--docks",
                &docks.to_string(),
                "--seed",
                "7",
                "--speed",
                self.speed,
                "--start",
                START,
            ])
            .args(["--world", "data", "--mqtt", broker])
            .args(["--mavlink-base-port", &self.mavlink_base.to_string()])
            .args(["--photo-width", self.photo_width])
            .args(words);
        let log = std::fs::File::create(self.program.path("city.log")).unwrap();
        let city = Ends(
            command
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap(),
        );
        wait_until("the city's files", || {
            std::fs::read(self.program.path("data/truth/truth.json"))
                .is_ok_and(|bytes| serde_json::from_slice::<Value>(&bytes).is_ok())
        });
        city
    }

    /// Starts the service; a second one goes on in the same simulated day.
    pub fn service(&self) -> Ends {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.program.path("service.log"))
            .unwrap();
        let listen = format!("127.0.0.1:{}", self.http);
        let child = self
            .program
            .command(&["serve", "--listen", &listen, "--city-time", BEFORE_START])
            .args(["--city-time-was-at", &self.began_at, "--city-speed", self.speed])
            .env("FLYONCE_LOG", "info")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let service = Ends(child);
        wait_until("the service", || {
            std::net::TcpStream::connect(("127.0.0.1", self.http)).is_ok()
        });
        service
    }

    pub fn flights(&self) -> Vec<Value> {
        self.program.json(&["flights", "list"])["flights"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Waits until `docks` sorties are over.
    pub fn wait_for_the_end(&self, docks: usize) -> Vec<Value> {
        let over =
            |flight: &Value| ["closed", "refused", "failed"].contains(&flight["state"].as_str().unwrap());
        wait_until("the end of the wave", || {
            let flights = self.flights();
            flights.len() == docks && flights.iter().all(over)
        });
        self.flights()
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.http)
    }
}

#[test]
fn one_plan_is_flown_on_one_vehicle_and_recorded() {
    let site = Site::new();
    let _city = site.city(1, &[]);
    let link = format!("udpin:127.0.0.1:{}", site.mavlink_base + 1);
    let ran = site.program.run(&[
        "fly",
        "data/flight-plans/D01.plan",
        "--link",
        &link,
        "--sysid",
        "1",
        "--json",
    ]);
    assert!(ran.ok, "{}\n{}", ran.stdout, ran.stderr);
    let events: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps: Vec<&str> = events.iter().filter_map(|event| event["step"].as_str()).collect();
    for needed in [
        "connected",
        "read_back",
        "armed",
        "took_off",
        "landed",
        "disarmed",
    ] {
        assert!(steps.contains(&needed), "{needed} is missing in {steps:?}");
    }
    let report = events.last().unwrap();
    assert_eq!(report["outcome"], "completed");
    let captures = report["captures"].as_u64().unwrap();
    let flight = &site.flights()[0];
    assert_eq!(
        (flight["state"].as_str(), &flight["shots"]["captured"]),
        (Some("landed"), &Value::from(captures))
    );
    let sortie = flight["sortie_id"].as_str().unwrap();
    let track: Value = serde_json::from_str(&site.program.run(&["flights", "track", sortie]).stdout).unwrap();
    assert!(track["features"].as_array().unwrap().len() > 1);
    pymavlink_reads(&site.program.path(&format!("data/tlogs/{sortie}.tlog")));
}

/// The tools with which people look into logs: mavlogdump prints it, mavtogpx makes a track of it.
fn mavlink_tools_read(peers: &Path, tlog: &Path) {
    let tool = |name: &str, arguments: &[&str]| {
        let output = Command::new("python3")
            .arg(peers.join("bin").join(name))
            .args(arguments)
            .arg(tlog)
            .env("PYTHONPATH", peers)
            .output()
            .unwrap();
        let ran = ran(output);
        assert!(ran.ok, "{name}: {}", ran.stderr);
        ran.stdout
    };
    let positions = tool("mavlogdump.py", &["--types", "GLOBAL_POSITION_INT"]);
    assert!(
        positions
            .lines()
            .filter(|line| line.contains("relative_alt"))
            .count()
            > 20,
        "{positions}"
    );
    tool("mavtogpx.py", &[]);
    let track = std::fs::read_to_string(format!("{}.gpx", tlog.display())).unwrap();
    assert!(track.matches("<trkpt").count() > 20);
}

/// The telemetry log is read by software that shares nothing with this repository.
fn pymavlink_reads(tlog: &Path) {
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tlog-peers");
    if !peers.join("pymavlink").is_dir() {
        let installed = Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&peers)
            .arg("pymavlink==2.4.50")
            .status();
        let there = installed.is_ok_and(|status| status.success());
        assert!(
            there || std::env::var("CI").is_err(),
            "pymavlink cannot be installed"
        );
        if !there {
            return skipped("pymavlink_reads", "needs python3, pip and the package index");
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/read_tlog.py");
    let read = Command::new("python3")
        .arg(script)
        .arg(tlog)
        .env("PYTHONPATH", &peers)
        .output()
        .unwrap();
    let read = ran(read);
    assert!(read.ok, "{}", read.stderr);
    let held: Value = serde_json::from_str(&read.stdout).unwrap();
    assert_eq!(held["unreadable"], 0, "{held}");
    mavlink_tools_read(&peers, tlog);
    // Both directions: what the vehicle says and what it was told.
    for needed in [
        "GLOBAL_POSITION_INT",
        "MISSION_ITEM_INT",
        "COMMAND_LONG",
        "CAMERA_FEEDBACK",
    ] {
        assert!(
            held["types"][needed].as_u64() > Some(0),
            "{needed} is missing: {held}"
        );
    }
}

#[test]
fn a_dispatcher_brings_everyone_home_with_one_key() {
    let test_name = "a_dispatcher_brings_everyone_home_with_one_key";
    let Some(Browser { chromium, web }) = browser(test_name) else {
        return;
    };
    let site = Site {
        speed: UNHURRIED_SPEED,
        ..Site::new()
    };
    let _city = site.city(2, &[]);
    let _service = site.service();
    wait_until("take-off", || {
        site.flights().iter().any(|flight| flight["state"] == "flying")
    });
    let picture = site.program.path("fleet.png");
    let done = Command::new("node")
        .arg(web.join("e2e/fleet.mjs"))
        .args([chromium, &format!("http://{}/", site.address())])
        .arg(&picture)
        .output()
        .unwrap();
    let done = ran(done);
    assert!(done.ok, "{}\n{}", done.stdout, done.stderr);
    assert!(
        picture.metadata().unwrap().len() > 50_000,
        "the picture of the page is empty"
    );
    for flight in site.wait_for_the_end(2) {
        assert!(
            flight["shots"]["lost"]["not_flown"].as_u64() > Some(0),
            "it came home early: {flight}"
        );
    }
}

#[test]
fn a_vehicle_that_is_not_there_is_a_readable_failure() {
    let site = Site::new();
    let plan = site
        .program
        .write("a.plan", include_str!("../../../../flight-plans/survey.plan"));
    let link = format!("udpin:127.0.0.1:{}", site.mavlink_base + 1);
    let ran = site
        .program
        .run(&["fly", plan.to_str().unwrap(), "--link", &link, "--sysid", "9"]);
    assert!(!ran.ok);
    assert!(ran.stderr.contains("no heartbeat"), "{}", ran.stderr);
}

#[test]
fn a_wave_loses_and_doubles_nothing_when_the_service_is_killed_in_mid_flight() {
    let site = Site::new();
    let _city = site.city(2, &[]);
    // In the air each time, and over before it comes down: a dock that is just being heard again cannot say in time that it
    // takes the vehicle.
    for kill_after_s in [13, 6, 5] {
        let service = site.service();
        std::thread::sleep(Duration::from_secs(kill_after_s));
        drop(service);
    }
    let _service = site.service();
    let flights = site.wait_for_the_end(2);
    for flight in &flights {
        let shots = &flight["shots"];
        assert_eq!(flight["state"], "closed", "{flight}");
        assert_eq!(shots["stored"], shots["planned"], "{flight}");
        assert_eq!(shots["extra"], 0, "{flight}");
        // Whichever run of the service laid the plan's fence on the vehicle, it is taken back.
        let name = flight["sortie_id"].as_str().unwrap();
        let steps = site.program.run(&["flights", "show", name]).stdout;
        assert!(steps.contains("the vehicle has its own fence"), "{steps}");
    }
    let planned: u64 = flights
        .iter()
        .map(|flight| flight["shots"]["planned"].as_u64().unwrap())
        .sum();
    assert_eq!(
        site.program.json(&["photos", "--limit", "1000"])["total"],
        planned
    );
}

#[test]
fn a_refused_arming_is_named_and_everyone_else_comes_home_on_one_command() {
    let site = Site::new();
    let _city = site.city(2, &["D02:refuse_arming"]);
    let _service = site.service();
    wait_until("take-off", || {
        site.flights()
            .iter()
            .any(|flight| flight["dock_id"] == "D01" && flight["state"] == "flying")
    });
    let home = site
        .program
        .run(&["fleet", "home", "--as", "tester", "--service", &site.address()]);
    assert!(home.ok, "{}", home.stderr);
    let flights = site.wait_for_the_end(2);
    let of = |dock: &str| flights.iter().find(|flight| flight["dock_id"] == dock).unwrap();
    assert_eq!(
        (&of("D02")["state"], &of("D02")["code"]),
        (&"refused".into(), &"arming_refused".into())
    );
    assert!(of("D02")["next_step"]["zh"].as_str().is_some());
    let shots = &of("D01")["shots"];
    assert!(
        shots["lost"]["not_flown"].as_u64().unwrap() > 0,
        "it came home early: {shots}"
    );
    let status = site
        .program
        .run(&["fleet", "status", "--service", &site.address()]);
    assert!(status.stdout.contains("grounded"), "{}", status.stdout);
    let release = site
        .program
        .run(&["fleet", "release", "--as", "tester", "--service", &site.address()]);
    assert!(release.ok, "{}", release.stderr);
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(200));
    }
}

pub fn free_tcp() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A port below one that is free; tests run side by side, so the system chooses where.
pub fn free_udp() -> u16 {
    loop {
        let first = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        if first < 60_000 && (first..first + 16).all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok()) {
            return first - 1;
        }
    }
}

fn now_rfc3339() -> String {
    jiff::Timestamp::now().to_string()
}
