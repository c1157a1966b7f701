//! Bring everyone home.

use anyhow::Result;

use crate::fleet::ground_stop::Order;
use crate::fleet::orders::{SortieOrder, tell};
use crate::fleet::service::Fleet;

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
        if let Err(refused) = tell(fleet, &sortie, &one, SortieOrder::Return, (actor, reason)).await {
            tracing::warn!(
                sortie.id = sortie,
                why = refused.words.en,
                "could not be called home"
            );
        }
        recalled.push(sortie);
    }
    kept?;
    Ok(recalled)
}
