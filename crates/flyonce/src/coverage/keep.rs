//! The coverage ledger of a data folder, kept: read from its file, built from the photo rows where that is absent,
//! damaged or made otherwise, and brought up to date by what happened since.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Store;
use store::coverage::{KnownThen, LedgerRow};
use survey::geodesy::Wgs84;
use survey::grid::{GridDefinition, WorkingGrid};
use survey::ledger::{Entered, GsdLimits, Ledger, LedgerError, LedgerFrame, Shown, ViewClass};
use survey::occlusion::{HiddenGround, seen_cells};
use survey::pose::Pose;
use survey::time::UtcMicros;

use crate::clock;
use crate::whole_file::write_whole;

/// Rows read at once while building.
const PAGE: u32 = 4000;
/// Photos found unusable so long before the last look are looked at again: clocks of programs on one folder differ.
const LOOK_BACK_US: i64 = 600_000_000;
/// Form of the file; another one is built anew.
const FORM: u32 = 1;
/// Limits of the GSD classes, as shares of the coarsest that counts: 3, 6, 12 and 20 cm of 20.
const CLASS_SHARES: [f64; 4] = [0.15, 0.3, 0.6, 1.0];

/// What a ledger was made with; one made otherwise is built anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Made {
    form: u32,
    grid: GridDefinition,
    cell_m: f64,
    limits_cm: [f64; 4],
}

/// First line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    made: Made,
    event_seq: i64,
    synced_at_us: i64,
    sha256: String,
}

/// How a ledger is to be made.
#[derive(Debug, Clone)]
pub struct LedgerForm {
    /// Its grid.
    pub grid: WorkingGrid,
    /// Side of a cell, m.
    pub cell_m: f64,
    /// Coarsest ground sampling distance that is entered, cm.
    pub max_gsd_cm: f64,
}

/// Hears how many photos of how many have been entered.
pub type OnEntered<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// A ledger and how far it has got.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The ledger.
    pub ledger: Ledger,
    made: Made,
    event_seq: i64,
    synced_at: UtcMicros,
    /// Which labels it has, see [`crate::coverage::basis::Basis::label_key`].
    pub label_key: Option<String>,
    changed: bool,
}

impl Kept {
    /// The ledger of the data folder, up to date.
    ///
    /// # Errors
    /// The database; a form that no ledger can have.
    pub async fn open(store: &Store, form: &LedgerForm, on_entered: OnEntered<'_>) -> Result<Self> {
        let mut kept = match read(store, form) {
            Ok(Some(kept)) => kept,
            Ok(None) => Self::built(store, form, None, on_entered).await?,
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "the coverage ledger's file cannot be used; building it anew");
                Self::built(store, form, None, on_entered).await?
            }
        };
        kept.sync(store).await?;
        Ok(kept)
    }

    /// A ledger of the rows that were known at an instant, or of all.
    ///
    /// # Errors
    /// As [`Kept::open`].
    pub async fn built(
        store: &Store,
        form: &LedgerForm,
        known: Option<&KnownThen>,
        on_entered: OnEntered<'_>,
    ) -> Result<Self> {
        let made = made(form);
        let limits = GsdLimits::new(made.limits_cm)?;
        let mut kept = Self {
            ledger: Ledger::new(form.grid.clone(), form.cell_m, limits)?,
            made,
            // Looked up before the rows: what comes meanwhile is looked at again.
            event_seq: store.newest_event_seq().await?,
            synced_at: clock::now(),
            label_key: None,
            changed: true,
        };
        let all = store.counts().await?;
        let all = all.photos.saturating_sub(all.photos_without_footprint);
        let (mut after, mut entered) = (String::new(), 0);
        loop {
            let rows = store.ledger_rows(&after, PAGE, known).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.photo_id);
            tokio::task::block_in_place(|| rows.iter().try_for_each(|row| kept.enter(row).map(|_| ())))?;
            entered += rows.len() as u64;
            on_entered(entered, all.max(entered));
        }
        Ok(kept)
    }

    /// Takes in what happened since the last time; how many photos changed.
    ///
    /// # Errors
    /// The database.
    pub async fn sync(&mut self, store: &Store) -> Result<usize> {
        let since = UtcMicros(self.synced_at.0 - LOOK_BACK_US);
        let now = clock::now();
        let touched = store.touched_photos(self.event_seq, since).await?;
        let rows = store.ledger_rows_of(&touched.photo_ids).await?;
        let changed = tokio::task::block_in_place(|| -> Result<usize> {
            let mut changed = 0;
            let standing: HashSet<&str> = rows.iter().map(|row| row.photo_id.as_str()).collect();
            let touched = touched.photo_ids.iter().map(String::as_str);
            let mut gone: Vec<&str> = touched.filter(|photo_id| !standing.contains(photo_id)).collect();
            for row in &rows {
                match self.enter(row)? {
                    Some(Entered::Same) => {}
                    Some(Entered::New | Entered::Exchanged) => changed += 1,
                    None => gone.push(&row.photo_id),
                }
            }
            Ok(changed + self.ledger.withdraw(gone))
        })?;
        self.changed |= changed > 0 || touched.event_seq != self.event_seq;
        self.event_seq = touched.event_seq;
        self.synced_at = now;
        Ok(changed)
    }

    /// Enters a photo; `None` where it is too coarse to count, or shows what no photo can.
    fn enter(&mut self, row: &LedgerRow) -> Result<Option<Entered>> {
        if row.gsd_cm > self.made.limits_cm[3] {
            return Ok(None);
        }
        let unreadable = || format!("the footprint of {} cannot be read", row.photo_id);
        let rings = rings(&row.outline_json).with_context(unreadable)?;
        let hidden = hidden(row).with_context(unreadable)?;
        // Rings are painted by the ledger itself, faster; cells are needed where buildings hide some.
        let seen = hidden.and_then(|hidden| {
            let ground = (self.ledger.grid(), self.ledger.lattice());
            seen_cells(rings.first()?, &hidden, ground).ok()
        });
        let frame = LedgerFrame {
            photo: &row.photo_id,
            day: row.civil_day,
            gsd_cm: row.gsd_cm,
            view: view(row.pose_json.as_deref()),
            dock: row.dock_id.as_deref(),
            shown: seen.as_ref().map_or(Shown::Rings(&rings), Shown::Cells),
        };
        match self.ledger.enter(&frame) {
            Ok(entered) => Ok(Some(entered)),
            Err(error @ (LedgerError::CellSize { .. } | LedgerError::OtherCells)) => Err(error.into()),
            Err(error) => {
                tracing::warn!(photo.id = %row.photo_id, %error, "a photo makes no coverage");
                Ok(None)
            }
        }
    }

    /// Changes whenever the ledger may have changed.
    pub fn state(&self) -> (i64, usize) {
        (self.event_seq, self.ledger.len())
    }

    /// SHA-256 of the saved form: equal for equal photos, whatever the order they came in.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.ledger.to_bytes()))
    }

    /// Writes it into the data folder, if anything changed since it was read or written.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn save(&mut self, store: &Store) -> Result<()> {
        if !self.changed {
            return Ok(());
        }
        let bytes = self.ledger.to_bytes();
        let head = Head {
            made: self.made.clone(),
            event_seq: self.event_seq,
            synced_at_us: self.synced_at.0,
            sha256: hex::encode(Sha256::digest(&bytes)),
        };
        let mut content = serde_json::to_vec(&head)?;
        content.push(b'\n');
        content.extend_from_slice(&bytes);
        let file = file(store);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        write_whole(&file, &content)?;
        self.changed = false;
        Ok(())
    }
}

