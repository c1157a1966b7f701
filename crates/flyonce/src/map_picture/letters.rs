//! Text for pictures: Chinese and Latin letters of the font inside the program, smoothed. A character that the font lacks
//! is an empty box.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

/// What it is, where it comes from and how it is made: `assets/font/README.md`.
const FONT: &[u8] = include_bytes!("../../assets/font/picture-font.otf");

/// A font that cannot be read leaves a picture without text rather than none; a test reads it.
static LETTERS: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::try_from_slice(FONT).ok());

/// From one line's top to the next, in ems.
pub const LINE_EM: f64 = 1.4;
/// Height of the base line below the top of a Chinese character's square, in ems.
const BASE_EM: f64 = 0.88;
/// Pixels around a text's square that belong to its mask: room for a halo and for what hangs over.
const AROUND_PX: i64 = 4;

/// How much of each pixel letters cover.
#[derive(Debug, Clone)]
pub struct Mask {
    /// Left upper pixel, from the text's own left upper corner.
    pub corner: [i64; 2],
    /// Pixels in a row.
    pub columns: usize,
    /// 0 to 1, row by row.
    pub covered: Vec<f32>,
}

/// How wide a text is at a size (side of a Chinese character's square), pixels.
pub fn width_px(text: &str, em_px: f64) -> f64 {
    let Some(font) = &*LETTERS else {
        return 0.0;
    };
    let scaled = font.as_scaled(scale(font, em_px));
    text.chars()
        .map(|letter| f64::from(scaled.h_advance(font.glyph_id(letter))))
        .sum()
}

/// The letters of a line of text.
pub fn mask(text: &str, em_px: f64) -> Mask {
    let columns = width_px(text, em_px).ceil() as usize + 2 * AROUND_PX as usize;
    let rows = (LINE_EM * em_px).ceil() as usize + 2 * AROUND_PX as usize;
    let mut mask = Mask {
        corner: [-AROUND_PX; 2],
        columns,
        covered: vec![0.0; columns * rows],
    };
    let Some(font) = &*LETTERS else {
        return mask;
    };
    let size = scale(font, em_px);
    let scaled = font.as_scaled(size);
    let (mut x, base) = (AROUND_PX as f32, AROUND_PX as f32 + (BASE_EM * em_px) as f32);
    for letter in text.chars() {
        let id = font.glyph_id(letter);
        let outline = font.outline_glyph(id.with_scale_and_position(size, point(x, base)));
        if let Some(outline) = outline {
            let corner = outline.px_bounds().min;
            outline.draw(|column, row, covered| {
                let (column, row) = (column as i64 + corner.x as i64, row as i64 + corner.y as i64);
                mask.add(column, row, covered);
            });
        }
        x += scaled.h_advance(id);
    }
    mask
}

impl Mask {
    fn add(&mut self, column: i64, row: i64, covered: f32) {
        let inside = usize::try_from(column).ok().zip(usize::try_from(row).ok());
        let index = inside
            .filter(|(column, _)| *column < self.columns)
            .map(|(column, row)| row * self.columns + column);
        if let Some(pixel) = index.and_then(|index| self.covered.get_mut(index)) {
            *pixel = (*pixel + covered).min(1.0);
        }
    }

    /// The pixels with what they are covered, placed from the text's corner.
    pub fn pixels(&self) -> impl Iterator<Item = ([i64; 2], f32)> + '_ {
        let [left, top] = self.corner;
        let columns = self.columns.max(1);
        self.covered
            .iter()
            .enumerate()
            .map(move |(index, covered)| {
                let at = [left + (index % columns) as i64, top + (index / columns) as i64];
                (at, *covered)
            })
            .filter(|(_, covered)| *covered > 0.0)
    }

    /// Grown by so many pixels on every side, for a halo.
    pub fn grown(&self, by_px: i64) -> Self {
        let mut grown = Self {
            covered: vec![0.0; self.covered.len()],
            ..self.clone()
        };
        let columns = self.columns as i64;
        for (index, covered) in self
            .covered
            .iter()
            .enumerate()
            .filter(|(_, covered)| **covered > 0.0)
        {
            let (column, row) = (index as i64 % columns, index as i64 / columns);
            for (dx, dy) in (-by_px..=by_px).flat_map(|dx| (-by_px..=by_px).map(move |dy| (dx, dy))) {
                let inside = (0..columns).contains(&(column + dx)) && dx * dx + dy * dy <= by_px * by_px;
                let index = usize::try_from((row + dy) * columns + column + dx)
                    .ok()
                    .filter(|_| inside);
                if let Some(pixel) = index.and_then(|index| grown.covered.get_mut(index)) {
                    *pixel = pixel.max(*covered);
                }
            }
        }
        grown
    }
}

