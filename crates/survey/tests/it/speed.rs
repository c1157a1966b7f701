//! Speed of the two calls that run per pixel and per photo. Run with
//! `cargo test -p survey --test it speed -- --ignored --nocapture`. Seconds are those of the processor, so that
//! other work on the machine does not count.

use survey::camera::{BrownConrady, CameraModel, CameraSource};
use survey::footprint::footprint;
use survey::geodesy::{AltitudeAglM, LocalTangent, Wgs84};
use survey::geolocate::ground_from_pixel;
use survey::grid::WorkingGrid;
use survey::ledger::{GsdLimits, Ledger, LedgerFrame, Shown, ViewClass};
use survey::pose::{Attitude, GroundAssumption, Pose, PoseSigmas};
use survey::time::CivilDay;

use crate::Stream;

/// Time this thread has spent on a processor (Linux: first field of schedstat, ns).
struct Processor(f64);

impl Processor {
    fn now() -> Self {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Self(text.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1e-9)
    }

    fn seconds(&self) -> f64 {
        Self::now().0 - self.0
    }
}

fn pose(position: Wgs84, yaw_deg: f64, pitch_deg: f64) -> Pose {
    Pose {
        position,
        altitude_agl_m: AltitudeAglM(120.0),
        ground: GroundAssumption::FlatAtTakeoff,
        attitude: Attitude::from_degrees(yaw_deg, pitch_deg, 0.0),
        sigmas: PoseSigmas::consumer_gnss(),
    }
}

#[test]
#[ignore = "measures time"]
fn pixels_per_second() {
    let centre = Wgs84::new(31.2, 121.5).unwrap();
    let plain = CameraModel::pinhole(5280, 3956, 3713.0, CameraSource::Dewarp).unwrap();
    let lens = BrownConrady {
        k1: -0.11,
        k2: 0.015,
        p1: -1e-4,
        p2: 1e-7,
        k3: -0.027,
    };
    let distorted = CameraModel {
        distortion: Some(lens),
        ..plain.clone()
    };
    let pose = pose(centre, 30.0, -60.0);
    for (name, camera) in [("pinhole", plain), ("with distortion", distorted)] {
        let (mut stream, mut sum) = (Stream(1), 0.0);
        let (count, begin) = (300_000, Processor::now());
        for _ in 0..count {
            let pixel = [stream.uniform() * 5280.0, stream.uniform() * 3956.0];
            sum += ground_from_pixel(&pose, &camera, pixel).unwrap().covariance_m2[0][0];
        }
        let per_second = f64::from(count) / begin.seconds();
        println!(
            "ground_from_pixel with covariance, {name}: {per_second:.0} pixels/s (mean {:.2})",
            sum / f64::from(count)
        );
    }
}

#[test]
#[ignore = "measures time"]
fn frames_per_second() {
    let centre = Wgs84::new(31.2, 121.5).unwrap();
    let plane = LocalTangent::at(centre);
    let camera = CameraModel::pinhole(4000, 3000, 4000.0, CameraSource::Calibrated).unwrap();
    let mut stream = Stream(7);
    let begin = Processor::now();
    let outlines: Vec<_> = (0..100_000)
        .map(|_| {
            let place = plane.wgs84_from_enu(
                (stream.uniform() - 0.5) * 40_000.0,
                (stream.uniform() - 0.5) * 40_000.0,
            );
            footprint(&pose(place, stream.uniform() * 360.0, -90.0), &camera)
                .unwrap()
                .outline
        })
        .collect();
    println!(
        "footprint: {:.0} photos/s",
        outlines.len() as f64 / begin.seconds()
    );
    let grid = WorkingGrid::centred(centre).unwrap();
    let mut ledger = Ledger::new(grid, 5.0, GsdLimits::default()).unwrap();
    let named: Vec<(String, [Vec<Wgs84>; 1])> = (0..)
        .zip(outlines)
        .map(|(index, outline): (u32, _)| (format!("{index:06}"), [outline]))
        .collect();
    let begin = Processor::now();
    for (index, (name, rings)) in named.iter().enumerate() {
        let frame = LedgerFrame {
            photo: name,
            day: CivilDay(20_000 + (index / 600) as i32),
            gsd_cm: 3.0,
            view: ViewClass::Nadir,
            dock: None,
            shown: Shown::Rings(rings),
        };
        ledger.enter(&frame).unwrap();
    }
    println!(
        "Ledger::enter at 5 m, 49 corners, no two photos near each other: {:.0} frames/s",
        named.len() as f64 / begin.seconds()
    );
}
