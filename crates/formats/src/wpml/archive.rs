//! The zip file around the two texts.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::WpmlError;

const TEMPLATE: &str = "wpmz/template.kml";
const WAYLINES: &str = "wpmz/waylines.wpml";
/// Largest text that is unpacked: 65536 waypoints with actions stay below it, a zip bomb does not.
const LARGEST_TEXT_BYTES: u64 = 128 * 1024 * 1024;

pub(super) fn pack(template: &str, waylines: &str) -> Result<Vec<u8>, WpmlError> {
    let failed = |error: &dyn std::fmt::Display| WpmlError::Archive(error.to_string());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [(TEMPLATE, template), (WAYLINES, waylines)] {
        zip.start_file(name, SimpleFileOptions::default())
            .map_err(|error| failed(&error))?;
        zip.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    }
    let packed = zip.finish().map_err(|error| failed(&error))?;
    Ok(packed.into_inner())
}

pub(super) fn waylines(bytes: &[u8]) -> Result<String, WpmlError> {
    let failed = |error: &dyn std::fmt::Display| WpmlError::Archive(error.to_string());
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| failed(&error))?;
    let file = zip
        .by_name(WAYLINES)
        .map_err(|error| WpmlError::Archive(format!("{WAYLINES}: {error}")))?;
    let mut text = String::new();
    file.take(LARGEST_TEXT_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| failed(&error))?;
    if text.len() as u64 > LARGEST_TEXT_BYTES {
        return Err(WpmlError::Archive(format!(
            "{WAYLINES} is larger than {LARGEST_TEXT_BYTES} bytes"
        )));
    }
    Ok(text)
}
