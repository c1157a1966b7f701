//! What a photo says of itself and what follows from it: when and where it was taken, the ground it shows, what it
//! lacks. From this its row is made, whoever brought it.

use std::path::Path;

use anyhow::Result;
use formats::photo::{self, PhotoMetadata};
use schedule::photo_ledger::{SortieId, import_sortie_id};
use store::blobs::Original;
use store::rows::{Actor, NewFootprint, NewPhoto, Problem, SortieKind};
use survey::footprint::footprint;
use survey::geodesy::Wgs84;
use survey::grid::WorkingGrid;
use survey::time::UtcMicros;

use crate::stage::capture_time::{Captured, captured};
use crate::stage::placing::{Placement, Unplaced, place};
use crate::workplace::Workplace;

/// To which sortie a photo belongs, and how it came.
#[derive(Debug, Clone)]
pub struct Belonging {
    /// The sortie.
    pub sortie_id: SortieId,
    /// What the sortie is, where it is new.
    pub sortie_kind: SortieKind,
    /// Its place in a flight; `None` is the next free one.
    pub shot_index: Option<u32>,
    /// The name it came under.
    pub name: String,
    /// Which part of the program took it in.
    pub brought_by: &'static str,
}

/// What a photo says of itself and what follows from it.
pub struct Description {
    metadata: Option<PhotoMetadata>,
    captured: Option<Captured>,
    placement: Result<Placement, Unplaced>,
    problem: Option<Problem>,
}

impl Description {
    /// Reads the bytes of a photo; a file that is no photo has a description, too: its problem.
    pub fn of(bytes: &[u8], workplace: &Workplace) -> Self {
        match photo::read_photo(bytes) {
            Ok(metadata) => {
                let captured = metadata
                    .capture
                    .as_ref()
                    .and_then(|time| captured(time, &workplace.zone));
                let placement = place(&metadata, &workplace.config.settings.geolocation);
                let code = match &placement {
                    _ if !metadata.complete => Some("truncated"),
                    Ok(_) => None,
                    Err(unplaced) => Some(unplaced.code()),
                };
                let problem = code.map(|code| Problem {
                    code: code.to_owned(),
                    detail_json: None,
                });
                Self {
                    metadata: Some(metadata),
                    captured,
                    placement,
                    problem,
                }
            }
            Err(error) => {
                let detail_json = serde_json::to_string(&error.to_string()).ok();
                let problem = Some(Problem {
                    code: "unreadable".to_owned(),
                    detail_json,
                });
                Self {
                    metadata: None,
                    captured: None,
                    placement: Err(Unplaced::NoPosition),
                    problem,
                }
            }
        }
    }

    /// When it was taken, where the file says so.
    pub fn taken_at(&self) -> Option<UtcMicros> {
        self.captured.map(|captured| captured.at)
    }

    /// Where the camera was, where the file says so.
    pub fn position(&self) -> Option<Wgs84> {
        let fix = self.metadata.as_ref()?.gnss.as_ref()?;
        Wgs84::new(fix.latitude_deg, fix.longitude_deg).ok()
    }

    /// A photo of a folder: one sortie per camera and civil day.
    pub fn of_import(&self, workplace: &Workplace, path: &Path) -> Belonging {
        let metadata = self.metadata.as_ref();
        let day = self
            .captured
            .map(|captured| workplace.zone.civil_day(captured.at));
        let serial = metadata.and_then(|metadata| metadata.serial.as_deref());
        let model = metadata.and_then(|metadata| metadata.model.as_deref());
        Belonging {
            sortie_id: import_sortie_id(serial, model, day),
            sortie_kind: match metadata.is_some_and(|metadata| metadata.simulated) {
                true => SortieKind::Simulated,
                false => SortieKind::Import,
            },
            shot_index: None,
            name: path.display().to_string(),
            brought_by: "ingest",
        }
    }

    /// The row of the photo.
    ///
    /// # Errors
    /// The working grid cannot be read or written.
    pub async fn row(
        mut self,
        workplace: &Workplace,
        belonging: Belonging,
        original: &Original,
    ) -> Result<NewPhoto> {
        let (footprint, gsd_cm) = self.footprint(workplace).await?;
        let metadata = self.metadata.as_ref();
        let placement = self.placement.as_ref().ok();
        Ok(NewPhoto {
            sortie_id: belonging.sortie_id,
            sortie_kind: belonging.sortie_kind,
            shot_index: belonging.shot_index,
            sha256: original.sha256.clone(),
            byte_len: original.byte_len,
            name: belonging.name,
            captured_at: self.captured.map(|captured| captured.at),
            capture_zone: self.captured.map(|captured| captured.zone.code().to_owned()),
            width_px: metadata.map_or(0, |metadata| metadata.width_px),
            height_px: metadata.map_or(0, |metadata| metadata.height_px),
            metadata_json: serde_json::to_string(&self.metadata)?,
            pose_json: placement
                .map(|placement| serde_json::to_string(&placement.pose))
                .transpose()?,
            camera_json: placement
                .map(|placement| serde_json::to_string(&placement.camera))
                .transpose()?,
            problem: self.problem,
            gsd_cm,
            simulated: metadata.is_some_and(|metadata| metadata.simulated),
            footprint,
            actor: Actor {
                name: belonging.brought_by.to_owned(),
                role: "intake".to_owned(),
            },
        })
    }

    /// The ground the photo shows, if it can enter the coverage ledger. A photo whose ground lies outside the
    /// working area keeps its pose but makes no coverage; one that shows no ground loses its placement.
    async fn footprint(&mut self, workplace: &Workplace) -> Result<(Option<NewFootprint>, Option<f64>)> {
        let Ok(placement) = &self.placement else {
            return Ok((None, None));
        };
        let Ok(shown) = footprint(&placement.pose, &placement.camera) else {
            self.unplace(Unplaced::NoGroundInView);
            return Ok((None, None));
        };
        let gsd_cm = Some(shown.gsd_centre_cm);
        let grid = workplace.working_grid_around(placement.pose.position).await?;
        if !lies_inside(&grid, &shown.outline) {
            self.note(Unplaced::OutsideWorkingArea.code());
            return Ok((None, gsd_cm));
        }
        let Some(captured) = self.captured else {
            self.note("no_time");
            return Ok((None, gsd_cm));
        };
        if self.is_cut_short() {
            return Ok((None, gsd_cm));
        }
        let entry = NewFootprint {
            civil_day: workplace.zone.civil_day(captured.at),
            gsd_cm: shown.gsd_centre_cm,
            area_m2: shown.area_m2,
            truncated: shown.truncated,
            outline_json: serde_json::to_string(&shown.outline)?,
            // Checking the sortie's poses puts it on the height model.
            on_terrain: false,
            hidden_json: None,
        };
        Ok((Some(entry), gsd_cm))
    }

    fn unplace(&mut self, reason: Unplaced) {
        self.placement = Err(reason);
        self.note(reason.code());
    }

    /// Names what is wrong, unless something else was named already.
    pub fn note(&mut self, code: &str) {
        self.problem.get_or_insert_with(|| Problem {
            code: code.to_owned(),
            detail_json: None,
        });
    }

    fn is_cut_short(&self) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| !metadata.complete)
    }
}

/// Whether an outline can enter the coverage ledger.
pub fn lies_inside(grid: &WorkingGrid, outline: &[survey::geodesy::Wgs84]) -> bool {
    outline.iter().all(|corner| grid.grid_from_wgs84(*corner).is_ok())
}
