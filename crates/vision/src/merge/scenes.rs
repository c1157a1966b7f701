//! Whole scenes seen through tiles, with the answer known: how many things come out split, doubled or run
//! together, beside plain suppression and beside the rule GREEDYNMM of sahi on the same boxes. Printed by
//! `cargo test -p vision --lib scenes -- --nocapture`.

use super::*;

const PHOTO_PX: [u32; 2] = [2400, 1800];
const INPUT_PX: f64 = 640.0;
const BORDER_MODEL_PX: f64 = 8.0;
const RULES: MergeRules = MergeRules {
    iou: 0.55,
    photo_px: PHOTO_PX,
};

/// Numbers from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// About normal, standard deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Medium,
    LargerThanTheOverlap,
    Long,
    Row,
    Inside,
}

#[derive(Debug, Clone, Copy)]
struct Thing {
    kind: Kind,
    box_px: [f64; 4],
}

/// Rectangles that do not overlap, but for the small ones inside a large one.
fn scene(dice: &mut Dice) -> Vec<Thing> {
    let mut things: Vec<Thing> = Vec::new();
    let kinds = [
        (Kind::LargerThanTheOverlap, 5),
        (Kind::Long, 5),
        (Kind::Row, 5),
        (Kind::Medium, 12),
        (Kind::Small, 30),
    ];
    for (kind, count) in kinds {
        for _ in 0..count {
            let (width, height) = match kind {
                Kind::LargerThanTheOverlap => (dice.between(200.0, 700.0), dice.between(200.0, 700.0)),
                Kind::Long => (dice.between(400.0, 1900.0), dice.between(36.0, 90.0)),
                Kind::Row => (dice.between(300.0, 700.0), dice.between(30.0, 60.0)),
                Kind::Medium => (dice.between(60.0, 200.0), dice.between(60.0, 200.0)),
                Kind::Small | Kind::Inside => (dice.between(16.0, 60.0), dice.between(16.0, 60.0)),
            };
            let upright = kind == Kind::Row || dice.unit() < 0.5;
            let (width, height) = if upright { (width, height) } else { (height, width) };
            let (photo_width, photo_height) = (f64::from(PHOTO_PX[0]), f64::from(PHOTO_PX[1]));
            let left = dice.between(-0.1 * width, photo_width - 0.9 * width);
            let top = dice.between(-0.1 * height, photo_height - 0.9 * height);
            let clear = [left - 12.0, top - 12.0, left + width + 12.0, top + height + 12.0];
            if things
                .iter()
                .any(|other| area(&intersection(&other.box_px, &clear)) > 0.0)
            {
                continue;
            }
            let whole = [left, top, left + width, top + height];
            if kind == Kind::Row {
                things.extend(row(dice, whole));
                continue;
            }
            things.push(Thing { kind, box_px: whole });
            if kind == Kind::LargerThanTheOverlap {
                let [x, y] = [dice.between(0.1, 0.7), dice.between(0.1, 0.7)];
                let corner = [left + x * width, top + y * height];
                let box_px = [
                    corner[0],
                    corner[1],
                    corner[0] + 0.18 * width,
                    corner[1] + 0.18 * height,
                ];
                let kind = Kind::Inside;
                things.push(Thing { kind, box_px });
            }
        }
    }
    let photo = [0.0, 0.0, f64::from(PHOTO_PX[0]), f64::from(PHOTO_PX[1])];
    for thing in &mut things {
        thing.box_px = intersection(&thing.box_px, &photo);
    }
    things.retain(|thing| area(&thing.box_px) > 200.0);
    things
}

/// Equal things side by side with gaps of a few pixels, as parked cars or sheds of one yard.
fn row(dice: &mut Dice, [left, top, right, bottom]: [f64; 4]) -> Vec<Thing> {
    let gap = dice.between(2.0, 8.0);
    let count = ((right - left) / dice.between(24.0, 80.0)).floor().max(2.0);
    let width = (right - left - gap * (count - 1.0)) / count;
    (0..count as usize)
        .map(|index| {
            let start = left + index as f64 * (width + gap);
            Thing {
                kind: Kind::Row,
                box_px: [start, top, start + width, bottom],
            }
        })
        .collect()
}

/// A tile cut to the photo, with its scale.
type Tile = (TileRect, f64);

fn tile(x: f64, y: f64, scale: f64) -> Option<Tile> {
    let side = (INPUT_PX / scale).floor() as u32;
    let rect = TileRect {
        x_px: x.max(0.0) as u32,
        y_px: y.max(0.0) as u32,
        width_px: side,
        height_px: side,
    };
    Some((rect.clipped_to(PHOTO_PX[0], PHOTO_PX[1])?, scale))
}

