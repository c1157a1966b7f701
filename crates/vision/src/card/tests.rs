//! Mistakes in cards and the words for them.

use proptest::prelude::*;

use super::*;

const GOOD: &str = include_str!("../../tests/it/tiny.toml");

fn parse(text: &str) -> Result<Card, CardError> {
    Card::parse(text, Path::new("m.toml"))
}

fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the card has no {from:?}");
    GOOD.replacen(from, to, 1)
}

fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).unwrap() + 1
}

fn form_mistake(text: &str) -> CardMistake {
    match parse(text) {
        Err(CardError::Form { mistake, .. }) => mistake,
        other => panic!("a mistake in form was expected, not {other:?}"),
    }
}

fn value_mistakes(text: &str) -> Vec<CardMistake> {
    match parse(text) {
        Err(CardError::Values { mistakes, .. }) => mistakes,
        other => panic!("mistakes in values were expected, not {other:?}"),
    }
}

#[test]
fn a_good_card_is_read_and_survives_writing() {
    let card = parse(GOOD).unwrap();
    assert_eq!(card.classes[1].id, "red");
    assert_eq!(card.classes[0].ap50, Some(1.0));
    assert_eq!(card.classes[1].ap50, None);
    assert_eq!(card.scale.ground_scale_cm_per_px, 10.0, "a whole number is fine");
    assert_eq!(parse(&toml::to_string(&card).unwrap()).unwrap(), card);
}

#[test]
fn broken_toml_names_line_and_column() {
    let text = with("[merge]", "[merge");
    let mistake = form_mistake(&text);
    assert_eq!(mistake.line, line_of(&text, "[merge"), "{mistake}");
    assert!(mistake.column >= 7, "{mistake}");
}

#[test]
fn an_unknown_key_names_itself_and_its_line() {
    let text = with("iou = 0.5", "iou = 0.5\nnms = true");
    let mistake = form_mistake(&text);
    assert_eq!((mistake.line, mistake.column), (line_of(&text, "nms"), 1));
    assert_eq!(mistake.field, "merge.nms");
    assert!(mistake.problem.contains("unknown field `nms`"), "{mistake}");
}

#[test]
fn a_wrong_type_names_its_key_in_the_list() {
    let text = with("threshold = 0.9", "threshold = \"high\"");
    let mistake = form_mistake(&text);
    assert_eq!(mistake.field, "class[1].threshold");
    assert_eq!(mistake.line, line_of(&text, "\"high\""));
}

#[test]
fn a_missing_key_is_named() {
    let mistake = form_mistake(&with("iou = 0.5\n", ""));
    assert!(mistake.problem.contains("missing field `iou`"), "{mistake}");
    assert_eq!(mistake.line, line_of(GOOD, "[merge]"), "{mistake}");
}

#[test]
fn words_outside_the_known_ones_are_refused() {
    for (from, to) in [
        ("\"detector\"", "\"segmenter\""),
        ("\"rgb\"", "\"bgr\""),
        ("\"0..255\"", "\"0..1\""),
        ("\"nchw\"", "\"nhwc\""),
        ("\"xyxy_input_px\"", "\"cxcywh\""),
    ] {
        let mistake = form_mistake(&with(from, to));
        assert!(mistake.problem.contains(&to.replace('"', "`")), "{mistake}");
    }
}

#[test]
fn all_wrong_values_are_listed_in_the_order_of_the_file() {
    let text = with("threshold = 0.9", "threshold = 1.5")
        .replace("id = \"red\"", "id = \"blue\"")
        .replace("width_px = 64", "width_px = 65")
        .replace("share = 1.0", "share = 100")
        .replace("name = \"picture\"", "name = \"\"")
        .replace("ground_scale_cm_per_px = 10", "ground_scale_cm_per_px = 3")
        .replace("file = \"tiny.onnx\"", "file = \"../tiny.onnx\"");
    let mistakes = value_mistakes(&text);
    let fields: Vec<&str> = mistakes.iter().map(|mistake| mistake.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "file",
            "input.name",
            "input.width_px",
            "scale.ground_scale_cm_per_px",
            "class[1].id",
            "class[1].threshold",
            "data[0].share"
        ]
    );
    assert_eq!(mistakes[5].line, line_of(&text, "threshold = 1.5"));
    assert_eq!(
        mistakes[5].to_string(),
        format!(
            "line {}, column 1, class[1].threshold: must lie between 0 and 1, is 1.5",
            mistakes[5].line
        )
    );
}

