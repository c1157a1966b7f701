//! Joins the detections of a sortie into sites and makes leads of new ones: one thing, one site, one lead for
//! life. All of it is one transaction of the store.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use casework::association::{Association, PhotoBatch, Site, SiteBook, View};
use casework::lead::{LeadFacts, Sighting, priority};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::jobs::{Claim, JobKind};
use store::rows::{Actor, DetectionRow, Placement, SiteRow};
use store::sites::{AssociationResult, ExistingSite, NewLead, SeenLead};
use survey::geodesy::Wgs84;
use survey::identity::Ulid;
use survey::tiles::TileRect;
use survey::time::UtcMicros;

use crate::answers::place::{covariance, outline, position};
use crate::clock;
use crate::config::catalogue::Matter;
use crate::stage::findings::{Finding, Findings};
use crate::stage::look::stored_placement;
use crate::stage::pose_check::{check_sortie, place_on_terrain};
use crate::stage::sights::Sights;
use crate::workplace::Workplace;

/// Far above the slowest association, with the pictures of its sortie compared.
const LEASE: Duration = Duration::from_secs(900);

/// Associates every sortie that is ready; answers how many leads were made.
///
/// # Errors
/// The database, or rows that cannot be associated.
pub async fn associate_all(workplace: &Workplace, worker: &str) -> Result<usize> {
    let mut made = 0;
    while let Some(claim) = workplace
        .store
        .claim_job(JobKind::Associate, worker, clock::now(), LEASE)
        .await?
    {
        match associate_sortie(workplace, &claim).await {
            Ok(leads) => made += leads,
            Err(error) => {
                let text = format!("{error:#}");
                tracing::error!(sortie.id = %claim.sortie_id, error = %text, "sortie could not be associated");
                workplace
                    .store
                    .fail_job(&claim, &text, false, clock::now())
                    .await?;
                return Err(error.context(format!("sortie {} could not be associated", claim.sortie_id)));
            }
        }
    }
    Ok(made)
}

async fn associate_sortie(workplace: &Workplace, claim: &Claim) -> Result<usize> {
    // Photos of a flight come one by one: only now can their poses be compared.
    check_sortie(workplace, &claim.sortie_id).await?;
    place_on_terrain(workplace, &claim.sortie_id).await?;
    let pending = workplace.store.pending_detections(&claim.sortie_id).await?;
    let findings = Findings::of(pending, &workplace.config.catalogue);
    let existing = match findings.reach() {
        Some(area) => {
            workplace
                .store
                .sites_near(&area, &findings.matter_codes())
                .await?
        }
        None => Vec::new(),
    };
    let seen_before = existing.iter().flat_map(|site| &site.views);
    let sights = Sights::behind(workplace, findings.rows().chain(seen_before)).await?;
    let known = existing.iter().map(|site| known_site(site, &sights));
    let known: Vec<Site> = known.collect::<Result<_>>()?;
    let association = join(workplace, known, &findings.batches(&sights)).await?;
    let result = Outcome {
        workplace,
        findings: &findings,
        existing: &existing,
        sortie_id: &claim.sortie_id,
    }
    .result(&association);
    Ok(workplace
        .store
        .apply_association(claim, &result, clock::now())
        .await?
        .len())
}

/// Joins photo by photo. The ground that was looked at in a photo tells where it shows nothing, which fixes the ends
/// of rows of equal things.
async fn join(workplace: &Workplace, known: Vec<Site>, batches: &[PhotoBatch]) -> Result<Association> {
    let seen_before = known
        .iter()
        .flat_map(|site| &site.views)
        .map(|view| view.photo_id.clone());
    let photos: BTreeSet<String> = seen_before
        .chain(batches.iter().map(|batch| batch.photo_id.clone()))
        .collect();
    let mut book = SiteBook::new(known)?;
    for photo_id in &photos {
        if let Some(ground) = looked_ground(workplace, photo_id).await? {
            book.remember_footprint(photo_id, &ground);
        }
    }
    tokio::task::block_in_place(|| {
        let mut association = Association::default();
        for batch in batches {
            let (assignments, shift) = book.take_in(batch)?;
            association.assignments.extend(assignments);
            association.shifts.extend(shift);
        }
        association.sites = book.take_changed();
        Ok(association)
    })
}

