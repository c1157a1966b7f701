//! A manifest of pictures in CSV: a header line, then one picture a line.

use super::DatasetError;
use super::csv::{Record, records};

/// What a manifest says of one picture. Columns other than these are left alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ManifestRow {
    /// Column `file`: path of the picture.
    pub file: String,
    /// Column `split`: `train`, `val`…
    pub split: Option<String>,
    /// Column `set`: where the picture comes from.
    pub set: Option<String>,
    /// Column `group`: pictures of one scene, never to be split.
    pub group: Option<String>,
    /// Column `labelled_classes`, names with `|` between them: the picture is labelled for these only. `None` where
    /// the column is missing: it is labelled for all.
    pub labelled_classes: Option<Vec<String>>,
    /// Column `cm_per_px`: ground per pixel, cm.
    pub cm_per_px: Option<f64>,
}

/// The rows of a manifest.
///
/// # Errors
/// A missing column `file`, a line with more or fewer fields than the header, a scale that is no positive number.
pub fn parse_manifest(text: &str) -> Result<Vec<ManifestRow>, DatasetError> {
    let records = records(text)?;
    let Some((header, rows)) = records.split_first() else {
        return Err(DatasetError::at_line(1, "the manifest is empty"));
    };
    if !header.fields.iter().any(|name| name == "file") {
        let found = header.fields.join(", ");
        return Err(DatasetError::at_line(
            header.line,
            format!("there is no column \"file\", only {found}"),
        ));
    }
    rows.iter().map(|record| row(&header.fields, record)).collect()
}

fn row(header: &[String], record: &Record) -> Result<ManifestRow, DatasetError> {
    let wrong = |problem: String| DatasetError::at_line(record.line, problem);
    if record.fields.len() != header.len() {
        let (found, expected) = (record.fields.len(), header.len());
        return Err(wrong(format!("{found} fields under a header of {expected}")));
    }
    let mut row = ManifestRow::default();
    for (name, value) in header.iter().zip(&record.fields) {
        let given = (!value.is_empty()).then(|| value.clone());
        match name.as_str() {
            "file" => row.file = given.ok_or_else(|| wrong("the field \"file\" is empty".to_owned()))?,
            "split" => row.split = given,
            "set" => row.set = given,
            "group" => row.group = given,
            "labelled_classes" => {
                let names = value.split('|').filter(|name| !name.is_empty());
                row.labelled_classes = Some(names.map(str::to_owned).collect());
            }
            "cm_per_px" => row.cm_per_px = given.map(|text| scale(&text)).transpose().map_err(wrong)?,
            _ => {}
        }
    }
    Ok(row)
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err(format!("cm_per_px must be a positive number, is {text:?}")),
    }
}
