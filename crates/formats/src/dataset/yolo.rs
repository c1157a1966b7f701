//! YOLO text: one label a line, places as shares of the picture's width and height.

use super::DatasetError;

/// Numbers a little outside the picture come from rounding; what lies further out is a mistake.
const OUTSIDE_ALLOWED: f64 = 0.01;

/// One label.
#[derive(Debug, Clone, PartialEq)]
pub struct YoloBox {
    /// Index of the class.
    pub class: usize,
    /// Left, top, right, bottom as shares of width and height, 0 to 1.
    pub corners: [f64; 4],
    /// Area as a share of the picture: of the outline where there is one, else of the box.
    pub area: f64,
}

/// The labels of one picture: `class x y w h` (centre and size), or `class x1 y1 x2 y2 x3 y3 …` (an outline).
///
/// # Errors
/// The first line that is neither, has a class beyond `classes`, or lies outside the picture.
pub fn parse_yolo_labels(text: &str, classes: usize) -> Result<Vec<YoloBox>, DatasetError> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            label(line, classes).map_err(|problem| DatasetError::at_line(index + 1, problem))
        })
        .collect()
}

fn label(line: &str, classes: usize) -> Result<YoloBox, String> {
    let mut words = line.split_whitespace();
    let word = words.next().unwrap_or_default();
    let class: usize = word
        .parse()
        .map_err(|_no_number| format!("the class must be a whole number, is {word:?}"))?;
    if class >= classes {
        return Err(format!(
            "class {class} is not among the {classes} classes (0 to {})",
            classes.saturating_sub(1)
        ));
    }
    let numbers = words
        .map(|word| match word.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("{word:?} is not a number")),
        })
        .collect::<Result<Vec<f64>, String>>()?;
    let (corners, area) = match numbers.as_slice() {
        [x, y, width, height] => {
            if *width <= 0.0 || *height <= 0.0 {
                return Err(format!("width {width} and height {height} must be positive"));
            }
            let corners = [
                x - width / 2.0,
                y - height / 2.0,
                x + width / 2.0,
                y + height / 2.0,
            ];
            (corners, width * height)
        }
        outline if outline.len() >= 6 && outline.len().is_multiple_of(2) => around(outline),
        other => {
            return Err(format!(
                "a label is a class with 4 numbers (box) or with at least 3 points (outline), here are {} numbers",
                other.len()
            ));
        }
    };
    if corners
        .iter()
        .any(|value| !(-OUTSIDE_ALLOWED..=1.0 + OUTSIDE_ALLOWED).contains(value))
    {
        return Err(format!(
            "the label reaches from {:.4}, {:.4} to {:.4}, {:.4}; places are shares of the picture, 0 to 1",
            corners[0], corners[1], corners[2], corners[3]
        ));
    }
    let corners = corners.map(|value| value.clamp(0.0, 1.0));
    if corners[0] >= corners[2] || corners[1] >= corners[3] {
        return Err("the label has no area inside the picture".to_owned());
    }
    Ok(YoloBox { class, corners, area })
}

/// The box around an outline, and the area inside the outline (shoelace formula).
fn around(outline: &[f64]) -> ([f64; 4], f64) {
    let mut corners = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let points: Vec<[f64; 2]> = outline.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
    let mut doubled = 0.0;
    for (index, [x, y]) in points.iter().enumerate() {
        corners = [
            corners[0].min(*x),
            corners[1].min(*y),
            corners[2].max(*x),
            corners[3].max(*y),
        ];
        let [next_x, next_y] = points[(index + 1) % points.len()];
        doubled += x * next_y - next_x * y;
    }
    (corners, doubled.abs() / 2.0)
}

/// Class names, one a line, in the order of their numbers.
///
/// # Errors
/// No names, an empty line between names, or a name twice.
pub fn parse_class_names(text: &str) -> Result<Vec<String>, DatasetError> {
    let names: Vec<String> = text
        .trim_end()
        .lines()
        .map(|line| line.trim().to_owned())
        .collect();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(DatasetError::at_line(index + 1, "a class name is missing"));
        }
        if names[..index].contains(name) {
            return Err(DatasetError::at_line(
                index + 1,
                format!("class {name:?} is named twice"),
            ));
        }
    }
    if names.is_empty() {
        return Err(DatasetError::at_line(1, "there are no class names"));
    }
    Ok(names)
}

/// Pictures, one path a line, relative to the folder of the list; a leading `./` is dropped.
pub fn parse_picture_list(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| line.strip_prefix("./").unwrap_or(line).to_owned())
        .collect()
}
