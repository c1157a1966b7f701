//! Positions on the Earth: WGS-84 and GCJ-02 as types that cannot be mixed, heights with their reference,
//! a local east-north plane, distances.

use std::fmt;
use std::str::FromStr;

use geo::{Distance, Geodesic, Point};
use serde::{Deserialize, Serialize};
use thiserror::Error;

mod shifted;

pub use shifted::{gcj02_from_wgs84, wgs84_from_gcj02};

/// Semi-major axis of WGS-84, m (NIMA TR8350.2).
pub const WGS84_SEMI_MAJOR_M: f64 = 6_378_137.0;
/// Flattening of WGS-84 (NIMA TR8350.2).
pub const WGS84_FLATTENING: f64 = 1.0 / 298.257_223_563;
/// First eccentricity squared of WGS-84.
pub const WGS84_ECCENTRICITY_SQUARED: f64 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING);

/// Why numbers are not a position, or a name is not a datum.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GeodesyError {
    /// Latitude or longitude is not a number within its range.
    #[error("latitude {latitude_deg}, longitude {longitude_deg} is no place on Earth")]
    NotOnEarth {
        /// As given, degrees.
        latitude_deg: f64,
        /// As given, degrees.
        longitude_deg: f64,
    },
    /// The datum name is not one of WGS84, CGCS2000, GCJ02.
    #[error("datum `{name}` is unknown; use WGS-84, CGCS2000 or GCJ-02")]
    UnknownDatum {
        /// The name as given.
        name: String,
    },
}

#[derive(Deserialize)]
struct RawDegrees {
    latitude_deg: f64,
    longitude_deg: f64,
}

/// A position on the WGS-84 ellipsoid, degrees. CGCS2000 is taken as equal (differs by centimetres).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawDegrees")]
pub struct Wgs84 {
    /// −90 to 90, north positive.
    pub latitude_deg: f64,
    /// −180 to 180, east positive.
    pub longitude_deg: f64,
}

impl Wgs84 {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`GeodesyError::NotOnEarth`].
    pub fn new(latitude_deg: f64, longitude_deg: f64) -> Result<Self, GeodesyError> {
        check_degrees(latitude_deg, longitude_deg)?;
        Ok(Self {
            latitude_deg,
            longitude_deg,
        })
    }
}

impl TryFrom<RawDegrees> for Wgs84 {
    type Error = GeodesyError;

    fn try_from(raw: RawDegrees) -> Result<Self, GeodesyError> {
        Self::new(raw.latitude_deg, raw.longitude_deg)
    }
}

/// A position in the shifted datum of Chinese web maps, degrees. Only for display tiles and for reading
/// layers that were drawn on such maps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawDegrees")]
pub struct Gcj02 {
    /// −90 to 90, north positive.
    pub latitude_deg: f64,
    /// −180 to 180, east positive.
    pub longitude_deg: f64,
}

impl Gcj02 {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`GeodesyError::NotOnEarth`].
    pub fn new(latitude_deg: f64, longitude_deg: f64) -> Result<Self, GeodesyError> {
        check_degrees(latitude_deg, longitude_deg)?;
        Ok(Self {
            latitude_deg,
            longitude_deg,
        })
    }
}

impl TryFrom<RawDegrees> for Gcj02 {
    type Error = GeodesyError;

    fn try_from(raw: RawDegrees) -> Result<Self, GeodesyError> {
        Self::new(raw.latitude_deg, raw.longitude_deg)
    }
}

/// The datum a file's coordinates are declared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    /// The satellite navigation datum.
    Wgs84,
    /// The Chinese national datum; equal to WGS-84 within centimetres.
    Cgcs2000,
    /// The shifted datum of Chinese web maps; about 500 m away.
    Gcj02,
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wgs84 => "WGS-84",
            Self::Cgcs2000 => "CGCS2000",
            Self::Gcj02 => "GCJ-02",
        })
    }
}

impl FromStr for Datum {
    type Err = GeodesyError;

    /// Reads a name in any case, with or without `-`, `_` and blanks, or its EPSG code (4326, 4490).
    fn from_str(name: &str) -> Result<Self, GeodesyError> {
        let plain: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match plain.as_str() {
            "wgs84" | "epsg4326" | "4326" | "crs84" => Ok(Self::Wgs84),
            "cgcs2000" | "epsg4490" | "4490" => Ok(Self::Cgcs2000),
            "gcj02" => Ok(Self::Gcj02),
            _ => Err(GeodesyError::UnknownDatum {
                name: name.to_owned(),
            }),
        }
    }
}

