//! Watching the wave: one line per dock while it flies, and the moment when all of it is over.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use schedule::sortie::SortieState;
use store::flights::{FlightFilter, FlightRow};
use store::jobs::JobKind;
use survey::time::UtcMicros;

use crate::cli::output::Output;
use crate::fleet::service::Fleet;
use crate::fleet::words::{reason_words, state_words};
use crate::lang::Words;

/// How often the lines are brought up to date.
const EVERY: Duration = Duration::from_millis(250);
/// Nothing in a demo takes longer than this.
const GIVE_UP_AFTER: Duration = Duration::from_secs(900);
/// Docks and vehicles are there within this.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Waits until every dock is online and its vehicle heard. A dock that stays away is left to the calendar, which
/// refuses it by name.
pub async fn wait_for_docks(fleet: &Fleet) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < READY_WITHIN {
        let mut missing = 0;
        for dock in &fleet.roster().docks {
            let online = fleet.docks().dock(&dock.dock_id).and_then(|state| state.online);
            let heard = match &dock.link {
                Some(link) => {
                    fleet
                        .links()
                        .vehicle(link, dock.system_id)
                        .await?
                        .telemetry()
                        .heard
                }
                None => true,
            };
            missing += usize::from(online != Some(true) || !heard);
        }
        // One that a fault keeps away must not hold up the others for the whole minute.
        if missing == 0 || (missing * 2 < fleet.roster().docks.len() && begun.elapsed() > READY_WITHIN / 6) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the simulated docks did not come online")
}

/// Shows every dock's line until the wave of `slot_at` is over: every sortie at its end, every photo looked at,
/// every lead made. Answers the sorties.
pub async fn watch(output: Output, fleet: &Fleet, slot_at: UtcMicros) -> Result<Vec<FlightRow>> {
    let begun = Instant::now();
    let mut lines = Lines::new(output, fleet);
    loop {
        let flights = flights_of(fleet, slot_at).await?;
        lines.show(&flights);
        let all_begun = flights.len() >= fleet.roster().docks.len();
        let all_over = flights.iter().all(|flight| flight.state.is_final());
        if all_begun && all_over && nothing_waits(fleet).await? {
            lines.finish();
            return flights_of(fleet, slot_at).await;
        }
        if begun.elapsed() > GIVE_UP_AFTER {
            bail!("the wave was not over after {} s", GIVE_UP_AFTER.as_secs());
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn flights_of(fleet: &Fleet, slot_at: UtcMicros) -> Result<Vec<FlightRow>> {
    let filter = FlightFilter {
        limit: 500,
        ..FlightFilter::default()
    };
    let mut flights = fleet.workplace().store.list_flights(&filter).await?;
    flights.retain(|flight| flight.slot_at == Some(slot_at));
    flights.sort_by(|a, b| a.dock_id.cmp(&b.dock_id));
    Ok(flights)
}

async fn nothing_waits(fleet: &Fleet) -> Result<bool> {
    let store = &fleet.workplace().store;
    let looks = store.job_counts(JobKind::Look).await?;
    let associations = store.job_counts(JobKind::Associate).await?;
    Ok(looks.queued + looks.running + associations.queued + associations.running == 0)
}

struct Lines {
    output: Output,
    bars: Option<BTreeMap<String, ProgressBar>>,
    said: BTreeMap<String, SortieState>,
    names: BTreeMap<String, String>,
}

impl Lines {
    /// Live bars on a terminal; elsewhere a line whenever a dock's state changes.
    fn new(output: Output, fleet: &Fleet) -> Self {
        let names: BTreeMap<String, String> = fleet
            .roster()
            .docks
            .iter()
            .map(|dock| (dock.dock_id.clone(), format!("{} {}", dock.dock_id, dock.name)))
            .collect();
        let bars = std::io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            names
                .keys()
                .map(|dock_id| (dock_id.clone(), all.add(bar())))
                .collect()
        });
        Self {
            output,
            bars,
            said: BTreeMap::new(),
            names,
        }
    }

    fn show(&mut self, flights: &[FlightRow]) {
        for flight in flights {
            let Some(dock_id) = flight.dock_id.clone() else {
                continue;
            };
            let name = self.names.get(&dock_id).cloned().unwrap_or_default();
            match &self.bars {
                Some(bars) => {
                    if let Some(bar) = bars.get(&dock_id) {
                        bar.set_length(u64::from(flight.shots.planned.max(1)));
                        bar.set_position(u64::from(flight.shots.looked_at));
                        bar.set_prefix(name);
                        bar.set_message(self.state_of(flight));
                    }
                }
                None => {
                    if self.said.insert(dock_id, flight.state) != Some(flight.state) {
                        let state = self.state_of(flight);
                        self.output
                            .say(&Words::new(format!("{name} {state}"), format!("{name} {state}")));
                    }
                }
            }
        }
    }

    fn state_of(&self, flight: &FlightRow) -> String {
        let state = state_words(flight.state.as_str());
        let shots = &flight.shots;
        let lang = self.output.lang;
        let why = flight.state_code.as_deref().map(reason_words);
        let why = why
            .map(|words| format!(" — {}", words.pick(lang)))
            .unwrap_or_default();
        let photos = lang.pick("拍照", "photos");
        format!(
            "{}{why} · {photos} {}/{} · {} {} · {} {}",
            state.pick(lang),
            shots.captured,
            shots.planned,
            lang.pick("已存", "stored"),
            shots.stored,
            lang.pick("已识别", "looked at"),
            shots.looked_at,
        )
    }

    fn finish(&self) {
        for bar in self.bars.iter().flat_map(BTreeMap::values) {
            bar.finish();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{prefix:14} {bar:16} {msg}") {
        bar.set_style(style);
    }
    bar
}
