//! Printing: text in the chosen language, or JSON.

use std::io::Write;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::lang::{Lang, Words};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Language of text.
    pub lang: Lang,
    /// JSON instead of text.
    pub json: bool,
}

impl Output {
    /// Prints `value` as JSON, or the lines that `text` makes.
    ///
    /// # Errors
    /// A standard output that cannot be written.
    pub fn show<T: Serialize>(self, value: &T, text: impl FnOnce(Lang) -> String) -> Result<()> {
        let shown = if self.json {
            serde_json::to_string_pretty(value)?
        } else {
            text(self.lang)
        };
        self.print(&shown)
    }

    /// Prints one text as it is. A reader that went away (`| head`) is no error.
    ///
    /// # Errors
    /// A standard output that cannot be written.
    pub fn print(self, text: &str) -> Result<()> {
        let written = writeln!(std::io::stdout().lock(), "{}", text.trim_end_matches('\n'));
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to the standard output"),
        }
    }

    /// Says something on the side, so that `--json` stays JSON.
    pub fn say(self, words: &Words) {
        // Nothing can be done where even the error stream is closed.
        let _ = writeln!(std::io::stderr().lock(), "{}", words.pick(self.lang));
    }
}

/// Lines of columns, each as wide as its widest cell; Chinese characters count two.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| width(cell))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width_of).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, column_width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(column_width - width(cell) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Terminal columns of a text: East Asian wide characters take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(c as u32, 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_chinese_in_them() {
        let rows = [
            vec!["误报".to_owned(), "1".to_owned()],
            vec!["ab".to_owned(), "22".to_owned()],
        ];
        assert_eq!(table(&rows), "误报  1\nab    22\n");
    }
}