/// The ground that a model looked at in a photo: its footprint where the tiles cover all of it, else the outline of
/// the tiles, or of the largest where they lie apart. None where the photo makes no coverage.
async fn looked_ground(workplace: &Workplace, photo_id: &str) -> Result<Option<Vec<Wgs84>>> {
    let store = &workplace.store;
    let Some(footprint) = store.footprint(photo_id).await? else {
        return Ok(None);
    };
    let photo = store.photo(photo_id).await?;
    let tiles = store.tiles_by_model(photo_id).await?;
    let rects: Vec<_> = tiles.iter().map(|(_, row)| row.tile.rect).collect();
    let size = [photo.width_px, photo.height_px];
    let Some(part) = looked_part(&rects, size) else {
        return Ok(None);
    };
    if part == [0, 0, size[0], size[1]] {
        return Ok(Some(outline(&footprint)?));
    }
    let Some((pose, camera)) = stored_placement(&photo)? else {
        return Ok(None);
    };
    let [left, top, right, bottom] = part.map(f64::from);
    let corners = [[left, top], [left, bottom], [right, bottom], [right, top]];
    let ground = corners.map(|corner| {
        let place = workplace.ground().place(&pose, &camera, corner);
        place.map(|(fix, _)| fix.position)
    });
    Ok(ground.into_iter().collect::<Result<Vec<_>, _>>().ok())
}

/// Left, top, right and bottom of what tiles show of a photo, where that is a rectangle; else of the largest tile.
fn looked_part(tiles: &[TileRect], [width_px, height_px]: [u32; 2]) -> Option<[u32; 4]> {
    let inside = |tile: &TileRect| {
        let (right, bottom) = (tile.x_px + tile.width_px, tile.y_px + tile.height_px);
        [tile.x_px, tile.y_px, right.min(width_px), bottom.min(height_px)]
    };
    let parts: Vec<[u32; 4]> = tiles.iter().map(inside).collect();
    let whole = parts
        .iter()
        .copied()
        .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])?;
    // Every corner of the grid that the tiles' edges make has to be in a tile.
    let edges = |low: usize, high: usize| parts.iter().flat_map(move |part| [part[low], part[high]]);
    let is_shown = |x: u32, y: u32| {
        let holds = |part: &[u32; 4]| (part[0]..part[2]).contains(&x) && (part[1]..part[3]).contains(&y);
        parts.iter().any(holds)
    };
    let is_rectangle = edges(0, 2)
        .filter(|x| *x < whole[2])
        .all(|x| edges(1, 3).filter(|y| *y < whole[3]).all(|y| is_shown(x, y)));
    let area = |part: &[u32; 4]| u64::from(part[2] - part[0]) * u64::from(part[3] - part[1]);
    match is_rectangle {
        true => Some(whole),
        false => parts.into_iter().max_by_key(area),
    }
}

/// A stored site as casework knows it: one view per photo, the best-scored.
fn known_site(existing: &ExistingSite, sights: &Sights) -> Result<Site> {
    let site = &existing.site;
    let place = site
        .place
        .as_ref()
        .with_context(|| format!("site {} has no place", site.site_id))?;
    let mut views: Vec<View> = Vec::new();
    let mut rows: Vec<&DetectionRow> = existing.views.iter().collect();
    rows.sort_by(|a, b| {
        let by_time = (a.captured_at, &a.photo_id).cmp(&(b.captured_at, &b.photo_id));
        by_time.then_with(|| b.detection.score.total_cmp(&a.detection.score))
    });
    for row in rows {
        let Some(seen) = &row.detection.place else {
            continue;
        };
        if views.last().is_none_or(|view| view.photo_id != row.photo_id) {
            views.push(View {
                detection_id: row.detection.detection_id.clone(),
                photo_id: row.photo_id.clone(),
                position: position(seen),
                covariance_m2: covariance(seen),
                extent_m: [seen.extent_e_m, seen.extent_n_m],
                score: row.detection.score,
                sight: sights.of(row),
            });
        }
    }
    Ok(Site {
        site_id: site
            .site_id
            .parse()
            .with_context(|| format!("site {} has a broken id", site.site_id))?,
        class: site.class.clone(),
        position: position(place),
        covariance_m2: covariance(place),
        extent_m: [place.extent_e_m, place.extent_n_m],
        views,
    })
}

