//! `kill -9` at any moment: no photo is lost, none is there twice, and the end is the same.

use std::time::Duration;

use crate::program::{Program, can_look};

const PHOTOS: u32 = 8;
const KILLS: u32 = 50;

#[test]
fn fifty_kills_lose_nothing() {
    if !can_look("fifty_kills_lose_nothing") {
        return;
    }
    let unharmed = Program::new();
    let harmed = Program::new();
    for number in 0..PHOTOS {
        let name = format!("in/{number}.jpg");
        unharmed.write_photo(&name, number);
        harmed.write_photo(&name, number);
    }
    let started = std::time::Instant::now();
    assert!(unharmed.run(&["ingest", "in"]).ok);
    let whole_run = started.elapsed();
    // A fixed sequence (Knuth's MMIX generator): moments from start-up to past the end of a run.
    let mut random = 42_u64;
    for _ in 0..KILLS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let share = (random >> 40) as f64 / (1_u64 << 24) as f64;
        let mut child = harmed.spawn(&["ingest", "in"]);
        std::thread::sleep(Duration::from_secs_f64(whole_run.as_secs_f64() * share));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = harmed.run(&["ingest", "in"]);
    assert!(last.ok, "{}", last.stderr);
    assert_eq!(harmed.holdings(), unharmed.holdings());
}
