//! Files that somebody brings along: what is said of each.

use std::path::Path;

use fixtures::onnx::{Attribute, Element, OnnxFile};
use vision::inspect::{Finding, Inspection, Roles};
use vision::{Card, ModelError};

use crate::support::{folder, runtime};

const CORNERS: [f32; 8] = [4.0, 8.0, 20.0, 30.0, 1.0, 2.0, 63.0, 60.0];

/// Two fixed boxes, and scores for three classes that `score` makes of the mean colours `flat` `[1, 3]`.
fn detector(boxes: &[f32; 8], score: impl Fn(OnnxFile) -> OnnxFile) -> OnnxFile {
    let file = OnnxFile::of_opset(13)
        .input("picture", Element::F32, &[1, 3, 64, 64])
        .constant("corners", &[1, 2, 4], boxes)
        .constant("zeros", &[1, 2, 3], &[0.0; 6])
        .constant("full", &[1], &[255.0])
        .node("GlobalAveragePool", &["picture"], "means", &[])
        .node("Flatten", &["means"], "flat", &[Attribute::Int("axis", 1)])
        .node("Identity", &["corners"], "boxes", &[]);
    score(file)
        .node("Add", &["zeros", "score"], "scores", &[])
        .output("boxes", Element::F32, &[1, 2, 4])
        .output("scores", Element::F32, &[1, 2, 3])
}

fn shares(file: OnnxFile) -> OnnxFile {
    file.node("Div", &["flat", "full"], "score", &[])
}

fn pictures() -> Vec<Vec<u8>> {
    [20, 200].map(|level| vec![level; 64 * 64 * 3]).to_vec()
}

fn opened(file: &OnnxFile) -> Option<Result<Inspection, ModelError>> {
    let runtime = runtime()?;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("brought.onnx");
    std::fs::write(&path, file.bytes()).unwrap();
    Some(Inspection::open(&runtime, &path))
}

/// Everything that is said of a file whose outputs are called boxes and scores.
fn findings(file: &OnnxFile) -> Option<Vec<Finding>> {
    let mut inspection = opened(file)?.unwrap();
    let roles = Roles {
        boxes: Some("boxes".to_owned()),
        scores: "scores".to_owned(),
    };
    let mut found = inspection.findings();
    found.extend(inspection.try_out(&roles, &pictures()).findings);
    Some(found)
}

#[test]
fn of_a_good_file_there_is_nothing_to_say_and_its_card_can_be_begun() {
    let Some(inspection) = opened(&detector(&CORNERS, shares)) else {
        return;
    };
    let mut inspection = inspection.unwrap();
    let roles = inspection.guessed_roles().unwrap();
    assert_eq!(
        (roles.boxes.as_deref(), roles.scores.as_str()),
        (Some("boxes"), "scores")
    );
    assert_eq!(inspection.picture_size(), Some([64, 64]));
    assert_eq!(inspection.findings(), []);
    let trial = inspection.try_out(&roles, &pictures());
    assert_eq!(trial.findings, []);
    assert!(trial.median_run.is_some());
    let card = Card::parse(&inspection.card_template(), Path::new("brought.toml")).unwrap();
    assert_eq!((card.classes.len(), &card.sha256), (3, &inspection.sha256));
    assert_eq!((card.input.width_px, card.input.name.as_str()), (64, "picture"));
}

#[test]
fn the_tiny_detector_is_told_from_its_shapes() {
    let Some(runtime) = runtime() else { return };
    let inspection = Inspection::open(&runtime, &folder().join("tiny.onnx")).unwrap();
    assert_eq!(inspection.findings(), []);
    assert_eq!(inspection.guessed_roles().unwrap().scores, "scores");
}

