//! `flyonce leads training-set`: what reviewers decided comes out as COCO and goes into `model eval`.

use std::fs;

use serde_json::Value;

use crate::program::{Program, can_look};

#[test]
fn reviewed_leads_become_a_training_set_that_can_be_evaluated() {
    if !can_look("reviewed_leads_become_a_training_set_that_can_be_evaluated") {
        return;
    }
    let program = Program::with_demo();
    let nothing = program.run(&["leads", "training-set", "--output", "set", "--simulated"]);
    assert!(
        !nothing.ok && nothing.stderr.contains("no reviewed lead"),
        "{}",
        nothing.stderr
    );
    let [real, wrong, unclear] = decided(&program);
    let real_only = program.run(&["leads", "training-set", "--output", "set"]);
    assert!(
        !real_only.ok && real_only.stderr.contains("--simulated"),
        "{}",
        real_only.stderr
    );
    let said = program.json(&["leads", "training-set", "--output", "set", "--simulated"]);
    let text = fs::read_to_string(program.path("set/instances.json")).unwrap();
    let set: Value = serde_json::from_str(&text).unwrap();
    check_images(&program, &set);
    let numbers = |crowd: u64| -> Vec<&str> {
        let chosen = set["annotations"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["iscrowd"] == crowd);
        chosen
            .filter_map(|it| it["flyonce"]["lead_no"].as_str())
            .collect()
    };
    assert!(numbers(0).contains(&real.as_str()) && !numbers(0).contains(&wrong.as_str()));
    assert!(numbers(1).contains(&unclear.as_str()) && !numbers(0).contains(&unclear.as_str()));
    let rejected = set["images"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["flyonce"]["rejected"].as_array().unwrap());
    let rejected: Vec<&Value> = rejected.collect();
    assert!(
        rejected
            .iter()
            .any(|it| it["lead_no"] == wrong.as_str() && it["reason"] == "not_there"),
        "{rejected:?}"
    );
    assert!(!text.contains("王审核"), "names of reviewers do not go along");

    let answer = program.json(&["model", "eval", "set", "--split", "all"]);
    assert_eq!(answer["pictures"], said["images"]);
    assert_eq!(answer["scales"][0]["source"], "dataset");
    let classes = answer["models"][0]["classes"].as_array().unwrap();
    let boxes: u64 = classes.iter().map(|class| class["boxes"].as_u64().unwrap()).sum();
    assert_eq!(Some(boxes), said["boxes"].as_u64(), "every box comes back");
    let again = program.run(&["leads", "training-set", "--output", "set", "--simulated"]);
    assert!(
        !again.ok && again.stderr.contains("not empty"),
        "{}",
        again.stderr
    );
}

/// Numbers of a confirmed lead, one that is not there, and one on a picture too poor to tell.
fn decided(program: &Program) -> [String; 3] {
    let leads = program.json(&["leads", "list", "--limit", "500"])["leads"].clone();
    let number = |index: usize| leads[index]["lead_no"].as_str().unwrap().to_owned();
    let [real, wrong, unclear] = [number(0), number(1), number(2)];
    for actor in ["王审核", "李法制"] {
        let state = program.json(&["leads", "show", &real])["state"].clone();
        if state != "confirmed" {
            program.json(&["leads", "decide", &real, "confirm", "--as", actor]);
        }
    }
    for (number, reason) in [(&wrong, "not_there"), (&unclear, "poor_picture")] {
        program.json(&[
            "leads",
            "decide",
            number,
            "false-alarm",
            "--reason",
            reason,
            "--as",
            "王审核",
        ]);
    }
    [real, wrong, unclear]
}

/// Files have the size that is said, splits follow groups, negatives are among what was labelled.
fn check_images(program: &Program, set: &Value) {
    let mut split_of_site = std::collections::BTreeMap::new();
    for image in set["images"].as_array().unwrap() {
        let file = program
            .path("set/images")
            .join(image["file_name"].as_str().unwrap());
        let (width, height) = image::image_dimensions(&file).unwrap();
        assert_eq!(
            (image["width"].as_u64(), image["height"].as_u64()),
            (Some(width.into()), Some(height.into()))
        );
        assert!(
            width <= 640 || image["flyonce"]["cm_per_px"].as_f64().unwrap() > 12.4,
            "{image}"
        );
        assert_eq!(image["flyonce"]["simulated"], true);
        let labelled = image["flyonce"]["labelled_classes"].as_array().unwrap();
        let negative = image["flyonce"]["negative_categories"].as_array().unwrap();
        assert!(
            !labelled.is_empty() && negative.iter().all(|class| labelled.contains(class)),
            "{image}"
        );
        for site in image["flyonce"]["site_ids"].as_array().unwrap() {
            let split = image["flyonce"]["split"].as_str().unwrap();
            assert_eq!(*split_of_site.entry(site.to_string()).or_insert(split), split);
        }
    }
}
