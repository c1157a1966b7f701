//! Leads: the review queue, one lead with its past, and the decisions of people.

use casework::evidence::StoredEvent;
use casework::lead::{Decision, LeadHistory, LeadState, MoveKind, PastMove, ReviewPolicy, decide};
use sqlx::{AnyConnection, AssertSqlSafe};
use survey::time::UtcMicros;

use crate::conditions::{Conditions, Value};
use crate::error::{Result, StoreError};
use crate::events::{NewEvent, append_event, events_of};
use crate::looks::select_detections;
use crate::open::Store;
use crate::rows::{Actor, DetectionRow, LeadRow, whole, word};

/// Which leads a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadFilter {
    /// Only in this state.
    pub state: Option<LeadState>,
    /// Only of this class.
    pub class: Option<String>,
    /// Only of this matter.
    pub matter_code: Option<String>,
}

/// One person's decision on one lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadDecision {
    /// The lead.
    pub lead_id: String,
    /// The state the person saw; the decision is refused when the lead stands elsewhere now.
    pub expected_state: Option<LeadState>,
    /// What they decided.
    pub decision: Decision,
    /// How many people the matter asks for.
    pub policy: ReviewPolicy,
    /// Who decided.
    pub actor: Actor,
    /// Reason code.
    pub reason: Option<String>,
    /// Free words.
    pub note: Option<String>,
}

const LEAD_COLUMNS: &str = "select l.lead_id, l.lead_no, l.site_id, l.matter_code, l.class, l.state, l.priority, \
     l.score, l.n_photos, l.first_seen_us, l.last_seen_us, l.created_at_us, s.longitude_deg, s.latitude_deg, \
     s.cov_ee_m2, s.cov_en_m2, s.cov_nn_m2, s.extent_e_m, s.extent_n_m, \
     (select d.detection_id from detection d where d.site_id = l.site_id \
         order by d.score desc, d.detection_id limit 1) as best_detection_id, \
     (select count(*) from detection d join photo p on p.photo_id = d.photo_id \
         where d.site_id = l.site_id and p.simulated = 1) as simulated \
     from lead l join site s on s.site_id = l.site_id";

impl Store {
    /// Leads that pass the filter, most urgent first, then best score, then lead id; at most `limit`, after the
    /// lead `after` of the page before.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn list_leads(
        &self,
        filter: &LeadFilter,
        limit: u32,
        after: Option<&str>,
    ) -> Result<Vec<LeadRow>> {
        let mut wanted = conditions_of(filter);
        if let Some(after) = after {
            let last = self.lead(after).await?;
            let (priority, score) = (Value::Number(last.priority), Value::Number(last.score));
            // The first condition lets the index begin where the page before ended.
            wanted.push("l.priority <= ?", [priority.clone()]);
            wanted.push(
                "(l.priority < ? or l.score < ? or (l.score = ? and l.lead_id > ?))",
                [priority, score.clone(), score, Value::Text(last.lead_id)],
            );
        }
        let order = format!("order by l.priority desc, l.score desc, l.lead_id limit {limit}");
        let sql = format!("{LEAD_COLUMNS} {} {order}", wanted.clause());
        let rows = wanted.bound_to(sql).fetch_all(self.pool()).await?;
        rows.iter().map(LeadRow::from_row).collect()
    }

    /// How many leads pass the filter.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn count_leads(&self, filter: &LeadFilter) -> Result<u64> {
        let wanted = conditions_of(filter);
        let sql = format!("select count(*) as n from lead l {}", wanted.clause());
        whole(&wanted.bound_to(sql).fetch_one(self.pool()).await?, "lead", "n")
    }

    /// How many leads are in each state, all states in the order of [`LeadState::ALL`].
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn lead_counts(&self) -> Result<Vec<(LeadState, u64)>> {
        let rows = sqlx::query("select state, count(*) as n from lead group by state");
        let mut counts: Vec<(LeadState, u64)> = LeadState::ALL.iter().map(|s| (*s, 0)).collect();
        for row in rows.fetch_all(self.pool()).await? {
            let state: LeadState = word(&row, "lead", "state")?;
            let n = whole(&row, "lead", "n")?;
            counts
                .iter_mut()
                .filter(|(s, _)| *s == state)
                .for_each(|(_, count)| *count = n);
        }
        Ok(counts)
    }

    /// One lead, by its id or its number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn lead(&self, id_or_number: &str) -> Result<LeadRow> {
        let sql = format!("{LEAD_COLUMNS} where l.lead_id = $1 or l.lead_no = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id_or_number)
            .fetch_optional(self.pool())
            .await?;
        LeadRow::from_row(&row.ok_or_else(|| no_lead(id_or_number))?)
    }

    /// All detections of a lead's site, best score first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn lead_views(&self, lead_id: &str) -> Result<Vec<DetectionRow>> {
        let sql = select_detections!("where l.lead_id = $1 order by d.score desc, d.detection_id");
        let rows = sqlx::query(sql).bind(lead_id).fetch_all(self.pool()).await?;
        rows.iter().map(DetectionRow::from_row).collect()
    }

    /// The events of a lead, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn lead_events(&self, lead_id: &str) -> Result<Vec<StoredEvent>> {
        let mut connection = self.pool().acquire().await?;
        events_of(&mut connection, "lead", lead_id).await
    }

    /// Makes a decision: the rules of [`casework::lead::decide()`] on the lead's history, the new state and the
    /// event, all in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when the lead is not in the state the person saw, [`StoreError::Refused`] when a rule
    /// forbids the decision, [`StoreError::NotFound`]. Nothing was written then.
    pub async fn decide_lead(&self, decision: &LeadDecision, now: UtcMicros) -> Result<StoredEvent> {
        let mut tx = self.begin_write().await?;
        let history = history_of(&mut tx, &decision.lead_id).await?;
        let now_state = history.state();
        if decision
            .expected_state
            .is_some_and(|expected| expected != now_state)
        {
            return Err(StoreError::Moved { now_state });
        }
        let reason = decision.reason.as_deref();
        let step = decide(
            &history,
            decision.decision,
            decision.policy,
            &decision.actor.name,
            reason,
        )?;
        sqlx::query("update lead set state = $1 where lead_id = $2")
            .bind(step.to.as_str())
            .bind(&decision.lead_id)
            .execute(&mut *tx)
            .await?;
        let event = NewEvent {
            subject_kind: "lead",
            subject_id: &decision.lead_id,
            actor: &decision.actor,
            kind: step.kind.as_str(),
            from: Some(step.from.as_str()),
            to: Some(step.to.as_str()),
            reason,
            note: decision.note.as_deref(),
            payload_json: None,
        };
        let event = append_event(&mut tx, event, now).await?;
        tx.commit().await?;
        Ok(event)
    }
}

