//! Who else speaks to the vehicle, and whether it would notice that it lost us: looked at once on the ground. Nothing
//! here stops a flight; it is told.

use std::time::Duration;

use schedule::refusal::RefusalCode;

use super::event::Step;
use super::pilot::{Broken, Pilot};
use super::prepare::NotFlown;
use crate::parameters::ParameterError;
use crate::signing::SigningTrouble;
use crate::telemetry::Autopilot;
use crate::vehicle::Vehicle;

/// ArduPilot's parameter for the ground station that its guard listens to, and its name since 4.7, which goes with
/// the end of a range.
const OLD_NAME: &str = "SYSID_MYGCS";
const NEW_NAME: &str = "MAV_GCS_SYSID";
const NEW_NAME_END: &str = "MAV_GCS_SYSID_HI";
const NEW_NAME_SINCE: [u8; 3] = [4, 7, 0];
/// A vehicle is silent about names it does not have; nothing waits for long here.
const PATIENCE: Duration = Duration::from_millis(2500);

/// Tells of other ground stations and of a vehicle that listens to another number than ours.
pub(super) async fn look_around(pilot: &mut Pilot<'_>) -> Result<(), Broken> {
    let (own, _component) = pilot.vehicle.own();
    for station in pilot.vehicle.other_stations() {
        let whom = format!("{}/{}", station.system_id, station.component_id);
        let text = if station.has_our_number {
            format!(
                "another ground station ({whom}) uses our number on this vehicle: it may not notice that it lost us; give one of them another number (system_id under [mavlink])"
            )
        } else {
            format!("another ground station ({whom}) speaks to this vehicle and may command it")
        };
        pilot.outbox.step(Step::Notice, text);
    }
    if pilot.seen.autopilot != Autopilot::ArduPilot {
        return Ok(());
    }
    let (vehicle, version) = (pilot.vehicle.clone(), pilot.version);
    let listens_to = pilot.through(ground_station_of(&vehicle, version)).await?;
    let text = match listens_to {
        Some((_name, first, last)) if (first..=last).contains(&f64::from(own)) => return Ok(()),
        Some((name, first, _last)) => format!(
            "{name} is {first:.0} and we are {own}: the vehicle's guard against a lost ground station does not listen to us; set {name} to {own}, or system_id under [mavlink] to {first:.0}"
        ),
        None => format!(
            "the vehicle does not tell which ground station its guard listens to ({OLD_NAME}, {NEW_NAME})"
        ),
    };
    pilot.outbox.step(Step::Notice, text);
    Ok(())
}

/// Name of the parameter, and the numbers it allows.
async fn ground_station_of(vehicle: &Vehicle, version: Option<[u8; 3]>) -> Option<(&'static str, f64, f64)> {
    let names = match version {
        Some(version) if version >= NEW_NAME_SINCE => [NEW_NAME, OLD_NAME],
        _older_or_not_told => [OLD_NAME, NEW_NAME],
    };
    for name in names {
        let Some(first) = soon(vehicle.parameter(name)).await else {
            continue;
        };
        let last = match name {
            NEW_NAME => soon(vehicle.parameter(NEW_NAME_END)).await.unwrap_or(first),
            _ => first,
        };
        return Some((name, first, last.max(first)));
    }
    None
}

async fn soon(value: impl Future<Output = Result<f64, ParameterError>>) -> Option<f64> {
    tokio::time::timeout(PATIENCE, value).await.ok()?.ok()
}

/// The refusal by its real name, where signing is behind it.
pub(super) fn with_signing_named(pilot: &Pilot<'_>, not_flown: NotFlown) -> NotFlown {
    let NotFlown::Refused { code, text } = &not_flown else {
        return not_flown;
    };
    let behind = match pilot.vehicle.signing_trouble() {
        None => false,
        // It is heard and believed; only that it answers nothing shows that it does not believe us.
        Some(SigningTrouble::NoKeyHere) => {
            let unanswered = [RefusalCode::NoPosition, RefusalCode::UploadFailed].contains(code);
            unanswered && pilot.version.is_none()
        }
        Some(_not_believed) => *code == RefusalCode::NoHeartbeat,
    };
    match pilot.vehicle.signing_trouble().filter(|_| behind) {
        Some(trouble) => NotFlown::refused(
            RefusalCode::SigningRefused,
            format!(
                "system {} is there, but {} ({text})",
                pilot.vehicle.system_id(),
                trouble.text()
            ),
        ),
        None => not_flown,
    }
}
