//! The `.dbf`: rows of fixed-width text, in an encoding that the `.cpg` or the header names.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, GB18030, GBK, UTF_8, WINDOWS_1252};

use super::ShapefileError;
use crate::features::Note;

/// One row.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) deleted: bool,
    pub(super) values: BTreeMap<String, String>,
}

struct Column {
    name: String,
    kind: u8,
    start: usize,
    end: usize,
}

pub(super) fn read(
    bytes: &[u8],
    cpg: Option<&str>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Row>, ShapefileError> {
    let bad = |problem: &str| ShapefileError::BadDbf(problem.to_owned());
    let header = bytes.get(..32).ok_or_else(|| bad("shorter than its header"))?;
    let count = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
    let header_length = usize::from(u16::from_le_bytes([header[8], header[9]]));
    let row_length = usize::from(u16::from_le_bytes([header[10], header[11]]));
    let rows = count
        .checked_mul(row_length)
        .and_then(|length| bytes.get(header_length..header_length.checked_add(length)?));
    let Some(rows) = rows.filter(|_| header_length >= 33 && row_length >= 1) else {
        return Err(bad("it is shorter than its header says"));
    };
    let descriptors = bytes.get(32..header_length).unwrap_or_default();
    let encoding = match stated_encoding(cpg, header[29])? {
        Some(encoding) => {
            if encoding != UTF_8 && !rows.is_ascii() && is_text(rows, UTF_8) {
                notes.push(Note::LooksLikeUtf8 {
                    stated: encoding.name(),
                });
            }
            encoding
        }
        None => guessed(descriptors, rows, notes)?,
    };
    let columns = columns(descriptors, row_length, encoding)?;
    let row = |(index, bytes): (usize, &[u8])| row(index + 1, bytes, &columns, encoding);
    rows.chunks_exact(row_length).enumerate().map(row).collect()
}

/// The encoding that the `.cpg` or the header's language driver names.
fn stated_encoding(cpg: Option<&str>, driver: u8) -> Result<Option<&'static Encoding>, ShapefileError> {
    let label = cpg.map(|cpg| cpg.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}'));
    // Some programs write which setting they used and not what it was.
    let says_nothing = |label: &&str| {
        label.is_empty()
            || ["SYSTEM", "ANSI", "OEM"]
                .iter()
                .any(|word| label.eq_ignore_ascii_case(word))
    };
    if let Some(label) = label.filter(|label| !says_nothing(label)) {
        let found = match label
            .trim_start_matches("ANSI ")
            .trim_start_matches("CP")
            .trim_start_matches("cp")
        {
            "65001" => Some(UTF_8),
            "936" => Some(GBK),
            "54936" => Some(GB18030),
            "1252" | "88591" | "ISO 88591" => Some(WINDOWS_1252),
            other => Encoding::for_label(other.as_bytes()),
        };
        let unknown = || {
            ShapefileError::BadDbf(format!(
                "the .cpg names {label:?}, which is no known encoding; write UTF-8 or GBK into it, whichever the \
                 attributes are in"
            ))
        };
        return found.map(Some).ok_or_else(unknown);
    }
    // 0x57 is "whatever this Windows uses", which many programs write without asking: it says nothing.
    Ok(match driver {
        0x4D | 0x7A => Some(GBK),
        0x03 | 0x58 | 0x59 => Some(WINDOWS_1252),
        _ => None,
    })
}

/// Nothing says which encoding it is: plain ASCII needs none; else UTF-8, whose rules other text hardly ever meets by
/// chance, else GB18030, and both are told.
fn guessed(
    descriptors: &[u8],
    rows: &[u8],
    notes: &mut Vec<Note>,
) -> Result<&'static Encoding, ShapefileError> {
    if descriptors.is_ascii() && rows.is_ascii() {
        return Ok(UTF_8);
    }
    // A field may cut a character at its end, so that the whole is judged and not each field.
    for encoding in [UTF_8, GB18030] {
        if is_text(rows, encoding) {
            notes.push(Note::GuessedEncoding(encoding.name()));
            return Ok(encoding);
        }
    }
    Err(ShapefileError::BadDbf(
        "neither .cpg nor .dbf says which encoding the attributes are in, and they are neither UTF-8 nor GB18030"
            .to_owned(),
    ))
}

fn is_text(rows: &[u8], encoding: &'static Encoding) -> bool {
    encoding
        .decode_without_bom_handling_and_without_replacement(rows)
        .is_some()
}

fn columns(
    descriptors: &[u8],
    row_length: usize,
    encoding: &'static Encoding,
) -> Result<Vec<Column>, ShapefileError> {
    let mut columns: Vec<Column> = Vec::new();
    let mut start = 1;
    for descriptor in descriptors
        .chunks_exact(32)
        .take_while(|descriptor| descriptor[0] != 0x0D)
    {
        let name = descriptor[..11]
            .split(|byte| *byte == 0)
            .next()
            .unwrap_or_default();
        let (name, _) = encoding.decode_without_bom_handling(name);
        let end = start + usize::from(descriptor[16]);
        if end > row_length {
            return Err(ShapefileError::BadDbf(format!(
                "field {} reaches beyond the row",
                name.trim()
            )));
        }
        columns.push(Column {
            name: name.trim().to_owned(),
            kind: descriptor[11],
            start,
            end,
        });
        start = end;
    }
    Ok(columns)
}

fn row(
    record: usize,
    bytes: &[u8],
    columns: &[Column],
    encoding: &'static Encoding,
) -> Result<Row, ShapefileError> {
    let mut row = Row {
        deleted: bytes.first() == Some(&b'*'),
        ..Row::default()
    };
    // `M`, `G` and `B` point into files that are not here.
    let readable = columns
        .iter()
        .filter(|column| !matches!(column.kind, b'M' | b'G' | b'B'));
    for column in readable.filter(|_| !row.deleted) {
        let field = bytes.get(column.start..column.end).unwrap_or_default();
        let text = text(field, encoding).ok_or_else(|| ShapefileError::NoText {
            record,
            field: column.name.clone(),
            encoding: encoding.name(),
        })?;
        if !text.is_empty() {
            row.values.insert(column.name.clone(), text);
        }
    }
    Ok(row)
}

/// The text of a field. Writers cut at the field's width, in the middle of a character too: up to three bytes that
/// are no whole character are dropped from the end.
fn text(field: &[u8], encoding: &'static Encoding) -> Option<String> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let field = &field[..end];
    (0..=3.min(field.len()))
        .map(|cut| &field[..field.len() - cut])
        .find_map(|part| encoding.decode_without_bom_handling_and_without_replacement(part))
        .map(|text| text.trim().to_owned())
}
