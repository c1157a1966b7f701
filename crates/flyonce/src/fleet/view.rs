//! Makes the view of the fleet from what is already known; it asks no dock and no vehicle anything.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use flight::dock::DockState;
use flight::telemetry::{Landed, Telemetry};
use flight::vehicle::Vehicle;
use schedule::interlock::{self, OverrideGiven, apply_overrides};
use schedule::sortie::SortieState;
use store::flights::{FlightFilter, SlotState};
use survey::time::UtcMicros;

use crate::answers::checks::CheckAnswer;
use crate::answers::flights::FlightSummary;
use crate::config::roster::DockEntry;
use crate::fleet::cloud;
use crate::fleet::hands::Hand;
use crate::fleet::link_view::LinkView;
use crate::fleet::resume::MissionSoFar;
use crate::fleet::service::Fleet;
use crate::fleet::shown::{ChargeView, DockView, FleetView, PlaceView, Tally, VehicleView, WeatherView};
use crate::fleet::vehicle_facts::vehicle_facts;
use crate::flight_log::day_bounds;

/// Pages show the fleet this fresh.
const EVERY: Duration = Duration::from_secs(1);

/// Makes the view of this moment.
///
/// # Errors
/// The database.
pub async fn fleet_view(fleet: &Fleet) -> Result<FleetView> {
    let now = fleet.clock().now();
    let mut sorties = latest_sorties(fleet).await?;
    let given = fleet.workplace().store.overrides_in_force(now).await?;
    let given: Vec<OverrideGiven> = given.into_iter().map(|row| row.given).collect();
    let mut docks = Vec::new();
    for dock in &fleet.roster().docks {
        let state = fleet.docks().dock(&dock.dock_id);
        let sortie = sorties.remove(&dock.dock_id);
        let photos_to_fly = match &sortie {
            Some(sortie) => photos_to_fly(fleet, sortie).await?,
            None => 0,
        };
        let paused = sortie.as_ref().is_some_and(|sortie| is_paused(fleet, sortie));
        let view = match &dock.link {
            Some(link) => {
                let vehicle = fleet.links().vehicle(link, dock.system_id).await?;
                let checks = checks(fleet, dock, (state.as_ref(), &vehicle), (&given, sortie.as_ref()));
                let vehicle = vehicle_view(dock, &vehicle.telemetry());
                dock_view(dock, state.as_ref(), (checks, Some(vehicle)), sortie)
            }
            None => {
                let checks = cloud_checks(fleet, dock, (&given, sortie.as_ref()));
                let vehicle = cloud::shown::vehicle(fleet, dock);
                DockView {
                    health: cloud::shown::health(fleet, dock),
                    ..dock_view(dock, state.as_ref(), (checks, vehicle), sortie)
                }
            }
        };
        docks.push(DockView {
            photos_to_fly,
            paused,
            by_hand: fleet.hands().last(&dock.dock_id),
            ..view
        });
    }
    let order = fleet.ground_stop().order();
    Ok(FleetView {
        city_time: now.to_string(),
        city_speed: fleet.clock().speed(),
        simulated: fleet.clock().is_simulated(),
        ground_stop: order.is_some(),
        ground_stop_by: order.map(|order| order.actor),
        docks,
        today: tally(fleet, now).await?,
        links: fleet.links().all().await.iter().map(LinkView::of).collect(),
        cloud: cloud::shown::line(fleet),
    })
}

/// Keeps the shared view fresh until the fleet stops.
pub async fn keep_view(fleet: Fleet) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = fleet.stop().cancelled() => return,
            _ = tick.tick() => {}
        }
        match fleet_view(&fleet).await {
            Ok(view) => drop(fleet.view().send_replace(Some(view))),
            Err(error) => tracing::warn!(error = %format!("{error:#}"), "the fleet's view could not be made"),
        }
    }
}

/// The newest sortie of each dock.
async fn latest_sorties(fleet: &Fleet) -> Result<BTreeMap<String, FlightSummary>> {
    let filter = FlightFilter {
        limit: 4 * u32::try_from(fleet.roster().docks.len()).unwrap_or(64),
        ..FlightFilter::default()
    };
    let mut newest = BTreeMap::new();
    for row in fleet.workplace().store.list_flights(&filter).await? {
        if let Some(dock_id) = row.dock_id.clone() {
            newest.entry(dock_id).or_insert_with(|| FlightSummary::of(&row));
        }
    }
    Ok(newest)
}

async fn tally(fleet: &Fleet, now: UtcMicros) -> Result<Tally> {
    let zone = &fleet.workplace().zone;
    let day = zone.civil_day(now);
    let (from, until) = day_bounds(fleet.workplace(), day)?;
    let mut tally = Tally::default();
    let rows = fleet.workplace().store.slots_between(from, until).await?;
    for row in &rows {
        match row.state {
            SlotState::Refused => tally.refused += 1,
            SlotState::Missed => tally.missed += 1,
            SlotState::Launched => tally.launched += 1,
            SlotState::Due => tally.due += 1,
        }
    }
    let refused = FlightFilter {
        limit: 1000,
        state: Some(SortieState::Refused),
        ..FlightFilter::default()
    };
    for flight in fleet.workplace().store.list_flights(&refused).await? {
        let of_today = flight.slot_at.is_some_and(|at| at >= from && at < until);
        let counted = rows.iter().any(|row| {
            row.state == SlotState::Launched && row.sortie_id.as_deref() == Some(&flight.sortie_id)
        });
        if of_today && counted {
            tally.launched -= 1;
            tally.refused += 1;
        }
    }
    let to_come = schedule::calendar::slots_between(fleet.calendar(), zone, now, until);
    tally.due += to_come.iter().filter(|slot| slot.at > now).count();
    Ok(tally)
}

