//! Files that are whole or not there.

use std::path::Path;

use anyhow::{Context, Result};

/// Writes a file beside its place and moves it there, with the permissions that new files have here.
///
/// # Errors
/// A folder that cannot be written; an existing file stays as it was then.
pub fn write_whole(file: &Path, content: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    let name = file.file_name().with_context(cannot)?.to_string_lossy();
    let part = file.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = std::fs::write(&part, content).and_then(|()| std::fs::rename(&part, file));
    if written.is_err() {
        // What is left of a failed attempt is of no use; that it cannot be removed says nothing new.
        let _ = std::fs::remove_file(&part);
    }
    written.with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_a_failure_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.html");
        write_whole(&file, b"one").unwrap();
        write_whole(&file, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        let nowhere = write_whole(&folder.path().join("no/such/a.html"), b"x").unwrap_err();
        assert!(nowhere.to_string().contains("cannot write"), "{nowhere}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
