//! Small questions to files of a data set.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The split that means all pictures.
pub const ALL_SPLITS: &str = "all";

/// Text of a file.
pub(super) fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Last part of a path, of `.` too.
pub(super) fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.file_name().map_or_else(
        || "dataset".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Width and height of a picture, from its header.
pub(super) fn size_px(file: &Path) -> Result<[u32; 2]> {
    let (width, height) = image::image_dimensions(file)
        .with_context(|| format!("cannot read the size of {}", file.display()))?;
    Ok([width, height])
}

/// All pictures below a folder, in the order of their paths.
pub(super) fn pictures_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(pictures_below(&path)?);
        } else if ["jpg", "jpeg", "png"].contains(&extension(&path).as_str()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The ending of a file name, small letters.
pub(super) fn extension(path: &Path) -> String {
    path.extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase()
}
