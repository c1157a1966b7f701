//! Sorties over flat ground: every cell in as many photos as asked for, in few tiles, the same whatever the order.

use proptest::prelude::*;

use super::*;
use crate::camera::CameraSource;
use crate::geodesy::{AltitudeAglM, LocalTangent};
use crate::geolocate::{ground_from_pixel, pixel_from_ground};
use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

/// As the shipped model, but with smaller tiles so that small photos have several.
const MODEL: ModelScale = ModelScale {
    tile_px: 160,
    overlap_px: 32,
    ground_scale_cm: 25.0,
    trained_to_cm: 40.0,
};

fn rules(looks_per_cell: u32) -> ChoiceRules {
    ChoiceRules {
        looks_per_cell,
        full_frame: false,
        next_after: None,
    }
}

fn photo(order: u32, [east_m, north_m]: [f64; 2], angles_deg: [f64; 3], altitude_m: f64) -> SortiePhoto {
    let origin = Wgs84::new(31.2, 121.6).unwrap();
    let [yaw_deg, pitch_deg, roll_deg] = angles_deg;
    SortiePhoto {
        order,
        pose: Pose {
            position: LocalTangent::at(origin).wgs84_from_enu(east_m, north_m),
            altitude_agl_m: AltitudeAglM(altitude_m),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude::from_degrees(yaw_deg, pitch_deg, roll_deg),
            sigmas: PoseSigmas::consumer_gnss(),
        },
        camera: CameraModel::pinhole(600, 450, 420.0, CameraSource::Calibrated).unwrap(),
        fixed: Vec::new(),
        open: true,
    }
}

/// Strips at 80 m: footprints of 114 × 86 m, 70 % front and 60 % side overlap.
fn sortie(strips: u32, photos: u32) -> Vec<SortiePhoto> {
    let place = |index: u32| [f64::from(index / photos) * 45.7, f64::from(index % photos) * 25.7];
    let one = |index: u32| photo(index, place(index), [0.0, -90.0, 0.0], 80.0);
    (0..strips * photos).map(one).collect()
}

fn tiles(choice: &Choice) -> usize {
    choice.photos.iter().map(|photo| photo.added.len()).sum()
}

/// What the check of a choice has to know of a photo; worked out apart from the code under test.
struct Shown<'p> {
    photo: &'p SortiePhoto,
    usable_cm: f64,
    margin_px: f64,
    tiles: Vec<ChosenTile>,
}

impl<'p> Shown<'p> {
    fn of(photo: &'p SortiePhoto, choice: &Choice) -> Self {
        let sharpness = Sharpness::of(&photo.pose, &photo.camera).unwrap();
        let usable_cm = sharpness.usable_to_cm(MODEL.trained_to_cm);
        let scale = sharpness.typical_cm(usable_cm) / MODEL.ground_scale_cm;
        let added = choice.photos.iter().find(|found| found.order == photo.order);
        let added = added.map_or(&[][..], |found| &found.added);
        Self {
            photo,
            usable_cm,
            margin_px: f64::from(MODEL.overlap_px) / 2.0 / scale,
            tiles: photo.fixed.iter().chain(added).copied().collect(),
        }
    }

    /// Whether a place is whole in the photo, and whether it lies in the safe part of a tile or nearly so, with half
    /// the room around; `None` where the photo does not show it sharply.
    fn place(&self, place: Wgs84) -> Option<(bool, bool)> {
        let (pose, camera) = (&self.photo.pose, &self.photo.camera);
        let pixel = pixel_from_ground(pose, camera, place)?;
        // Half a percent clear of the limit, where two ways of computing it may differ.
        let gsd_cm = ground_from_pixel(pose, camera, pixel).ok()?.gsd_cm;
        (gsd_cm <= self.usable_cm * 0.995).then_some(())?;
        let size = [camera.width_px, camera.height_px].map(f64::from);
        let by_px = self.margin_px + 1.0;
        let is_whole = (0..2).all(|axis| pixel[axis] >= by_px && pixel[axis] <= size[axis] - by_px);
        let is_safe = |tile: &ChosenTile| {
            let starts = [tile.rect.x_px, tile.rect.y_px];
            let sides = [tile.rect.width_px, tile.rect.height_px];
            (0..2).all(|axis| {
                let (start, end) = (f64::from(starts[axis]), f64::from(starts[axis] + sides[axis]));
                // A pixel of grace: cells are tested at whole pixels.
                let from = if start == 0.0 {
                    0.0
                } else {
                    start + self.margin_px - 1.0
                };
                let to = if end >= size[axis] {
                    size[axis]
                } else {
                    end - self.margin_px + 1.0
                };
                (from..=to).contains(&pixel[axis])
            })
        };
        let is_nearly = |tile: &ChosenTile| {
            let starts = [tile.rect.x_px, tile.rect.y_px];
            let sides = [tile.rect.width_px, tile.rect.height_px];
            let room_px = self.margin_px / 2.0 - 1.0;
            (0..2).all(|axis| {
                let (start, end) = (f64::from(starts[axis]), f64::from(starts[axis] + sides[axis]));
                (start + room_px..=end.min(size[axis]) - room_px).contains(&pixel[axis])
            })
        };
        let is_looked = self.tiles.iter().any(|tile| is_safe(tile) || is_nearly(tile));
        Some((is_whole, is_looked))
    }
}