/// Height above the ground straight below, m.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AltitudeAglM(pub f64);

/// Height above the point of take-off, m (DJI `RelativeAltitude`).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AltitudeAboveTakeoffM(pub f64);

/// Height above the WGS-84 ellipsoid, m.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EllipsoidalHeightM(pub f64);

/// Height above the geoid (sea level), m.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrthometricHeightM(pub f64);

/// The east-north plane that touches the ellipsoid at one point. Points are carried over along the plane's
/// normal, exactly in both directions, so that a round trip is good to micrometres at any distance used here;
/// lengths in the plane are short by d³/6R² (33 µm at 2 km).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalTangent {
    origin_ecef_m: [f64; 3],
    east: [f64; 3],
    north: [f64; 3],
    up: [f64; 3],
}

impl LocalTangent {
    /// The plane touching at `origin`.
    #[must_use]
    pub fn at(origin: Wgs84) -> Self {
        let (sin_lat, cos_lat) = origin.latitude_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = origin.longitude_deg.to_radians().sin_cos();
        Self {
            origin_ecef_m: ecef_from_wgs84(origin),
            east: [-sin_lon, cos_lon, 0.0],
            north: [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            up: [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        }
    }

    /// East and north of the origin, m.
    #[must_use]
    pub fn enu_from_wgs84(&self, position: Wgs84) -> [f64; 2] {
        let point = ecef_from_wgs84(position);
        let offset = [0, 1, 2].map(|axis| point[axis] - self.origin_ecef_m[axis]);
        [dot(&offset, &self.east), dot(&offset, &self.north)]
    }

    /// The position on the ellipsoid that lies `east_m`, `north_m` from the origin. Offsets beyond the edge
    /// of the Earth (thousands of kilometres) give the nearest point of its rim.
    #[must_use]
    pub fn wgs84_from_enu(&self, east_m: f64, north_m: f64) -> Wgs84 {
        let foot = [0, 1, 2]
            .map(|axis| self.origin_ecef_m[axis] + east_m * self.east[axis] + north_m * self.north[axis]);
        // Where the plane's normal through `foot` meets x² + y² + z²/(1−e²) = a²: a quadratic in the height.
        let stretch = [1.0, 1.0, 1.0 / (1.0 - WGS84_ECCENTRICITY_SQUARED)];
        let weighted = |a: &[f64; 3], b: &[f64; 3]| -> f64 {
            (0..3).map(|axis| stretch[axis] * a[axis] * b[axis]).sum()
        };
        let square = weighted(&self.up, &self.up);
        let half_linear = weighted(&self.up, &foot);
        let constant = weighted(&foot, &foot) - WGS84_SEMI_MAJOR_M * WGS84_SEMI_MAJOR_M;
        let root = (half_linear * half_linear - square * constant).max(0.0).sqrt();
        let up_m = -constant / (half_linear + root);
        let point = [0, 1, 2].map(|axis| foot[axis] + up_m * self.up[axis]);
        let across = point[0].hypot(point[1]);
        Wgs84 {
            latitude_deg: point[2]
                .atan2((1.0 - WGS84_ECCENTRICITY_SQUARED) * across)
                .to_degrees(),
            longitude_deg: point[1].atan2(point[0]).to_degrees(),
        }
    }
}

/// Length of the shortest line on the ellipsoid, m (Karney 2013).
#[must_use]
pub fn geodesic_distance_m(from: Wgs84, to: Wgs84) -> f64 {
    Geodesic.distance(
        Point::new(from.longitude_deg, from.latitude_deg),
        Point::new(to.longitude_deg, to.latitude_deg),
    )
}

fn check_degrees(latitude_deg: f64, longitude_deg: f64) -> Result<(), GeodesyError> {
    if (-90.0..=90.0).contains(&latitude_deg) && (-180.0..=180.0).contains(&longitude_deg) {
        return Ok(());
    }
    Err(GeodesyError::NotOnEarth {
        latitude_deg,
        longitude_deg,
    })
}

fn ecef_from_wgs84(position: Wgs84) -> [f64; 3] {
    let (sin_lat, cos_lat) = position.latitude_deg.to_radians().sin_cos();
    let (sin_lon, cos_lon) = position.longitude_deg.to_radians().sin_cos();
    let normal_m = WGS84_SEMI_MAJOR_M / (1.0 - WGS84_ECCENTRICITY_SQUARED * sin_lat * sin_lat).sqrt();
    [
        normal_m * cos_lat * cos_lon,
        normal_m * cos_lat * sin_lon,
        normal_m * (1.0 - WGS84_ECCENTRICITY_SQUARED) * sin_lat,
    ]
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(latitude_deg: f64, longitude_deg: f64) -> Wgs84 {
        Wgs84::new(latitude_deg, longitude_deg).unwrap()
    }

    #[test]
    fn one_degree_at_pudong() {
        // Series of the meridian arc and parallel at 31.2°N (WGS-84): 110 870 m and 95 314 m.
        let here = place(31.2, 121.5);
        let north = geodesic_distance_m(place(30.7, 121.5), place(31.7, 121.5));
        let east = geodesic_distance_m(here, place(31.2, 122.5));
        let latitude = 31.2_f64.to_radians();
        let meridian = 111_132.954 - 559.822 * (2.0 * latitude).cos() + 1.175 * (4.0 * latitude).cos();
        let parallel =
            111_412.84 * latitude.cos() - 93.5 * (3.0 * latitude).cos() + 0.118 * (5.0 * latitude).cos();
        assert!((north - meridian).abs() < 0.1, "{north} {meridian}");
        // The geodesic cuts the corner of the parallel by about 1 m in 95 km.
        assert!((parallel - east - 0.8).abs() < 0.8, "{east} {parallel}");
    }

    #[test]
    fn tangent_plane_agrees_with_the_geodesic() {
        let here = place(31.2, 121.5);
        let plane = LocalTangent::at(here);
        for bearing in 0..12 {
            let (sin, cos) = (f64::from(bearing) * 30.0).to_radians().sin_cos();
            let there = plane.wgs84_from_enu(2000.0 * sin, 2000.0 * cos);
            assert!((geodesic_distance_m(here, there) - 2000.0).abs() < 1e-3);
        }
        let east = plane.wgs84_from_enu(1000.0, 0.0);
        assert!(east.longitude_deg > 121.5 && (east.latitude_deg - 31.2).abs() < 1e-6);
    }

    #[test]
    fn known_shifted_pair() {
        // Test pair of the eviltransform package, which uses a slightly smaller Earth (up to 9 mm).
        let shifted = gcj02_from_wgs84(place(31.177_427_6, 121.527_210_6));
        assert!(
            (shifted.latitude_deg - 31.175_303_983_645_97).abs() < 1e-7,
            "{shifted:?}"
        );
        assert!(
            (shifted.longitude_deg - 121.531_541_859_215).abs() < 1.1e-7,
            "{shifted:?}"
        );
        let london = place(51.5, -0.1);
        assert_eq!(
            gcj02_from_wgs84(london),
            Gcj02 {
                latitude_deg: 51.5,
                longitude_deg: -0.1
            }
        );
    }

    #[test]
    fn refuses_what_is_nowhere() {
        assert!(Wgs84::new(121.5, 31.2).is_err());
        assert!(Wgs84::new(f64::NAN, 0.0).is_err());
        assert!(serde_json::from_str::<Wgs84>(r#"{"latitude_deg":91,"longitude_deg":0}"#).is_err());
        assert!("Beijing 54".parse::<Datum>().is_err());
    }

    #[test]
    fn datum_names() {
        for datum in [Datum::Wgs84, Datum::Cgcs2000, Datum::Gcj02] {
            assert_eq!(datum.to_string().parse(), Ok(datum));
        }
        assert_eq!("gcj-02".parse(), Ok(Datum::Gcj02));
        assert_eq!("EPSG:4490".parse(), Ok(Datum::Cgcs2000));
    }

    proptest! {
        #[test]
        fn tangent_round_trip(lat in -89.0..89.0_f64, lon in -179.9..179.9_f64, e in -1e5..1e5_f64, n in -1e5..1e5_f64) {
            let plane = LocalTangent::at(place(lat, lon));
            let back = plane.enu_from_wgs84(plane.wgs84_from_enu(e, n));
            prop_assert!((back[0] - e).abs() < 1e-6 && (back[1] - n).abs() < 1e-6, "{:?}", back);
        }

        #[test]
        fn shift_round_trip(lat in 4.0..53.0_f64, lon in 74.0..135.0_f64) {
            let here = place(lat, lon);
            let back = wgs84_from_gcj02(gcj02_from_wgs84(here));
            prop_assert!(geodesic_distance_m(here, back) < 1e-6);
            let shift = geodesic_distance_m(here, place(gcj02_from_wgs84(here).latitude_deg, gcj02_from_wgs84(here).longitude_deg));
            prop_assert!(shift < 1500.0);
        }

        #[test]
        fn any_datum_name_is_read_or_refused(name in ".{0,12}") {
            let _ = name.parse::<Datum>();
        }
    }
}
