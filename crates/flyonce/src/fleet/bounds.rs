//! The fence and the rally points of a sortie: checked with its mission, kept with its row, and given to every flight
//! that flies for it, also to follow-ups and after a restart. And what flights laid on their vehicles and have not
//! taken back.

use anyhow::{Context, Result};
use flight::sortie::{FlightOrder, Laid};
use schedule::mission::{
    Fence, MissionItem, MissionProblem, MissionProblemCode, RallyPoint, check_fence, check_rally,
    check_returns,
};
use serde::{Deserialize, Serialize};
use store::Store;
use store::flights::FlightRow;

use crate::config::fleet::FleetSettings;
use crate::fleet::start_place::StartPlace;

/// Fence and rally points of a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanBounds {
    /// Where it may be.
    pub fence: Fence,
    /// Where a return may lead instead of home.
    pub rally: Vec<RallyPoint>,
}

impl PlanBounds {
    /// Of a flight's row.
    ///
    /// # Errors
    /// A row that cannot be read: such a flight must not fly as if it had no fence.
    pub fn of(flight: &FlightRow) -> Result<Self> {
        match &flight.bounds_json {
            None => Ok(Self::default()),
            Some(json) => serde_json::from_str(json).context("the fence in the flight's row cannot be read"),
        }
    }

    /// As it is kept with a flight; none where there is nothing to keep.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub fn to_json(&self) -> Result<Option<String>> {
        if *self == Self::default() {
            return Ok(None);
        }
        Ok(Some(serde_json::to_string(self)?))
    }

    /// Gives them to an order. A place to go after a breach is for aeroplanes; PX4 would refuse the fence for it.
    pub fn put_into(self, order: &mut FlightOrder) {
        order.fence = Fence {
            return_point: None,
            ..self.fence
        };
        order.rally = self.rally;
    }

    /// What is wrong between them and a mission that starts at `start`; warnings among it.
    pub fn problems(
        &self,
        items: &[MissionItem],
        settings: &FleetSettings,
        start: &StartPlace,
    ) -> Vec<MissionProblem> {
        let mut problems = check_fence(items, &self.fence, start.home);
        if problems.is_empty() {
            problems = check_returns(items, &self.fence, start.home, start.alternate);
        }
        let rules = start.rules(settings);
        problems.extend(check_rally(items, &self.rally, &self.fence, &rules));
        if self.fence.return_point.is_some() {
            problems.push(MissionProblem {
                item: None,
                code: MissionProblemCode::BreachReturnUnused,
            });
        }
        problems
    }
}

/// What an earlier flight laid on this vehicle and did not take back.
///
/// # Errors
/// The database, or a row that cannot be read.
pub async fn owed(store: &Store, link: &str, system_id: u8) -> Result<Option<Laid>> {
    let json = store.laid_on(link, system_id).await?;
    let read = |json: String| {
        serde_json::from_str(&json).context("what an earlier flight left on the vehicle cannot be read")
    };
    json.map(read).transpose()
}
