//! Takes one photo file in: its original is on disk and its row committed before anything looks at it, so
//! that a crash loses work in progress, never evidence. Doing it again changes nothing.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use formats::photo::{self, PhotoMetadata};
use schedule::photo_ledger::import_sortie_id;
use store::photos::CommitOutcome;
use store::rows::{Actor, NewFootprint, NewPhoto, Problem, SortieKind};
use survey::footprint::footprint;
use survey::grid::WorkingGrid;

use crate::clock;
use crate::lang::Words;
use crate::stage::capture_time::{Captured, captured};
use crate::stage::placing::{Placement, Unplaced, place};
use crate::workplace::Workplace;

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// A new photo.
    New {
        /// Its identity.
        photo_id: String,
        /// Code of what it lacks.
        problem: Option<String>,
    },
    /// The same content was there already.
    Known {
        /// Its identity.
        photo_id: String,
    },
    /// Not a photo; it was left where it is.
    Refused(Words),
}

/// Files above this are not taken for photos; the largest camera files are a tenth of it.
const LARGEST_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// Takes `path` in.
///
/// # Errors
/// Only what concerns every photo: a full disk, a database that cannot be written. A file that is no photo
/// is an answer, not an error.
pub async fn take_in(workplace: &Workplace, path: &Path) -> Result<Taken> {
    let source = path.to_owned();
    if let Some(refusal) = tokio::task::spawn_blocking(move || refusal(&source)).await? {
        return Ok(Taken::Refused(refusal));
    }
    let (store, source) = (workplace.store.clone(), path.to_owned());
    let (original, bytes) = tokio::task::spawn_blocking(move || -> Result<_> {
        let original = store.put_original(&source)?;
        let bytes = store.read_original(&original.sha256)?;
        Ok((original, bytes))
    })
    .await??;
    let description = Description::of(&bytes, workplace);
    drop(bytes);
    let photo = description
        .row(workplace, path, original.sha256, original.byte_len)
        .await?;
    let problem = photo.problem.as_ref().map(|problem| problem.code.clone());
    match workplace.store.commit_photo(&photo, clock::now()).await? {
        CommitOutcome::New(photo_id) => Ok(Taken::New {
            photo_id: photo_id.to_string(),
            problem,
        }),
        CommitOutcome::Known(photo_id) => Ok(Taken::Known {
            photo_id: photo_id.to_string(),
        }),
    }
}

/// Photo files below `sources` in a fixed order, and how many other files were left alone.
///
/// # Errors
/// A folder that is not there or cannot be listed.
pub fn list_photos(sources: &[PathBuf]) -> Result<(Vec<PathBuf>, usize)> {
    let (mut photos, mut others) = (Vec::new(), 0);
    for source in sources {
        let kind = std::fs::metadata(source).with_context(|| format!("cannot read {}", source.display()))?;
        if kind.is_dir() {
            list_folder(source, &mut photos, &mut others)?;
        } else {
            photos.push(source.clone());
        }
    }
    photos.sort();
    photos.dedup();
    Ok((photos, others))
}

/// Links to folders are not followed: they could lead in a circle.
fn list_folder(folder: &Path, photos: &mut Vec<PathBuf>, others: &mut usize) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list_folder(&path, photos, others)?;
        } else if is_named_like_a_photo(&path) {
            photos.push(path);
        } else {
            *others += 1;
        }
    }
    Ok(())
}

fn is_named_like_a_photo(path: &Path) -> bool {
    path.extension().is_some_and(|end| {
        ["jpg", "jpeg", "jpe"]
            .iter()
            .any(|known| end.eq_ignore_ascii_case(known))
    })
}

fn refusal(path: &Path) -> Option<Words> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, mut file) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            return Some(Words::new(
                format!("无法读取:{error}"),
                format!("cannot be read: {error}"),
            ));
        }
    };
    if metadata.len() == 0 {
        return Some(Words::new("文件为空", "the file is empty"));
    }
    if metadata.len() > LARGEST_FILE_BYTES {
        return Some(Words::new(
            "文件超过 512 MiB,不是照片",
            "the file is over 512 MiB: not a photo",
        ));
    }
    let mut start = [0_u8; 3];
    match file.read_exact(&mut start) {
        Ok(()) if start == [0xFF, 0xD8, 0xFF] => None,
        _ => Some(Words::new("不是 JPEG 照片", "not a JPEG photo")),
    }
}

/// What a photo says of itself and what follows from it.
struct Description {
    metadata: Option<PhotoMetadata>,
    captured: Option<Captured>,
    placement: Result<Placement, Unplaced>,
    problem: Option<Problem>,
}

impl Description {
    fn of(bytes: &[u8], workplace: &Workplace) -> Self {
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

    async fn row(
        mut self,
        workplace: &Workplace,
        path: &Path,
        sha256: String,
        byte_len: u64,
    ) -> Result<NewPhoto> {
        let (footprint, gsd_cm) = self.footprint(workplace).await?;
        let metadata = self.metadata.as_ref();
        let day = self
            .captured
            .map(|captured| workplace.zone.civil_day(captured.at));
        let simulated = metadata.is_some_and(|metadata| metadata.simulated);
        let serial = metadata.and_then(|metadata| metadata.serial.as_deref());
        let model = metadata.and_then(|metadata| metadata.model.as_deref());
        let placement = self.placement.as_ref().ok();
        Ok(NewPhoto {
            sortie_id: import_sortie_id(serial, model, day),
            shot_index: None,
            sortie_kind: if simulated {
                SortieKind::Simulated
            } else {
                SortieKind::Import
            },
            sha256,
            byte_len,
            name: path.display().to_string(),
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
            simulated,
            footprint,
            actor: Actor {
                name: "ingest".to_owned(),
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
        };
        Ok((Some(entry), gsd_cm))
    }

    fn unplace(&mut self, reason: Unplaced) {
        self.placement = Err(reason);
        self.note(reason.code());
    }

    fn note(&mut self, code: &str) {
        self.problem.get_or_insert_with(|| Problem {
            code: code.to_owned(),
            detail_json: None,
        });
    }

    fn is_cut_short(&self) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| !metadata.complete)
    }
}

fn lies_inside(grid: &WorkingGrid, outline: &[survey::geodesy::Wgs84]) -> bool {
    outline.iter().all(|corner| grid.grid_from_wgs84(*corner).is_ok())
}
