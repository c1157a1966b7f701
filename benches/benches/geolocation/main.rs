//! How near places come to the truth, and how often the truth lies inside the 95 % ellipse: photos of simulated
//! sorties with the simulator's own errors (heavier tails than a normal, sigmas stated wrong by up to half), which
//! knows nothing of `survey`. `cargo bench -p benches --bench geolocation -- [SORTIES] [FIRST SEED]`

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

mod photo;

use std::collections::BTreeMap;

use photo::{BASE_POINTS, Errors, Photo, Sighting, Stated, Trial, trial};
use simulator::{DemoOptions, PlantedObject, Scene, TILT_SIGMA_DEG, YAW_SIGMA_DEG, plan_sortie};
use survey::pose::PoseSigmas;
use survey::triangulate::{SeenPlace, joined};

/// OpenAthena's error line as published: 5.25 m and 0.02 to 0.035 m for every metre of slant range.
const OPENATHENA_M: [f64; 3] = [5.25, 0.02, 0.035];
/// Things that stand higher are on a roof, m.
const RAISED_M: f64 = 1.0;

fn main() {
    let mut numbers = std::env::args().filter_map(|text| text.parse::<u64>().ok());
    let (sorties, first) = (numbers.next().unwrap_or(60), numbers.next().unwrap_or(1));
    let seeds = first..first + sorties;
    println!("{sorties} sorties at 60 to 140 m, seeds {seeds:?}");
    let assumed = PoseSigmas::consumer_gnss();
    let card = PoseSigmas {
        tilt_rad: TILT_SIGMA_DEG.to_radians(),
        yaw_rad: YAW_SIGMA_DEG.to_radians(),
        ..assumed
    };
    for (what, sigmas) in [
        (
            "attitude sigmas as configured by default (tilt 1°, yaw 3°)",
            Stated::Assumed(assumed),
        ),
        (
            "attitude sigmas of this camera on a camera card (tilt 0.5°, yaw 2°)",
            Stated::Assumed(card),
        ),
        ("all sigmas just those of the errors drawn", Stated::Exactly),
    ] {
        println!("{what}:");
        single(seeds.clone(), sigmas);
        for (errors, how) in [
            (Errors::Apart, "errors of every photo for itself"),
            (
                Errors::HalfShared,
                "half of the error variance common to a sortie",
            ),
        ] {
            several(seeds.clone(), (sigmas, errors), how);
        }
    }
}

/// Downward angle of the camera, by kind of view.
const VIEWS: [(&str, f64); 3] = [("straight down", -90.0), ("60° down", -60.0), ("40° down", -40.0)];

fn options(seed: u64) -> (DemoOptions, Scene) {
    let options = DemoOptions {
        seed,
        altitude_m: 60.0 + (seed % 5) as f64 * 20.0,
        ..DemoOptions::default()
    };
    (options, Scene::generate(1 + seed % 12))
}

/// The photos of a sortie with their kind of view; the plan's slanting views look 60° down, every other one is made
/// flatter.
fn sortie<'s>(scene: &'s Scene, options: &DemoOptions, how: (Stated, Errors)) -> Vec<(usize, Photo<'s>)> {
    let photo = |(number, mut view): (u32, simulator::PlannedView)| {
        let kind = match (view.gimbal.pitch_rad < -1.2, number % 2) {
            (true, _) => 0,
            (false, 0) => 1,
            (false, _) => 2,
        };
        view.gimbal.pitch_rad = VIEWS[kind].1.to_radians();
        (kind, Photo::taken(scene, options, (number, &view), how))
    };
    (1..).zip(plan_sortie(options)).map(photo).collect()
}

/// Every photo for itself.
fn single(seeds: std::ops::Range<u64>, sigmas: Stated) {
    let mut ground: [Vec<Trial>; 3] = Default::default();
    let mut things: Vec<[Vec<Trial>; 3]> = BASE_POINTS.iter().map(|_| Default::default()).collect();
    let mut by_stand: BTreeMap<(bool, usize), Vec<Trial>> = BTreeMap::new();
    for seed in seeds {
        let (options, scene) = options(seed);
        for (kind, photo) in sortie(&scene, &options, (sigmas, Errors::Apart)) {
            ground[kind].extend(photo.ground_trials());
            for ((_, base_point), trials) in BASE_POINTS.iter().zip(&mut things) {
                let seen = scene
                    .objects
                    .iter()
                    .filter_map(|object| photo.thing(object, *base_point));
                trials[kind].extend(seen.map(|sighting| sighting.trial));
            }
            for object in &scene.objects {
                let stand = by_stand.entry((object.base_m > RAISED_M, kind)).or_default();
                stand.extend(
                    photo
                        .thing(object, BASE_POINTS[0].1)
                        .map(|sighting| sighting.trial),
                );
            }
        }
    }
    for ((view, _), trials) in VIEWS.iter().zip(&ground) {
        let usable: Vec<&Trial> = trials.iter().filter(|trial| trial.usable).collect();
        report(&format!("  ground points, {view}, whole picture"), trials);
        report(
            &format!("  ground points, {view}, as far as a detector looks"),
            usable,
        );
    }
    for ((name, _), trials) in BASE_POINTS.iter().zip(&things) {
        for ((view, _), trials) in VIEWS.iter().zip(trials) {
            report(&format!("  things by the {name}, {view}"), trials);
        }
    }
    for ((raised, kind), trials) in &by_stand {
        let stand = if *raised { "on roofs" } else { "on the ground" };
        report(
            &format!("  of these by the foot, {stand}, {}", VIEWS[*kind].0),
            trials,
        );
    }
}

