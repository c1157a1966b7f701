//! The cells of a sortie's ground, and which photo shows which.

use std::collections::BTreeMap;

use crate::tile_choice::frame::Frame;
use crate::tile_choice::view::{SeenCell, View};
use crate::tile_choice::{COUNTS, ChosenTile, GroundSeen, Pass};

/// Cells along the side of a block.
const BLOCK: i32 = 32;

/// All cells that any photo shows.
#[derive(Debug)]
pub struct Cells {
    cell_m: f64,
    blocks: Vec<(i32, i32)>,
    /// Number of photos in which a cell counts.
    views: Vec<u8>,
    /// Number of those that can be given tiles.
    pub open_views: Vec<u8>,
    /// Whether a thing there is whole in some photo; else the cell lies at the rim of the sortie.
    pub is_whole: Vec<bool>,
}

impl Cells {
    /// Finds the cells of every view and puts those that count into it: whole in the photo, or cut by its border
    /// where no photo of the sortie shows them whole.
    pub fn of(views: &mut [View<'_>], frame: &Frame) -> Self {
        let mut blocks = Blocks::default();
        for view in views.iter_mut() {
            view.cells = cells_of(view, &mut blocks, frame.cell_m);
        }
        let n = blocks.keys.len() * (BLOCK * BLOCK) as usize;
        let mut is_whole = vec![false; n];
        for view in views.iter() {
            for cell in view.cells.iter().filter(|cell| view.is_whole(middle(cell))) {
                is_whole[cell.id as usize] = true;
            }
        }
        let (mut all_views, mut open_views) = (vec![0_u8; n], vec![0_u8; n]);
        for view in views.iter_mut() {
            let mut cells = std::mem::take(&mut view.cells);
            cells.retain(|cell| view.is_whole(middle(cell)) || !is_whole[cell.id as usize]);
            cells.shrink_to_fit();
            view.cells = cells;
            for cell in &view.cells {
                let id = cell.id as usize;
                all_views[id] = all_views[id].saturating_add(1);
                open_views[id] = open_views[id].saturating_add(u8::from(view.photo.open));
            }
        }
        Self {
            cell_m: frame.cell_m,
            blocks: blocks.keys,
            views: all_views,
            open_views,
            is_whole,
        }
    }

    /// Number of cell numbers, used or not.
    pub fn len(&self) -> usize {
        self.open_views.len()
    }

    /// Column and row of a cell.
    pub fn place_of(&self, id: u32) -> [i32; 2] {
        let (block, inside) = (id / (BLOCK * BLOCK) as u32, (id % (BLOCK * BLOCK) as u32) as i32);
        let (column, row) = self.blocks[block as usize];
        [column * BLOCK + inside % BLOCK, row * BLOCK + inside / BLOCK]
    }

    /// The middle of a cell, frame, m.
    pub fn middle_m(&self, id: u32) -> [f64; 2] {
        self.place_of(id)
            .map(|index| (f64::from(index) + 0.5) * self.cell_m)
    }

    /// Whether no other photo shows ground of this one.
    pub fn is_alone(&self, view: &View<'_>) -> bool {
        view.cells.iter().all(|cell| self.views[cell.id as usize] < 2)
    }

    /// How often the cells are looked at by `tiles` of each view.
    pub fn seen(&self, views: &[View<'_>], tiles: &[Vec<ChosenTile>], rules: (u32, u32)) -> GroundSeen {
        let (looks_per_cell, overlap_px) = rules;
        let mut looks = vec![None::<u8>; self.len()];
        for (view, tiles) in views.iter().zip(tiles) {
            let parts = safe_parts(view, tiles, overlap_px);
            for cell in &view.cells {
                let is_seen = parts.iter().any(|part| contains(part, middle(cell)));
                let count = looks[cell.id as usize].get_or_insert(0);
                *count = count.saturating_add(u8::from(is_seen));
            }
        }
        let cell_m2 = self.cell_m * self.cell_m;
        let mut seen = GroundSeen::default();
        for count in looks.into_iter().flatten() {
            seen.shown_m2 += cell_m2;
            seen.by_looks_m2[usize::from(count).min(COUNTS - 1)] += cell_m2;
            if u32::from(count) >= looks_per_cell.max(1) {
                seen.enough_m2 += cell_m2;
            }
        }
        seen
    }
}

/// The safe parts of the tiles of the ground pass.
pub fn safe_parts(view: &View<'_>, tiles: &[ChosenTile], overlap_px: u32) -> Vec<[[f64; 2]; 2]> {
    let ground = tiles.iter().filter(|tile| tile.pass == Pass::Ground);
    ground.map(|tile| view.safe_part(tile, overlap_px)).collect()
}

/// Whether a safe part holds a pixel.
pub fn contains(part: &[[f64; 2]; 2], pixel: [f64; 2]) -> bool {
    (0..2).all(|axis| (part[axis][0]..=part[axis][1]).contains(&pixel[axis]))
}

/// The pixel of a cell.
pub fn middle(cell: &SeenCell) -> [f64; 2] {
    [f64::from(cell.x_px), f64::from(cell.y_px)]
}

/// Blocks of cells by place, numbered as they are met.
#[derive(Default)]
struct Blocks {
    numbers: BTreeMap<(i32, i32), u32>,
    keys: Vec<(i32, i32)>,
}

impl Blocks {
    fn number(&mut self, key: (i32, i32)) -> u32 {
        let next = self.keys.len() as u32;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.keys.push(key);
        }
        number
    }
}

fn cells_of(view: &View<'_>, blocks: &mut Blocks, cell_m: f64) -> Vec<SeenCell> {
    let first = |at_m: f64| (at_m / cell_m).floor() as i32;
    let [west, south, east, north] = view.bounds_m.map(first);
    let mut cells = Vec::new();
    for block_row in south.div_euclid(BLOCK)..=north.div_euclid(BLOCK) {
        for block_column in west.div_euclid(BLOCK)..=east.div_euclid(BLOCK) {
            let mut number = None;
            for row in (block_row * BLOCK).max(south)..=(block_row * BLOCK + BLOCK - 1).min(north) {
                for column in (block_column * BLOCK).max(west)..=(block_column * BLOCK + BLOCK - 1).min(east)
                {
                    let place_m = [column, row].map(|index| (f64::from(index) + 0.5) * cell_m);
                    let Some([x_px, y_px]) = view.pixel_of(place_m) else {
                        continue;
                    };
                    let block = *number.get_or_insert_with(|| blocks.number((block_column, block_row)));
                    let inside = row.rem_euclid(BLOCK) * BLOCK + column.rem_euclid(BLOCK);
                    cells.push(SeenCell {
                        id: block * (BLOCK * BLOCK) as u32 + inside as u32,
                        x_px: x_px as u16,
                        y_px: y_px as u16,
                    });
                }
            }
        }
    }
    cells.sort_unstable_by_key(|cell| cell.id);
    cells
}