/// Turns what casework found into rows.
struct Outcome<'o> {
    workplace: &'o Workplace,
    findings: &'o Findings,
    existing: &'o [ExistingSite],
    sortie_id: &'o str,
}

impl Outcome<'_> {
    fn result(&self, association: &Association) -> AssociationResult {
        let by_id = self.findings.by_id();
        let mut links = Vec::new();
        let mut joined: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
        for assignment in &association.assignments {
            let Some(finding) = by_id.get(assignment.detection_id.as_str()) else {
                continue;
            };
            let site_id = assignment.site_id.to_string();
            links.extend(links_of(finding, &site_id));
            joined.entry(site_id).or_default().push(finding);
        }
        let (mut new_sites, mut updated_sites, mut new_leads, mut seen_leads) =
            (vec![], vec![], vec![], vec![]);
        for site in &association.sites {
            let site_id = site.site_id.to_string();
            let findings = joined.remove(&site_id).unwrap_or_default();
            let before = self
                .existing
                .iter()
                .find(|existing| existing.site.site_id == site_id);
            let row = site_row(site, &findings, before.map(|existing| &existing.site));
            match before {
                Some(existing) => {
                    seen_leads.extend(self.seen_lead(existing, &row, &findings));
                    updated_sites.push(row);
                }
                None => {
                    new_leads.extend(self.new_lead(&row, &findings));
                    new_sites.push(row);
                }
            }
        }
        for finding in self.findings.unplaced() {
            let row = placeless_site(finding);
            links.extend(links_of(finding, &row.site_id));
            new_leads.extend(self.new_lead(&row, &[finding]));
            new_sites.push(row);
        }
        AssociationResult {
            new_sites,
            updated_sites,
            links,
            new_leads,
            seen_leads,
            lead_no_prefix: self.workplace.config.settings.lead_prefix.clone(),
            civil_day: self.workplace.zone.civil_day(clock::now()),
            actor: Actor {
                name: "associate".to_owned(),
                role: "casework".to_owned(),
            },
        }
    }

    fn new_lead(&self, site: &SiteRow, findings: &[&Finding]) -> Option<NewLead> {
        let best = best(findings)?;
        let bytes = first_ten(&format!("lead {}", site.site_id));
        Some(NewLead {
            lead_id: Ulid::from_parts(site.first_seen.unwrap_or(UtcMicros(0)), &bytes).to_string(),
            site_id: site.site_id.clone(),
            matter_code: best.matter.code.clone(),
            class: telling_class(&best.matter, findings),
            priority: priority_of(&best.matter, best.row.detection.score, site.n_views),
            score: best.row.detection.score,
            n_photos: site.n_views,
            first_seen: site.first_seen,
            last_seen: site.last_seen,
            payload_json: Some(payload(findings)),
        })
    }

    fn seen_lead(&self, existing: &ExistingSite, site: &SiteRow, findings: &[&Finding]) -> Option<SeenLead> {
        let lead_id = existing.lead_id.clone()?;
        let best = best(findings)?;
        let before = existing
            .views
            .iter()
            .map(|view| view.detection.score)
            .fold(0.0, f64::max);
        let score = best.row.detection.score.max(before);
        let same_flight = existing.views.iter().any(|view| view.sortie_id == self.sortie_id);
        Some(SeenLead {
            lead_id,
            sighting: if same_flight {
                Sighting::SameFlight
            } else {
                Sighting::LaterFlight
            },
            priority: priority_of(&best.matter, score, site.n_views),
            score,
            n_photos: site.n_views,
            first_seen: site.first_seen,
            last_seen: site.last_seen,
            payload_json: Some(payload(findings)),
        })
    }
}

