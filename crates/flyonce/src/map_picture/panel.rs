//! What stands beside a map: title, north, scale bar, what signs and colours mean, figures, what it rests on.

use image::{Rgb, RgbImage, imageops};

use crate::map_picture::colours::{Colour, INK, PAPER, SOFT};
use crate::map_picture::{Board, Form, Frame, letters};

/// Width of the panel, pixels.
const WIDTH_PX: u32 = 430;
const MARGIN_PX: f64 = 24.0;
/// Text that is cut off rather than grow the picture beyond all measure.
const MOST_ROWS: u32 = 4000;
const TITLE_EM_PX: f64 = 30.0;
const KEY_EM_PX: f64 = 21.0;
const NOTE_EM_PX: f64 = 17.0;
/// Room for what a key shows.
const SAMPLE_PX: f64 = 32.0;
/// Height of the strip below a map without a panel, pixels.
const STRIP_PX: u32 = 64;

/// What a key shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// Ground of a colour.
    Ground(Colour),
    /// An outline.
    Line(Colour),
    /// A place.
    Sign(Form, Colour),
}

/// All words beside a map, in one language.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// What the map is.
    pub title: String,
    /// Of where and when.
    pub subtitle: String,
    /// What is told by figures.
    pub figures: Vec<String>,
    /// Signs and colours.
    pub keys: Vec<(Sample, String)>,
    /// What it rests on, and whose it is.
    pub notes: Vec<String>,
}

impl Panel {
    /// A picture of a map with the panel to its right.
    pub fn beside(&self, map: &Board) -> Board {
        let mut column = Column::new(map.frame.step_m);
        column.lines(&self.title, TITLE_EM_PX, INK);
        column.lines(&self.subtitle, KEY_EM_PX, SOFT);
        column.gap(14.0);
        for figure in &self.figures {
            column.lines(figure, KEY_EM_PX, INK);
        }
        column.gap(14.0);
        column.north_and_scale(f64::from(WIDTH_PX) - 2.0 * MARGIN_PX - 60.0);
        column.gap(12.0);
        for (sample, text) in &self.keys {
            column.key(*sample, text);
        }
        column.gap(12.0);
        for note in &self.notes {
            column.lines(note, NOTE_EM_PX, SOFT);
            column.gap(4.0);
        }
        let (columns, rows) = (map.frame.columns, map.frame.rows);
        let height = rows.max((column.y + MARGIN_PX) as u32);
        let mut whole = sheet(map, [columns + WIDTH_PX, height]);
        imageops::replace(&mut whole.picture, &column.board.picture, i64::from(columns), 0);
        whole
    }
}

/// A map with nothing but scale bar and north below it, for a page that says the rest in two languages.
pub fn bare(map: &Board) -> Board {
    let mut column = Column::new(map.frame.step_m);
    column.y = 8.0;
    column.north_and_scale(f64::from(map.frame.columns.min(WIDTH_PX)) - 2.0 * MARGIN_PX - 60.0);
    let (columns, rows) = (map.frame.columns, map.frame.rows);
    let mut whole = sheet(map, [columns, rows + STRIP_PX]);
    imageops::replace(&mut whole.picture, &column.board.picture, 0, i64::from(rows));
    whole
}

/// A larger picture with a map in its upper left corner.
fn sheet(map: &Board, [columns, rows]: [u32; 2]) -> Board {
    let mut picture = RgbImage::from_pixel(columns, rows, Rgb(PAPER));
    imageops::replace(&mut picture, &map.picture, 0, 0);
    let frame = Frame {
        columns,
        rows,
        ..map.frame
    };
    Board { picture, frame }
}

/// A column of text and signs that grows downwards.
struct Column {
    board: Board,
    y: f64,
}

impl Column {
    fn new(step_m: f64) -> Self {
        Self {
            board: Board::new(Frame {
                west_m: 0.0,
                north_m: 0.0,
                step_m,
                columns: WIDTH_PX,
                rows: MOST_ROWS,
            }),
            y: MARGIN_PX,
        }
    }

    fn gap(&mut self, height: f64) {
        self.y += height;
    }

    fn lines(&mut self, text: &str, em_px: f64, colour: Colour) {
        self.indented(text, MARGIN_PX, (em_px, colour));
    }

    fn indented(&mut self, text: &str, left: f64, (em_px, colour): (f64, Colour)) {
        if text.is_empty() {
            return;
        }
        for line in letters::wrapped(text, em_px, f64::from(WIDTH_PX) - MARGIN_PX - left) {
            self.board.text(&line, [left, self.y], em_px, colour);
            self.y += letters::LINE_EM * em_px;
        }
    }

