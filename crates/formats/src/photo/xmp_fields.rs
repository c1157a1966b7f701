//! Picks the drone's values out of the XMP properties: position, heights, angles, RTK, lens calibration.

use super::clock::{self, Clock};
use super::exif_fields::ABSOLUTE_ALTITUDE_M;
use super::metadata::{AnglesDeg, Dewarp, Rtk};
use super::warning::Problem;
use super::warnings::Warnings;
use super::xmp_packet::{Space, XmpProperties};

/// What the XMP packets say, each value already believed on its own.
#[derive(Debug, Default)]
pub(super) struct XmpFields {
    pub(super) make: Option<String>,
    pub(super) model: Option<String>,
    pub(super) serial: Option<String>,
    /// UTC.
    pub(super) utc_at_exposure: Option<Clock>,
    pub(super) created: Option<Clock>,
    /// Latitude and longitude, degrees, north and east positive.
    pub(super) position_deg: Option<[f64; 2]>,
    pub(super) absolute_altitude_m: Option<f64>,
    pub(super) altitude_type: Option<String>,
    pub(super) relative_altitude_m: Option<f64>,
    pub(super) gimbal: Option<AnglesDeg>,
    pub(super) flight: Option<AnglesDeg>,
    pub(super) rtk: Option<Rtk>,
    pub(super) dewarp: Option<Dewarp>,
    pub(super) dewarp_applied: Option<bool>,
    pub(super) calibrated_focal_length_px: Option<f64>,
    pub(super) simulated: bool,
}

/// Reads all packets of one file together.
pub(super) fn read(packets: &[&[u8]], warnings: &mut Warnings) -> XmpFields {
    let mut properties = XmpProperties::default();
    for packet in packets {
        properties.read_packet(packet, warnings);
    }
    let mut source = Source {
        properties: &properties,
        warnings,
    };
    XmpFields {
        make: source.text(Space::Tiff, "Make"),
        model: source.text(Space::Tiff, "Model"),
        serial: source
            .text(Space::Dji, "CameraSerialNumber")
            .or_else(|| source.text(Space::Dji, "DroneSerialNumber")),
        utc_at_exposure: source.utc_at_exposure(),
        created: source.created(),
        position_deg: source.position(),
        absolute_altitude_m: source.number("AbsoluteAltitude", ABSOLUTE_ALTITUDE_M),
        altitude_type: source.text(Space::Dji, "AltitudeType"),
        relative_altitude_m: source.number("RelativeAltitude", RELATIVE_ALTITUDE_M),
        gimbal: source.angles(["GimbalYawDegree", "GimbalPitchDegree", "GimbalRollDegree"]),
        flight: source.angles(["FlightYawDegree", "FlightPitchDegree", "FlightRollDegree"]),
        rtk: source.rtk(),
        dewarp: source.dewarp(),
        dewarp_applied: source.flag("DewarpFlag"),
        calibrated_focal_length_px: source.number("CalibratedFocalLength", FOCAL_PX),
        simulated: source.simulated(),
    }
}

/// Lowest and highest height above take-off believed, metres.
const RELATIVE_ALTITUDE_M: (f64, f64) = (-200.0, 5000.0);
/// Focal lengths believed, pixels.
const FOCAL_PX: (f64, f64) = (10.0, 1e6);
/// Standard deviations believed of an RTK receiver, metres.
const RTK_STD_M: (f64, f64) = (0.0, 1000.0);

struct Source<'a> {
    properties: &'a XmpProperties,
    warnings: &'a mut Warnings,
}

