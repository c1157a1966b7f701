//! Aircraft and alarms of such docks as people see them.

use std::time::Instant;

use flight::cloud_dock::{Alarm, CodeKind, alarm_words};

use crate::config::roster::DockEntry;
use crate::fleet::service::Fleet;
use crate::fleet::shown::{CloudLineView, HealthView, VehicleView};
use crate::lang::Words;

/// An aircraft tells itself every two seconds while it is on; not heard for this long counts as out of contact, seconds.
const HEARD_WITHIN_S: f64 = 10.0;
/// Above this it is in the air, metres.
const IN_THE_AIR_M: f64 = 1.0;

/// The aircraft of a dock; one that is off in its dock was never heard or not lately, and its charge is the dock's word.
pub fn vehicle(fleet: &Fleet, dock: &DockEntry) -> Option<VehicleView> {
    let cloud = fleet.cloud()?;
    let aircraft = cloud.desk.aircraft(&dock.dock_id);
    let charge = fleet.docks().dock(&dock.dock_id).and_then(|state| state.charge);
    let age_s = aircraft.as_ref().map(|aircraft| {
        Instant::now()
            .saturating_duration_since(aircraft.heard_at)
            .as_secs_f64()
    });
    let heard = age_s.is_some_and(|age_s| age_s < HEARD_WITHIN_S);
    let flying = aircraft
        .as_ref()
        .filter(|_| heard)
        .map(|aircraft| aircraft.is_flying());
    let height_m = aircraft
        .as_ref()
        .and_then(|aircraft| aircraft.height_above_home_m);
    let position = aircraft.as_ref().and_then(|aircraft| aircraft.position);
    Some(VehicleView {
        system_id: None,
        link: dock.link_text(),
        heard,
        last_heard_s: age_s.map(|age_s| (age_s * 10.0).round() / 10.0),
        mode: aircraft
            .as_ref()
            .map_or("", |aircraft| aircraft.mode_name())
            .to_owned(),
        armed: flying == Some(true),
        landed: flying.map(|flying| {
            let in_air = flying && height_m.is_some_and(|height_m| height_m > IN_THE_AIR_M);
            if in_air { "in_air" } else { "on_ground" }.to_owned()
        }),
        battery_percent: aircraft
            .as_ref()
            .filter(|_| heard)
            .and_then(|aircraft| aircraft.battery_percent)
            .or_else(|| charge.and_then(|charge| charge.percent)),
        longitude_deg: position.map(|position| position.longitude_deg),
        latitude_deg: position.map(|position| position.latitude_deg),
        height_above_home_m: height_m,
        heading_deg: aircraft.as_ref().and_then(|aircraft| aircraft.heading_deg),
        ground_speed_ms: aircraft.as_ref().and_then(|aircraft| aircraft.ground_speed_ms),
        mission_current: None,
        mission_total: None,
    })
}

/// What came in, where there are such docks.
pub fn line(fleet: &Fleet) -> Option<CloudLineView> {
    let statistics = fleet.cloud()?.desk.statistics();
    Some(CloudLineView {
        messages: statistics.messages,
        bad_messages: statistics.bad_messages,
        strangers: statistics.strangers,
        unknown_methods: statistics.unknown_methods,
        unknown_fields: statistics.unknown_fields,
        unknown_values: statistics.unknown_values,
    })
}

/// The alarms that stand.
pub fn health(fleet: &Fleet, dock: &DockEntry) -> Vec<HealthView> {
    let alarms = fleet.cloud().map(|cloud| cloud.desk.alarms(&dock.dock_id));
    alarms.unwrap_or_default().iter().map(health_view).collect()
}

fn health_view(alarm: &Alarm) -> HealthView {
    let words = alarm_words(alarm);
    let [zh, en] = words.map_or(CodeKind::Unknown, |words| words.kind).remedy();
    HealthView {
        code: alarm.code.clone(),
        level: alarm.level,
        words: words.map(|words| Words::new(words.zh, words.en)),
        remedy: Words::new(zh, en),
    }
}
