//! The scene's own frame: east, north, up in metres about an origin in Pudong, and its rigorous way to WGS-84
//! and back through earth-centred coordinates (no code shared with the program under test).

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

impl GeoPoint {
    /// The position to 1e-7 degrees (about a centimetre), as MAVLink and flight plans carry it.
    pub fn rounded(self) -> Self {
        let rounded = |degrees: f64| (degrees * 1e7).round() / 1e7;
        Self {
            latitude_deg: rounded(self.latitude_deg),
            longitude_deg: rounded(self.longitude_deg),
        }
    }
}

/// A scene's own frame: east, north, up in metres about an origin at street level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LocalFrame {
    /// Where scene coordinate (0, 0) lies.
    pub origin: GeoPoint,
    /// Street level above the sea, metres; scene height 0 is street level. Height above the sea and above the
    /// ellipsoid are taken as one here: the difference, about 10 m in Shanghai, moves no position.
    pub street_amsl_m: f64,
}

impl LocalFrame {
    /// Frame of the demonstration sortie and of training scenes: a point in Pudong.
    pub const DEMONSTRATION: Self = Self {
        origin: GeoPoint {
            latitude_deg: 31.2,
            longitude_deg: 121.6,
        },
        street_amsl_m: 4.0,
    };

    /// WGS-84 position of a scene point `[east, north, up]` in metres, by ENU → ECEF → geodetic.
    pub fn wgs84_from_enu(&self, enu_m: [f64; 3]) -> GeoPoint {
        let (lat, lon) = self.origin_rad();
        let origin = ecef(lat, lon, self.street_amsl_m);
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

    /// Scene point `[east, north, up]` in metres of a position at a height above the street, by geodetic → ECEF
    /// → ENU. Up counts from the plane that touches the street at the origin: 500 m away the curved street lies
    /// 2 cm below it.
    pub fn enu_from_wgs84(&self, place: GeoPoint, height_above_street_m: f64) -> [f64; 3] {
        let (lat, lon) = self.origin_rad();
        let origin = ecef(lat, lon, self.street_amsl_m);
        let point = ecef(
            place.latitude_deg.to_radians(),
            place.longitude_deg.to_radians(),
            self.street_amsl_m + height_above_street_m,
        );
        let [x, y, z]: [f64; 3] = std::array::from_fn(|k| point[k] - origin[k]);
        [
            -lon.sin() * x + lon.cos() * y,
            -lat.sin() * lon.cos() * x - lat.sin() * lon.sin() * y + lat.cos() * z,
            lat.cos() * lon.cos() * x + lat.cos() * lon.sin() * y + lat.sin() * z,
        ]
    }

    fn origin_rad(&self) -> (f64, f64) {
        (
            self.origin.latitude_deg.to_radians(),
            self.origin.longitude_deg.to_radians(),
        )
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

    const HERE: LocalFrame = LocalFrame::DEMONSTRATION;

    #[test]
    fn the_origin_maps_to_itself() {
        let here = HERE.wgs84_from_enu([0.0, 0.0, 0.0]);
        assert!((here.latitude_deg - 31.2).abs() < 1e-11 && (here.longitude_deg - 121.6).abs() < 1e-11);
    }

    #[test]
    fn a_hundred_metres_match_hand_computed_degrees() {
        // Radii at 31.2° (WGS-84): meridian M = 6 352 549.7 m, prime vertical N = 6 383 873.7 m.
        let north = HERE.wgs84_from_enu([0.0, 100.0, 0.0]);
        assert!(((north.latitude_deg - 31.2) - (100.0f64 / 6_352_553.7).to_degrees()).abs() < 2e-9);
        let east = HERE.wgs84_from_enu([100.0, 0.0, 0.0]);
        let expected = (100.0 / (6_383_877.7 * 31.2f64.to_radians().cos())).to_degrees();
        assert!(((east.longitude_deg - 121.6) - expected).abs() < 2e-9);
    }

    #[test]
    fn climbing_does_not_move_the_position() {
        let up = HERE.wgs84_from_enu([0.0, 0.0, 120.0]);
        assert!((up.latitude_deg - 31.2).abs() < 1e-11 && (up.longitude_deg - 121.6).abs() < 1e-11);
    }

    proptest::proptest! {
        #[test]
        fn positions_come_back_to_a_tenth_of_a_millimetre(
            latitude in -70.0..70.0f64, longitude in -179.0..179.0f64,
            east in -900.0..900.0f64, north in -900.0..900.0f64, up in 0.0..200.0f64,
        ) {
            let frame = LocalFrame {
                origin: GeoPoint { latitude_deg: latitude, longitude_deg: longitude },
                street_amsl_m: 4.2,
            };
            // The far end's height above the curved street: the drop of a sphere is d²/2R.
            let back = frame.enu_from_wgs84(frame.wgs84_from_enu([east, north, up]), up);
            proptest::prop_assert!((back[0] - east).abs() < 1e-4 && (back[1] - north).abs() < 1e-4, "{back:?}");
            let drop_m = (east * east + north * north) / (2.0 * 6_371_000.0);
            proptest::prop_assert!((back[2] - (up - drop_m)).abs() < 0.003, "{back:?}");
        }
    }
}
