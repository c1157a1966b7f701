//! What a file's coordinates are written in: geographic on a datum, or a transverse Mercator projection (UTM,
//! Gauss–Krüger) by EPSG code or by its parameters. WGS-84 and CGCS2000 are taken as equal (they differ by centimetres
//! to decimetres with the epoch); older national and local systems need parameters nobody publishes and are refused.

use std::fmt;
use std::str::FromStr;

use proj4rs::Proj;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::geodesy::{Datum, Gcj02, GeodesyError, Wgs84, wgs84_from_gcj02};
use crate::grid::carry;

/// Why coordinates cannot be brought to WGS-84.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ReferenceError {
    /// The name is no system this program converts.
    #[error(
        "`{name}` is no coordinate system this program converts; use WGS-84, CGCS2000, GCJ-02, EPSG:32601-32660 or \
         32701-32760 (UTM), or EPSG:4491-4554 (CGCS2000 Gauss-Krüger){}",
        local_hint(name)
    )]
    Unknown {
        /// As given.
        name: String,
    },
    /// A parameter of a projection that cannot be meant.
    #[error("a transverse Mercator projection with {problem} cannot be used")]
    BadProjection {
        /// What is wrong.
        problem: String,
    },
    /// Numbers that are no place in the system.
    #[error("{x}, {y} is no place in {reference}{}", hint.map_or("", PlaceHint::text))]
    NoPlace {
        /// First number.
        x: f64,
        /// Second number.
        y: f64,
        /// The system.
        reference: String,
        /// What they look like instead.
        hint: Option<PlaceHint>,
    },
}

/// What numbers that are no place look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceHint {
    /// Degrees, where metres are expected.
    Degrees,
    /// Metres, where degrees are expected.
    Metres,
    /// Latitude before longitude.
    LatitudeFirst,
    /// Northing before easting, as surveyors of the mainland write X and Y.
    NorthingFirst,
    /// An easting with the number of its zone before it, in a system without.
    ZoneBefore,
    /// An easting without the number of its zone, in a system with it.
    NoZoneBefore,
}

impl PlaceHint {
    fn text(self) -> &'static str {
        match self {
            Self::Degrees => "; they look like degrees",
            Self::Metres => "; they look like metres of a projected system",
            Self::LatitudeFirst => "; latitude and longitude look exchanged (longitude comes first)",
            Self::NorthingFirst => "; easting and northing look exchanged (easting comes first)",
            Self::ZoneBefore => {
                "; the easting carries the number of its zone: state the system with it (EPSG:4513-4533, 4491-4501)"
            }
            Self::NoZoneBefore => {
                "; the easting carries no number of its zone: state the system without it (EPSG:4534-4554, 4502-4512)"
            }
        }
    }

    fn of_degrees(x: f64, y: f64) -> Option<Self> {
        if x.abs() > 360.0 || y.abs() > 360.0 {
            Some(Self::Metres)
        } else if y.abs() > 90.0 && x.abs() <= 90.0 {
            Some(Self::LatitudeFirst)
        } else {
            None
        }
    }

    fn of_metres(x: f64, y: f64, projection: &TransverseMercator) -> Option<Self> {
        const ZONES: std::ops::RangeInclusive<f64> = 13.0..=45.0;
        // Half of a zone of 6° and then some: data of a city may stay in the zone beside its own.
        let easting = |number: f64, false_easting_m: f64| (number - false_easting_m).abs() < 500_000.0;
        let zoned = |number: f64| ZONES.contains(&(number / 1e6).floor()) && easting(number % 1e6, 500_000.0);
        let northing = |number: f64| (600_000.0..10_000_000.0).contains(&number.abs());
        if x.abs() <= 180.0 && y.abs() <= 90.0 {
            Some(Self::Degrees)
        } else if northing(x) && (easting(y, projection.false_easting_m) || zoned(y)) {
            Some(Self::NorthingFirst)
        } else if projection.false_easting_m < 1e6 && zoned(x) {
            Some(Self::ZoneBefore)
        } else if projection.false_easting_m > 1e6 && easting(x, 500_000.0) {
            Some(Self::NoZoneBefore)
        } else {
            None
        }
    }
}

