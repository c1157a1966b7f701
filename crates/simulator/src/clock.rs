//! Calendar arithmetic for the metadata: seconds since 1970 to civil dates in the proleptic Gregorian calendar.

/// A civil date and time of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Civil {
    pub(crate) date: [u32; 3],
    pub(crate) time: [u32; 3],
}

/// Civil time of a count of seconds since 1970-01-01T00:00:00 (Hinnant, "chrono-compatible date algorithms").
pub(crate) fn civil_from_unix(seconds: i64) -> Civil {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u32);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil {
        date: [year as u32, month as u32, day as u32],
        time: [rest / 3600, rest / 60 % 60, rest % 60],
    }
}

impl Civil {
    /// `YYYY:MM:DD`, as EXIF writes dates.
    pub(crate) fn exif_date(&self) -> String {
        let [y, m, d] = self.date;
        format!("{y:04}:{m:02}:{d:02}")
    }

    /// `YYYY:MM:DD HH:MM:SS`.
    pub(crate) fn exif_text(&self) -> String {
        let [h, m, s] = self.time;
        format!("{} {h:02}:{m:02}:{s:02}", self.exif_date())
    }

    /// `YYYY-MM-DDTHH:MM:SS`.
    pub(crate) fn iso_text(&self) -> String {
        let ([y, mo, d], [h, m, s]) = (self.date, self.time);
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{m:02}:{s:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        assert_eq!(civil_from_unix(0).iso_text(), "1970-01-01T00:00:00");
        assert_eq!(civil_from_unix(951_782_399).iso_text(), "2000-02-28T23:59:59");
        assert_eq!(civil_from_unix(951_782_400).iso_text(), "2000-02-29T00:00:00");
        assert_eq!(civil_from_unix(1_778_551_500).exif_text(), "2026:05:12 02:05:00");
    }
}
