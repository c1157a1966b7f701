//! The house rules that the compiler does not hold: walls between crates, homes of heavy dependencies,
//! circles between modules, lengths of files, licences.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates a crate may use. A crate that is not listed fails the test.
const WALLS: &[(&str, &[&str])] = &[
    ("survey", &[]),
    ("schedule", &["survey"]),
    ("casework", &["survey"]),
    ("formats", &["survey"]),
    ("evaluation", &[]),
    ("vision", &[]),
    ("store", &["casework", "schedule", "survey"]),
    ("flight", &["schedule", "survey"]),
    ("simulator", &[]),
    (
        "flyonce",
        &[
            "casework",
            "evaluation",
            "flight",
            "formats",
            "schedule",
            "simulator",
            "store",
            "survey",
            "vision",
        ],
    ),
    ("fixtures", &[]),
    (
        "benches",
        &[
            "casework",
            "fixtures",
            "formats",
            "simulator",
            "store",
            "survey",
            "vision",
        ],
    ),
];

/// The crates that may name a heavy dependency.
const HOMES: &[(&str, &[&str])] = &[
    ("ab_glyph", &["flyonce"]),
    ("crc32fast", &["survey"]),
    ("ort", &["vision"]),
    ("sqlx", &["store"]),
    ("axum", &["flyonce"]),
    ("encoding_rs", &["formats"]),
    ("flatbuffers", &["formats"]),
    ("geo", &["survey"]),
    ("proj4rs", &["survey"]),
    ("image", &["vision", "simulator", "flyonce", "fixtures"]),
    ("kamadak-exif", &["formats", "simulator"]),
    ("mavlink", &["flight", "simulator"]),
    ("rumqttc", &["flight", "simulator", "flyonce"]),
    ("rumqttd", &["flyonce"]),
    ("rustls", &["flight", "simulator"]),
    ("serial2-tokio", &["flight"]),
    ("tokio", &["store", "flight", "simulator", "flyonce"]),
];

/// Pure crates: no files, clocks, threads, logs or async in their code.
const PURE: &[&str] = &["survey", "schedule", "casework", "formats", "evaluation"];
const IMPURE_WORDS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant::now",
    "tokio",
    "tracing::",
    "async fn",
    "println!",
    "rand::",
];

/// Licences that may be in the product; each is permissive.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "ISC",
    "Zlib",
    "Unlicense",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "CC0-1.0",
    "BSL-1.0",
    "MIT-0",
    "CDLA-Permissive-2.0",
];

const LONGEST_FILE_LINES: usize = 500;

#[test]
fn crates_keep_to_their_walls() {
    let ours = our_packages();
    let names: BTreeSet<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let mut broken = Vec::new();
    for Package {
        name, dependencies, ..
    } in &ours
    {
        let Some((_, allowed)) = WALLS.iter().find(|(walled, _)| walled == name) else {
            broken.push(format!("{name} has no row in WALLS"));
            continue;
        };
        let inside = dependencies.iter().filter(|used| names.contains(used.as_str()));
        broken.extend(
            inside
                .filter(|used| !allowed.contains(&used.as_str()))
                .map(|used| format!("{name} uses {used}")),
        );
    }
    assert!(broken.is_empty(), "walls broken: {broken:#?}");
}

#[test]
fn heavy_dependencies_stay_in_their_homes() {
    let mut strays = Vec::new();
    for Package {
        name, dependencies, ..
    } in our_packages()
    {
        for used in dependencies {
            if let Some((_, homes)) = HOMES.iter().find(|(heavy, _)| *heavy == used)
                && !homes.contains(&name.as_str())
            {
                strays.push(format!("{name} names {used}"));
            }
        }
    }
    assert!(strays.is_empty(), "dependencies outside their home: {strays:#?}");
}