/// The replayed past of a lead, checked against the state in its row.
pub(crate) async fn history_of(connection: &mut AnyConnection, lead_id: &str) -> Result<LeadHistory> {
    let row = sqlx::query("select state from lead where lead_id = $1").bind(lead_id);
    let row = row
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| no_lead(lead_id))?;
    let state: LeadState = word(&row, "lead", "state")?;
    let events = events_of(connection, "lead", lead_id).await?;
    let past = events.iter().map(past_move).collect::<Result<Vec<_>>>()?;
    let history = LeadHistory::replay(&past).map_err(|source| StoreError::TornHistory {
        lead_id: lead_id.to_owned(),
        source,
    })?;
    if history.state() != state {
        let problem = format!(
            "lead {lead_id} is {state}, but its events end in {}",
            history.state()
        );
        return Err(StoreError::BadRow {
            table: "lead",
            field: "state",
            problem,
        });
    }
    Ok(history)
}

fn past_move(event: &StoredEvent) -> Result<PastMove> {
    let bad = |field, problem: String| StoreError::BadRow {
        table: "event",
        field,
        problem,
    };
    let state = |field, text: &str| text.parse::<LeadState>().map_err(|e| bad(field, e.to_string()));
    let body = &event.body;
    let to = body
        .to
        .as_deref()
        .ok_or_else(|| bad("to_state", format!("event {} leads nowhere", event.seq)))?;
    Ok(PastMove {
        kind: body
            .kind
            .parse::<MoveKind>()
            .map_err(|e| bad("kind", e.to_string()))?,
        from: body
            .from
            .as_deref()
            .map(|text| state("from_state", text))
            .transpose()?,
        to: state("to_state", to)?,
        actor: body.actor.clone(),
    })
}

fn no_lead(lead_id: &str) -> StoreError {
    StoreError::NotFound {
        what: "lead",
        id: lead_id.to_owned(),
    }
}

fn conditions_of(filter: &LeadFilter) -> Conditions {
    let mut wanted = Conditions::default();
    if let Some(state) = filter.state {
        wanted.push("l.state = ?", [Value::Text(state.to_string())]);
    }
    if let Some(class) = &filter.class {
        wanted.push("l.class = ?", [Value::Text(class.clone())]);
    }
    if let Some(matter_code) = &filter.matter_code {
        wanted.push("l.matter_code = ?", [Value::Text(matter_code.clone())]);
    }
    wanted
}
