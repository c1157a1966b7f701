//! Maps as pictures: a drawing board on the working grid, north up, with smoothed lines and letters, names that keep out
//! of each other's way, and beside the map one legend for all: what colours mean, scale bar, north, what it rests on.

use anyhow::{Context, Result};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};
use survey::area::Polygon;
use survey::cells::CellSet;
use survey::grid::{GridError, GridPoint, WorkingGrid};
use survey::raster::TILE_CELLS;

pub mod colours;
pub mod labels;
pub mod letters;
pub mod panel;

use colours::{Colour, PAPER};

/// Longer side of a map with a panel beside it, pixels.
pub const MAP_PX: f64 = 1400.0;
/// Longer side of a map on a page, where its letters are seldom shown at full size, pixels.
pub const PAGE_MAP_PX: f64 = 900.0;
/// Room around what is shown, share of its longer side.
const ROOM: f64 = 0.02;
/// Finest scale, m per pixel.
const FINEST_M: f64 = 0.5;

/// The ground that a picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Western edge on the grid, m.
    pub west_m: f64,
    /// Northern edge on the grid, m.
    pub north_m: f64,
    /// Side of a pixel, m.
    pub step_m: f64,
    /// Pixels from west to east.
    pub columns: u32,
    /// Pixels from north to south.
    pub rows: u32,
}

impl Frame {
    /// The frame around west, north, east and south, m on the grid, its longer side so many pixels at most.
    pub fn around([west, north, east, south]: [f64; 4], longest_px: f64) -> Self {
        let step_m = ((east - west).max(north - south) / longest_px).max(FINEST_M);
        let pixels = |side_m: f64| (side_m / step_m).ceil().clamp(1.0, longest_px) as u32;
        Self {
            west_m: west,
            north_m: north,
            step_m,
            columns: pixels(east - west),
            rows: pixels(north - south),
        }
    }

    /// The middle of a pixel.
    pub fn place(&self, column: u32, row: u32) -> GridPoint {
        GridPoint {
            easting_m: self.west_m + (f64::from(column) + 0.5) * self.step_m,
            northing_m: self.north_m - (f64::from(row) + 0.5) * self.step_m,
        }
    }
}

/// West, north, east and south of the ground of a set with some room around it, m on its grid. `None` for an empty one.
pub fn bounds_m(cells: &CellSet) -> Option<[f64; 4]> {
    let lattice = cells.lattice();
    let half_m = 0.7 * f64::from(TILE_CELLS) * lattice.cell_m();
    let corners = cells.tiles().keys().map(|key| lattice.tile_centre(*key));
    corners
        .map(|at| {
            [
                at.easting_m - half_m,
                at.northing_m + half_m,
                at.easting_m + half_m,
                at.northing_m - half_m,
            ]
        })
        .reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1]), a[2].max(b[2]), a[3].min(b[3])])
}

/// West, north, east and south of places with a little room around them, m: what a map of them shows.
pub fn around(places: impl Iterator<Item = GridPoint>) -> Option<[f64; 4]> {
    let tight = places
        .map(|at| [at.easting_m, at.northing_m, at.easting_m, at.northing_m])
        .reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1]), a[2].max(b[2]), a[3].min(b[3])]);
    tight.map(|[west, north, east, south]| {
        let room = ROOM * (east - west).max(north - south).max(1.0);
        [west - room, north + room, east + room, south - room]
    })
}

/// [`around`] the corners of the cells of a set.
pub fn around_cells(cells: &CellSet) -> Option<[f64; 4]> {
    let lattice = cells.lattice();
    let rows = cells.tiles().iter().flat_map(|((band, tile), bits)| {
        let (top, left) = (f64::from(band * TILE_CELLS), f64::from(tile * TILE_CELLS));
        let rows = bits.iter().enumerate().filter(|(_, word)| **word != 0);
        rows.map(move |(row, word)| {
            let (from, to) = (word.trailing_zeros(), u64::BITS - word.leading_zeros());
            (top + row as f64, [left + f64::from(from), left + f64::from(to)])
        })
    });
    around(rows.flat_map(|(row, [from, to])| {
        [[from, row], [to, row], [from, row + 1.0], [to, row + 1.0]].map(|corner| lattice.point(corner))
    }))
}

