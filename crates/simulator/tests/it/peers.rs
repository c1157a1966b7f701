//! The vehicles held to MAVLink by software that shares nothing with this repository: ground stations scripted on
//! pymavlink and on MAVSDK fly them in a fleet process. Both come from PyPI into the target folder, once.

use std::ffi::OsStr;
use std::fs::File;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const PYMAVLINK: &str = "pymavlink==2.4.50";
const MAVSDK: &str = "mavsdk==4.1.0";

/// The scripts give up earlier, each wait by itself; this ends one that hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// A fleet of one dock without a broker, ended with the test.
struct Fleet(Child);

impl Fleet {
    fn start(folder: &Path, port: u16, speed: &str, words: &[&str]) -> Self {
        let base = (port - 1).to_string();
        let child = Command::new(env!("CARGO_BIN_EXE_simulator"))
            .args(["fleet", "--docks", "1", "--mqtt", "mqtt://127.0.0.1:9"])
            .args(["--speed", speed])
            .args(words)
            .args(["--mavlink-base-port", &base, "--world"])
            .arg(folder.join("world"))
            .stdout(File::create(folder.join("fleet.log")).unwrap())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn pymavlink_flies_a_survey_with_the_arducopter_manners() {
    flown_by("pymavlink_survey.py", "8", "ardupilot");
}

#[test]
fn pymavlink_flies_a_survey_with_the_px4_manners() {
    flown_by("pymavlink_survey.py", "8", "px4");
}

/// Signed both ways: the vehicle hears only what is signed with its key, and pymavlink only what is signed with it.
#[test]
fn pymavlink_flies_a_survey_signed() {
    let key = "5a".repeat(32);
    let fault = format!("D01:signing_key={key}");
    let words = ["--fault", &fault];
    if let Some((status, told)) = run_script(("pymavlink_survey.py", &[&key]), "8", "ardupilot", &words) {
        assert!(
            status.is_some_and(|status| status.success()),
            "{status:?}\n{told}"
        );
    }
    let other = "5b".repeat(32);
    if let Some((status, told)) = run_script(("pymavlink_survey.py", &[&other]), "8", "ardupilot", &words) {
        assert!(
            status.is_some_and(|status| !status.success()),
            "another key was taken"
        );
        assert!(told.contains("AssertionError: "), "{told}");
    }
}

/// Slower than the others: MAVSDK sends its heartbeat once per second of the wall clock.
#[test]
fn mavsdk_flies_a_mission_with_the_px4_manners() {
    flown_by("mavsdk_survey.py", "4", "px4");
}

/// The scripts compare what they read back: without this, the tests above would say little.
#[test]
fn both_notice_an_item_that_the_vehicle_keeps_otherwise() {
    for script in ["pymavlink_survey.py", "mavsdk_survey.py"] {
        let Some((status, told)) = run_script((script, &[]), "4", "px4", &["--fault", "D01:altered_item=0"])
        else {
            return;
        };
        assert!(status.is_some_and(|status| !status.success()), "{told}");
        // The traceback names the function in which they stopped.
        assert!(
            told.contains("AssertionError: ") && told.contains("compare"),
            "{told}"
        );
    }
}

/// Has a script fly the only vehicle of a fleet; it fails unless the script ends well.
fn flown_by(script: &str, speed: &str, profile: &str) {
    if let Some((status, told)) = run_script((script, &[]), speed, profile, &[]) {
        let well = status.is_some_and(|status| status.success());
        assert!(well, "{script} against {profile}: {status:?}\n{told}");
    }
}

/// How a script ended that had a fleet of one vehicle before it, with all that both printed. The status is `None`
/// where the script had to be killed; the whole is `None` where the packages are not to be had.
fn run_script(
    (script, further): (&str, &[&str]),
    speed: &str,
    profile: &str,
    words: &[&str],
) -> Option<(Option<ExitStatus>, String)> {
    let packages = match PACKAGES.get_or_init(install) {
        Ok(packages) => packages,
        Err(why) => {
            skip(&format!("{script} {profile}"), why);
            return None;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let words = [&["--profile", profile], words].concat();
    let _fleet = Fleet::start(folder.path(), port, speed, &words);
    let mut python = Command::new("python3");
    python
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/peers")
                .join(script),
        )
        .args([&port.to_string(), speed, profile])
        .args(further)
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let status = run_to_end(python, &folder.path().join("script.log"));
    let told = |name| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    Some((
        status,
        format!("{}\nfleet:\n{}", told("script.log"), told("fleet.log")),
    ))
}

/// Exit status of a command whose output goes to `log`; `None` where it had to be killed.
fn run_to_end(mut command: Command, log: &Path) -> Option<ExitStatus> {
    let file = File::create(log).unwrap();
    command.stderr(file.try_clone().unwrap()).stdout(file);
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

static PACKAGES: OnceLock<Result<PathBuf, String>> = OnceLock::new();

/// Folder with both packages, installed there if it is not yet; or why it cannot be.
fn install() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let ready = target.join(format!("peers-{PYMAVLINK}-{MAVSDK}"));
    if ready.is_dir() {
        return Ok(ready);
    }
    // Beside it, then renamed: an install that was cut short is never taken for a whole one.
    let fresh = tempfile::tempdir_in(target).unwrap();
    let packages = fresh.path().join("packages");
    let words: [&OsStr; 10] = [
        "-m".as_ref(),
        "pip".as_ref(),
        "install".as_ref(),
        "--quiet".as_ref(),
        "--disable-pip-version-check".as_ref(),
        "--no-input".as_ref(),
        "--target".as_ref(),
        packages.as_ref(),
        PYMAVLINK.as_ref(),
        MAVSDK.as_ref(),
    ];
    let pip = Command::new("python3").args(words).output();
    let pip = pip.map_err(|error| format!("python3: {error}"))?;
    if !pip.status.success() {
        return Err(format!("pip: {}", String::from_utf8_lossy(&pip.stderr)));
    }
    if let Err(error) = std::fs::rename(&packages, &ready)
        && !ready.is_dir()
    {
        return Err(format!("{}: {error}", ready.display()));
    }
    Ok(ready)
}

/// Said past the test harness; in CI the packages have to be there.
fn skip(what: &str, why: &str) {
    use std::io::Write as _;
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{what}: {why}");
    writeln!(std::io::stderr().lock(), "SKIPPED: {what}: {why}").unwrap();
}

/// A UDP port that nobody had a moment ago.
fn free_port() -> u16 {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    socket.local_addr().unwrap().port()
}
