//! Lines cut into sorties: out from the dock, as many lines as the battery allows, back again.

use super::clear::ClearGround;
use super::{Line, LineRules, Place, distance_m};

/// What a sortie may last, and what it costs to fly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SortieRules {
    /// Spacing, speed and turns.
    pub lines: LineRules,
    /// Longest time from take-off to touch-down, s: what the battery gives less its reserve.
    pub budget_s: f64,
    /// Climb, descent and whatever else every sortie needs, s.
    pub fixed_s: f64,
    /// Most lines of a sortie: the vehicle stores so many items.
    pub max_lines: usize,
}

/// What an area would need, by arithmetic, before any line is laid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    /// Sorties.
    pub sorties: u32,
    /// All of them from take-off to touch-down, s.
    pub flight_s: f64,
}

/// Lines as long as the area over the line spacing, in so many sorties as the time over the area needs beside the way
/// out and back of each. `None` where the battery does not even last for the way.
#[must_use]
pub fn need(area_m2: f64, distance_m: f64, rules: &SortieRules) -> Option<Need> {
    let way_s = 2.0 * distance_m / rules.lines.speed_ms + rules.fixed_s;
    let working_s = rules.budget_s - way_s;
    let over_area_s = area_m2 / rules.lines.spacing_m / rules.lines.speed_ms;
    if !(working_s > 0.0 && over_area_s.is_finite()) {
        return None;
    }
    let sorties = (over_area_s / working_s).ceil().max(1.0);
    Some(Need {
        sorties: sorties as u32,
        flight_s: over_area_s + sorties * way_s,
    })
}

/// One flight from the dock over some lines and back.
#[derive(Debug, Clone, PartialEq)]
pub struct Sortie {
    /// For each line the corners of the way to it, from where the vehicle was before; only what lies between the two.
    pub ways: Vec<Vec<Place>>,
    /// The lines.
    pub lines: Vec<Line>,
    /// Corners of the way back, the dock left out.
    pub way_back: Vec<Place>,
    /// From take-off to touch-down, s.
    pub time_s: f64,
}

/// Sorties, and what they leave out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Split {
    /// The sorties.
    pub sorties: Vec<Sortie>,
    /// Length of lines that no sortie from this dock can fly, m.
    pub left_out_m: f64,
}

/// Cuts lines, in their order, into sorties from `dock`. A line that is too long for one battery is flown in pieces.
#[must_use]
pub fn split(lines: &[Line], dock: Place, rules: &SortieRules, clear: Option<&ClearGround<'_>>) -> Split {
    let planner = Planner { dock, rules, clear };
    let mut split = Split::default();
    let mut open = planner.start();
    let mut todo: Vec<Line> = lines.iter().rev().copied().collect();
    while let Some(line) = todo.pop() {
        if let Some(longer) = planner.with(&open, &line) {
            open = longer;
        } else if !open.lines.is_empty() {
            todo.push(line);
            split.sorties.push(std::mem::replace(&mut open, planner.start()));
        } else if let Some(first) = planner.longest_piece(&line) {
            todo.push(Line {
                from: first.to,
                to: line.to,
            });
            todo.push(first);
        } else {
            split.left_out_m += line.length_m();
        }
    }
    if !open.lines.is_empty() {
        split.sorties.push(open);
    }
    split
}

/// Lines shorter than this are not flown on their own, m.
const SHORTEST_PIECE_M: f64 = 50.0;

struct Planner<'a> {
    dock: Place,
    rules: &'a SortieRules,
    clear: Option<&'a ClearGround<'a>>,
}

impl Planner<'_> {
    fn start(&self) -> Sortie {
        Sortie {
            ways: Vec::new(),
            lines: Vec::new(),
            way_back: Vec::new(),
            time_s: self.rules.fixed_s,
        }
    }

    /// The sortie with one line more, if the battery and the vehicle's memory allow it.
    fn with(&self, sortie: &Sortie, line: &Line) -> Option<Sortie> {
        if sortie.lines.len() >= self.rules.max_lines {
            return None;
        }
        let at = sortie.lines.last().map_or(self.dock, |last| last.to);
        let (there, there_m) = self.way(at, line.from)?;
        let (back, back_m) = self.way(line.to, self.dock)?;
        let back_before_m = match sortie.lines.last() {
            Some(last) => way_m(last.to, &sortie.way_back, self.dock),
            None => 0.0,
        };
        let added_m = there_m + line.length_m() + back_m - back_before_m;
        let time_s = sortie.time_s + added_m / self.rules.lines.speed_ms + self.rules.lines.turn_s;
        if time_s > self.rules.budget_s {
            return None;
        }
        let mut longer = sortie.clone();
        longer.ways.push(there);
        longer.lines.push(*line);
        longer.way_back = back;
        longer.time_s = time_s;
        Some(longer)
    }

    /// As much of a line from its beginning as one battery flies.
    fn longest_piece(&self, line: &Line) -> Option<Line> {
        let piece = |share: f64| Line {
            from: line.from,
            to: [
                line.from[0] + share * (line.to[0] - line.from[0]),
                line.from[1] + share * (line.to[1] - line.from[1]),
            ],
        };
        let mut length_m = line.length_m() / 2.0;
        while length_m >= SHORTEST_PIECE_M {
            let piece = piece(length_m / line.length_m());
            if self.with(&self.start(), &piece).is_some() {
                return Some(piece);
            }
            length_m /= 2.0;
        }
        None
    }

    /// Corners between two places, ends left out, and the length of the way.
    fn way(&self, from: Place, to: Place) -> Option<(Vec<Place>, f64)> {
        let corners = match self.clear {
            None => Vec::new(),
            Some(clear) => {
                let way = clear.way(from, to)?;
                way[1..way.len() - 1].to_vec()
            }
        };
        let length_m = way_m(from, &corners, to);
        Some((corners, length_m))
    }
}

fn way_m(from: Place, corners: &[Place], to: Place) -> f64 {
    let mut at = from;
    let mut sum_m = 0.0;
    for next in corners.iter().chain([&to]) {
        sum_m += distance_m(at, *next);
        at = *next;
    }
    sum_m
}
