//! The shelf in a folder of its own, and books of before.

use std::collections::BTreeMap;

use survey::geodesy::{Datum, Wgs84};
use survey::layers::{LayerFeature, LayerKind, Shape, Validity};
use survey::reference::Reference;

use super::*;

fn built(version: &str) -> Built {
    let point = Wgs84::new(31.2, 121.6).unwrap();
    Built {
        layer: FeatureLayer {
            record: LayerRecord {
                kind: LayerKind::TargetPoint,
                name: "points".to_owned(),
                version: version.to_owned(),
                validity: Validity::default(),
                source: "made up".to_owned(),
                document: None,
                reference: Reference::Geographic(Datum::Wgs84),
            },
            features: vec![LayerFeature {
                name: Some("一".to_owned()),
                code: None,
                shape: Shape::Points(vec![point]),
                properties: BTreeMap::new(),
            }],
        },
        repairs: Vec::new(),
        notes: vec![Words::new("一条说明", "a note")],
        ignored: Vec::new(),
        measured: Measured {
            area_m2: None,
            bounds_deg: [121.6, 31.2, 121.6, 31.2],
        },
    }
}

#[test]
fn books_of_before_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path());
    let (entry, _) = shelf.import(&built("1"), &[], deed()).unwrap();
    assert_eq!(shelf.entries().unwrap(), std::slice::from_ref(&entry));
    // Notes were English texts, and neither sizes nor what was left out were kept.
    let mut line = serde_json::json!({ "event": "imported", "entry": entry });
    line["entry"]["notes"] = serde_json::json!(["there is no .dbf"]);
    let kept = line["entry"].as_object_mut().unwrap();
    kept.remove("ignored");
    kept.remove("measured");
    fs::write(folder.path().join("layers/book.jsonl"), format!("{line}\n")).unwrap();
    let read = shelf.entries().unwrap().remove(0);
    assert_eq!(read.notes, [Words::new("there is no .dbf", "there is no .dbf")]);
    assert!(read.measured.is_none() && read.ignored.is_empty());
}

fn deed() -> Deed {
    Deed {
        at: UtcMicros(1_772_416_800_000_000),
        by: None,
        reason: None,
    }
}

fn versions(shelf: &Shelf) -> Vec<String> {
    let entries = shelf.entries().unwrap();
    entries.into_iter().map(|entry| entry.record.version).collect()
}

#[test]
fn a_line_that_a_power_cut_left_half_does_not_count_and_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path());
    assert!(shelf.entries().unwrap().is_empty());
    shelf.import(&built("1"), &[], deed()).unwrap();
    let book = folder.path().join("layers/book.jsonl");
    let whole = fs::read_to_string(&book).unwrap();
    fs::write(&book, format!("{whole}{}", &whole[..whole.len() / 2])).unwrap();
    assert_eq!(versions(&shelf), ["1"]);
    shelf.import(&built("2"), &[], deed()).unwrap();
    assert_eq!(versions(&shelf), ["1", "2"]);
    fs::write(&book, format!("{whole}nonsense\n")).unwrap();
    let error = format!("{:#}", shelf.entries().unwrap_err());
    assert!(error.contains("book.jsonl, line 2"), "{error}");
}

#[test]
fn the_book_tells_what_was_in_use_at_an_instant() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path());
    let at = |seconds: i64| Deed {
        at: UtcMicros(deed().at.0 + seconds * 1_000_000),
        ..deed()
    };
    let (first, _) = shelf.import(&built("1"), &[], at(0)).unwrap();
    shelf.import(&built("2"), &[], at(10)).unwrap();
    shelf.set_retired(&first.id, true, at(20)).unwrap();
    shelf.set_retired(&first.id, false, at(30)).unwrap();
    let in_use = |seconds: i64| {
        let entries = shelf.entries_at(Some(at(seconds).at)).unwrap().into_iter();
        let in_use = entries.filter(|entry| entry.retired.is_none());
        in_use.map(|entry| entry.record.version).collect::<Vec<_>>()
    };
    assert!(in_use(-1).is_empty());
    assert_eq!(in_use(5), ["1"]);
    assert_eq!(in_use(15), ["1", "2"]);
    assert_eq!(in_use(25), ["2"]);
    assert_eq!(in_use(35), ["1", "2"]);
}

#[test]
fn programs_that_import_at_once_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path());
    std::thread::scope(|scope| {
        for number in 0..8 {
            let shelf = &shelf;
            // Two of each version: one is new, the other is the same again.
            scope.spawn(move || {
                shelf
                    .import(&built(&(number / 2).to_string()), &[], deed())
                    .unwrap()
            });
        }
    });
    let mut found = versions(&shelf);
    found.sort();
    assert_eq!(found, ["0", "1", "2", "3"]);
}

#[test]
fn what_is_kept_is_what_came() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path());
    let originals = [("points.geojson".to_owned(), b"as it came".to_vec())];
    let (entry, is_new) = shelf.import(&built("1"), &originals, deed()).unwrap();
    assert!(is_new);
    assert_eq!(shelf.layer(&entry).unwrap(), built("1").layer);
    assert!(shelf.damaged_originals(&entry).is_empty());
    fs::write(shelf.original_path(&entry.originals[0].sha256), b"changed").unwrap();
    assert_eq!(shelf.damaged_originals(&entry), ["points.geojson"]);
    assert!(shelf.set_retired(&entry.id, true, deed()).unwrap());
    assert!(!shelf.set_retired(&entry.id, true, deed()).unwrap());
    let again = shelf.import(&built("1"), &[], deed()).unwrap_err().to_string();
    assert!(again.contains("layers restore"), "{again}");
}
