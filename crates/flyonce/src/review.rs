//! One lead at a time: its whole case, and decisions on it. The command line and the HTTP API both come here.

use std::collections::BTreeSet;

use anyhow::Result;
use casework::lead::{Decision, LeadState, MoveError};
use store::StoreError;
use store::leads::LeadDecision;
use store::rows::{Actor, DetectionRow, LeadRow};
use vision::Card;

use crate::answers::catalogue::state_words;
use crate::answers::geotag::assumptions;
use crate::answers::leads::{EventAnswer, LeadDetail, LeadSummary, ModelAnswer, ViewAnswer};
use crate::answers::place::{ellipse_outline, rounded};
use crate::answers::poses::findings_of;
use crate::clock;
use crate::lang::Words;
use crate::stage::capture_time::zone_assumption;
use crate::stage::look::stored_placement;
use crate::workplace::Workplace;

/// Everything about the lead with this id or number.
///
/// # Errors
/// No such lead, or rows that cannot be read.
pub async fn lead_detail(workplace: &Workplace, id_or_number: &str) -> Result<LeadDetail> {
    let lead = workplace.store.lead(id_or_number).await?;
    let mut views = workplace.store.lead_views(&lead.lead_id).await?;
    // One view per photo, the best-scored: what other classes were reported for the same box says nothing new.
    let mut photos = BTreeSet::new();
    views.retain(|view| photos.insert(view.photo_id.clone()));
    let events = workplace.store.lead_events(&lead.lead_id).await?;
    Ok(LeadDetail {
        assumptions: assumptions_of(workplace, &lead, &views).await?,
        model: model_of(workplace, &lead, &views).await?,
        events: events.iter().map(EventAnswer::of).collect(),
        ellipse_outline: lead.place.as_ref().map(ellipse_outline),
        views: views.iter().map(ViewAnswer::of).collect(),
        summary: LeadSummary::of(&lead),
    })
}

async fn assumptions_of(workplace: &Workplace, lead: &LeadRow, views: &[DetectionRow]) -> Result<Vec<Words>> {
    let Some(best) = views.first() else {
        return Ok(Vec::new());
    };
    let photo = workplace.store.photo(&best.photo_id).await?;
    let mut words = match stored_placement(&photo)?.filter(|_| lead.place.is_some()) {
        Some((pose, camera)) => assumptions(&pose, &camera),
        None => vec![Words::new(
            "位置未知:照片没有可用的位姿",
            "place unknown: no photo of it has a usable pose",
        )],
    };
    let zone = photo
        .capture_zone
        .as_deref()
        .and_then(|code| zone_assumption(code, workplace.zone.name()));
    words.extend(findings_of(&photo).into_iter().map(|finding| finding.words));
    words.extend(zone);
    Ok(words)
}

async fn model_of(
    workplace: &Workplace,
    lead: &LeadRow,
    views: &[DetectionRow],
) -> Result<Option<ModelAnswer>> {
    let Some(best) = views.first() else {
        return Ok(None);
    };
    let row = workplace.store.model(&best.model_sha256).await?;
    let card = Card::parse(&row.card_text, std::path::Path::new(&row.name)).ok();
    let threshold = card.and_then(|card| card.classes.into_iter().find(|class| class.id == lead.class));
    Ok(Some(ModelAnswer {
        name: row.name,
        sha256: row.model_sha256,
        threshold: threshold.map(|class| rounded(f64::from(class.threshold), 4)),
    }))
}

/// What a person decides.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// Reason code of the catalogue.
    pub reason: Option<String>,
    /// Free words.
    pub note: Option<String>,
    /// Who decides; until there are accounts, the name people give themselves.
    pub actor: String,
    /// State the person saw.
    pub expected_state: Option<LeadState>,
}

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// Something is missing or unknown in what was asked.
    #[error("{}", .words.en)]
    Incomplete {
        /// Stable code.
        code: &'static str,
        /// What to do.
        words: Words,
    },
    /// A rule or another person was in the way.
    #[error("{}", .words.en)]
    Conflict {
        /// Stable code.
        code: &'static str,
        /// What happened.
        words: Words,
    },
    /// Rows.
    #[error(transparent)]
    Store(StoreError),
}

/// Decides; the new state and its event are committed when this returns.
///
/// # Errors
/// See [`DecideError`]; nothing has changed then.
pub async fn decide(
    workplace: &Workplace,
    id_or_number: &str,
    verdict: Verdict,
) -> Result<LeadRow, DecideError> {
    let lead = workplace
        .store
        .lead(id_or_number)
        .await
        .map_err(DecideError::Store)?;
    let catalogue = &workplace.config.catalogue;
    if let Some(reason) = verdict
        .reason
        .as_deref()
        .filter(|reason| !catalogue.has_reason(reason))
    {
        let known: Vec<&str> = catalogue
            .false_alarm_reasons
            .iter()
            .map(|reason| reason.code.as_str())
            .collect();
        let known = known.join(", ");
        let words = Words::new(
            format!("没有原因代码 {reason};可用:{known}"),
            format!("there is no reason {reason}; there are: {known}"),
        );
        return Err(DecideError::Incomplete {
            code: "unknown_reason",
            words,
        });
    }
    let decision = LeadDecision {
        lead_id: lead.lead_id.clone(),
        expected_state: verdict.expected_state,
        decision: verdict.decision,
        // A matter that left the catalogue keeps the stricter rule.
        policy: catalogue
            .matter(&lead.matter_code)
            .map_or(casework::lead::ReviewPolicy::TwoStep, |m| m.review_policy),
        actor: Actor {
            name: verdict.actor.trim().to_owned(),
            role: "reviewer".to_owned(),
        },
        reason: verdict.reason,
        note: verdict.note.filter(|note| !note.trim().is_empty()),
    };
    workplace
        .store
        .decide_lead(&decision, clock::now())
        .await
        .map_err(refusal)?;
    workplace
        .store
        .lead(&lead.lead_id)
        .await
        .map_err(DecideError::Store)
}

fn refusal(error: StoreError) -> DecideError {
    match error {
        StoreError::Moved { now_state } => {
            let state = state_words(now_state);
            let words = Words::new(
                format!("此线索已被他人处理,现为“{}”", state.zh),
                format!("somebody else was faster: the lead is now \"{}\"", state.en),
            );
            DecideError::Conflict { code: "moved", words }
        }
        StoreError::Refused(cause) => refused(&cause),
        other => DecideError::Store(other),
    }
}

fn refused(cause: &MoveError) -> DecideError {
    let en = cause.to_string();
    match cause {
        MoveError::ActorMissing => DecideError::Incomplete {
            code: "actor_missing",
            words: Words::new("请填写审核人姓名", en),
        },
        MoveError::ReasonMissing { .. } => DecideError::Incomplete {
            code: "reason_missing",
            words: Words::new("请选择误报原因", en),
        },
        MoveError::AlreadyDecided { state } => {
            let words = Words::new(format!("已审核为“{}”,请先撤销", state_words(*state).zh), en);
            DecideError::Conflict {
                code: "already_decided",
                words,
            }
        }
        MoveError::SecondPersonNeeded { first } => {
            let words = Words::new(format!("{first} 已做一审,二审须由他人进行"), en);
            DecideError::Conflict {
                code: "second_person_needed",
                words,
            }
        }
        MoveError::NothingToUndo => DecideError::Conflict {
            code: "nothing_to_undo",
            words: Words::new("没有可撤销的审核", en),
        },
    }
}
