//! The page of an evaluation: one HTML file that needs nothing else, in Chinese and English, fit for printing.

mod chart;
pub mod sheet;
mod tables;

use crate::lang::Lang;
use crate::model_eval::figures::EvaluationAnswer;
use crate::model_eval::report::chart::ClassCurve;
use crate::model_eval::report::sheet::ClassSheet;
use crate::report;
use crate::report::text::escaped;

/// What the page shows beside the figures.
pub struct Shown<'s> {
    /// Figures.
    pub answer: &'s EvaluationAnswer,
    /// For each model, the points of its curves per class, in the order of its classes.
    pub curves: &'s [Vec<ClassCurve>],
    /// Worst false alarms and misses of the first model.
    pub sheets: &'s [ClassSheet],
    /// Language shown first.
    pub lang: Lang,
}

pub use chart::curve_of;

/// The whole page.
pub fn page(shown: &Shown<'_>) -> String {
    let answer = shown.answer;
    let models: Vec<&str> = answer.models.iter().map(|model| model.name.as_str()).collect();
    let title = format!("{} · {}", escaped(&models.join(" / ")), escaped(&answer.dataset));
    let mut body = String::new();
    body.push_str(&tables::facts(answer));
    body.push_str(&tables::summary(answer));
    body.push_str(&tables::by_set(answer));
    body.push_str(&chart::section(answer, shown.curves));
    body.push_str(&tables::confusion(answer));
    body.push_str(&sheet::section(shown.sheets));
    report::page(("模型评估", "Model evaluation"), &title, &body, shown.lang)
}
