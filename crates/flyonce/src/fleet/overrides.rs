//! Giving, listing and withdrawing overrides: whose name, what for, how long, and which checks nobody may override.

use anyhow::Result;
use schedule::interlock::{OVERRIDABLE, Scope, may_be_overridden};
use serde::{Deserialize, Serialize};
use store::overrides::{NewOverride, OverrideRow};
use store::rows::Actor;
use survey::time::UtcMicros;
use utoipa::ToSchema;

use crate::clock;
use crate::fleet::gate_words::check_words;
use crate::fleet::service::Fleet;
use crate::lang::Words;

/// Unless said otherwise an override holds for half an hour of the city's time.
const USUAL_S: u32 = 1800;
/// And never longer than a day.
const LONGEST_S: u32 = 86_400;
/// So many are listed.
const LISTED: u32 = 100;
/// Longest name and longest reason, characters.
const LONGEST_TEXT: usize = 500;

/// The role of who names none.
const DISPATCHER: &str = "dispatcher";

/// An override that somebody asks for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideRequest {
    /// The dock, for every sortie that starts there.
    #[serde(default)]
    pub dock_id: Option<String>,
    /// Or one sortie.
    #[serde(default)]
    pub sortie_id: Option<String>,
    /// Name of the check.
    pub check: String,
    /// Who takes it upon himself.
    pub actor: String,
    /// In which role; dispatcher unless said otherwise.
    #[serde(default)]
    pub role: Option<String>,
    /// Why.
    pub reason: String,
    /// For how long, seconds of the city's time: half an hour unless said otherwise, a day at most.
    #[serde(default)]
    pub for_s: Option<u32>,
}

/// An override as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OverrideView {
    /// Its number.
    pub id: String,
    /// Name of the check.
    pub check: String,
    /// What that check looks at.
    pub name: Words,
    /// The dock it is for.
    pub dock_id: Option<String>,
    /// Or the sortie.
    pub sortie_id: Option<String>,
    /// Who gave it.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// Why.
    pub reason: String,
    /// When, RFC 3339, on the city's clock.
    pub given_at: String,
    /// Until when.
    pub until: String,
    /// Whether it holds now.
    pub in_force: bool,
    /// When it was withdrawn.
    pub withdrawn_at: Option<String>,
    /// By whom.
    pub withdrawn_by: Option<String>,
}

/// All overrides, and what may be overridden.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OverrideList {
    /// Newest first.
    pub overrides: Vec<OverrideView>,
    /// Checks that a person may override.
    pub overridable: Vec<Overridable>,
}

/// A check that a person may override.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Overridable {
    /// Its name.
    pub check: String,
    /// What it looks at.
    pub name: Words,
}

