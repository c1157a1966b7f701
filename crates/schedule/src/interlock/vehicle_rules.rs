//! Rules about the vehicle: what it says of its battery, its position and its own health.

use survey::geodesy::{Wgs84, geodesic_distance_m};

use super::check::{Check, Need};
use super::facts::{ClockRule, Limits, VehicleFacts};
use crate::refusal::RefusalCode;

pub(super) fn before_arming(dock: Option<Wgs84>, vehicle: &VehicleFacts, limits: &Limits) -> Vec<Check> {
    let mut checks = battery(vehicle, limits);
    checks.extend(position(dock, vehicle, limits));
    checks.extend([prearm(vehicle), sensors(vehicle)]);
    checks.extend([clock(vehicle, limits), ground_station(vehicle)]);
    checks
}

fn battery(vehicle: &VehicleFacts, limits: &Limits) -> Vec<Check> {
    const SOURCE: &str = "SYS_STATUS/BATTERY_STATUS";
    let age_s = vehicle.ages.battery_s;
    let volts = vehicle.battery_v.map(|volts| format!("{volts:.2} V"));
    let mut checks = vec![
        Check::at_least(
            RefusalCode::Battery,
            vehicle.battery_percent,
            limits.battery_percent,
            "%",
        )
        .with_text(volts),
    ];
    if let Some(least_v) = limits.battery_v {
        checks.push(
            Check::at_least(RefusalCode::Battery, vehicle.battery_v, least_v, "V").named("battery_voltage"),
        );
    }
    let lowest = vehicle.cells_v.iter().copied().reduce(f64::min);
    checks.push(
        Check::at_least(RefusalCode::Battery, lowest, limits.cell_v, "V")
            .named("battery_cells")
            .need(Need::WhereTold),
    );
    let fault = vehicle.battery_fault.as_deref();
    checks.push(
        Check::flag(RefusalCode::Battery, fault.map(str::is_empty))
            .named("battery_health")
            .need(Need::WhereTold)
            .with_text(fault.filter(|fault| !fault.is_empty()).map(str::to_owned)),
    );
    checks
        .into_iter()
        .map(|check| check.said_by(SOURCE, age_s))
        .collect()
}

fn position(dock: Option<Wgs84>, vehicle: &VehicleFacts, limits: &Limits) -> Vec<Check> {
    /// Three-dimensional, MAVLink's GPS_FIX_TYPE.
    const FIX_3D: f64 = 3.0;
    let off_m = |place: Option<Wgs84>| {
        dock.zip(place)
            .map(|(dock, vehicle)| geodesic_distance_m(dock, vehicle))
    };
    let code = RefusalCode::NotAtDock;
    let ages = &vehicle.ages;
    vec![
        Check::flag(RefusalCode::NoPosition, vehicle.position_estimate_in_use)
            .said_by("EKF_STATUS_REPORT/ESTIMATOR_STATUS", ages.estimator_s),
        Check::at_least(
            RefusalCode::NoPosition,
            vehicle.gps_fix.map(f64::from),
            FIX_3D,
            "fix",
        )
        .named("gps_fix")
        .said_by("GPS_RAW_INT", ages.gps_s),
        Check::at_least(
            RefusalCode::NoPosition,
            vehicle.satellites.map(f64::from),
            f64::from(limits.satellites),
            "satellites",
        )
        .named("satellites")
        // A receiver may keep the number to itself; the fix it cannot.
        .need(Need::WhereTold)
        .said_by("GPS_RAW_INT", ages.gps_s),
        Check::at_most(code, off_m(vehicle.position), limits.home_within_m, "m")
            .said_by("GLOBAL_POSITION_INT", ages.position_s),
        Check::at_most(code, off_m(vehicle.home), limits.home_within_m, "m")
            .named("home_at_dock")
            .said_by("HOME_POSITION", None),
    ]
}

/// The vehicle's own checks, with its words. Vehicles without this bit say no when they are told to arm.
fn prearm(vehicle: &VehicleFacts) -> Check {
    let words = vehicle.prearm_words.join("; ");
    let shown = vehicle.prearm_ok != Some(true) && !words.is_empty();
    Check::flag(RefusalCode::ArmingRefused, vehicle.prearm_ok)
        .named("prearm")
        .need(Need::WhereTold)
        .said_by("SYS_STATUS (PREARM_CHECK)", vehicle.ages.system_s)
        .with_text(shown.then_some(words))
}

fn sensors(vehicle: &VehicleFacts) -> Check {
    let needed = vehicle.sensors_unhealthy.as_deref();
    let mut words = Vec::new();
    if let Some(needed) = needed.filter(|needed| !needed.is_empty()) {
        words.push(format!("unhealthy: {}", needed.join(", ")));
    }
    if !vehicle.others_unhealthy.is_empty() {
        words.push(format!(
            "not needed to fly, unhealthy: {}",
            vehicle.others_unhealthy.join(", ")
        ));
    }
    let check = Check {
        value: vehicle.unhealthy_for_s,
        unit: "s",
        ..Check::flag(RefusalCode::ArmingRefused, needed.map(<[_]>::is_empty))
    };
    check
        .named("sensors")
        .need(Need::WhereTold)
        .said_by("SYS_STATUS (sensor health)", vehicle.ages.system_s)
        .with_text((!words.is_empty()).then(|| words.join("; ")))
}

fn clock(vehicle: &VehicleFacts, limits: &Limits) -> Check {
    let off_s = vehicle.clock_off_s;
    let limit_s = limits.clock_off_s;
    Check::measured(RefusalCode::ClockOff, off_s, (limit_s, "s"), |off_s| {
        off_s.abs() <= limit_s
    })
    .need(match limits.clock_rule {
        ClockRule::Shown => Need::Note,
        ClockRule::Refused => Need::Must,
    })
    .said_by("SYSTEM_TIME/TIMESYNC", None)
}

/// Autopilots arm their lost-link failsafe only for heartbeats of one ground station number.
fn ground_station(vehicle: &VehicleFacts) -> Check {
    let stations = vehicle.ground_station;
    let text = stations
        .filter(|stations| stations.expected != stations.ours)
        .map(|stations| {
            format!(
                "it listens to ground station {}, this one is {}: it would not notice a lost link",
                stations.expected, stations.ours
            )
        });
    Check::flag(
        RefusalCode::GroundStation,
        stations.map(|stations| stations.expected == stations.ours),
    )
    .need(Need::WhereTold)
    .said_by("PARAM_VALUE (MAV_GCS_SYSID)", None)
    .with_text(text)
}
