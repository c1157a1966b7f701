//! Writes vector tiles (Mapbox Vector Tile 2.1): features of WGS-84 cut to one tile of the web's map pyramid, simplified
//! to what can be seen at its zoom.
//!
//! Outlines are simplified before they are cut, so that neighbouring tiles agree along their seam. Rounding to the
//! tile's whole coordinates may let an outline touch itself; renderers fill such outlines all the same.

mod clip;
mod encode;
mod simplify;

use std::f64::consts::PI;

use thiserror::Error;

use crate::placed::{Feature, Shape, open_ring};

/// Units along a tile's side.
pub const EXTENT: u32 = 4096;
/// Units beyond the tile's edges that features are cut at, so that outlines do not show along seams: 4 pixels of 256.
const BUFFER: f64 = 64.0;
/// Simplified outlines stay this close to the given ones, units: a quarter of a pixel of 256.
const TOLERANCE: f64 = 4.0;
/// Deepest zoom: coordinates are 2 mm apart there.
pub const DEEPEST_ZOOM: u8 = 22;
/// The web's map ends here, degrees north and south.
const LAST_LATITUDE_DEG: f64 = 85.051_128_779_806_6;

/// A tile of the web's map pyramid (spherical Mercator, row 0 in the north).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileAddress {
    zoom: u8,
    column: u32,
    row: u32,
}

/// Why there is no such tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is no tile {zoom}/{column}/{row}: zooms go to {DEEPEST_ZOOM}, columns and rows to 2^zoom - 1")]
pub struct NoSuchTile {
    zoom: u32,
    column: u32,
    row: u32,
}

/// Why a layer cannot be written.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("feature {feature} of layer {layer} has a position that is none, or too few positions for its kind")]
pub struct BadFeature {
    /// Name of the layer.
    pub layer: String,
    /// Number of the feature, from 0.
    pub feature: usize,
}

/// Features under one name.
#[derive(Debug, Clone, PartialEq)]
pub struct TileLayer {
    /// Name that styles go by.
    pub name: String,
    /// The features, inside the tile or not.
    pub features: Vec<Feature>,
}

impl TileAddress {
    /// The tile of a zoom, column (x) and row (y).
    ///
    /// # Errors
    /// [`NoSuchTile`].
    pub fn new(zoom: u32, column: u32, row: u32) -> Result<Self, NoSuchTile> {
        let nothing = NoSuchTile { zoom, column, row };
        let deep = u8::try_from(zoom).ok().filter(|zoom| *zoom <= DEEPEST_ZOOM);
        let Some(deep) = deep else { return Err(nothing) };
        if column >> zoom != 0 || row >> zoom != 0 {
            return Err(nothing);
        }
        Ok(Self {
            zoom: deep,
            column,
            row,
        })
    }

    /// West, south, east, north of the tile itself, degrees.
    pub fn bounds_deg(self) -> [f64; 4] {
        self.bounds_beyond_deg(0.0)
    }

    /// With `beyond` tiles more on each side, as far as the web's map goes.
    fn bounds_beyond_deg(self, beyond: f64) -> [f64; 4] {
        let side = f64::from(1_u32 << self.zoom);
        let longitude = |column: f64| ((column / side).clamp(0.0, 1.0) - 0.5) * 360.0;
        let latitude = |row: f64| {
            let north = PI * (1.0 - 2.0 * (row / side).clamp(0.0, 1.0));
            north.sinh().atan().to_degrees()
        };
        let (column, row) = (f64::from(self.column), f64::from(self.row));
        [
            longitude(column - beyond),
            latitude(row + 1.0 + beyond),
            longitude(column + 1.0 + beyond),
            latitude(row - beyond),
        ]
    }

    /// Units east and south of the tile's north-west corner.
    fn units(self, [longitude_deg, latitude_deg]: [f64; 2]) -> [f64; 2] {
        let side = f64::from(1_u32 << self.zoom);
        let north = latitude_deg
            .clamp(-LAST_LATITUDE_DEG, LAST_LATITUDE_DEG)
            .to_radians();
        let across = (longitude_deg + 180.0) / 360.0;
        let down = (1.0 - north.tan().asinh() / PI) / 2.0;
        [
            (across * side - f64::from(self.column)) * f64::from(EXTENT),
            (down * side - f64::from(self.row)) * f64::from(EXTENT),
        ]
    }
}

