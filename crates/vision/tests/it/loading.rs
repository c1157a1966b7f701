//! What is refused before any photo is looked at, and in which words.

use std::fs;
use std::path::Path;

use vision::{Card, CardError, Detector, ModelError, Runtime, RuntimeError};

use crate::support::{card, folder, runtime};

fn refused(card: &Card) -> Option<String> {
    Some(
        Detector::load(&runtime()?, card, &folder())
            .err()
            .expect("must be refused")
            .to_string(),
    )
}

#[test]
fn the_runtime_tells_its_version_and_is_loaded_once() {
    let Some(runtime) = runtime() else { return };
    let numbers: Vec<&str> = runtime.version().split('.').collect();
    assert!(numbers.len() == 3 && numbers[0] == "1", "{}", runtime.version());
    let again = Runtime::load(runtime.path()).expect("the same file again");
    assert_eq!(again.path(), runtime.path());
    let copy = tempfile::NamedTempFile::new().unwrap();
    let error = Runtime::load(copy.path()).unwrap_err();
    assert!(matches!(error, RuntimeError::AlreadyLoaded { .. }), "{error}");
}

#[test]
fn a_model_that_keeps_its_card_loads() {
    let Some(runtime) = runtime() else { return };
    let detector = Detector::load(&runtime, &card(), &folder()).expect("the tiny model");
    assert_eq!(detector.card(), &card());
}

#[test]
fn a_missing_or_altered_file_is_named() {
    let Some(runtime) = runtime() else { return };
    let dir = tempfile::tempdir().unwrap();
    let missing = Detector::load(&runtime, &card(), dir.path()).err().unwrap();
    assert!(matches!(missing, ModelError::Read { .. }), "{missing}");
    let mut bytes = fs::read(folder().join("tiny.onnx")).unwrap();
    bytes[100] ^= 1;
    fs::write(dir.path().join("tiny.onnx"), &bytes).unwrap();
    let altered = Detector::load(&runtime, &card(), dir.path()).err().unwrap();
    assert!(matches!(&altered, ModelError::Hash { card: wanted, file, .. }
        if *wanted == card().sha256 && file != wanted && file.len() == 64));
}

#[test]
fn a_file_that_is_no_model_is_refused_in_words() {
    let Some(runtime) = runtime() else { return };
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tiny.onnx"), b"not a model").unwrap();
    let mut card = card();
    card.sha256 = "0".repeat(64);
    let ModelError::Hash { file, .. } = Detector::load(&runtime, &card, dir.path()).err().unwrap() else {
        panic!("another hash was expected")
    };
    card.sha256 = file;
    let error = Detector::load(&runtime, &card, dir.path()).err().unwrap();
    assert!(matches!(error, ModelError::Refused { .. }), "{error}");
}

#[test]
fn every_difference_from_the_card_is_said_at_once() {
    let mut wrong = card();
    wrong.input.width_px = 640;
    wrong.outputs.boxes = Some("rectangles".to_owned());
    wrong.classes.truncate(1);
    let Some(said) = refused(&wrong) else { return };
    for part in [
        "the card says \"picture\" has the shape [1, 3, 64, 640], the file has [1, 3, 64, 64]",
        "the card says there is an output \"rectangles\", the file has \"boxes\", \"scores\"",
        "the card lists 1 classes, the score tensor \"scores\" of the file has 2 columns",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_wrong_input_name_and_swapped_outputs_are_said() {
    let mut wrong = card();
    wrong.input.name = "images".to_owned();
    wrong.outputs.boxes = Some("scores".to_owned());
    wrong.outputs.scores = Some("boxes".to_owned());
    let Some(said) = refused(&wrong) else { return };
    assert!(
        said.contains("the card says the input is \"images\", the file has \"picture\""),
        "{said}"
    );
    assert!(
        said.contains("\"scores\" has the shape [1, ?, 4], the file has [1, 2, 2]"),
        "{said}"
    );
    assert!(
        said.contains("the card lists 2 classes, the score tensor \"boxes\" of the file has 4 columns"),
        "{said}"
    );
}

#[test]
fn a_card_that_is_not_there_is_named() {
    let error = Card::read(Path::new("no/such/card.toml")).unwrap_err();
    assert!(matches!(error, CardError::Read { .. }));
    assert!(error.to_string().contains("no/such/card.toml"), "{error}");
}

#[test]
fn a_library_that_is_none_is_a_clean_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), b"not a library").unwrap();
    // Where the runtime is loaded already, the answer is AlreadyLoaded; the words of both name the file.
    let error = Runtime::load(file.path()).unwrap_err();
    assert!(
        error.to_string().contains(&file.path().display().to_string()),
        "{error}"
    );
    let missing = Runtime::load(Path::new("/no/such/libonnxruntime.so")).unwrap_err();
    assert!(matches!(missing, RuntimeError::Load { .. }), "{missing}");
}
