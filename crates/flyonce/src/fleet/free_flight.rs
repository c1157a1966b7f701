//! A flight of any vehicle on any link, without a dock: the same flight core, the same record, nobody to ask
//! before arming or landing. This is how a new autopilot is tried.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use flight::address::LinkAddress;
use flight::sortie::{FlightEvent, FlightReport, GateAnswer, Instruction, SortieLine, fly};
use flight::vehicle::Vehicle;
use schedule::photo_ledger::SortieId;
use schedule::sortie::SortieState;
use store::flights::Created;
use store::rows::SortieKind;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::fleet::bounds::owed;
use crate::fleet::city_clock::CityClock;
use crate::fleet::flight_record::{FlightRecord, TrackBatch};
use crate::fleet::order::{CheckedMission, order, stamp};
use crate::flight_log::begin_tlog;
use crate::workplace::Workplace;

/// One flight to make.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeFlight {
    /// What people call it.
    pub name: String,
    /// The plan.
    pub plan: PathBuf,
    /// How the vehicle is reached.
    pub link: LinkAddress,
    /// Its MAVLink system id.
    pub system_id: u8,
}

/// How a flight under way is spoken to.
pub struct Reins {
    /// Instructions.
    pub instructions: mpsc::Receiver<Instruction>,
    /// Ends the watching.
    pub stop: CancellationToken,
}

/// Flights of vehicles with one number that may begin in one second.
const MOST_OF_ONE_SECOND: u32 = 1000;
/// Track points are written at least this often.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Flies and records; `told` hears of every event.
///
/// # Errors
/// The database, or a telemetry log that cannot be begun. How the flight went is in the report.
pub async fn fly_freely(
    workplace: &Workplace,
    (vehicle, one): (&Vehicle, &FreeFlight),
    mission: &CheckedMission,
    reins: Reins,
    told: &(dyn Fn(&FlightEvent) + Sync),
) -> Result<(SortieId, FlightReport)> {
    let sortie = create(workplace, one, mission).await?;
    let record = FlightRecord::of(workplace.clone(), CityClock::Wall, sortie.clone());
    record.move_to(SortieState::Preparing, None, None).await?;
    vehicle.record(Some(begin_tlog(workplace, sortie.as_str())?));
    let (events, happened) = mpsc::channel(256);
    let line = SortieLine {
        events,
        instructions: reins.instructions,
        stop: reins.stop,
    };
    let mut order = order(
        sortie.clone(),
        mission.items.clone(),
        None,
        &workplace.config.settings.fleet,
    );
    mission.bounds.clone().put_into(&mut order);
    order.owed = owed(&workplace.store, &one.link.to_string(), one.system_id).await?;
    let (report, ()) = tokio::join!(fly(vehicle, &order, line), note_all(&record, happened, told));
    vehicle.record(None);
    record.finish(&report).await?;
    Ok((sortie, report))
}

async fn note_all(
    record: &FlightRecord,
    mut happened: mpsc::Receiver<FlightEvent>,
    told: &(dyn Fn(&FlightEvent) + Sync),
) {
    let mut batch = TrackBatch::default();
    let mut flush = tokio::time::interval(FLUSH_EVERY);
    loop {
        let written = tokio::select! {
            event = happened.recv() => match event {
                Some(event) => {
                    told(&event);
                    note(record, event, &mut batch).await
                }
                None => break,
            },
            _ = flush.tick() => record.flush(&mut batch).await,
        };
        warn(record, written);
    }
    warn(record, record.flush(&mut batch).await);
}

async fn note(record: &FlightRecord, event: FlightEvent, batch: &mut TrackBatch) -> Result<()> {
    match event {
        FlightEvent::Gate { answer, .. } => {
            // A flight that no longer waits has ended; its report says why.
            let _ = answer.send(GateAnswer::Go);
            Ok(())
        }
        told => record.note(told, batch).await,
    }
}

/// A full disk must not end a flight that is in the air.
fn warn(record: &FlightRecord, written: Result<()>) {
    if let Err(error) = written {
        tracing::error!(sortie.id = %record.sortie(), error = %format!("{error:#}"), "not written down");
    }
}

/// Writes the flight down as `20260302-100005-S7`: the second in the city's zone and the vehicle. Vehicles of one
/// number on several links may begin in one second; the later ones are `-S7-2`, `-S7-3` and so on.
async fn create(workplace: &Workplace, one: &FreeFlight, mission: &CheckedMission) -> Result<SortieId> {
    let second = stamp(&workplace.zone, clock::now(), 14)?;
    for turn in 1..=MOST_OF_ONE_SECOND {
        let further = if turn == 1 {
            String::new()
        } else {
            format!("-{turn}")
        };
        let sortie: SortieId = format!("{second}-S{}{further}", one.system_id).parse()?;
        let whom = (None, one.system_id, one.link.to_string());
        let row = mission.new_flight((sortie.clone(), SortieKind::Flight), whom, None)?;
        if workplace.store.create_flight(&row, clock::now()).await? == Created::New {
            return Ok(sortie);
        }
    }
    bail!(
        "{MOST_OF_ONE_SECOND} flights of system {} began in one second",
        one.system_id
    )
}
