//! The files that make one shapefile, loose or in a zip.

use std::io::{Cursor, Read};

use encoding_rs::{GB18030, UTF_8};
use zip::ZipArchive;

use super::ShapefileError;

/// Largest part that is unpacked: a district's parcels stay far below it, a zip bomb does not.
const LARGEST_PART_BYTES: u64 = 512 * 1024 * 1024;

/// The bytes of one shapefile.
#[derive(Debug, Clone, Default)]
pub struct ShapefileParts {
    /// Name without ending.
    pub name: Option<String>,
    /// Geometry.
    pub shp: Vec<u8>,
    /// Attributes.
    pub dbf: Option<Vec<u8>>,
    /// Coordinate system.
    pub prj: Option<String>,
    /// Encoding of the attributes.
    pub cpg: Option<String>,
}

/// Takes the one shapefile out of a zip, in whatever folder it lies.
///
/// # Errors
/// [`ShapefileError::Archive`]: no zip, none or several `.shp`, a part that is too large.
pub fn unpack(bytes: &[u8]) -> Result<ShapefileParts, ShapefileError> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| failed(&error))?;
    let entries = Entry::all(&zip);
    // Archives made on a Mac carry a shadow of every file.
    let found: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.ending == "shp" && !entry.stem.starts_with(b"__MACOSX"))
        .collect();
    let [shp] = found[..] else {
        let named = if found.is_empty() {
            entries.iter().collect()
        } else {
            found
        };
        let named: Vec<String> = named
            .iter()
            .take(10)
            .map(|entry| format!("{}.{}", entry.name(), entry.ending))
            .collect();
        return Err(ShapefileError::Archive(format!(
            "exactly one .shp is expected in it; there are: {}",
            named.join(", ")
        )));
    };
    let mut beside = |ending: &str| -> Result<Option<Vec<u8>>, ShapefileError> {
        let is_it = |entry: &&Entry| entry.ending == ending && entry.stem == shp.stem;
        let entry = entries.iter().find(is_it);
        entry.map(|entry| part(&mut zip, entry)).transpose()
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (dbf, prj, cpg) = (beside("dbf")?, beside("prj")?.map(text), beside("cpg")?.map(text));
    Ok(ShapefileParts {
        name: Some(shp.name()),
        shp: part(&mut zip, shp)?,
        dbf,
        prj,
        cpg,
    })
}

/// An entry of the zip. Names are kept as bytes: archives made on a Chinese Windows have them in GBK.
struct Entry {
    index: usize,
    stem: Vec<u8>,
    ending: String,
}

impl Entry {
    fn all(zip: &ZipArchive<Cursor<&[u8]>>) -> Vec<Self> {
        let entry = |(index, name): (usize, &[u8])| {
            let dot = name.iter().rposition(|byte| *byte == b'.')?;
            Some(Self {
                index,
                stem: name[..dot].to_vec(),
                ending: String::from_utf8_lossy(&name[dot + 1..]).to_ascii_lowercase(),
            })
        };
        zip.file_names_raw().enumerate().filter_map(entry).collect()
    }

    fn name(&self) -> String {
        let (text, broken) = UTF_8.decode_without_bom_handling(&self.stem);
        let text = if broken {
            GB18030.decode_without_bom_handling(&self.stem).0
        } else {
            text
        };
        text.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

fn part(zip: &mut ZipArchive<Cursor<&[u8]>>, entry: &Entry) -> Result<Vec<u8>, ShapefileError> {
    let file = zip.by_index(entry.index).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    file.take(LARGEST_PART_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LARGEST_PART_BYTES {
        return Err(ShapefileError::Archive(format!(
            "the .{} is larger than {LARGEST_PART_BYTES} bytes",
            entry.ending
        )));
    }
    Ok(bytes)
}

fn failed(error: &dyn std::fmt::Display) -> ShapefileError {
    ShapefileError::Archive(error.to_string())
}
