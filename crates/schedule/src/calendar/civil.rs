//! Times of the city's clock as people write them into the calendar.

use std::fmt;
use std::str::FromStr;

use survey::time::CivilDay;

/// Why a text of the calendar is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not a time of day.
    #[error("{text:?} is not a time of day such as 10:00")]
    NotATime {
        /// The text as given.
        text: String,
    },
    /// Not a day and time.
    #[error("{text:?} is not a day and time such as 2026-03-02T10:00")]
    NotADayAndTime {
        /// The text as given.
        text: String,
    },
    /// Not a policy for missed times.
    #[error("{text:?} is not `skip` or `within 30 min`")]
    NotAPolicy {
        /// The text as given.
        text: String,
    },
}

/// A time of day on the city's clock, to the minute. Shows as `hh:mm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilTime {
    hour: i8,
    minute: i8,
}

impl CivilTime {
    /// Hour 0 to 23, minute 0 to 59; none for anything else.
    #[must_use]
    pub fn new(hour: i8, minute: i8) -> Option<Self> {
        let possible = (0..24).contains(&hour) && (0..60).contains(&minute);
        possible.then_some(Self { hour, minute })
    }

    /// 0 to 23.
    #[must_use]
    pub fn hour(self) -> i8 {
        self.hour
    }

    /// 0 to 59.
    #[must_use]
    pub fn minute(self) -> i8 {
        self.minute
    }

    /// Minutes since midnight, 0 to 1439.
    pub(crate) fn minute_of_day(self) -> u16 {
        u16::from(self.hour.unsigned_abs()) * 60 + u16::from(self.minute.unsigned_abs())
    }

    pub(crate) fn at_minute(minute: u16) -> Option<Self> {
        let part = |value: u16| i8::try_from(value).ok();
        Self::new(part(minute / 60)?, part(minute % 60)?)
    }
}

impl fmt::Display for CivilTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl FromStr for CivilTime {
    type Err = CalendarError;

    /// Reads `hh:mm`.
    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let not_a_time = || CalendarError::NotATime {
            text: text.to_owned(),
        };
        let number = |part: &str| {
            let shaped = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            part.parse::<i8>().ok().filter(|_| shaped).ok_or_else(not_a_time)
        };
        let (hour, minute) = text.split_once(':').ok_or_else(not_a_time)?;
        Self::new(number(hour)?, number(minute)?).ok_or_else(not_a_time)
    }
}

/// A day and time on the city's clock. Shows as `yyyy-mm-ddThh:mm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDateTime {
    /// The day.
    pub day: CivilDay,
    /// The time.
    pub time: CivilTime,
}

impl fmt::Display for CivilDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.day, self.time)
    }
}

impl FromStr for CivilDateTime {
    type Err = CalendarError;

    /// Reads `yyyy-mm-ddThh:mm`.
    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let not_one = || CalendarError::NotADayAndTime {
            text: text.to_owned(),
        };
        let (day, time) = text.split_once('T').ok_or_else(not_one)?;
        let (Ok(day), Ok(time)) = (day.parse(), time.parse()) else {
            return Err(not_one());
        };
        Ok(Self { day, time })
    }
}

/// What happens when a time was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissedPolicy {
    /// The mission is left out.
    Skip,
    /// It is flown when it can begin at most so many minutes late.
    WithinMinutes(u32),
}

impl fmt::Display for MissedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MissedPolicy::Skip => f.pad("skip"),
            MissedPolicy::WithinMinutes(minutes) => write!(f, "within {minutes} min"),
        }
    }
}

impl FromStr for MissedPolicy {
    type Err = CalendarError;

    /// Reads `skip` or `within 30 min`.
    fn from_str(text: &str) -> Result<Self, CalendarError> {
        if text == "skip" {
            return Ok(MissedPolicy::Skip);
        }
        let minutes = text
            .strip_prefix("within ")
            .and_then(|rest| rest.strip_suffix(" min"));
        let minutes = minutes.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        match minutes.and_then(|digits| digits.parse().ok()) {
            Some(minutes) => Ok(MissedPolicy::WithinMinutes(minutes)),
            None => Err(CalendarError::NotAPolicy {
                text: text.to_owned(),
            }),
        }
    }
}

/// 0 for Monday to 6 for Sunday. 1970-01-01 was a Thursday.
#[must_use]
pub fn weekday_number(day: CivilDay) -> usize {
    ((i64::from(day.0) + 3).rem_euclid(7)).unsigned_abs() as usize
}

/// Year, month 1 to 12, day 1 to 31 of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", civil_from_days). Years beyond those of [`survey::time`] come out as its last one plus one.
pub(crate) fn year_month_day(day: CivilDay) -> (i16, i8, i8) {
    let shifted = i64::from(day.0) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let small = |value: i64| i8::try_from(value).unwrap_or(i8::MAX);
    (
        i16::try_from(year).unwrap_or(survey::time::LAST_YEAR + 1),
        small(month),
        small(day),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_are_no_times_are_refused_with_an_example() {
        for text in [
            "",
            "10",
            "10:0",
            "1:00",
            "24:00",
            "10:60",
            "+1:00",
            "10:00:00",
            "上午:00",
        ] {
            let error = text.parse::<CivilTime>().unwrap_err().to_string();
            assert!(error.contains("such as 10:00"), "{error}");
        }
        for text in [
            "2026-03-02",
            "2026-03-02 10:00",
            "2026-02-30T10:00",
            "2026-03-02T10:00Z",
        ] {
            assert!(text.parse::<CivilDateTime>().is_err(), "{text}");
        }
        for text in [
            "Skip",
            "within 30",
            "within -3 min",
            "within +3 min",
            "within  min",
            "within 99999999999 min",
        ] {
            assert!(text.parse::<MissedPolicy>().is_err(), "{text}");
        }
        assert_eq!("within 30 min".parse(), Ok(MissedPolicy::WithinMinutes(30)));
    }

    #[test]
    fn the_first_and_last_day_are_where_the_calendar_thinks() {
        assert_eq!("1990-01-01".parse(), Ok(CivilDay(*super::super::DAYS.start())));
        assert_eq!("2200-12-31".parse(), Ok(CivilDay(*super::super::DAYS.end())));
    }

    proptest! {
        #[test]
        fn days_are_the_days_of_the_calendar(day in 7_305..84_371_i32) {
            let (year, month, in_month) = year_month_day(CivilDay(day));
            prop_assert_eq!(format!("{year:04}-{month:02}-{in_month:02}"), CivilDay(day).to_string());
        }

        #[test]
        fn texts_round_trip(day in 7_305..84_000_i32, minute in 0..1440_u16, late: u32) {
            let time = CivilTime::at_minute(minute).unwrap();
            let both = CivilDateTime { day: CivilDay(day), time };
            prop_assert_eq!(time.to_string().parse(), Ok(time));
            prop_assert_eq!(both.to_string().parse(), Ok(both));
            let policy = MissedPolicy::WithinMinutes(late);
            prop_assert_eq!(policy.to_string().parse(), Ok(policy));
        }

        #[test]
        fn any_text_and_any_day_is_answered(text in ".{0,30}", day: i32) {
            let _ = text.parse::<CivilTime>();
            let _ = text.parse::<CivilDateTime>();
            let _ = text.parse::<MissedPolicy>();
            let _ = year_month_day(CivilDay(day));
            prop_assert!(weekday_number(CivilDay(day)) < 7);
        }
    }
}