#[test]
fn scores_and_boxes_of_other_kinds_are_told_by_running() {
    let raw = |file: OnnxFile| file.node("Identity", &["flat"], "score", &[]);
    let Some(found) = findings(&detector(&CORNERS, raw)) else {
        return;
    };
    assert!(
        matches!(found[..], [Finding::ScoresAreLogits { greatest, .. }] if greatest > 150.0),
        "{found:?}"
    );

    let of_one = CORNERS.map(|side| side / 64.0);
    let found = findings(&detector(&of_one, shares)).unwrap();
    assert!(matches!(found[..], [Finding::BoxesAreShares { .. }]), "{found:?}");

    let middles = [40.0, 32.0, 16.0, 20.0, 30.0, 50.0, 12.0, 9.0];
    let found = findings(&detector(&middles, shares)).unwrap();
    assert!(
        matches!(found[..], [Finding::BoxesAreNotCorners { share }] if share == 1.0),
        "{found:?}"
    );

    let fades = |file: OnnxFile| {
        file.node("Neg", &["flat"], "minus", &[])
            .node("Exp", &["minus"], "score", &[])
    };
    let found = findings(&detector(&CORNERS, fades)).unwrap();
    assert!(matches!(found[..], [Finding::WantsUnitRange { .. }]), "{found:?}");

    let fixed = |file: OnnxFile| {
        file.constant("half", &[1], &[0.5])
            .node("Identity", &["half"], "score", &[])
    };
    assert_eq!(
        findings(&detector(&CORNERS, fixed)).unwrap(),
        [Finding::SameForEverything]
    );

    let none = |file: OnnxFile| {
        file.node("Sub", &["flat", "flat"], "nought", &[])
            .node("Div", &["nought", "nought"], "score", &[])
    };
    let found = findings(&detector(&CORNERS, none)).unwrap();
    assert!(
        matches!(&found[0], Finding::NotFinite { tensor } if tensor == "scores"),
        "{found:?}"
    );
}

#[test]
fn inputs_that_do_not_fit_are_told_from_the_file() {
    let through = |element, sizes: &[u64]| {
        OnnxFile::of_opset(13)
            .input("picture", element, sizes)
            .node("Cast", &["picture"], "scores", &[Attribute::Int("to", 1)])
            .output("scores", Element::F32, sizes)
    };
    let Some(last) = opened(&through(Element::F32, &[1, 64, 64, 3])) else {
        return;
    };
    assert!(matches!(
        last.unwrap().findings()[..],
        [Finding::ChannelsLast { .. }]
    ));
    let half = opened(&through(Element::F16, &[1, 3, 64, 64])).unwrap().unwrap();
    assert!(
        matches!(half.findings()[..], [Finding::InputElement { .. }]),
        "{:?}",
        half.findings()
    );
    let open = opened(&through(Element::F32, &[1, 3, 0, 0])).unwrap().unwrap();
    assert!(
        open.findings()
            .iter()
            .all(|it| matches!(it, Finding::OpenSizes { .. }))
            && open.findings().len() == 2
    );
    let flat = opened(&through(Element::F32, &[1, 64])).unwrap().unwrap();
    assert!(matches!(flat.findings()[..], [Finding::InputShape { .. }]));
}

#[test]
fn detectors_with_all_in_one_tensor_are_known() {
    let all_in_one = |sizes: &[u64]| {
        let count: u64 = sizes.iter().product();
        OnnxFile::of_opset(13)
            .input("images", Element::F32, &[1, 3, 64, 64])
            .constant("all", sizes, &vec![0.5; count as usize])
            .node("Identity", &["all"], "output0", &[])
            .output("output0", Element::F32, sizes)
    };
    let Some(columns) = opened(&all_in_one(&[1, 84, 200])) else {
        return;
    };
    assert!(matches!(
        columns.unwrap().findings()[..],
        [Finding::BoxesInColumns { classes: 80, .. }]
    ));
    let rows = opened(&all_in_one(&[1, 200, 85])).unwrap().unwrap();
    assert!(matches!(
        rows.findings()[..],
        [Finding::BoxesAndScoresInRows { columns: 85, .. }]
    ));
    let finished = opened(&all_in_one(&[1, 100, 6])).unwrap().unwrap();
    assert!(matches!(finished.findings()[..], [Finding::FinishedBoxes { .. }]));
}

#[test]
fn a_file_that_the_runtime_refuses_keeps_the_reason() {
    let custom = OnnxFile::of_opset(13)
        .input("picture", Element::F32, &[1, 3, 64, 64])
        .node("my.domain:DeformableThing", &["picture"], "scores", &[])
        .output("scores", Element::F32, &[1, 3, 64, 64]);
    let Some(refused) = opened(&custom) else { return };
    let said = refused.err().unwrap().to_string();
    assert!(said.contains("DeformableThing"), "{said}");
    let future = OnnxFile::of_opset(99)
        .input("picture", Element::F32, &[1, 3, 64, 64])
        .node("Relu", &["picture"], "scores", &[])
        .output("scores", Element::F32, &[1, 3, 64, 64]);
    let said = opened(&future).unwrap().err().unwrap().to_string();
    assert!(said.to_lowercase().contains("opset"), "{said}");
}
