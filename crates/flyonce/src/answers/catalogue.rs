//! The catalogue as programs and the page get it: matters, classes, reasons, and the decisions there are.

use casework::lead::{Decision, LeadState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::catalogue::{Catalogue, Class, Matter, Reason};
use crate::lang::Words;

/// Catalogue and vocabulary of review.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CatalogueAnswer {
    /// Matters.
    pub matters: Vec<Matter>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Reasons for a false alarm.
    pub false_alarm_reasons: Vec<Reason>,
    /// Decisions a reviewer can take.
    pub decisions: Vec<DecisionChoice>,
}

/// One decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecisionChoice {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Words,
    /// Whether a reason has to be picked.
    pub reason_required: bool,
}

/// The whole answer.
pub fn catalogue(catalogue: &Catalogue) -> CatalogueAnswer {
    let choices = [
        Decision::Confirm,
        Decision::FalseAlarm,
        Decision::KnownStock,
        Decision::FlyAgain,
    ];
    CatalogueAnswer {
        matters: catalogue.matters.clone(),
        classes: catalogue.classes.clone(),
        false_alarm_reasons: catalogue.false_alarm_reasons.clone(),
        decisions: choices.into_iter().map(choice).collect(),
    }
}

fn choice(decision: Decision) -> DecisionChoice {
    DecisionChoice {
        code: decision.to_string(),
        name: decision_words(decision),
        reason_required: decision.reason_required(),
    }
}

/// Name of a decision.
pub fn decision_words(decision: Decision) -> Words {
    match decision {
        Decision::Confirm => Words::new("属实", "Confirm"),
        Decision::FalseAlarm => Words::new("误报", "False alarm"),
        Decision::KnownStock => Words::new("存量在册", "Known stock"),
        Decision::FlyAgain => Words::new("补飞", "Fly again"),
        Decision::Undo => Words::new("撤销", "Undo"),
    }
}

/// Name of a lead's state.
pub fn state_words(state: LeadState) -> Words {
    match state {
        LeadState::Candidate => Words::new("疑似线索", "Candidate"),
        LeadState::SecondReview => Words::new("待二审", "Second review"),
        LeadState::Confirmed => Words::new("属实", "Confirmed"),
        LeadState::FalseAlarm => Words::new("误报", "False alarm"),
        LeadState::KnownStock => Words::new("存量在册", "Known stock"),
        LeadState::FlyAgain => Words::new("补飞", "Fly again"),
    }
}
