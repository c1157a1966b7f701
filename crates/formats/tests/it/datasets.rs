//! Labelled pictures: YOLO, manifests, COCO; right ones, damaged ones, and whatever proptest thinks of.

use fixtures::shared_data_or_skip;
use formats::dataset::{
    parse_class_names, parse_coco, parse_data_yaml, parse_manifest, parse_picture_list, parse_yolo_labels,
};
use proptest::prelude::*;

#[test]
fn a_box_and_an_outline_are_read() {
    let labels = parse_yolo_labels("0 0.5 0.5 0.2 0.4\n\n1 0.0 0.0 1.0 0.0 1.0 1.0\n", 2).unwrap();
    let close = |a: [f64; 4], b: [f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(close(labels[0].corners, [0.4, 0.3, 0.6, 0.7]));
    assert!((labels[0].area - 0.08).abs() < 1e-12);
    assert_eq!(
        (labels[1].class, labels[1].corners, labels[1].area),
        (1, [0.0, 0.0, 1.0, 1.0], 0.5)
    );
}

#[test]
fn bad_labels_are_refused_with_their_line() {
    let refused = |text: &str| parse_yolo_labels(text, 2).unwrap_err().to_string();
    let first = "0 0.5 0.5 0.2 0.4\n";
    for (line, expected) in [
        (
            "2 0.5 0.5 0.2 0.4",
            "line 2: class 2 is not among the 2 classes (0 to 1)",
        ),
        (
            "car 0.5 0.5 0.2 0.4",
            "line 2: the class must be a whole number, is \"car\"",
        ),
        ("0 0.5 x 0.2 0.4", "line 2: \"x\" is not a number"),
        ("0 0.5 NaN 0.2 0.4", "line 2: \"NaN\" is not a number"),
        (
            "0 0.5 0.5 0 0.4",
            "line 2: width 0 and height 0.4 must be positive",
        ),
    ] {
        assert_eq!(refused(&format!("{first}{line}\n")), expected);
    }
    assert!(refused("0 320 240 64 64").starts_with("line 1: the label reaches from"));
    assert!(refused("0 0.5 0.5 0.2 0.4 0.9").starts_with("line 1: a label is a class with 4 numbers"));
}

#[test]
fn the_ways_of_writing_names_in_data_yaml_mean_the_same() {
    let head = "# made by hand\npath: ../boats # here\ntrain: images/train\nval:\n  - images/val\n  - more/val\nnc: 2\n";
    for names in [
        "names: [boat, 'red # buoy']\n",
        "names:\n  0: boat\n  1: \"red # buoy\"\n",
        "names:\n- boat\n- 'red # buoy'\n",
        "names: {0: boat, 1: 'red # buoy'}",
    ] {
        let yaml = parse_data_yaml(&format!("{head}{names}")).unwrap();
        assert_eq!(yaml.names, ["boat", "red # buoy"], "{names}");
        assert_eq!(yaml.path.as_deref(), Some("../boats"));
        let splits: Vec<(&str, usize)> = yaml
            .splits
            .iter()
            .map(|(name, paths)| (name.as_str(), paths.len()))
            .collect();
        assert_eq!(splits, [("train", 1), ("val", 2)]);
    }
}

#[test]
fn bad_data_yaml_is_refused_with_its_line() {
    let refused = |text: &str| parse_data_yaml(text).unwrap_err().to_string();
    assert_eq!(
        refused("nc: 3\nnames: [a, b]\n"),
        "line 1: nc is 3, but there are 2 names"
    );
    assert_eq!(
        refused("names:\n  0: a\n  2: b\n"),
        "line 3: class 2 stands where 1 should"
    );
    assert_eq!(
        refused("val: x\n"),
        "line 1: there is no key \"names\" with the class names"
    );
    assert_eq!(
        refused("names: [a, b"),
        "line 1: the list \"[a, b\" is not closed on its line"
    );
    assert_eq!(refused("names: [a, a]"), "class 1: \"a\" is named twice");
    assert_eq!(
        refused("what is this"),
        "line 1: expected \"key: value\", found \"what is this\""
    );
}

#[test]
fn names_and_lists() {
    assert_eq!(parse_class_names("a\nb c\n").unwrap(), ["a", "b c"]);
    assert_eq!(
        parse_class_names("a\n\nb").unwrap_err().to_string(),
        "line 2: a class name is missing"
    );
    assert_eq!(
        parse_class_names("").unwrap_err().to_string(),
        "line 1: there are no class names"
    );
    assert_eq!(parse_picture_list("./a/b.jpg\n\n c.jpg \n"), ["a/b.jpg", "c.jpg"]);
}

#[test]
fn a_manifest_is_read_by_its_header() {
    let text = "set,file,licence,labelled_classes,cm_per_px\r\nx,a.jpg,\"by me, \"\"free\"\"\",car|boat,12.5\r\n,b.jpg,,,\r\n";
    let rows = parse_manifest(text).unwrap();
    assert_eq!(
        rows[0].labelled_classes,
        Some(vec!["car".to_owned(), "boat".to_owned()])
    );
    assert_eq!(
        (rows[0].set.as_deref(), rows[0].cm_per_px),
        (Some("x"), Some(12.5))
    );
    assert_eq!(rows[1].labelled_classes, Some(Vec::new()), "labelled for nothing");
    assert_eq!(
        (rows[1].file.as_str(), &rows[1].set, rows[1].cm_per_px),
        ("b.jpg", &None, None)
    );
    let refused = |text: &str| parse_manifest(text).unwrap_err().to_string();
    assert_eq!(
        refused("file,set\na.jpg\n"),
        "line 2: 1 fields under a header of 2"
    );
    assert_eq!(
        refused("set\nx\n"),
        "line 1: there is no column \"file\", only set"
    );
    assert_eq!(
        refused("file,cm_per_px\na,-1\n"),
        "line 2: cm_per_px must be a positive number, is \"-1\""
    );
    assert_eq!(
        refused("file\n\"a\nb"),
        "line 2: a quote is opened and never closed"
    );
}

const COCO: &str = r#"{"images": [
  {"id": 5, "file_name": "a.jpg", "width": 100, "height": 50, "flyonce": {"labelled_classes": ["car"], "set": "s", "cm_per_px": 5}},
  {"id": 6, "file_name": "b.jpg", "width": 100, "height": 50, "neg_category_ids": [9], "not_exhaustive_category_ids": [3]},
  {"id": 7, "file_name": "c.jpg", "width": 100, "height": 50}],
 "categories": [{"id": 3, "name": "boat"}, {"id": 9, "name": "car"}],
 "annotations": [{"id": 1, "image_id": 5, "category_id": 9, "bbox": [1, 2, 3, 4], "area": 7.5},
  {"id": 2, "image_id": 6, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 1}]}"#;

