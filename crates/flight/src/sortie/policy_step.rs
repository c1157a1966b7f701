//! What the vehicle does by itself is settled on the ground, before anything can go wrong in the air.

use schedule::interlock::PolicyFact;
use schedule::refusal::RefusalCode;

use super::event::{FlightEvent, Step};
use super::order::PolicyOrder;
use super::pilot::Pilot;
use super::prepare::NotFlown;

/// Makes the vehicle's failsafes what the order says, or reads what they are.
pub(super) async fn settle_policy(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let order = pilot.order;
    let (policy, required) = match &order.policy {
        PolicyOrder::Leave => return Ok(()),
        PolicyOrder::Read => (None, false),
        PolicyOrder::Keep { policy, required } => (Some(policy), *required),
    };
    let (vehicle, profile) = (pilot.vehicle.clone(), pilot.profile);
    let report = match pilot.through(vehicle.keep_policy(profile, policy)).await? {
        Ok(report) => report,
        Err(error) if required => {
            return Err(NotFlown::refused(RefusalCode::PolicyNotKept, error.to_string()));
        }
        Err(error) => {
            pilot.outbox.step(Step::Policy, error.to_string());
            return Ok(());
        }
    };
    let fact = report.fact();
    pilot.outbox.step(Step::Policy, report.to_string());
    pilot.outbox.tell(FlightEvent::Policy(report));
    match fact {
        PolicyFact::NotKept(text) if required => Err(NotFlown::refused(RefusalCode::PolicyNotKept, text)),
        _kept_or_told => Ok(()),
    }
}
