//! Days on which something of the configuration counts.

use survey::layers::Validity;
use survey::time::CivilDay;

use crate::config::reader::Section;
use crate::lang::Words;

/// First and last day under two keys of a section, both of which may be left out.
pub(super) fn days(section: &Section<'_, '_>, [first, last]: [&str; 2]) -> Validity {
    let day = |key: &str| {
        let text = section.text(key)?;
        let day = text.parse::<CivilDay>().ok();
        if day.is_none() {
            let problem = Words::new("须为日期,例如 2026-11-23", "must be a day such as 2026-11-23");
            section.reject(key, problem);
        }
        day
    };
    Validity {
        from: day(first),
        to: day(last),
    }
}