fn grid(scale: f64, overlap_model_px: f64) -> Vec<Tile> {
    let step = (INPUT_PX - overlap_model_px) / scale;
    let reach = |side: u32| {
        ((f64::from(side) - overlap_model_px / scale) / step)
            .ceil()
            .max(1.0) as usize
    };
    let rows = 0..reach(PHOTO_PX[1]);
    rows.flat_map(|row| (0..reach(PHOTO_PX[0])).map(move |column| (row, column)))
        .filter_map(|(row, column)| tile(column as f64 * step, row as f64 * step, scale))
        .collect()
}

/// The layouts that the program makes.
fn layouts(dice: &mut Dice) -> Vec<(&'static str, Vec<Tile>)> {
    let whole = INPUT_PX / f64::from(PHOTO_PX[0]);
    let full_frame = tile(0.0, 0.0, whole);
    let mut free = Vec::new();
    for _ in 0..40 {
        let (x, y) = (dice.between(0.0, 2000.0), dice.between(0.0, 1400.0));
        free.extend(tile(x, y, 1.0));
    }
    let mixed = [grid(1.0, 64.0), full_frame.into_iter().collect()].concat();
    let partial: Vec<Tile> = mixed.iter().copied().filter(|_| dice.unit() < 0.7).collect();
    vec![
        ("grid", grid(1.0, 64.0)),
        ("grid, half size", grid(0.5, 64.0)),
        ("grid and full frame", mixed),
        ("free, overlapping", free),
        ("parts of the photo", partial),
    ]
}

/// What a good detector gives of a scene: what is large enough in the tile, cut to it, a little off, and sometimes
/// nothing.
fn detections(dice: &mut Dice, things: &[Thing], tiles: &[Tile]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for &(rect, scale) in tiles {
        for thing in things {
            let seen = intersection(&thing.box_px, &box_of(&rect));
            let (width, height) = (seen[2] - seen[0], seen[3] - seen[1]);
            let share = area(&seen) / area(&thing.box_px);
            let is_cut = share < 0.999;
            let least = if is_cut { 10.0 } else { 5.0 };
            let too_little = is_cut && share < 0.15 && width.max(height) * scale < 48.0;
            if width.min(height) * scale < least
                || too_little
                || dice.unit() < if is_cut { 0.1 } else { 0.03 }
            {
                continue;
            }
            let border_px = BORDER_MODEL_PX / scale;
            let off = |side: f64, dice: &mut Dice| {
                let deviation = (0.03 * side).clamp(0.5 / scale, 6.0 / scale);
                deviation * dice.normal()
            };
            let moved: [f64; 4] = std::array::from_fn(|side| {
                let length = if side % 2 == 0 { width } else { height };
                seen[side] + off(length, dice)
            });
            let box_px = intersection(&moved, &box_of(&rect));
            if area(&box_px) == 0.0 {
                continue;
            }
            let score = (if is_cut { 0.62 } else { 0.78 } + 0.1 * dice.normal()).clamp(0.4, 0.99);
            found.push(Candidate {
                class_index: 0,
                score: score as f32,
                box_px,
                tile: rect,
                border_px,
            });
        }
    }
    found
}

/// Suppression by intersection over union alone.
fn plain_suppression(candidates: &[Candidate]) -> Vec<[f64; 4]> {
    let kept = suppress_within_tile(candidates.to_vec(), 0.5, usize::MAX);
    kept.into_iter().map(|candidate| candidate.box_px).collect()
}

/// The default of sahi 0.11 (`postprocess/combine.py`): best score first, everything with an intersection over the
/// smaller area of at least 0.5 joins it if it still does so with the box as grown so far; the box is the hull.
fn greedy_nmm(candidates: &[Candidate]) -> Vec<[f64; 4]> {
    let over_smaller = |a: &[f64; 4], b: &[f64; 4]| area(&intersection(a, b)) / area(a).min(area(b));
    let mut rest = candidates.to_vec();
    rest.sort_by(best_first);
    let mut objects = Vec::new();
    while !rest.is_empty() {
        let best = rest.remove(0);
        let (matched, others): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|other| over_smaller(&best.box_px, &other.box_px) >= 0.5);
        rest = others;
        let mut hull = best.box_px;
        for other in matched {
            let b = other.box_px;
            if over_smaller(&hull, &b) >= 0.5 {
                hull = [
                    hull[0].min(b[0]),
                    hull[1].min(b[1]),
                    hull[2].max(b[2]),
                    hull[3].max(b[3]),
                ];
            }
        }
        objects.push(hull);
    }
    objects
}

