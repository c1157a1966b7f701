//! Instants, civil days and the city's time zone. Instants are microseconds in UTC; a civil day only exists
//! together with a zone. Pure: nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp, Unit};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// First year a photo or a decision can plausibly carry.
pub const FIRST_YEAR: i16 = 1990;
/// Last year a photo or a decision can plausibly carry.
pub const LAST_YEAR: i16 = 2200;

/// Why a time could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimeError {
    /// The zone name is not in the IANA database.
    #[error("time zone `{name}` is unknown; use an IANA name such as Asia/Shanghai")]
    UnknownZone {
        /// The name that was asked for.
        name: String,
    },
    /// The text is not RFC 3339 with an offset.
    #[error("`{text}` is not a date and time with offset such as 2026-11-23T09:30:00Z")]
    NotRfc3339 {
        /// The text as given.
        text: String,
    },
    /// The text is not a calendar day.
    #[error("`{text}` is not a day such as 2026-11-23")]
    NotADay {
        /// The text as given.
        text: String,
    },
    /// Such a date or clock time does not exist (31 February, 25 o'clock).
    #[error("{local} is not a possible date and time")]
    Impossible {
        /// The civil time as given.
        local: String,
    },
    /// The zone's clock jumped over this local time.
    #[error("{local} does not exist in {zone}: the clock was put forward over it")]
    Skipped {
        /// The civil time as given.
        local: String,
        /// The zone's name.
        zone: String,
    },
    /// The year lies outside [`FIRST_YEAR`]..=[`LAST_YEAR`].
    #[error("{text} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")]
    OutOfRange {
        /// The time as given.
        text: String,
    },
}

/// An instant: microseconds since 1970-01-01T00:00:00Z. Shows as RFC 3339 with `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UtcMicros(pub i64);

impl UtcMicros {
    /// Reads RFC 3339 with an offset (`2026-11-23T09:30:00.25+08:00`), digits below a microsecond cut off.
    ///
    /// # Errors
    /// [`TimeError::NotRfc3339`], [`TimeError::OutOfRange`].
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        let not_rfc3339 = || TimeError::NotRfc3339 {
            text: text.to_owned(),
        };
        if !has_rfc3339_shape(text) {
            return Err(not_rfc3339());
        }
        let Ok(instant) = text.parse::<Timestamp>() else {
            return Err(not_rfc3339());
        };
        let micros = instant.as_microsecond();
        if !in_range(micros) {
            return Err(TimeError::OutOfRange {
                text: text.to_owned(),
            });
        }
        Ok(Self(micros))
    }
}

impl fmt::Display for UtcMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_beyond_calendar) => write!(f, "{} microseconds since 1970", self.0),
        }
    }
}

/// A calendar day: days since 1970-01-01. Shows as `yyyy-mm-dd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CivilDay(pub i32);

impl fmt::Display for CivilDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = Span::new()
            .try_days(i64::from(self.0))
            .and_then(|days| epoch_day().checked_add(days));
        match date {
            Ok(date) => write!(f, "{date}"),
            Err(_beyond_calendar) => write!(f, "day {} since 1970", self.0),
        }
    }
}

impl FromStr for CivilDay {
    type Err = TimeError;

    /// Reads `yyyy-mm-dd`.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let not_a_day = || TimeError::NotADay {
            text: text.to_owned(),
        };
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(i, b)| {
                if i == 4 || i == 7 {
                    *b == b'-'
                } else {
                    b.is_ascii_digit()
                }
            });
        if !shaped {
            return Err(not_a_day());
        }
        let Ok(date) = text.parse::<Date>() else {
            return Err(not_a_day());
        };
        if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
            return Err(TimeError::OutOfRange {
                text: text.to_owned(),
            });
        }
        Ok(day_of(date))
    }
}

/// A wall-clock time without zone, as cameras write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalTime {
    /// Calendar year.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
    /// 0 to 59.
    pub second: i8,
    /// 0 to 999 999.
    pub micros: i32,
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// The time zone of the city, by IANA name; the database is built into the program.
#[derive(Debug, Clone, PartialEq)]
pub struct CityZone {
    name: String,
    zone: TimeZone,
}

