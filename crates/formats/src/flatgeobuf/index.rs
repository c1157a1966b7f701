//! The packed Hilbert R-tree of a FlatGeobuf: all nodes level by level, the root first, 40 bytes each.

/// Children of a node.
pub(super) const NODE_SIZE: u16 = 16;
/// Cells along a side of the square that the curve fills.
const CURVE_CELLS: u32 = 1 << 16;

/// A box, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
}

impl Bounds {
    pub(super) fn at(position: [f64; 2]) -> Self {
        Self {
            low: position,
            high: position,
        }
    }

    pub(super) fn with(&self, other: &Self) -> Self {
        let pick =
            |choose: fn(f64, f64) -> f64, a: [f64; 2], b: [f64; 2]| [choose(a[0], b[0]), choose(a[1], b[1])];
        Self {
            low: pick(f64::min, self.low, other.low),
            high: pick(f64::max, self.high, other.high),
        }
    }

    pub(super) fn around(all: &[Self]) -> Option<Self> {
        all.iter().copied().reduce(|sum, one| sum.with(&one))
    }
}

/// The numbers of the boxes in the order of their middles along a Hilbert curve; equal ones stay in their order.
pub(super) fn along_the_curve(boxes: &[Bounds]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    if let Some(all) = Bounds::around(boxes) {
        order.sort_by_cached_key(|number| {
            let middle = [0, 1].map(|axis| {
                let whole = all.high[axis] - all.low[axis];
                let own = (boxes[*number].low[axis] + boxes[*number].high[axis]) / 2.0 - all.low[axis];
                let share = if whole > 0.0 { own / whole } else { 0.0 };
                (share * f64::from(CURVE_CELLS - 1)) as u32
            });
            on_curve(middle)
        });
    }
    order
}

/// Distance along the curve of a cell (Hilbert 1891, in the usual form that turns quadrants).
fn on_curve([mut x, mut y]: [u32; 2]) -> u64 {
    let mut along = 0;
    let mut side = CURVE_CELLS / 2;
    while side > 0 {
        let (right, up) = (u32::from(x & side != 0), u32::from(y & side != 0));
        along += u64::from(side) * u64::from(side) * u64::from((3 * right) ^ up);
        if up == 0 {
            if right == 1 {
                x = (CURVE_CELLS - 1) - x;
                y = (CURVE_CELLS - 1) - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side /= 2;
    }
    along
}

/// The tree over boxes and the places of their features, in bytes from the first; nothing for no boxes.
pub(super) fn tree(leaves: &[(Bounds, u64)]) -> Vec<u8> {
    if leaves.is_empty() {
        return Vec::new();
    }
    let size = usize::from(NODE_SIZE);
    let mut levels = vec![leaves.to_vec()];
    while levels
        .last()
        .is_some_and(|level| level.len() > 1 || levels.len() == 1)
    {
        let below = levels.last().map_or(&[][..], Vec::as_slice);
        // Which child is the first is filled in when all levels have their places.
        let parents = below
            .chunks(size)
            .map(|children| {
                let boxes: Vec<Bounds> = children.iter().map(|child| child.0).collect();
                (Bounds::around(&boxes).unwrap_or(children[0].0), 0)
            })
            .collect();
        levels.push(parents);
    }
    levels.reverse();
    let mut bytes = Vec::new();
    let mut next_level = 0;
    let depth = levels.len();
    for (number, level) in levels.iter().enumerate() {
        next_level += level.len();
        for (at, (bounds, place)) in level.iter().enumerate() {
            let place = if number + 1 == depth {
                *place
            } else {
                (next_level + at * size) as u64
            };
            for side in [bounds.low[0], bounds.low[1], bounds.high[0], bounds.high[1]] {
                bytes.extend(side.to_le_bytes());
            }
            bytes.extend(place.to_le_bytes());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_on_the_curve_are_neighbours_on_the_ground() {
        // The curve over the lowest 4 × 4 cells visits them all, one step at a time.
        let mut cells: Vec<[u32; 2]> = (0..4).flat_map(|x| (0..4).map(move |y| [x, y])).collect();
        cells.sort_by_key(|cell| on_curve(*cell));
        for pair in cells.windows(2) {
            assert_eq!(
                pair[0][0].abs_diff(pair[1][0]) + pair[0][1].abs_diff(pair[1][1]),
                1,
                "{cells:?}"
            );
        }
    }

    #[test]
    fn a_node_holds_its_children() {
        let leaves: Vec<(Bounds, u64)> = (0..300)
            .map(|i| (Bounds::at([f64::from(i), 0.0]), 10 * i as u64))
            .collect();
        let bytes = tree(&leaves);
        let nodes = bytes.as_chunks::<40>().0;
        // 300 leaves, 19 nodes above them, 2, 1.
        assert_eq!(nodes.len(), 300 + 19 + 2 + 1);
        let number =
            |node: usize, at: usize| f64::from_le_bytes(nodes[node][at * 8..at * 8 + 8].try_into().unwrap());
        let place = |node: usize| u64::from_le_bytes(nodes[node][32..].try_into().unwrap());
        assert_eq!((number(0, 0), number(0, 2), place(0)), (0.0, 299.0, 1));
        assert_eq!((number(2, 0), place(2)), (256.0, 3 + 16));
        assert_eq!(place(3 + 18), 3 + 19 + 18 * 16);
        assert_eq!(place(3 + 19 + 299), 2990);
    }
}