/// The font's own measure of a size: it counts from its highest to its lowest letter.
fn scale(font: &FontRef<'_>, em_px: f64) -> PxScale {
    let units = f64::from(font.units_per_em().unwrap_or(1000.0));
    PxScale::from((em_px * f64::from(font.height_unscaled()) / units) as f32)
}

/// A text in lines no wider than `most_px`: broken at spaces and between Chinese characters, in words that are longer
/// than a line anywhere.
pub fn wrapped(text: &str, em_px: f64, most_px: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let fits = |line: &str, more: &str| width_px(line, em_px) + width_px(more.trim_end(), em_px) <= most_px;
    for piece in pieces(text) {
        if fits(&line, &piece) {
            line.push_str(&piece);
            continue;
        }
        if !line.trim().is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        line.clear();
        for letter in piece.chars() {
            let letter = letter.to_string();
            if !line.is_empty() && !fits(&line, &letter) {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(&letter);
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// What stays together: a word with the spaces behind it, a Chinese character with the signs behind it.
fn pieces(text: &str) -> Vec<String> {
    let is_wide = |letter: char| letter >= '\u{2e80}';
    let closes = |letter: char| ",。、;:!?)》」』】”’%,.;:!?)".contains(letter);
    let mut pieces: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in text.chars() {
        let joins = letter == ' '
            || closes(letter)
            || before == '('
            || (before != ' ' && !is_wide(before) && !is_wide(letter));
        match pieces.last_mut().filter(|_| joins) {
            Some(piece) => piece.push(letter),
            None => pieces.push(letter.to_string()),
        }
        before = letter;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inked(text: &str) -> f32 {
        mask(text, 20.0).covered.iter().sum()
    }

    #[test]
    fn the_font_is_read_and_has_what_the_bureau_writes() {
        let font = LETTERS.as_ref().unwrap();
        let names = "陆家嘴街道沪东新村洋泾潍坊塘桥南码头路川沙祝桥惠南泥城书院老港万祥合庆曹路龄期适飞可达计划实拍空白机场街镇";
        for letter in names.chars().chain("km²°–≤≥·、。()《》: 0123 A z é".chars()) {
            assert_ne!(font.glyph_id(letter).0, 0, "{letter}");
        }
        assert_eq!(
            width_px("陆家嘴", 20.0).round(),
            60.0,
            "Chinese characters are squares"
        );
        assert!(inked("陆家嘴") > 100.0);
    }

    #[test]
    fn what_the_font_lacks_is_a_box() {
        assert_eq!(LETTERS.as_ref().unwrap().glyph_id('😀').0, 0);
        assert!(inked("😀") > 10.0);
        assert_eq!(inked("  "), 0.0);
    }

    #[test]
    fn lines_break_where_people_would() {
        assert_eq!(
            wrapped("适飞区域、街镇", 10.0, 51.0),
            ["适飞区域、", "街镇"],
            "no line begins with a sign that closes"
        );
        assert_eq!(
            wrapped("ground seen within 30 days", 10.0, 80.0)[0],
            "ground seen"
        );
        assert_eq!(wrapped("", 10.0, 50.0), [""]);
    }

    proptest! {
        #[test]
        fn any_text_is_drawn_and_wrapped(text in ".{0,40}", em_px in 6.0..40.0_f64, most_px in 60.0..400.0_f64) {
            let drawn = mask(&text, em_px);
            prop_assert!(drawn.covered.iter().all(|covered| (0.0..=1.0).contains(covered)));
            let lines = wrapped(&text, em_px, most_px);
            let without_spaces = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(without_spaces(&lines.concat()), without_spaces(&text));
            for line in lines {
                prop_assert!(width_px(&line, em_px) <= most_px + 0.5 || line.chars().count() == 1, "{}", line);
            }
        }
    }
}
