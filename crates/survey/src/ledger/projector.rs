//! Many places onto the working grid, quickly: the projection by its second-order expansion in patches of 1/64°.

use std::collections::HashMap;

use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint, WorkingGrid};

/// Patches per degree. Over half a patch, 0.9 km, the third-order terms of the projection are below 0.05 mm.
const PATCHES_PER_DEG: f64 = 64.0;

/// A projection that remembers the patches it has seen. A place is always carried by its own patch, so that the
/// result does not depend on what was projected before.
#[derive(Debug, Clone)]
pub(super) struct Projector {
    grid: WorkingGrid,
    patches: HashMap<(i32, i32), Option<Patch>>,
    last: Option<((i32, i32), Patch)>,
}

/// Easting and northing about the patch's middle: 1, u, v, u², v², uv of steps north and east in half patches.
#[derive(Debug, Clone, Copy)]
struct Patch([[f64; 2]; 6]);

impl Projector {
    pub fn new(grid: WorkingGrid) -> Self {
        Self {
            grid,
            patches: HashMap::new(),
            last: None,
        }
    }

    /// Projects a position, agreeing with [`WorkingGrid::grid_from_wgs84`] to 0.1 mm.
    ///
    /// # Errors
    /// As there.
    pub fn grid_from_wgs84(&mut self, position: Wgs84) -> Result<GridPoint, GridError> {
        let (north, east) = (
            position.latitude_deg * PATCHES_PER_DEG,
            position.longitude_deg * PATCHES_PER_DEG,
        );
        let key = (north.floor() as i32, east.floor() as i32);
        let patch = match self.last {
            Some((of, patch)) if of == key => Some(patch),
            _ => *self
                .patches
                .entry(key)
                .or_insert_with(|| Patch::new(&self.grid, key)),
        };
        // Across the rim of the working area, and across the 180th meridian, there is no patch.
        let Some(patch) = patch else {
            return self.grid.grid_from_wgs84(position);
        };
        self.last = Some((key, patch));
        Ok(patch.at(
            2.0 * (north - f64::from(key.0)) - 1.0,
            2.0 * (east - f64::from(key.1)) - 1.0,
        ))
    }
}

impl Patch {
    fn new(grid: &WorkingGrid, key: (i32, i32)) -> Option<Self> {
        let sample = |u: f64, v: f64| -> Option<[f64; 2]> {
            let place = Wgs84::new(
                (f64::from(key.0) + 0.5 + u / 2.0) / PATCHES_PER_DEG,
                (f64::from(key.1) + 0.5 + v / 2.0) / PATCHES_PER_DEG,
            );
            let point = grid.grid_from_wgs84(place.ok()?).ok()?;
            Some([point.easting_m, point.northing_m])
        };
        let middle = sample(0.0, 0.0)?;
        let (north, south) = (sample(1.0, 0.0)?, sample(-1.0, 0.0)?);
        let (east, west) = (sample(0.0, 1.0)?, sample(0.0, -1.0)?);
        let corners = [
            sample(1.0, 1.0)?,
            sample(-1.0, -1.0)?,
            sample(1.0, -1.0)?,
            sample(-1.0, 1.0)?,
        ];
        let each = |term: &dyn Fn(usize) -> f64| [term(0), term(1)];
        Some(Self([
            middle,
            each(&|axis| (north[axis] - south[axis]) / 2.0),
            each(&|axis| (east[axis] - west[axis]) / 2.0),
            each(&|axis| (north[axis] + south[axis]) / 2.0 - middle[axis]),
            each(&|axis| (east[axis] + west[axis]) / 2.0 - middle[axis]),
            each(&|axis| (corners[0][axis] + corners[1][axis] - corners[2][axis] - corners[3][axis]) / 4.0),
        ]))
    }

    fn at(&self, u: f64, v: f64) -> GridPoint {
        let terms = [1.0, u, v, u * u, v * v, u * v];
        let sum = |axis: usize| -> f64 {
            terms
                .iter()
                .zip(&self.0)
                .map(|(term, factor)| term * factor[axis])
                .sum()
        };
        GridPoint {
            easting_m: sum(0),
            northing_m: sum(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_the_projection(
            places in prop::collection::vec((-2.9..2.9_f64, -3.2..3.2_f64), 1..20),
            origin_deg in -60.0..60.0_f64,
        ) {
            let grid = WorkingGrid::centred(Wgs84::new(origin_deg, 121.6).unwrap()).unwrap();
            let mut projector = Projector::new(grid.clone());
            for (north, east) in places {
                let place = Wgs84::new(origin_deg + north, 121.6 + east).unwrap();
                match (projector.grid_from_wgs84(place), grid.grid_from_wgs84(place)) {
                    (Ok(fast), Ok(exact)) => {
                        let off = (fast.easting_m - exact.easting_m).hypot(fast.northing_m - exact.northing_m);
                        prop_assert!(off < 1e-4, "{} m off", off);
                    }
                    (fast, exact) => prop_assert_eq!(fast, exact),
                }
            }
        }
    }
}
