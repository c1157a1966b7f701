//! What happens, one line each on stdout, for people or for programs.

use std::io::Write as _;
use std::sync::Arc;

use serde_json::json;

use crate::dock::{CityClock, Say, wall_ms};

/// Prints news.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News {
    city: CityClock,
    json: bool,
}

impl News {
    /// News dated by this clock, as text or as JSON lines.
    pub(crate) fn new(city: CityClock, json: bool) -> Self {
        Self { city, json }
    }

    /// Prints one line about the fleet (`dock_id` empty) or a dock.
    pub(crate) fn tell(&self, dock_id: &str, event: &str, text: &str) {
        let time = civil_text(self.city.now_us());
        let line = if self.json {
            let dock = (!dock_id.is_empty()).then_some(dock_id);
            json!({
                "event": event,
                "dock_id": dock,
                "text": text,
                "city_time": time,
                "at_ms": wall_ms(),
            })
            .to_string()
        } else {
            format!("{time} {dock_id:<4}{event}: {text}")
        };
        // Who no longer reads the news does not keep the fleet from flying.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// A way to tell news of one dock.
    pub(crate) fn of_dock(self, dock_id: &str) -> Say {
        let dock_id = dock_id.to_owned();
        Arc::new(move |event, text| self.tell(&dock_id, event, &text))
    }
}

fn civil_text(unix_us: i64) -> String {
    let seconds = unix_us.div_euclid(1_000_000);
    format!("{}Z", crate::clock::civil_from_unix(seconds).iso_text())
}
