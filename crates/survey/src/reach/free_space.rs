//! Where vehicles may fly: everything but no-fly areas with their margin, or only a permitted area less these.

use geo::algorithm::buffer::{Buffer, BufferStyle, LineJoin};
use geo::{BooleanOps, LineString, MultiPolygon, Polygon as GridPolygon};

use crate::area::Polygon;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint, WorkingGrid};

/// Round corners of a margin are chords of this arc, rad. They are drawn so far out that they nowhere cut the margin: it
/// is up to 1.6 % wider.
const ARC_STEP_RAD: f64 = 0.35;

/// The ground over which vehicles may fly on their way. Edges are straight on the working grid.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeSpace {
    grid: WorkingGrid,
    /// Forbidden ground; permitted ground where `confined`.
    region: MultiPolygon,
    /// Rings in grid metres with the forbidden ground on the left of every edge.
    rings: Vec<Vec<GridPoint>>,
    /// Whether the ground outside all rings is forbidden.
    confined: bool,
}

impl FreeSpace {
    /// No obstacle anywhere.
    #[must_use]
    pub fn open(grid: WorkingGrid) -> Self {
        Self {
            grid,
            region: MultiPolygon::new(Vec::new()),
            rings: Vec::new(),
            confined: false,
        }
    }

    /// Free of `no_fly` widened by `margin_m` (0 or more); inside `within` only, if that is given.
    ///
    /// # Errors
    /// [`GridError`] when a vertex lies outside the working area.
    pub fn new(
        grid: WorkingGrid,
        no_fly: &[Polygon],
        margin_m: f64,
        within: Option<&[Polygon]>,
    ) -> Result<Self, GridError> {
        let mut forbidden = union_on_grid(&grid, no_fly)?;
        if margin_m > 0.0 {
            let style = BufferStyle::new(margin_m / (ARC_STEP_RAD / 2.0).cos())
                .line_join(LineJoin::Round(ARC_STEP_RAD));
            forbidden = forbidden.buffer_with_style(style);
        }
        let (region, confined) = match within {
            None => (forbidden, false),
            Some(within) => (union_on_grid(&grid, within)?.difference(&forbidden), true),
        };
        Ok(Self::of_region(grid, region, confined))
    }

    /// The same without `closed`, which has no margin.
    ///
    /// # Errors
    /// [`GridError`] when a vertex lies outside the working area.
    pub fn without(&self, closed: &[Polygon]) -> Result<Self, GridError> {
        let closed = union_on_grid(&self.grid, closed)?;
        let region = match self.confined {
            true => self.region.difference(&closed),
            false => self.region.union(&closed),
        };
        Ok(Self::of_region(self.grid.clone(), region, self.confined))
    }

    fn of_region(grid: WorkingGrid, region: MultiPolygon, confined: bool) -> Self {
        let rings = region
            .iter()
            .flat_map(|part| {
                let outline = std::iter::once((part.exterior(), true));
                outline.chain(part.interiors().iter().map(|hole| (hole, false)))
            })
            .filter_map(|(ring, is_outline)| solid_on_the_left(ring, is_outline != confined))
            .collect();
        Self {
            grid,
            region,
            rings,
            confined,
        }
    }

    /// The grid it lies on.
    #[must_use]
    pub fn grid(&self) -> &WorkingGrid {
        &self.grid
    }

    /// Whether the ground outside all rings is forbidden.
    pub(super) fn confined(&self) -> bool {
        self.confined
    }

    /// Rings with the forbidden ground on the left of every edge, in grid metres.
    pub(super) fn rings(&self) -> &[Vec<GridPoint>] {
        &self.rings
    }

    /// Whether a vehicle may be over a point.
    #[must_use]
    pub fn is_free(&self, point: GridPoint) -> bool {
        let GridPoint {
            easting_m: x,
            northing_m: y,
        } = point;
        let crossed = |(a, b): (&GridPoint, &GridPoint)| {
            (a.northing_m > y) != (b.northing_m > y)
                && x < (b.easting_m - a.easting_m) * (y - a.northing_m) / (b.northing_m - a.northing_m)
                    + a.easting_m
        };
        let crossings = self
            .rings
            .iter()
            .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)))
            .filter(|edge| crossed(*edge))
            .count();
        (crossings % 2 == 1) == self.confined
    }
}

fn union_on_grid(grid: &WorkingGrid, polygons: &[Polygon]) -> Result<MultiPolygon, GridError> {
    let ring = |points: &[Wgs84]| -> Result<LineString, GridError> {
        let on_grid = |point: &Wgs84| {
            grid.grid_from_wgs84(*point)
                .map(|at| (at.easting_m, at.northing_m))
        };
        points.iter().map(on_grid).collect()
    };
    let parts = polygons
        .iter()
        .map(|polygon| {
            let holes = polygon
                .holes
                .iter()
                .map(|hole| ring(hole))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(GridPolygon::new(ring(&polygon.exterior)?, holes))
        })
        .collect::<Result<Vec<_>, GridError>>()?;
    Ok(geo::unary_union(&parts))
}

/// The ring without its closing point, running counter-clockwise if the ground inside it is solid, else clockwise.
/// `None` for a ring of no area.
fn solid_on_the_left(ring: &LineString, solid_inside: bool) -> Option<Vec<GridPoint>> {
    let mut points: Vec<GridPoint> = ring
        .points()
        .map(|point| GridPoint {
            easting_m: point.x(),
            northing_m: point.y(),
        })
        .collect();
    points.dedup();
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    let (first, rest) = points.split_first()?;
    let twice_area: f64 = rest
        .windows(2)
        .filter_map(|pair| <&[GridPoint; 2]>::try_from(pair).ok())
        .map(|[a, b]| {
            (a.easting_m - first.easting_m) * (b.northing_m - first.northing_m)
                - (b.easting_m - first.easting_m) * (a.northing_m - first.northing_m)
        })
        .sum();
    if twice_area == 0.0 {
        return None;
    }
    if (twice_area > 0.0) != solid_inside {
        points.reverse();
    }
    Some(points)
}