/// Why an override was not given.
#[derive(Debug)]
pub enum NotGiven {
    /// For this reason, with a code for programs.
    Refused(&'static str, Words),
    /// The database.
    Failed(anyhow::Error),
}

impl OverrideView {
    fn of(row: OverrideRow, now: UtcMicros) -> Self {
        let in_force = row.holds(now);
        let (dock_id, sortie_id) = match row.given.scope {
            Scope::Dock(id) => (Some(id), None),
            Scope::Sortie(id) => (None, Some(id)),
        };
        let (withdrawn_at, withdrawn_by) = row.withdrawn.unzip();
        Self {
            name: check_words(&row.given.check),
            id: row.given.id,
            check: row.given.check,
            dock_id,
            sortie_id,
            actor: row.given.actor,
            role: row.given.role,
            reason: row.given.reason,
            given_at: row.given_at.to_string(),
            until: row.given.until.to_string(),
            in_force,
            withdrawn_at: withdrawn_at.map(|at| at.to_string()),
            withdrawn_by,
        }
    }
}

/// Gives an override.
///
/// # Errors
/// [`NotGiven`].
pub async fn give(fleet: &Fleet, request: OverrideRequest) -> Result<OverrideView, NotGiven> {
    let scope = scope_of(fleet, &request).await?;
    let (actor, reason) = said(&request)?;
    let for_s = request.for_s.unwrap_or(USUAL_S);
    if !(1..=LONGEST_S).contains(&for_s) {
        let words = Words::new(
            format!("放行时长须为 1–{LONGEST_S} 秒"),
            format!("an override holds for 1 to {LONGEST_S} s"),
        );
        return Err(NotGiven::Refused("bad_time", words));
    }
    let now = fleet.clock().now();
    let role = request.role.filter(|role| !role.trim().is_empty());
    let new = NewOverride {
        check: request.check,
        scope,
        actor: Actor {
            name: actor,
            role: role.unwrap_or_else(|| DISPATCHER.to_owned()),
        },
        reason,
        given_at: now,
        until: UtcMicros(now.0 + i64::from(for_s) * 1_000_000),
    };
    let row = fleet.workplace().store.give_override(&new, clock::now()).await;
    let row = row.map_err(|error| NotGiven::Failed(error.into()))?;
    tracing::warn!(override.id = row.given.id, check = row.given.check, actor = row.given.actor,
        reason = row.given.reason, "a check is overridden");
    Ok(OverrideView::of(row, now))
}

async fn scope_of(fleet: &Fleet, request: &OverrideRequest) -> Result<Scope, NotGiven> {
    if !may_be_overridden(&request.check) {
        let check = &request.check;
        let words = Words::new(
            format!("检查 {check} 不能放行;可放行:{}", OVERRIDABLE.join("、")),
            format!(
                "the check {check} cannot be overridden by anybody; these can: {}",
                OVERRIDABLE.join(", ")
            ),
        );
        return Err(NotGiven::Refused("not_overridable", words));
    }
    match (&request.dock_id, &request.sortie_id) {
        (Some(dock), None) if fleet.roster().dock(dock).is_some() => Ok(Scope::Dock(dock.clone())),
        (Some(dock), None) => Err(NotGiven::Refused(
            "dock_unknown",
            Words::new(format!("没有机场 {dock}"), format!("there is no dock {dock}")),
        )),
        (None, Some(sortie)) => {
            let flight = fleet.workplace().store.flight(sortie).await;
            let flight = flight.map_err(|error| NotGiven::Failed(error.into()))?;
            if flight.state.is_final() {
                let words = Words::new(
                    format!("架次 {sortie} 已结束"),
                    format!("sortie {sortie} is over"),
                );
                return Err(NotGiven::Refused("sortie_over", words));
            }
            Ok(Scope::Sortie(sortie.clone()))
        }
        _none_or_both => Err(NotGiven::Refused(
            "scope_missing",
            Words::new("须指定一个机场或一个架次", "name one dock or one sortie"),
        )),
    }
}

fn said(request: &OverrideRequest) -> Result<(String, String), NotGiven> {
    let (actor, reason) = (request.actor.trim(), request.reason.trim());
    if actor.is_empty() || reason.is_empty() {
        let words = Words::new("须写明由谁、为何放行", "who overrides it and why must be said");
        return Err(NotGiven::Refused("unsaid", words));
    }
    Ok((short(actor), short(reason)))
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// The newest overrides, and what may be overridden.
///
/// # Errors
/// The database.
pub async fn list(fleet: &Fleet) -> Result<OverrideList> {
    let now = fleet.clock().now();
    let rows = fleet.workplace().store.newest_overrides(LISTED).await?;
    let overridable = OVERRIDABLE.map(|check| Overridable {
        check: check.to_owned(),
        name: check_words(check),
    });
    Ok(OverrideList {
        overrides: rows.into_iter().map(|row| OverrideView::of(row, now)).collect(),
        overridable: overridable.into(),
    })
}

/// Withdraws an override in somebody's name.
///
/// # Errors
/// No such override, the database.
pub async fn withdraw(fleet: &Fleet, id: &str, actor: &str, reason: Option<&str>) -> Result<OverrideView> {
    let now = fleet.clock().now();
    let by = Actor {
        name: short(actor.trim()),
        role: DISPATCHER.to_owned(),
    };
    let reason = reason
        .map(str::trim)
        .filter(|reason| !reason.is_empty())
        .map(short);
    let store = &fleet.workplace().store;
    let row = store
        .withdraw_override(id, (&by, reason.as_deref()), now, clock::now())
        .await?;
    tracing::warn!(override.id = row.given.id, actor, reason, "an override is withdrawn");
    Ok(OverrideView::of(row, now))
}
