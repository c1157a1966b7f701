//! A folder that people or other programs put photos of flights into: a file that stopped growing is matched to a
//! capture and moved to `taken/`, or to `refused/` with a text beside it that says why. Named
//! `SORTIE/INDEX….jpg` it belongs to that flight; else time and place of the file say to which.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{collections::HashMap, fs, io};

use anyhow::{Context, Result};
use schedule::photo_ledger::SortieId;
use schedule::photo_ledger::matching::{CaptureSeen, FileMatch, match_file};
use store::StoreError;
use store::flights::{FlightFilter, FlightRow};
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;
use tokio_util::sync::CancellationToken;

use crate::lang::Words;
use crate::stage::description::Description;
use crate::stage::flight_photo::{FlightFile, take_flight_photo};
use crate::stage::intake::{is_named_like_a_photo, refusal};
use crate::workplace::Workplace;

/// A file is complete when two looks this far apart find it unchanged.
const INTERVAL: Duration = Duration::from_secs(2);
/// Flights looked through for a file that does not say to which it belongs, newest first.
const FLIGHTS_LOOKED_THROUGH: u32 = 500;
/// A file's time may differ from the capture's report, microseconds.
const CLOCK_TOLERANCE_US: u64 = 3_000_000;
const TAKEN: &str = "taken";
const REFUSED: &str = "refused";

/// What the last look found of each file.
type Seen = HashMap<PathBuf, (u64, SystemTime)>;

