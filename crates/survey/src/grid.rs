//! The flat working grid that areas are measured on: a transverse Mercator projection centred on the city,
//! stored with the data so that a number can be computed again years later.

use std::fmt;

use proj4rs::Proj;
use proj4rs::transform::transform;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::geodesy::{WGS84_ECCENTRICITY_SQUARED, WGS84_SEMI_MAJOR_M, Wgs84, geodesic_distance_m};

/// Farthest distance from the origin the grid is used at, km. Up to here the areal scale stays below 1.0023.
pub const WORKING_RADIUS_KM: f64 = 300.0;

/// Why a point or a definition does not fit the grid.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GridError {
    /// The point is farther than [`WORKING_RADIUS_KM`] from the origin.
    #[error(
        "the place is {distance_km:.0} km from the centre of the working area (limit {WORKING_RADIUS_KM} km)"
    )]
    OutsideWorkingArea {
        /// Geodesic distance from the origin, km.
        distance_km: f64,
    },
    /// The stored projection text cannot be used.
    #[error("working grid `{projection}` cannot be used: {problem}")]
    BadDefinition {
        /// The projection text.
        projection: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The projection gave no finite result.
    #[error("the projection failed at {place}: {problem}")]
    ProjectionFailed {
        /// The coordinates that failed.
        place: String,
        /// What the projection said.
        problem: String,
    },
}

/// What has to be stored to build the same grid again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GridDefinition {
    /// Projection as a PROJ string.
    pub projection: String,
    /// Latitude of the origin, degrees WGS-84.
    pub origin_latitude_deg: f64,
    /// Longitude of the origin, degrees WGS-84.
    pub origin_longitude_deg: f64,
}

/// A point on the working grid, m from the origin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GridPoint {
    /// East of the origin.
    pub easting_m: f64,
    /// North of the origin.
    pub northing_m: f64,
}

/// A transverse Mercator projection (scale 1 on the central meridian, WGS-84) centred on one origin.
#[derive(Clone)]
pub struct WorkingGrid {
    definition: GridDefinition,
    origin: Wgs84,
    geographic: Proj,
    projected: Proj,
    /// Gauss radius √(MN) at the origin, m.
    radius_m: f64,
}

impl WorkingGrid {
    /// The grid centred on `origin`, usually the middle of the city.
    ///
    /// # Errors
    /// [`GridError::BadDefinition`] within a degree of a pole.
    pub fn centred(origin: Wgs84) -> Result<Self, GridError> {
        Self::from_definition(&GridDefinition {
            projection: projection_text(origin),
            origin_latitude_deg: origin.latitude_deg,
            origin_longitude_deg: origin.longitude_deg,
        })
    }

    /// The grid that was stored.
    ///
    /// # Errors
    /// [`GridError::BadDefinition`] when the text is not the transverse Mercator projection of the origin.
    pub fn from_definition(definition: &GridDefinition) -> Result<Self, GridError> {
        let bad = |problem: String| GridError::BadDefinition {
            projection: definition.projection.clone(),
            problem,
        };
        let origin = Wgs84::new(definition.origin_latitude_deg, definition.origin_longitude_deg)
            .map_err(|error| bad(error.to_string()))?;
        if origin.latitude_deg.abs() > 89.0 {
            return Err(bad("the origin is too close to a pole".to_owned()));
        }
        if definition.projection != projection_text(origin) {
            return Err(bad(format!(
                "expected `{}` for this origin",
                projection_text(origin)
            )));
        }
        let projected =
            Proj::from_proj_string(&definition.projection).map_err(|error| bad(error.to_string()))?;
        let geographic = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs")
            .map_err(|error| bad(error.to_string()))?;
        let sin_lat = origin.latitude_deg.to_radians().sin();
        let flat = 1.0 - WGS84_ECCENTRICITY_SQUARED * sin_lat * sin_lat;
        let radius_m = WGS84_SEMI_MAJOR_M * (1.0 - WGS84_ECCENTRICITY_SQUARED).sqrt() / flat;
        Ok(Self {
            definition: definition.clone(),
            origin,
            geographic,
            projected,
            radius_m,
        })
    }

