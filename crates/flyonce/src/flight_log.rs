//! What is asked about flights, from rows to answers; the command line and the HTTP API share it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use flight::tlog::TlogWriter;
use schedule::calendar::Slot;
use store::flights::{FlightFilter, FlightRow, TrackRow};
use survey::time::{CivilDay, LocalTime, UtcMicros};

use crate::answers::calendar::CalendarAnswer;
use crate::answers::flights::{FlightDetail, MissionSummary};
use crate::answers::looks::sortie_looks;
use crate::answers::track::FlownTrack;
use crate::workplace::Workplace;

/// Flights of one day that a map shows.
const FLIGHTS_OF_A_DAY: u32 = 500;

/// One flight with its steps, photos and plan.
///
/// # Errors
/// No such flight, the database.
pub async fn flight_detail(workplace: &Workplace, sortie: &str) -> Result<FlightDetail> {
    let store = &workplace.store;
    let flight = store.flight(sortie).await?;
    let (steps, shots) = (store.steps(sortie).await?, store.shots(sortie).await?);
    let mut detail = FlightDetail::of(&flight, &steps, &shots, sortie_looks(workplace, sortie).await?)?;
    let first = flight.continues_sortie.as_deref().unwrap_or(sortie);
    let follow_ups = store.follow_ups(first).await?;
    if !follow_ups.is_empty() {
        let photos = store.mission_photos(first).await?;
        detail.mission_so_far = Some(MissionSummary::of(first, &follow_ups, &photos));
    }
    Ok(detail)
}

/// Where a flight went.
///
/// # Errors
/// No such flight, the database.
pub async fn flown_track(workplace: &Workplace, sortie: &str) -> Result<FlownTrack> {
    let store = &workplace.store;
    Ok(FlownTrack {
        flight: store.flight(sortie).await?,
        track: store.track(sortie).await?,
        shots: store.shots(sortie).await?,
    })
}

/// Where the telemetry log of a flight lies or would lie.
pub fn tlog_path(workplace: &Workplace, sortie: &str) -> PathBuf {
    workplace
        .store
        .folder()
        .join("tlogs")
        .join(format!("{sortie}.tlog"))
}

/// The telemetry log of a flight, to be written on.
///
/// # Errors
/// A folder or file that cannot be made.
pub fn begin_tlog(workplace: &Workplace, sortie: &str) -> Result<TlogWriter> {
    let path = tlog_path(workplace, sortie);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Ok(TlogWriter::open(&path)?)
}

/// The tracks of flights that are in the air, or that took off on the civil day of `now` (the city's clock).
///
/// # Errors
/// The database.
pub async fn todays_tracks(workplace: &Workplace, now: UtcMicros) -> Result<Vec<(FlightRow, Vec<TrackRow>)>> {
    let today = workplace.zone.civil_day(now);
    let filter = FlightFilter {
        limit: FLIGHTS_OF_A_DAY,
        ..FlightFilter::default()
    };
    let is_of_today = |flight: &FlightRow| {
        let launched = flight.launched_at.map(|at| workplace.zone.civil_day(at));
        flight.state.is_airborne() || launched == Some(today)
    };
    let mut tracks = Vec::new();
    for flight in workplace.store.list_flights(&filter).await? {
        if is_of_today(&flight) {
            let track = workplace.store.track(&flight.sortie_id).await?;
            tracks.push((flight, track));
        }
    }
    Ok(tracks)
}

/// First and last instant (exclusive) of a civil day of the city.
///
/// # Errors
/// A day that does not exist in the city's zone.
pub fn day_bounds(workplace: &Workplace, day: CivilDay) -> Result<(UtcMicros, UtcMicros)> {
    Ok((
        midnight(workplace, day)?,
        midnight(workplace, CivilDay(day.0 + 1))?,
    ))
}

fn midnight(workplace: &Workplace, day: CivilDay) -> Result<UtcMicros> {
    let date: jiff::civil::Date = day.to_string().parse()?;
    Ok(workplace.zone.utc_from_local(LocalTime {
        year: date.year(),
        month: date.month(),
        day: date.day(),
        hour: 0,
        minute: 0,
        second: 0,
        micros: 0,
    })?)
}

/// The calendar of a day: what was taken on, and of `scheduled` what is still to come.
///
/// # Errors
/// The database.
pub async fn calendar_of(workplace: &Workplace, day: CivilDay, scheduled: &[Slot]) -> Result<CalendarAnswer> {
    let (from, until) = day_bounds(workplace, day)?;
    let taken_on = workplace.store.slots_between(from, until).await?;
    let of_the_day: Vec<Slot> = scheduled
        .iter()
        .filter(|slot| (from..until).contains(&slot.at))
        .cloned()
        .collect();
    Ok(CalendarAnswer::of(day, &taken_on, &of_the_day))
}