/// The middles of the cells under a photo, every fifth.
fn places(photo: &SortiePhoto, frame: &GroundFrame) -> Vec<Wgs84> {
    let frame_at = Frame::of(frame);
    let view = View::of(photo, &MODEL, &frame_at).unwrap();
    let [west, south, east, north] = view.bounds_m.map(|at_m| (at_m / frame.cell_m).floor() as i32);
    let (sin, cos) = frame.turn_rad.sin_cos();
    let mut places = Vec::new();
    for row in (south..=north).step_by(5) {
        for column in (west..=east).step_by(5) {
            let [along, across] = [column, row].map(|index| (f64::from(index) + 0.5) * frame.cell_m);
            let (east_m, north_m) = (along * cos - across * sin, along * sin + across * cos);
            places.push(LocalTangent::at(frame.origin).wgs84_from_enu(east_m, north_m));
        }
    }
    places
}

fn check_looks(photos: &[SortiePhoto], choice: &Choice, looks_per_cell: usize) -> Result<(), TestCaseError> {
    let frame = choice.frame.unwrap();
    let shown: Vec<Shown<'_>> = photos.iter().map(|photo| Shown::of(photo, choice)).collect();
    for place in photos.iter().flat_map(|photo| places(photo, &frame)) {
        let seen: Vec<(bool, bool)> = shown.iter().filter_map(|photo| photo.place(place)).collect();
        let count = |of: fn(&(bool, bool)) -> bool| seen.iter().filter(|one| of(one)).count();
        let (whole, looked) = (count(|one| one.0), count(|one| one.1));
        prop_assert!(
            looked >= whole.min(looks_per_cell),
            "{place:?} whole in {whole}, shown in {}, looked at in {looked}",
            seen.len()
        );
    }
    let missed = choice.seen.by_looks_m2[0] / choice.seen.shown_m2;
    prop_assert!(missed <= 0.05, "{missed} of the ground is not looked at");
    Ok(())
}

#[test]
fn overlapping_photos_cost_few_tiles() {
    let photos = sortie(5, 10);
    let all = choose_for_sortie(&photos, &MODEL, &rules(0), None).unwrap();
    let once = choose_for_sortie(&photos, &MODEL, &rules(1), None).unwrap();
    let twice = choose_for_sortie(&photos, &MODEL, &rules(2), None).unwrap();
    let of_all: u32 = once.photos.iter().map(|photo| photo.of_all).sum();
    assert_eq!(tiles(&all), of_all as usize);
    // A tile's safe part is 32 m wide, the ground 297 × 317 m: at best 6.5 times fewer.
    assert!(
        tiles(&all) >= 5 * tiles(&once),
        "{} {}",
        tiles(&all),
        tiles(&once)
    );
    assert!(
        2 * tiles(&all) >= 5 * tiles(&twice),
        "{} {}",
        tiles(&all),
        tiles(&twice)
    );
    assert_eq!(once.seen.by_looks_m2[0], 0.0);
    assert!((once.seen.enough_m2 - once.seen.shown_m2).abs() < 1e-6);
    check_looks(&photos, &twice, 2).unwrap();
}

#[test]
fn the_ground_of_a_withdrawn_photo_goes_to_the_next() {
    let mut photos = sortie(1, 8);
    let first = choose_for_sortie(&photos, &MODEL, &rules(1), None).unwrap();
    for (photo, choice) in photos.iter_mut().zip(&first.photos) {
        photo.fixed = choice.added.clone();
    }
    let bad = photos
        .iter()
        .rposition(|photo| !photo.fixed.is_empty() && photo.order < 6);
    let bad = photos.remove(bad.unwrap()).order;
    let rules = ChoiceRules {
        next_after: Some(bad),
        ..rules(1)
    };
    let second = choose_for_sortie(&photos, &MODEL, &rules, first.frame).unwrap();
    let added: Vec<u32> = second
        .photos
        .iter()
        .filter(|choice| !choice.added.is_empty())
        .map(|choice| choice.order)
        .collect();
    assert!(added.contains(&(bad + 1)), "{bad}: {added:?}");
    check_looks(&photos, &second, 1).unwrap();
    for (photo, choice) in photos.iter_mut().zip(&second.photos) {
        photo.fixed.extend(&choice.added);
    }
    let third = choose_for_sortie(&photos, &MODEL, &rules, first.frame).unwrap();
    assert_eq!(tiles(&third), 0, "nothing is left to give away");
}