    /// What to store so that [`WorkingGrid::from_definition`] builds this grid again.
    #[must_use]
    pub fn definition(&self) -> GridDefinition {
        self.definition.clone()
    }

    /// Projects a position, agreeing with PROJ to 1e-7 m.
    ///
    /// # Errors
    /// [`GridError::OutsideWorkingArea`], [`GridError::ProjectionFailed`].
    pub fn grid_from_wgs84(&self, position: Wgs84) -> Result<GridPoint, GridError> {
        self.check_near(position)?;
        let place = [
            position.longitude_deg.to_radians(),
            position.latitude_deg.to_radians(),
        ];
        let [easting_m, northing_m] = carry(&self.geographic, &self.projected, place)?;
        Ok(GridPoint {
            easting_m,
            northing_m,
        })
    }

    /// The position of a grid point.
    ///
    /// # Errors
    /// [`GridError::OutsideWorkingArea`], [`GridError::ProjectionFailed`].
    pub fn wgs84_from_grid(&self, point: GridPoint) -> Result<Wgs84, GridError> {
        let distance_km = point.easting_m.hypot(point.northing_m) / 1000.0;
        // A margin of 1 km: the grid stretches lengths by up to 0.11 % at the rim.
        if !distance_km.is_finite() || distance_km > WORKING_RADIUS_KM + 1.0 {
            return Err(GridError::OutsideWorkingArea { distance_km });
        }
        let [longitude, latitude] = carry(
            &self.projected,
            &self.geographic,
            [point.easting_m, point.northing_m],
        )?;
        Ok(Wgs84 {
            latitude_deg: latitude.to_degrees(),
            longitude_deg: longitude.to_degrees(),
        })
    }

    /// Grid area over true area at a point: k² with k = 1 + E²/2R² + E⁴/24R⁴, E east of the central
    /// meridian, R the Gauss radius at the origin (Snyder 1987, eq. 8-11 without its ellipsoidal terms).
    #[must_use]
    pub fn areal_scale(&self, point: GridPoint) -> f64 {
        let ratio = (point.easting_m / self.radius_m).powi(2);
        let scale = 1.0 + ratio / 2.0 + ratio * ratio / 24.0;
        scale * scale
    }

    /// Gauss radius of curvature √(MN) at the origin, m.
    #[must_use]
    pub fn radius_m(&self) -> f64 {
        self.radius_m
    }

    fn check_near(&self, position: Wgs84) -> Result<(), GridError> {
        // A degree of latitude is 111 km, so that nearly every point is settled without the geodesic.
        let north_deg = (position.latitude_deg - self.origin.latitude_deg).abs();
        let east_deg = (position.longitude_deg - self.origin.longitude_deg).abs();
        if north_deg < 1.5 && east_deg < 1.5 {
            return Ok(());
        }
        let distance_km = geodesic_distance_m(self.origin, position) / 1000.0;
        if distance_km.is_finite() && distance_km <= WORKING_RADIUS_KM {
            return Ok(());
        }
        Err(GridError::OutsideWorkingArea { distance_km })
    }
}

impl PartialEq for WorkingGrid {
    fn eq(&self, other: &Self) -> bool {
        self.definition == other.definition
    }
}

impl fmt::Debug for WorkingGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorkingGrid")
            .field(&self.definition.projection)
            .finish()
    }
}

fn projection_text(origin: Wgs84) -> String {
    format!(
        "+proj=tmerc +lat_0={:.9} +lon_0={:.9} +k_0=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs",
        origin.latitude_deg, origin.longitude_deg
    )
}