    fn key(&mut self, sample: Sample, text: &str) {
        let (left, middle) = (MARGIN_PX, self.y + KEY_EM_PX / 2.0 + 1.0);
        match sample {
            Sample::Ground(colour) => {
                let corner = [left, middle - 11.0].map(|at| at.round() as i64);
                self.board.fill(corner, [SAMPLE_PX as i64, 22], SOFT);
                self.board
                    .fill([corner[0] + 1, corner[1] + 1], [SAMPLE_PX as i64 - 2, 20], colour);
            }
            Sample::Line(colour) => {
                self.board
                    .line([left, middle], [left + SAMPLE_PX, middle], 2.0, colour);
            }
            Sample::Sign(form, colour) => self.board.sign([left + SAMPLE_PX / 2.0, middle], form, colour),
        }
        self.indented(text, left + SAMPLE_PX + 12.0, (KEY_EM_PX, INK));
        self.y += 3.0;
    }

    /// An arrow, and beside it a bar of a round length in four parts.
    fn north_and_scale(&mut self, most_px: f64) {
        let (x, top) = (MARGIN_PX + 11.0, self.y);
        for (side, colour) in [(-10.0, INK), (10.0, SOFT)] {
            // Each half as lines, close enough to fill it.
            for step in 0..=20 {
                let foot = [
                    x + side * f64::from(step) / 20.0,
                    top + 34.0 - 7.0 * (1.0 - f64::from(step) / 20.0),
                ];
                self.board.line([x, top], foot, 1.2, colour);
            }
        }
        self.board.text("N", [x - 6.0, top + 33.0], 16.0, INK);
        let step_m = self.board.frame.step_m;
        let bar_m = longest_round_m(most_px.max(20.0) * step_m);
        let part_px = bar_m / step_m / 4.0;
        let (left, bar_top) = (MARGIN_PX + 50.0, self.y + 32.0);
        for part in 0..4 {
            let from = (left + part_px * f64::from(part)).round() as i64;
            let to = (left + part_px * f64::from(part + 1)).round() as i64;
            let corner = [from, bar_top as i64];
            self.board.fill(corner, [to - from, 9], INK);
            if part % 2 == 1 {
                self.board
                    .fill([corner[0], corner[1] + 1], [to - from - 1, 7], PAPER);
            }
        }
        for (share, figure) in [
            (0.0, "0".to_owned()),
            (0.5, length(bar_m / 2.0)),
            (1.0, length(bar_m)),
        ] {
            let width = letters::width_px(&figure, NOTE_EM_PX);
            let at = left + share * 4.0 * part_px - width / 2.0;
            // The bar's half stands there only where it does not touch its ends.
            if share != 0.5 || 4.0 * part_px > 4.0 * width {
                self.board
                    .text(&figure, [at, bar_top - NOTE_EM_PX - 6.0], NOTE_EM_PX, INK);
            }
        }
        self.y += 54.0;
    }
}

fn length(length_m: f64) -> String {
    if length_m >= 1000.0 {
        format!("{} km", length_m / 1000.0)
    } else {
        format!("{length_m} m")
    }
}

/// The longest of 1, 2 and 5 times a power of ten that is not longer than asked, m.
pub fn longest_round_m(most_m: f64) -> f64 {
    let decade = 10_f64.powf(most_m.max(1.0).log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|times| times * decade)
        .find(|round_m| *round_m <= most_m)
        .unwrap_or(decade)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_round_and_fit() {
        assert_eq!(
            [1999.0, 2250.0, 7500.0, 12.5].map(longest_round_m),
            [1000.0, 2000.0, 5000.0, 10.0]
        );
        assert_eq!(
            [length(500.0), length(2500.0), length(10_000.0)],
            ["500 m", "2.5 km", "10 km"]
        );
    }

    #[test]
    fn a_picture_is_as_high_as_its_panel() {
        let frame = Frame {
            west_m: 0.0,
            north_m: 0.0,
            step_m: 10.0,
            columns: 300,
            rows: 100,
        };
        let map = Board::new(frame);
        let mut panel = Panel {
            title: "覆盖龄期图".to_owned(),
            keys: vec![(Sample::Ground([11, 85, 159]), "0–7 天".to_owned())],
            ..Panel::default()
        };
        let low = panel.beside(&map).picture;
        assert_eq!(low.width(), 300 + WIDTH_PX);
        assert!(low.height() > 150);
        assert!(low.pixels().any(|pixel| pixel.0 == [11, 85, 159]));
        panel.notes = vec!["图层 ".repeat(100)];
        assert!(panel.beside(&map).picture.height() > low.height() + 100);
        assert_eq!(bare(&map).picture.dimensions(), (300, 100 + STRIP_PX));
    }
}
