//! Where each key of a TOML text stands, so that a mistake can name its line, column and key.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::CardMistake;

/// The keys of a TOML text with the bytes they take up.
pub(super) struct Places<'t> {
    text: &'t str,
    /// Path and bytes of every key with its value, in the order of the text.
    keys: Vec<(String, Range<usize>)>,
}

impl<'t> Places<'t> {
    /// Finds all keys.
    pub(super) fn of(text: &'t str) -> Result<Self, toml::de::Error> {
        let table = DeTable::parse(text)?;
        let mut keys = Vec::new();
        collect(table.get_ref(), "", &mut keys);
        Ok(Self { text, keys })
    }

    /// For a text that is not TOML: lines are known, keys are not.
    pub(super) fn unknown(text: &'t str) -> Self {
        Self {
            text,
            keys: Vec::new(),
        }
    }

    /// A mistake at a byte of the text, named after the innermost key there.
    pub(super) fn mistake_at(&self, offset: usize, problem: &str) -> CardMistake {
        let inner = self
            .keys
            .iter()
            .filter(|(_, bytes)| bytes.contains(&offset))
            .min_by_key(|(_, b)| b.len());
        let field = inner.map_or_else(|| "the card".to_owned(), |(path, _)| path.clone());
        self.mistake(offset, field, problem)
    }

    /// A mistake in a key; a key that is absent is placed at the table that should hold it.
    pub(super) fn mistake_in(&self, field: &str, problem: &str) -> CardMistake {
        let mut path = field;
        let offset = loop {
            if let Some((_, bytes)) = self.keys.iter().find(|(known, _)| known == path) {
                break bytes.start;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => break 0,
            }
        };
        self.mistake(offset, field.to_owned(), problem)
    }

    fn mistake(&self, offset: usize, field: String, problem: &str) -> CardMistake {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        CardMistake {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            field,
            problem: problem.trim().replace('\n', ", "),
        }
    }
}

fn collect(table: &DeTable<'_>, parent: &str, keys: &mut Vec<(String, Range<usize>)>) {
    for (key, value) in table {
        let dot = if parent.is_empty() { "" } else { "." };
        let path = format!("{parent}{dot}{}", key.get_ref());
        let bytes = key.span().start.min(value.span().start)..key.span().end.max(value.span().end);
        collect_value(value.get_ref(), path, bytes, keys);
    }
}

fn collect_value(
    value: &DeValue<'_>,
    path: String,
    bytes: Range<usize>,
    keys: &mut Vec<(String, Range<usize>)>,
) {
    match value {
        DeValue::Table(table) => collect(table, &path, keys),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_value(item.get_ref(), format!("{path}[{index}]"), item.span(), keys);
            }
        }
        _ => {}
    }
    keys.push((path, bytes));
}
