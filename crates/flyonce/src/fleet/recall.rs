//! Bring everyone home, and bring one home.

use anyhow::Result;
use flight::sortie::Instruction;
use tokio::sync::mpsc::error::TrySendError;

use crate::fleet::flight_record::FlightRecord;
use crate::fleet::ground_stop::Order;
use crate::fleet::service::{Fleet, UnderWay};
use crate::lang::Words;

/// Grounds the fleet and calls every sortie home; those still on the ground do not start. Answers which were told.
/// What became of the order is in each sortie's steps: every return is confirmed by effect.
///
/// # Errors
/// A ground stop that cannot be kept; the sorties were told all the same.
pub async fn return_all(fleet: &Fleet, actor: &str, reason: Option<&str>) -> Result<Vec<String>> {
    let kept = fleet.ground_stop().impose(Order {
        actor: actor.to_owned(),
        at: fleet.clock().now(),
        reason: reason.map(str::to_owned),
    });
    let mut recalled = Vec::new();
    for (sortie, one) in fleet.under_way() {
        tell(fleet, &sortie, &one, actor).await;
        recalled.push(sortie);
    }
    kept?;
    Ok(recalled)
}

/// Calls one sortie home.
///
/// # Errors
/// A sortie that nobody follows now, in words.
pub async fn return_one(fleet: &Fleet, sortie: &str, actor: &str) -> Result<(), Words> {
    match fleet.under_way().get(sortie) {
        Some(one) => {
            tell(fleet, sortie, one, actor).await;
            Ok(())
        }
        None => Err(Words::new(
            format!("架次 {sortie} 不在执行中"),
            format!("sortie {sortie} is not under way"),
        )),
    }
}

async fn tell(fleet: &Fleet, sortie: &str, one: &UnderWay, actor: &str) {
    let told = one
        .instructions
        .try_send(Instruction::Return { by: actor.to_owned() });
    if matches!(told, Err(TrySendError::Closed(_))) {
        return;
    }
    let Ok(id) = sortie.parse() else { return };
    let record = FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), id);
    if let Err(error) = record.step("recall", &format!("ordered by {actor}")).await {
        tracing::warn!(sortie.id = sortie, %error, "the recall could not be written down");
    }
}
