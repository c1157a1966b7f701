//! Whose hand a change of mode is: what we told, what the mission brings, a failsafe of the vehicle's own, or somebody
//! else (another ground station, a remote). What is not ours is named and never fought.

use std::time::{Duration, Instant};

use super::pace::Limit;
use super::pilot::Pilot;
use crate::profile::FlightMode;
use crate::telemetry::GEOFENCE;

/// A mode that lasts so long is meant: on their way from one to another vehicles pass through modes, and a heartbeat
/// may tell the one before. Vehicle.
const MEANT_AFTER: Duration = Duration::from_secs(3);
/// Words so much older than a change of mode have nothing to do with it. Wall.
const WORDS_WITHIN: Duration = Duration::from_secs(15);
/// A change of mode so soon after a lost link is a consequence of it. Vehicle.
const AFTER_LINK: Duration = Duration::from_secs(30);
/// MAV_SEVERITY of a failsafe's words, at most.
const WARNING: u8 = 4;
/// ArduPilot tells a breach of its fence as a notice (`AC_Fence::print_fence_message`).
const NOTICE: u8 = 5;
/// Words that say that a failsafe acts, not which.
const NAMELESS: &[&str] = &["failsafe activated", "failsafe warning"];
/// Parts of words by which ArduPilot and PX4 announce a failsafe, in lower case.
const FAILSAFE_WORDS: &[&str] = &[
    "failsafe",
    "battery",
    "fence breach",
    "fences breach",
    "fence violation",
    "outside fence",
    "data link lost",
    "connection lost",
    "manual control lost",
    "crash",
    "parachute",
];
/// Words that say that a failsafe is over, or that it was not one.
const PASSED_WORDS: &[&str] = &["cleared", "regained", "recovered", "restored"];

/// Why a vehicle is in a mode that nobody here asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Its own failsafe, in its words.
    Failsafe(String),
    /// Nobody said why.
    Other,
}

/// Watches the mode.
#[derive(Debug, Default)]
pub(super) struct ModeWatch {
    strange: Option<Strange>,
}

#[derive(Clone, Copy, Debug)]
struct Strange {
    mode: u32,
    limit: Limit,
    since: Instant,
    told: bool,
}

/// What a look at the mode gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing new.
    Nothing,
    /// It is in a mode nobody here asked for.
    Strange(Cause),
    /// It is back in a mode that was expected.
    Back,
}

impl ModeWatch {
    /// Whether it is in a mode that was told as nobody's here.
    pub fn is_strange(&self) -> bool {
        self.strange.is_some_and(|strange| strange.told)
    }

    /// One look. `expected`: the modes that what was told here leads to; None: any.
    pub fn look(&mut self, pilot: &Pilot<'_>, expected: Option<&[FlightMode]>) -> Seen {
        let mode = pilot.seen.custom_mode;
        let known = |wanted: &FlightMode| pilot.profile.is_in(*wanted, mode) != Some(false);
        let is_expected = pilot.profile.leads_into_mission(mode)
            || expected.is_none_or(|expected| expected.iter().any(known));
        if is_expected {
            let was_told = self.strange.take().is_some_and(|strange| strange.told);
            return if was_told { Seen::Back } else { Seen::Nothing };
        }
        let strange = match &mut self.strange {
            Some(strange) if strange.mode == mode => strange,
            _another => self.strange.insert(Strange {
                mode,
                limit: pilot.pace.limit(MEANT_AFTER),
                since: Instant::now(),
                told: false,
            }),
        };
        if strange.told || !pilot.pace.is_over(strange.limit) {
            return Seen::Nothing;
        }
        strange.told = true;
        let since = strange.since;
        Seen::Strange(cause(pilot, since))
    }
}

/// Why a vehicle changed its mode at `since`, as far as it says.
pub(super) fn cause(pilot: &Pilot<'_>, since: Instant) -> Cause {
    let from = since.checked_sub(WORDS_WITHIN);
    let texts = pilot.seen.status_texts.iter();
    let near = texts.filter(|text| from.is_none_or(|from| text.received_at >= from));
    let words: Vec<&str> = near
        .filter(|text| is_failsafe(text.severity, &text.text))
        .map(|text| text.text.as_str())
        .collect();
    let named = words.iter().rfind(|words| !is_nameless(words));
    if let Some(words) = named.or(words.last()) {
        return Cause::Failsafe((*words).to_owned());
    }
    // Words get lost; the bit in SYS_STATUS is told again and again.
    let unhealthy = pilot.seen.health.sensors_unhealthy.as_deref();
    if unhealthy.is_some_and(|unhealthy| unhealthy.contains(&GEOFENCE)) {
        return Cause::Failsafe("it says that it is outside its fence (SYS_STATUS)".to_owned());
    }
    let after_link = pilot
        .link_back_at
        .is_some_and(|back| pilot.pace.now().saturating_sub(back) < AFTER_LINK);
    if after_link {
        return Cause::Failsafe("it had lost its link to the ground station".to_owned());
    }
    Cause::Other
}

fn is_failsafe(severity: u8, words: &str) -> bool {
    let words = words.to_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let loud = severity <= WARNING || (severity == NOTICE && words.contains("breach"));
    loud && any(FAILSAFE_WORDS) && !any(PASSED_WORDS)
}

fn is_nameless(words: &str) -> bool {
    let words = words.to_lowercase();
    NAMELESS.iter().any(|begin| words.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failsafes_are_known_by_their_words() {
        for words in [
            "GCS Failsafe",
            "Battery Failsafe",
            "Battery 1 is low 10.50V used 3000 mAh",
            "EKF Failsafe: changed to LAND Mode",
            "Fence Breached",
            "Failsafe activated: Low battery, Return",
            "Data link lost, Return activated",
        ] {
            assert!(is_failsafe(WARNING, words), "{words}");
        }
        assert!(is_failsafe(NOTICE, "Polygon fence breached"));
        assert!(is_failsafe(NOTICE, "Circle and Polygon fences breached"));
        assert!(is_failsafe(
            2,
            "Geofence violation: approaching or outside geofence"
        ));
        assert!(
            is_nameless("Failsafe activated: entering Hold for 5 seconds") && !is_nameless("GCS Failsafe")
        );
        for words in [
            "GCS Failsafe Cleared",
            "Data link regained",
            "Mission: 3 WP",
            "EKF3 IMU0 is using GPS",
            "RC Short Failsafe Cleared",
            "Fence breach cleared",
            "Fence enabled (auto)",
            "Fence upload timeout",
        ] {
            assert!(!is_failsafe(WARNING, words), "{words}");
        }
    }
}
