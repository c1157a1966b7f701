//! Damaged and hostile photos: whatever the bytes are, the answer is a value or a readable error.

use fixtures::photos::{Directory, JpegSpec, Value, not_a_jpeg};
use formats::{PhotoError, read_photo};
use proptest::prelude::*;

fn photo_bytes() -> Vec<u8> {
    JpegSpec::dji(31.2, 121.5, 100.0)
        .size(160, 120)
        .gps_time("2026:05:01", [2.0, 0.0, 0.0])
        .dji_xmp(
            "DewarpData",
            "2022-06-08;3713.29,3713.29,7.02,-8.72,-0.11,0.01,0,-0.00008,-0.02",
        )
        .bytes()
        .unwrap()
}

#[test]
fn files_that_are_no_photo_are_readable_errors() {
    assert_eq!(read_photo(&[]), Err(PhotoError::Empty));
    let message = read_photo(&not_a_jpeg()).unwrap_err().to_string();
    assert_eq!(message, "not a JPEG photo: it is a PNG picture");
}

#[test]
fn a_photo_cut_anywhere_is_incomplete_or_named_as_cut() {
    let bytes = photo_bytes();
    assert!(read_photo(&bytes).unwrap().complete);
    for keep in (1..bytes.len()).step_by(97).chain(1..64).chain([bytes.len() - 1]) {
        match read_photo(&bytes[..keep]) {
            Ok(photo) => {
                assert!(!photo.complete, "cut at {keep}");
                assert!(
                    photo.gnss.is_some(),
                    "the blocks stand before the size, cut at {keep}"
                );
            }
            Err(error) => assert_eq!(error, PhotoError::Truncated { size_bytes: keep }),
        }
    }
}

#[test]
fn every_byte_of_the_headers_may_be_wrong() {
    let bytes = photo_bytes();
    let header_end = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    let mut changed = bytes.clone();
    for at in 0..header_end {
        for value in [0x00, 0x7F, 0xFF, bytes[at] ^ 0x01] {
            changed[at] = value;
            // Only the absence of a panic is asserted: most changes still give a value.
            let _ = read_photo(&changed);
        }
        changed[at] = bytes[at];
    }
}

#[test]
fn huge_application_segments_and_counts_are_harmless() {
    let bytes = photo_bytes();
    let mut large = bytes[..2].to_vec();
    for _ in 0..200 {
        large.extend([0xFF, 0xE5, 0xFF, 0xFF]);
        large.extend(vec![0xFF; 65_533]);
    }
    large.extend_from_slice(&bytes[2..]);
    let photo = read_photo(&large).unwrap();
    assert_eq!(
        (photo.complete, photo.warnings.len()),
        (true, 0),
        "{:?}",
        photo.warnings
    );

    // A TIFF directory that claims 2^32 − 1 values of 8 bytes.
    let tiff = b"II\x2a\0\x08\0\0\0\x01\0\x0f\x01\x05\0\xff\xff\xff\xff\x08\0\0\0\0\0\0\0";
    let mut hostile = bytes[..2].to_vec();
    hostile.extend([0xFF, 0xE1, 0, 8 + u8::try_from(tiff.len()).unwrap()]);
    hostile.extend_from_slice(b"Exif\0\0");
    hostile.extend_from_slice(tiff);
    let plain = JpegSpec::plain().bytes().unwrap();
    hostile.extend_from_slice(&plain[2..]);
    let photo = read_photo(&hostile).unwrap();
    assert_eq!(photo.make, None);
    assert!(
        photo.warnings[0].to_string().starts_with("EXIF: damaged"),
        "{:?}",
        photo.warnings
    );
}

#[test]
fn a_photo_of_100_megapixels_is_read_like_any_other() {
    let bytes = JpegSpec::dji(31.2, 121.5, 100.0)
        .size(12_000, 9_000)
        .bytes()
        .unwrap();
    assert!(bytes.len() < 20_000_000, "{} bytes", bytes.len());
    let photo = read_photo(&bytes).unwrap();
    assert_eq!(
        (photo.width_px, photo.height_px, photo.complete),
        (12_000, 9_000, true)
    );
}

#[test]
fn extended_xmp_and_other_application_data_are_left_alone() {
    let bytes = photo_bytes();
    let extended = b"http://ns.adobe.com/xmp/extension/\0<rdf:broken";
    let mut file = bytes[..2].to_vec();
    file.extend([0xFF, 0xE1, 0, u8::try_from(extended.len() + 2).unwrap()]);
    file.extend_from_slice(extended);
    file.extend_from_slice(&bytes[2..]);
    assert_eq!(read_photo(&file), read_photo(&bytes));
}