/// Watches `folder` until `stop`.
pub async fn watch(workplace: Workplace, folder: PathBuf, stop: CancellationToken) {
    let mut seen = Seen::new();
    loop {
        if let Err(error) = look(&workplace, &folder, &mut seen).await {
            tracing::warn!(folder = %folder.display(), error = %format!("{error:#}"), "watched folder");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// One look: takes every file that did not change since the last one.
async fn look(workplace: &Workplace, folder: &Path, seen: &mut Seen) -> Result<()> {
    let root = folder.to_owned();
    let now = tokio::task::spawn_blocking(move || list(&root)).await??;
    let complete: Vec<PathBuf> = now
        .iter()
        .filter(|(path, state)| state.0 > 0 && seen.get(*path) == Some(state))
        .map(|(path, _)| path.clone())
        .collect();
    *seen = now;
    for path in complete {
        match take(workplace, folder, &path).await? {
            None => move_to(folder, TAKEN, &path)?,
            Some(why) => refuse(folder, &path, &why)?,
        }
        seen.remove(&path);
    }
    Ok(())
}

/// Photos below `folder` with size and time of the last change; what was moved away is not looked at again.
fn list(folder: &Path) -> Result<Seen> {
    let mut found = Seen::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let entries = fs::read_dir(&next).with_context(|| format!("cannot list {}", next.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let kind = entry.file_type()?;
            if kind.is_dir() && next == folder && (path.ends_with(TAKEN) || path.ends_with(REFUSED)) {
                continue;
            }
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() && is_named_like_a_photo(&path) {
                // A file that was taken away meanwhile is none.
                let Ok(metadata) = entry.metadata() else { continue };
                found.insert(path, (metadata.len(), metadata.modified()?));
            }
        }
    }
    Ok(found)
}

/// Takes one file in, or says why not.
async fn take(workplace: &Workplace, folder: &Path, path: &Path) -> Result<Option<Words>> {
    if let Some(words) = refusal(path) {
        return Ok(Some(words));
    }
    let (flight, image_index) = match named_flight(workplace, folder, path).await? {
        Some((flight, index)) => (flight, index),
        None => match flight_of(workplace, path).await? {
            Ok(flight) => (flight, None),
            Err(why) => return Ok(Some(why)),
        },
    };
    let within = path.strip_prefix(folder).unwrap_or(path);
    let file = FlightFile {
        flight: &flight,
        image_index,
        path,
        name: format!("watched-folder/{}", within.display()),
        brought_by: "watched-folder",
    };
    let photo = take_flight_photo(workplace, file).await?;
    tracing::info!(photo.id = %photo.photo_id, file = %path.display(), "taken from the watched folder");
    Ok(None)
}

/// The flight and image number that a name `SORTIE/INDEX….jpg` states.
async fn named_flight(
    workplace: &Workplace,
    folder: &Path,
    path: &Path,
) -> Result<Option<(FlightRow, Option<u32>)>> {
    let within = path.strip_prefix(folder).unwrap_or(path);
    let sortie = within
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str())
        .and_then(|name| name.parse::<SortieId>().ok());
    let Some(sortie) = sortie else {
        return Ok(None);
    };
    match workplace.store.flight(sortie.as_str()).await {
        Err(StoreError::NotFound { .. }) => Ok(None),
        other => Ok(Some((other?, leading_number(within)))),
    }
}

/// `12` for `00012.jpg` and `12_W.jpg`, none for `DJI_0012.JPG`, whose number is the card's and not the flight's.
fn leading_number(path: &Path) -> Option<u32> {
    let name = path.file_stem()?.to_str()?;
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    name[..end].parse().ok()
}

/// The one flight with a capture at the file's time and place.
async fn flight_of(workplace: &Workplace, path: &Path) -> Result<Result<FlightRow, Words>> {
    let source = path.to_owned();
    let bytes = tokio::task::spawn_blocking(move || fs::read(source)).await??;
    let description = Description::of(&bytes, workplace);
    let Some(taken_at) = description.taken_at() else {
        return Ok(Err(Words::new(
            "照片没有拍摄时间,无法对应架次;可按 架次/编号.jpg 命名后重放",
            "the photo has no capture time, so no flight can be found for it; name it SORTIE/INDEX.jpg and put it back",
        )));
    };
    let filter = FlightFilter {
        limit: FLIGHTS_LOOKED_THROUGH,
        ..FlightFilter::default()
    };
    let mut fitting = Vec::new();
    for flight in workplace.store.list_flights(&filter).await? {
        if may_hold(&flight, taken_at) && fits(workplace, &flight, taken_at, description.position()).await? {
            fitting.push(flight);
        }
    }
    if fitting.len() > 1 {
        return Ok(Err(Words::new(
            "时间和位置对应多个架次;可按 架次/编号.jpg 命名后重放",
            "time and place fit several flights; name it SORTIE/INDEX.jpg and put it back",
        )));
    }
    Ok(fitting.pop().ok_or_else(|| {
        Words::new(
            "没有架次在此时间、地点拍摄过照片;如与飞行无关,请用 flyonce ingest 导入",
            "no flight took a photo at this time and place; take it in with `flyonce ingest` if no flight made it",
        )
    }))
}

/// Vehicle clocks may be off; flights of other days are not looked into.
fn may_hold(flight: &FlightRow, taken_at: UtcMicros) -> bool {
    const DAY_US: u64 = 24 * 3600 * 1_000_000;
    let around = flight.launched_at.or(flight.slot_at).unwrap_or(flight.created_at);
    around.0.abs_diff(taken_at.0) <= DAY_US
}

async fn fits(
    workplace: &Workplace,
    flight: &FlightRow,
    taken_at: UtcMicros,
    position: Option<Wgs84>,
) -> Result<bool> {
    let shots = workplace.store.shots(&flight.sortie_id).await?;
    let captures: Vec<(u32, CaptureSeen)> = shots
        .iter()
        .filter_map(|shot| Some((shot.shot_index, shot.capture()?)))
        .filter(|(_, capture)| is_near(capture.position, position))
        .collect();
    let found = match_file(&captures, None, Some(taken_at), position, CLOCK_TOLERANCE_US);
    Ok(!matches!(found, FileMatch::Nothing))
}

/// Sixteen docks fly at the same minute: the place tells their photos apart. Unknown places exclude nothing.
fn is_near(capture: Option<Wgs84>, file: Option<Wgs84>) -> bool {
    const NEAR_M: f64 = 50.0;
    match (capture, file) {
        (Some(capture), Some(file)) => survey::geodesy::geodesic_distance_m(capture, file) <= NEAR_M,
        _ => true,
    }
}

fn refuse(folder: &Path, path: &Path, why: &Words) -> Result<()> {
    let target = target(folder, REFUSED, path)?;
    let beside = target.with_extension("txt");
    fs::write(&beside, format!("{}\n{}\n", why.zh, why.en))
        .with_context(|| format!("cannot write {}", beside.display()))?;
    rename(path, &target)
}

fn move_to(folder: &Path, drawer: &str, path: &Path) -> Result<()> {
    rename(path, &target(folder, drawer, path)?)
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        // Somebody took it away meanwhile: nothing is left to move.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.with_context(|| format!("cannot move {} to {}", from.display(), to.display())),
    }
}

/// The same path below `drawer`; a name that is there already gets a number.
fn target(folder: &Path, drawer: &str, path: &Path) -> Result<PathBuf> {
    let within = path.strip_prefix(folder).unwrap_or(path);
    let wanted = folder.join(drawer).join(within);
    if let Some(parent) = wanted.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let stem = wanted
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let end = wanted
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let numbered = (2..).map(|number: u32| wanted.with_file_name(format!("{stem}-{number}.{end}")));
    std::iter::once(wanted.clone())
        .chain(numbered)
        .find(|candidate| !candidate.exists())
        .context("no free name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_number_is_the_image_number() {
        let of = |name: &str| leading_number(Path::new(name));
        assert_eq!(of("S-1/00012.jpg"), Some(12));
        assert_eq!(of("S-1/12_W.jpeg"), Some(12));
        assert_eq!(of("S-1/DJI_0012.JPG"), None);
        assert_eq!(of("S-1/99999999999.jpg"), None);
    }

    #[test]
    fn what_was_moved_away_is_not_listed_and_names_are_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "a.jpg",
            "S-1/1.jpg",
            "taken/b.jpg",
            "refused/c.jpg",
            "S-1/notes.txt",
        ] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), name).unwrap();
        }
        let mut listed: Vec<PathBuf> = list(root).unwrap().into_keys().collect();
        listed.sort();
        assert_eq!(listed, [root.join("S-1/1.jpg"), root.join("a.jpg")]);
        move_to(root, TAKEN, &root.join("S-1/1.jpg")).unwrap();
        fs::write(root.join("S-1/1.jpg"), "other").unwrap();
        move_to(root, TAKEN, &root.join("S-1/1.jpg")).unwrap();
        assert_eq!(
            fs::read_to_string(root.join("taken/S-1/1.jpg")).unwrap(),
            "S-1/1.jpg"
        );
        assert_eq!(
            fs::read_to_string(root.join("taken/S-1/1-2.jpg")).unwrap(),
            "other"
        );
        refuse(root, &root.join("a.jpg"), &Words::new("为何", "why")).unwrap();
        assert_eq!(
            fs::read_to_string(root.join("refused/a.txt")).unwrap(),
            "为何\nwhy\n"
        );
    }
}