/// How several views become one place.
type Joining = fn(&[SeenPlace]) -> Option<([[f64; 2]; 2], survey::geodesy::Wgs84)>;

const JOININGS: [(&str, Joining); 3] = [
    ("best single view", |views| {
        let size = |view: &&SeenPlace| view.covariance_m2[0][0] + view.covariance_m2[1][1];
        let best = views.iter().min_by(|a, b| size(a).total_cmp(&size(b)))?;
        Some((best.covariance_m2, best.position))
    }),
    ("weighted mean", |views| {
        let blind: Vec<SeenPlace> = views
            .iter()
            .map(|view| SeenPlace { sight: None, ..*view })
            .collect();
        widened(&blind)
    }),
    ("lines of sight", widened),
];

/// As casework joins views.
fn widened(views: &[SeenPlace]) -> Option<([[f64; 2]; 2], survey::geodesy::Wgs84)> {
    let place = joined(views).ok()?;
    let birge2 = (place.chi2 / place.freedom.max(1) as f64).max(1.0);
    Some((
        place.covariance_m2.map(|row| row.map(|value| value * birge2)),
        place.position,
    ))
}

/// Things that two photos of a sortie show, or more.
fn several(seeds: std::ops::Range<u64>, how: (Stated, Errors), what: &str) {
    let mut trials: BTreeMap<(usize, bool), Vec<Trial>> = BTreeMap::new();
    for seed in seeds {
        let (options, scene) = options(seed);
        let photos = sortie(&scene, &options, how);
        for object in &scene.objects {
            let seen: Vec<Sighting> = photos
                .iter()
                .filter_map(|(_, photo)| photo.thing(object, BASE_POINTS[0].1))
                .collect();
            if seen.len() > 1 {
                for (at, (_, joining)) in JOININGS.iter().enumerate() {
                    let key = (at, object.base_m > RAISED_M);
                    trials
                        .entry(key)
                        .or_default()
                        .extend(joined_trial(&scene, object, &seen, *joining));
                }
            }
        }
    }
    println!("  seen in several photos, {what}:");
    for ((at, raised), trials) in &trials {
        let stand = if *raised { "on roofs" } else { "on the ground" };
        report(&format!("    {}, {stand}", JOININGS[*at].0), trials);
    }
}

fn joined_trial(scene: &Scene, object: &PlantedObject, seen: &[Sighting], joining: Joining) -> Option<Trial> {
    let views: Vec<SeenPlace> = seen.iter().map(|sighting| sighting.seen).collect();
    let (covariance_m2, position) = joining(&views)?;
    let nearest_m = seen.iter().map(|sighting| sighting.trial.slant_range_m);
    let truth = [object.centre_enu_m[0], object.centre_enu_m[1]];
    Some(trial(
        scene,
        (position, covariance_m2),
        truth,
        nearest_m.fold(f64::INFINITY, f64::min),
    ))
}

fn report<'t>(what: &str, trials: impl IntoIterator<Item = &'t Trial>) {
    let trials: Vec<&Trial> = trials.into_iter().collect();
    let quantile = |values: &mut Vec<f64>, part: f64| {
        values.sort_by(f64::total_cmp);
        values
            .get(((values.len().max(1) - 1) as f64 * part) as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    let mut off: Vec<f64> = trials.iter().map(|trial| trial.off_m).collect();
    let mut expected: Vec<f64> = trials.iter().map(|trial| trial.expected_m).collect();
    let line = |slope: f64| {
        let mut shares: Vec<f64> = trials
            .iter()
            .map(|trial| trial.off_m / (OPENATHENA_M[0] + slope * trial.slant_range_m))
            .collect();
        100.0 * quantile(&mut shares, 0.5)
    };
    let inside = trials.iter().filter(|trial| trial.inside).count() as f64 / trials.len().max(1) as f64;
    println!(
        "{what}: {} places, {:.1} % inside the 95 % ellipse, CEP50 {:.2} m, R95 {:.2} m, {:.0} to {:.0} % of OpenAthena's line; CEP50 by the covariances {:.2} m",
        trials.len(),
        100.0 * inside,
        quantile(&mut off, 0.5),
        quantile(&mut off, 0.95),
        line(OPENATHENA_M[2]),
        line(OPENATHENA_M[1]),
        quantile(&mut expected, 0.5),
    );
}
