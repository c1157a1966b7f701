//! Boxes of many tiles to one box for every object of a photo.
//!
//! Tiles overlap, so an object is seen whole by several tiles, or whole by one and cut by its neighbours, or cut
//! by all. One question settles all cases: *in the ground that both tiles saw, do the two boxes cover the same?*
//! A side that lies on an inner tile border is taken as open, since the object goes on beyond it. Boxes that
//! agree form a group with at most one box of each tile; a group becomes one box with the best score.
//! The result depends on the set of boxes and not on their order.

use std::cmp::Ordering;

use crate::tile::TileRect;

/// A box found in one tile, in photo pixels `[left, top, right, bottom]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) class_index: usize,
    pub(crate) score: f32,
    pub(crate) box_px: [f64; 4],
    /// The tile, cut to the photo.
    pub(crate) tile: TileRect,
    /// A side this close to an inner border of the tile counts as cut, in photo pixels.
    pub(crate) border_px: f64,
}

/// One object, in photo pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Merged {
    pub(crate) class_index: usize,
    pub(crate) score: f32,
    pub(crate) box_px: [f64; 4],
}

impl Merged {
    /// Every candidate as an object of its own; ordered as after merging.
    pub(crate) fn each(mut candidates: Vec<Candidate>) -> Vec<Merged> {
        candidates.sort_by(best_first);
        candidates.sort_by_key(|candidate| candidate.class_index);
        let object = |candidate: Candidate| Merged {
            class_index: candidate.class_index,
            score: candidate.score,
            box_px: candidate.box_px,
        };
        candidates.into_iter().map(object).collect()
    }
}

/// What counts as the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MergeRules {
    /// Least intersection over union of two boxes of one object.
    pub(crate) iou: f64,
    /// Width and height of the photo.
    pub(crate) photo_px: [u32; 2],
}

/// Share of a cut-off piece that must lie inside another tile's box to belong to it. Pieces are small and their
/// boxes loose, so that their overlap alone would often fall short.
const PIECE_INSIDE: f64 = 0.8;

/// Non-maximum suppression within one tile, per class; keeps at most `limit` boxes, best first.
pub(crate) fn suppress_within_tile(mut candidates: Vec<Candidate>, iou: f64, limit: usize) -> Vec<Candidate> {
    candidates.sort_by(best_first);
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if kept.len() == limit {
            break;
        }
        let rival = |other: &Candidate| {
            other.class_index == candidate.class_index
                && intersection_over_union(&other.box_px, &candidate.box_px) >= iou
        };
        if !kept.iter().any(rival) {
            kept.push(candidate);
        }
    }
    kept
}

/// One box for every object; ordered by class, then score (best first), then box.
pub(crate) fn merge_across_tiles(mut candidates: Vec<Candidate>, rules: &MergeRules) -> Vec<Merged> {
    candidates.sort_by(best_first);
    let mut groups: Vec<Vec<Candidate>> = Vec::new();
    for candidate in candidates {
        join(&mut groups, candidate, rules);
    }
    let mut objects: Vec<Merged> = groups
        .iter()
        .filter(|group| !group.is_empty())
        .map(|group| fuse(group, rules))
        .collect();
    objects.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| compare_boxes(&a.box_px, &b.box_px))
    });
    let mut kept: Vec<Merged> = Vec::new();
    for object in objects {
        let rival = |other: &Merged| {
            other.class_index == object.class_index
                && intersection_over_union(&other.box_px, &object.box_px) >= rules.iou
        };
        if !kept.iter().any(rival) {
            kept.push(object);
        }
    }
    kept.sort_by_key(|object| object.class_index);
    kept
}

/// Puts a candidate into the group that agrees best, and joins to it every other group that also agrees (the two
/// ends of an object longer than a tile meet through its middle).
fn join(groups: &mut Vec<Vec<Candidate>>, candidate: Candidate, rules: &MergeRules) {
    let mut matching: Vec<(usize, f64)> = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let agreement = group
            .iter()
            .map(|member| agreement(member, &candidate, rules))
            .fold(0.0, f64::max);
        if agreement > 0.0 && tiles_apart(group, std::slice::from_ref(&candidate)) {
            matching.push((index, agreement));
        }
    }
    matching.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let Some((&(target, _), others)) = matching.split_first() else {
        groups.push(vec![candidate]);
        return;
    };
    groups[target].push(candidate);
    for &(other, _) in others {
        if tiles_apart(&groups[target], &groups[other]) {
            let moved = std::mem::take(&mut groups[other]);
            groups[target].extend(moved);
        }
    }
}

fn tiles_apart(group: &[Candidate], other: &[Candidate]) -> bool {
    group.iter().all(|a| other.iter().all(|b| !same_view(a, b)))
}

/// From one run of the model; the same tile may be looked at again at another scale.
fn same_view(a: &Candidate, b: &Candidate) -> bool {
    a.tile == b.tile && a.border_px == b.border_px
}