fn local_hint(name: &str) -> &'static str {
    let folded = name.to_lowercase();
    let older = [
        "54", "80", "上海", "北京", "西安", "shanghai", "beijing", "xian", "2327", "2437",
    ];
    if older.iter().any(|part| folded.contains(part)) {
        "; older national and local systems have to be converted to CGCS2000 by whoever holds their parameters"
    } else {
        ""
    }
}

/// A transverse Mercator projection on WGS-84 or CGCS2000, easting first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TransverseMercator {
    /// Longitude of the central meridian, degrees.
    pub central_meridian_deg: f64,
    /// Latitude of the origin, degrees.
    pub origin_latitude_deg: f64,
    /// Scale on the central meridian.
    pub scale: f64,
    /// Easting of the central meridian, m.
    pub false_easting_m: f64,
    /// Northing of the origin, m.
    pub false_northing_m: f64,
    /// What it stands on.
    pub datum: Datum,
    /// EPSG code, where it has one.
    pub epsg: Option<u32>,
}

/// What coordinates are written in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// Longitude and latitude, degrees.
    Geographic(Datum),
    /// Easting and northing, m.
    Projected(TransverseMercator),
}

impl Reference {
    /// The system of an EPSG code.
    ///
    /// # Errors
    /// [`ReferenceError::Unknown`].
    pub fn from_epsg(code: u32) -> Result<Self, ReferenceError> {
        let utm = |zone: u32, false_northing_m: f64| TransverseMercator {
            central_meridian_deg: f64::from(zone) * 6.0 - 183.0,
            origin_latitude_deg: 0.0,
            scale: 0.9996,
            false_easting_m: 500_000.0,
            false_northing_m,
            datum: Datum::Wgs84,
            epsg: Some(code),
        };
        let gauss_kruger = |meridian_deg: u32, zone: u32| TransverseMercator {
            central_meridian_deg: f64::from(meridian_deg),
            origin_latitude_deg: 0.0,
            scale: 1.0,
            false_easting_m: f64::from(zone) * 1e6 + 500_000.0,
            false_northing_m: 0.0,
            datum: Datum::Cgcs2000,
            epsg: Some(code),
        };
        Ok(Self::Projected(match code {
            4326 => return Ok(Self::Geographic(Datum::Wgs84)),
            4490 => return Ok(Self::Geographic(Datum::Cgcs2000)),
            32601..=32660 => utm(code - 32600, 0.0),
            32701..=32760 => utm(code - 32700, 10_000_000.0),
            // 6° zones 13 to 23, then by meridian 75° to 135°; 3° zones 25 to 45, then by the same meridians.
            4491..=4501 => gauss_kruger((code - 4491) * 6 + 75, code - 4491 + 13),
            4502..=4512 => gauss_kruger((code - 4502) * 6 + 75, 0),
            4513..=4533 => gauss_kruger((code - 4513 + 25) * 3, code - 4513 + 25),
            4534..=4554 => gauss_kruger((code - 4534 + 25) * 3, 0),
            _ => {
                return Err(ReferenceError::Unknown {
                    name: format!("EPSG:{code}"),
                });
            }
        }))
    }

    /// Whether two statements mean the same coordinates. WGS-84 and CGCS2000 are not told apart by numbers, but a file
    /// that says one and a person who says the other contradict each other.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Geographic(a), Self::Geographic(b)) => a == b,
            (Self::Projected(a), Self::Projected(b)) => {
                let close = |a: f64, b: f64, by: f64| (a - b).abs() <= by;
                a.datum == b.datum
                    && close(a.central_meridian_deg, b.central_meridian_deg, 1e-9)
                    && close(a.origin_latitude_deg, b.origin_latitude_deg, 1e-9)
                    && close(a.scale, b.scale, 1e-9)
                    && close(a.false_easting_m, b.false_easting_m, 1e-3)
                    && close(a.false_northing_m, b.false_northing_m, 1e-3)
            }
            _ => false,
        }
    }

    /// The datum the coordinates stand on.
    #[must_use]
    pub fn datum(&self) -> Datum {
        match self {
            Self::Geographic(datum) => *datum,
            Self::Projected(projection) => projection.datum,
        }
    }

    /// A converter to WGS-84 for many places.
    ///
    /// # Errors
    /// [`ReferenceError::BadProjection`].
    pub fn converter(&self) -> Result<Converter, ReferenceError> {
        let projections = match self {
            Self::Geographic(_) => None,
            Self::Projected(projection) => Some(projection.projections()?),
        };
        Ok(Converter {
            reference: *self,
            projections,
        })
    }
}

