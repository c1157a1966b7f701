//! In which order the ground is given tiles.

use crate::tile_choice::frame::BINS_PER_TILE;

/// Weight of ground nearest to the front of a sweep, or in the square that is being filled.
const NEAR: u32 = 64;
/// Weight of ground outside the square that is being filled.
const OUTSIDE: u32 = 2;

/// In which order cells are given tiles, and what counts beside the cell at hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sweep {
    /// Line by line from one side; ground near the front counts more, so that none is left behind.
    Lines {
        /// Whether lines go along the second axis.
        along_second: bool,
        /// Direction along both axes.
        signs: [i32; 2],
    },
    /// Square by square of a lattice somewhat tighter than tiles are wide; ground in the square counts most, so that
    /// photos that are turned against each other leave no wedges between their tiles.
    Squares {
        /// First column and row.
        first: [i32; 2],
        /// Sides of the squares, cells.
        pitch: [f64; 2],
    },
}

impl Sweep {
    /// Where a cell comes in the order.
    pub fn key(&self, [column, row]: [i32; 2]) -> [i32; 4] {
        match self {
            Self::Lines { along_second, signs } => {
                let (column, row) = (column * signs[0], row * signs[1]);
                let [major, minor] = if *along_second {
                    [column, row]
                } else {
                    [row, column]
                };
                [major, minor, 0, 0]
            }
            Self::Squares { .. } => {
                let [across, down] = self.place([column, row]);
                [down, across, row, column]
            }
        }
    }

    /// Where a cell lies: its own place, or its square of the lattice.
    pub fn place(&self, place: [i32; 2]) -> [i32; 2] {
        match self {
            Self::Lines { .. } => place,
            Self::Squares { first, pitch } => {
                [0, 1].map(|axis| (f64::from(place[axis] - first[axis]) / pitch[axis]).floor() as i32)
            }
        }
    }

    /// What a cell at `place` counts while the one at `front` is given a tile; both are squares of a lattice there.
    pub fn weight(&self, front: [i32; 2], place: [i32; 2], nearness: &[u32]) -> u32 {
        match self {
            Self::Lines { signs, .. } => {
                let near = |axis: usize| {
                    let away = ((place[axis] - front[axis]) * signs[axis]).max(0) as usize;
                    nearness[away.min(nearness.len() - 1)]
                };
                near(0) * near(1) / NEAR
            }
            Self::Squares { .. } if front == place => NEAR,
            Self::Squares { .. } => OUTSIDE,
        }
    }
}

/// Weight of ground so many cells behind the front of a sweep along one axis: e⁻² at a tile's width.
pub fn nearness() -> Vec<u32> {
    let weight =
        |cells: i32| (f64::from(NEAR) * (-2.0 * f64::from(cells) / BINS_PER_TILE).exp()).round() as u32;
    (0..2 * BINS_PER_TILE as i32)
        .map(|cells| weight(cells).max(1))
        .collect()
}
