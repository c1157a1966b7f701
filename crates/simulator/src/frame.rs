//! The scene's own frame: east, north, up in metres about a point in Pudong, and its rigorous way to WGS-84
//! through earth-centred coordinates (no code shared with the program under test).

use serde::Serialize;

/// WGS-84 semi-major axis, metres (NIMA TR8350.2).
const SEMI_MAJOR_M: f64 = 6_378_137.0;
/// WGS-84 first eccentricity squared.
const ECCENTRICITY_SQUARED: f64 = 6.694_379_990_141_317e-3;

/// A WGS-84 position in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GeoPoint {
    /// Latitude, degrees north.
    pub latitude_deg: f64,
    /// Longitude, degrees east.
    pub longitude_deg: f64,
}

/// Where scene coordinate (0, 0) lies.
pub const ORIGIN: GeoPoint = GeoPoint {
    latitude_deg: 31.2,
    longitude_deg: 121.6,
};
/// Street level above the sea, metres (made up, about right for Pudong); scene height 0 is street level.
pub const STREET_ELEVATION_M: f64 = 4.0;

/// WGS-84 position of a scene point `[east, north, up]` in metres, by ENU → ECEF → geodetic.
pub fn wgs84_from_enu(enu_m: [f64; 3]) -> GeoPoint {
    let (lat, lon) = (
        ORIGIN.latitude_deg.to_radians(),
        ORIGIN.longitude_deg.to_radians(),
    );
    let origin = ecef(lat, lon, STREET_ELEVATION_M);
    let [e, n, u] = enu_m;
    let x = origin[0] - lon.sin() * e - lat.sin() * lon.cos() * n + lat.cos() * lon.cos() * u;
    let y = origin[1] + lon.cos() * e - lat.sin() * lon.sin() * n + lat.cos() * lon.sin() * u;
    let z = origin[2] + lat.cos() * n + lat.sin() * u;
    let distance = x.hypot(y);
    let mut latitude = z.atan2(distance * (1.0 - ECCENTRICITY_SQUARED));
    for _ in 0..6 {
        let normal = SEMI_MAJOR_M / (1.0 - ECCENTRICITY_SQUARED * latitude.sin().powi(2)).sqrt();
        let height = distance / latitude.cos() - normal;
        latitude = z.atan2(distance * (1.0 - ECCENTRICITY_SQUARED * normal / (normal + height)));
    }
    GeoPoint {
        latitude_deg: latitude.to_degrees(),
        longitude_deg: y.atan2(x).to_degrees(),
    }
}

/// Earth-centred coordinates of a geodetic position (radians, metres).
fn ecef(latitude_rad: f64, longitude_rad: f64, height_m: f64) -> [f64; 3] {
    let normal = SEMI_MAJOR_M / (1.0 - ECCENTRICITY_SQUARED * latitude_rad.sin().powi(2)).sqrt();
    [
        (normal + height_m) * latitude_rad.cos() * longitude_rad.cos(),
        (normal + height_m) * latitude_rad.cos() * longitude_rad.sin(),
        (normal * (1.0 - ECCENTRICITY_SQUARED) + height_m) * latitude_rad.sin(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_maps_to_itself() {
        let here = wgs84_from_enu([0.0, 0.0, 0.0]);
        assert!((here.latitude_deg - 31.2).abs() < 1e-11 && (here.longitude_deg - 121.6).abs() < 1e-11);
    }

    #[test]
    fn a_hundred_metres_match_hand_computed_degrees() {
        // Radii at 31.2° (WGS-84): meridian M = 6 352 549.7 m, prime vertical N = 6 383 873.7 m.
        let north = wgs84_from_enu([0.0, 100.0, 0.0]);
        assert!(((north.latitude_deg - 31.2) - (100.0f64 / 6_352_553.7).to_degrees()).abs() < 2e-9);
        let east = wgs84_from_enu([100.0, 0.0, 0.0]);
        let expected = (100.0 / (6_383_877.7 * 31.2f64.to_radians().cos())).to_degrees();
        assert!(((east.longitude_deg - 121.6) - expected).abs() < 2e-9);
    }

    #[test]
    fn climbing_does_not_move_the_position() {
        let up = wgs84_from_enu([0.0, 0.0, 120.0]);
        assert!((up.latitude_deg - 31.2).abs() < 1e-11 && (up.longitude_deg - 121.6).abs() < 1e-11);
    }
}
