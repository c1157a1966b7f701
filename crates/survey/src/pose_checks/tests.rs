//! Flights made up strip by strip, with yaws, positions and picture evidence set wrong one at a time.

use std::f64::consts::PI;

use proptest::prelude::*;

use super::*;
use crate::geodesy::LocalTangent;
use crate::pose::PoseSigmas;

const STEP_M: f64 = 40.0;
const LANE_M: f64 = 100.0;
const PER_STRIP: usize = 8;

fn stated(east_m: f64, north_m: f64, yaw_deg: f64, second: i64) -> StatedPose {
    let plane = LocalTangent::at(Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.5,
    });
    StatedPose {
        position: plane.wgs84_from_enu(east_m, north_m),
        above_takeoff_m: 120.0,
        absolute_altitude_m: Some(132.0),
        attitude: Attitude::from_degrees(yaw_deg, -90.0, 0.0),
        airframe_yaw_rad: None,
        captured_at: Some(UtcMicros(second * 1_000_000)),
        sigmas: PoseSigmas::consumer_gnss(),
        shown_m: [169.0, 117.0],
    }
}

/// Strips north and back south, 40 m between photos at 8 m/s; `yaw_deg` of a strip's number.
fn survey_flight(strips: usize, yaw_deg: impl Fn(usize) -> f64) -> Vec<StatedPose> {
    let mut photos = Vec::new();
    for strip in 0..strips {
        for place in 0..PER_STRIP {
            let along = if strip % 2 == 0 {
                place
            } else {
                PER_STRIP - 1 - place
            };
            let second = (photos.len() * 5 + strip * 20) as i64;
            let (east, north) = (strip as f64 * LANE_M, along as f64 * STEP_M);
            photos.push(stated(east, north, yaw_deg(strip), second));
        }
    }
    photos
}

fn along_track(strip: usize) -> f64 {
    if strip.is_multiple_of(2) { 0.0 } else { 180.0 }
}

/// What pictures show that were taken with `true_yaw_deg` and straightened with the stored yaw.
fn seen(
    photos: &[StatedPose],
    pairs: &[PicturePair],
    true_yaw_deg: impl Fn(usize) -> f64,
) -> Vec<PairEvidence> {
    let offset = |place: usize| true_yaw_deg(place / PER_STRIP).to_radians() - photos[place].attitude.yaw_rad;
    pairs
        .iter()
        .map(|pair| {
            let [east, north] =
                LocalTangent::at(photos[pair.a].position).enu_from_wgs84(photos[pair.b].position);
            // The true way from a to b, turned back by what the first picture is off.
            let (length, bearing) = (east.hypot(north), east.atan2(north) - offset(pair.a));
            PairEvidence {
                pair: *pair,
                turn_rad: half_turn(offset(pair.b) - offset(pair.a)),
                shift_m: [length * bearing.sin(), length * bearing.cos()],
            }
        })
        .collect()
}

/// Codes found in each strip, with pictures taken at `true_yaw_deg`.
fn judged(photos: &[StatedPose], true_yaw_deg: impl Fn(usize) -> f64) -> Vec<Vec<&'static str>> {
    let groups = groups(photos);
    let pairs = pairs_to_compare(photos, &groups);
    let findings = judge(photos, &groups, &seen(photos, &pairs, true_yaw_deg));
    (0..photos.len() / PER_STRIP)
        .map(|strip| {
            let of_strip = &findings[strip * PER_STRIP..(strip + 1) * PER_STRIP];
            assert!(
                of_strip.iter().all(|found| found.len() == of_strip[0].len()),
                "strip {strip} is not judged as one: {of_strip:?}"
            );
            of_strip[0].iter().map(PoseFinding::code).collect()
        })
        .collect()
}

#[test]
fn strips_are_found_one_by_one() {
    let photos = survey_flight(3, along_track);
    let groups = groups(&photos);
    let places: Vec<_> = groups.iter().map(|group| group.photos.clone()).collect();
    assert_eq!(places, [0..8, 8..16, 16..24]);
    assert!(groups.iter().all(|group| group.from_track_rad.abs() < 0.01));
}

#[test]
fn a_right_flight_has_no_findings() {
    let photos = survey_flight(4, along_track);
    assert!(check_track(&photos).iter().all(Vec::is_empty));
    assert!(judged(&photos, along_track).iter().all(Vec::is_empty));
}

/// Whether the first pairs of a flight leave nothing open.
fn settled(photos: &[StatedPose], true_yaw_deg: impl Fn(usize) -> f64) -> bool {
    let groups = groups(photos);
    let pairs = first_pairs(photos, &groups);
    assert!(pairs.len() <= 8, "{} pairs are not few", pairs.len());
    is_settled(photos, &groups, &seen(photos, &pairs, true_yaw_deg))
}

