//! The fleet as its users start it: a process of its own that writes a world, comes on the line, and ends when told.

use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dock_broker::{Peer, TestBroker};

/// The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `simulator fleet`.
struct Fleet {
    child: Child,
    news: mpsc::Receiver<Value>,
    /// Standard input, which the process may watch.
    input: Option<ChildStdin>,
}

impl Fleet {
    fn start(world: &Path, words: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_simulator"))
            .args(["fleet", "--json", "--world"])
            .arg(world)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let (sender, news) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("every line is JSON"));
            }
        });
        let input = child.stdin.take();
        Self { child, news, input }
    }

    fn wait_for(&self, event: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let news = self.news.recv_timeout(left);
            let news = news.unwrap_or_else(|error| panic!("no {event}: {error}"));
            if news["event"] == json!(event) {
                return news;
            }
        }
    }

    fn has_ended(&mut self) -> std::process::ExitStatus {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the fleet does not end");
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two sockets on neighbouring ports, and the port below them.
fn ground_ports() -> (u16, [UdpSocket; 2]) {
    for base in (20_000..60_000).step_by(7) {
        let bind = |port| UdpSocket::bind(("127.0.0.1", port)).ok();
        if let (Some(first), Some(second)) = (bind(base + 1), bind(base + 2)) {
            return (base, [first, second]);
        }
    }
    panic!("no free ports");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_docks_come_on_the_line_and_end_on_sigterm() {
    let broker = TestBroker::on_any_port();
    let world = tempfile::tempdir().unwrap();
    let (base, sockets) = ground_ports();
    let stale = world.path().join("spool/D01/old.jpg");
    std::fs::create_dir_all(stale.parent().unwrap()).unwrap();
    std::fs::write(&stale, b"of an earlier run").unwrap();
    let url = broker.url();
    let base = base.to_string();
    let mut fleet = Fleet::start(
        world.path(),
        &[
            "--docks",
            "2",
            "--mqtt",
            &url,
            "--mavlink-base-port",
            &base,
            "--fault",
            "D02:wind=14",
        ],
    );
    let mut peer = Peer::at(&broker, "peer").await;
    let ready = fleet.wait_for("ready");
    assert!(ready["text"].as_str().unwrap().contains("vehicle"), "{ready}");
    fleet.wait_for("fleet_ready");
    for file in [
        "fleet.toml",
        "flight-plans/D01.plan",
        "flight-plans/calendar.toml",
        "truth/truth.json",
    ] {
        assert!(world.path().join(file).is_file(), "{file}");
    }
    assert!(!stale.exists(), "the spool was emptied");
    let (windy, _) = peer.next("telemetry", |t| t["dock_id"] == json!("D02")).await;
    assert_eq!(windy["weather"]["wind_ms"], json!(14.0));
    for socket in sockets {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut buffer = [0u8; 600];
        let length = socket.recv(&mut buffer).unwrap();
        assert!(
            length > 12 && (buffer[0] == 0xFD || buffer[0] == 0xFE),
            "a vehicle speaks MAVLink"
        );
    }
    let sent = Command::new("kill")
        .args(["-TERM", &fleet.child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    fleet.wait_for("fleet_ended");
    assert!(fleet.has_ended().success());
    let (farewell, _) = peer.next("status", |s| s["online"] == json!(false)).await;
    assert_eq!(farewell["v"], json!(1));
}

#[test]
fn it_ends_with_the_process_that_started_it_even_without_a_broker() {
    let world = tempfile::tempdir().unwrap();
    let words = [
        "--docks",
        "1",
        "--mqtt",
        "mqtt://127.0.0.1:9",
        "--exit-with-parent",
    ];
    let mut fleet = Fleet::start(world.path(), &words);
    fleet.wait_for("dock_offline");
    drop(fleet.input.take());
    assert!(fleet.has_ended().success());
}

#[test]
fn faults_are_listed_and_unknown_ones_refused() {
    let run = |words: &[&str]| -> Output {
        Command::new(env!("CARGO_BIN_EXE_simulator"))
            .arg("fleet")
            .args(words)
            .output()
            .unwrap()
    };
    let list = run(&["--list-faults"]);
    let text = String::from_utf8(list.stdout).unwrap();
    for name in ["refuse_arming", "lid_half", "photo_corrupt=N"] {
        assert!(text.contains(name), "{text}");
    }
    let world = tempfile::tempdir().unwrap();
    let path = world.path().to_str().unwrap();
    let unknown = run(&["--world", path, "--fault", "D01:gremlins"]);
    let text = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        !unknown.status.success() && text.contains("gremlins") && text.contains("lid_half"),
        "{text}"
    );
    let astray = run(&["--world", path, "--docks", "1", "--fault", "D05:silent"]);
    let text = String::from_utf8(astray.stderr).unwrap();
    assert!(!astray.status.success() && text.contains("D05"), "{text}");
}
