//! Whether dock, weather and vehicle allow arming, and whether the dock allows landing: one check per rule, each
//! with the measured value and the limit, so that a refusal can be shown with its numbers.

use survey::geodesy::{Wgs84, geodesic_distance_m};

use crate::refusal::RefusalCode;

/// What is known about a dock; `None` means nobody said, or what was said is too old to count.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DockFacts {
    /// Whether it answers.
    pub online: Option<bool>,
    /// Whether the lid is fully open.
    pub lid_open: Option<bool>,
    /// Whether a vehicle stands in it.
    pub vehicle_present: Option<bool>,
    /// Whether its emergency stop is pressed.
    pub emergency_stop: Option<bool>,
    /// Mean wind, m/s.
    pub wind_ms: Option<f64>,
    /// Gusts, m/s.
    pub gust_ms: Option<f64>,
    /// 0 none, 1 light, 2 moderate, 3 heavy.
    pub rain_level: Option<u8>,
    /// Air temperature outside, °C.
    pub temperature_c: Option<f64>,
    /// Where it stands.
    pub position: Option<Wgs84>,
}

/// What is known about the vehicle in the dock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VehicleFacts {
    /// Charge, percent.
    pub battery_percent: Option<f64>,
    /// Whether the vehicle flies on its position estimate (the PREARM bit alone does not say so).
    pub position_estimate_in_use: Option<bool>,
    /// Where it says it is.
    pub position: Option<Wgs84>,
}

/// Limits of dock and vehicle; a value on the limit is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Greatest mean wind, m/s.
    pub wind_ms: f64,
    /// Greatest gust, m/s.
    pub gust_ms: f64,
    /// Heaviest rain, 0 to 3.
    pub rain_level: u8,
    /// Coldest air, °C.
    pub temperature_min_c: f64,
    /// Warmest air, °C.
    pub temperature_max_c: f64,
    /// Lowest charge, percent.
    pub battery_percent: f64,
    /// Greatest distance between the dock and where the vehicle says it stands, m.
    pub home_within_m: f64,
}

impl Default for Limits {
    /// Limits of a common dock: landing wind and battery gate as its maker gives them.
    fn default() -> Self {
        Limits {
            wind_ms: 8.0,
            gust_ms: 10.0,
            rain_level: 1,
            temperature_min_c: -20.0,
            temperature_max_c: 45.0,
            battery_percent: 30.0,
            home_within_m: 3.0,
        }
    }
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within the limit.
    Pass,
    /// Beyond the limit.
    Fail,
    /// Cannot be said for lack of data.
    Unknown,
}

impl Verdict {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Unknown => "unknown",
        }
    }
}

/// One rule, as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The refusal it leads to.
    pub code: RefusalCode,
    /// What it says.
    pub verdict: Verdict,
    /// The measured value, where the rule has a number and somebody measured.
    pub value: Option<f64>,
    /// The limit that counted, where the rule has a number.
    pub limit: Option<f64>,
    /// Unit of both, empty where the rule has no number.
    pub unit: &'static str,
}

/// Everything that must hold before a vehicle is armed. One [`Verdict::Fail`] or [`Verdict::Unknown`] forbids it
/// ([`forbids_arming`]).
#[must_use]
pub fn before_arming(dock: &DockFacts, vehicle: &VehicleFacts, limits: &Limits) -> Vec<Check> {
    let distance_m = dock
        .position
        .zip(vehicle.position)
        .map(|(dock, vehicle)| geodesic_distance_m(dock, vehicle));
    let mut checks = vec![
        flag(RefusalCode::DockOffline, dock.online),
        flag(
            RefusalCode::EmergencyStop,
            dock.emergency_stop.map(|pressed| !pressed),
        ),
        flag(RefusalCode::LidNotOpen, dock.lid_open),
        flag(RefusalCode::VehicleAbsent, dock.vehicle_present),
    ];
    checks.extend(wind(dock, limits));
    checks.extend([
        at_most(
            RefusalCode::Rain,
            dock.rain_level.map(f64::from),
            f64::from(limits.rain_level),
            "level",
        ),
        temperature(dock, limits),
        at_least(
            RefusalCode::Battery,
            vehicle.battery_percent,
            limits.battery_percent,
            "%",
        ),
        flag(RefusalCode::NoPosition, vehicle.position_estimate_in_use),
        at_most(RefusalCode::NotAtDock, distance_m, limits.home_within_m, "m"),
    ]);
    checks
}

/// Everything that should hold before a vehicle comes down into the dock. What forbids it says
/// [`forbids_landing`]; a dock that went silent after its lid was seen open still takes a vehicle.
#[must_use]
pub fn before_landing(dock: &DockFacts, limits: &Limits) -> Vec<Check> {
    let mut checks = vec![
        flag(
            RefusalCode::EmergencyStop,
            dock.emergency_stop.map(|pressed| !pressed),
        ),
        flag(RefusalCode::LidNotOpen, dock.lid_open),
        flag(
            RefusalCode::DockBusy,
            dock.vehicle_present.map(|present| !present),
        ),
    ];
    checks.extend(wind(dock, limits));
    checks
}

