//! From the first heartbeat to a mission on board: everything that can be found out on the ground is found out here,
//! and each finding has its own refusal.

use std::time::Duration;

use mavlink::dialects::ardupilotmega::GpsFixType;
use schedule::refusal::RefusalCode;
use survey::geodesy::geodesic_distance_m;

use super::bounds::settle_bounds;
use super::company::{look_around, with_signing_named};
use super::event::Step;
use super::pilot::{Broken, Pilot};
use super::policy_step::settle_policy;
use super::streams::{ask_home, ask_version};
use crate::mission_transfer::MissionTransferError;
use crate::profile::Profile;
use crate::telemetry::Landed;

/// Between two questions for the same thing.
const ASK_PAUSE: Duration = Duration::from_millis(700);

/// Why a flight did not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotFlown {
    /// For this reason.
    Refused {
        /// One word.
        code: RefusalCode,
        /// A sentence.
        text: String,
    },
    /// The program stops.
    Stopped,
}

impl NotFlown {
    pub fn refused(code: RefusalCode, text: impl Into<String>) -> Self {
        Self::Refused {
            code,
            text: text.into(),
        }
    }
}

impl From<Broken> for NotFlown {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Instructed => Self::refused(RefusalCode::Recalled, "called back before take-off"),
            Broken::Stopped => Self::Stopped,
            Broken::Silent => Self::refused(RefusalCode::NoHeartbeat, "not heard any more before take-off"),
        }
    }
}

/// Makes the vehicle ready to be armed.
pub(super) async fn prepare(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let prepared = get_ready(pilot).await;
    prepared.map_err(|not_flown| with_signing_named(pilot, not_flown))
}

async fn get_ready(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    connect(pilot).await?;
    must_stand_alone(pilot)?;
    pilot.outbox.step(
        Step::Connected,
        format!("system {} answers", pilot.vehicle.system_id()),
    );
    identify(pilot).await?;
    look_around(pilot).await?;
    find_position(pilot).await?;
    must_stand_alone(pilot)?;
    must_be_at_dock(pilot)?;
    must_have_battery(pilot)?;
    pilot.outbox.step(Step::Ready, where_it_stands(pilot));
    settle_policy(pilot).await?;
    upload(pilot).await?;
    settle_bounds(pilot).await
}

/// Waits for a heartbeat, then listens a while for a second vehicle.
async fn connect(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let deadlines = &pilot.order.deadlines;
    let system_id = pilot.vehicle.system_id();
    pilot
        .outbox
        .step(Step::Connecting, format!("waiting for system {system_id}"));
    let limit = pilot.pace.wall_limit(deadlines.heartbeat);
    let heard = pilot
        .until(limit, |pilot| {
            (pilot.is_heard() && pilot.airframe.is_some()).then_some(())
        })
        .await?;
    if heard.is_none() {
        let waited_s = deadlines.heartbeat.as_secs_f64();
        let text = format!("no heartbeat of system {system_id} within {waited_s:.0} s");
        return Err(NotFlown::refused(RefusalCode::NoHeartbeat, text));
    }
    let limit = pilot.pace.limit(deadlines.listen);
    pilot
        .until(limit, |pilot| pilot.vehicle.conflict().then_some(()))
        .await?;
    Ok(())
}

/// One vehicle under this number, on the ground, motors off.
pub(super) fn must_stand_alone(pilot: &Pilot<'_>) -> Result<(), NotFlown> {
    let addresses = pilot.vehicle.conflict_addresses();
    if !addresses.is_empty() {
        let listed: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let text = format!(
            "system {} answers from {}",
            pilot.vehicle.system_id(),
            listed.join(" and from ")
        );
        return Err(NotFlown::refused(RefusalCode::TwoVehiclesOneId, text));
    }
    let off_ground = !matches!(pilot.seen.landed, None | Some(Landed::OnGround));
    if pilot.seen.armed || off_ground {
        let text = if off_ground {
            "it is in the air already"
        } else {
            "it is armed already"
        };
        return Err(NotFlown::refused(RefusalCode::StillFlying, text));
    }
    Ok(())
}

/// Finds out what it is and asks for the streams a flight needs.
pub(super) async fn identify(pilot: &mut Pilot<'_>) -> Result<(), Broken> {
    if let Some(airframe) = pilot.airframe {
        pilot.profile = Profile::of(pilot.seen.autopilot, airframe);
    }
    pilot.want_streams();
    let limit = pilot.pace.wall_limit(pilot.order.deadlines.identify);
    while pilot.version.is_none() && !pilot.pace.is_over(limit) {
        pilot.send(&ask_version(pilot.vehicle.system_id())).await;
        let pause = pilot.pace.wall_limit(ASK_PAUSE);
        pilot.until(pause, |pilot| pilot.version).await?;
    }
    let version = pilot
        .version
        .map_or("version not told".to_owned(), |[a, b, c]| format!("{a}.{b}.{c}"));
    let airframe = pilot
        .airframe
        .map_or("airframe not told".to_owned(), |airframe| format!("{airframe:?}"));
    let autopilot = pilot.seen.autopilot;
    let text = format!("flown as {} ({autopilot:?} {version}, {airframe})", pilot.profile);
    pilot.outbox.step(Step::Identified, text);
    Ok(())
}

