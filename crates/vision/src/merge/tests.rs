//! Merging without a model: every way that tiles can see an object.

use proptest::prelude::*;

use super::*;

const RULES: MergeRules = MergeRules {
    iou: 0.5,
    photo_px: [400, 300],
};

fn tile(x_px: u32, y_px: u32) -> TileRect {
    TileRect {
        x_px,
        y_px,
        width_px: 100.min(400 - x_px),
        height_px: 100.min(300 - y_px),
    }
}

fn seen(score: f32, box_px: [f64; 4], tile: TileRect) -> Candidate {
    Candidate {
        class_index: 0,
        score,
        box_px,
        tile,
        border_px: 4.0,
    }
}

fn boxes(candidates: &[Candidate]) -> Vec<[f64; 4]> {
    merge_across_tiles(candidates.to_vec(), &RULES)
        .iter()
        .map(|object| object.box_px)
        .collect()
}

#[test]
fn twice_whole_is_one_with_the_box_of_the_better() {
    let (a, b) = ([82.0, 20.0, 94.0, 30.0], [82.5, 20.0, 94.0, 30.5]);
    let merged = merge_across_tiles(vec![seen(0.6, a, tile(0, 0)), seen(0.8, b, tile(75, 0))], &RULES);
    assert_eq!(
        merged,
        [Merged {
            class_index: 0,
            score: 0.8,
            box_px: b
        }]
    );
}

#[test]
fn whole_beats_a_cut_piece_that_scored_better() {
    let (piece, whole) = ([85.0, 20.0, 99.0, 40.0], [85.0, 20.0, 130.0, 40.0]);
    let merged = merge_across_tiles(
        vec![seen(0.9, piece, tile(0, 0)), seen(0.7, whole, tile(75, 0))],
        &RULES,
    );
    assert_eq!(
        merged,
        [Merged {
            class_index: 0,
            score: 0.9,
            box_px: whole
        }]
    );
}

#[test]
fn a_loose_piece_inside_the_whole_belongs_to_it() {
    let (piece, whole) = ([92.0, 28.0, 99.0, 38.0], [80.0, 20.0, 130.0, 60.0]);
    assert_eq!(
        boxes(&[seen(0.5, piece, tile(0, 0)), seen(0.7, whole, tile(75, 0))]),
        [whole]
    );
}

#[test]
fn two_cut_halves_become_one() {
    let (left, right) = ([30.0, 20.0, 99.0, 40.0], [76.0, 21.0, 160.0, 41.0]);
    assert_eq!(
        boxes(&[seen(0.8, left, tile(0, 0)), seen(0.7, right, tile(75, 0))]),
        [[30.0, 20.0, 160.0, 40.0]]
    );
}

#[test]
fn halves_of_tiles_that_only_touch_become_one() {
    let (left, right) = ([30.0, 20.0, 99.0, 40.0], [101.0, 20.0, 160.0, 40.0]);
    assert_eq!(
        boxes(&[seen(0.8, left, tile(0, 0)), seen(0.7, right, tile(100, 0))]),
        [[30.0, 20.0, 160.0, 40.0]]
    );
}

#[test]
fn halves_that_do_not_line_up_stay_two() {
    let (left, right) = ([30.0, 20.0, 99.0, 40.0], [76.0, 50.0, 160.0, 70.0]);
    assert_eq!(
        boxes(&[seen(0.8, left, tile(0, 0)), seen(0.7, right, tile(75, 0))]).len(),
        2
    );
}

#[test]
fn four_quarters_become_one() {
    let quarters = [
        seen(0.9, [60.0, 50.0, 100.0, 100.0], tile(0, 0)),
        seen(0.8, [75.0, 50.0, 140.0, 100.0], tile(75, 0)),
        seen(0.7, [60.0, 75.0, 100.0, 120.0], tile(0, 75)),
        seen(0.6, [75.0, 75.0, 140.0, 120.0], tile(75, 75)),
    ];
    assert_eq!(boxes(&quarters), [[60.0, 50.0, 140.0, 120.0]]);
}

#[test]
fn both_ends_meet_through_a_weaker_middle() {
    let parts = [
        seen(0.9, [50.0, 10.0, 100.0, 30.0], tile(0, 0)),
        seen(0.8, [150.0, 10.0, 220.0, 30.0], tile(150, 0)),
        seen(0.5, [75.0, 10.0, 175.0, 30.0], tile(75, 0)),
    ];
    assert_eq!(boxes(&parts), [[50.0, 10.0, 220.0, 30.0]]);
}

#[test]
fn neighbours_in_the_overlap_stay_apart() {
    let (first, second) = ([76.0, 20.0, 86.0, 40.0], [88.0, 20.0, 98.0, 40.0]);
    let both = [
        seen(0.9, first, tile(0, 0)),
        seen(0.8, second, tile(0, 0)),
        seen(0.7, first, tile(75, 0)),
        seen(0.6, second, tile(75, 0)),
    ];
    assert_eq!(boxes(&both), [first, second]);
}

