//! The fence of a plan on the vehicle, and the vehicle's own fence against a plan without one.

use flight::sortie::{FlightOrder, GateAnswer, Outcome, Step};
use schedule::mission::{Fence, FenceArea, FenceShape};
use schedule::refusal::RefusalCode;
use simulator::vehicle::Profile;

use super::world::{Flight, World, order};

/// A square round home with an excluded circle beside the way.
fn fence(world: &World, half_m: f64) -> Fence {
    let corner = |east: f64, north: f64| world.place(east * half_m, north * half_m);
    let area = |inclusion, shape| FenceArea { inclusion, shape };
    let square = vec![
        corner(-1.0, -1.0),
        corner(1.0, -1.0),
        corner(1.0, 1.0),
        corner(-1.0, 1.0),
    ];
    Fence {
        areas: vec![
            area(true, FenceShape::Polygon(square)),
            area(
                false,
                FenceShape::Circle {
                    centre: world.place(0.8 * half_m, 0.0),
                    radius_m: 5.0,
                },
            ),
        ],
        return_point: None,
    }
}

async fn fenced_flight(profile: Profile, parameters: &[(&str, f64)]) {
    let world = World::new(profile, 16.0, "").await;
    let drawn = fence(&world, 200.0);
    let fenced = FlightOrder {
        fence: drawn.clone(),
        ..order()
    };
    let (report, told) = Flight::fly(&world, fenced, GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed, "{profile:?}: {told:?}");
    assert!(told.has(Step::FenceSet), "{profile:?}: {told:?}");
    let kept = world.vehicle.download_fence().await.unwrap();
    assert_eq!(kept.areas.len(), drawn.areas.len(), "{profile:?}");
    for (name, value) in parameters {
        assert_eq!(world.vehicle.parameter(name).await.unwrap(), *value, "{name}");
    }
    // A plan without a fence keeps within the one that is on the vehicle, and is told of it.
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed, "{profile:?}: {told:?}");
    let own = |(step, text): &(Step, String)| *step == Step::Notice && text.contains("own of 2 areas stays");
    assert!(told.steps.iter().any(own), "{profile:?}: {told:?}");
    // And one that would leave it does not start.
    world.vehicle.upload_fence(&fence(&world, 50.0)).await.unwrap();
    let (report, _) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    match report.outcome {
        Outcome::Refused { code, .. } => assert_eq!(code, RefusalCode::LeavesFence, "{profile:?}"),
        other => panic!("{profile:?}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fence_is_put_on_read_back_switched_on_and_kept_arducopter() {
    // Only areas: the ceiling and the circle round home that ArduPilot has by default would end the flight.
    let parameters = [("FENCE_ENABLE", 1.0), ("FENCE_TYPE", 4.0), ("FENCE_ACTION", 1.0)];
    fenced_flight(Profile::ArduCopter, &parameters).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fence_is_put_on_read_back_switched_on_and_kept_px4() {
    fenced_flight(Profile::Px4, &[("GF_ACTION", 2.0)]).await;
}
