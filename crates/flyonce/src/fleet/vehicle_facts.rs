//! What the gate may believe of a vehicle at this moment: what it said lately. News that are older are no news.

use std::time::Duration;

use flight::telemetry::{StatusText, Telemetry};
use flight::vehicle::Vehicle;
use schedule::interlock::{GroundStations, VehicleAges, VehicleFacts};
use survey::time::UtcMicros;

use crate::clock;

/// Streams come once in a second or two; after five times that the vehicle is silent about it.
const NEWS_COUNT: Duration = Duration::from_secs(10);
/// ArduPilot repeats what is in the way of arming every 30 s.
const WORDS_COUNT: Duration = Duration::from_secs(40);
/// How words about arming begin: ArduPilot, PX4.
const ABOUT_ARMING: [&str; 4] = ["prearm:", "arm:", "preflight fail", "arming denied"];

/// The facts of `vehicle`; `city_now` is the city's clock.
pub fn vehicle_facts(vehicle: &Vehicle, city_now: UtcMicros) -> VehicleFacts {
    let seen = vehicle.telemetry();
    let ours = vehicle.ground_station_number();
    let utc_us = vehicle.clock_offset().and_then(|offset| offset.utc_us);
    let clock_off_s = utc_us.map(|offset_us| seconds_between(city_now, clock::now().0 + offset_us));
    VehicleFacts {
        ground_station: seen
            .health
            .ground_station
            .map(|expected| GroundStations { expected, ours }),
        clock_off_s,
        ..facts_of(&seen)
    }
}

fn seconds_between(city: UtcMicros, vehicle_us: i64) -> f64 {
    (vehicle_us - city.0) as f64 / 1e6
}

fn facts_of(seen: &Telemetry) -> VehicleFacts {
    let seconds = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
    let position_age = (seen.position_age != Duration::MAX).then_some(seen.position_age);
    let ages = &seen.ages;
    let is_fresh = |age: Option<Duration>| age.is_some_and(|age| age <= NEWS_COUNT);
    let health = &seen.health;
    let battery = is_fresh(ages.battery);
    let gps = is_fresh(ages.gps);
    let system = is_fresh(ages.system);
    // PX4 without ESTIMATOR_STATUS is judged by SYS_STATUS and its position.
    let estimator = ages.estimator.or(ages.system);
    VehicleFacts {
        battery_percent: seen.battery_percent.filter(|_| battery),
        battery_v: seen.voltage.filter(|_| battery),
        cells_v: if battery {
            health.cells_v.clone()
        } else {
            Vec::new()
        },
        battery_fault: health.battery_fault.clone().filter(|_| battery),
        position_estimate_in_use: seen.position_estimate_in_use.filter(|_| is_fresh(estimator)),
        gps_fix: seen.gps_fix.filter(|_| gps).map(|fix| fix as u8),
        satellites: seen.satellites.filter(|_| gps),
        position: seen.position.filter(|_| is_fresh(position_age)),
        home: seen.home.map(|(home, _)| home),
        prearm_ok: seen.prearm_ok.filter(|_| system),
        prearm_words: prearm_words(seen),
        sensors_unhealthy: health.sensors_unhealthy.clone().filter(|_| system),
        unhealthy_for_s: seconds(health.unhealthy_for).filter(|_| system),
        others_unhealthy: health.others_unhealthy.clone(),
        clock_off_s: None,
        ground_station: None,
        ages: VehicleAges {
            battery_s: seconds(ages.battery),
            estimator_s: seconds(estimator),
            gps_s: seconds(ages.gps),
            position_s: seconds(position_age),
            system_s: seconds(ages.system),
        },
    }
}

fn prearm_words(seen: &Telemetry) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let about = |text: &&StatusText| {
        let lower = text.text.to_lowercase();
        text.received_at.elapsed() <= WORDS_COUNT && ABOUT_ARMING.iter().any(|begin| lower.starts_with(begin))
    };
    for text in seen.status_texts.iter().filter(about) {
        if !words.contains(&text.text) {
            words.push(text.text.clone());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use flight::telemetry::NewsAges;
    use std::time::Instant;

    fn seen(age_s: u64) -> Telemetry {
        let age = Some(Duration::from_secs(age_s));
        Telemetry {
            battery_percent: Some(80.0),
            satellites: Some(12),
            prearm_ok: Some(true),
            position_estimate_in_use: Some(true),
            ages: NewsAges {
                system: age,
                battery: age,
                estimator: age,
                gps: age,
            },
            ..Telemetry::default()
        }
    }

    #[test]
    fn old_news_are_no_news() {
        let fresh = facts_of(&seen(2));
        assert_eq!(
            (fresh.battery_percent, fresh.satellites, fresh.prearm_ok),
            (Some(80.0), Some(12), Some(true))
        );
        let old = facts_of(&seen(11));
        assert_eq!(
            (old.battery_percent, old.satellites, old.prearm_ok),
            (None, None, None)
        );
        assert_eq!(old.position_estimate_in_use, None);
        assert_eq!(old.ages.gps_s, Some(11.0));
    }

    #[test]
    fn only_words_about_arming_are_quoted_and_each_once() {
        let said = |text: &str| StatusText {
            severity: 2,
            text: text.to_owned(),
            at: UtcMicros(0),
            received_at: Instant::now(),
        };
        let mut telemetry = seen(1);
        telemetry.status_texts = [
            "PreArm: Compass not healthy",
            "EKF3 IMU0 is using GPS",
            "PreArm: Compass not healthy",
            "Preflight Fail: no valid data from Accel 0",
        ]
        .map(said)
        .into();
        assert_eq!(
            prearm_words(&telemetry),
            [
                "PreArm: Compass not healthy",
                "Preflight Fail: no valid data from Accel 0"
            ]
        );
    }
}