fn dock_view(
    dock: &DockEntry,
    state: Option<&DockState>,
    (checks, vehicle): (Vec<CheckAnswer>, Option<VehicleView>),
    sortie: Option<FlightSummary>,
) -> DockView {
    let weather = state.and_then(|state| state.weather.as_ref());
    DockView {
        dock_id: dock.dock_id.clone(),
        name: dock.name.clone(),
        longitude_deg: dock.position.longitude_deg,
        latitude_deg: dock.position.latitude_deg,
        online: state.and_then(|state| state.online),
        lid: state.map_or("unknown", |state| state.lid.as_str()).to_owned(),
        vehicle_present: state.and_then(|state| state.vehicle_present),
        mode: state.map_or("unknown", |state| state.mode.as_str()).to_owned(),
        charge: state
            .and_then(|state| state.charge.as_ref())
            .map(|charge| ChargeView {
                state: charge.state.as_str().to_owned(),
                percent: charge.percent,
            }),
        weather: weather.map(|weather| WeatherView {
            wind_ms: weather.wind_ms,
            gust_ms: weather.gust_ms,
            rain_level: weather.rain_level,
            temperature_c: weather.temperature_c,
            humidity_percent: weather.humidity_percent,
        }),
        alternate_landing: dock.alternate_landing.map(|place| PlaceView {
            longitude_deg: place.longitude_deg,
            latitude_deg: place.latitude_deg,
        }),
        checks,
        health: Vec::new(),
        hand_commands: Hand::of_dock(dock),
        by_hand: None,
        vehicle,
        paused: false,
        photos_to_fly: 0,
        sortie,
    }
}

fn is_paused(fleet: &Fleet, sortie: &FlightSummary) -> bool {
    let under_way = fleet.under_way();
    under_way
        .get(&sortie.sortie_id)
        .is_some_and(|one| one.paused.load(Ordering::Relaxed))
}

/// Photos that a person may have flown now: of the mission of a sortie that is over.
async fn photos_to_fly(fleet: &Fleet, sortie: &FlightSummary) -> Result<usize> {
    let lost = &sortie.shots.lost;
    let over = ["closed", "refused", "failed"].contains(&sortie.state.as_str());
    let any = lost.not_flown + lost.misfire + lost.never_arrived + lost.unreadable > 0;
    if !over || !any || sortie.code.as_deref() == Some("plan_invalid") {
        return Ok(0);
    }
    Ok(MissionSoFar::of(fleet, &sortie.sortie_id).await?.missing())
}

/// As if it were to arm now; what only a sortie can tell is left out.
fn checks(
    fleet: &Fleet,
    dock: &DockEntry,
    (state, vehicle): (Option<&DockState>, &Vehicle),
    (given, sortie): (&[OverrideGiven], Option<&FlightSummary>),
) -> Vec<CheckAnswer> {
    let now = fleet.clock().now();
    let mut facts = state.map(|state| state.facts(Instant::now())).unwrap_or_default();
    facts.position = Some(dock.position);
    let seen = vehicle_facts(vehicle, now);
    let checks = interlock::before_arming(&facts, &seen, &fleet.settings().limits);
    let sortie = sortie.map(|sortie| sortie.sortie_id.as_str());
    apply_overrides(checks, given, (&dock.dock_id, sortie), now)
        .iter()
        .map(CheckAnswer::of)
        .collect()
}

/// The same for a dock of the Cloud API.
fn cloud_checks(
    fleet: &Fleet,
    dock: &DockEntry,
    (given, sortie): (&[OverrideGiven], Option<&FlightSummary>),
) -> Vec<CheckAnswer> {
    let sortie = sortie.map(|sortie| sortie.sortie_id.as_str());
    let checks = cloud::interlocks::checks(fleet, dock);
    apply_overrides(checks, given, (&dock.dock_id, sortie), fleet.clock().now())
        .iter()
        .map(CheckAnswer::of)
        .collect()
}

/// A vehicle not heard for this long counts as out of contact, seconds.
const HEARD_WITHIN_S: f64 = 5.0;

fn vehicle_view(dock: &DockEntry, telemetry: &Telemetry) -> VehicleView {
    let last_heard_s = telemetry.heard.then_some(telemetry.last_heard_age.as_secs_f64());
    VehicleView {
        system_id: Some(dock.system_id),
        link: dock.link_text(),
        heard: last_heard_s.is_some_and(|age_s| age_s < HEARD_WITHIN_S),
        last_heard_s: last_heard_s.map(|age_s| (age_s * 10.0).round() / 10.0),
        mode: telemetry.mode_name.clone(),
        armed: telemetry.armed,
        landed: telemetry.landed.map(|landed| landed_word(landed).to_owned()),
        battery_percent: telemetry.battery_percent,
        longitude_deg: telemetry.position.map(|position| position.longitude_deg),
        latitude_deg: telemetry.position.map(|position| position.latitude_deg),
        height_above_home_m: telemetry.height_above_home_m,
        heading_deg: telemetry.heading_deg,
        ground_speed_ms: telemetry.ground_speed_ms,
        mission_current: telemetry.mission_current,
        mission_total: telemetry.mission_total,
    }
}

fn landed_word(landed: Landed) -> &'static str {
    match landed {
        Landed::OnGround => "on_ground",
        Landed::TakingOff => "taking_off",
        Landed::InAir => "in_air",
        Landed::Landing => "landing",
    }
}