#[test]
fn pure_crates_stay_pure() {
    let mut impure = Vec::new();
    for name in PURE {
        for (path, text) in sources(&root().join("crates").join(name).join("src")) {
            let code = without_tests_and_comments(&text);
            for word in IMPURE_WORDS.iter().filter(|word| code.contains(**word)) {
                impure.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(
        impure.is_empty(),
        "a pure crate waits, reads a clock, logs or touches a file: {impure:#?}"
    );
}

#[test]
fn no_module_is_in_a_circle() {
    let mut circles = Vec::new();
    for package in our_packages() {
        let source = package.folder.join("src");
        let modules: Vec<(String, String)> = sources(&source)
            .into_iter()
            .map(|(path, text)| (module_name(&source, &path), without_tests_and_comments(&text)))
            .collect();
        let names: BTreeSet<&str> = modules.iter().map(|(name, _)| name.as_str()).collect();
        let edges: BTreeMap<&str, BTreeSet<&str>> = modules
            .iter()
            .map(|(name, code)| (name.as_str(), used_modules(name, code, &names)))
            .collect();
        for name in &names {
            if let Some(way) = way_back(name, &edges) {
                circles.push(format!("{}: {way}", package.name));
            }
        }
    }
    assert!(circles.is_empty(), "modules in a circle: {circles:#?}");
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    for folder in ["crates", "fixtures", "benches", "models"] {
        for (path, text) in sources(&root().join(folder)) {
            let lines = text.lines().count();
            if lines > LONGEST_FILE_LINES {
                long.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
    assert!(
        long.is_empty(),
        "files over {LONGEST_FILE_LINES} lines: {long:#?}"
    );
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent: Vec<PathBuf> = ["crates", "fixtures", "benches"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .filter(|(path, text)| path.extension().is_some_and(|end| end == "rs") && !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no //! at the top of {silent:#?}");
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    let mut refused = Vec::new();
    for package in metadata_with_dependencies()["packages"].as_array().unwrap() {
        let expression = package["license"]
            .as_str()
            .unwrap_or_default()
            .replace('/', " OR ");
        if !is_permissive(&expression) {
            refused.push(format!(
                "{} {}: {expression:?}",
                package["name"], package["version"]
            ));
        }
    }
    assert!(refused.is_empty(), "licences to look at: {refused:#?}");
}

#[test]
fn licence_expressions_are_read_rightly() {
    assert!(is_permissive("MIT OR GPL-3.0"));
    assert!(is_permissive("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!is_permissive("MIT AND GPL-3.0"));
    assert!(!is_permissive("AGPL-3.0"));
    assert!(!is_permissive(""));
}

/// An AND needs all its parts, an OR any; parts in brackets hold only ORs in practice.
fn is_permissive(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], "");
    flat.split(" AND ")
        .all(|all| all.split(" OR ").any(|one| LICENCES.contains(&one.trim())))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One of our crates, its normal and build dependencies (what only tests use does not count), its folder.
struct Package {
    name: String,
    dependencies: Vec<String>,
    folder: PathBuf,
}

/// Of our crates with everything this platform is built from; no other platform's packages are fetched for it.
fn metadata_with_dependencies() -> Value {
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()
        .unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    metadata(&["--filter-platform", host.trim()])
}

fn metadata(arguments: &[&str]) -> Value {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        cargo.status.success(),
        "{}",
        String::from_utf8_lossy(&cargo.stderr)
    );
    serde_json::from_slice(&cargo.stdout).unwrap()
}

/// The packages without a source are those of this workspace.
fn our_packages() -> Vec<Package> {
    let metadata = metadata(&["--no-deps"]);
    let ours = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package["source"].is_null());
    ours.map(|package| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let counted = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|used| used["kind"] != "dev");
        Package {
            name: text(&package["name"]),
            dependencies: counted.map(|used| text(&used["name"])).collect(),
            folder: Path::new(package["manifest_path"].as_str().unwrap())
                .parent()
                .unwrap()
                .to_owned(),
        }
    })
    .collect()
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !["node_modules", "dist", "target", "runs", "__pycache__"]
                .iter()
                .any(|skip| name == *skip)
            {
                found.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|end| {
            ["rs", "ts", "tsx", "svelte", "py", "css"]
                .iter()
                .any(|kind| end == *kind)
        }) {
            found.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]").next().unwrap_or("");
    code.lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
}

/// `stage::intake` for `src/stage/intake.rs`, `stage` for `src/stage/mod.rs`, empty for the crate root.
fn module_name(source: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(source).unwrap().with_extension("");
    let mut parts: Vec<String> = relative
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "main" | "lib")) {
        parts.pop();
    }
    parts.join("::")
}

/// Modules named by `crate::…` paths in `code`, each as its deepest module.
fn used_modules<'m>(own: &str, code: &str, names: &BTreeSet<&'m str>) -> BTreeSet<&'m str> {
    let mut used = BTreeSet::new();
    for tail in code.split("crate::").skip(1) {
        let path: String = tail
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
            .collect();
        let parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
        let deepest = (1..=parts.len())
            .rev()
            .find_map(|length| names.get(parts[..length].join("::").as_str()));
        if let Some(module) = deepest.filter(|module| **module != own) {
            used.insert(*module);
        }
    }
    used
}

fn way_back(start: &str, edges: &BTreeMap<&str, BTreeSet<&str>>) -> Option<String> {
    let mut open: Vec<Vec<&str>> = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while let Some(way) = open.pop() {
        for next in &edges[way[way.len() - 1]] {
            if *next == start {
                return Some(format!("{} -> {start}", way.join(" -> ")));
            }
            if seen.insert(*next) {
                open.push([way.clone(), vec![*next]].concat());
            }
        }
    }
    None
}
