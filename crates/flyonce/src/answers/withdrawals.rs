//! Sorties that make no coverage by a person's word, as they are told.

use serde::Serialize;
use store::withdrawals::{Withdrawal, Withdrawn};
use utoipa::ToSchema;

/// A sortie (a flight or an import) whose photos make no coverage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WithdrawalAnswer {
    /// The sortie.
    pub sortie_id: String,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// Photos that do not count by it.
    pub photos: u64,
}

/// `GET /api/v1/withdrawals`: withdrawn sorties, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WithdrawalList {
    /// The sorties.
    pub withdrawn: Vec<WithdrawalAnswer>,
}

/// What became of a request to withdraw a sortie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WithdrawnAnswer {
    /// The withdrawal that stands.
    #[serde(flatten)]
    pub standing: WithdrawalAnswer,
    /// Whether this request made it; `false`: the sortie was withdrawn before, and its first reason stands.
    pub new: bool,
}

/// A sortie that counts again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RestoredAnswer {
    /// The sortie.
    pub sortie_id: String,
    /// Its photos, whether or not each is good enough to count.
    pub photos: u64,
}

impl WithdrawalAnswer {
    /// A row as it is told.
    pub fn of(row: &Withdrawal) -> Self {
        Self {
            sortie_id: row.sortie_id.clone(),
            reason: row.reason.clone(),
            by: row.actor.name.clone(),
            at: row.withdrawn_at.to_string(),
            photos: row.photos,
        }
    }
}

impl WithdrawalList {
    /// Rows as they are told.
    pub fn of(rows: &[Withdrawal]) -> Self {
        Self {
            withdrawn: rows.iter().map(WithdrawalAnswer::of).collect(),
        }
    }
}

impl WithdrawnAnswer {
    /// What the store did, as it is told.
    pub fn of(made: &Withdrawn) -> Self {
        Self {
            standing: WithdrawalAnswer::of(&made.standing),
            new: made.is_new,
        }
    }
}
