//! Photos of docks of the Cloud API. The file is here already when the dock tells of it (`file_upload_callback`): its
//! report becomes a capture of the flight, and the file the photo of that capture.

use std::path::{Path, PathBuf};

use anyhow::Result;
use flight::cloud_dock::task::flight_id;
use schedule::photo_ledger::SortieId;
use serde_json::Value;
use store::flights::{CaptureRow, FlightFilter, FlightRow};
use survey::time::UtcMicros;

use crate::clock;
use crate::config::roster::CLOUD_LINK;
use crate::fleet::flight_record::FlightRecord;
use crate::fleet::service::Fleet;
use crate::stage::description::Description;
use crate::stage::flight_photo::{FlightFile, take_flight_photo};
use crate::stage::intake::refusal;
use crate::workplace::Workplace;

/// Flights of a dock among which a task is looked for after a restart.
const LOOK_BACK: u32 = 300;

/// What the dock says of a file.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    object_key: String,
    name: String,
    flight_id: String,
    /// The camera's own number, out of `DJI_20260302100005_0001_V.JPG`.
    image_index: Option<u32>,
    taken_at: Option<UtcMicros>,
    place: Option<(f64, f64)>,
    height_above_home_m: Option<f64>,
}

/// Takes a file in. What is no photo, or of no flight of ours, stays where it lies and is said in the log.
///
/// # Errors
/// A full disk, the database; the dock says it again.
pub async fn take_in(fleet: &Fleet, dock_id: &str, data: &Value) -> Result<()> {
    let (Some(told), Some(cloud)) = (Told::of(data), fleet.cloud()) else {
        tracing::warn!(dock.id = dock_id, "a dock tells of a file without its key");
        return Ok(());
    };
    let Some(flight) = flight_of(fleet, dock_id, &told.flight_id).await? else {
        tracing::warn!(
            dock.id = dock_id,
            file = told.name,
            flight = told.flight_id,
            "a file of no flight of ours"
        );
        return Ok(());
    };
    let sortie: SortieId = flight.sortie_id.parse()?;
    let record = FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), sortie.clone());
    let name = photo_name(&sortie, &told.name);
    let store = &fleet.workplace().store;
    let path = cloud.objects.path(&told.object_key);
    let is_here = tokio::fs::try_exists(&path).await?;
    if !is_here && store.photo_named(&name).await?.is_some() {
        return Ok(());
    }
    let in_file = if is_here {
        seen_in(fleet.workplace(), &path).await?
    } else {
        None
    };
    if let Some(row) = told.capture(in_file) {
        store.record_capture(&sortie, &row, clock::now()).await?;
    }
    if !is_here {
        let text = format!("{}: the dock says it was brought, it is not here", told.name);
        return record.step("media_missing", &text).await;
    }
    let looked_at = path.clone();
    if let Some(words) = tokio::task::spawn_blocking(move || refusal(&looked_at)).await? {
        return record
            .step("media_no_photo", &format!("{}: {}", told.name, words.en))
            .await;
    }
    let file = FlightFile {
        flight: &flight,
        image_index: told.image_index,
        path: &path,
        name,
        brought_by: "dji-cloud",
    };
    take_flight_photo(fleet.workplace(), file).await?;
    if let Err(error) = tokio::fs::remove_file(&path).await {
        tracing::debug!(%error, "a file that was taken in could not be removed");
    }
    Ok(())
}

/// Whether photos of a landed flight are still to come, by the camera's own count.
///
/// # Errors
/// The database.
pub async fn are_awaited(fleet: &Fleet, flight: &FlightRow) -> Result<bool> {
    let Some(taken) = taken(flight) else {
        return Ok(false);
    };
    let shots = fleet.workplace().store.shots(&flight.sortie_id).await?;
    let here = shots.iter().filter(|shot| shot.photo_id.is_some()).count();
    Ok(here < taken)
}

/// Before the losses are named: where the camera counted as many photos as were planned, each was taken, and what is
/// not here never arrived; it was not left unflown.
///
/// # Errors
/// The database.
pub async fn name_taken(fleet: &Fleet, flight: &FlightRow) -> Result<()> {
    let Some(taken) = taken(flight) else {
        return Ok(());
    };
    let store = &fleet.workplace().store;
    let planned = store
        .shots(&flight.sortie_id)
        .await?
        .iter()
        .filter(|shot| shot.planned)
        .count();
    if taken >= planned {
        store
            .all_captured(&flight.sortie_id.parse()?, clock::now())
            .await?;
    }
    Ok(())
}

/// Photos that the camera counted; `None` for flights of other docks.
fn taken(flight: &FlightRow) -> Option<usize> {
    flight.link.starts_with(CLOUD_LINK).then_some(())?;
    let facts: Value = serde_json::from_str(flight.facts_json.as_deref()?).ok()?;
    usize::try_from(facts["captures"].as_u64()?).ok()
}