/// Waits until the vehicle flies on a position estimate and knows its home. The pre-arm bit is no sign of it: a
/// real ArduCopter set it 19 s before the estimate was in use.
async fn find_position(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let limit = pilot.pace.limit(pilot.order.deadlines.ready);
    pilot.outbox.step(Step::WaitingPosition, what_is_missing(pilot));
    while !has_position(pilot) {
        if pilot.pace.is_over(limit) {
            return Err(NotFlown::refused(RefusalCode::NoPosition, what_is_missing(pilot)));
        }
        if pilot.seen.home.is_none() {
            pilot.send(&ask_home(pilot.vehicle.system_id())).await;
        }
        let pause = pilot.pace.wall_limit(ASK_PAUSE);
        pilot
            .until(pause, |pilot| has_position(pilot).then_some(()))
            .await?;
        must_stand_alone(pilot)?;
    }
    Ok(())
}

fn has_position(pilot: &Pilot<'_>) -> bool {
    let seen = &pilot.seen;
    seen.position_estimate_in_use == Some(true) && seen.position.is_some() && seen.home.is_some()
}

fn what_is_missing(pilot: &Pilot<'_>) -> String {
    let seen = &pilot.seen;
    let mut missing = Vec::new();
    match seen.position_estimate_in_use {
        Some(true) => {}
        Some(false) => missing.push("the position estimate is not in use".to_owned()),
        None => missing.push("it does not say whether a position estimate is in use".to_owned()),
    }
    if seen.position.is_none() {
        missing.push("no position".to_owned());
    }
    if seen.home.is_none() {
        missing.push("home is not known".to_owned());
    }
    if missing.is_empty() {
        return "the position estimate is in use and home is known".to_owned();
    }
    if let Some(fix) = seen
        .gps_fix
        .filter(|fix| *fix != GpsFixType::GPS_FIX_TYPE_RTK_FIXED)
    {
        let satellites = seen.satellites.map_or("?".to_owned(), |count| count.to_string());
        missing.push(format!("fix {fix:?} with {satellites} satellites"));
    }
    missing.join(", ")
}

fn must_be_at_dock(pilot: &Pilot<'_>) -> Result<(), NotFlown> {
    let Some((dock, tolerance_m)) = pilot.order.home_expected else {
        return Ok(());
    };
    let home = pilot.seen.home.map(|(home, _)| home);
    for (what, place) in [("its home", home), ("it", pilot.seen.position)] {
        let off_m = place.map(|place| geodesic_distance_m(place, dock));
        if off_m.is_some_and(|off_m| off_m <= tolerance_m) {
            continue;
        }
        let text = match off_m {
            Some(off_m) => format!("{what} is {off_m:.1} m from the dock, {tolerance_m:.1} m are allowed"),
            None => format!("where {what} is is not known"),
        };
        return Err(NotFlown::refused(RefusalCode::NotAtDock, text));
    }
    Ok(())
}

fn must_have_battery(pilot: &Pilot<'_>) -> Result<(), NotFlown> {
    let Some(least) = pilot.order.min_battery_percent else {
        return Ok(());
    };
    match pilot.seen.battery_percent {
        Some(percent) if percent >= least => Ok(()),
        Some(percent) => {
            let text = format!("battery {percent:.0} %, {least:.0} % are needed");
            Err(NotFlown::refused(RefusalCode::Battery, text))
        }
        None => Err(NotFlown::refused(
            RefusalCode::Battery,
            "the vehicle does not tell its battery",
        )),
    }
}

fn where_it_stands(pilot: &Pilot<'_>) -> String {
    let place = pilot.seen.position.map_or("?".to_owned(), |at| {
        format!("{:.7}, {:.7}", at.latitude_deg, at.longitude_deg)
    });
    let battery = pilot
        .seen
        .battery_percent
        .map_or("?".to_owned(), |percent| format!("{percent:.0}"));
    format!("at {place}, battery {battery} %")
}

/// Brings the mission on board; the transfer reads it back and proves that it is the one that was meant.
async fn upload(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let order = pilot.order;
    let vehicle = pilot.vehicle.clone();
    let home = pilot.seen.home;
    pilot
        .outbox
        .step(Step::Clearing, "the mission on board is replaced");
    pilot
        .outbox
        .step(Step::Uploading, format!("{} items", order.items.len()));
    match pilot.through(vehicle.upload_mission(&order.items, home)).await? {
        Ok(report) => {
            let resent = report.retransmissions;
            let text = format!(
                "{} items read back equal, {resent} messages sent again",
                report.items
            );
            pilot.outbox.step(Step::ReadBack, text);
            Ok(())
        }
        Err(error) => Err(NotFlown::refused(code_of(&error), error.to_string())),
    }
}

pub(super) fn code_of(error: &MissionTransferError) -> RefusalCode {
    match error {
        MissionTransferError::Differs { .. } | MissionTransferError::DiffersInLength { .. } => {
            RefusalCode::ReadbackDiffers
        }
        MissionTransferError::Empty
        | MissionTransferError::TooMany { .. }
        | MissionTransferError::UnknownItem { .. } => RefusalCode::PlanInvalid,
        MissionTransferError::TwoVehicles { .. } => RefusalCode::TwoVehiclesOneId,
        MissionTransferError::NoAnswer { .. }
        | MissionTransferError::Refused { .. }
        | MissionTransferError::GoesRound { .. }
        | MissionTransferError::NotSupported { .. }
        | MissionTransferError::NotSent(_) => RefusalCode::UploadFailed,
    }
}