impl TransverseMercator {
    /// Longitude and latitude (radians), and this projection.
    pub(crate) fn projections(&self) -> Result<(Proj, Proj), ReferenceError> {
        let sensible = self.central_meridian_deg.abs() <= 180.0
            && self.origin_latitude_deg.abs() <= 89.0
            && (0.5..=1.5).contains(&self.scale)
            && self.false_easting_m.abs() < 1e9
            && self.false_northing_m.abs() < 1e9;
        let bad = |problem: String| ReferenceError::BadProjection { problem };
        if !sensible {
            return Err(bad(format!("{self:?}")));
        }
        let text = format!(
            "+proj=tmerc +lat_0={} +lon_0={} +k={} +x_0={} +y_0={} +datum=WGS84 +units=m +no_defs",
            self.origin_latitude_deg,
            self.central_meridian_deg,
            self.scale,
            self.false_easting_m,
            self.false_northing_m
        );
        let make = |text: &str| Proj::from_proj_string(text).map_err(|error| bad(error.to_string()));
        Ok((make("+proj=longlat +datum=WGS84 +no_defs")?, make(&text)?))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Geographic(datum) => datum.fmt(f),
            Self::Projected(TransverseMercator { epsg: Some(code), .. }) => write!(f, "EPSG:{code}"),
            Self::Projected(projection) => write!(
                f,
                "transverse Mercator, meridian {}°, scale {}, false easting {} m",
                projection.central_meridian_deg, projection.scale, projection.false_easting_m
            ),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Reads a datum's name, or an EPSG code with or without `EPSG:`.
    fn from_str(name: &str) -> Result<Self, ReferenceError> {
        if let Ok(datum) = name.parse::<Datum>() {
            return Ok(Self::Geographic(datum));
        }
        let unknown = || ReferenceError::Unknown {
            name: name.chars().take(80).collect(),
        };
        let upper = name.trim().to_ascii_uppercase();
        let code = upper.rsplit(':').next().unwrap_or_default();
        let is_code = upper == code || upper.contains("EPSG");
        let code = code.strip_prefix("EPSG").unwrap_or(code);
        match code.parse::<u32>() {
            Ok(code) if is_code => Self::from_epsg(code).map_err(|_unknown_code| unknown()),
            _ => Err(unknown()),
        }
    }
}

/// Brings coordinates of one system to WGS-84.
#[derive(Clone)]
pub struct Converter {
    reference: Reference,
    projections: Option<(Proj, Proj)>,
}

impl Converter {
    /// The place that `[x, y]` (longitude and latitude, or easting and northing) means.
    ///
    /// # Errors
    /// [`ReferenceError::NoPlace`].
    pub fn wgs84(&self, [x, y]: [f64; 2]) -> Result<Wgs84, ReferenceError> {
        let no_place = || ReferenceError::NoPlace {
            x,
            y,
            reference: self.reference.to_string(),
            hint: match &self.reference {
                Reference::Geographic(_) => PlaceHint::of_degrees(x, y),
                Reference::Projected(projection) => PlaceHint::of_metres(x, y, projection),
            },
        };
        let geographic = |read: Result<Wgs84, GeodesyError>| read.map_err(|_out_of_range| no_place());
        match (&self.reference, &self.projections) {
            (Reference::Geographic(Datum::Gcj02), _) => geographic(Gcj02::new(y, x).map(wgs84_from_gcj02)),
            (Reference::Geographic(_), _) | (Reference::Projected(_), None) => geographic(Wgs84::new(y, x)),
            (Reference::Projected(projection), Some((lon_lat, projected))) => {
                // Beyond this the series of the projection is no longer one to one.
                let far = (x - projection.false_easting_m).abs() > 1.5e6 || y.abs() > 2.0e7;
                if far || (x.abs() <= 180.0 && y.abs() <= 90.0) || !(x.is_finite() && y.is_finite()) {
                    return Err(no_place());
                }
                let carried = carry(projected, lon_lat, [x, y]).map_err(|_failed| no_place())?;
                geographic(Wgs84::new(carried[1].to_degrees(), carried[0].to_degrees()))
            }
        }
    }
}

impl fmt::Debug for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Converter").field(&self.reference).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geodesy::geodesic_distance_m;