impl Source<'_> {
    fn text(&mut self, space: Space, name: &str) -> Option<String> {
        self.properties.get(space, name, self.warnings).map(str::to_owned)
    }

    /// A DJI number: `+98.90`, `-1.8`, `0`.
    fn number(&mut self, name: &str, (low, high): (f64, f64)) -> Option<f64> {
        let written = self.text(Space::Dji, name)?;
        let field = format!("XMP {name}");
        let Ok(value) = written.parse::<f64>() else {
            self.warnings.unreadable(&field, &written, "a number");
            return None;
        };
        self.warnings.within(&field, value, low, high)
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        let written = self.text(Space::Dji, name)?;
        match written.as_str() {
            "0" => Some(false),
            "1" => Some(true),
            _ => {
                self.warnings
                    .unreadable(&format!("XMP {name}"), &written, "0 or 1");
                None
            }
        }
    }

    fn simulated(&mut self) -> bool {
        let written = self.text(Space::FlyOnce, "Simulated");
        written.is_some_and(|written| written.eq_ignore_ascii_case("true"))
    }

    fn utc_at_exposure(&mut self) -> Option<Clock> {
        let field = "XMP UTCAtExposure";
        let written = self.text(Space::Dji, "UTCAtExposure")?;
        let clock = clock::parse(field, &written, self.warnings)?;
        if clock.offset_minutes.unwrap_or(0) != 0 {
            self.warnings.unreadable(field, &written, "a UTC time");
            return None;
        }
        Some(Clock {
            offset_minutes: Some(0),
            ..clock
        })
    }

    /// Older DJI cameras write a bare date, which is no fault but no time either.
    fn created(&mut self) -> Option<Clock> {
        let written = self.text(Space::Xmp, "CreateDate")?;
        if written.len() <= "2018-03-26".len() {
            return None;
        }
        clock::parse("XMP CreateDate", &written, self.warnings)
    }

    fn position(&mut self) -> Option<[f64; 2]> {
        let latitude = self.number("GpsLatitude", (-90.0, 90.0));
        // Older DJI firmware misspells the name.
        let longitude = self
            .number("GpsLongitude", (-180.0, 180.0))
            .or_else(|| self.number("GpsLongtitude", (-180.0, 180.0)));
        let position = self.together([latitude, longitude], ["GpsLatitude", "GpsLongitude"])?;
        if position == [0.0, 0.0] {
            self.warnings.note("XMP GpsLatitude", Problem::NullIsland);
            return None;
        }
        match self.text(Space::Dji, "GpsStatus") {
            Some(status) if status.eq_ignore_ascii_case("Invalid") => {
                self.warnings.note("XMP GpsStatus", Problem::NoFix { status });
                None
            }
            _ => Some(position),
        }
    }

    /// Names in the order yaw, pitch, roll. A yaw may be counted to 360°, or backwards.
    fn angles(&mut self, names: [&str; 3]) -> Option<AnglesDeg> {
        let values = [
            self.number(names[0], (-360.0, 360.0)),
            self.number(names[1], (-180.0, 180.0)),
            self.number(names[2], (-180.0, 180.0)),
        ];
        let [yaw, pitch, roll] = self.together(values, names)?;
        Some(AnglesDeg { yaw, pitch, roll })
    }

    /// All or nothing; some but not all is noted.
    fn together<const N: usize>(&mut self, values: [Option<f64>; N], names: [&str; N]) -> Option<[f64; N]> {
        let missing = names
            .iter()
            .zip(&values)
            .find(|(_, value)| value.is_none())
            .map(|(name, _)| *name);
        let present = names
            .iter()
            .zip(&values)
            .find(|(_, value)| value.is_some())
            .map(|(name, _)| *name);
        if let (Some(missing), Some(present)) = (missing, present) {
            let problem = Problem::Incomplete {
                missing: format!("a usable {missing}"),
            };
            self.warnings.note(&format!("XMP {present}"), problem);
        }
        let mut all = [0.0; N];
        for (slot, value) in all.iter_mut().zip(values) {
            *slot = value?;
        }
        Some(all)
    }

    fn rtk(&mut self) -> Option<Rtk> {
        let flag = self.text(Space::Dji, "RtkFlag").and_then(|written| {
            let flag = written.parse().ok();
            if flag.is_none() {
                self.warnings
                    .unreadable("XMP RtkFlag", &written, "a whole number");
            }
            flag
        });
        let rtk = Rtk {
            flag,
            std_lon_m: self.number("RtkStdLon", RTK_STD_M),
            std_lat_m: self.number("RtkStdLat", RTK_STD_M),
            std_hgt_m: self.number("RtkStdHgt", RTK_STD_M),
        };
        let any = flag.is_some()
            || [rtk.std_lon_m, rtk.std_lat_m, rtk.std_hgt_m]
                .iter()
                .any(Option::is_some);
        any.then_some(rtk)
    }

    /// `2022-06-08;fx,fy,cx,cy,k1,k2,p1,p2,k3`, the day and its semicolon optional.
    fn dewarp(&mut self) -> Option<Dewarp> {
        let field = "XMP DewarpData";
        let written = self.text(Space::Dji, "DewarpData")?;
        let (date, list) = match written.split_once(';') {
            Some((date, list)) => (Some(date.trim().to_owned()), list),
            None => (None, written.as_str()),
        };
        let numbers: Vec<f64> = list
            .split(',')
            .filter_map(|number| number.trim().parse().ok())
            .collect();
        let count = list.split(',').count();
        let all_finite = numbers.iter().all(|number| number.is_finite());
        let &[fx, fy, cx, cy, k1, k2, p1, p2, k3] = numbers.as_slice() else {
            self.warnings
                .unreadable(field, &written, "day;fx,fy,cx,cy,k1,k2,p1,p2,k3");
            return None;
        };
        if count != numbers.len() || !all_finite {
            self.warnings
                .unreadable(field, &written, "nine numbers after the day");
            return None;
        }
        self.warnings.within(field, fx, FOCAL_PX.0, FOCAL_PX.1)?;
        self.warnings.within(field, fy, FOCAL_PX.0, FOCAL_PX.1)?;
        Some(Dewarp {
            date,
            fx,
            fy,
            cx,
            cy,
            k1,
            k2,
            p1,
            p2,
            k3,
        })
    }
}
