//! Embeds the page that `scripts/build-web` put into `web/dist`. Without it (no Node on this machine) the
//! program still builds, and its page says how to build the real one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let web = PathBuf::from(env_of("CARGO_MANIFEST_DIR")).join("web");
    let dist = web.join("dist");
    // Cargo looks at a named folder's files too; a missing one counts as changed when it appears.
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        list(&dist, &dist, &mut files)?;
        files.sort();
    }
    let mut table = String::from("pub(crate) static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in &files {
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "    ({name:?}, include_bytes!({:?})),",
            path.display().to_string()
        );
    }
    table.push_str("];\n");
    fs::write(Path::new(&env_of("OUT_DIR")).join("page_files.rs"), table)
}

fn env_of(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn list(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            files.push((relative.to_string_lossy().replace('\\', "/"), path));
        }
    }
    Ok(())
}
