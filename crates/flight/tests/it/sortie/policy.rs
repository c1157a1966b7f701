//! What the vehicle does by itself: written where it differs, read back, refused where it does not stay, and then
//! really done.

use std::time::Instant;

use flight::policy::{BatteryAction, FailsafePolicy, LostLink, MissingParameter};
use flight::sortie::{FlightOrder, GateAnswer, Outcome, PolicyOrder, Step};
use flight::telemetry::Telemetry;
use schedule::interlock::PolicyFact;
use schedule::refusal::RefusalCode;
use simulator::vehicle::Profile;

use super::world::{Flight, World, heard, order};

fn policy() -> FailsafePolicy {
    FailsafePolicy {
        lost_link_after_s: Some(20.0),
        low_battery_percent: Some(25.0),
        critical_battery_percent: Some(10.0),
        return_height_m: Some(30.0),
        ..FailsafePolicy::default()
    }
}

fn with(policy: FailsafePolicy) -> FlightOrder {
    FlightOrder {
        policy: PolicyOrder::Keep {
            policy,
            required: true,
        },
        ..order()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_are_read_and_set_together_over_a_line_that_loses_a_fifth_each_way() {
    for (profile, names) in [
        (Profile::ArduCopter, ["FS_GCS_TIMEOUT", "RTL_ALT", "SYSID_MYGCS"]),
        (Profile::Px4, ["BAT_LOW_THR", "COM_DL_LOSS_T", "RTL_RETURN_ALT"]),
    ] {
        let world = World::new(profile, 1.0, "drop=0.2").await;
        heard(&world.vehicle).await;
        let many: Vec<[&str; 1]> = names
            .iter()
            .map(|name| [*name])
            .chain(["FS_THR_ENABLE", "RTL_TYPE", "NO_SUCH_NAME"].map(|name| [name]))
            .collect();
        let groups: Vec<&[&str]> = many.iter().map(<[&str; 1]>::as_slice).collect();
        let begun = Instant::now();
        let found = world.vehicle.parameters(&groups).await.unwrap();
        println!(
            "{profile:?}: 5 parameters and a missing one read in {:?}",
            begun.elapsed()
        );
        assert_eq!(found.iter().flatten().count(), 4, "{found:?}");
        assert!(found[5].is_none());
        let changes: Vec<_> = found[..3].iter().flatten().cloned().map(|it| (it, 7.0)).collect();
        let kept = world.vehicle.set_parameters(&changes).await.unwrap();
        assert_eq!(kept, [Some(7.0); 3], "{profile:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_written_where_it_differs_and_not_again() {
    for (profile, faults, changed) in [
        (Profile::ArduCopter, "", 4),
        (Profile::ArduCopter, "new_parameter_names", 4),
        (Profile::Px4, "", 4),
    ] {
        let world = World::new(profile, 20.0, faults).await;
        let mut flight = Flight::fly(&world, with(policy()), GateAnswer::Go);
        flight.reaches(Step::ReadBack).await;
        let (_, told) = flight.abandon().await;
        let [report] = &told.policies[..] else {
            panic!("{:?}", told.policies);
        };
        assert!(matches!(report.fact(), PolicyFact::Kept(_)), "{report}");
        let differing = report
            .settings
            .iter()
            .filter(|it| it.now != Some(it.before))
            .count();
        assert_eq!(differing, changed, "{report}");
        let begun = Instant::now();
        let again = world
            .vehicle
            .keep_policy(profile_of(profile), Some(&policy()))
            .await
            .unwrap();
        assert!(
            again.settings.iter().all(|it| it.now == Some(it.before)),
            "{again}"
        );
        println!(
            "{profile:?}: a policy found as it should be in {:?}",
            begun.elapsed()
        );
        assert!(told.has(Step::Policy));
    }
}

fn profile_of(profile: Profile) -> flight::profile::Profile {
    match profile {
        Profile::ArduCopter => flight::profile::Profile::ArduCopter,
        Profile::Px4 => flight::profile::Profile::Px4,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_does_not_keep_its_policy_stays_unless_somebody_lets_it() {
    let world = World::new(Profile::ArduCopter, 20.0, "stubborn_parameters").await;
    let (report, told) = Flight::fly(&world, with(policy()), GateAnswer::Go).ends().await;
    let Outcome::Refused { code, text } = &report.outcome else {
        panic!("{report:?}");
    };
    assert_eq!(*code, RefusalCode::PolicyNotKept);
    assert!(text.contains("FS_GCS_TIMEOUT stays 5 instead of 20"), "{text}");
    assert!(!told.has(Step::Uploading));

    let mut lenient = with(policy());
    lenient.policy = PolicyOrder::Keep {
        policy: policy(),
        required: false,
    };
    let mut flight = Flight::fly(&world, lenient, GateAnswer::Go);
    flight.reaches(Step::ReadBack).await;
    let (_, told) = flight.abandon().await;
    assert!(matches!(told.policies[0].fact(), PolicyFact::NotKept(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parameter_under_no_name_known_refuses_or_warns_as_configured() {
    let world = World::new(Profile::ArduCopter, 20.0, "").await;
    heard(&world.vehicle).await;
    // The simulated PX4's names on a vehicle that is no PX4: none of them is there.
    for (missing, refuses) in [(MissingParameter::Refuse, true), (MissingParameter::Warn, false)] {
        let policy = FailsafePolicy {
            missing,
            ..FailsafePolicy::default()
        };
        let report = world
            .vehicle
            .keep_policy(flight::profile::Profile::Px4, Some(&policy))
            .await
            .unwrap();
        assert_eq!(report.missing, ["NAV_DLL_ACT", "COM_LOW_BAT_ACT"]);
        assert_eq!(matches!(report.fact(), PolicyFact::NotKept(_)), refuses);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_policy_the_vehicles_own_is_told_and_its_ground_station_known() {
    let world = World::new(Profile::ArduCopter, 20.0, "").await;
    let read = FlightOrder {
        policy: PolicyOrder::Read,
        ..order()
    };
    let mut flight = Flight::fly(&world, read, GateAnswer::Go);
    flight.reaches(Step::ReadBack).await;
    let Telemetry { health, ages, .. } = world.vehicle.telemetry();
    assert_eq!(health.ground_station, Some(255));
    assert_eq!(health.sensors_unhealthy, Some(Vec::new()));
    assert!(ages.gps.is_some() && ages.battery.is_some() && ages.estimator.is_some());
    let (_, told) = flight.abandon().await;
    let fact = told.policies[0].fact();
    let PolicyFact::OnlyRead { text, acts } = &fact else {
        panic!("{fact:?}");
    };
    assert_eq!(*acts, Some(true));
    assert!(text.contains("FS_GCS_ENABLE 1"), "{text}");
}

/// The battery falls below the threshold in flight: the vehicle lands where the policy says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_vehicle_obeys_its_policy() {
    let mut down = with(FailsafePolicy {
        lost_link: LostLink::Land,
        low_battery: BatteryAction::Land,
        low_battery_percent: Some(90.0),
        ..FailsafePolicy::default()
    });
    down.min_battery_percent = None;
    let world = World::new(Profile::ArduCopter, 10.0, "low_battery=91").await;
    let (report, told) = Flight::fly(&world, down, GateAnswer::Go).ends().await;
    assert!(report.took_off && report.landed, "{report:?}");
    assert!(
        told.texts.iter().any(|text| text.contains("Battery Failsafe")),
        "{:?}",
        told.texts
    );
    assert!(world.off_home_m() > 10.0, "{}", world.off_home_m());
    assert_ne!(report.outcome, Outcome::Completed);
}
