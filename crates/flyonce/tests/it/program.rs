//! The built program in a folder of its own, as a newcomer would run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use fixtures::photos::JpegSpec;
use serde_json::Value;
use simulator::{DemoOptions, render_demo};
use tempfile::TempDir;

/// A working folder with its data folder `data`.
pub struct Program {
    folder: TempDir,
}

/// What a run printed and how it ended.
pub struct Ran {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A copy of a data folder with four simulated photos, looked at and joined into leads.
    pub fn with_demo() -> Self {
        static DEMO: OnceLock<Program> = OnceLock::new();
        let demo = DEMO.get_or_init(|| {
            let program = Self::new();
            let options = DemoOptions {
                seed: 7,
                photos: 4,
                ..DemoOptions::default()
            };
            render_demo(&program.path("data/demo-photos-7"), &options, &mut |_, _| {}).unwrap();
            let ran = program.run(&["ingest", "data/demo-photos-7"]);
            assert!(ran.ok, "{}", ran.stderr);
            program
        });
        let copy = Self::new();
        copy_folder(&demo.path("data"), &copy.path("data"));
        copy
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A small photo looking straight down near Pudong, another picture and place for every `number`.
    pub fn write_photo(&self, name: &str, number: u32) -> PathBuf {
        self.write(name, small_photo(number).bytes().unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flyonce"));
        command
            .current_dir(self.folder.path())
            .args(["--data", "data", "--lang", "en"])
            .args(arguments);
        command
            .env_remove("FLYONCE_ACTOR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// Runs with `--json` and reads the answer.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        assert!(ran.ok, "{arguments:?}: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// The photo that came under a name containing `name`.
    pub fn photo_named(&self, name: &str) -> Value {
        let photos = self.json(&["photos"])["photos"].as_array().unwrap().clone();
        photos
            .into_iter()
            .find(|photo| photo["names"].to_string().contains(name))
            .unwrap()
    }

    /// What the data folder holds, without what may differ between runs (times of rows).
    pub fn holdings(&self) -> Value {
        let mut photos = self.json(&["photos", "--limit", "1000"])["photos"]
            .as_array()
            .unwrap()
            .clone();
        photos.sort_by_key(|photo| photo["photo_id"].to_string());
        let mut leads = self.json(&["leads", "list", "--limit", "1000"])["leads"].clone();
        for lead in leads.as_array_mut().unwrap() {
            lead.as_object_mut().unwrap().remove("lead_no");
        }
        serde_json::json!({ "photos": photos, "leads": leads, "coverage": self.json(&["coverage", "--max-gsd-cm", "1000"]) })
    }
}

pub fn ran(output: Output) -> Ran {
    Ran {
        ok: output.status.success(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A photo of 64 × 48 px from 120 m.
pub fn small_photo(number: u32) -> JpegSpec {
    let step_deg = 0.0005 * f64::from(number);
    JpegSpec::dji(31.2 + step_deg, 121.6 + step_deg, 120.0).seed(u64::from(number))
}

/// Whether ONNX Runtime is on this machine; says so when it is not. In CI it has to be.
pub fn can_look(test_name: &str) -> bool {
    let found = vision::Runtime::locate(&vision::SearchPlaces::of_this_process(None)).is_ok();
    assert!(
        found || std::env::var("CI").is_err(),
        "{test_name}: ONNX Runtime is missing; run `flyonce setup`"
    );
    if !found {
        skipped(test_name, "ONNX Runtime is missing; run `flyonce setup`");
    }
    found
}

/// Says past the test harness that a test was skipped.
pub fn skipped(test_name: &str, why: &str) {
    use std::io::Write;
    let mut terminal = std::io::stderr().lock();
    writeln!(terminal, "SKIPPED: {test_name}: {why}").unwrap();
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