pub(crate) fn carry(from: &Proj, to: &Proj, place: [f64; 2]) -> Result<[f64; 2], GridError> {
    let failed = |problem: String| GridError::ProjectionFailed {
        place: format!("{place:?}"),
        problem,
    };
    let mut point = (place[0], place[1], 0.0);
    transform(from, to, &mut point).map_err(|error| failed(error.to_string()))?;
    if !(point.0.is_finite() && point.1.is_finite()) {
        return Err(failed("no finite result".to_owned()));
    }
    Ok([point.0, point.1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geodesy::LocalTangent;

    const CENTRE: Wgs84 = Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.5,
    };

    #[test]
    fn small_offsets_are_those_of_the_local_plane() {
        let (grid, plane) = (WorkingGrid::centred(CENTRE).unwrap(), LocalTangent::at(CENTRE));
        for [east, north] in [[0.0, 0.0], [500.0, 0.0], [0.0, 500.0], [-300.0, 400.0]] {
            let at = grid.grid_from_wgs84(plane.wgs84_from_enu(east, north)).unwrap();
            assert!(
                (at.easting_m - east).abs() < 1e-3 && (at.northing_m - north).abs() < 1e-3,
                "{at:?}"
            );
        }
    }

    #[test]
    fn equals_published_transverse_mercator_of_utm_zone_51() {
        // UTM 51 is the same projection with k0 = 0.9996 and a false easting, about 123°E. PROJ 9.5.1 puts
        // 31.2°N 121.5°E at 357 093.025 818 east.
        let grid = WorkingGrid::centred(Wgs84 {
            latitude_deg: 31.2,
            longitude_deg: 123.0,
        })
        .unwrap();
        let at = grid.grid_from_wgs84(CENTRE).unwrap();
        assert!(
            (at.easting_m * 0.9996 + 500_000.0 - 357_093.025_818).abs() < 1e-5,
            "{at:?}"
        );
    }

    #[test]
    fn areal_scale_is_the_ratio_of_areas() {
        let grid = WorkingGrid::centred(CENTRE).unwrap();
        for longitude_deg in [121.5, 122.0, 123.5] {
            let middle = Wgs84 {
                latitude_deg: 31.4,
                longitude_deg,
            };
            let plane = LocalTangent::at(middle);
            let at = |e: f64, n: f64| grid.grid_from_wgs84(plane.wgs84_from_enu(e, n)).unwrap();
            let (a, b) = (at(100.0, 0.0), at(-100.0, 0.0));
            let measured = ((a.easting_m - b.easting_m).hypot(a.northing_m - b.northing_m) / 200.0).powi(2);
            let claimed = grid.areal_scale(at(0.0, 0.0));
            assert!((measured / claimed - 1.0).abs() < 2e-6, "{measured} {claimed}");
        }
    }

    #[test]
    fn definition_survives_storage_and_is_checked() {
        let grid = WorkingGrid::centred(Wgs84 {
            latitude_deg: 31.123_456_789_012,
            longitude_deg: 121.1,
        })
        .unwrap();
        let text = serde_json::to_string(&grid.definition()).unwrap();
        let again = WorkingGrid::from_definition(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(grid.definition().projection, again.definition().projection);
        let other = GridDefinition {
            origin_longitude_deg: 120.0,
            ..grid.definition()
        };
        assert!(matches!(
            WorkingGrid::from_definition(&other),
            Err(GridError::BadDefinition { .. })
        ));
        let odd = GridDefinition {
            projection: "+proj=nonsense".to_owned(),
            ..grid.definition()
        };
        assert!(matches!(
            WorkingGrid::from_definition(&odd),
            Err(GridError::BadDefinition { .. })
        ));
    }

    #[test]
    fn refuses_far_places() {
        let grid = WorkingGrid::centred(CENTRE).unwrap();
        let beijing = Wgs84 {
            latitude_deg: 39.9,
            longitude_deg: 116.4,
        };
        let error = grid.grid_from_wgs84(beijing).unwrap_err();
        assert!(
            matches!(error, GridError::OutsideWorkingArea { distance_km } if (1000.0..1100.0).contains(&distance_km))
        );
        let nowhere = Wgs84 {
            latitude_deg: f64::NAN,
            longitude_deg: 0.0,
        };
        assert!(grid.grid_from_wgs84(nowhere).is_err());
        assert!(
            grid.wgs84_from_grid(GridPoint {
                easting_m: f64::INFINITY,
                northing_m: 0.0
            })
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn round_trip(east in -2e5..2e5_f64, north in -2e5..2e5_f64) {
            let grid = WorkingGrid::centred(CENTRE).unwrap();
            let place = grid.wgs84_from_grid(GridPoint { easting_m: east, northing_m: north }).unwrap();
            let back = grid.grid_from_wgs84(place).unwrap();
            prop_assert!((back.easting_m - east).abs() < 1e-6 && (back.northing_m - north).abs() < 1e-6);
        }
    }
}
