//! The imaged number once more, by exact polygons instead of cells: footprints united, cut with the flyable ground and
//! with each area. Slow, for audits.
//!
//! The ground is halved again and again until a piece has few footprints, so that no union ever grows large. Pieces do
//! not overlap; areas are true areas on the ellipsoid, see [`crate::area::Layer::area_m2`].

use geo::orient::Direction;
use geo::{BooleanOps, BoundingRect, LineString, MultiPolygon, Orient, Polygon as GridPolygon, Rect, coord};

use crate::area::{Polygon, planar};
use crate::grid::{GridError, GridPoint, WorkingGrid};

/// Pieces with no more footprints are united at once.
const FEW: usize = 48;
/// Pieces are not halved below this side, m.
const SMALLEST_SIDE_M: f64 = 250.0;

/// Ground by exact polygons, true m².
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ExactCover {
    /// Under any footprint.
    pub covered_m2: f64,
    /// All of it.
    pub area_m2: f64,
}

impl ExactCover {
    /// Covered share, 0 to 100; none of an area without size.
    #[must_use]
    pub fn percent(self) -> Option<f64> {
        (self.area_m2 > 0.0).then(|| 100.0 * self.covered_m2 / self.area_m2)
    }
}

/// How much of `ground`, and of the part of it in each of `areas`, lies under footprints (rings in grid metres, the outer
/// one first, any winding). The whole comes first, then the areas in their order.
///
/// # Errors
/// [`GridError`] when ground or areas leave the working area.
pub fn exact_cover(
    grid: &WorkingGrid,
    footprints: &[Vec<Vec<GridPoint>>],
    ground: &[Polygon],
    areas: &[Vec<Polygon>],
) -> Result<Vec<ExactCover>, GridError> {
    let ground = planar::union_on_grid(ground, grid)?;
    let mut pieces = vec![(0, ground.clone())];
    for (index, area) in areas.iter().enumerate() {
        pieces.push((
            index + 1,
            ground.intersection(&planar::union_on_grid(area, grid)?),
        ));
    }
    let shown: Vec<Shown> = footprints.iter().filter_map(|rings| Shown::of(rings)).collect();
    let mut survey = Survey {
        radius_m: grid.radius_m(),
        shown: &shown,
        covers: vec![ExactCover::default(); areas.len() + 1],
    };
    if let Some(all) = ground.bounding_rect() {
        survey.walk(all, &pieces, &(0..shown.len()).collect::<Vec<_>>());
    }
    Ok(survey.covers)
}

/// A footprint and its box.
struct Shown {
    polygon: GridPolygon,
    bounds: Rect,
}

impl Shown {
    fn of(rings: &[Vec<GridPoint>]) -> Option<Self> {
        let line = |ring: &Vec<GridPoint>| -> LineString {
            ring.iter()
                .map(|point| (point.easting_m, point.northing_m))
                .collect()
        };
        let (outer, holes) = rings.split_first()?;
        // One winding for all: a union goes by that of its first ring.
        let polygon =
            GridPolygon::new(line(outer), holes.iter().map(line).collect()).orient(Direction::Default);
        let bounds = polygon.bounding_rect()?;
        Some(Self { polygon, bounds })
    }
}

struct Survey<'a> {
    radius_m: f64,
    shown: &'a [Shown],
    covers: Vec<ExactCover>,
}

impl Survey<'_> {
    fn walk(&mut self, within: Rect, pieces: &[(usize, MultiPolygon)], near: &[usize]) {
        let near: Vec<usize> = near
            .iter()
            .copied()
            .filter(|at| overlap(&self.shown[*at].bounds, &within))
            .collect();
        if near.is_empty() {
            for (index, piece) in pieces {
                self.covers[*index].area_m2 += self.area_m2(piece);
            }
            return;
        }
        if near.len() <= FEW || within.width().max(within.height()) <= SMALLEST_SIDE_M {
            let polygons: Vec<&GridPolygon> = near.iter().map(|at| &self.shown[*at].polygon).collect();
            let united = geo::unary_union(polygons);
            for (index, piece) in pieces {
                let covered_m2 = self.area_m2(&piece.intersection(&united));
                self.covers[*index].covered_m2 += covered_m2;
                self.covers[*index].area_m2 += self.area_m2(piece);
            }
            return;
        }
        for half in halves(&within) {
            let cut = MultiPolygon::new(vec![half.to_polygon()]);
            let parts = pieces
                .iter()
                .map(|(index, piece)| (*index, piece.intersection(&cut)));
            let parts: Vec<(usize, MultiPolygon)> = parts.filter(|(_, part)| !part.0.is_empty()).collect();
            if !parts.is_empty() {
                self.walk(half, &parts, &near);
            }
        }
    }

    fn area_m2(&self, piece: &MultiPolygon) -> f64 {
        planar::true_area_of_union_m2(piece, self.radius_m)
    }
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.min().x <= b.max().x && a.max().x >= b.min().x && a.min().y <= b.max().y && a.max().y >= b.min().y
}

