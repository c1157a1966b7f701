//! What a launch wave came to: who flew and who did not and why, what became of every planned photo, what was
//! found, and how much ground was seen.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use store::flights::FlightRow;
use store::leads::LeadFilter;
use utoipa::ToSchema;

use crate::answers::coverage::{CoverageAnswer, CoverageRequest, coverage};
use crate::answers::leads::LeadSummary;
use crate::answers::reach::{ReachAnswer, reach};
use crate::config::roster::Roster;
use crate::fleet::words::{next_step_words, reason_words};
use crate::lang::Words;
use crate::workplace::Workplace;

/// A wave, all its sorties over.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaveAnswer {
    /// Sorties asked for.
    pub sorties: usize,
    /// Those that took off.
    pub launched: usize,
    /// Those that did not, each with its reason.
    pub refused: Vec<NotFlown>,
    /// Those that took off and did not land as they should.
    pub failed: Vec<NotFlown>,
    /// City seconds from the slot to the last take-off.
    pub last_launch_s: Option<f64>,
    /// What became of the planned photos.
    pub photos: PhotoTally,
    /// Leads by class.
    pub leads_by_class: BTreeMap<String, usize>,
    /// Leads.
    pub leads: usize,
    /// Reachable and planned ground.
    pub reach: Option<ReachAnswer>,
    /// Imaged ground.
    pub imaged: CoverageAnswer,
}

/// A sortie that did not go as it should.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotFlown {
    /// The sortie.
    pub sortie_id: String,
    /// Its dock.
    pub dock_id: Option<String>,
    /// Why, for programs.
    pub code: String,
    /// Why.
    pub words: Words,
    /// Details.
    pub note: Option<String>,
    /// What to do about it.
    pub next_step: Option<Words>,
}

/// Photos by how far they came; each number includes those that came further.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PhotoTally {
    /// In the plans.
    pub planned: u32,
    /// The camera was told.
    pub triggered: u32,
    /// The camera reported it.
    pub captured: u32,
    /// The file is kept.
    pub stored: u32,
    /// The model looked at it.
    pub looked_at: u32,
    /// Taken beyond the plan.
    pub extra: u32,
    /// Lost, by reason.
    pub lost: BTreeMap<String, u32>,
}

/// The wave that `flights` make.
///
/// # Errors
/// The database.
pub async fn wave(workplace: &Workplace, roster: &Roster, flights: &[FlightRow]) -> Result<WaveAnswer> {
    let settings = &workplace.config.settings;
    let request = CoverageRequest {
        since: None,
        until: None,
        max_gsd_cm: settings.max_gsd_cm,
        cell_m: settings.cell_m,
    };
    let leads = all_leads(workplace).await?;
    let mut leads_by_class = BTreeMap::new();
    for lead in &leads {
        *leads_by_class.entry(lead.class.clone()).or_insert(0) += 1;
    }
    let last_launch_us = flights
        .iter()
        .filter_map(|flight| Some(flight.launched_at?.0 - flight.slot_at?.0))
        .max();
    Ok(WaveAnswer {
        sorties: flights.len(),
        launched: flights
            .iter()
            .filter(|flight| flight.launched_at.is_some())
            .count(),
        refused: not_flown(flights, "refused"),
        failed: not_flown(flights, "failed"),
        last_launch_s: last_launch_us.map(|us| us as f64 / 1e6),
        photos: tally(flights),
        leads: leads.len(),
        leads_by_class,
        reach: reach(workplace, roster, flights).await?,
        imaged: coverage(workplace, &request, None).await?,
    })
}

/// Every lead of the data folder.
///
/// # Errors
/// The database.
pub async fn all_leads(workplace: &Workplace) -> Result<Vec<LeadSummary>> {
    let rows = workplace
        .store
        .list_leads(&LeadFilter::default(), u32::MAX, None)
        .await?;
    Ok(rows.iter().map(LeadSummary::of).collect())
}

fn not_flown(flights: &[FlightRow], state: &str) -> Vec<NotFlown> {
    flights
        .iter()
        .filter(|flight| flight.state.as_str() == state)
        .map(|flight| {
            let code = flight.state_code.clone().unwrap_or_default();
            NotFlown {
                sortie_id: flight.sortie_id.clone(),
                dock_id: flight.dock_id.clone(),
                words: reason_words(&code),
                next_step: next_step_words(&code),
                note: flight.state_note.clone(),
                code,
            }
        })
        .collect()
}

fn tally(flights: &[FlightRow]) -> PhotoTally {
    let mut tally = PhotoTally::default();
    for shots in flights.iter().map(|flight| &flight.shots) {
        tally.planned += shots.planned;
        tally.triggered += shots.triggered;
        tally.captured += shots.captured;
        tally.stored += shots.stored;
        tally.looked_at += shots.looked_at;
        tally.extra += shots.extra;
        let losses = [
            ("not_flown", shots.lost_not_flown),
            ("misfire", shots.lost_misfire),
            ("never_arrived", shots.lost_never_arrived),
            ("unreadable", shots.lost_unreadable),
        ];
        for (reason, lost) in losses.into_iter().filter(|(_, lost)| *lost > 0) {
            *tally.lost.entry(reason.to_owned()).or_insert(0) += lost;
        }
    }
    tally
}