/// The rings of polygons on a grid.
///
/// # Errors
/// Ground beyond the working area.
pub fn rings_on_grid(polygons: &[Polygon], grid: &WorkingGrid) -> Result<Vec<Vec<GridPoint>>, GridError> {
    let rings = polygons
        .iter()
        .flat_map(|polygon| std::iter::once(&polygon.exterior).chain(&polygon.holes));
    rings
        .map(|ring| ring.iter().map(|place| grid.grid_from_wgs84(*place)).collect())
        .collect()
}

/// A sign at a place; forms differ, so that nobody needs the colours to tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// ●
    Disc,
    /// ■
    Square,
    /// ▲
    Triangle,
}

/// Half the size of a sign with its edge, pixels.
pub const SIGN_PX: f64 = 9.0;

/// A picture with a scale.
#[derive(Debug, Clone)]
pub struct Board {
    picture: RgbImage,
    frame: Frame,
}

impl Board {
    /// An empty map.
    pub fn new(frame: Frame) -> Self {
        Self {
            picture: RgbImage::from_pixel(frame.columns, frame.rows, Rgb(PAPER)),
            frame,
        }
    }

    /// Its frame.
    pub fn frame(&self) -> Frame {
        self.frame
    }

    /// Where a place is, pixels from the upper left corner.
    pub fn pixel(&self, point: GridPoint) -> [f64; 2] {
        [
            (point.easting_m - self.frame.west_m) / self.frame.step_m,
            (self.frame.north_m - point.northing_m) / self.frame.step_m,
        ]
    }

    /// Colours every pixel whose middle has a colour.
    pub fn paint(&mut self, colour_at: impl Fn(u32, u32) -> Option<Colour>) {
        for row in 0..self.frame.rows {
            for column in 0..self.frame.columns {
                if let Some(colour) = colour_at(column, row) {
                    self.set([i64::from(column), i64::from(row)], colour, 1.0);
                }
            }
        }
    }

    /// Colours a share of a pixel; beyond the picture nothing happens.
    fn set(&mut self, [x, y]: [i64; 2], colour: Colour, share: f64) {
        let inside = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        if let Some(pixel) = inside.and_then(|(x, y)| self.picture.get_pixel_mut_checked(x, y)) {
            for (under, over) in pixel.0.iter_mut().zip(colour) {
                let mixed = f64::from(*under) + share.clamp(0.0, 1.0) * (f64::from(over) - f64::from(*under));
                *under = mixed.round() as u8;
            }
        }
    }

    /// A filled box.
    pub fn fill(&mut self, [x, y]: [i64; 2], [width, height]: [i64; 2], colour: Colour) {
        for row in y..y + height {
            for column in x..x + width {
                self.set([column, row], colour, 1.0);
            }
        }
    }

    /// Ground inside an odd number of rings (pixel centres).
    pub fn ground(&mut self, rings: &[Vec<GridPoint>], colour: Colour) {
        let on_board = |ring: &Vec<GridPoint>| ring.iter().map(|point| self.pixel(*point)).collect();
        let rings: Vec<Vec<[f64; 2]>> = rings.iter().map(on_board).collect();
        for row in 0..self.frame.rows {
            for [from, to] in spans(&rings, f64::from(row) + 0.5) {
                let edge = |x: f64| (x - 0.5).ceil().clamp(0.0, f64::from(self.frame.columns)) as i64;
                self.fill([edge(from), i64::from(row)], [edge(to) - edge(from), 1], colour);
            }
        }
    }

    /// Closed lines along places, `width` pixels wide.
    pub fn outlines(&mut self, rings: &[Vec<GridPoint>], width: f64, colour: Colour) {
        for ring in rings {
            let pixels: Vec<[f64; 2]> = ring.iter().map(|point| self.pixel(*point)).collect();
            for (a, b) in pixels.iter().zip(pixels.iter().cycle().skip(1)) {
                self.line(*a, *b, width, colour);
            }
        }
    }