#[test]
fn coco_is_read_with_what_each_picture_was_labelled_for() {
    let set = parse_coco(COCO).unwrap();
    assert_eq!(set.classes, ["boat", "car"]);
    let labelled: Vec<Option<Vec<usize>>> = set
        .pictures
        .iter()
        .map(|it| it.labelled_classes.clone())
        .collect();
    assert_eq!(labelled, [Some(vec![1]), Some(vec![1]), None]);
    let (first, second) = (&set.pictures[0].boxes[0], &set.pictures[1].boxes[0]);
    assert_eq!((first.class, first.area_px2, first.crowd), (1, 7.5, false));
    assert_eq!((second.class, second.area_px2, second.crowd), (0, 12.0, true));
    assert_eq!(
        (set.pictures[0].set.as_deref(), set.pictures[0].cm_per_px),
        (Some("s"), Some(5.0))
    );
}

#[test]
fn bad_coco_is_refused_with_its_place() {
    let refused = |from: &str, to: &str| {
        let text = COCO.replace(from, to);
        assert_ne!(text, COCO);
        parse_coco(&text).unwrap_err().to_string()
    };
    assert_eq!(
        refused("\"image_id\": 6", "\"image_id\": 60"),
        "annotation 2: there is no image 60"
    );
    assert_eq!(
        refused("\"category_id\": 3", "\"category_id\": 4"),
        "annotation 2: there is no category 4"
    );
    assert_eq!(
        refused("[1, 2, 3, 4], \"area\"", "[1, 2, 0, 4], \"area\""),
        "annotation 1: bbox [1.0, 2.0, 0.0, 4.0] has no area"
    );
    assert_eq!(refused("\"id\": 6", "\"id\": 5"), "image 5: the id occurs twice");
    assert_eq!(
        refused("[\"car\"]", "[\"cat\"]"),
        "image 5: flyonce.labelled_classes names \"cat\", which is no category"
    );
    assert!(
        refused("\"width\": 100, \"height\": 50}", "\"width\": \"wide\"}").starts_with("line 4, column ")
    );
}

