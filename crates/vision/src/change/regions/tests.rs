//! Outlines of regions: what is drawn is what was found.

use proptest::prelude::*;

use super::*;

fn map(width: usize, height: usize, score: impl Fn(usize, usize) -> f32) -> ChangeMap {
    let values: Vec<f32> = (0..width * height)
        .map(|index| score(index % width, index / width))
        .collect();
    let plane = |values| Plane {
        width,
        height,
        values,
    };
    ChangeMap {
        cell_px: 4,
        size_px: [4 * width as u32, 4 * height as u32],
        more_roof: plane(values.clone()),
        compared: Plane::filled(width, height, 1.0),
        score: plane(values),
    }
}

fn settings() -> ChangeSettings {
    ChangeSettings {
        threshold: 0.5,
        strong_threshold: 0.6,
        smallest_px: 32.0,
        ..ChangeSettings::default()
    }
}

fn signed_area(outline: &[[f64; 2]]) -> f64 {
    let next = outline.iter().cycle().skip(1);
    outline
        .iter()
        .zip(next)
        .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
        .sum::<f64>()
        / 2.0
}

#[test]
fn a_square_block_becomes_a_square_of_its_size() {
    let map = map(20, 16, |x, y| {
        if (5..11).contains(&x) && (4..9).contains(&y) {
            0.9
        } else {
            0.0
        }
    });
    let changes = changes_of(&map, &settings());
    assert_eq!(changes.len(), 1);
    let change = &changes[0];
    assert_eq!(change.kind, ChangeKind::StructureAppeared);
    assert!((change.area_px - 480.0).abs() < 100.0, "{}", change.area_px);
    assert!((change.centre_px[0] - 32.0).abs() < 0.6 && (change.centre_px[1] - 26.0).abs() < 0.6);
    assert!((signed_area(&change.outline_px) - change.area_px).abs() < 60.0);
    assert!(change.outline_px.len() <= 8, "{:?}", change.outline_px);
    let pixels = changed_pixels(&map, &settings());
    assert_eq!(
        pixels.iter().filter(|changed| **changed).count() as f64,
        change.area_px
    );
}

#[test]
fn small_and_weak_ones_are_left_out() {
    let map = map(30, 10, |x, y| match (x, y) {
        (3, 3) => 0.9,
        (10..15, 2..7) => 0.55,
        (20..25, 2..7) => -0.9,
        _ => 0.0,
    });
    assert_eq!(
        changes_of(
            &map,
            &ChangeSettings {
                smallest_px: 100.0,
                ..settings()
            }
        )
        .len(),
        0
    );
    assert_eq!(
        changes_of(
            &map,
            &ChangeSettings {
                strong_threshold: 0.5,
                ..settings()
            }
        )
        .len(),
        1
    );
}

proptest! {
    /// The border of any set goes around all of its squares, and each number is one piece.
    #[test]
    fn borders_enclose_their_squares(set in prop::collection::vec(any::<bool>(), 63)) {
        let width = 9;
        let (labels, count) = hanging_together(&set, width);
        prop_assert!(set.iter().zip(&labels).all(|(set, label)| *set == (*label > 0)));
        for label in 1..=count {
            let first = labels.iter().position(|other| *other == label).unwrap();
            let border = outer_border(first, width, |index| labels.get(index) == Some(&label));
            let squares = labels.iter().filter(|other| **other == label).count() as f64;
            prop_assert!(signed_area(&border) >= squares - 1e-9, "{border:?}");
            let closed = border.iter().zip(border.iter().cycle().skip(1));
            for (a, b) in closed {
                prop_assert!((a[0] == b[0]) != (a[1] == b[1]));
            }
        }
    }
}