/// What came out, counted.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    things: usize,
    found: usize,
    doubled: usize,
    split: usize,
    run_together: usize,
    /// Small things inside a large one of their class, and how many of them were found.
    inside: [usize; 2],
    /// Equal things side by side, and how many of them were found.
    rows: [usize; 2],
}

impl Count {
    fn add(&mut self, things: &[Thing], boxes: &[[f64; 4]]) {
        let mut hits = vec![0usize; things.len()];
        for b in boxes {
            let best = things
                .iter()
                .enumerate()
                .map(|(index, thing)| (index, intersection_over_union(&thing.box_px, b)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((index, overlap)) = best else { continue };
            if overlap >= 0.5 {
                hits[index] += 1;
                continue;
            }
            let holds = |thing: &&Thing| area(&intersection(&thing.box_px, b)) > 0.7 * area(&thing.box_px);
            if things.iter().filter(holds).count() > 1 {
                self.run_together += 1;
            } else {
                self.split += 1;
            }
        }
        for (thing, hits) in things.iter().zip(&hits) {
            let counts = match thing.kind {
                Kind::Inside => &mut self.inside,
                Kind::Row => &mut self.rows,
                _ => continue,
            };
            counts[0] += 1;
            counts[1] += usize::from(*hits > 0);
        }
        self.things += things.len();
        self.found += hits.iter().filter(|&&hits| hits > 0).count();
        self.doubled += hits.iter().map(|hits| hits.saturating_sub(1)).sum::<usize>();
    }

    fn row(&self) -> String {
        let share = |count: usize| 100.0 * count as f64 / self.things as f64;
        format!(
            "found {:5.1} % (inside another {:5.1} %, in rows {:5.1} %)  doubled {:5.2} %  split {:5.2} %  \
             run together {:5.2} %",
            share(self.found),
            100.0 * self.inside[1] as f64 / self.inside[0].max(1) as f64,
            100.0 * self.rows[1] as f64 / self.rows[0].max(1) as f64,
            share(self.doubled),
            share(self.split),
            share(self.run_together)
        )
    }
}

/// Things that the tiles show wholly, if together; the others have no right answer.
fn shown(things: &[Thing], tiles: &[Tile]) -> Vec<Thing> {
    let covered = |thing: &&Thing| {
        let [left, top, right, bottom] = thing.box_px;
        let points = (0..=8).flat_map(|i| (0..=8).map(move |j| (f64::from(i) / 8.0, f64::from(j) / 8.0)));
        points
            .map(|(u, v)| [left + u * (right - left - 1.0), top + v * (bottom - top - 1.0)])
            .all(|[x, y]| {
                tiles.iter().any(|(rect, scale)| {
                    let [a, b, c, d] = box_of(rect);
                    let large_enough = (right - left).min(bottom - top) * scale >= 10.0;
                    large_enough && a <= x && x <= c && b <= y && y <= d
                })
            })
    };
    things.iter().filter(covered).copied().collect()
}

#[test]
fn scenes_come_back_through_any_tiles() {
    let mut dice = Dice(2026);
    let mut totals = [Count::default(); 3];
    let mut of_layout: Vec<(&str, [Count; 3])> = Vec::new();
    for _ in 0..60 {
        let things = scene(&mut dice);
        for (index, (name, tiles)) in layouts(&mut dice).into_iter().enumerate() {
            let things = shown(&things, &tiles);
            let candidates = detections(&mut dice, &things, &tiles);
            let merged = merge_across_tiles(candidates.clone(), &RULES);
            let ours: Vec<[f64; 4]> = merged.iter().map(|object| object.box_px).collect();
            if of_layout.len() == index {
                of_layout.push((name, [Count::default(); 3]));
            }
            let answers = [ours, plain_suppression(&candidates), greedy_nmm(&candidates)];
            for (rule, boxes) in answers.iter().enumerate() {
                of_layout[index].1[rule].add(&things, boxes);
                totals[rule].add(&things, boxes);
            }
        }
    }
    const NAMES: [&str; 3] = ["this program", "NMS at 0.5", "sahi GREEDYNMM"];
    for (name, counts) in &of_layout {
        println!("{name}: {} things", counts[0].things);
        for (rule, count) in NAMES.iter().zip(counts) {
            println!("  {rule:15} {}", count.row());
        }
    }
    println!("all: {} things", totals[0].things);
    for (rule, count) in NAMES.iter().zip(&totals) {
        println!("  {rule:15} {}", count.row());
    }
    let wrong = |count: &Count| count.doubled + count.split + count.run_together + count.things - count.found;
    assert!(wrong(&totals[0]) * 20 < totals[0].things, "{:?}", totals[0]);
    for other in &totals[1..] {
        assert!(
            4 * wrong(&totals[0]) < wrong(other),
            "{:?} beside {other:?}",
            totals[0]
        );
    }
}
