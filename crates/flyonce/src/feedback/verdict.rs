//! What the decision on a lead says about its pictures.

use casework::evidence::StoredEvent;
use casework::lead::{LeadState, MoveKind};
use store::rows::LeadRow;
use survey::time::UtcMicros;

use crate::config::catalogue::{Catalogue, Lesson};

/// A decision that stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) lead_no: String,
    /// Class of the lead; of other classes at its site the decision says nothing.
    pub(super) class: String,
    pub(super) state: LeadState,
    pub(super) reason: Option<String>,
    pub(super) decided_at: UtcMicros,
    pub(super) lesson: Lesson,
}

impl Verdict {
    /// `None` for a lead that waits for a decision, another reviewer or another flight.
    pub(super) fn of(lead: &LeadRow, events: &[StoredEvent], catalogue: &Catalogue) -> Option<Self> {
        if !matches!(
            lead.state,
            LeadState::Confirmed | LeadState::FalseAlarm | LeadState::KnownStock
        ) {
            return None;
        }
        // A lead gets into such a state by a judgement only, and out of it by undo only: the last judgement that leads
        // there is the one that stands.
        let stands = |event: &&StoredEvent| {
            let kind = event.body.kind.parse::<MoveKind>();
            kind.is_ok_and(MoveKind::is_judgement) && event.body.to.as_deref() == Some(lead.state.as_str())
        };
        let event = events.iter().rev().find(stands)?;
        let reason = event.body.reason.clone();
        let lesson = match lead.state {
            LeadState::FalseAlarm => reason
                .as_deref()
                .map_or(Lesson::Unsure, |code| catalogue.lesson_of(code)),
            _ => Lesson::Present,
        };
        Some(Self {
            lead_no: lead.lead_no.clone(),
            class: lead.class.clone(),
            state: lead.state,
            reason,
            decided_at: event.body.at,
            lesson,
        })
    }
}
