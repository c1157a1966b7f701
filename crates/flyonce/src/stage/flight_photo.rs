//! Takes in a photo that belongs to a flight: which shot of the flight it is follows from the camera's image number,
//! the time in the file and the place it was taken from. Two of the three have to agree; what disagrees is named on
//! the photo's row. Nothing is refused for not fitting: it is kept as one photo more.

use std::path::Path;

use anyhow::{Result, bail};
use schedule::photo_ledger::matching::{self, Contradiction, FileSeen, ShotSeen};
use schedule::photo_ledger::{PhotoId, SortieId};
use store::StoreError;
use store::blobs::Original;
use store::flights::{FlightRow, ShotRow};
use store::photos::CommitOutcome;
use survey::geodesy::Wgs84;

use crate::clock;
use crate::stage::description::{Belonging, Description};
use crate::workplace::Workplace;

/// Where a file comes from.
#[derive(Debug, Clone)]
pub struct FlightFile<'f> {
    /// The flight.
    pub flight: &'f FlightRow,
    /// The camera's number of the image in that flight, where known.
    pub image_index: Option<u32>,
    /// The file.
    pub path: &'f Path,
    /// The name it is known under from now on.
    pub name: String,
    /// Which part of the program brings it.
    pub brought_by: &'static str,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlightPhoto {
    /// Its identity.
    pub photo_id: PhotoId,
    /// Code of what it lacks or where it contradicts the flight.
    pub problem: Option<String>,
}

/// Others may take the same free number at the same time; each loses at most a few times.
const ATTEMPTS: u32 = 8;

/// The image number and the time, or the place, name different shots.
const INDEX_DIFFERS: &str = "index_differs";
/// Number and place agree, the time does not: the camera's clock is off.
const CLOCK_DIFFERS: &str = "clock_differs";
/// Another file is this shot already.
const SHOT_TAKEN: &str = "shot_taken";

/// Keeps the file, finds its shot, commits its row.
///
/// # Errors
/// What concerns every photo: a full disk, the database.
pub async fn take_flight_photo(workplace: &Workplace, file: FlightFile<'_>) -> Result<FlightPhoto> {
    let sortie_id: SortieId = file.flight.sortie_id.parse()?;
    let (store, source) = (workplace.store.clone(), file.path.to_owned());
    let (original, bytes) = tokio::task::spawn_blocking(move || -> Result<_> {
        let original = store.put_original(&source)?;
        let bytes = store.read_original(&original.sha256)?;
        Ok((original, bytes))
    })
    .await??;
    let mut is_taken = false;
    for _ in 0..ATTEMPTS {
        let mut description = Description::of(&bytes, workplace);
        let shots = workplace.store.shots(sortie_id.as_str()).await?;
        let seen = file_seen(&file, &description);
        let (found, problem) = match is_taken {
            true => (None, Some(SHOT_TAKEN)),
            false => find_shot(&shots, &seen),
        };
        if let Some(code) = problem {
            tracing::warn!(sortie.id = %sortie_id, file = %file.name, problem = code, "photo contradicts its flight");
            description.note(code);
        }
        let belonging = Belonging {
            sortie_id: sortie_id.clone(),
            sortie_kind: file.flight.kind,
            shot_index: Some(found.unwrap_or_else(|| behind(&shots))),
            name: file.name.clone(),
            brought_by: file.brought_by,
        };
        match commit(workplace, description, belonging, &original).await {
            Err(error) if is_index_taken(&error) => is_taken = is_taken || found.is_some(),
            other => return other,
        }
    }
    bail!(
        "{}: every free number of {sortie_id} was taken meanwhile",
        file.name
    )
}

async fn commit(
    workplace: &Workplace,
    description: Description,
    belonging: Belonging,
    original: &Original,
) -> Result<FlightPhoto> {
    let photo = description.row(workplace, belonging, original).await?;
    let problem = photo.problem.as_ref().map(|problem| problem.code.clone());
    let (CommitOutcome::New(photo_id) | CommitOutcome::Known(photo_id)) =
        workplace.store.commit_photo(&photo, clock::now()).await?;
    Ok(FlightPhoto { photo_id, problem })
}

fn is_index_taken(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::IndexTaken { .. }))
}

/// The number behind all shots of the flight.
fn behind(shots: &[ShotRow]) -> u32 {
    let last = shots.iter().map(|shot| shot.shot_index).max();
    last.unwrap_or(0).saturating_add(1)
}

fn file_seen(file: &FlightFile<'_>, description: &Description) -> FileSeen {
    FileSeen {
        image_index: file.image_index,
        taken_at: description.taken_at(),
        position: description.position(),
        clock_offset_us: clock_offset_us(file.flight),
    }
}

/// `clock_offset_us` of the flight's facts: what the vehicle's clock was ahead of UTC.
fn clock_offset_us(flight: &FlightRow) -> i64 {
    let facts = flight
        .facts_json
        .as_deref()
        .and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok());
    facts
        .and_then(|facts| facts["clock_offset_us"].as_i64())
        .unwrap_or(0)
}

