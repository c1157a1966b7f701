//! Lines to be flown so that a camera sees all of an area: parallel strips as wide as the line spacing, one heading
//! for the whole area, all lines in one order that keeps the ways between them short, cut into sorties by battery.
//!
//! Planar: x and y in metres on the working grid, whose scale differs from 1 by less than 0.03 % within a city.

use crate::flight_lines::strips::strips;

mod clear;
mod order;
mod sorties;
mod strips;

pub use clear::ClearGround;
pub use sorties::{Need, Sortie, SortieRules, Split, need, split};

/// A place on the working grid, m.
pub type Place = [f64; 2];

/// A straight line, flown from its first place to its second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Where it begins.
    pub from: Place,
    /// Where it ends.
    pub to: Place,
}

impl Line {
    /// Its length, m.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        distance_m(self.from, self.to)
    }

    fn turned(self) -> Self {
        Self {
            from: self.to,
            to: self.from,
        }
    }
}

/// How lines are laid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineRules {
    /// Distance between neighbouring lines, m: width of a photo on the ground less the side overlap.
    pub spacing_m: f64,
    /// Speed on lines and between them, m/s.
    pub speed_ms: f64,
    /// What a turn from one line to the next costs beside the way, s.
    pub turn_s: f64,
}

/// Lines in the order in which they are flown.
#[derive(Debug, Clone, PartialEq)]
pub struct LinePlan {
    /// The lines.
    pub lines: Vec<Line>,
    /// Direction of the lines, rad counter-clockwise from the grid's east.
    pub heading_rad: f64,
    /// Length of lines and ways between them, m.
    pub length_m: f64,
    /// Time for lines, ways and turns, s.
    pub time_s: f64,
}

/// Headings looked at, evenly spread over half a turn.
const HEADINGS: u32 = 18;
/// Of the longest edges of the outline the headings are looked at, too.
const LONGEST_EDGES: usize = 6;
/// So many of the best headings are ordered and compared in full.
const COMPARED: usize = 4;

/// Lines over an area given by rings (even-odd, holes among them), begun near `start`. Where `clear` is given, lines
/// and joins stay within it. An area without extent has none.
#[must_use]
pub fn lines_over(
    rings: &[Vec<Place>],
    rules: &LineRules,
    start: Place,
    clear: Option<&ClearGround<'_>>,
) -> LinePlan {
    let cost_s = |lines: &[Line]| {
        let length_m: f64 = lines.iter().map(Line::length_m).sum();
        length_m / rules.speed_ms + lines.len() as f64 * rules.turn_s
    };
    let mut laid: Vec<(f64, Vec<Line>)> = headings(rings)
        .into_iter()
        .map(|heading_rad| (heading_rad, strips(rings, heading_rad, rules, clear)))
        .collect();
    laid.sort_by(|a, b| cost_s(&a.1).total_cmp(&cost_s(&b.1)));
    let ordered = laid.into_iter().take(COMPARED).map(|(heading_rad, lines)| {
        let lines = order::ordered(lines, start);
        let length_m = length_m(&lines);
        LinePlan {
            time_s: length_m / rules.speed_ms + lines.len() as f64 * rules.turn_s,
            lines,
            heading_rad,
            length_m,
        }
    });
    let none = LinePlan {
        lines: Vec::new(),
        heading_rad: 0.0,
        length_m: 0.0,
        time_s: 0.0,
    };
    ordered
        .min_by(|a, b| a.time_s.total_cmp(&b.time_s))
        .unwrap_or(none)
}

/// Directions worth a try: evenly spread, and those of the outline's longest edges.
fn headings(rings: &[Vec<Place>]) -> Vec<f64> {
    let mut edges: Vec<(f64, f64)> = rings
        .iter()
        .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)))
        .map(|(a, b)| (distance_m(*a, *b), (b[1] - a[1]).atan2(b[0] - a[0])))
        .collect();
    edges.sort_by(|a, b| b.0.total_cmp(&a.0));
    let spread = (0..HEADINGS).map(|step| std::f64::consts::PI * f64::from(step) / f64::from(HEADINGS));
    spread
        .chain(
            edges
                .into_iter()
                .take(LONGEST_EDGES)
                .map(|(_, heading_rad)| heading_rad),
        )
        .collect()
}

/// Length of the lines and the straight ways from each to the next, m.
fn length_m(lines: &[Line]) -> f64 {
    let between: f64 = lines
        .windows(2)
        .map(|pair| distance_m(pair[0].to, pair[1].from))
        .sum();
    lines.iter().map(Line::length_m).sum::<f64>() + between
}

fn distance_m(a: Place, b: Place) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests;