#[test]
fn classes_do_not_mix() {
    let place = [82.0, 20.0, 94.0, 30.0];
    let other = Candidate {
        class_index: 1,
        ..seen(0.9, place, tile(75, 0))
    };
    assert_eq!(boxes(&[seen(0.8, place, tile(0, 0)), other]).len(), 2);
}

#[test]
fn the_edge_of_the_photo_does_not_cut() {
    let at_edge = [0.0, 20.0, 30.0, 40.0];
    let cut = cut_sides(&seen(0.9, at_edge, tile(0, 0)), &RULES);
    assert_eq!(cut, [false; 4]);
    assert!(cut_sides(&seen(0.9, [75.0, 20.0, 90.0, 40.0], tile(75, 0)), &RULES)[0]);
}

#[test]
fn within_a_tile_the_best_of_rivals_stays_and_the_limit_holds() {
    let here = tile(0, 0);
    let candidates = vec![
        seen(0.5, [10.0, 10.0, 30.0, 30.0], here),
        seen(0.9, [11.0, 10.0, 31.0, 30.0], here),
        seen(0.7, [60.0, 60.0, 80.0, 80.0], here),
    ];
    let kept = suppress_within_tile(candidates.clone(), 0.5, 10);
    assert_eq!(kept, [candidates[1], candidates[2]]);
    assert_eq!(suppress_within_tile(candidates.clone(), 0.5, 1), [candidates[1]]);
}

/// Candidates of the tiles that see an object, as an exact detector would give them.
fn views(object: [f64; 4], score: f32) -> Vec<Candidate> {
    let tiles = (0..4u32).flat_map(|row| (0..6u32).map(move |column| tile(column * 75, (row * 75).min(200))));
    tiles
        .filter_map(|tile| {
            let part = intersection(&object, &box_of(&tile));
            (part[2] - part[0] >= 2.0 && part[3] - part[1] >= 2.0).then(|| seen(score, part, tile))
        })
        .collect()
}

fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (
        0usize..3,
        0u32..6,
        0u32..3,
        0.0..90.0f64,
        0.0..90.0f64,
        2.0..60.0f64,
        2.0..60.0f64,
        1u32..1000,
    );
    let candidate = one.prop_map(|(class_index, column, row, x, y, width, height, score)| {
        let tile = tile(column * 75, row * 75);
        let [left, top, right, bottom] = box_of(&tile);
        let box_px = [left + x.min(right - left - 2.0), top + y.min(bottom - top - 2.0)];
        let box_px = [
            box_px[0],
            box_px[1],
            (box_px[0] + width).min(right),
            (box_px[1] + height).min(bottom),
        ];
        Candidate {
            class_index,
            score: score as f32 / 1000.0,
            box_px,
            tile,
            border_px: 4.0,
        }
    });
    prop::collection::vec(candidate, 0..40)
}

proptest! {
    #[test]
    fn one_object_gives_one_box(x in 0.0..330.0f64, y in 0.0..230.0f64, w in 14.0..200.0f64, h in 14.0..200.0f64) {
        let object = [x, y, (x + w).min(400.0), (y + h).min(300.0)];
        let merged = boxes(&views(object, 0.5));
        prop_assert_eq!(merged, [object]);
    }

    #[test]
    fn order_does_not_matter(candidates in any_candidates(), seed in any::<u64>()) {
        let mut shuffled = candidates.clone();
        shuffled.sort_by_key(|c| (c.box_px[0].to_bits() ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        prop_assert_eq!(merge_across_tiles(candidates, &RULES), merge_across_tiles(shuffled, &RULES));
    }

    #[test]
    fn the_best_box_of_each_class_is_never_lost(candidates in any_candidates()) {
        let merged = merge_across_tiles(candidates.clone(), &RULES);
        for class_index in 0..3 {
            let of_class = candidates.iter().filter(|c| c.class_index == class_index);
            let Some(best) = of_class.min_by(|a, b| best_first(a, b)) else { continue };
            let object = merged.iter().find(|object| object.class_index == class_index).unwrap();
            prop_assert_eq!(object.score, best.score);
            prop_assert!(area(&intersection(&object.box_px, &best.box_px)) > 0.0);
        }
    }

    #[test]
    fn merging_again_changes_nothing(candidates in any_candidates()) {
        let merged = merge_across_tiles(candidates, &RULES);
        let whole = TileRect { x_px: 0, y_px: 0, width_px: 400, height_px: 300 };
        let again = merged
            .iter()
            .map(|o| Candidate { class_index: o.class_index, score: o.score, box_px: o.box_px, tile: whole, border_px: 4.0 })
            .collect();
        prop_assert_eq!(merge_across_tiles(again, &RULES), merged);
    }

    #[test]
    fn what_remains_does_not_overlap_within_a_class(candidates in any_candidates()) {
        let merged = merge_across_tiles(candidates, &RULES);
        for (index, a) in merged.iter().enumerate() {
            prop_assert!(a.box_px[0] < a.box_px[2] && a.box_px[1] < a.box_px[3]);
            for b in merged[index + 1..].iter().filter(|b| b.class_index == a.class_index) {
                prop_assert!(intersection_over_union(&a.box_px, &b.box_px) < RULES.iou);
            }
        }
    }
}
