//! Association: detections that wait for a site, sites near by, and what became of both in one transaction.

use std::collections::HashMap;

use casework::lead::{LeadState, MoveKind, Sighting, lead_no, sighting};
use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{AnyConnection, Row};
use survey::time::{CivilDay, UtcMicros};

use crate::error::{Result, StoreError};
use crate::events::{NewEvent, append_event, next_number};
use crate::jobs::{Claim, close_job};
use crate::leads::history_of;
use crate::looks::select_detections;
use crate::open::Store;
use crate::rows::{Actor, DetectionRow, Placement, SiteRow};

/// A box of longitudes and latitudes, WGS-84 degrees, edges included; it may not cross the date line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeoBox {
    /// Western edge.
    pub west_deg: f64,
    /// Southern edge.
    pub south_deg: f64,
    /// Eastern edge.
    pub east_deg: f64,
    /// Northern edge.
    pub north_deg: f64,
}

/// A site that is there already, with everything that has shown it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExistingSite {
    /// The site.
    pub site: SiteRow,
    /// Its lead, if it has one.
    pub lead_id: Option<String>,
    /// Its detections, oldest first.
    pub views: Vec<DetectionRow>,
}

/// A lead to be made for a site.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLead {
    /// Identity.
    pub lead_id: String,
    /// Its site.
    pub site_id: String,
    /// Matter it belongs to.
    pub matter_code: String,
    /// Class id.
    pub class: String,
    /// Urgency; higher comes first.
    pub priority: f64,
    /// Best score of its detections, 0 to 1.
    pub score: f64,
    /// Number of photos that show it.
    pub n_photos: u32,
    /// Capture time of the first photo, where known.
    pub first_seen: Option<UtcMicros>,
    /// Capture time of the last photo, where known.
    pub last_seen: Option<UtcMicros>,
    /// What led to it, JSON text; goes into its first event.
    pub payload_json: Option<String>,
}

/// A lead whose site was seen in more photos.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenLead {
    /// The lead.
    pub lead_id: String,
    /// From a flight that had shown the site before, or from a later one.
    pub sighting: Sighting,
    /// Urgency now.
    pub priority: f64,
    /// Best score now.
    pub score: f64,
    /// Number of photos now.
    pub n_photos: u32,
    /// First capture time now.
    pub first_seen: Option<UtcMicros>,
    /// Last capture time now.
    pub last_seen: Option<UtcMicros>,
    /// What was seen, JSON text; goes into the event.
    pub payload_json: Option<String>,
}

/// What an association found out about one sortie.
#[derive(Debug, Clone, PartialEq)]
pub struct AssociationResult {
    /// Sites to be made.
    pub new_sites: Vec<SiteRow>,
    /// Sites whose place or history changed.
    pub updated_sites: Vec<SiteRow>,
    /// (detection, site): to which site each detection belongs.
    pub links: Vec<(String, String)>,
    /// Leads to be made.
    pub new_leads: Vec<NewLead>,
    /// Leads seen again.
    pub seen_leads: Vec<SeenLead>,
    /// Letters in front of lead numbers.
    pub lead_no_prefix: String,
    /// Civil day of the city, for lead numbers.
    pub civil_day: CivilDay,
    /// Who associated.
    pub actor: Actor,
}

/// A lead that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedLead {
    /// Identity.
    pub lead_id: String,
    /// Number for people.
    pub lead_no: String,
    /// Its first event.
    pub event_seq: i64,
}

