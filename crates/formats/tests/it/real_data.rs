//! Real photos and areas, kept outside the repository: the facts that their README states.

use std::fs;
use std::path::PathBuf;

use formats::{CaptureSource, GnssSource, PhotoMetadata, geojson, read_photo};

fn photos(test_name: &str, folder: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let folder = fixtures::shared_data_or_skip(test_name)?
        .join("photos")
        .join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("jpg"))
    });
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    };
    Some(paths.into_iter().map(read).collect())
}

fn pitch(photo: &PhotoMetadata) -> f64 {
    photo.gimbal.unwrap().pitch
}

#[test]
fn the_dji_photos_of_minsk() {
    let Some(files) = photos("the_dji_photos_of_minsk", "dji_minsk") else {
        return;
    };
    assert_eq!(files.len(), 8);
    for (name, bytes) in &files {
        let photo = read_photo(bytes).unwrap();
        assert_eq!(photo.warnings, [], "{name}");
        assert!(photo.complete && !photo.simulated, "{name}");
        assert_eq!((photo.width_px, photo.height_px), (4000, 2250), "{name}");
        assert_eq!(
            (photo.make.as_deref(), photo.model.as_deref()),
            (Some("DJI"), Some("FC220"))
        );
        assert_eq!(
            (photo.focal_length_mm, photo.focal_length_35mm),
            (Some(4.73), Some(26.0))
        );
        let height_m = photo.relative_altitude_m.unwrap();
        assert!((98.0..121.0).contains(&height_m), "{name}: {height_m}");
        let gnss = photo.gnss.as_ref().unwrap();
        assert_eq!(gnss.source, GnssSource::Exif, "these files have no XMP position");
        assert!((gnss.latitude_deg - 53.9).abs() < 0.1 && (gnss.longitude_deg - 27.57).abs() < 0.1);
        // Two flights, from two take-off points.
        let takeoff_m = if matches!(&name[4..8], "0010" | "0012") {
            237.76
        } else {
            243.17
        };
        let above_takeoff_m = gnss.absolute_altitude_m.unwrap() - takeoff_m;
        assert!((above_takeoff_m - height_m).abs() < 0.01, "{name}: {gnss:?}");
        let capture = photo.capture.unwrap();
        assert_eq!(
            (capture.offset_minutes, capture.source),
            (None, CaptureSource::ExifWithoutZone)
        );
        assert_eq!(
            (capture.local.year, capture.local.month, capture.local.day),
            (2018, 3, 26)
        );
        let expected = match &name[4..8] {
            "0010" | "0012" => -90.5..-89.5,
            "0019" | "0020" | "0022" => -77.5..-40.5,
            _ => -33.0..-18.5,
        };
        assert!(expected.contains(&pitch(&photo)), "{name}: {}", pitch(&photo));
    }
}

#[test]
fn real_photos_cut_short_are_noticed() {
    let Some(files) = photos("real_photos_cut_short_are_noticed", "dji_minsk") else {
        return;
    };
    let bytes = &files[0].1;
    let whole = read_photo(bytes).unwrap();
    let complete = |keep: usize| read_photo(&bytes[..keep]).is_ok_and(|photo| photo.complete);
    let mut bounds = (70_000, bytes.len());
    while bounds.1 - bounds.0 > 1 {
        let middle = usize::midpoint(bounds.0, bounds.1);
        if complete(middle) {
            bounds.1 = middle
        } else {
            bounds.0 = middle
        }
    }
    let end = bounds.1;
    assert_eq!(bytes[end - 2..end], [0xFF, 0xD9]);
    assert!(
        bytes[end..].windows(3).any(|start| start == [0xFF, 0xD8, 0xFF]),
        "a preview follows the picture"
    );
    // All of the headers, then coarser through the picture.
    for keep in (1..70_000).step_by(97).chain((70_000..end).step_by(97 * 4001)) {
        match read_photo(&bytes[..keep]) {
            Ok(photo) => {
                let expected = PhotoMetadata {
                    complete: false,
                    ..whole.clone()
                };
                assert_eq!(photo, expected, "cut at {keep}");
            }
            Err(error) => assert!(keep < 60_000, "cut at {keep}: {error}"),
        }
    }
}

#[test]
fn the_photos_with_gps_only() {
    let Some(files) = photos("the_photos_with_gps_only", "gps_only") else {
        return;
    };
    assert_eq!(files.len(), 13);
    for (name, bytes) in &files {
        let photo = read_photo(bytes).unwrap();
        assert_eq!(photo.warnings, [], "{name}");
        assert!(photo.complete);
        assert_eq!((photo.width_px, photo.height_px), (2000, 1500), "half size");
        assert_eq!((photo.gimbal, photo.relative_altitude_m), (None, None), "{name}");
        let gnss = photo.gnss.unwrap();
        assert!((gnss.latitude_deg - 30.17).abs() < 0.01 && (gnss.longitude_deg + 98.09).abs() < 0.01);
        let capture = photo.capture.unwrap();
        assert_eq!(
            (capture.offset_minutes, capture.source),
            (Some(0), CaptureSource::GpsTime)
        );
        assert_eq!(
            (capture.local.year, capture.local.month, capture.local.day),
            (2014, 10, 19)
        );
    }
}

#[test]
fn the_areas_of_pudong() {
    let Some(data) = fixtures::shared_data_or_skip("the_areas_of_pudong") else {
        return;
    };
    let read = |name: &str| {
        let text = fs::read_to_string(data.join("geo").join(name)).unwrap();
        geojson::read_features(&text)
    };
    let towns = read("pudong_towns_wgs84.geojson").unwrap();
    let mut names: Vec<_> = towns
        .features
        .iter()
        .filter_map(|town| town.properties.get("name").cloned())
        .collect();
    names.dedup();
    assert_eq!(names.len(), 36);
    assert_eq!(towns.name.as_deref(), Some("pudong_towns_wgs84"));
    assert_eq!(towns.declared, None, "the files only carry a note for people");
    for name in [
        "pudong_boundary",
        "pudong_boundary_amap",
        "pudong_flyable_demo",
        "shanghai_districts",
        "ocean_mask",
    ] {
        let file = if name == "ocean_mask" {
            read("ocean_mask_wgs84.geojson")
        } else {
            read(&format!("{name}_wgs84.geojson"))
        };
        assert!(file.unwrap().areas().next().is_some(), "{name}");
    }
    assert_eq!(read("docks16.geojson").unwrap().features.len(), 16);
}
