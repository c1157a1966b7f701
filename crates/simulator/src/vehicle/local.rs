//! The vehicle's own flat frame: north, east and up in metres about its dock. Positions go through it both ways with
//! the same radii, so that a waypoint is reached where it was planned.

use crate::frame::GeoPoint;

/// WGS-84 semi-major axis, metres (NIMA TR8350.2).
const SEMI_MAJOR_M: f64 = 6_378_137.0;
/// WGS-84 first eccentricity squared.
const ECCENTRICITY_SQUARED: f64 = 6.694_379_990_141_317e-3;

/// North, east, up in metres.
pub(super) type Neu = [f64; 3];

/// A flat frame about one place, with the meridian and prime-vertical radii there (Torge, *Geodesy*, 4.1.3).
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalFrame {
    origin: GeoPoint,
    north_m_per_deg: f64,
    east_m_per_deg: f64,
}

impl LocalFrame {
    /// The frame about `origin`, `height_m` above the ellipsoid.
    pub(super) fn about(origin: GeoPoint, height_m: f64) -> Self {
        let latitude = origin.latitude_deg.to_radians();
        let w = 1.0 - ECCENTRICITY_SQUARED * latitude.sin().powi(2);
        let meridian = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / w.powf(1.5);
        let prime_vertical = SEMI_MAJOR_M / w.sqrt();
        Self {
            origin,
            north_m_per_deg: (meridian + height_m).to_radians(),
            east_m_per_deg: ((prime_vertical + height_m) * latitude.cos()).to_radians(),
        }
    }

    /// Metres north and east of the origin.
    pub(super) fn metres(&self, latitude_deg: f64, longitude_deg: f64) -> [f64; 2] {
        [
            (latitude_deg - self.origin.latitude_deg) * self.north_m_per_deg,
            (longitude_deg - self.origin.longitude_deg) * self.east_m_per_deg,
        ]
    }

    /// Latitude and longitude of metres north and east.
    pub(super) fn degrees(&self, north_m: f64, east_m: f64) -> GeoPoint {
        GeoPoint {
            latitude_deg: self.origin.latitude_deg + north_m / self.north_m_per_deg,
            longitude_deg: self.origin.longitude_deg + east_m / self.east_m_per_deg,
        }
    }
}

/// Horizontal distance of two places, metres.
pub(super) fn distance_m(a: &Neu, b: &Neu) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: GeoPoint = GeoPoint {
        latitude_deg: 31.2,
        longitude_deg: 121.6,
    };

    #[test]
    fn a_hundred_metres_match_hand_computed_degrees() {
        // Radii at 31.2° (WGS-84): meridian M = 6 352 549.7 m, prime vertical N = 6 383 873.7 m; 4 m above.
        let frame = LocalFrame::about(HERE, 4.0);
        let north = frame.degrees(100.0, 0.0);
        assert!(((north.latitude_deg - 31.2) - (100.0f64 / 6_352_553.7).to_degrees()).abs() < 2e-9);
        let east = frame.degrees(0.0, 100.0);
        let expected = (100.0 / (6_383_877.7 * 31.2f64.to_radians().cos())).to_degrees();
        assert!(((east.longitude_deg - 121.6) - expected).abs() < 2e-9);
    }

    #[test]
    fn there_and_back() {
        let frame = LocalFrame::about(HERE, 30.0);
        let place = frame.degrees(1234.5, -987.6);
        let [n, e] = frame.metres(place.latitude_deg, place.longitude_deg);
        assert!((n - 1234.5).abs() < 1e-6 && (e + 987.6).abs() < 1e-6);
    }
}