impl Store {
    /// Detections of a sortie's photos that have no site yet, by capture time (unknown last), photo, detection.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn pending_detections(&self, sortie_id: &str) -> Result<Vec<DetectionRow>> {
        let sql = select_detections!("where p.sortie_id = $1 and d.site_id is null");
        let rows = sqlx::query(sql).bind(sortie_id).fetch_all(self.pool()).await?;
        in_order_of_capture(&rows)
    }

    /// Sites of the given classes whose place lies in the box, by site id.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn sites_near(&self, area: &GeoBox, classes: &[String]) -> Result<Vec<ExistingSite>> {
        let rows = sqlx::query(
            "select s.site_id, s.class, s.longitude_deg, s.latitude_deg, s.cov_ee_m2, s.cov_en_m2, s.cov_nn_m2,
                 s.extent_e_m, s.extent_n_m, s.n_views, s.first_seen_us, s.last_seen_us, l.lead_id
             from site s left join lead l on l.site_id = s.site_id
             where s.latitude_deg between $1 and $2 and s.longitude_deg between $3 and $4",
        )
        .bind(area.south_deg)
        .bind(area.north_deg)
        .bind(area.west_deg)
        .bind(area.east_deg)
        .fetch_all(self.pool())
        .await?;
        let mut views = self.views_in(area).await?;
        let mut sites = Vec::with_capacity(rows.len());
        for row in &rows {
            let site = SiteRow::from_row(row)?;
            if classes.contains(&site.class) {
                let views = views.remove(&site.site_id).unwrap_or_default();
                sites.push(ExistingSite {
                    site,
                    lead_id: row.try_get("lead_id")?,
                    views,
                });
            }
        }
        sites.sort_by(|a, b| a.site.site_id.cmp(&b.site.site_id));
        Ok(sites)
    }

    /// Writes an association: sites, links, leads with their numbers and events, and the job done, all in one
    /// transaction.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another worker has the job now, [`StoreError::AlreadyLinked`] when a
    /// detection got a site meanwhile; nothing was written then.
    pub async fn apply_association(
        &self,
        claim: &Claim,
        result: &AssociationResult,
        now: UtcMicros,
    ) -> Result<Vec<CreatedLead>> {
        let mut tx = self.begin_write().await?;
        close_job(&mut tx, claim, now).await?;
        for site in &result.new_sites {
            insert_site(&mut tx, site).await?;
        }
        for site in &result.updated_sites {
            update_site(&mut tx, site).await?;
        }
        for (detection_id, site_id) in &result.links {
            link(&mut tx, detection_id, site_id).await?;
        }
        let mut created = Vec::with_capacity(result.new_leads.len());
        for lead in &result.new_leads {
            created.push(create_lead(&mut tx, lead, result, now).await?);
        }
        for seen in &result.seen_leads {
            see_lead(&mut tx, seen, &result.actor, now).await?;
        }
        tx.commit().await?;
        Ok(created)
    }

    async fn views_in(&self, area: &GeoBox) -> Result<HashMap<String, Vec<DetectionRow>>> {
        let sql = select_detections!(
            "join site s on s.site_id = d.site_id
             where s.latitude_deg between $1 and $2 and s.longitude_deg between $3 and $4"
        );
        let query = sqlx::query(sql).bind(area.south_deg).bind(area.north_deg);
        let rows = query
            .bind(area.west_deg)
            .bind(area.east_deg)
            .fetch_all(self.pool())
            .await?;
        let mut views: HashMap<String, Vec<DetectionRow>> = HashMap::new();
        for view in in_order_of_capture(&rows)? {
            if let Some(site_id) = view.site_id.clone() {
                views.entry(site_id).or_default().push(view);
            }
        }
        Ok(views)
    }
}

/// By capture time (unknown last), photo, detection. Sorted here and not by the database: the engines differ in
/// where nulls go and in how texts compare.
fn in_order_of_capture(rows: &[AnyRow]) -> Result<Vec<DetectionRow>> {
    let mut detections = rows
        .iter()
        .map(DetectionRow::from_row)
        .collect::<Result<Vec<_>>>()?;
    detections.sort_by(|a, b| {
        let time = |d: &DetectionRow| (d.captured_at.is_none(), d.captured_at);
        let names = a
            .photo_id
            .cmp(&b.photo_id)
            .then(a.detection.detection_id.cmp(&b.detection.detection_id));
        time(a).cmp(&time(b)).then(names)
    });
    Ok(detections)
}

async fn insert_site(connection: &mut AnyConnection, site: &SiteRow) -> Result<()> {
    // Two texts: a place is written whole or not at all.
    let sql = match &site.place {
        Some(_) => {
            "insert into site (site_id, class, n_views, first_seen_us, last_seen_us, longitude_deg, latitude_deg,
                 cov_ee_m2, cov_en_m2, cov_nn_m2, extent_e_m, extent_n_m)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        }
        None => {
            "insert into site (site_id, class, n_views, first_seen_us, last_seen_us)
             values ($1, $2, $3, $4, $5)"
        }
    };
    bound_to(sql, site).execute(connection).await?;
    Ok(())
}

