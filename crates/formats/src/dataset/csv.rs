//! Comma-separated values (RFC 4180): fields may stand in quotes, a quote inside is doubled.

use super::DatasetError;

/// A record with the line on which it begins.
pub(super) struct Record {
    pub(super) line: usize,
    pub(super) fields: Vec<String>,
}

/// All records, empty lines left out. A byte order mark at the start is dropped.
pub(super) fn records(text: &str) -> Result<Vec<Record>, DatasetError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = Vec::new();
    let mut record = Record {
        line: 1,
        fields: vec![String::new()],
    };
    let (mut line, mut quoted_since) = (1, None);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let field_is_empty = record.fields.last().is_none_or(String::is_empty);
        match character {
            '"' if quoted_since.is_some() && characters.peek() == Some(&'"') => {
                characters.next();
                push(&mut record, '"');
            }
            '"' if quoted_since.is_some() => quoted_since = None,
            '"' if field_is_empty => quoted_since = Some(line),
            ',' if quoted_since.is_none() => record.fields.push(String::new()),
            '\r' if quoted_since.is_none() && characters.peek() == Some(&'\n') => {}
            '\n' if quoted_since.is_none() => {
                line += 1;
                let next = Record {
                    line,
                    fields: vec![String::new()],
                };
                keep(&mut records, std::mem::replace(&mut record, next));
            }
            other => {
                line += usize::from(other == '\n');
                push(&mut record, other);
            }
        }
    }
    if let Some(line) = quoted_since {
        return Err(DatasetError::at_line(line, "a quote is opened and never closed"));
    }
    keep(&mut records, record);
    Ok(records)
}

fn push(record: &mut Record, character: char) {
    if let Some(field) = record.fields.last_mut() {
        field.push(character);
    }
}

fn keep(records: &mut Vec<Record>, record: Record) {
    if record.fields.iter().any(|field| !field.is_empty()) {
        records.push(record);
    }
}
