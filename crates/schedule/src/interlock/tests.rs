//! Each rule by itself, and what no worsening may do.

use super::*;
use crate::refusal::RefusalCode;
use proptest::prelude::*;
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;

fn good_dock() -> DockFacts {
    DockFacts {
        online: Some(true),
        lid_open: Some(true),
        vehicle_present: Some(true),
        emergency_stop: Some(false),
        work: Some(DockWork::Busy),
        wind_ms: Some(8.0),
        gust_ms: Some(10.0),
        rain_level: Some(1),
        temperature_c: Some(-20.0),
        position: Wgs84::new(31.2, 121.5).ok(),
        status_age_s: Some(0.5),
        telemetry_age_s: Some(0.5),
    }
}

fn good_vehicle() -> VehicleFacts {
    VehicleFacts {
        battery_percent: Some(30.0),
        position_estimate_in_use: Some(true),
        gps_fix: Some(3),
        satellites: Some(6),
        position: Wgs84::new(31.2, 121.500_03).ok(),
        home: Wgs84::new(31.2, 121.500_03).ok(),
        prearm_ok: Some(true),
        sensors_unhealthy: Some(Vec::new()),
        ..VehicleFacts::default()
    }
}

fn of(checks: &[Check], code: RefusalCode) -> Check {
    checks
        .iter()
        .find(|check| check.name == code.as_str())
        .unwrap()
        .clone()
}

#[test]
fn values_on_the_limit_pass() {
    let checks = before_arming(&good_dock(), &good_vehicle(), &Limits::default());
    assert_eq!(forbids_arming(&checks), None, "{checks:?}");
    assert_eq!(checks.len(), 21);
}

type Spoil = fn(&mut DockFacts, &mut VehicleFacts);

/// Every rule that must hold, how it is broken and how it is hidden.
fn rules() -> [(RefusalCode, Spoil, Spoil); 13] {
    use RefusalCode as R;
    [
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
        (
            R::NotAtDock,
            |_, v| v.home = Wgs84::new(31.2, 121.500_04).ok(),
            |_, v| v.home = None,
        ),
        (
            R::DockBusy,
            |d, _| d.work = Some(DockWork::Debug),
            |d, _| d.work = None,
        ),
    ]
}

