//! Speed of the two calls that run per pixel and per photo. Run with
//! `cargo test -p survey --test it speed -- --ignored --nocapture`. Seconds are those of the processor, so that
//! other work on the machine does not count.

use survey::area::{Layer, LayerHeader, RawPolygon};
use survey::camera::{BrownConrady, CameraModel, CameraSource};
use survey::coverage::{CoverageQuery, Ledger};
use survey::footprint::footprint;
use survey::geodesy::{AltitudeAglM, Datum, LocalTangent, Wgs84};
use survey::geolocate::ground_from_pixel;
use survey::grid::WorkingGrid;
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

fn block_of_30_km(plane: &LocalTangent) -> Layer {
    let corner = |east: f64, north: f64| {
        let at = plane.wgs84_from_enu(east, north);
        [at.longitude_deg, at.latitude_deg]
    };
    let exterior = vec![
        corner(-15e3, -15e3),
        corner(15e3, -15e3),
        corner(15e3, 15e3),
        corner(-15e3, 15e3),
    ];
    let header = LayerHeader {
        name: "city".to_owned(),
        version: "1".to_owned(),
        datum: Datum::Wgs84,
        source: "made up".to_owned(),
    };
    Layer::new(
        header,
        &[RawPolygon {
            exterior,
            holes: Vec::new(),
        }],
    )
    .unwrap()
    .0
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
    let mut ledger = Ledger::new(WorkingGrid::centred(centre).unwrap(), 5.0).unwrap();
    let begin = Processor::now();
    for (index, outline) in outlines.iter().enumerate() {
        ledger
            .enter(outline, CivilDay(20_000 + (index / 600) as i32), 3.0)
            .unwrap();
    }
    println!(
        "Ledger::enter at 5 m: {:.0} frames/s",
        outlines.len() as f64 / begin.seconds()
    );
    let layer = block_of_30_km(&plane);
    for since in [None, Some(CivilDay(20_130))] {
        let begin = Processor::now();
        let figure = ledger
            .imaged(&CoverageQuery {
                layer: Some(&layer),
                since,
                ..CoverageQuery::default()
            })
            .unwrap();
        println!(
            "query since {since:?}: {:.1} ms, {figure:?}",
            begin.seconds() * 1e3
        );
    }
}