/// The first of these checks that forbids arming: anything but a pass does.
#[must_use]
pub fn forbids_arming(checks: &[Check]) -> Option<&Check> {
    checks.iter().find(|check| check.verdict != Verdict::Pass)
}

/// The first of these checks that forbids landing in the dock: a failure, or a lid nobody knows open. Other
/// gaps in what is known do not, because a vehicle in the air has to come down somewhere.
#[must_use]
pub fn forbids_landing(checks: &[Check]) -> Option<&Check> {
    checks.iter().find(|check| match check.verdict {
        Verdict::Pass => false,
        Verdict::Fail => true,
        Verdict::Unknown => check.code == RefusalCode::LidNotOpen,
    })
}

fn wind(dock: &DockFacts, limits: &Limits) -> [Check; 2] {
    [
        at_most(RefusalCode::Wind, dock.wind_ms, limits.wind_ms, "m/s"),
        at_most(RefusalCode::Gust, dock.gust_ms, limits.gust_ms, "m/s"),
    ]
}

fn temperature(dock: &DockFacts, limits: &Limits) -> Check {
    let too_cold = dock.temperature_c.is_some_and(|t| t < limits.temperature_min_c);
    if too_cold {
        at_least(
            RefusalCode::Temperature,
            dock.temperature_c,
            limits.temperature_min_c,
            "°C",
        )
    } else {
        at_most(
            RefusalCode::Temperature,
            dock.temperature_c,
            limits.temperature_max_c,
            "°C",
        )
    }
}

fn flag(code: RefusalCode, as_wanted: Option<bool>) -> Check {
    Check {
        code,
        verdict: verdict(as_wanted),
        value: None,
        limit: None,
        unit: "",
    }
}

fn at_most(code: RefusalCode, value: Option<f64>, limit: f64, unit: &'static str) -> Check {
    measured(code, value, (limit, unit), |value| value <= limit)
}

fn at_least(code: RefusalCode, value: Option<f64>, limit: f64, unit: &'static str) -> Check {
    measured(code, value, (limit, unit), |value| value >= limit)
}

