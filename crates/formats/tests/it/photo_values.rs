//! What is believed of a photo's description, and what is refused and named.

use fixtures::photos::{Directory, JpegSpec, Value, XmpForm, rationals};
use formats::{AnglesDeg, CaptureSource, CivilTime, GnssSource, PhotoMetadata, Problem, read_photo};

fn read(spec: &JpegSpec) -> PhotoMetadata {
    read_photo(&spec.bytes().unwrap()).unwrap()
}

fn pudong() -> JpegSpec {
    JpegSpec::dji(31.2345678, 121.5432109, 120.0)
}

/// The fields warned about, in order.
fn warned(photo: &PhotoMetadata) -> Vec<&str> {
    photo
        .warnings
        .iter()
        .map(|warning| warning.field.as_str())
        .collect()
}

#[test]
fn a_good_photo_is_read_without_a_warning_in_every_form_of_xmp() {
    for form in [
        XmpForm::Attributes,
        XmpForm::Elements,
        XmpForm::OneDescriptionEach,
    ] {
        let photo = read(&pudong().size(80, 60).xmp_form(form).simulated());
        assert_eq!(photo.warnings, [], "{form:?}");
        assert_eq!((photo.width_px, photo.height_px, photo.complete), (80, 60, true));
        assert_eq!(
            (photo.make.as_deref(), photo.model.as_deref()),
            (Some("DJI"), Some("M3D"))
        );
        let gnss = photo.gnss.unwrap();
        assert_eq!(
            (gnss.latitude_deg, gnss.longitude_deg),
            (31.234_567_8, 121.543_210_9)
        );
        assert_eq!(
            (gnss.absolute_altitude_m, gnss.source),
            (Some(130.0), GnssSource::Xmp)
        );
        assert_eq!(photo.relative_altitude_m, Some(120.0));
        assert_eq!(
            photo.gimbal,
            Some(AnglesDeg {
                yaw: 0.0,
                pitch: -90.0,
                roll: 0.0
            })
        );
        assert_eq!(
            (photo.focal_length_mm, photo.focal_length_35mm),
            (Some(12.29), Some(24.0))
        );
        assert!(photo.simulated);
        let capture = photo.capture.unwrap();
        let ten = CivilTime {
            year: 2026,
            month: 5,
            day: 1,
            hour: 10,
            minute: 0,
            second: 0,
            micros: 0,
        };
        assert_eq!(capture.local, ten);
        assert_eq!(
            (capture.offset_minutes, capture.source),
            (Some(480), CaptureSource::ExifWithOffset)
        );
    }
}

#[test]
fn a_photo_without_any_description_gives_one_warning() {
    let photo = read(&JpegSpec::plain());
    assert_eq!(warned(&photo), ["EXIF"]);
    assert_eq!(photo.warnings[0].problem, Problem::NoExif);
    assert_eq!((photo.gnss, photo.capture, photo.gimbal), (None, None, None));
    assert!(!photo.simulated);
}

#[test]
fn the_exif_position_serves_where_xmp_has_none_and_keeps_its_hemisphere() {
    for (latitude, longitude) in [(53.915679, 27.576513), (-33.9, 151.2), (30.17, -98.09)] {
        let photo = read(&JpegSpec::plain().exif_position(latitude, longitude));
        let gnss = photo.gnss.unwrap();
        assert!((gnss.latitude_deg - latitude).abs() < 1e-9, "{gnss:?}");
        assert!((gnss.longitude_deg - longitude).abs() < 1e-9, "{gnss:?}");
        assert_eq!(gnss.source, GnssSource::Exif);
    }
}

#[test]
fn a_hemisphere_that_is_missing_or_impossible_is_not_guessed() {
    let exif_only = JpegSpec::plain().exif_position(31.2, 121.5);
    let photo = read(&exif_only.clone().without(Directory::Gps, 0x01));
    assert_eq!(
        (photo.gnss.is_none(), warned(&photo)),
        (true, vec!["EXIF GPSLatitude"])
    );
    let photo = read(&exif_only.hemispheres("E", "N"));
    assert_eq!(photo.gnss, None);
    assert_eq!(warned(&photo), ["EXIF GPSLatitudeRef", "EXIF GPSLongitudeRef"]);
}

