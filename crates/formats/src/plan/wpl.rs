//! Mission text files, `QGC WPL 110` (<https://mavlink.io/en/file_formats/#mission_plain_text_file>): one item a
//! line, twelve columns. Line 0 of a file written for ArduPilot is home.

use super::error::PlanError;
use super::field::check_place;
use super::item::checked;
use super::{MOST_ITEMS, Plan, PlanHome, PlanItem};

const COLUMNS: usize = 12;
/// Metres, m/s and seconds stay far below this.
const ABSURD: f64 = 1e7;
const NAV_WAYPOINT: u16 = 16;

pub(super) fn read(text: &str) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("QGC WPL") {
            check_version(line)?;
            continue;
        }
        let (sequence, item) = read_line(line, line_number)?;
        if sequence == 0 && is_home(&item) {
            plan.home = home(&item)?;
            continue;
        }
        plan.items.push(checked(item)?);
        if plan.items.len() > MOST_ITEMS {
            return Err(PlanError::TooManyItems { most: MOST_ITEMS });
        }
    }
    if plan.items.is_empty() {
        return Err(PlanError::Empty);
    }
    Ok(plan)
}

fn check_version(line: &str) -> Result<(), PlanError> {
    let version = line.trim_start_matches("QGC WPL").trim();
    if version == "110" {
        return Ok(());
    }
    Err(PlanError::Version {
        part: "QGC WPL".to_owned(),
        found: format!("{:?}", version.chars().take(20).collect::<String>()),
        known: 110,
    })
}

/// Item 0 is home when it is a waypoint measured from the sea; a file for other autopilots begins with the first
/// item of the flight.
fn is_home(item: &PlanItem) -> bool {
    item.command == NAV_WAYPOINT && item.frame == 0
}

fn home(item: &PlanItem) -> Result<Option<PlanHome>, PlanError> {
    let [.., latitude_deg, longitude_deg, altitude_m] = item.params;
    if latitude_deg == 0.0 && longitude_deg == 0.0 {
        return Ok(None);
    }
    check_place(latitude_deg, longitude_deg, &item.origin)?;
    Ok(Some(PlanHome {
        longitude_deg,
        latitude_deg,
        altitude_amsl_m: Some(altitude_m).filter(|altitude| altitude.is_finite()),
    }))
}

fn read_line(line: &str, line_number: usize) -> Result<(u64, PlanItem), PlanError> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    if columns.len() != COLUMNS {
        return Err(PlanError::Columns {
            line: line_number,
            found: columns.len(),
        });
    }
    let origin = format!("line {line_number}");
    let whole = |column: usize, most: u64| {
        let number = columns[column].parse::<u64>().ok();
        number
            .filter(|number| *number <= most)
            .ok_or_else(|| wrong(&origin, column, columns[column], "a whole number in range"))
    };
    let mut params = [0.0; 7];
    for (param, column) in params.iter_mut().zip(4..) {
        let number = columns[column].parse::<f64>().ok();
        *param = number
            .filter(|number| number.is_nan() || number.abs() <= ABSURD)
            .ok_or_else(|| wrong(&origin, column, columns[column], "a number of sensible size"))?;
    }
    let item = PlanItem {
        frame: whole(2, u64::from(u8::MAX))? as u8,
        command: whole(3, u64::from(u16::MAX))? as u16,
        params,
        auto_continue: whole(11, 1)? == 1,
        origin: origin.clone(),
    };
    Ok((whole(0, u64::from(u32::MAX))?, item))
}

fn wrong(origin: &str, column: usize, found: &str, expected: &'static str) -> PlanError {
    PlanError::Field {
        origin: origin.to_owned(),
        field: format!("column {}", column + 1),
        found: format!("{:?}", found.chars().take(40).collect::<String>()),
        expected,
    }
}