async fn update_site(connection: &mut AnyConnection, site: &SiteRow) -> Result<()> {
    let sql = match &site.place {
        Some(_) => {
            "update site set class = $2, n_views = $3, first_seen_us = $4, last_seen_us = $5, longitude_deg = $6,
                 latitude_deg = $7, cov_ee_m2 = $8, cov_en_m2 = $9, cov_nn_m2 = $10, extent_e_m = $11,
                 extent_n_m = $12
             where site_id = $1"
        }
        None => {
            "update site set class = $2, n_views = $3, first_seen_us = $4, last_seen_us = $5, longitude_deg = null,
                 latitude_deg = null, cov_ee_m2 = null, cov_en_m2 = null, cov_nn_m2 = null, extent_e_m = null,
                 extent_n_m = null
             where site_id = $1"
        }
    };
    if bound_to(sql, site).execute(connection).await?.rows_affected() == 1 {
        return Ok(());
    }
    Err(StoreError::NotFound {
        what: "site",
        id: site.site_id.clone(),
    })
}

fn bound_to<'q>(sql: &'static str, site: &'q SiteRow) -> Query<'q, Any, AnyArguments> {
    let query = sqlx::query(sql)
        .bind(&site.site_id)
        .bind(&site.class)
        .bind(i64::from(site.n_views))
        .bind(site.first_seen.map(|t| t.0))
        .bind(site.last_seen.map(|t| t.0));
    site.place
        .iter()
        .flat_map(Placement::columns)
        .fold(query, Query::bind)
}

async fn link(connection: &mut AnyConnection, detection_id: &str, site_id: &str) -> Result<()> {
    let sql = "update detection set site_id = $1 where detection_id = $2 and site_id is null";
    let done = sqlx::query(sql)
        .bind(site_id)
        .bind(detection_id)
        .execute(connection)
        .await?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    Err(StoreError::AlreadyLinked {
        detection_id: detection_id.to_owned(),
    })
}

async fn create_lead(
    connection: &mut AnyConnection,
    lead: &NewLead,
    result: &AssociationResult,
    now: UtcMicros,
) -> Result<CreatedLead> {
    let counter = format!("lead_no:{}:{}", result.lead_no_prefix, result.civil_day);
    let n = next_number(&mut *connection, &counter).await?;
    let n = u32::try_from(n).ok().ok_or_else(|| StoreError::BadRow {
        table: "counter",
        field: "value",
        problem: format!("{n} leads on one day"),
    })?;
    let lead_no = lead_no(&result.lead_no_prefix, result.civil_day, n);
    sqlx::query(
        "insert into lead (lead_id, lead_no, site_id, matter_code, class, state, priority, score, n_photos,
             first_seen_us, last_seen_us, created_at_us)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&lead.lead_id)
    .bind(&lead_no)
    .bind(&lead.site_id)
    .bind(&lead.matter_code)
    .bind(&lead.class)
    .bind(LeadState::Candidate.as_str())
    .bind(lead.priority)
    .bind(lead.score)
    .bind(i64::from(lead.n_photos))
    .bind(lead.first_seen.map(|t| t.0))
    .bind(lead.last_seen.map(|t| t.0))
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    let event = NewEvent {
        subject_kind: "lead",
        subject_id: &lead.lead_id,
        actor: &result.actor,
        kind: MoveKind::Created.as_str(),
        from: None,
        to: Some(LeadState::Candidate.as_str()),
        reason: None,
        note: None,
        payload_json: lead.payload_json.as_deref(),
    };
    let event = append_event(connection, event, now).await?;
    Ok(CreatedLead {
        lead_id: lead.lead_id.clone(),
        lead_no,
        event_seq: event.seq,
    })
}

async fn see_lead(
    connection: &mut AnyConnection,
    seen: &SeenLead,
    actor: &Actor,
    now: UtcMicros,
) -> Result<()> {
    let history = history_of(&mut *connection, &seen.lead_id).await?;
    let step = sighting(&history, seen.sighting);
    sqlx::query(
        "update lead set state = $1, priority = $2, score = $3, n_photos = $4, first_seen_us = $5, last_seen_us = $6
         where lead_id = $7",
    )
    .bind(step.to.as_str())
    .bind(seen.priority)
    .bind(seen.score)
    .bind(i64::from(seen.n_photos))
    .bind(seen.first_seen.map(|t| t.0))
    .bind(seen.last_seen.map(|t| t.0))
    .bind(&seen.lead_id)
    .execute(&mut *connection)
    .await?;
    let event = NewEvent {
        subject_kind: "lead",
        subject_id: &seen.lead_id,
        actor,
        kind: step.kind.as_str(),
        from: Some(step.from.as_str()),
        to: Some(step.to.as_str()),
        reason: None,
        note: None,
        payload_json: seen.payload_json.as_deref(),
    };
    append_event(connection, event, now).await?;
    Ok(())
}