#[test]
fn exif_and_xmp_at_different_places_cancel_each_other() {
    let photo = read(&pudong().xmp_position(31.2365678, 121.5432109));
    assert_eq!(photo.gnss, None);
    let Problem::PositionsDiffer { distance_m } = photo.warnings[0].problem else {
        panic!("{:?}", photo.warnings)
    };
    assert!((distance_m - 222.0).abs() < 1.0, "{distance_m}");
    assert_eq!(
        photo.warnings[0].to_string(),
        "GPS position: EXIF and XMP positions differ by 222 m"
    );

    let photo = read(&pudong().hemispheres("S", "E"));
    assert_eq!(
        (photo.gnss, &photo.warnings[0].problem),
        (None, &Problem::HemispheresDiffer)
    );

    let photo = read(&pudong().xmp_position(31.2349, 121.5433));
    assert!(
        photo.gnss.is_some(),
        "38 m apart is the same place: {:?}",
        photo.warnings
    );
}

#[test]
fn positions_that_no_receiver_with_a_fix_gives_are_refused() {
    for (spec, problem) in [
        (JpegSpec::plain().exif_position(0.0, 0.0), "0, 0"),
        (JpegSpec::plain().xmp_position(0.0, 0.0), "0, 0"),
        (JpegSpec::plain().exif_position(91.0, 121.0), "outside"),
        (JpegSpec::plain().xmp_position(31.0, 181.0), "outside"),
        (
            pudong()
                .exif(Directory::Gps, 0x02, Value::Rationals(vec![(0, 0); 3]))
                .without_xmp(),
            "not a number",
        ),
        (
            pudong()
                .exif(Directory::Gps, 0x02, Value::Rationals(vec![(31, 1)]))
                .without_xmp(),
            "missing",
        ),
        (pudong().without(Directory::Gps, 0x04).without_xmp(), "missing"),
        (
            pudong()
                .exif(Directory::Gps, 0x09, Value::Ascii("V".into()))
                .without_xmp(),
            "not valid",
        ),
        (
            pudong()
                .exif(Directory::Gps, 0x12, Value::Ascii("TOKYO".into()))
                .without_xmp(),
            "datum",
        ),
        (
            JpegSpec::plain()
                .xmp_position(31.0, 121.0)
                .dji_xmp("GpsLatitude", "NaN"),
            "not a number",
        ),
        (
            JpegSpec::plain()
                .xmp_position(31.0, 121.0)
                .dji_xmp("GpsStatus", "Invalid"),
            "not valid",
        ),
    ] {
        let photo = read(&spec);
        assert_eq!(photo.gnss, None, "{problem}");
        let said = photo
            .warnings
            .iter()
            .any(|warning| warning.to_string().contains(problem));
        assert!(said, "{problem}: {:?}", photo.warnings);
    }
}

#[test]
fn a_bad_position_in_one_block_leaves_the_good_one_of_the_other() {
    let photo = read(&pudong().exif(Directory::Gps, 0x02, Value::Rationals(vec![(0, 0); 3])));
    assert_eq!(photo.gnss.as_ref().unwrap().source, GnssSource::Xmp);
    assert_eq!(warned(&photo), ["EXIF GPSLatitude"]);
    let photo = read(&pudong().dji_xmp("GpsLatitude", "north"));
    assert_eq!(photo.gnss.unwrap().source, GnssSource::Exif);
}

#[test]
fn the_misspelt_longitude_of_old_firmware_is_read() {
    let spec = JpegSpec::plain()
        .dji_xmp("GpsLatitude", "+31.2")
        .dji_xmp("GpsLongtitude", "+121.5");
    assert_eq!(read(&spec).gnss.unwrap().longitude_deg, 121.5);
}