/// How well two boxes agree in the ground that both their tiles saw; 0 for different objects.
///
/// Whether a side near a border is cut or ends there cannot be told, so both readings of each box are tried.
fn agreement(a: &Candidate, b: &Candidate, rules: &MergeRules) -> f64 {
    if a.class_index != b.class_index || same_view(a, b) {
        return 0.0;
    }
    let seen_by_both = intersection(&seen_by(a), &seen_by(b));
    if area(&seen_by_both) == 0.0 {
        return 0.0;
    }
    let (cut_a, cut_b) = (cut_sides(a, rules), cut_sides(b, rules));
    let parts_a = [a.box_px, opened(a, cut_a)].map(|part| intersection(&part, &seen_by_both));
    let parts_b = [b.box_px, opened(b, cut_b)].map(|part| intersection(&part, &seen_by_both));
    let pairs = parts_a
        .iter()
        .flat_map(|part_a| parts_b.iter().map(move |part_b| (part_a, part_b)));
    let overlap = pairs
        .map(|(part_a, part_b)| intersection_over_union(part_a, part_b))
        .fold(0.0, f64::max);
    if overlap >= rules.iou {
        return overlap;
    }
    let ([part_a, _], [part_b, _]) = (parts_a, parts_b);
    let piece = match (cut_a.contains(&true), cut_b.contains(&true)) {
        (true, false) => &part_a,
        (false, true) => &part_b,
        _ => return 0.0,
    };
    let inside = area(&intersection(&part_a, &part_b));
    if inside > 0.0 && inside >= PIECE_INSIDE * area(piece) {
        overlap
    } else {
        0.0
    }
}

/// Which sides lie on a border that is not the edge of the photo.
fn cut_sides(candidate: &Candidate, rules: &MergeRules) -> [bool; 4] {
    let tile = box_of(&candidate.tile);
    let photo = [
        0.0,
        0.0,
        f64::from(rules.photo_px[0]),
        f64::from(rules.photo_px[1]),
    ];
    std::array::from_fn(|side| {
        tile[side] != photo[side] && (candidate.box_px[side] - tile[side]).abs() <= candidate.border_px
    })
}

/// The box with its cut sides pushed out past the border of the tile.
fn opened(candidate: &Candidate, cut: [bool; 4]) -> [f64; 4] {
    let beyond = seen_by(candidate);
    std::array::from_fn(|side| {
        if cut[side] {
            beyond[side]
        } else {
            candidate.box_px[side]
        }
    })
}

/// The tile, widened by the tolerance: a cut side still tells of the ground just beyond.
fn seen_by(candidate: &Candidate) -> [f64; 4] {
    let [left, top, right, bottom] = box_of(&candidate.tile);
    let by = candidate.border_px;
    [left - by, top - by, right + by, bottom + by]
}

/// One object of a group: the best box that no border cuts; if there is none, each side from the best box that
/// saw that side, or else the outermost.
fn fuse(group: &[Candidate], rules: &MergeRules) -> Merged {
    let mut members = group.to_vec();
    members.sort_by(best_first);
    let cuts: Vec<[bool; 4]> = members.iter().map(|member| cut_sides(member, rules)).collect();
    let best = members[0];
    let whole = members.iter().zip(&cuts).find(|(_, cut)| !cut.contains(&true));
    let box_px = whole.map_or_else(|| assemble(&members, &cuts), |(member, _)| member.box_px);
    Merged {
        class_index: best.class_index,
        score: best.score,
        box_px,
    }
}

fn assemble(members: &[Candidate], cuts: &[[bool; 4]]) -> [f64; 4] {
    let outermost = |side: usize| {
        let sides = members.iter().map(|member| member.box_px[side]);
        if side < 2 {
            sides.fold(f64::INFINITY, f64::min)
        } else {
            sides.fold(f64::NEG_INFINITY, f64::max)
        }
    };
    let hull: [f64; 4] = std::array::from_fn(outermost);
    let seen: [f64; 4] = std::array::from_fn(|side| {
        let saw = members.iter().zip(cuts).find(|(_, cut)| !cut[side]);
        saw.map_or(hull[side], |(member, _)| member.box_px[side])
    });
    if seen[0] < seen[2] && seen[1] < seen[3] {
        seen
    } else {
        hull
    }
}

fn best_first(a: &Candidate, b: &Candidate) -> Ordering {
    (b.score.total_cmp(&a.score))
        .then_with(|| a.class_index.cmp(&b.class_index))
        .then_with(|| compare_boxes(&a.box_px, &b.box_px))
        .then_with(|| a.tile.cmp(&b.tile))
        .then_with(|| a.border_px.total_cmp(&b.border_px))
}

fn compare_boxes(a: &[f64; 4], b: &[f64; 4]) -> Ordering {
    a.iter()
        .zip(b)
        .map(|(a, b)| a.total_cmp(b))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn box_of(tile: &TileRect) -> [f64; 4] {
    let (left, top) = (f64::from(tile.x_px), f64::from(tile.y_px));
    [
        left,
        top,
        left + f64::from(tile.width_px),
        top + f64::from(tile.height_px),
    ]
}

fn intersection(a: &[f64; 4], b: &[f64; 4]) -> [f64; 4] {
    [a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]
}

fn area(b: &[f64; 4]) -> f64 {
    (b[2] - b[0]).max(0.0) * (b[3] - b[1]).max(0.0)
}

/// Shared part of two boxes (left, top, right, bottom), 0 to 1.
#[must_use]
pub fn intersection_over_union(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let shared = area(&intersection(a, b));
    if shared > 0.0 {
        shared / (area(a) + area(b) - shared)
    } else {
        0.0
    }
}

#[cfg(test)]
mod scenes;
#[cfg(test)]
mod tests;