    /// A straight line between pixels.
    pub fn line(&mut self, a: [f64; 2], b: [f64; 2], width: f64, colour: Colour) {
        let along = [b[0] - a[0], b[1] - a[1]];
        // Steps along the longer axis, at each the pixels across.
        let long = usize::from(along[1].abs() > along[0].abs());
        let (from, to) = (a[long].min(b[long]), a[long].max(b[long]));
        let most = f64::from(self.frame.columns.max(self.frame.rows)) * 2.0;
        let across = (width / 2.0 + 1.5) * 1.5;
        for step in (from.max(-most).floor() as i64)..=(to.min(most).ceil() as i64) {
            let share = (step as f64 - a[long]) / along[long];
            let share = if share.is_finite() {
                share.clamp(0.0, 1.0)
            } else {
                0.0
            };
            let middle = a[1 - long] + share * along[1 - long];
            for beside in (middle - across).floor() as i64..=(middle + across).ceil() as i64 {
                let at = if long == 0 { [step, beside] } else { [beside, step] };
                let covered = width / 2.0 + 0.5 - distance(a, along, at);
                if covered > 0.0 {
                    self.set(at, colour, covered.min(1.0).min(width));
                }
            }
        }
    }

    /// A sign about a pixel, with an edge that parts it from the ground.
    pub fn sign(&mut self, at: [f64; 2], form: Form, colour: Colour) {
        for (half, colour) in [(SIGN_PX, PAPER), (SIGN_PX - 2.5, colour)] {
            let reach = SIGN_PX.ceil() as i64 + 3;
            for [dx, dy] in (-reach..=reach).flat_map(|dx| (-reach..=reach).map(move |dy| [dx, dy])) {
                let pixel = [at[0].round() as i64 + dx, at[1].round() as i64 + dy];
                let [x, y] = [dx as f64, dy as f64];
                let beyond = match form {
                    Form::Disc => x.hypot(y) - half,
                    Form::Square => x.abs().max(y.abs()) - (half - 1.0),
                    // Two slanted sides and the base.
                    Form::Triangle => (0.87 * x.abs() - 0.5 * y - 0.5 * half).max(y - half * 0.75),
                };
                self.set(pixel, colour, 0.5 - beyond);
            }
        }
    }

    /// A line of text from its left upper corner; `em_px` is the side of a Chinese character's square.
    pub fn text(&mut self, text: &str, [x, y]: [f64; 2], em_px: f64, colour: Colour) {
        self.ink(&letters::mask(text, em_px), [x, y], colour);
    }

    /// A line of text on a light edge, to be read on any ground.
    pub fn name(&mut self, text: &str, at: [f64; 2], em_px: f64, colour: Colour) {
        let mask = letters::mask(text, em_px);
        self.ink(&mask.grown(2), at, PAPER);
        self.ink(&mask, at, colour);
    }

    fn ink(&mut self, mask: &letters::Mask, [x, y]: [f64; 2], colour: Colour) {
        let (x, y) = (x.round() as i64, y.round() as i64);
        for ([dx, dy], covered) in mask.pixels() {
            self.set([x + dx, y + dy], colour, f64::from(covered));
        }
    }

    /// The picture as PNG.
    ///
    /// # Errors
    /// A picture that cannot be encoded.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut png = Vec::new();
        let (width, height) = self.picture.dimensions();
        PngEncoder::new(&mut png)
            .write_image(self.picture.as_raw(), width, height, ExtendedColorType::Rgb8)
            .context("cannot encode the picture")?;
        Ok(png)
    }
}

/// Where a horizontal line lies inside an odd number of rings.
fn spans(rings: &[Vec<[f64; 2]>], y: f64) -> Vec<[f64; 2]> {
    let mut crossings: Vec<f64> = Vec::new();
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            if (a[1] > y) != (b[1] > y) {
                crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
            }
        }
    }
    crossings.sort_by(f64::total_cmp);
    crossings.as_chunks::<2>().0.to_vec()
}