fn made(form: &LedgerForm) -> Made {
    Made {
        form: FORM,
        grid: form.grid.definition(),
        cell_m: form.cell_m,
        limits_cm: CLASS_SHARES.map(|share| share * form.max_gsd_cm),
    }
}

fn file(store: &Store) -> PathBuf {
    store.folder().join("coverage").join("ledger.bin")
}

/// The file's ledger; `None` where there is none or it was made otherwise.
fn read(store: &Store, form: &LedgerForm) -> Result<Option<Kept>> {
    let file = file(store);
    let content = match std::fs::read(&file) {
        Ok(content) => content,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let end = content
        .iter()
        .position(|byte| *byte == b'\n')
        .context("it has no first line")?;
    let head: Head = serde_json::from_slice(&content[..end]).context("its first line cannot be read")?;
    if head.made != made(form) {
        tracing::info!("the coverage ledger was made with other parameters; building it anew");
        return Ok(None);
    }
    let bytes = &content[end + 1..];
    anyhow::ensure!(
        hex::encode(Sha256::digest(bytes)) == head.sha256,
        "its content does not have the checksum of its first line"
    );
    Ok(Some(Kept {
        ledger: Ledger::from_bytes(bytes)?,
        made: head.made,
        event_seq: head.event_seq,
        synced_at: UtcMicros(head.synced_at_us),
        label_key: None,
        changed: false,
    }))
}

/// Rings of a stored footprint: one outline, or several rings where something stands in between.
///
/// # Errors
/// Anything else.
pub fn rings(outline_json: &str) -> Result<Vec<Vec<Wgs84>>> {
    if let Ok(outline) = serde_json::from_str::<Vec<Wgs84>>(outline_json) {
        return Ok(vec![outline]);
    }
    Ok(serde_json::from_str::<Vec<Vec<Wgs84>>>(outline_json)?)
}

/// What of a footprint is hidden behind buildings, where a surface model tells.
pub fn hidden(row: &LedgerRow) -> Result<Option<HiddenGround>> {
    Ok(row.hidden_json.as_deref().map(serde_json::from_str).transpose()?)
}

/// How steeply a photo looks; one whose pose cannot be read counts as the flattest.
fn view(pose_json: Option<&str>) -> ViewClass {
    let pose = pose_json.and_then(|text| serde_json::from_str::<Pose>(text).ok());
    pose.map_or(ViewClass::Oblique, |pose| {
        let down = pose.attitude.ned_from_camera()[(2, 2)];
        ViewClass::of_zenith(down.clamp(-1.0, 1.0).acos())
    })
}