#[test]
fn few_pictures_settle_a_right_flight_and_no_other() {
    let right = survey_flight(12, along_track);
    assert!(settled(&right, along_track));
    assert!(settled(&survey_flight(2, along_track), along_track));
    let few = first_pairs(&right, &groups(&right));
    let evidence = seen(&right, &few, along_track);
    assert!(
        !is_settled(&right, &groups(&right), &evidence[..5]),
        "5 pairs settle nothing"
    );
    // A strip that looks back, be it rightly; a strip whose pictures are turned; a compass 4° off; a wrong height.
    assert!(!settled(&survey_flight(4, |_| 12.0), |_| 12.0));
    assert!(!settled(&survey_flight(4, along_track), |strip| if strip == 1 {
        0.0
    } else {
        along_track(strip)
    }));
    assert!(!settled(&right, |strip| along_track(strip) + 4.0));
    let lower: Vec<PairEvidence> = evidence
        .iter()
        .map(|pair| PairEvidence {
            shift_m: pair.shift_m.map(|along_m| 0.9 * along_m),
            ..*pair
        })
        .collect();
    assert!(!is_settled(&right, &groups(&right), &lower));
}

#[test]
fn a_return_strip_stored_half_a_turn_off_is_turned_back() {
    // The drone turned round, the stored yaw did not.
    let photos = survey_flight(2, |_| 0.0);
    assert_eq!(judged(&photos, along_track), [vec![], vec!["yaw_reversed"]]);
    // The drone kept its heading, the stored yaw followed the track: only the pictures know.
    let photos = survey_flight(3, along_track);
    assert_eq!(judged(&photos, |_| 0.0), [vec![], vec!["yaw_reversed"], vec![]]);
    // All of it is half a turn off.
    let photos = survey_flight(2, |strip| along_track(strip) + 180.0);
    assert_eq!(judged(&photos, along_track), [["yaw_reversed"], ["yaw_reversed"]]);
}

#[test]
fn a_flight_with_constant_heading_is_left_as_it_is() {
    let photos = survey_flight(4, |_| 12.0);
    let found = judged(&photos, |_| 12.0);
    assert_eq!(
        found,
        [vec![], vec!["flies_backwards"], vec![], vec!["flies_backwards"]]
    );
    let still = found_pose(
        &photos,
        8,
        &PoseFinding::FliesBackwards {
            from_track_deg: 168.0,
            pairs: 4,
        },
    );
    assert_eq!(still, (photos[8].attitude, photos[8].sigmas));
}

fn found_pose(photos: &[StatedPose], at: usize, finding: &PoseFinding) -> (Attitude, PoseSigmas) {
    finding.applied((photos[at].attitude, photos[at].sigmas))
}

#[test]
fn without_pictures_a_yaw_against_the_track_is_doubtful_and_its_direction_not_known() {
    let photos = survey_flight(2, |_| 0.0);
    let findings = judge(&photos, &groups(&photos), &[]);
    assert!(findings[..8].iter().all(Vec::is_empty));
    let [finding] = findings[12][..] else {
        panic!("{:?}", findings[12]);
    };
    assert_eq!(finding.code(), "yaw_doubtful");
    let (attitude, sigmas) = found_pose(&photos, 12, &finding);
    assert_eq!((attitude, sigmas.yaw_rad), (photos[12].attitude, PI));
}

#[test]
fn one_pair_of_pictures_turns_nothing_round() {
    let photos = survey_flight(2, |_| 0.0);
    let groups = groups(&photos);
    let pairs = [PicturePair { a: 9, b: 10 }];
    let findings = judge(&photos, &groups, &seen(&photos, &pairs, along_track));
    assert_eq!(findings[9][0].code(), "yaw_doubtful");
}

#[test]
fn two_photos_flown_sideways_by_hand_are_not_doubtful() {
    let photos = [stated(0.0, 0.0, 37.0, 0), stated(15.5, -28.5, 37.0, 19)];
    assert!(judge(&photos, &groups(&photos), &[]).iter().all(Vec::is_empty));
    let longer = survey_flight(1, |_| 90.0);
    let pairs = [PicturePair { a: 2, b: 3 }];
    let confirmed = judge(&longer, &groups(&longer), &seen(&longer, &pairs, |_| 90.0));
    assert!(confirmed.iter().all(Vec::is_empty), "{confirmed:?}");
}