fn with_xmp(packet: &[u8]) -> Vec<u8> {
    let plain = JpegSpec::plain().bytes().unwrap();
    let mut file = plain[..2].to_vec();
    let prefix = b"http://ns.adobe.com/xap/1.0/\0";
    file.extend([0xFF, 0xE1]);
    file.extend(
        u16::try_from(packet.len() + prefix.len() + 2)
            .unwrap()
            .to_be_bytes(),
    );
    file.extend_from_slice(prefix);
    file.extend_from_slice(packet);
    file.extend_from_slice(&plain[2..]);
    file
}

/// Pieces of XMP in any order: enough of it is nearly right to reach the inner branches.
fn xmp_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<r:RDF xmlns:r=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:d=\"http://www.dji.com/drone-dji/1.0/\">".to_owned()),
        Just("<r:Description>".to_owned()),
        Just("<r:Description d:GpsLatitude=\"31.2\" d:GpsLongitude='".to_owned()),
        Just("</r:Description>".to_owned()),
        Just("<d:RelativeAltitude>".to_owned()),
        Just("</d:RelativeAltitude>".to_owned()),
        Just("<d:DewarpData/>".to_owned()),
        Just("&#x110000;&amp;&unknown;".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("xmlns:d=\"\"".to_owned()),
        "\\PC{0,12}",
        "[-+0-9.eE;,:TZ ]{0,30}",
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read_photo(&bytes);
        let _ = read_photo(&[&[0xFF, 0xD8, 0xFF], bytes.as_slice()].concat());
    }

    #[test]
    fn random_exif_never_panics(tiff in proptest::collection::vec(any::<u8>(), 0..400)) {
        let plain = JpegSpec::plain().bytes().unwrap();
        let length = u16::try_from(tiff.len() + 16).unwrap().to_be_bytes();
        let head = [&plain[..2], &[0xFF, 0xE1], &length, b"Exif\0\0II\x2a\0\x08\0\0\0", &tiff].concat();
        prop_assert!(read_photo(&[&head, &plain[2..]].concat()).is_ok());
    }

    #[test]
    fn random_xmp_text_never_panics(text in "\\PC{0,300}", like in xmp_like()) {
        prop_assert!(read_photo(&with_xmp(text.as_bytes())).is_ok());
        prop_assert!(read_photo(&with_xmp(like.as_bytes())).is_ok());
    }

    #[test]
    fn any_text_in_a_text_field_is_taken(
        text in prop_oneof!["\\PC{0,24}", "[-+0-9:TZé�. ]{0,28}"],
        latitude in "[-+0-9.eéNa]{0,8}",
    ) {
        let spec = JpegSpec::plain()
            .taken(&text, Some(&text))
            .exif(Directory::Exif, 0x9291, Value::Ascii(text.clone()))
            .gps_time(&text, [1.0, 2.0, 59.999_999])
            .hemispheres(&text, &text)
            .dji_xmp("UTCAtExposure", &text)
            .dji_xmp("DewarpData", &text)
            .dji_xmp("RtkFlag", &text)
            .dji_xmp("GpsLatitude", &latitude)
            .xmp("xmp:CreateDate", &text);
        prop_assert!(read_photo(&spec.bytes().unwrap()).is_ok());
        let valid_date = spec.taken("2026:05:01 10:00:00", Some(&text));
        prop_assert!(read_photo(&valid_date.bytes().unwrap()).unwrap().capture.is_some());
    }

    #[test]
    fn positions_survive_the_way_through_exif_and_xmp(
        latitude in -90.0..90.0_f64,
        longitude in -180.0..180.0_f64,
    ) {
        let photo = read_photo(&JpegSpec::plain().position(latitude, longitude).bytes().unwrap()).unwrap();
        let exif_only = JpegSpec::plain().exif_position(latitude, longitude).bytes().unwrap();
        for gnss in [photo.gnss.unwrap(), read_photo(&exif_only).unwrap().gnss.unwrap()] {
            prop_assert!((gnss.latitude_deg - latitude).abs() < 1e-9);
            prop_assert!((gnss.longitude_deg - longitude).abs() < 1e-9);
        }
    }
}
