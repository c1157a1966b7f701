//! Where the sun's shadows can reach: per cell the height above which nothing is shaded, so that most shadow rays need
//! not be cast.

use crate::plan::Solid;

/// Side of a cell, metres.
const CELL_M: f32 = 1.0;

/// Heights above which every point of a cell is in the sun.
#[derive(Debug)]
pub(crate) struct ShadeCeiling {
    reach_m: f32,
    side: usize,
    /// Decimetres above the street, rounded up.
    ceiling_dm: Vec<u16>,
}

impl ShadeCeiling {
    /// The ceiling over a square of half size `reach_m`, from the bounding rectangles of all solids swept away from
    /// the sun.
    pub(crate) fn of(solids: &[Solid], sun: [f32; 3], reach_m: f32) -> Self {
        let side = (2.0 * reach_m / CELL_M) as usize;
        let mut shade = Self {
            reach_m,
            side,
            ceiling_dm: vec![0; side * side],
        };
        let level = sun[0].hypot(sun[1]).max(1e-6);
        let away = [-sun[0] / level, -sun[1] / level];
        // Height that a shadow loses over each metre of ground.
        let fall = sun[2] / level;
        for solid in solids {
            let top_m = solid.place.base_m + solid.form.top_m();
            let steps = (top_m / (fall * CELL_M)).ceil().max(1.0) as u32;
            for step in 0..steps {
                let far_m = step as f32 * CELL_M;
                shade.raise(
                    solid,
                    [away, away.map(|v| v * CELL_M)],
                    far_m,
                    top_m - far_m * fall,
                );
            }
        }
        shade
    }

    /// Whether the sun surely reaches a point.
    pub(crate) fn is_clear(&self, point: [f32; 3]) -> bool {
        let [column, row] = [0, 1].map(|axis| (point[axis] + self.reach_m) / CELL_M);
        let side = self.side as f32;
        if !(column >= 0.0 && row >= 0.0 && column < side && row < side) {
            return false;
        }
        point[2] * 10.0 > f32::from(self.ceiling_dm[row as usize * self.side + column as usize])
    }

    /// Raises the cells under a solid's rectangle moved `far_m` away from the sun, and one step beyond.
    fn raise(&mut self, solid: &Solid, [away, step]: [[f32; 2]; 2], far_m: f32, height_m: f32) {
        let bounds = solid.bounds();
        let index = |v: f32| (((v + self.reach_m) / CELL_M).floor().max(0.0) as usize).min(self.side - 1);
        let range = |axis: usize| {
            let start = bounds[axis] + away[axis] * far_m + step[axis].min(0.0);
            let end = bounds[axis + 2] + away[axis] * far_m + step[axis].max(0.0);
            index(start)..=index(end)
        };
        let height_dm = (height_m.max(0.0) * 10.0).ceil() as u16;
        for row in range(1) {
            for column in range(0) {
                let cell = &mut self.ceiling_dm[row * self.side + column];
                *cell = (*cell).max(height_dm);
            }
        }
    }
}
