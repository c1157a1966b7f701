//! What the simulated city tells of a day: the truth that the service's rows are held against.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// One line of the city.
#[derive(Debug, Deserialize)]
struct Line {
    event: String,
    dock_id: Option<String>,
    at_ms: i64,
}

/// What happened at one dock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockNews {
    /// Wall milliseconds of each take-off.
    pub took_off_ms: Vec<i64>,
    /// Motors are on.
    pub armed: bool,
    /// The vehicle hit a lid that was not open.
    pub lid_strikes: usize,
}

/// The day so far by dock. A line that is being written is left out.
pub fn read(log: &Path) -> BTreeMap<String, DockNews> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let mut docks: BTreeMap<String, DockNews> = BTreeMap::new();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok());
    for line in lines {
        let Some(dock_id) = line.dock_id else { continue };
        let dock = docks.entry(dock_id).or_default();
        match line.event.as_str() {
            "took_off" => dock.took_off_ms.push(line.at_ms),
            "armed" => dock.armed = true,
            "disarmed" => dock.armed = false,
            "lid_strike" => dock.lid_strikes += 1,
            _ => {}
        }
    }
    docks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_up_to_the_line_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("city.jsonl");
        let line = |event: &str, dock: &str, at_ms: i64| {
            format!(
                "{{\"event\":\"{event}\",\"dock_id\":\"{dock}\",\"text\":\"\",\"city_time\":\"\",\"at_ms\":{at_ms}}}\n"
            )
        };
        let text = line("armed", "D01", 1)
            + &line("took_off", "D01", 2)
            + &line("lid_strike", "D02", 3)
            + "{\"event\":\"dis";
        std::fs::write(&log, text).unwrap();
        let docks = read(&log);
        assert_eq!(
            docks["D01"],
            DockNews {
                took_off_ms: vec![2],
                armed: true,
                lid_strikes: 0
            }
        );
        assert_eq!(docks["D02"].lid_strikes, 1);
    }
}