impl CityZone {
    /// Looks the zone up, e.g. `Asia/Shanghai`.
    ///
    /// # Errors
    /// [`TimeError::UnknownZone`].
    pub fn named(name: &str) -> Result<Self, TimeError> {
        let Ok(zone) = TimeZone::get(name) else {
            return Err(TimeError::UnknownZone {
                name: name.to_owned(),
            });
        };
        Ok(Self {
            name: name.to_owned(),
            zone,
        })
    }

    /// The IANA name this zone was made from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The calendar day on the city's clock at this instant (instants beyond year 9999 count as the last day).
    #[must_use]
    pub fn civil_day(&self, instant: UtcMicros) -> CivilDay {
        day_of(self.zone.to_datetime(calendar_instant(instant)).date())
    }

    /// The instant at which the city's clock showed `local`. A time shown twice (clock put back) means the
    /// earlier of the two.
    ///
    /// # Errors
    /// [`TimeError::Impossible`], [`TimeError::Skipped`] (clock put forward), [`TimeError::OutOfRange`].
    pub fn utc_from_local(&self, local: LocalTime) -> Result<UtcMicros, TimeError> {
        let impossible = || TimeError::Impossible {
            local: local.to_string(),
        };
        if !(FIRST_YEAR..=LAST_YEAR).contains(&local.year) {
            return Err(TimeError::OutOfRange {
                text: local.to_string(),
            });
        }
        let nanos = local.micros.checked_mul(1000).ok_or_else(impossible)?;
        let LocalTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = local;
        let Ok(civil) = DateTime::new(year, month, day, hour, minute, second, nanos) else {
            return Err(impossible());
        };
        let candidates = self.zone.to_ambiguous_timestamp(civil);
        if matches!(candidates.offset(), AmbiguousOffset::Gap { .. }) {
            return Err(TimeError::Skipped {
                local: local.to_string(),
                zone: self.name.clone(),
            });
        }
        let Ok(instant) = candidates.earlier() else {
            return Err(impossible());
        };
        Ok(UtcMicros(instant.as_microsecond()))
    }