/// A place in a tile.
type Cell = [i32; 2];

/// What of a feature lies in a tile, ready to be encoded.
enum Drawn {
    Points(Vec<Cell>),
    Lines(Vec<Vec<Cell>>),
    /// Outer rings, each followed by its holes, wound as the standard asks.
    Rings(Vec<Vec<Cell>>),
}

/// The bytes of a tile. Layers and features that it shows nothing of are left out; a tile that shows nothing has no
/// bytes.
///
/// # Errors
/// [`BadFeature`].
pub fn write(tile: TileAddress, layers: &[TileLayer]) -> Result<Vec<u8>, BadFeature> {
    let mut bytes = Vec::new();
    for layer in layers {
        let mut encoder = encode::LayerEncoder::new(&layer.name);
        for (number, feature) in layer.features.iter().enumerate() {
            if !feature.shape.is_whole() || feature.shape.bad_position().is_some() {
                return Err(BadFeature {
                    layer: layer.name.clone(),
                    feature: number,
                });
            }
            if let Some(drawn) = draw(tile, &feature.shape) {
                encoder.add(&drawn, &feature.values);
            }
        }
        bytes.extend(encoder.finish());
    }
    Ok(bytes)
}

fn draw(tile: TileAddress, shape: &Shape) -> Option<Drawn> {
    let units = |run: &[[f64; 2]]| -> Vec<[f64; 2]> { run.iter().map(|at| tile.units(*at)).collect() };
    match shape {
        Shape::Point(position) => {
            let at = tile.units(*position);
            clip::is_inside(at).then(|| Drawn::Points(vec![rounded(at)]))
        }
        Shape::Line(line) => {
            let line = simplify::line(&units(line), TOLERANCE);
            let pieces = clip::line(&line).into_iter().map(|piece| without_repeats(&piece));
            let pieces: Vec<Vec<Cell>> = pieces.filter(|piece| piece.len() > 1).collect();
            (!pieces.is_empty()).then_some(Drawn::Lines(pieces))
        }
        Shape::Polygons(polygons) => {
            let drawn = polygons.iter().flat_map(|rings| {
                let rings: Vec<Vec<[f64; 2]>> = rings.iter().map(|ring| units(ring)).collect();
                draw_polygon(&rings)
            });
            let rings: Vec<Vec<Cell>> = drawn.collect();
            (!rings.is_empty()).then_some(Drawn::Rings(rings))
        }
    }
}

/// Outer ring and holes; nothing where the outer ring vanishes.
fn draw_polygon(rings: &[Vec<[f64; 2]>]) -> Vec<Vec<Cell>> {
    let mut drawn: Vec<Vec<Cell>> = Vec::new();
    for (number, ring) in rings.iter().enumerate() {
        let cut = clip::ring(&simplify::ring(open_ring(ring), TOLERANCE));
        let mut cells = without_repeats(&cut);
        cells.truncate(open_ring(&cells).len());
        let area = doubled_area(&cells);
        if area == 0 {
            if number == 0 {
                return Vec::new();
            }
            continue;
        }
        // With rows downwards outer rings have a positive area, holes a negative one (section 4.3.3.3).
        if (area > 0) != (number == 0) {
            cells.reverse();
        }
        drawn.push(cells);
    }
    drawn
}

fn rounded(at: [f64; 2]) -> Cell {
    at.map(|unit| unit.round() as i32)
}

fn without_repeats(run: &[[f64; 2]]) -> Vec<Cell> {
    let mut cells: Vec<Cell> = run.iter().map(|at| rounded(*at)).collect();
    cells.dedup();
    cells
}

/// Twice the area of a ring (shoelace formula).
fn doubled_area(ring: &[Cell]) -> i64 {
    let wide = |cell: &Cell| cell.map(i64::from);
    ring.iter()
        .zip(ring.iter().cycle().skip(1))
        .map(|(a, b)| (wide(a), wide(b)))
        .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
        .sum()
}

#[cfg(test)]
mod tests;
