//! The list of warnings that the readers of one photo fill.

use super::warning::{MetadataWarning, Problem};

/// Longest piece of a file's text repeated in a warning.
const QUOTE_CHARS: usize = 60;

/// Collects warnings and turns suspicious values into absent ones.
#[derive(Debug, Default)]
pub(super) struct Warnings(pub(super) Vec<MetadataWarning>);

impl Warnings {
    /// Notes a problem.
    pub(super) fn note(&mut self, field: &str, problem: Problem) {
        self.0.push(MetadataWarning {
            field: field.to_owned(),
            problem,
        });
    }

    /// Gives back a finite number within `low..=high`, else notes why not.
    pub(super) fn within(&mut self, field: &str, value: f64, low: f64, high: f64) -> Option<f64> {
        if (low..=high).contains(&value) {
            return Some(value);
        }
        let problem = if value.is_finite() {
            Problem::OutOfRange { value, low, high }
        } else {
            Problem::NotANumber {
                value: value.to_string(),
            }
        };
        self.note(field, problem);
        None
    }

    /// Notes a text that does not have the expected form.
    pub(super) fn unreadable(&mut self, field: &str, value: &str, expected: &str) {
        self.note(
            field,
            Problem::Unreadable {
                value: quote(value),
                expected: expected.to_owned(),
            },
        );
    }
}

/// The beginning of a file's text, fit for a message.
pub(super) fn quote(text: &str) -> String {
    text.chars().take(QUOTE_CHARS).collect()
}
