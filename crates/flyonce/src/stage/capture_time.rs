//! When a photo was taken, in UTC, and on whose word. A photo that states no zone is taken to be in the
//! city's zone, and its row says so.

use formats::photo::{CaptureSource, CaptureTime};
use survey::time::{CityZone, LocalTime, UtcMicros};

use crate::lang::Words;

/// A moment and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured {
    /// The moment.
    pub at: UtcMicros,
    /// What tells the zone.
    pub zone: ZoneSource,
}

/// What tells the zone of a capture time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneSource {
    /// The photo states UTC or an offset.
    Stated,
    /// The photo states none: the city's zone is assumed.
    AssumedCity,
}

impl ZoneSource {
    /// Code stored with the photo.
    pub fn code(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::AssumedCity => "assumed_city",
        }
    }
}

/// The words for an assumed zone; a stated one needs none.
pub fn zone_assumption(code: &str, zone_name: &str) -> Option<Words> {
    (code == ZoneSource::AssumedCity.code()).then(|| {
        Words::new(
            format!("照片未注明时区,按城市时区 {zone_name} 计"),
            format!("the photo states no time zone: the city's, {zone_name}, is assumed"),
        )
    })
}

/// The moment a photo was taken; `None` when its clock reading does not exist in the city's zone.
pub fn captured(time: &CaptureTime, city: &CityZone) -> Option<Captured> {
    let local = local_time(time);
    let utc = match time.source {
        CaptureSource::UtcAtExposure | CaptureSource::GpsTime => Some(0),
        _ => time.offset_minutes,
    };
    match utc {
        Some(offset_minutes) => {
            let zone = CityZone::named("UTC").ok()?;
            let at = zone.utc_from_local(local).ok()?;
            let offset_us = i64::from(offset_minutes) * 60_000_000;
            Some(Captured {
                at: UtcMicros(at.0 - offset_us),
                zone: ZoneSource::Stated,
            })
        }
        None => Some(Captured {
            at: city.utc_from_local(local).ok()?,
            zone: ZoneSource::AssumedCity,
        }),
    }
}

fn local_time(time: &CaptureTime) -> LocalTime {
    LocalTime {
        year: time.local.year,
        month: time.local.month,
        day: time.local.day,
        hour: time.local.hour,
        minute: time.local.minute,
        second: time.local.second,
        micros: time.local.micros,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::photo::CivilTime;

    fn noon(offset_minutes: Option<i32>, source: CaptureSource) -> CaptureTime {
        let local = CivilTime {
            year: 2026,
            month: 11,
            day: 23,
            hour: 12,
            minute: 0,
            second: 0,
            micros: 0,
        };
        CaptureTime {
            local,
            offset_minutes,
            source,
        }
    }

    #[test]
    fn a_stated_offset_is_used_and_a_missing_one_is_the_citys() {
        let city = CityZone::named("Asia/Shanghai").unwrap();
        let stated = captured(&noon(Some(-300), CaptureSource::ExifWithOffset), &city).unwrap();
        assert_eq!(stated.at.to_string(), "2026-11-23T17:00:00Z");
        let assumed = captured(&noon(None, CaptureSource::ExifWithoutZone), &city).unwrap();
        assert_eq!(assumed.at.to_string(), "2026-11-23T04:00:00Z");
        assert_eq!(assumed.zone, ZoneSource::AssumedCity);
    }
}
