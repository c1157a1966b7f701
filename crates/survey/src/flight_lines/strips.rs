//! Parallel strips over an area, and in each the lines that see what lies in it.

use super::clear::ClearGround;
use super::{Line, LineRules, Place};

/// The lines of one heading, strip by strip. A line is as long as what lies in its strip, not only what lies under its
/// middle, so that nothing along slanted edges is left out.
pub(super) fn strips(
    rings: &[Vec<Place>],
    heading_rad: f64,
    rules: &LineRules,
    clear: Option<&ClearGround<'_>>,
) -> Vec<Line> {
    let (sin, cos) = heading_rad.sin_cos();
    let turned: Vec<Vec<Place>> = rings
        .iter()
        .map(|ring| {
            ring.iter()
                .map(|[x, y]| [cos * x + sin * y, cos * y - sin * x])
                .collect()
        })
        .collect();
    let heights = turned.iter().flatten().map(|point| point[1]);
    let (low, high) = heights.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
        (low.min(y), high.max(y))
    });
    if !(high - low).is_finite() || rules.spacing_m.is_nan() || rules.spacing_m <= 0.0 {
        return Vec::new();
    }
    let count = ((high - low) / rules.spacing_m).ceil().max(1.0);
    let base = low - (count * rules.spacing_m - (high - low)) / 2.0;
    let frame = Frame {
        base,
        spacing_m: rules.spacing_m,
        count: count as usize,
    };
    let back = |[x, y]: Place| [cos * x - sin * y, sin * x + cos * y];
    let mut lines = Vec::new();
    for (strip, spans) in frame.spans(&turned).into_iter().enumerate() {
        let y = frame.middle(strip);
        let line = |(from, to): (f64, f64)| Line {
            from: back([from, y]),
            to: back([to, y]),
        };
        let join_m = rules.speed_ms * rules.turn_s;
        match clear {
            None => lines.extend(merged(spans, join_m).into_iter().map(line)),
            Some(clear) => {
                let parts = merged(spans, 0.0)
                    .into_iter()
                    .map(line)
                    .flat_map(|line| clear.clear_parts(&line));
                lines.extend(joined(parts, join_m, clear));
            }
        }
    }
    lines
}

/// Strips along x.
struct Frame {
    base: f64,
    spacing_m: f64,
    count: usize,
}

impl Frame {
    fn middle(&self, strip: usize) -> f64 {
        self.base + (strip as f64 + 0.5) * self.spacing_m
    }

    /// What lies in each strip, seen along y: what is under the middle line, and every edge within the strip.
    fn spans(&self, rings: &[Vec<Place>]) -> Vec<Vec<(f64, f64)>> {
        let mut spans = vec![Vec::new(); self.count];
        let mut crossings = vec![Vec::new(); self.count];
        for ring in rings {
            for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
                let strip_of =
                    |y: f64| (((y - self.base) / self.spacing_m).max(0.0) as usize).min(self.count - 1);
                for strip in strip_of(low[1])..=strip_of(high[1]) {
                    let bottom = self.base + strip as f64 * self.spacing_m;
                    let [from, to] = [bottom, bottom + self.spacing_m].map(|y| x_at(low, high, y));
                    spans[strip].push((from.min(to), from.max(to)));
                    let middle = self.middle(strip);
                    if low[1] <= middle && middle < high[1] {
                        crossings[strip].push(x_at(low, high, middle));
                    }
                }
            }
        }
        for (spans, crossings) in spans.iter_mut().zip(&mut crossings) {
            crossings.sort_by(f64::total_cmp);
            spans.extend(crossings.as_chunks::<2>().0.iter().map(|[from, to]| (*from, *to)));
        }
        spans
    }
}

/// Where an edge is at a height, kept within its ends.
fn x_at(low: &Place, high: &Place, y: f64) -> f64 {
    let rise = high[1] - low[1];
    if rise <= 0.0 {
        return if y <= low[1] { low[0] } else { high[0] };
    }
    low[0] + ((y - low[1]) / rise).clamp(0.0, 1.0) * (high[0] - low[0])
}

/// Spans joined where they overlap or lie closer than `join_m`: flying on is cheaper than two turns.
fn merged(mut spans: Vec<(f64, f64)>, join_m: f64) -> Vec<(f64, f64)> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 + join_m => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// As [`merged`], where the way between is clear.
fn joined(lines: impl Iterator<Item = Line>, join_m: f64, clear: &ClearGround<'_>) -> Vec<Line> {
    let mut joined: Vec<Line> = Vec::new();
    for line in lines {
        match joined.last_mut() {
            Some(last)
                if super::distance_m(last.to, line.from) <= join_m
                    && clear.leg_is_clear(last.to, line.from) =>
            {
                last.to = line.to;
            }
            _ => joined.push(line),
        }
    }
    joined
}