/// How far a pixel is from the line from `a` along a vector.
fn distance(a: [f64; 2], along: [f64; 2], [x, y]: [i64; 2]) -> f64 {
    let to = [x as f64 - a[0], y as f64 - a[1]];
    let length2 = along[0].powi(2) + along[1].powi(2);
    let share = if length2 > 0.0 {
        ((to[0] * along[0] + to[1] * along[1]) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (to[0] - share * along[0]).hypot(to[1] - share * along[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Colour = [200, 0, 0];

    fn board() -> Board {
        Board::new(Frame {
            west_m: 1000.0,
            north_m: 2000.0,
            step_m: 10.0,
            columns: 40,
            rows: 30,
        })
    }

    fn at(easting_m: f64, northing_m: f64) -> GridPoint {
        GridPoint {
            easting_m,
            northing_m,
        }
    }

    fn drawn(board: &Board) -> RgbImage {
        image::load_from_memory(&board.png().unwrap()).unwrap().to_rgb8()
    }

    #[test]
    fn what_is_drawn_lies_where_it_belongs() {
        let mut board = board();
        assert_eq!(board.pixel(at(1200.0, 1900.0)), [20.0, 10.0]);
        board.sign([20.0, 10.0], Form::Disc, RED);
        board.text("北", [-5.0, 20.0], 12.0, [0; 3]);
        let drawn = drawn(&board);
        assert_eq!(drawn.get_pixel(20, 10).0, RED);
        assert_eq!(drawn.get_pixel(32, 10).0, PAPER);
        assert!(
            drawn.pixels().any(|pixel| pixel.0.iter().all(|part| *part < 120)),
            "cut off at the edge, not refused"
        );
    }

    #[test]
    fn a_map_shows_its_cells_and_little_more() {
        let grid = WorkingGrid::centred(survey::geodesy::Wgs84::new(31.2, 121.5).unwrap()).unwrap();
        let mut cells = CellSet::empty(grid, survey::raster::Lattice::new(10.0));
        assert_eq!(around_cells(&cells), None);
        cells.paint(&[vec![
            at(100.0, 900.0),
            at(1100.0, 900.0),
            at(1100.0, 400.0),
            at(100.0, 400.0),
        ]]);
        let bounds = around_cells(&cells).unwrap();
        for (bound, wanted) in bounds.into_iter().zip([80.0, 920.0, 1120.0, 380.0]) {
            // A cell, and the corner of one.
            assert!((bound - wanted).abs() < 12.0, "{bounds:?}");
        }
    }

    #[test]
    fn ground_has_holes_and_is_cut_at_the_edge() {
        let square = |from: f64, to: f64| {
            vec![
                at(1000.0 + from, 2000.0 - from),
                at(1000.0 + to, 2000.0 - from),
                at(1000.0 + to, 2000.0 - to),
                at(1000.0 + from, 2000.0 - to),
            ]
        };
        let mut board = board();
        board.ground(&[square(-500.0, 250.0), square(50.0, 100.0)], RED);
        let drawn = drawn(&board);
        let red = drawn.pixels().filter(|pixel| pixel.0 == RED).count();
        assert_eq!(red, 25 * 25 - 5 * 5);
        assert_eq!(drawn.get_pixel(7, 7).0, PAPER);
    }

    #[test]
    fn lines_are_as_wide_as_asked_and_may_have_no_length() {
        let mut board = board();
        board.line([-1e9, 10.0], [1e9, 10.0], 3.0, RED);
        board.line([5.0, 20.0], [5.0, 20.0], 1.0, RED);
        let drawn = drawn(&board);
        let column: Vec<u32> = (0..18).filter(|row| drawn.get_pixel(30, *row).0 == RED).collect();
        assert_eq!(column, [9, 10, 11]);
        assert_eq!(drawn.get_pixel(5, 20).0, RED);
    }
}