fn measured(
    code: RefusalCode,
    value: Option<f64>,
    (limit, unit): (f64, &'static str),
    within: impl Fn(f64) -> bool,
) -> Check {
    // A sensor that says "not a number" says nothing.
    let value = value.filter(|value| value.is_finite());
    Check {
        code,
        verdict: verdict(value.map(within)),
        value,
        limit: Some(limit),
        unit,
    }
}

fn verdict(holds: Option<bool>) -> Verdict {
    match holds {
        Some(true) => Verdict::Pass,
        Some(false) => Verdict::Fail,
        None => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn good_dock() -> DockFacts {
        DockFacts {
            online: Some(true),
            lid_open: Some(true),
            vehicle_present: Some(true),
            emergency_stop: Some(false),
            wind_ms: Some(8.0),
            gust_ms: Some(10.0),
            rain_level: Some(1),
            temperature_c: Some(-20.0),
            position: Wgs84::new(31.2, 121.5).ok(),
        }
    }

    fn good_vehicle() -> VehicleFacts {
        VehicleFacts {
            battery_percent: Some(30.0),
            position_estimate_in_use: Some(true),
            position: Wgs84::new(31.2, 121.500_03).ok(),
        }
    }

    fn of(checks: &[Check], code: RefusalCode) -> Check {
        checks.iter().find(|check| check.code == code).unwrap().clone()
    }

    #[test]
    fn values_on_the_limit_pass() {
        let checks = before_arming(&good_dock(), &good_vehicle(), &Limits::default());
        assert_eq!(forbids_arming(&checks), None, "{checks:?}");
        assert_eq!(checks.len(), 11);
    }

    type Spoil = fn(&mut DockFacts, &mut VehicleFacts);

    #[test]
    fn every_rule_refuses_in_its_own_word_and_lack_of_data_refuses_too() {
        use RefusalCode as R;
        let rules: [(R, Spoil, Spoil); 11] = [
            (
                R::DockOffline,
                |d, _| d.online = Some(false),
                |d, _| d.online = None,
            ),
            (
                R::EmergencyStop,
                |d, _| d.emergency_stop = Some(true),
                |d, _| d.emergency_stop = None,
            ),
            (
                R::LidNotOpen,
                |d, _| d.lid_open = Some(false),
                |d, _| d.lid_open = None,
            ),
            (
                R::VehicleAbsent,
                |d, _| d.vehicle_present = Some(false),
                |d, _| d.vehicle_present = None,
            ),
            (
                R::Wind,
                |d, _| d.wind_ms = Some(8.1),
                |d, _| d.wind_ms = Some(f64::NAN),
            ),
            (R::Gust, |d, _| d.gust_ms = Some(10.1), |d, _| d.gust_ms = None),
            (R::Rain, |d, _| d.rain_level = Some(2), |d, _| d.rain_level = None),
            (
                R::Temperature,
                |d, _| d.temperature_c = Some(-20.1),
                |d, _| d.temperature_c = None,
            ),
            (
                R::Battery,
                |_, v| v.battery_percent = Some(29.9),
                |_, v| v.battery_percent = None,
            ),
            (
                R::NoPosition,
                |_, v| v.position_estimate_in_use = Some(false),
                |_, v| v.position_estimate_in_use = None,
            ),
            (
                R::NotAtDock,
                |_, v| v.position = Wgs84::new(31.2, 121.500_04).ok(),
                |_, v| v.position = None,
            ),
        ];
        for (code, break_it, hide_it) in rules {
            for (spoil, verdict) in [(break_it, Verdict::Fail), (hide_it, Verdict::Unknown)] {
                let (mut dock, mut vehicle) = (good_dock(), good_vehicle());
                spoil(&mut dock, &mut vehicle);
                let checks = before_arming(&dock, &vehicle, &Limits::default());
                let first = forbids_arming(&checks).unwrap();
                assert_eq!((first.code, first.verdict), (code, verdict));
                assert_eq!(checks.iter().filter(|c| c.verdict != Verdict::Pass).count(), 1);
            }
        }
    }

    #[test]
    fn a_refusal_shows_the_value_and_the_limit_that_counted() {
        let mut dock = good_dock();
        dock.temperature_c = Some(47.5);
        dock.wind_ms = Some(9.3);
        let checks = before_arming(&dock, &good_vehicle(), &Limits::default());
        let wind = of(&checks, RefusalCode::Wind);
        assert_eq!((wind.value, wind.limit, wind.unit), (Some(9.3), Some(8.0), "m/s"));
        let warm = of(&checks, RefusalCode::Temperature);
        assert_eq!(
            (warm.verdict, warm.value, warm.limit),
            (Verdict::Fail, Some(47.5), Some(45.0))
        );
        dock.temperature_c = Some(-30.0);
        let cold = of(
            &before_arming(&dock, &good_vehicle(), &Limits::default()),
            RefusalCode::Temperature,
        );
        assert_eq!((cold.verdict, cold.limit), (Verdict::Fail, Some(-20.0)));
        let far = of(&checks, RefusalCode::NotAtDock);
        // 0.00003 degrees of longitude at 31.2° north: 2.86 m (a·cos φ·Δλ with WGS-84's prime vertical radius).
        assert!((far.value.unwrap() - 2.86).abs() < 0.01, "{far:?}");
    }

    #[test]
    fn a_silent_dock_with_an_open_lid_takes_a_vehicle_a_closed_or_occupied_one_does_not() {
        let flown = DockFacts {
            vehicle_present: Some(false),
            ..good_dock()
        };
        let forbidden = |dock: &DockFacts| {
            let checks = before_landing(dock, &Limits::default());
            forbids_landing(&checks).map(|check| (check.code, check.verdict))
        };
        assert_eq!(forbidden(&flown), None);
        let silent = DockFacts {
            lid_open: Some(true),
            ..DockFacts::default()
        };
        assert_eq!(forbidden(&silent), None);
        assert_eq!(
            forbidden(&DockFacts::default()),
            Some((RefusalCode::LidNotOpen, Verdict::Unknown))
        );
        assert_eq!(
            forbidden(&good_dock()),
            Some((RefusalCode::DockBusy, Verdict::Fail))
        );
        let stormy = DockFacts {
            gust_ms: Some(15.0),
            ..flown
        };
        assert_eq!(forbidden(&stormy), Some((RefusalCode::Gust, Verdict::Fail)));
    }

    proptest! {
        /// More wind, more rain, less charge never turn a refusal into a permission.
        #[test]
        fn worse_weather_never_helps(
            wind in 0.0..20.0, more in 0.0..5.0, rain in 0..4_u8, charge in 0.0..100.0, less in 0.0..20.0,
        ) {
            let dock = DockFacts { wind_ms: Some(wind), gust_ms: Some(wind), rain_level: Some(rain), ..good_dock() };
            let vehicle = VehicleFacts { battery_percent: Some(charge), ..good_vehicle() };
            let worse_dock = DockFacts {
                wind_ms: Some(wind + more), gust_ms: Some(wind + more), rain_level: Some(rain.saturating_add(1)), ..dock.clone()
            };
            let worse_vehicle = VehicleFacts { battery_percent: Some(charge - less), ..vehicle.clone() };
            let allowed = |d: &DockFacts, v: &VehicleFacts| forbids_arming(&before_arming(d, v, &Limits::default())).is_none();
            prop_assert!(allowed(&dock, &vehicle) || !allowed(&worse_dock, &worse_vehicle));
        }
    }
}