fn links_of(finding: &Finding, site_id: &str) -> Vec<(String, String)> {
    let rows = std::iter::once(&finding.row).chain(&finding.same_thing);
    rows.map(|row| (row.detection.detection_id.clone(), site_id.to_owned()))
        .collect()
}

fn best<'f>(findings: &[&'f Finding]) -> Option<&'f Finding> {
    findings.iter().copied().max_by(|a, b| {
        let by_score = a.row.detection.score.total_cmp(&b.row.detection.score);
        by_score.then_with(|| b.row.detection.detection_id.cmp(&a.row.detection.detection_id))
    })
}

/// The first class in the catalogue's order that at least half of the photos show: the matter lists the more telling
/// class first (a blue roof is a metal roof, too). Else the class of the best detection.
fn telling_class(matter: &Matter, findings: &[&Finding]) -> String {
    let shows = |finding: &Finding, class: &String| {
        let mut rows = std::iter::once(&finding.row).chain(&finding.same_thing);
        rows.any(|row| row.detection.class == *class)
    };
    let telling = matter.classes.iter().find(|class| {
        let photos = findings.iter().filter(|finding| shows(finding, class)).count();
        photos * 2 >= findings.len()
    });
    let best = || best(findings).map(|finding| finding.row.detection.class.clone());
    telling.cloned().or_else(best).unwrap_or_default()
}

fn priority_of(matter: &Matter, score: f64, n_photos: u32) -> f64 {
    let matter_priority = u8::try_from(matter.base_priority).unwrap_or(u8::MAX);
    priority(&LeadFacts {
        matter_priority,
        score,
        n_photos,
    })
}

fn payload(findings: &[&Finding]) -> String {
    let detections: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "detection_id": finding.row.detection.detection_id,
                "photo_sha256": finding.row.sha256,
                "model_sha256": finding.row.model_sha256,
                "score": finding.row.detection.score,
            })
        })
        .collect();
    json!({ "detections": detections }).to_string()
}

fn site_row(site: &Site, findings: &[&Finding], before: Option<&SiteRow>) -> SiteRow {
    let times: Vec<UtcMicros> = findings
        .iter()
        .filter_map(|finding| finding.row.captured_at)
        .collect();
    let earlier = before.and_then(|row| row.first_seen);
    let later = before.and_then(|row| row.last_seen);
    SiteRow {
        site_id: site.site_id.to_string(),
        class: site.class.clone(),
        place: Some(Placement {
            longitude_deg: site.position.longitude_deg,
            latitude_deg: site.position.latitude_deg,
            cov_ee_m2: site.covariance_m2[0][0],
            cov_en_m2: site.covariance_m2[0][1],
            cov_nn_m2: site.covariance_m2[1][1],
            extent_e_m: site.extent_m[0],
            extent_n_m: site.extent_m[1],
        }),
        n_views: u32::try_from(site.views.len()).unwrap_or(u32::MAX),
        first_seen: times.iter().copied().chain(earlier).min(),
        last_seen: times.iter().copied().chain(later).max(),
    }
}

/// A finding without a place cannot be told to be the same as another: it is a site of its own.
fn placeless_site(finding: &Finding) -> SiteRow {
    let at = finding.row.captured_at;
    let bytes = first_ten(&format!("site {}", finding.row.detection.detection_id));
    SiteRow {
        site_id: Ulid::from_parts(at.unwrap_or(UtcMicros(0)), &bytes).to_string(),
        class: finding.matter.code.clone(),
        place: None,
        n_views: 1,
        first_seen: at,
        last_seen: at,
    }
}

fn first_ten(text: &str) -> [u8; 10] {
    let digest = Sha256::digest(text);
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&digest[..10]);
    bytes
}
