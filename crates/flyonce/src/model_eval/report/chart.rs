//! Precision–recall curves and reliability diagrams as SVG.

use std::fmt::Write;

use evaluation::curve::{AtScore, Bin, Outcomes};

use crate::model_eval::figures::{ClassFigures, EvaluationAnswer};
use crate::report::text::{both, escaped, share};

/// Points of one curve at most; beyond, they lie on one another.
const MOST_POINTS: usize = 400;
/// Side of the plotted square and its margins, px of the drawing.
const SIDE: f64 = 180.0;
const LEFT: f64 = 34.0;
const TOP: f64 = 8.0;
/// Colours of the first and the second model.
const COLOURS: [&str; 2] = ["#1663c7", "#c05621"];

/// The curve of one class.
#[derive(Debug, Clone)]
pub struct ClassCurve {
    /// Class id.
    pub class: String,
    /// Precision and recall, score falling.
    pub points: Vec<AtScore>,
}

/// The curve of a class, thinned.
pub fn curve_of(class: &str, outcomes: &Outcomes) -> ClassCurve {
    let points = outcomes.points();
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points
        .into_iter()
        .enumerate()
        .filter(|(index, _)| index.is_multiple_of(step) || *index == last);
    ClassCurve {
        class: class.to_owned(),
        points: kept.map(|(_, point)| point).collect(),
    }
}

/// A pair of diagrams for every class that has boxes.
pub(super) fn section(answer: &EvaluationAnswer, curves: &[Vec<ClassCurve>]) -> String {
    let Some(first) = answer.models.first() else {
        return String::new();
    };
    let charts: String = first
        .classes
        .iter()
        .filter(|class| class.boxes > 0)
        .map(|class| {
            let of_class: Vec<(&ClassFigures, &ClassCurve)> = answer
                .models
                .iter()
                .zip(curves)
                .filter_map(|(model, curves)| {
                    let figures = model.classes.iter().find(|other| other.class == class.class)?;
                    Some((figures, curves.iter().find(|curve| curve.class == class.class)?))
                })
                .collect();
            let boxes = class.boxes;
            format!(
                "<div class=\"chart\"><h3>{} <small>{} · AP50 {}</small></h3><div class=\"pair\">{}{}</div></div>",
                escaped(&class.class),
                both(&format!("{boxes} 个标注框"), &format!("{boxes} boxes")),
                share(class.ap50),
                precision_recall(&of_class),
                reliability(&of_class)
            )
        })
        .collect();
    let models: String = answer
        .models
        .iter()
        .zip(COLOURS)
        .map(|(model, colour)| format!("<i style=\"border-color:{colour}\"></i>{}", escaped(&model.label)))
        .collect();
    format!(
        "<h2>{}</h2><p class=\"note key\">{}{models}</p><div class=\"charts\">{charts}</div>",
        both(
            "精确率–召回率曲线与可靠性",
            "Precision and recall, and whether scores can be trusted"
        ),
        both(
            "左:横轴召回率,纵轴精确率;圆点为模型卡阈值,方块为最佳 F1。右:横轴置信度,纵轴实际正确比例,越近对角线越可信;圆越大检出越多。",
            "Left: recall across, precision up; the dot is the card's threshold, the square the best F1. \
             Right: score across, share that is right up; the nearer the diagonal the better, larger dots are more finds."
        )
    )
}

fn precision_recall(models: &[(&ClassFigures, &ClassCurve)]) -> String {
    let mut svg = frame("recall", "precision");
    for ((figures, curve), colour) in models.iter().zip(COLOURS) {
        let points = curve
            .points
            .iter()
            .filter_map(|point| Some((point.recall, point.precision?)));
        let path: Vec<String> = points.map(|(recall, precision)| at(recall, precision)).collect();
        if !path.is_empty() {
            push(
                &mut svg,
                &format!(
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/>",
                    path.join(" ")
                ),
            );
        }
        if let Some((x, y)) = figures.at_threshold.and_then(place_of) {
            push(
                &mut svg,
                &format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\" stroke=\"#fff\"/>"),
            );
        }
        if let Some((x, y)) = figures.best_f1.and_then(place_of) {
            let (x, y) = (x - 3.5, y - 3.5);
            push(
                &mut svg,
                &format!(
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"7\" height=\"7\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>"
                ),
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

fn reliability(models: &[(&ClassFigures, &ClassCurve)]) -> String {
    let mut svg = frame("score", "share right");
    let (from, to) = (at(0.0, 0.0), at(1.0, 1.0));
    push(
        &mut svg,
        &format!(
            "<polyline points=\"{from} {to}\" stroke=\"#9aa5b1\" stroke-dasharray=\"4 3\" fill=\"none\"/>"
        ),
    );
    for ((figures, _), colour) in models.iter().zip(COLOURS) {
        let bins: Vec<&Bin> = figures.reliability.iter().flatten().collect();
        let path: Vec<String> = bins
            .iter()
            .map(|bin| at(bin.mean_score, bin.share_right))
            .collect();
        push(
            &mut svg,
            &format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\"/>",
                path.join(" ")
            ),
        );
        let most = bins.iter().map(|bin| bin.n).max().unwrap_or(1).max(1);
        for bin in bins {
            let (x, y) = xy(bin.mean_score, bin.share_right);
            let radius = 2.0 + 4.0 * (bin.n as f64 / most as f64).sqrt();
            let title = format!("n = {}, {:.2} → {:.2}", bin.n, bin.mean_score, bin.share_right);
            push(
                &mut svg,
                &format!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{colour}\" fill-opacity=\".75\"><title>{title}</title></circle>"
                ),
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

/// An empty diagram with axes from 0 to 1.
fn frame(across: &str, up: &str) -> String {
    let (width, height) = (LEFT + SIDE + 10.0, TOP + SIDE + 28.0);
    let bottom = TOP + SIDE;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{up} / {across}\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"#fbfcfd\" stroke=\"#d7dde5\"/>"
    );
    for step in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, y) = xy(step, step);
        let right = LEFT + SIDE;
        push(
            &mut svg,
            &format!("<path d=\"M{LEFT} {y}H{right}M{x} {TOP}V{bottom}\" stroke=\"#e8ecf1\"/>"),
        );
        let (label_x, label_y) = (LEFT - 4.0, bottom + 12.0);
        push(
            &mut svg,
            &format!(
                "<text x=\"{label_x}\" y=\"{}\" text-anchor=\"end\">{step}</text>",
                y + 3.0
            ),
        );
        push(
            &mut svg,
            &format!("<text x=\"{x}\" y=\"{label_y}\" text-anchor=\"middle\">{step}</text>"),
        );
    }
    let middle = LEFT + SIDE / 2.0;
    push(
        &mut svg,
        &format!(
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{across}</text>",
            height - 4.0
        ),
    );
    let centre = TOP + SIDE / 2.0;
    push(
        &mut svg,
        &format!("<text transform=\"translate(9 {centre}) rotate(-90)\" text-anchor=\"middle\">{up}</text>"),
    );
    svg
}

fn push(svg: &mut String, text: &str) {
    // Writing to a text cannot fail.
    let _ = svg.write_str(text);
}

fn place_of(at: AtScore) -> Option<(f64, f64)> {
    Some(xy(at.recall, at.precision?))
}

fn xy(across: f64, up: f64) -> (f64, f64) {
    (LEFT + SIDE * across, TOP + SIDE * (1.0 - up))
}

fn at(across: f64, up: f64) -> String {
    let (x, y) = xy(across, up);
    format!("{x:.1},{y:.1}")
}