fn halves(whole: &Rect) -> [Rect; 2] {
    let (low, high, middle) = (whole.min(), whole.max(), whole.center());
    if whole.width() >= whole.height() {
        [
            Rect::new(low, coord! {x: middle.x, y: high.y}),
            Rect::new(coord! {x: middle.x, y: low.y}, high),
        ]
    } else {
        [
            Rect::new(low, coord! {x: high.x, y: middle.y}),
            Rect::new(coord! {x: low.x, y: middle.y}, high),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geodesy::{LocalTangent, Wgs84};

    fn centre() -> Wgs84 {
        Wgs84::new(31.2, 121.6).unwrap()
    }

    fn square(west_m: f64, south_m: f64, side_m: f64) -> Vec<Wgs84> {
        let plane = LocalTangent::at(centre());
        [(0.0, 0.0), (side_m, 0.0), (side_m, side_m), (0.0, side_m)]
            .iter()
            .map(|(east, north)| plane.wgs84_from_enu(west_m + east, south_m + north))
            .collect()
    }

    fn polygon(ring: Vec<Wgs84>) -> Vec<Polygon> {
        vec![Polygon {
            exterior: ring,
            holes: Vec::new(),
        }]
    }

    /// 900 overlapping squares of 100 m, 50 m apart: a square of 1550 m, whose piece in the ground is known.
    #[test]
    fn many_footprints_come_to_their_union_however_they_wind() {
        let grid = WorkingGrid::centred(centre()).unwrap();
        let mut footprints = Vec::new();
        for step in 0..900_u32 {
            let (x, y) = (f64::from(step % 30) * 50.0, f64::from(step / 30) * 50.0);
            let mut ring: Vec<GridPoint> = square(x, y, 100.0)
                .iter()
                .map(|point| grid.grid_from_wgs84(*point).unwrap())
                .collect();
            if step % 2 == 0 {
                ring.reverse();
            }
            footprints.push(vec![ring]);
        }
        let ground = polygon(square(-450.0, -450.0, 1000.0));
        let halves = [
            polygon(square(-450.0, -450.0, 500.0)),
            polygon(square(50.0, 50.0, 400.0)),
        ];
        let covers = exact_cover(&grid, &footprints, &ground, &halves).unwrap();
        let close = |cover: ExactCover, covered_m2: f64, area_m2: f64| {
            assert!(
                (cover.covered_m2 / covered_m2 - 1.0).abs() < 1e-5,
                "{cover:?} {covered_m2}"
            );
            assert!(
                (cover.area_m2 / area_m2 - 1.0).abs() < 1e-5,
                "{cover:?} {area_m2}"
            );
        };
        close(covers[0], 550.0 * 550.0, 1e6);
        close(covers[1], 50.0 * 50.0, 250_000.0);
        close(covers[2], 160_000.0, 160_000.0);
    }

    #[test]
    fn without_footprints_there_is_area_and_no_cover() {
        let grid = WorkingGrid::centred(centre()).unwrap();
        let covers = exact_cover(&grid, &[], &polygon(square(0.0, 0.0, 1000.0)), &[]).unwrap();
        assert_eq!(covers[0].covered_m2, 0.0);
        assert!((covers[0].area_m2 / 1e6 - 1.0).abs() < 1e-5);
        assert_eq!(
            exact_cover(&grid, &[], &[], &[]).unwrap(),
            [ExactCover::default()]
        );
    }
}