#[test]
fn a_late_photo_of_ground_that_is_looked_at_costs_nothing() {
    let mut photos = sortie(3, 6);
    let late = photo(99, [45.0, 64.0], [1.0, -90.0, 0.0], 79.0);
    let first = choose_for_sortie(&photos, &MODEL, &rules(2), None).unwrap();
    for (photo, choice) in photos.iter_mut().zip(&first.photos) {
        photo.fixed = choice.added.clone();
        photo.open = false;
    }
    photos.push(late);
    let second = choose_for_sortie(&photos, &MODEL, &rules(2), first.frame).unwrap();
    assert_eq!(second.photos.len(), 1);
    assert_eq!(second.photos[0].added, []);
}

#[test]
fn whole_photos_are_looked_at_once_per_ground_where_the_model_can() {
    let photos = sortie(3, 8);
    let both = ChoiceRules {
        full_frame: true,
        ..rules(1)
    };
    let able = ModelScale {
        trained_to_cm: 60.0,
        ..MODEL
    };
    let choice = choose_for_sortie(&photos, &able, &both, None).unwrap();
    let whole: Vec<ChosenTile> = choice
        .photos
        .iter()
        .flat_map(|photo| &photo.added)
        .filter(|tile| tile.pass == Pass::FullFrame)
        .copied()
        .collect();
    assert_eq!(
        choice.full_frame,
        FullFrame::Chosen {
            tiles: whole.len() as u32
        }
    );
    assert!(
        !whole.is_empty() && 3 * whole.len() < 2 * photos.len(),
        "{}",
        whole.len()
    );
    assert!(
        whole
            .iter()
            .all(|tile| tile.rect.width_px == 600 && tile.scale < 0.3)
    );
    let choice = choose_for_sortie(&photos, &MODEL, &both, None).unwrap();
    assert!(matches!(choice.full_frame, FullFrame::TooCoarse { cm_per_px } if cm_per_px > 50.0));
}

#[test]
fn photos_that_show_no_ground_are_looked_at_on_their_own() {
    let mut photos = sortie(1, 2);
    photos.push(photo(2, [0.0, 0.0], [0.0, 60.0, 0.0], 80.0));
    let choice = choose_for_sortie(&photos, &MODEL, &rules(1), None).unwrap();
    assert_eq!(choice.photos[2].added.len(), 4);
    let none = choose_for_sortie(&[], &MODEL, &rules(1), None).unwrap();
    assert_eq!((none.photos.len(), none.frame), (0, None));
}

prop_compose! {
    fn any_photos()(
        places in prop::collection::vec(([-60.0..60.0_f64, -60.0..60.0_f64], 0.0..360.0_f64), 1..7),
        pitch_deg in prop_oneof![Just(-90.0), -90.0..-50.0_f64],
        altitude_m in 50.0..110.0_f64,
    ) -> Vec<SortiePhoto> {
        let one = |(order, (place, yaw_deg)): (u32, ([f64; 2], f64))| {
            photo(order, place, [yaw_deg, pitch_deg, 0.0], altitude_m)
        };
        (0..).zip(places).map(one).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_cell_is_looked_at_as_often_as_it_can(photos in any_photos(), looks_per_cell in 1..4_u32) {
        let choice = choose_for_sortie(&photos, &MODEL, &rules(looks_per_cell), None).unwrap();
        check_looks(&photos, &choice, looks_per_cell as usize)?;
        for (photo, choice) in photos.iter().zip(&choice.photos) {
            prop_assert!(choice.added.len() as u32 <= choice.of_all.max(1));
            for tile in &choice.added {
                prop_assert!(tile.rect.x_px < photo.camera.width_px && tile.rect.y_px < photo.camera.height_px);
                let beyond = |start: u32, side: u32, length: u32| start > 0 && start + side > length;
                prop_assert!(!beyond(tile.rect.x_px, tile.rect.width_px, photo.camera.width_px));
                prop_assert!(!beyond(tile.rect.y_px, tile.rect.height_px, photo.camera.height_px));
            }
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(photos in any_photos(), turn in 0..6_usize) {
        let choice = choose_for_sortie(&photos, &MODEL, &rules(2), None).unwrap();
        let mut turned = photos.clone();
        turned.reverse();
        let by = turn % turned.len();
        turned.rotate_left(by);
        prop_assert_eq!(choose_for_sortie(&turned, &MODEL, &rules(2), None).unwrap(), choice);
    }
}
