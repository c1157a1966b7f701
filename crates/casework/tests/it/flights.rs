//! Split and merge rates of simulated flights, and the properties that must hold exactly.

use crate::city::{CONSUMER, Dice, Errors, Shed, Tally, measure, photo, rows_of_sheds};
use casework::association::PhotoBatch;

/// Three strips of five photos with about 70 % overlap along and 60 % across.
fn survey_flight(dice: &mut Dice, name: &str, sheds: &[Shed], errors: Errors) -> Vec<PhotoBatch> {
    let mut photos = Vec::new();
    for strip in 0..3 {
        for shot in 0..5 {
            let along = if strip % 2 == 0 { shot } else { 4 - shot };
            let centre_m = [-60.0 + 30.0 * f64::from(along), -45.0 + 45.0 * f64::from(strip)];
            photos.push(photo(
                dice,
                &format!("{name}{strip}{shot}"),
                centre_m,
                sheds,
                errors,
            ));
        }
    }
    photos
}

fn rates(pitch_m: f64, errors: Errors, rounds: u64) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..rounds {
        let mut dice = Dice(seed * 7919 + 17);
        let sheds = rows_of_sheds(&mut dice, pitch_m, 0.3);
        let photos = survey_flight(&mut dice, "A", &sheds, errors);
        tally.add(measure(&photos).0);
    }
    tally
}

#[test]
fn split_and_merge_rates_by_density() {
    for (name, errors) in [
        ("consumer", CONSUMER),
        (
            "5 m",
            Errors {
                shift_m: 5.0,
                ..CONSUMER
            },
        ),
    ] {
        for pitch_m in [6.0, 8.0, 12.0, 20.0, 40.0] {
            let tally = rates(pitch_m, errors, 6);
            println!(
                "{name:9} every {pitch_m:>2} m: {:>5} things, {:>6} views, split {:.2} %, merged {:.2} %, misplaced views {:.2} %",
                tally.things,
                tally.views,
                tally.split_percent(),
                tally.merge_percent(),
                tally.misplaced_percent()
            );
        }
    }
}