async fn flight_of(fleet: &Fleet, dock_id: &str, task: &str) -> Result<Option<FlightRow>> {
    let store = &fleet.workplace().store;
    if let Some(sortie) = fleet.cloud().and_then(|cloud| cloud.sortie_of(task)) {
        return Ok(Some(store.flight(&sortie).await?));
    }
    let filter = FlightFilter {
        limit: LOOK_BACK,
        dock_id: Some(dock_id.to_owned()),
        ..FlightFilter::default()
    };
    let flights = store.list_flights(&filter).await?;
    let is_it = |flight: &FlightRow| {
        let sortie = flight.sortie_id.parse::<SortieId>();
        sortie.is_ok_and(|sortie| flight_id(&sortie) == task)
    };
    Ok(flights.into_iter().find(is_it))
}

/// Time and place as the file itself says them.
async fn seen_in(workplace: &Workplace, path: &Path) -> Result<Option<InFile>> {
    let (workplace, path) = (workplace.clone(), PathBuf::from(path));
    let seen = tokio::task::spawn_blocking(move || -> std::io::Result<InFile> {
        let description = Description::of(&std::fs::read(path)?, &workplace);
        Ok(InFile {
            taken_at: description.taken_at(),
            place: description
                .position()
                .map(|position| (position.longitude_deg, position.latitude_deg)),
        })
    })
    .await??;
    Ok(Some(seen))
}

#[derive(Debug, Clone, Copy, Default)]
struct InFile {
    taken_at: Option<UtcMicros>,
    place: Option<(f64, f64)>,
}

fn photo_name(sortie: &SortieId, name: &str) -> String {
    let plain: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        .take(120)
        .collect();
    format!("dji-cloud/{sortie}/{plain}")
}

impl Told {
    fn of(data: &Value) -> Option<Self> {
        let file = &data["file"];
        let object_key = file["object_key"]
            .as_str()
            .filter(|key| !key.is_empty())?
            .to_owned();
        let last = object_key.rsplit('/').next().unwrap_or_default().to_owned();
        let name = file["name"]
            .as_str()
            .filter(|name| !name.is_empty())
            .map_or(last, str::to_owned);
        let metadata = &file["metadata"];
        let place = &metadata["shoot_position"];
        let place = number(&place["lng"])
            .zip(number(&place["lat"]))
            .filter(|(longitude, latitude)| longitude.abs() <= 180.0 && latitude.abs() <= 90.0)
            .filter(|place| *place != (0.0, 0.0));
        Some(Self {
            image_index: image_index(&name),
            object_key,
            name,
            flight_id: file["ext"]["flight_id"].as_str().unwrap_or_default().to_owned(),
            taken_at: metadata["create_time"]
                .as_str()
                .and_then(|text| UtcMicros::parse_rfc3339(text).ok()),
            place,
            height_above_home_m: number(&metadata["relative_altitude"]),
        })
    }

    /// The report of the camera; without number or time it is none, and the file goes by what it says itself.
    fn capture(&self, in_file: Option<InFile>) -> Option<CaptureRow> {
        let in_file = in_file.unwrap_or_default();
        let place = self.place.or(in_file.place);
        Some(CaptureRow {
            image_index: self.image_index?,
            // The file's own time first: it is what the file will be matched by.
            captured_at: in_file.taken_at.or(self.taken_at)?,
            longitude_deg: place.map(|(longitude, _)| longitude),
            latitude_deg: place.map(|(_, latitude)| latitude),
            height_above_home_m: self.height_above_home_m,
            succeeded: true,
        })
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// `DJI_YYYYMMDDhhmmss_NNNN_X.JPG`.
fn image_index(name: &str) -> Option<u32> {
    let mut parts = name.split('_');
    let number = match (parts.next(), parts.next(), parts.next()) {
        (Some("DJI"), Some(_time), Some(number)) => number,
        _ => return None,
    };
    number.split('.').next()?.parse().ok().filter(|index| *index > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_dock_says_is_read_and_strange_values_are_none() {
        let told = Told::of(&json!({"file": {"object_key": "D01/x/DJI_20260302100005_0012_V.JPG",
            "name": "DJI_20260302100005_0012_V.JPG", "ext": {"flight_id": "f"}, "metadata": {
            "create_time": "2026-03-02T10:00:05+08:00", "relative_altitude": 41.1, "gimbal_yaw_degree": "-91.40",
            "shoot_position": {"lat": 31.2, "lng": "121.5"}}}}))
        .unwrap();
        assert_eq!((told.image_index, told.place), (Some(12), Some((121.5, 31.2))));
        let row = told.capture(None).unwrap();
        assert_eq!((row.image_index, row.height_above_home_m), (12, Some(41.1)));
        let bare = Told::of(
            &json!({"file": {"object_key": "k/dog.jpeg", "metadata": {"create_time": "yesterday",
            "shoot_position": {"lat": 0, "lng": 0}}}}),
        )
        .unwrap();
        assert_eq!(
            (bare.name.as_str(), bare.image_index, bare.taken_at),
            ("dog.jpeg", None, None)
        );
        assert_eq!((bare.place, bare.capture(None)), (None, None));
        assert_eq!(Told::of(&json!({"file": {}})), None);
    }

    #[test]
    fn names_stay_names() {
        let sortie = "S-1".parse().unwrap();
        assert_eq!(photo_name(&sortie, "../../a b.JPG"), "dji-cloud/S-1/....ab.JPG");
        assert_eq!(image_index("DJI_20260302100005_0001_V.JPG"), Some(1));
        assert_eq!(image_index("DJI_0001.JPG"), None);
        assert_eq!(image_index("photo.jpg"), None);
    }
}
