//! `[reach]`: how far docks reach, for the reachable number and for siting.

use survey::reach::{ReachRule, Vehicle, Wind};

use crate::config::fleet::FleetSettings;
use crate::config::reader::Section;
use crate::lang::Words;

/// `[reach]`, with what it takes from `[fleet]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReachSettings {
    /// How far a vehicle gets.
    pub rule: ReachRule,
    /// Whether somebody said how long a battery lasts.
    pub endurance_is_stated: bool,
}

impl ReachSettings {
    pub(super) fn read(root: &Section<'_, '_>, fleet: &FleetSettings) -> Self {
        let section = root.section("reach");
        let usual = Vehicle::light_multirotor();
        let stated_min = section.maybe_number("endurance_min", 1.0..=600.0);
        let endurance_s = stated_min.map(|minutes| minutes * 60.0).or(fleet.endurance_s);
        let full_s = endurance_s.unwrap_or(usual.endurance_s);
        // A hover takes as much more than cruise as it does of the usual vehicle.
        let hover_s = full_s * usual.hover_endurance_s / usual.endurance_s;
        let hover_min = section.maybe_number("hover_endurance_min", 1.0..=600.0);
        let vehicle = Vehicle {
            endurance_s: full_s,
            hover_endurance_s: hover_min.map_or(hover_s, |minutes| minutes * 60.0),
            reserve_percent: section.number("reserve_percent", usual.reserve_percent, 0.0..=90.0),
            cruise_ms: section.number("cruise_ms", usual.cruise_ms, 1.0..=50.0),
            climb_ms: section.number("climb_ms", usual.climb_ms, 0.2..=20.0),
            descent_ms: section.number("descent_ms", usual.descent_ms, 0.2..=20.0),
            height_m: section.number("height_m", usual.height_m, 0.0..=1000.0),
            time_on_task_s: section.number("min_time_on_task_s", usual.time_on_task_s, 0.0..=36_000.0),
            wind_limit_ms: fleet.limits.wind_ms,
        };
        let speed_ms = section.number("wind_ms", 5.0, 0.0..=30.0);
        let wind = match section.maybe_number("wind_from_deg", 0.0..=360.0) {
            Some(from_deg) => Wind::Steady { speed_ms, from_deg },
            None => Wind::AnySide { speed_ms },
        };
        section.finish();
        Self {
            rule: ReachRule::Flown {
                vehicle,
                wind,
                link_range_m: Some(fleet.reach_m),
            },
            endurance_is_stated: endurance_s.is_some(),
        }
    }

    /// The same with plain discs.
    pub fn disc(radius_m: f64) -> Self {
        Self {
            rule: ReachRule::Disc { radius_m },
            endurance_is_stated: true,
        }
    }

    /// The parameters, to be printed beside every figure.
    pub fn words(&self) -> Words {
        match &self.rule {
            ReachRule::Disc { radius_m } => Words::new(
                format!("各机场 {radius_m:.0} m 圆盘,扣除禁飞区,未计电量、风与绕行"),
                format!("discs of {radius_m:.0} m less no-fly areas: no battery, wind or detours"),
            ),
            ReachRule::Flown {
                vehicle,
                wind,
                link_range_m,
            } => flown_words(vehicle, wind, *link_range_m, self.endurance_is_stated),
        }
    }
}

fn flown_words(vehicle: &Vehicle, wind: &Wind, link_range_m: Option<f64>, stated: bool) -> Words {
    let Vehicle {
        endurance_s,
        hover_endurance_s,
        reserve_percent,
        cruise_ms,
        height_m,
        time_on_task_s,
        ..
    } = vehicle;
    let (full_min, hover_min, work_min) = (
        endurance_s / 60.0,
        hover_endurance_s / 60.0,
        time_on_task_s / 60.0,
    );
    let wind_words = match wind {
        Wind::Calm => Words::new("无风", "no wind"),
        Wind::AnySide { speed_ms } => Words::new(
            format!("任意方向风 {speed_ms} m/s"),
            format!("wind of {speed_ms} m/s from any side"),
        ),
        Wind::Steady { speed_ms, from_deg } => Words::new(
            format!("风 {speed_ms} m/s、来向 {from_deg:.0}°"),
            format!("wind of {speed_ms} m/s from {from_deg:.0}°"),
        ),
    };
    let (assumed_zh, assumed_en) = match stated {
        true => ("", ""),
        false => (
            "(未配置,按轻型多旋翼假定)",
            " (not configured: a light multirotor is assumed)",
        ),
    };
    let (range_zh, range_en) = link_range_m.map_or_else(Default::default, |range_m| {
        (
            format!(",距机场不超过 {range_m:.0} m"),
            format!(", never more than {range_m:.0} m from the dock"),
        )
    });
    Words::new(
        format!(
            "续航 {full_min:.0} 分钟、悬停 {hover_min:.0} 分钟{assumed_zh},留 {reserve_percent:.0} % 电量,巡航 {cruise_ms} m/s,高 {height_m:.0} m,{},现场作业 {work_min:.0} 分钟,绕开禁飞区{range_zh}",
            wind_words.zh
        ),
        format!(
            "{full_min:.0} min in flight, {hover_min:.0} in hover{assumed_en}, {reserve_percent:.0} % kept, {cruise_ms} m/s at {height_m:.0} m, {}, {work_min:.0} min of work, round no-fly areas{range_en}",
            wind_words.en
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::settings::Settings;

    fn read(text: &str) -> ReachSettings {
        Settings::read("flyonce.toml", text, Path::new("."))
            .unwrap()
            .reach
    }

    #[test]
    fn defaults_are_those_of_a_light_multirotor_within_the_limits_of_the_fleet() {
        let settings = read("[fleet]\nreach_m = 4000\nmax_wind_ms = 9\n");
        let vehicle = Vehicle {
            wind_limit_ms: 9.0,
            ..Vehicle::light_multirotor()
        };
        assert_eq!(
            settings.rule,
            ReachRule::Flown {
                vehicle,
                wind: Wind::AnySide { speed_ms: 5.0 },
                link_range_m: Some(4000.0)
            }
        );
        assert!(
            settings.words().en.contains("not configured"),
            "{}",
            settings.words().en
        );
    }

    #[test]
    fn what_is_stated_counts_and_is_printed() {
        let settings = read(
            "[fleet]\nendurance_min = 30\n[reach]\nreserve_percent = 20\nwind_ms = 6\nwind_from_deg = 135\nmin_time_on_task_s = 120\n",
        );
        let ReachRule::Flown { vehicle, wind, .. } = settings.rule else {
            panic!("flown")
        };
        assert_eq!((vehicle.endurance_s, vehicle.hover_endurance_s), (1800.0, 1440.0));
        assert_eq!(
            wind,
            Wind::Steady {
                speed_ms: 6.0,
                from_deg: 135.0
            }
        );
        let words = settings.words().en;
        for part in [
            "30 min in flight",
            "20 % kept",
            "6 m/s from 135°",
            "2 min of work",
            "4500 m from the dock",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(!words.contains("assumed"), "{words}");
    }
}