#[test]
fn heights_angles_and_lenses_out_of_range_are_absent_and_named() {
    let photo = read(
        &pudong()
            .altitude(-1e9, 6000.0)
            .gimbal(10.0, -190.0, 0.0)
            .exif(Directory::Gps, 0x06, Value::Rationals(vec![(4_000_000, 1)]))
            .exif(Directory::Exif, 0x920A, Value::Rationals(vec![(0, 0)]))
            .exif(Directory::Image, 0x0112, Value::Short(9)),
    );
    assert_eq!(photo.gnss.as_ref().unwrap().absolute_altitude_m, None);
    assert_eq!((photo.relative_altitude_m, photo.gimbal), (None, None));
    assert_eq!((photo.focal_length_mm, photo.orientation), (None, None));
    for field in [
        "XMP AbsoluteAltitude",
        "XMP RelativeAltitude",
        "XMP GimbalPitchDegree",
        "EXIF GPSAltitude",
        "EXIF FocalLength",
        "EXIF Orientation",
    ] {
        assert!(warned(&photo).contains(&field), "{field}: {:?}", photo.warnings);
    }
}

#[test]
fn an_angle_missing_from_a_group_makes_the_group_absent() {
    let photo = read(
        &JpegSpec::plain()
            .dji_xmp("GimbalYawDegree", "1")
            .dji_xmp("GimbalRollDegree", "0"),
    );
    assert_eq!(photo.gimbal, None);
    assert!(
        photo.warnings[1].to_string().contains("GimbalPitchDegree"),
        "{:?}",
        photo.warnings
    );
}

#[test]
fn altitude_below_the_sea_keeps_its_sign() {
    let spec = JpegSpec::plain()
        .exif_position(31.5, 35.5)
        .altitude(-410.0, 50.0)
        .without_xmp();
    assert_eq!(read(&spec).gnss.unwrap().absolute_altitude_m, Some(-410.0));
}

#[test]
fn the_best_clock_wins() {
    let spec = pudong().taken("2026:05:01 10:00:00", None);
    let bare = read(&spec).capture.unwrap();
    assert_eq!(
        (bare.offset_minutes, bare.source),
        (None, CaptureSource::ExifWithoutZone)
    );

    let spec = spec.gps_time("2026:05:01", [2.0, 0.0, 1.25]);
    let gps = read(&spec).capture.unwrap();
    assert_eq!(
        (gps.offset_minutes, gps.source),
        (Some(0), CaptureSource::GpsTime)
    );
    assert_eq!(
        (gps.local.hour, gps.local.second, gps.local.micros),
        (2, 1, 250_000)
    );

    let spec = spec.taken("2026:05:01 10:00:00", Some("+08:00"));
    let spec = spec.exif(Directory::Exif, 0x9291, Value::Ascii("125".into()));
    let zoned = read(&spec).capture.unwrap();
    assert_eq!(
        (zoned.local.micros, zoned.source),
        (125_000, CaptureSource::ExifWithOffset)
    );

    let spec = spec.dji_xmp("UTCAtExposure", "2026-05-01 02:00:00.098765");
    let photo = read(&spec);
    let exposure = photo.capture.unwrap();
    assert_eq!(
        (exposure.offset_minutes, exposure.source),
        (Some(0), CaptureSource::UtcAtExposure)
    );
    assert_eq!(exposure.local.micros, 98_765);
    assert_eq!(photo.warnings, []);

    let spec = JpegSpec::plain().xmp("xmp:CreateDate", "2026-05-01T10:00:00+08:00");
    let created = read(&spec).capture.unwrap();
    assert_eq!(
        (created.offset_minutes, created.source),
        (Some(480), CaptureSource::XmpCreateDate)
    );
    let photo = read(&JpegSpec::plain().xmp("xmp:CreateDate", "2018-03-26"));
    assert_eq!(
        (photo.capture, photo.warnings.len()),
        (None, 1),
        "a bare date is no time and no fault"
    );
}

#[test]
fn clocks_that_disagree_are_named() {
    let spec = pudong().gps_time("2026:05:01", [3.0, 0.0, 0.0]);
    let photo = read(&spec);
    let expected = Problem::TimesDiffer {
        other: "EXIF GPSTimeStamp".into(),
        difference_s: 3600,
    };
    assert_eq!(photo.warnings[0].problem, expected);
    // Without a stated zone an hour more or less is a zone, a day is not.
    let unzoned = spec.taken("2026:05:01 10:00:00", None);
    assert_eq!(read(&unzoned).warnings, []);
    assert_eq!(
        read(&unzoned.taken("2026:05:02 10:00:00", None)).warnings.len(),
        1
    );
}