    #[test]
    fn names_and_codes_are_read() {
        for (text, shown) in [
            ("WGS-84", "WGS-84"),
            ("EPSG:4490", "CGCS2000"),
            ("gcj02", "GCJ-02"),
            ("EPSG:4549", "EPSG:4549"),
            ("4528", "EPSG:4528"),
            ("urn:ogc:def:crs:EPSG::32651", "EPSG:32651"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), shown, "{text}");
        }
        for text in [
            "",
            "EPSG:2437",
            "BD-09",
            "Beijing 1954",
            "上海平面坐标系",
            "EPSG:99",
            "IAU:49900",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
        let local = "上海2000".parse::<Reference>().unwrap_err().to_string();
        assert!(local.contains("have to be converted"), "{local}");
    }

    #[test]
    fn one_place_in_every_system_agrees_with_proj() {
        // PROJ 9.5.1: 121.5°E 31.2°N in UTM 51 and, with CGCS2000 for WGS-84, in the zones about 120°E.
        let place = Wgs84::new(31.2, 121.5).unwrap();
        for (code, at) in FROM_PROJ {
            let converter = Reference::from_epsg(*code).unwrap().converter().unwrap();
            let read = converter.wgs84(*at).unwrap();
            assert!(geodesic_distance_m(read, place) < 1e-3, "{code}: {read:?}");
        }
    }

    const FROM_PROJ: &[(u32, [f64; 2])] = &[
        (32651, [357_093.025_818, 3_452_736.485_011]),
        (4549, [642_964.159_847, 3_454_118.132_166]),
        (4528, [40_642_964.159_847, 3_454_118.132_166]),
        (4510, [357_035.840_153, 3_454_118.132_166]),
        (4499, [21_357_035.840_153, 3_454_118.132_166]),
        (4548, [929_075.361_233, 3_461_888.369_13]),
    ];

    #[test]
    fn numbers_of_another_system_are_told() {
        let zone: Reference = "EPSG:4549".parse().unwrap();
        let degrees = zone.converter().unwrap().wgs84([121.5, 31.2]).unwrap_err();
        assert!(degrees.to_string().contains("look like degrees"), "{degrees}");
        let geographic: Reference = "WGS-84".parse().unwrap();
        let converter = geographic.converter().unwrap();
        let metres = converter.wgs84([357_093.0, 3_453_000.0]).unwrap_err();
        assert!(metres.to_string().contains("metres"), "{metres}");
        let swapped = converter.wgs84([31.2, 121.5]).unwrap_err();
        assert!(swapped.to_string().contains("exchanged"), "{swapped}");
        for (code, at, hint) in [
            // Surveyors of the mainland write X for the northing.
            (4549, [3_454_118.0, 642_964.0], PlaceHint::NorthingFirst),
            (4549, [3_454_118.0, 40_642_964.0], PlaceHint::NorthingFirst),
            (4528, [3_454_118.0, 40_642_964.0], PlaceHint::NorthingFirst),
            (32651, [3_452_736.0, 357_093.0], PlaceHint::NorthingFirst),
            (4549, [40_642_964.0, 3_454_118.0], PlaceHint::ZoneBefore),
            (4528, [642_964.0, 3_454_118.0], PlaceHint::NoZoneBefore),
        ] {
            let error = Reference::from_epsg(code)
                .unwrap()
                .converter()
                .unwrap()
                .wgs84(at)
                .unwrap_err();
            assert!(
                matches!(&error, ReferenceError::NoPlace { hint: Some(found), .. } if *found == hint),
                "{code} {at:?}: {error}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_numbers_in_any_system_are_a_place_or_refused(x in any::<f64>(), y in any::<f64>(), code in 4480..4560_u32) {
            if let Ok(reference) = Reference::from_epsg(code) {
                let _ = reference.converter().unwrap().wgs84([x, y]);
            }
        }
    }
}