/// The shot of a file, and a code where the file contradicts the flight. No shot: it is one photo more.
fn find_shot(shots: &[ShotRow], file: &FileSeen) -> (Option<u32>, Option<&'static str>) {
    let shots: Vec<ShotSeen> = shots.iter().map(shot_seen).collect();
    let found = matching::find_shot(&shots, file);
    let code = found.contradiction.map(|contradiction| match contradiction {
        Contradiction::Index => INDEX_DIFFERS,
        Contradiction::Clock => CLOCK_DIFFERS,
    });
    (found.shot_index, code)
}

fn shot_seen(shot: &ShotRow) -> ShotSeen {
    let planned = shot
        .planned_latitude_deg
        .zip(shot.planned_longitude_deg)
        .and_then(|(latitude_deg, longitude_deg)| Wgs84::new(latitude_deg, longitude_deg).ok());
    ShotSeen {
        index: shot.shot_index,
        planned: planned.filter(|_| shot.planned),
        capture: shot.capture(),
        has_file: shot.photo_id.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schedule::photo_ledger::PhotoState;
    use survey::time::UtcMicros;

    const SECOND: i64 = 1_000_000;
    /// 20 m of latitude.
    const SPACING_DEG: f64 = 0.00018;

    fn place(number: u32) -> Wgs84 {
        Wgs84::new(31.22 + SPACING_DEG * f64::from(number), 121.54).unwrap()
    }

    fn at(number: u32) -> UtcMicros {
        UtcMicros(1_772_416_800 * SECOND + i64::from(number) * 4 * SECOND)
    }

    /// Ten planned shots; those in `captured` with a report, image numbers from 101.
    fn shots(captured: &[u32]) -> Vec<ShotRow> {
        let one = |number: u32| {
            let is_captured = captured.contains(&number);
            let seen = |value: f64| is_captured.then_some(value);
            ShotRow {
                shot_index: number,
                planned: true,
                state: PhotoState::Planned,
                planned_longitude_deg: Some(place(number).longitude_deg),
                planned_latitude_deg: Some(place(number).latitude_deg),
                planned_height_above_home_m: Some(60.0),
                image_index: is_captured.then_some(100 + number),
                captured_at: is_captured.then(|| at(number)),
                longitude_deg: seen(place(number).longitude_deg),
                latitude_deg: seen(place(number).latitude_deg),
                height_above_home_m: seen(60.0),
                photo_id: None,
            }
        };
        (1..=10).map(one).collect()
    }

    fn file(image_index: u32, time_of: u32, place_of: Option<u32>) -> FileSeen {
        FileSeen {
            image_index: Some(image_index),
            taken_at: Some(at(time_of)),
            position: place_of.map(place),
            clock_offset_us: 0,
        }
    }

    const ALL: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

    #[test]
    fn number_and_time_that_agree_settle_it() {
        for number in ALL {
            let seen = file(100 + number, number, None);
            assert_eq!(find_shot(&shots(&ALL), &seen), (Some(number), None));
        }
        let no_time = FileSeen {
            taken_at: None,
            ..file(104, 1, None)
        };
        assert_eq!(find_shot(&shots(&ALL), &no_time), (Some(4), None));
    }

    #[test]
    fn a_number_against_time_and_place_is_named() {
        let seen = file(104, 7, Some(7));
        assert_eq!(find_shot(&shots(&ALL), &seen), (Some(7), Some("index_differs")));
        let placeless = file(104, 7, None);
        assert_eq!(
            find_shot(&shots(&ALL), &placeless),
            (Some(7), Some("index_differs"))
        );
    }

    #[test]
    fn a_wrong_clock_does_not_part_number_and_place() {
        let seen = FileSeen {
            taken_at: Some(UtcMicros(at(4).0 + 8 * 3600 * SECOND)),
            ..file(104, 4, Some(4))
        };
        assert_eq!(find_shot(&shots(&ALL), &seen), (Some(4), Some("clock_differs")));
        let known_offset = FileSeen {
            clock_offset_us: -8 * 3600 * SECOND,
            ..seen
        };
        assert_eq!(find_shot(&shots(&ALL), &known_offset), (Some(4), None));
    }

    #[test]
    fn a_file_before_its_report_goes_by_place_and_then_one_more() {
        assert_eq!(
            find_shot(&shots(&[1, 2]), &file(105, 5, Some(5))),
            (Some(5), None)
        );
        let far_away = FileSeen {
            position: Wgs84::new(31.3, 121.6).ok(),
            ..file(111, 20, None)
        };
        assert_eq!(find_shot(&shots(&[1, 2]), &far_away), (None, None));
        assert_eq!(behind(&shots(&[1, 2])), 11);
        assert_eq!(behind(&[]), 1);
    }

    #[test]
    fn a_second_file_at_one_place_is_one_photo_more_and_not_its_neighbour() {
        let mut taken = shots(&[]);
        taken[4].photo_id = Some("S/00005".to_owned());
        assert_eq!(find_shot(&taken, &file(150, 5, Some(5))), (None, None));
        let between = FileSeen {
            position: Wgs84::new(place(5).latitude_deg + SPACING_DEG / 2.0, 121.54).ok(),
            ..file(150, 5, None)
        };
        assert_eq!(
            find_shot(&shots(&[]), &between),
            (None, None),
            "either could be it"
        );
    }
}