    /// The city's clock as `yyyy-mm-dd hh:mm:ss`, for people.
    #[must_use]
    pub fn local_text(&self, instant: UtcMicros) -> String {
        let local = self.zone.to_datetime(calendar_instant(instant));
        let (date, time) = (local.date(), local.time());
        format!(
            "{date} {:02}:{:02}:{:02}",
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

fn has_rfc3339_shape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let offset_marked =
        text.ends_with(['Z', 'z']) || text.get(19..).is_some_and(|tail| tail.contains(['+', '-']));
    bytes.len() >= 20
        && matches!(bytes[10], b'T' | b't')
        && bytes[16] == b':'
        && offset_marked
        && !text.contains('[')
}

fn in_range(micros: i64) -> bool {
    let year = TimeZone::UTC
        .to_datetime(calendar_instant(UtcMicros(micros)))
        .year();
    (FIRST_YEAR..=LAST_YEAR).contains(&year)
}

fn calendar_instant(instant: UtcMicros) -> Timestamp {
    let edge = if instant.0 < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_microsecond(instant.0).unwrap_or(edge)
}

fn epoch_day() -> Date {
    Date::constant(1970, 1, 1)
}

fn day_of(date: Date) -> CivilDay {
    let days = epoch_day()
        .until((Unit::Day, date))
        .map_or(0, |span| span.get_days());
    CivilDay(days)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn local(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> LocalTime {
        LocalTime {
            year,
            month,
            day,
            hour,
            minute,
            second: 0,
            micros: 0,
        }
    }

    #[test]
    fn shanghai_is_eight_hours_ahead() {
        let zone = CityZone::named("Asia/Shanghai").unwrap();
        let instant = zone.utc_from_local(local(2026, 11, 23, 7, 30)).unwrap();
        assert_eq!(instant.to_string(), "2026-11-22T23:30:00Z");
        assert_eq!(zone.civil_day(instant).to_string(), "2026-11-23");
        assert_eq!(zone.local_text(instant), "2026-11-23 07:30:00");
        assert_eq!(UtcMicros::parse_rfc3339("2026-11-23T07:30:00+08:00"), Ok(instant));
    }

    #[test]
    fn clock_changes() {
        let zone = CityZone::named("Europe/Minsk").unwrap();
        assert_eq!(
            zone.utc_from_local(local(2018, 3, 26, 17, 41))
                .unwrap()
                .to_string(),
            "2018-03-26T14:41:00Z"
        );
        let berlin = CityZone::named("Europe/Berlin").unwrap();
        let twice = berlin.utc_from_local(local(2026, 10, 25, 2, 30)).unwrap();
        assert_eq!(twice.to_string(), "2026-10-25T00:30:00Z");
        let never = berlin.utc_from_local(local(2026, 3, 29, 2, 30));
        assert!(matches!(never, Err(TimeError::Skipped { .. })), "{never:?}");
        // China put its clocks forward in the summers of 1986 to 1991.
        let summer = CityZone::named("Asia/Shanghai")
            .unwrap()
            .utc_from_local(local(1990, 7, 1, 12, 0))
            .unwrap();
        assert_eq!(summer.to_string(), "1990-07-01T03:00:00Z");
    }

    #[test]
    fn refuses_impossible_times() {
        let zone = CityZone::named("Asia/Shanghai").unwrap();
        assert!(matches!(
            CityZone::named("Asia/Pudong"),
            Err(TimeError::UnknownZone { .. })
        ));
        assert!(matches!(
            zone.utc_from_local(local(2026, 2, 30, 0, 0)),
            Err(TimeError::Impossible { .. })
        ));
        assert!(matches!(
            zone.utc_from_local(local(2026, 2, 3, 25, 0)),
            Err(TimeError::Impossible { .. })
        ));
        let fraction = LocalTime {
            micros: i32::MAX,
            ..local(2026, 2, 3, 1, 0)
        };
        assert!(matches!(
            zone.utc_from_local(fraction),
            Err(TimeError::Impossible { .. })
        ));
        assert!(matches!(
            zone.utc_from_local(local(1970, 1, 1, 0, 0)),
            Err(TimeError::OutOfRange { .. })
        ));
        for text in [
            "2026-11-23",
            "2026-11-23T07:30:00",
            "2026-11-23 07:30:00Z",
            "2026-11-23T07:30:00+08:00[Asia/Shanghai]",
            "",
        ] {
            assert!(
                matches!(UtcMicros::parse_rfc3339(text), Err(TimeError::NotRfc3339 { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            UtcMicros::parse_rfc3339("1969-01-01T00:00:00Z"),
            Err(TimeError::OutOfRange { .. })
        ));
        assert!(matches!(
            "2026-13-01".parse::<CivilDay>(),
            Err(TimeError::NotADay { .. })
        ));
        assert!(matches!(
            "1950-01-01".parse::<CivilDay>(),
            Err(TimeError::OutOfRange { .. })
        ));
    }

    #[test]
    fn extreme_values_still_show() {
        assert_eq!(CivilDay(0).to_string(), "1970-01-01");
        assert!(CivilDay(i32::MAX).to_string().starts_with("day "));
        assert!(UtcMicros(i64::MIN).to_string().ends_with("since 1970"));
        let zone = CityZone::named("Asia/Shanghai").unwrap();
        assert!(zone.civil_day(UtcMicros(i64::MAX)) > zone.civil_day(UtcMicros(0)));
    }

    proptest! {
        #[test]
        fn instants_round_trip(micros in 631_152_000_000_000_i64..7_258_118_400_000_000_i64) {
            let instant = UtcMicros(micros);
            prop_assert_eq!(UtcMicros::parse_rfc3339(&instant.to_string()), Ok(instant));
        }

        #[test]
        fn days_round_trip(day in 7_305..84_000_i32) {
            prop_assert_eq!(CivilDay(day).to_string().parse::<CivilDay>(), Ok(CivilDay(day)));
        }

        #[test]
        fn local_times_round_trip(micros in 1_000_000_000_000_000_i64..4_000_000_000_000_000_i64) {
            let zone = CityZone::named("Asia/Shanghai").unwrap();
            let text = zone.local_text(UtcMicros(micros));
            let number = |from: usize, to: usize| text[from..to].parse::<i8>().unwrap();
            let read = LocalTime {
                year: text[..4].parse().unwrap(), month: number(5, 7), day: number(8, 10),
                hour: number(11, 13), minute: number(14, 16), second: number(17, 19), micros: 7,
            };
            let back = zone.utc_from_local(read).unwrap();
            prop_assert_eq!(back.0, micros.div_euclid(1_000_000) * 1_000_000 + 7);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,30}") {
            let _ = UtcMicros::parse_rfc3339(&text);
            let _ = text.parse::<CivilDay>();
        }
    }
}