#[test]
fn times_that_are_no_times_are_absent_and_named() {
    for local in [
        "0000:00:00 00:00:00",
        "2026:02:30 10:00:00",
        "yesterday",
        "1970:01:01 00:00:00",
    ] {
        let photo = read(&pudong().taken(local, Some("+08:00")));
        assert_eq!(
            (photo.capture, warned(&photo)),
            (None, vec!["EXIF DateTimeOriginal"]),
            "{local}"
        );
    }
    let photo = read(&pudong().taken("2026:05:01 10:00:00", Some("+88:00")));
    assert_eq!(photo.capture.unwrap().offset_minutes, None);
    assert_eq!(warned(&photo), ["EXIF OffsetTimeOriginal"]);
}

#[test]
fn lens_calibration_and_rtk_are_read() {
    let spec = pudong()
        .dji_xmp(
            "DewarpData",
            "2022-06-08;3713.29,3713.29,7.02,-8.72,-0.1126,0.0149,0,-0.00008,-0.0271",
        )
        .dji_xmp("DewarpFlag", "0")
        .dji_xmp("CalibratedFocalLength", "3666.666504")
        .dji_xmp("RtkFlag", "50")
        .dji_xmp("RtkStdLon", "0.01023")
        .dji_xmp("RtkStdLat", "0.01071")
        .dji_xmp("RtkStdHgt", "0.02311")
        .dji_xmp("AltitudeType", "RtkAlt");
    let photo = read(&spec);
    assert_eq!(photo.warnings, []);
    let dewarp = photo.dewarp.unwrap();
    assert_eq!(dewarp.date.as_deref(), Some("2022-06-08"));
    assert_eq!(
        (dewarp.fx, dewarp.cy, dewarp.p2, dewarp.k3),
        (3713.29, -8.72, -0.000_08, -0.0271)
    );
    assert_eq!(photo.dewarp_applied, Some(false));
    assert_eq!(photo.calibrated_focal_length_px, Some(3_666.666_504));
    let rtk = photo.rtk.unwrap();
    assert_eq!(
        (rtk.flag, rtk.std_lon_m, rtk.std_hgt_m),
        (Some(50), Some(0.010_23), Some(0.023_11))
    );
    assert_eq!(photo.gnss.unwrap().altitude_type.as_deref(), Some("RtkAlt"));

    for bad in [
        "2022-06-08;1,2,3",
        "",
        "x;a,b,c,d,e,f,g,h,i",
        "d;0,0,0,0,0,0,0,0,0",
        "d;1e3,1e3,0,0,NaN,0,0,0,0",
    ] {
        let photo = read(&pudong().dji_xmp("DewarpData", bad));
        assert_eq!(photo.dewarp, None, "{bad}");
        assert_eq!(
            photo.warnings.len(),
            usize::from(!bad.is_empty()),
            "{bad}: {:?}",
            photo.warnings
        );
    }
}

#[test]
fn a_calibration_in_pixels_is_dropped_when_the_picture_was_resized() {
    let spec = pudong()
        .size(64, 48)
        .dji_xmp("CalibratedFocalLength", "3666.6")
        .exif(Directory::Exif, 0xA002, Value::Long(5280))
        .exif(Directory::Exif, 0xA003, Value::Long(3956));
    let photo = read(&spec);
    assert_eq!(photo.calibrated_focal_length_px, None);
    assert_eq!(
        photo.warnings[0].to_string(),
        "XMP lens calibration: belongs to the original of 5280 × 3956 pixels, this copy has 64 × 48"
    );
}

#[test]
fn zero_means_unknown_where_the_standard_says_so() {
    let spec = pudong()
        .focal(4.73, 0)
        .exif(Directory::Exif, 0xA404, Value::Rationals(vec![(0, 0)]));
    let photo = read(&spec);
    assert_eq!((photo.focal_length_35mm, photo.digital_zoom_ratio), (None, None));
    assert_eq!(photo.warnings, []);
    let photo = read(&pudong().exif(Directory::Exif, 0xA404, rationals(&[2.0])));
    assert_eq!(photo.digital_zoom_ratio, Some(2.0));
}

#[test]
fn only_the_marker_of_the_simulator_makes_a_photo_simulated() {
    assert!(!read(&pudong().xmp("flyonce:Simulated", "false")).simulated);
    assert!(!read(&pudong().dji_xmp("Simulated", "true")).simulated);
}
