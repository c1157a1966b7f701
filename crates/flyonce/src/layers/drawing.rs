//! Polygons as a picture: filled ground in plain colours, outlines, a bar of a round length. North is up.

use std::io::Cursor;

use anyhow::{Context, Result};
use image::{ImageFormat, Rgb, RgbImage};
use survey::area::Polygon;
use survey::geodesy::Wgs84;
use survey::grid::WorkingGrid;

/// Edge around what is drawn, pixels.
const EDGE_PX: f64 = 24.0;

/// One colour's ground.
pub struct Fill<'a> {
    /// The ground.
    pub polygons: &'a [Polygon],
    /// Its colour.
    pub colour: [u8; 3],
}

/// Draws fills one over the other, then outlines, `width_px` wide.
///
/// # Errors
/// Nothing to draw, ground beyond the working area, a picture that cannot be made.
pub fn png(fills: &[Fill<'_>], outlines: &[Polygon], grid: &WorkingGrid, width_px: u32) -> Result<Vec<u8>> {
    let rings = |polygon: &Polygon| -> Result<Vec<Vec<[f64; 2]>>> {
        let ring = |ring: &Vec<Wgs84>| -> Result<Vec<[f64; 2]>> {
            let places = ring.iter().map(|place| grid.grid_from_wgs84(*place));
            places
                .map(|at| Ok(at.map(|at| [at.easting_m, at.northing_m])?))
                .collect()
        };
        std::iter::once(&polygon.exterior)
            .chain(&polygon.holes)
            .map(ring)
            .collect()
    };
    let mut ground = Vec::new();
    for fill in fills {
        let polygons = fill.polygons.iter().map(rings).collect::<Result<Vec<_>>>()?;
        ground.push((polygons, fill.colour));
    }
    let lines = outlines.iter().map(rings).collect::<Result<Vec<_>>>()?;
    let all = ground
        .iter()
        .flat_map(|(polygons, _)| polygons)
        .chain(&lines)
        .flatten()
        .flatten();
    let mut sheet = Sheet::around(all, width_px).context("there is nothing to draw")?;
    for (polygons, colour) in &ground {
        polygons.iter().for_each(|rings| sheet.fill(rings, Rgb(*colour)));
    }
    for ring in lines.iter().flatten() {
        sheet.outline(ring);
    }
    sheet.bar();
    let mut bytes = Cursor::new(Vec::new());
    sheet.image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

struct Sheet {
    image: RgbImage,
    west_m: f64,
    north_m: f64,
    px_per_m: f64,
}

impl Sheet {
    fn around<'a>(points: impl Iterator<Item = &'a [f64; 2]>, width_px: u32) -> Option<Self> {
        let bounds = points.fold(None, |bounds: Option<[f64; 4]>, [x, y]| {
            let [west, south, east, north] = bounds.unwrap_or([*x, *y, *x, *y]);
            Some([west.min(*x), south.min(*y), east.max(*x), north.max(*y)])
        })?;
        let [west, south, east, north] = bounds;
        let (width_m, height_m) = ((east - west).max(1.0), (north - south).max(1.0));
        let px_per_m = (f64::from(width_px) - 2.0 * EDGE_PX).max(1.0) / width_m;
        let height_px = (height_m * px_per_m + 2.0 * EDGE_PX).clamp(1.0, 20_000.0) as u32;
        Some(Self {
            image: RgbImage::from_pixel(width_px, height_px, Rgb([255, 255, 255])),
            west_m: west,
            north_m: north,
            px_per_m,
        })
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            (x - self.west_m) * self.px_per_m + EDGE_PX,
            (self.north_m - y) * self.px_per_m + EDGE_PX,
        ]
    }

    fn dot(&mut self, x: f64, y: f64, colour: Rgb<u8>) {
        if x >= 0.0
            && y >= 0.0
            && let Some(pixel) = self.image.get_pixel_mut_checked(x as u32, y as u32)
        {
            *pixel = colour;
        }
    }

    /// Even-odd, pixel centres.
    fn fill(&mut self, rings: &[Vec<[f64; 2]>], colour: Rgb<u8>) {
        let rings: Vec<Vec<[f64; 2]>> = rings
            .iter()
            .map(|ring| ring.iter().map(|point| self.at(*point)).collect())
            .collect();
        for row in 0..self.image.height() {
            let y = f64::from(row) + 0.5;
            let mut crossings: Vec<f64> = Vec::new();
            for ring in &rings {
                for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                    if (a[1] > y) != (b[1] > y) {
                        crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
                    }
                }
            }
            crossings.sort_by(f64::total_cmp);
            for [from, to] in crossings.as_chunks::<2>().0 {
                let (first, end) = (
                    (from - 0.5).ceil().max(0.0) as u32,
                    (to - 0.5).ceil().max(0.0) as u32,
                );
                (first..end).for_each(|x| self.dot(f64::from(x), y, colour));
            }
        }
    }

    fn outline(&mut self, ring: &[[f64; 2]]) {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let (a, b) = (self.at(*a), self.at(*b));
            let steps = (b[0] - a[0]).abs().max((b[1] - a[1]).abs()).ceil().max(1.0);
            for step in 0..=steps as u32 {
                let share = f64::from(step) / steps;
                self.dot(
                    a[0] + (b[0] - a[0]) * share,
                    a[1] + (b[1] - a[1]) * share,
                    Rgb([90, 90, 90]),
                );
            }
        }
    }

    /// A bar of the longest of 1, 2 or 5 times a power of ten metres below a quarter of the width.
    fn bar(&mut self) {
        let most_m = f64::from(self.image.width()) / 4.0 / self.px_per_m;
        let power = 10_f64.powf(most_m.log10().floor());
        let length_m = [5.0, 2.0, 1.0]
            .map(|times| times * power)
            .into_iter()
            .find(|length| *length <= most_m);
        let length_px = length_m.unwrap_or(power) * self.px_per_m;
        let bottom = f64::from(self.image.height()) - 8.0;
        for x in 0..length_px as u32 {
            for y in 0..4 {
                self.dot(EDGE_PX + f64::from(x), bottom - f64::from(y), Rgb([0, 0, 0]));
            }
        }
    }
}