#[test]
fn hashes_are_64_lower_case_digits() {
    for bad in ["", "abc", &"A".repeat(64), &"g".repeat(64)] {
        let sha256 = &parse(GOOD).unwrap().sha256;
        assert_eq!(
            value_mistakes(&GOOD.replace(sha256, bad))[0].field,
            "sha256",
            "{bad}"
        );
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    for (from, field) in [
        ("iou = 0.5", "merge.iou"),
        ("threshold = 0.5", "class[0].threshold"),
        ("ap50 = 1.0", "class[0].ap50"),
        ("trained_to_cm_per_px = 20.0", "scale.trained_to_cm_per_px"),
    ] {
        let key = from.split(' ').next().unwrap();
        let mistakes = value_mistakes(&with(from, &format!("{key} = nan")));
        assert!(
            mistakes.iter().any(|mistake| mistake.field == field),
            "{mistakes:?}"
        );
    }
}

/// The good card with everything from `[outputs]` on replaced, training and data kept.
fn of_task(task: &str, outputs: &str) -> String {
    let (head, rest) = GOOD.split_once("[outputs]").unwrap();
    let scale = &rest[rest.find("[scale]").unwrap()..rest.find("[merge]").unwrap()];
    let training = &rest[rest.find("[training]").unwrap()..];
    let head = head.replace("\"detector\"", task);
    format!("{head}{outputs}\n{scale}{training}")
}

const CHANGE: &str = "[outputs]\nfeatures = [\"f4\", \"f8\"]\nstrides = [4, 8]\n[change]\nthreshold = 2.0\n";
const CLASSIFIER: &str = "[outputs]\nscores = \"s\"\n[[class]]\nid = \"a\"\nthreshold = 0.5\ntrained = true\nvalidation_boxes = 3\n";

#[test]
fn each_task_has_its_own_keys() {
    let change = parse(&of_task("\"change\"", CHANGE)).unwrap();
    assert!(change.task == Task::Change && change.classes.is_empty() && change.merge.is_none());
    assert_eq!(parse(&toml::to_string(&change).unwrap()).unwrap(), change);
    let classifier = parse(&of_task("\"tile_classifier\"", CLASSIFIER)).unwrap();
    assert_eq!(parse(&toml::to_string(&classifier).unwrap()).unwrap(), classifier);

    let fields =
        |text: &str| -> Vec<String> { value_mistakes(text).into_iter().map(|it| it.field).collect() };
    assert_eq!(
        fields(&of_task("\"change\"", CLASSIFIER)),
        [
            "change",
            "outputs.features",
            "outputs.strides",
            "outputs.scores",
            "class"
        ]
    );
    assert_eq!(
        fields(&of_task("\"detector\"", CHANGE)),
        [
            "merge",
            "class",
            "outputs.boxes",
            "outputs.box_format",
            "outputs.scores",
            "outputs.features",
            "outputs.strides",
            "change"
        ]
    );
    let mistakes = value_mistakes(&of_task("\"tile_classifier\"", CHANGE));
    let said: Vec<String> = mistakes.iter().map(CardMistake::to_string).collect();
    assert!(
        said.iter()
            .any(|it| it.ends_with("change: has no meaning where the task is \"tile_classifier\"")),
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|it| it.ends_with("outputs.scores: is needed where the task is \"tile_classifier\"")),
        "{said:?}"
    );
}

#[test]
fn strides_fit_the_features_and_the_input() {
    let text = of_task("\"change\"", &CHANGE.replace("[4, 8]", "[4, 5, 0]"));
    let fields: Vec<String> = value_mistakes(&text).into_iter().map(|it| it.field).collect();
    assert_eq!(
        fields,
        ["outputs.strides", "outputs.strides[1]", "outputs.strides[2]"]
    );
}

#[test]
fn figures_and_measures_are_checked() {
    let figure = "[[figure]]\nclass = \"red\"\nset = \"s\"\nnever_trained_on = true\nboxes = 7\nap50 = 0.5\n\n[training]";
    let good = with("[training]", figure);
    let card = parse(&good.replace("task = ", "precision = \"int8\"\ntask = ")).unwrap();
    assert_eq!(
        (card.precision, card.figures[0].ap50),
        (Precision::Int8, Some(0.5))
    );
    assert_eq!(parse(&toml::to_string(&card).unwrap()).unwrap(), card);
    assert_eq!(parse(GOOD).unwrap().precision, Precision::Fp32);
    for (from, to, field) in [
        ("class = \"red\"", "class = \"rd\"", "figure[0].class"),
        ("set = \"s\"", "set = \" \"", "figure[0].set"),
        ("ap50 = 0.5", "ap50 = 50", "figure[0].ap50"),
        ("note = ", "recall = 1.2\nnote = ", "class[0].recall"),
        (
            "note = ",
            "false_alarms_per_km2 = -1\nnote = ",
            "class[0].false_alarms_per_km2",
        ),
    ] {
        let mistakes = value_mistakes(&good.replacen(from, to, 1));
        assert_eq!(mistakes[0].field, field, "{mistakes:?}");
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        prop_assert!(parse(&text).is_err());
    }

    /// A card with one stretch cut out and another text put in: a card, or an error on a line of the file.
    #[test]
    fn damaged_cards_give_a_line(at in 0usize..GOOD.len(), length in 0usize..40, put in "[ -~\\n]{0,8}") {
        let text = format!("{}{put}{}", &GOOD[..at], GOOD.get(at + length..).unwrap_or(""));
        let lines = text.split('\n').count();
        match parse(&text) {
            Ok(_) => {}
            Err(CardError::Form { mistake, .. }) => prop_assert!((1..=lines).contains(&mistake.line)),
            Err(CardError::Values { mistakes, .. }) => {
                prop_assert!(mistakes.iter().all(|mistake| (1..=lines).contains(&mistake.line)));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