#[test]
fn a_badly_set_compass_is_corrected_for_the_whole_flight() {
    let photos = survey_flight(3, |strip| along_track(strip) - 9.0);
    let pairs = pairs_to_compare(&photos, &groups(&photos));
    let findings = judge(&photos, &groups(&photos), &seen(&photos, &pairs, along_track));
    for of_photo in &findings {
        let [PoseFinding::YawOffset { added_deg, .. }] = of_photo[..] else {
            panic!("{of_photo:?}");
        };
        assert!((added_deg - 9.0).abs() < 0.5, "{added_deg}");
    }
}

#[test]
fn ground_below_the_take_off_point_shows_in_the_scale() {
    let photos = survey_flight(3, along_track);
    let pairs = pairs_to_compare(&photos, &groups(&photos));
    let mut evidence = seen(&photos, &pairs, along_track);
    evidence
        .iter_mut()
        .for_each(|pair| pair.shift_m = pair.shift_m.map(|metres| metres / 1.25));
    let findings = judge(&photos, &groups(&photos), &evidence);
    let [PoseFinding::HeightScale { ratio, .. }] = findings[3][..] else {
        panic!("{:?}", findings[3]);
    };
    assert!((ratio - 1.25).abs() < 0.01);
}

#[test]
fn a_spike_a_frozen_receiver_and_a_turned_head_are_found_where_they_are() {
    let mut photos = survey_flight(1, along_track);
    photos[3] = stated(310.0, 3.0 * STEP_M, 0.0, 15);
    let codes = |photos: &[StatedPose]| -> Vec<Vec<&'static str>> {
        let found = check_track(photos);
        found
            .iter()
            .map(|of_photo| of_photo.iter().map(PoseFinding::code).collect())
            .collect()
    };
    let found = codes(&photos);
    assert_eq!(found[3], ["position_jump"]);
    assert!(found[2].is_empty() && found[4].is_empty());

    let mut photos = survey_flight(1, along_track);
    photos[4].position = photos[3].position;
    let found = check_track(&photos);
    let [PoseFinding::PositionFrozen { missed_m }] = found[4][..] else {
        panic!("{found:?}");
    };
    assert!((missed_m - STEP_M).abs() < 1.0, "{missed_m}");

    let mut photos = survey_flight(1, along_track);
    photos[5].attitude.yaw_rad = 40.0_f64.to_radians();
    assert_eq!(codes(&photos)[5], ["yaw_outlier"]);

    let mut photos = survey_flight(1, along_track);
    photos[5].above_takeoff_m = 190.0;
    assert_eq!(codes(&photos)[5], ["height_jump", "takeoff_height_differs"]);
}

#[test]
fn hovering_at_one_spot_is_no_frozen_receiver() {
    let photos: Vec<StatedPose> = (0..6)
        .map(|i| stated(0.0, 0.0, 30.0 * f64::from(i), i64::from(i) * 4))
        .collect();
    assert!(check_track(&photos).iter().all(Vec::is_empty));
    assert!(groups(&photos).is_empty());
}

#[test]
fn names_against_the_clock_are_told() {
    let at = |second: i64| Some(UtcMicros(second * 1_000_000));
    let found = check_times(&[at(10), at(15), None, at(9), at(4)]);
    assert_eq!(found[4], [PoseFinding::TimeOrder { earlier_s: 5.0 }]);
    assert!(found[..4].iter().all(Vec::is_empty));
}

#[test]
fn a_long_pause_ends_a_flight() {
    let mut photos = survey_flight(2, along_track);
    for photo in &mut photos[8..] {
        photo.captured_at = photo.captured_at.map(|at| UtcMicros(at.0 + 900_000_000));
    }
    assert_eq!(flights(&photos), [0..8, 8..16]);
    assert_eq!(flights(&[]).len(), 1);
}

proptest! {
    #[test]
    fn any_flight_is_checked_without_panic(
        photos in proptest::collection::vec((-500.0..500.0_f64, -500.0..500.0_f64, -180.0..180.0_f64, 0..900_i64), 0..30),
        turn in -PI..PI,
    ) {
        let photos: Vec<StatedPose> = photos.iter().map(|(east, north, yaw, at)| stated(*east, *north, *yaw, *at)).collect();
        let groups = groups(&photos);
        let pairs = pairs_to_compare(&photos, &groups);
        prop_assert!(pairs.len() <= MOST_PAIRS);
        prop_assert!(pairs.iter().all(|pair| pair.a < pair.b && pair.b < photos.len()));
        let evidence: Vec<PairEvidence> = pairs
            .iter()
            .map(|pair| PairEvidence { pair: *pair, turn_rad: turn, shift_m: [30.0, 5.0] })
            .collect();
        prop_assert_eq!(judge(&photos, &groups, &evidence).len(), photos.len());
        prop_assert_eq!(check_track(&photos).len(), photos.len());
    }
}
