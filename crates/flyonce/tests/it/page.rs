//! The page in a real browser: a person reviews with the keyboard. Needs Chromium, Node and the page's packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Program, can_look, ran, skipped};
use crate::serving::Service;

/// What it takes to look at the page.
pub struct Browser {
    /// The program.
    pub chromium: &'static str,
    /// Folder of the page's sources, with its packages.
    pub web: PathBuf,
}

/// Chromium and a built page, or a visible skip; in CI they have to be there.
pub fn browser(test_name: &str) -> Option<Browser> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"]
        .into_iter()
        .find(|path| Path::new(path).exists());
    let built = web.join("dist/index.html").is_file() && web.join("node_modules/playwright-core").is_dir();
    let found = chromium
        .filter(|_| built)
        .map(|chromium| Browser { chromium, web });
    let needs = "needs chromium and a built page (scripts/build-web)";
    assert!(
        found.is_some() || std::env::var("CI").is_err(),
        "{test_name}: {needs}"
    );
    if found.is_none() {
        skipped(test_name, needs);
    }
    found
}

#[test]
fn a_reviewer_works_with_the_keyboard() {
    let test_name = "a_reviewer_works_with_the_keyboard";
    let Some(Browser { chromium, web }) = browser(test_name) else {
        return;
    };
    if !can_look(test_name) {
        return;
    }
    let program = Program::with_demo();
    let service = Service::start(&program);
    let picture = program.path("page.png");
    let reviewed = Command::new("node")
        .arg(web.join("e2e/review.mjs"))
        .args([chromium, &format!("http://{}/", service.address)])
        .arg(&picture)
        .output()
        .unwrap();
    let reviewed = ran(reviewed);
    assert!(reviewed.ok, "{}\n{}", reviewed.stdout, reviewed.stderr);
    let counts = service.json("/api/v1/leads?limit=1")["counts"].clone();
    assert_eq!(counts["known_stock"], 1, "{counts}");
    assert_eq!(
        counts["false_alarm"], 0,
        "the false alarm was taken back: {counts}"
    );
    assert!(
        std::fs::metadata(&picture).unwrap().len() > 50_000,
        "the picture of the page is empty"
    );
}