#[test]
fn the_shared_sets_are_read() {
    let Some(data) = shared_data_or_skip("the_shared_sets_are_read") else {
        return;
    };
    let folder = data.join("detect");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let classes = parse_class_names(&read("classes.txt")).unwrap();
    let rows = parse_manifest(&read("manifest.csv")).unwrap();
    let listed = parse_picture_list(&read("val.txt"));
    let of_val: Vec<_> = rows
        .iter()
        .filter(|row| row.split.as_deref() == Some("val"))
        .collect();
    assert_eq!(of_val.len(), listed.len());
    assert!(rows.iter().all(|row| {
        row.labelled_classes
            .as_ref()
            .is_some_and(|names| !names.is_empty())
    }));
    let mut boxes = 0;
    for picture in &listed {
        let label = picture.replace("/images/", "/labels/").replace(".jpg", ".txt");
        boxes += parse_yolo_labels(&read(&label), classes.len()).unwrap().len();
    }
    assert_eq!(
        boxes,
        268 + 23 + 653 + 55 + 27 + 42 + 43 + 6 + 9 + 9,
        "the numbers of ../shared/data/README.md"
    );
}

proptest! {
    #[test]
    fn labels_survive_writing_and_reading(
        boxes in prop::collection::vec((0..5_usize, 0.1..0.9_f64, 0.1..0.9_f64, 0.01..0.2_f64, 0.01..0.2_f64), 0..20),
    ) {
        let lines: Vec<String> = boxes.iter().map(|(class, x, y, w, h)| format!("{class} {x} {y} {w} {h}\r\n")).collect();
        let read = parse_yolo_labels(&lines.concat(), 5).unwrap();
        prop_assert_eq!(read.len(), boxes.len());
        for (label, (class, x, y, w, h)) in read.iter().zip(&boxes) {
            let [x0, y0, x1, y1] = label.corners;
            prop_assert!(label.class == *class && ((x0 + x1) / 2.0 - x).abs() < 1e-9 && ((y0 + y1) / 2.0 - y).abs() < 1e-9);
            prop_assert!((x1 - x0 - w).abs() < 1e-9 && (y1 - y0 - h).abs() < 1e-9);
        }
    }

    #[test]
    fn fields_survive_writing_and_reading(fields in prop::collection::vec("[a-z,\"\n ]{1,8}", 1..5)) {
        let quoted: Vec<String> = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
        let rows = parse_manifest(&format!("set,file\n{}", quoted.iter().map(|field| format!("{field},x.jpg\n")).collect::<String>())).unwrap();
        let sets: Vec<Option<String>> = rows.into_iter().map(|row| row.set).collect();
        prop_assert_eq!(sets, fields.into_iter().map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "(?s).{0,200}", lines in "[0-9a-z:,\"'\\[\\]{}# .\n-]{0,120}") {
        for text in [&text, &lines] {
            let _ = (parse_yolo_labels(text, 3), parse_class_names(text), parse_data_yaml(text));
            let _ = (parse_manifest(text), parse_coco(text), parse_picture_list(text));
        }
    }

    #[test]
    fn damaged_coco_never_panics(at in 0..900_usize, with in any::<char>()) {
        let mut damaged: Vec<char> = COCO.chars().collect();
        let at = at % damaged.len();
        damaged[at] = with;
        let _ = parse_coco(&damaged.into_iter().collect::<String>());
    }
}
