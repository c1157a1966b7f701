//! Reads clock readings as cameras write them, and refuses those that no calendar or no set clock has.

use jiff::civil::DateTime;

use super::metadata::CivilTime;
use super::warning::Problem;
use super::warnings::{Warnings, quote};

/// A clock reading and, when stated, how far it is ahead of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) local: CivilTime,
    pub(super) offset_minutes: Option<i32>,
}

/// Reads `2018:03:26 17:41:41` (EXIF) and `2018-03-26T17:41:41.123456+08:00` (XMP, ISO 8601), with or
/// without the fraction and the offset. Notes why when it cannot.
pub(super) fn parse(field: &str, written: &str, warnings: &mut Warnings) -> Option<Clock> {
    if is_blank(written) {
        warnings.note(
            field,
            Problem::ClockNotSet {
                value: quote(written),
            },
        );
        return None;
    }
    let Some(clock) = parse_text(written.trim()) else {
        warnings.unreadable(field, written, "a date and a time of day");
        return None;
    };
    // No drone took photos before 2000; receivers and clocks without a battery start at 1970 or 1980.
    if clock.local.year < 2000 {
        warnings.note(
            field,
            Problem::ClockNotSet {
                value: quote(written),
            },
        );
        return None;
    }
    Some(clock)
}

/// Reads `+08:00`, `-0330` or `Z` as minutes ahead of UTC; real offsets lie within ±14 h.
pub(super) fn parse_offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    // Checked before it is split: a letter of several bytes must not be cut in two.
    let digits = rest.replacen(':', "", 1);
    if digits.len() != 4 || !digits.is_ascii() {
        return None;
    }
    let (hours, minutes) = (integer(&digits[..2])?, integer(&digits[2..])?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 14 * 60).then_some(sign * total)
}

/// Microseconds of the digits behind a decimal point, further digits cut off.
pub(super) fn micros_of(digits: &str) -> Option<i32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    integer(&format!("{digits:0<6}")[..6])
}

/// Seconds from `a` to `b`, both on the same clock.
pub(super) fn seconds_between(a: CivilTime, b: CivilTime) -> Option<i64> {
    Some(date_time(b)?.duration_since(date_time(a)?).as_secs())
}

/// Zeros, blanks and colons are what cameras write when they do not know the time.
fn is_blank(written: &str) -> bool {
    written
        .chars()
        .all(|c| matches!(c, '0' | ':' | '-' | '.' | ' ' | 'T' | 'Z'))
}

fn parse_text(text: &str) -> Option<Clock> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let time = rest.strip_prefix([' ', 'T'])?.trim_start();
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = (time.get(..zone_at)?.trim_end(), time.get(zone_at..)?);
    let offset_minutes = if zone.is_empty() {
        None
    } else {
        Some(parse_offset(zone)?)
    };
    let (time, micros) = match time.split_once('.') {
        Some((time, digits)) => (time, micros_of(digits)?),
        None => (time, 0),
    };
    let [year, month, day] = integers(date, if date.contains('-') { '-' } else { ':' })?;
    let [hour, minute, second] = integers(time, ':')?;
    let local = CivilTime {
        year: i16::try_from(year).ok()?,
        month: i8::try_from(month).ok()?,
        day: i8::try_from(day).ok()?,
        hour: i8::try_from(hour).ok()?,
        minute: i8::try_from(minute).ok()?,
        second: i8::try_from(second).ok()?,
        micros,
    };
    date_time(local)?;
    Some(Clock {
        local,
        offset_minutes,
    })
}

fn integers(text: &str, separator: char) -> Option<[i32; 3]> {
    let mut parts = text.split(separator).map(integer);
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

fn integer(digits: &str) -> Option<i32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { digits.parse().ok() } else { None }
}

fn date_time(at: CivilTime) -> Option<DateTime> {
    let nanos = at.micros.checked_mul(1000)?;
    DateTime::new(at.year, at.month, at.day, at.hour, at.minute, at.second, nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Clock>, Vec<Problem>) {
        let mut warnings = Warnings::default();
        let clock = parse("field", text, &mut warnings);
        (
            clock,
            warnings.0.into_iter().map(|warning| warning.problem).collect(),
        )
    }

    #[test]
    fn the_forms_that_cameras_write() {
        let local = CivilTime {
            year: 2023,
            month: 8,
            day: 14,
            hour: 6,
            minute: 21,
            second: 11,
            micros: 0,
        };
        let with = |micros, offset_minutes| Clock {
            local: CivilTime { micros, ..local },
            offset_minutes,
        };
        for (text, expected) in [
            ("2023:08:14 06:21:11", with(0, None)),
            ("2023-08-14 06:21:11.123456", with(123_456, None)),
            ("2023-08-14T06:21:11.5Z", with(500_000, Some(0))),
            ("2023-08-14T06:21:11+08:00", with(0, Some(480))),
            ("2023-08-14T06:21:11.1234567-0330", with(123_456, Some(-210))),
        ] {
            assert_eq!(read(text), (Some(expected), vec![]), "{text}");
        }
    }

    #[test]
    fn readings_that_no_clock_has_are_named() {
        for text in [
            "2023-02-29 06:21:11",
            "2023-08-14",
            "2023-08-14 25:00:00",
            "昨天下午",
            "2023-08-14 06:21:60",
        ] {
            let (clock, problems) = read(text);
            assert_eq!(clock, None, "{text}");
            assert!(
                matches!(problems[..], [Problem::Unreadable { .. }]),
                "{text}: {problems:?}"
            );
        }
        for text in [
            "0000:00:00 00:00:00",
            "    :  :     :  :  ",
            "1970:01:01 00:00:12",
            "",
        ] {
            let (clock, problems) = read(text);
            assert_eq!(clock, None, "{text}");
            assert!(
                matches!(problems[..], [Problem::ClockNotSet { .. }]),
                "{text}: {problems:?}"
            );
        }
    }

    #[test]
    fn offsets_beyond_those_of_the_world_are_refused() {
        assert_eq!(parse_offset("+08:00"), Some(480));
        assert_eq!(parse_offset("-03:30"), Some(-210));
        for text in [
            "",
            "08:00",
            "+15:00",
            "+08:75",
            "+8:00",
            "+é8:0",
            "+8é0",
            "+\u{fffd}1",
            "++800",
        ] {
            assert_eq!(parse_offset(text), None, "{text}");
        }
    }
}
