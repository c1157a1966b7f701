//! The calendar of a day: what was taken on and how it ended, and what is still to come.

use std::collections::HashMap;

use schedule::calendar::Slot;
use serde::Serialize;
use store::flights::{SlotRow, SlotState};
use survey::time::CivilDay;
use utoipa::ToSchema;

use crate::fleet::words::{next_step_words, reason_words, state_words};
use crate::lang::Words;

/// The calendar of one day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalendarAnswer {
    /// The civil day of the city, yyyy-mm-dd.
    pub day: String,
    /// In the order of time.
    pub slots: Vec<SlotAnswer>,
}

/// One instant of the calendar.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SlotAnswer {
    /// Name of the mission.
    pub mission: String,
    /// Its dock.
    pub dock_id: String,
    /// Its plan; unknown for an instant that is not in the calendar any more.
    pub plan: Option<String>,
    /// The instant, RFC 3339.
    pub at: String,
    /// `due`, `launched`, `refused` or `missed`.
    pub state: String,
    /// Words for the state.
    pub state_words: Words,
    /// Code of a refusal.
    pub code: Option<String>,
    /// What the code means.
    pub words: Option<Words>,
    /// What to do about it.
    pub next_step: Option<Words>,
    /// The flight that came of it.
    pub sortie_id: Option<String>,
}

impl CalendarAnswer {
    /// From the instants taken on and those the calendar has on this day, in whatever order.
    pub fn of(day: CivilDay, taken_on: &[SlotRow], scheduled: &[Slot]) -> Self {
        let mut plans: HashMap<(&str, i64), &Slot> = scheduled
            .iter()
            .map(|slot| ((slot.mission.as_str(), slot.at.0), slot))
            .collect();
        let mut slots: Vec<(i64, SlotAnswer)> = Vec::new();
        for row in taken_on {
            let slot = plans.remove(&(row.mission.as_str(), row.slot_at.0));
            slots.push((row.slot_at.0, of_row(row, slot.map(|slot| slot.plan.clone()))));
        }
        slots.extend(plans.into_values().map(|slot| (slot.at.0, to_come(slot))));
        slots.sort_by(|(at, a), (other_at, b)| {
            (at, &a.dock_id, &a.mission).cmp(&(other_at, &b.dock_id, &b.mission))
        });
        Self {
            day: day.to_string(),
            slots: slots.into_iter().map(|(_, slot)| slot).collect(),
        }
    }
}

fn of_row(row: &SlotRow, plan: Option<String>) -> SlotAnswer {
    let code = row.code.as_deref();
    SlotAnswer {
        mission: row.mission.clone(),
        dock_id: row.dock_id.clone(),
        plan,
        at: row.slot_at.to_string(),
        state: row.state.as_str().to_owned(),
        state_words: state_words(row.state.as_str()),
        code: row.code.clone(),
        words: code.map(reason_words),
        next_step: code.and_then(next_step_words),
        sortie_id: row.sortie_id.clone(),
    }
}

fn to_come(slot: &Slot) -> SlotAnswer {
    SlotAnswer {
        mission: slot.mission.clone(),
        dock_id: slot.dock_id.clone(),
        plan: Some(slot.plan.clone()),
        at: slot.at.to_string(),
        state: SlotState::Due.as_str().to_owned(),
        state_words: state_words(SlotState::Due.as_str()),
        code: None,
        words: None,
        next_step: None,
        sortie_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use survey::time::UtcMicros;

    #[test]
    fn what_was_taken_on_is_not_listed_again_as_due() {
        let slot = |mission: &str, at: i64| Slot {
            mission: mission.to_owned(),
            dock_id: "D01".to_owned(),
            plan: "a.plan".to_owned(),
            at: UtcMicros(at),
        };
        let row = SlotRow {
            mission: "a".to_owned(),
            slot_at: UtcMicros(2_000_000),
            dock_id: "D01".to_owned(),
            state: SlotState::Refused,
            code: Some("wind".to_owned()),
            sortie_id: None,
        };
        let gone = SlotRow {
            mission: "gone".to_owned(),
            ..row.clone()
        };
        let scheduled = [slot("a", 2_000_000), slot("a", 3_000_000), slot("b", 1_000_000)];
        let answer = CalendarAnswer::of(CivilDay(0), &[row, gone], &scheduled);
        let told: Vec<_> = answer
            .slots
            .iter()
            .map(|slot| (slot.mission.as_str(), slot.state.as_str(), slot.plan.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("b", "due", Some("a.plan")),
                ("a", "refused", Some("a.plan")),
                ("gone", "refused", None),
                ("a", "due", Some("a.plan")),
            ]
        );
        assert!(answer.slots[1].words.is_some() && answer.slots[1].next_step.is_some());
    }
}