#[test]
fn every_rule_refuses_in_its_own_word_and_lack_of_data_refuses_too() {
    for (code, break_it, hide_it) in rules() {
        for (spoil, verdict) in [(break_it, Verdict::Fail), (hide_it, Verdict::Unknown)] {
            let (mut dock, mut vehicle) = (good_dock(), good_vehicle());
            spoil(&mut dock, &mut vehicle);
            let checks = before_arming(&dock, &vehicle, &Limits::default());
            let first = forbids_arming(&checks).unwrap();
            assert_eq!((first.code, first.verdict), (code, verdict));
            assert_eq!(checks.iter().filter(|c| c.forbids()).count(), 1);
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

#[test]
fn what_many_vehicles_never_tell_is_shown_as_unknown_and_forbids_only_when_it_fails() {
    let unknown = |checks: &[Check], name: &str| {
        let check = checks.iter().find(|check| check.name == name).unwrap();
        (check.verdict, check.forbids())
    };
    let told_little = VehicleFacts {
        prearm_ok: None,
        sensors_unhealthy: None,
        satellites: None,
        ..good_vehicle()
    };
    let checks = before_arming(&good_dock(), &told_little, &Limits::default());
    for name in [
        "prearm",
        "sensors",
        "satellites",
        "battery_cells",
        "battery_health",
        "ground_station",
    ] {
        assert_eq!(unknown(&checks, name), (Verdict::Unknown, false), "{name}");
    }
    let broken = VehicleFacts {
        prearm_ok: Some(false),
        prearm_words: vec!["PreArm: Compass not healthy".to_owned()],
        sensors_unhealthy: Some(vec!["compass"]),
        satellites: Some(5),
        cells_v: vec![3.9, 3.4],
        battery_fault: Some("cell failed".to_owned()),
        ground_station: Some(GroundStations {
            expected: 255,
            ours: 254,
        }),
        ..good_vehicle()
    };
    let checks = before_arming(&good_dock(), &broken, &Limits::default());
    let failing: Vec<(&str, &str)> = checks
        .iter()
        .filter(|check| check.forbids())
        .map(|check| (check.name, check.code.as_str()))
        .collect();
    assert_eq!(
        failing,
        [
            ("battery_cells", "battery"),
            ("battery_health", "battery"),
            ("satellites", "no_position"),
            ("prearm", "arming_refused"),
            ("sensors", "arming_refused"),
            ("ground_station", "ground_station"),
        ]
    );
    let prearm = checks.iter().find(|check| check.name == "prearm").unwrap();
    assert_eq!(prearm.text.as_deref(), Some("PreArm: Compass not healthy"));
}

#[test]
fn what_may_settle_is_waited_for_and_what_is_an_answer_is_not() {
    let waits = |vehicle: VehicleFacts, name: &str| {
        let checks = before_arming(&good_dock(), &vehicle, &Limits::default());
        let check = checks.iter().find(|check| check.name == name).unwrap();
        assert!(check.forbids(), "{check:?}");
        check.may_settle()
    };
    let unhealthy = |unhealthy_for_s| VehicleFacts {
        sensors_unhealthy: Some(vec!["compass"]),
        unhealthy_for_s,
        ..good_vehicle()
    };
    assert!(waits(unhealthy(Some(1.0)), "sensors"));
    assert!(!waits(unhealthy(Some(5.0)), "sensors"));
    let charge = |battery_percent| VehicleFacts {
        battery_percent,
        ..good_vehicle()
    };
    assert!(waits(charge(None), "battery"));
    assert!(!waits(charge(Some(20.0)), "battery"));
    let fix = VehicleFacts {
        gps_fix: Some(2),
        ..good_vehicle()
    };
    assert!(waits(fix, "gps_fix"));
}

#[test]
fn a_wrong_clock_is_shown_or_refused_as_configured() {
    let late = VehicleFacts {
        clock_off_s: Some(-3600.0),
        ..good_vehicle()
    };
    for (clock_rule, forbids) in [(ClockRule::Shown, false), (ClockRule::Refused, true)] {
        let limits = Limits {
            clock_rule,
            ..Limits::default()
        };
        let checks = before_arming(&good_dock(), &late, &limits);
        let clock = of(&checks, RefusalCode::ClockOff);
        assert_eq!((clock.verdict, clock.forbids()), (Verdict::Fail, forbids));
        assert_eq!(clock.value, Some(-3600.0));
    }
}

#[test]
fn what_the_program_answers_for_is_unknown_until_it_was_done() {
    let limits = Limits::default();
    let none = of_the_program(&ProgramFacts::default(), &limits);
    let verdicts: Vec<(&str, Verdict, bool)> = none
        .iter()
        .map(|check| (check.name, check.verdict, check.forbids()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("ground_stop", Verdict::Pass, false),
            ("readback_differs", Verdict::Unknown, true),
            ("policy_not_kept", Verdict::Unknown, true),
            ("flight_time", Verdict::Unknown, false),
            ("storage_full", Verdict::Unknown, true),
            ("fence_on_board", Verdict::Unknown, false),
            ("rally_on_board", Verdict::Unknown, false),
        ]
    );
    let done = ProgramFacts {
        ground_stop_by: None,
        read_back: Some((true, "14 items".to_owned())),
        policy: Some(PolicyFact::Kept("as configured".to_owned())),
        needs_s: Some(600.0),
        can_fly_s: Some(600.0),
        free_gb: Some(1.0),
        bounds: BoundsFacts::default(),
    };
    assert_eq!(forbids_arming(&of_the_program(&done, &limits)), None);
    let short = ProgramFacts {
        can_fly_s: Some(599.0),
        ..done.clone()
    };
    let checks = of_the_program(&short, &limits);
    let first = forbids_arming(&checks).unwrap();
    assert_eq!(
        (first.name, first.value, first.limit),
        ("flight_time", Some(599.0), Some(600.0))
    );
    let unsettled = ProgramFacts {
        policy: Some(PolicyFact::OnlyRead {
            text: "FS_GCS_ENABLE 0".to_owned(),
            acts: Some(false),
        }),
        ..done
    };
    let checks = of_the_program(&unsettled, &limits);
    assert_eq!(of(&checks, RefusalCode::PolicyNotKept).verdict, Verdict::Fail);
    assert_eq!(forbids_arming(&checks), None);
}

/// Fence and rally points of a plan: read back in full, and not older than a day.
#[test]
fn a_fence_is_on_board_in_full_and_of_the_day() {
    let forbidden = |bounds: BoundsFacts| {
        let facts = ProgramFacts {
            read_back: Some((true, String::new())),
            policy: Some(PolicyFact::Kept(String::new())),
            free_gb: Some(9.0),
            bounds,
            ..ProgramFacts::default()
        };
        let checks = of_the_program(&facts, &Limits::default());
        forbids_arming(&checks).map(|check| (check.name, check.value, check.limit))
    };
    let good = BoundsFacts {
        fence_items: 5,
        rally_points: 2,
        fence_age_h: Some(24.0),
        on_board: Some((ListFact::ReadBack(5), ListFact::ReadBack(2))),
    };
    assert_eq!(forbidden(good), None);
    let with = |on_board| BoundsFacts { on_board, ..good };
    for (on_board, value) in [
        (None, None),
        (Some((ListFact::Unknown, ListFact::ReadBack(2))), None),
        (Some((ListFact::Own(7), ListFact::ReadBack(2))), Some(0.0)),
        (Some((ListFact::ReadBack(4), ListFact::ReadBack(2))), Some(4.0)),
    ] {
        assert_eq!(
            forbidden(with(on_board)),
            Some(("fence_on_board", value, Some(5.0)))
        );
    }
    let no_rally = with(Some((ListFact::ReadBack(5), ListFact::Empty)));
    assert_eq!(
        forbidden(no_rally),
        Some(("rally_on_board", Some(0.0), Some(2.0)))
    );
    let old = BoundsFacts {
        fence_age_h: Some(24.1),
        ..good
    };
    assert_eq!(forbidden(old), Some(("fence_outdated", Some(24.1), Some(24.0))));
    // A plan without either shows what the vehicle has and forbids nothing.
    let own = BoundsFacts {
        on_board: Some((ListFact::Own(2), ListFact::Own(1))),
        ..BoundsFacts::default()
    };
    assert_eq!(forbidden(own), None);
}

fn given(check: &str, scope: Scope) -> OverrideGiven {
    OverrideGiven {
        id: "O1".to_owned(),
        check: check.to_owned(),
        scope,
        actor: "李雷".to_owned(),
        role: "dispatcher".to_owned(),
        reason: "the anemometer is broken".to_owned(),
        until: UtcMicros(100),
    }
}

#[test]
fn an_override_lets_pass_what_it_names_where_and_while_it_holds_and_hides_nothing() {
    let windy = DockFacts {
        wind_ms: Some(9.0),
        ..good_dock()
    };
    let dock = || Scope::Dock("D01".to_owned());
    let one = || Scope::Sortie("S1".to_owned());
    let left = |given: OverrideGiven, place: (&str, Option<&str>), now: i64| {
        let checks = before_arming(&windy, &good_vehicle(), &Limits::default());
        let checks = apply_overrides(checks, &[given], place, UtcMicros(now));
        let wind = of(&checks, RefusalCode::Wind);
        assert_eq!(
            (wind.verdict, wind.value, wind.limit),
            (Verdict::Fail, Some(9.0), Some(8.0))
        );
        forbids_arming(&checks).map(|check| check.name)
    };
    assert_eq!(left(given("wind", dock()), ("D01", Some("S1")), 99), None);
    assert_eq!(left(given("wind", one()), ("D01", Some("S1")), 99), None);
    let landing = before_landing(
        &DockFacts {
            vehicle_present: Some(false),
            ..windy.clone()
        },
        &Limits::default(),
    );
    let wind = [given("wind", dock())];
    let landing = apply_overrides(landing, &wind, ("D01", Some("S1")), UtcMicros(99));
    assert_eq!(forbids_landing(&landing), None);
    for refused in [
        left(given("wind", dock()), ("D01", None), 100),
        left(given("wind", dock()), ("D02", None), 99),
        left(given("wind", one()), ("D01", None), 99),
        left(given("wind", one()), ("D01", Some("S2")), 99),
        left(given("gust", dock()), ("D01", None), 99),
    ] {
        assert_eq!(refused, Some("wind"));
    }
}

#[test]
fn what_keeps_people_from_harm_cannot_be_overridden() {
    let mut all = before_arming(
        &DockFacts::default(),
        &VehicleFacts::default(),
        &Limits::default(),
    );
    all.extend(of_the_program(&ProgramFacts::default(), &Limits::default()));
    let every: Vec<OverrideGiven> = all
        .iter()
        .map(|check| given(check.name, Scope::Dock("D01".to_owned())))
        .collect();
    let checks = apply_overrides(all, &every, ("D01", None), UtcMicros(0));
    let left: Vec<&str> = checks
        .iter()
        .filter(|check| check.forbids())
        .map(|check| check.name)
        .collect();
    assert_eq!(
        left,
        [
            "dock_offline",
            "emergency_stop",
            "lid_not_open",
            "vehicle_absent",
            "no_position",
            "gps_fix",
            "readback_differs",
        ]
    );
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
