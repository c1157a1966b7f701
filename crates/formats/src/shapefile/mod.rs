//! Shapefiles (ESRI, July 1998): `.shp` geometry, `.dbf` attributes (dBASE III), `.prj` coordinate system (WKT 1),
//! `.cpg` encoding; loose or in one zip. Read here and not by a library: the libraries at hand trust the counts in
//! the file and would ask for as much memory as a broken file names.

mod dbf;
mod parts;
mod prj;
mod rings;
mod shp;

use thiserror::Error;

use crate::features::{FeatureFile, FileFeature, Ignored, IgnoredKind, Note};

pub use parts::{ShapefileParts, unpack};

/// What is wrong with a shapefile. Offsets count bytes from 0, records and rings from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShapefileError {
    /// The zip cannot be used.
    #[error("zip: {0}")]
    Archive(String),
    /// The `.shp` is none.
    #[error(".shp: {0}")]
    NotShp(String),
    /// A record breaks the format.
    #[error(".shp, record {record}: {problem}")]
    BadRecord {
        /// From 1.
        record: usize,
        /// What is wrong.
        problem: String,
    },
    /// The `.dbf` is none.
    #[error(".dbf: {0}")]
    BadDbf(String),
    /// Text that is not in the encoding it is said to be in.
    #[error(
        ".dbf, record {record}, field {field}: the bytes are no text in {encoding}; name the encoding in a .cpg file"
    )]
    NoText {
        /// From 1.
        record: usize,
        /// Name of the field.
        field: String,
        /// The encoding.
        encoding: &'static str,
    },
    /// Geometry and attributes do not belong together.
    #[error(".shp has {shapes} records, .dbf has {rows}: they do not belong together")]
    CountsDiffer {
        /// Records of the `.shp`.
        shapes: usize,
        /// Rows of the `.dbf`.
        rows: usize,
    },
    /// The `.prj` names no system that is known here.
    #[error(".prj: {0}; convert the file (ogr2ogr -t_srs EPSG:4490) or take the .prj away and state --datum")]
    BadPrj(String),
    /// No record has a geometry.
    #[error("the shapefile holds no geometry")]
    NoFeature,
}

/// Reads the parts of one shapefile.
///
/// # Errors
/// The first [`ShapefileError`] found.
pub fn read_shapefile(parts: &ShapefileParts) -> Result<FeatureFile, ShapefileError> {
    let mut file = FeatureFile {
        name: parts.name.clone(),
        declared: parts.prj.as_deref().map(prj::declared).transpose()?,
        ..FeatureFile::default()
    };
    let shapes = shp::read(&parts.shp, &mut file.notes)?;
    let rows = match &parts.dbf {
        Some(bytes) => Some(dbf::read(bytes, parts.cpg.as_deref(), &mut file.notes)?),
        None => {
            file.notes.push(Note::NoAttributes);
            None
        }
    };
    if let Some(rows) = &rows
        && rows.len() != shapes.len()
    {
        return Err(ShapefileError::CountsDiffer {
            shapes: shapes.len(),
            rows: rows.len(),
        });
    }
    let mut rows = rows.unwrap_or_default().into_iter();
    for (index, geometry) in shapes.into_iter().enumerate() {
        let path = format!("record {}", index + 1);
        let row = rows.next();
        let kind = match (geometry, row.as_ref().map(|row| row.deleted)) {
            (_, Some(true)) => IgnoredKind::DeletedRow,
            (None, _) => IgnoredKind::NoGeometry,
            (Some(geometry), _) => {
                file.features.push(FileFeature {
                    path,
                    geometry,
                    properties: row.map(|row| row.values).unwrap_or_default(),
                });
                continue;
            }
        };
        file.ignored.push(Ignored { path, kind });
    }
    if file.features.is_empty() {
        return Err(ShapefileError::NoFeature);
    }
    Ok(file)
}
