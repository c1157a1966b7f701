//! Reading a photo's description (beside the EXIF-only reader one would pick instead, which gives no gimbal
//! angles) and putting pixels on the ground. `cargo bench -p benches --bench places`

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

use std::io::Cursor;

use benches::median;
use fixtures::photos::JpegSpec;
use survey::camera::{CameraModel, CameraSource};
use survey::geodesy::{AltitudeAglM, Wgs84};
use survey::geolocate::ground_from_pixel;
use survey::pose::{Attitude, GroundAssumption, Pose, PoseSigmas};

fn main() {
    let photo = JpegSpec::dji(31.2, 121.6, 120.0)
        .size(1600, 1200)
        .bytes()
        .expect("a photo can be made");
    let ours = median(200, || {
        drop(formats::photo::read_photo(&photo).expect("a readable photo"))
    });
    let exif_only = median(200, || {
        let read = exif::Reader::new().read_from_container(&mut Cursor::new(&photo));
        drop(read.expect("a readable photo"));
    });
    println!(
        "read_photo {:.1} µs (EXIF, XMP, structure), kamadak-exif alone {:.1} µs, ratio {:.2}",
        ours.as_secs_f64() * 1e6,
        exif_only.as_secs_f64() * 1e6,
        ours.as_secs_f64() / exif_only.as_secs_f64()
    );
    let camera = CameraModel::pinhole(4000, 3000, 2844.0, CameraSource::Calibrated).expect("a usable camera");
    let pose = Pose {
        position: Wgs84 {
            latitude_deg: 31.2,
            longitude_deg: 121.6,
        },
        altitude_agl_m: AltitudeAglM(120.0),
        ground: GroundAssumption::FlatAtTakeoff,
        attitude: Attitude::from_degrees(30.0, -60.0, 0.0),
        sigmas: PoseSigmas::consumer_gnss(),
    };
    let pixels = 10_000;
    let placed = median(20, || {
        for pixel in 0..pixels {
            let at = [f64::from(pixel % 4000), f64::from(pixel % 3000)];
            drop(std::hint::black_box(ground_from_pixel(&pose, &camera, at)));
        }
    });
    println!(
        "ground_from_pixel with covariance: {:.2} million pixels/s on one core",
        f64::from(pixels) / placed.as_secs_f64() / 1e6
    );
}
