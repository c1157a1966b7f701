//! Which tiles of which photos of a sortie a detector looks at, so that every patch of ground is looked at as often
//! as needed and not as often as it was photographed.
//!
//! The ground that the photos show is cut into cells of a few model pixels. A cell counts as looked at by a tile
//! when a thing centred in it, as large as the overlap asked for, is whole in the tile, or when the photo ends there
//! and no other photo shows the thing whole. Left out are slivers that would cost a tile of their own: between tiles,
//! where things half as large are whole all the same, and at the rim of the sortie. Tiles may lie anywhere in a photo. They are laid along the ground, from
//! one side of the sortie to the other: the first cell that is still wanted is given the tile, of all photos that
//! show it and of all places in them, that brings the most wanted ground, nadir views counting more, and a photo
//! that is opened anyway counting less work than another. That is done from several sides; what needs the least
//! work stands.

use serde::{Deserialize, Serialize};

use crate::camera::CameraModel;
use crate::geodesy::Wgs84;
use crate::pose::Pose;
use crate::sharpness::Sharpness;
use crate::tiles::{TileError, TileRect, TileRequest, choose_tiles};

mod cells;
mod frame;
mod full_frame;
mod search;
mod sweep;
#[cfg(test)]
mod tests;
mod view;

use cells::Cells;
use frame::{Frame, first_frame};
use search::Search;
use view::View;

pub use full_frame::FullFrame;

/// Most different counts of looks that [`GroundSeen`] tells apart.
const COUNTS: usize = 4;
/// Photos farther than this from the first of the sortie are looked at on their own, m: the flat frame ends there.
const FRAME_REACH_M: f64 = 300_000.0;
/// A photo that shares its ground with no other may be looked at this much coarser than the model's scale (finest
/// first), where that saves a row or column of tiles.
const ISOLATED_COARSER: [f64; 5] = [1.02, 1.04, 1.06, 1.08, 1.1];

/// What a tile is looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// Things up to the overlap of tiles, at the model's ground scale.
    Ground,
    /// Things that are larger, on the whole photo reduced into one tile.
    FullFrame,
}

impl Pass {
    /// Stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ground => "ground",
            Self::FullFrame => "full_frame",
        }
    }
}

/// A tile of a photo, with its own scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChosenTile {
    /// Photo pixels.
    pub rect: TileRect,
    /// Model pixels per photo pixel.
    pub scale: f64,
    /// What it is for.
    pub pass: Pass,
}

/// What the model needs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ModelScale {
    /// Side of the model's input, model pixels.
    pub tile_px: u32,
    /// Things up to this size are whole in a tile, model pixels.
    pub overlap_px: u32,
    /// Ground sampling distance the model was trained at, cm per model pixel.
    pub ground_scale_cm: f64,
    /// Coarsest ground sampling distance the model was trained at, cm per model pixel.
    pub trained_to_cm: f64,
}

/// How often the ground is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceRules {
    /// Photos that each cell of ground is looked at in, where so many show it; 0 looks at all of every photo.
    pub looks_per_cell: u32,
    /// Whether photos are also looked at whole.
    pub full_frame: bool,
    /// Cells go to the next photo behind this one in capture order that shows them, and not to the photo that
    /// saves the most tiles: for the ground of a photo that turned out to be no good.
    pub next_after: Option<u32>,
}

/// A photo with a pose.
#[derive(Debug, Clone)]
pub struct SortiePhoto {
    /// Its place in the order of capture; no two photos have the same.
    pub order: u32,
    /// Where it was taken from.
    pub pose: Pose,
    /// With what.
    pub camera: CameraModel,
    /// Tiles that were chosen before and count.
    pub fixed: Vec<ChosenTile>,
    /// Whether it can be given (more) tiles.
    pub open: bool,
}

impl SortiePhoto {
    fn all_tiles(&self, model: &ModelScale) -> Result<Vec<ChosenTile>, TileError> {
        let size = [self.camera.width_px, self.camera.height_px];
        all_tiles(size, Some((&self.pose, &self.camera)), model)
    }
}

/// Where the cells of a sortie's ground lie. A later choice for the same sortie has to use the frame of the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GroundFrame {
    /// Corner of the cell (0, 0).
    pub origin: Wgs84,
    /// Direction of the rows, counter-clockwise from east, rad.
    pub turn_rad: f64,
    /// Edge of a cell, m.
    pub cell_m: f64,
}

/// What was chosen for one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoChoice {
    /// The photo's place in the order of capture.
    pub order: u32,
    /// Tiles beside those that were fixed before.
    pub added: Vec<ChosenTile>,
    /// Number of tiles that would look at all of the photo.
    pub of_all: u32,
}

/// How often the ground of a sortie is looked at, m².
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct GroundSeen {
    /// Shown sharply enough by any photo.
    pub shown_m2: f64,
    /// Looked at in 0, 1, 2 photos, and in 3 or more.
    pub by_looks_m2: [f64; COUNTS],
    /// Looked at as often as was asked for.
    pub enough_m2: f64,
}

/// The choice for a sortie.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// For every open photo, in the order of capture.
    pub photos: Vec<PhotoChoice>,
    /// What that comes to, tiles fixed before included.
    pub seen: GroundSeen,
    /// What became of the pass over whole photos.
    pub full_frame: FullFrame,
    /// To be given again for later photos of the sortie; none without a photo that shows ground.
    pub frame: Option<GroundFrame>,
}

/// Chooses tiles for the open photos of a sortie. The order of `photos` does not matter. `frame` is that of an
/// earlier choice for the same sortie.
///
/// # Errors
/// A [`TileError`] for sizes and scales that cannot be.
pub fn choose_for_sortie(
    photos: &[SortiePhoto],
    model: &ModelScale,
    rules: &ChoiceRules,
    frame: Option<GroundFrame>,
) -> Result<Choice, TileError> {
    let mut photos: Vec<&SortiePhoto> = photos.iter().collect();
    photos.sort_by_key(|photo| photo.order);
    let frame = frame.or_else(|| first_frame(&photos, model));
    let working = frame.as_ref().map(Frame::of);
    let mut views = Vec::new();
    let mut choices = Vec::new();
    for photo in &photos {
        let all = photo.all_tiles(model)?;
        let view = working.as_ref().and_then(|frame| View::of(photo, model, frame));
        let on_its_own = view.is_none() || rules.looks_per_cell == 0;
        let is_new = photo.open && photo.fixed.is_empty();
        choices.push(PhotoChoice {
            order: photo.order,
            of_all: u32::try_from(all.len()).unwrap_or(u32::MAX),
            added: if on_its_own && is_new { all } else { Vec::new() },
        });
        views.extend(view);
    }
    let mut seen = GroundSeen::default();
    let mut full_frame = match rules.full_frame {
        true => FullFrame::ScaleUnknown,
        false => FullFrame::Off,
    };
    if let Some(frame) = &working {
        let cells = Cells::of(&mut views, frame);
        let mut choose = Choosing {
            views: &views,
            cells: &cells,
            model,
            rules,
            choices: &mut choices,
        };
        if rules.looks_per_cell > 0 {
            choose.ground()?;
        }
        full_frame = choose.full_frame();
        seen = choose.seen();
    }
    let is_open = |choice: &PhotoChoice| {
        photos
            .iter()
            .any(|photo| photo.open && photo.order == choice.order)
    };
    choices.retain(is_open);
    Ok(Choice {
        photos: choices,
        seen,
        full_frame,
        frame,
    })
}

/// The tiles that look at all of a photo as far as the model can tell things apart in it, as if it were the only
/// one. Without a pose: at a scale at which two tiles span its longest side.
///
/// # Errors
/// A [`TileError`] for sizes and scales that cannot be.
pub fn all_tiles(
    [width_px, height_px]: [u32; 2],
    placement: Option<(&Pose, &CameraModel)>,
    model: &ModelScale,
) -> Result<Vec<ChosenTile>, TileError> {
    let sharpness = placement.and_then(|(pose, camera)| Sharpness::of(pose, camera));
    let usable_to_cm = sharpness.map(|it| it.usable_to_cm(model.trained_to_cm));
    let plan = choose_tiles(&TileRequest {
        image_width_px: width_px,
        image_height_px: height_px,
        gsd_cm: sharpness
            .zip(usable_to_cm)
            .map(|(it, to_cm)| it.typical_cm(to_cm)),
        model_gsd_cm: model.ground_scale_cm,
        tile_px: model.tile_px,
        overlap_px: model.overlap_px,
    })?;
    let is_usable = |rect: &TileRect| {
        let placed = sharpness.zip(usable_to_cm);
        placed.is_none_or(|(sharpness, usable_to_cm)| sharpness.is_usable(rect, usable_to_cm))
    };
    let chosen = |rect: TileRect| ChosenTile {
        rect,
        scale: plan.scale,
        pass: Pass::Ground,
    };
    Ok(plan.tiles.into_iter().filter(is_usable).map(chosen).collect())
}

/// A choice being made.
struct Choosing<'c, 'p> {
    views: &'c [View<'p>],
    cells: &'c Cells,
    model: &'c ModelScale,
    rules: &'c ChoiceRules,
    choices: &'c mut [PhotoChoice],
}

impl Choosing<'_, '_> {
    /// The pass at the model's ground scale.
    fn ground(&mut self) -> Result<(), TileError> {
        let search = Search::for_ground(self.views, self.cells, self.rules, self.model.overlap_px);
        for (index, found) in search.best().into_iter().enumerate() {
            let view = &self.views[index];
            let tiles = if view.photo.open && view.photo.fixed.is_empty() {
                self.fewest(index, found)?
            } else {
                found
            };
            self.give(view.photo.order, tiles);
        }
        Ok(())
    }

    /// What was found, or what looks at all of the photo with fewer tiles.
    fn fewest(&self, index: usize, found: Vec<ChosenTile>) -> Result<Vec<ChosenTile>, TileError> {
        let photo = self.views[index].photo;
        let mut fewest = found;
        if fewest.len() < 2 {
            return Ok(fewest);
        }
        let coarser: &[f64] = match self.cells.is_alone(&self.views[index]) {
            true => &ISOLATED_COARSER,
            false => &[],
        };
        for factor in std::iter::once(&1.0).chain(coarser) {
            let model = ModelScale {
                ground_scale_cm: self.model.ground_scale_cm * factor,
                ..*self.model
            };
            let all = photo.all_tiles(&model)?;
            if all.len() < fewest.len() {
                fewest = all;
            }
        }
        Ok(fewest)
    }

    /// The pass over whole photos.
    fn full_frame(&mut self) -> FullFrame {
        let passes = full_frame::Passes::of(self.views, self.model);
        for (view, pass) in self.views.iter().zip(&passes.0) {
            let more = u32::from(self.rules.full_frame && pass.is_usable());
            if let Some(choice) = self.choice(view.photo.order) {
                choice.of_all += more;
            }
        }
        let opened: Vec<bool> = self.views.iter().map(|view| self.is_opened(view)).collect();
        let chosen = passes.choose(self.views, (self.cells, &opened), self.rules);
        for (index, tile) in chosen {
            self.give(self.views[index].photo.order, vec![tile]);
        }
        let tiles = self.choices.iter().flat_map(|choice| &choice.added);
        let fixed = self.views.iter().flat_map(|view| &view.photo.fixed);
        let whole = tiles.chain(fixed).filter(|tile| tile.pass == Pass::FullFrame);
        passes.outcome(self.rules, whole.count())
    }

    fn seen(&self) -> GroundSeen {
        let tiles: Vec<Vec<ChosenTile>> = self
            .views
            .iter()
            .map(|view| {
                let added = self
                    .choices
                    .iter()
                    .find(|choice| choice.order == view.photo.order);
                let added = added.map_or(&[][..], |choice| &choice.added);
                view.photo.fixed.iter().chain(added).copied().collect()
            })
            .collect();
        self.cells.seen(
            self.views,
            &tiles,
            (self.rules.looks_per_cell, self.model.overlap_px),
        )
    }

    /// Whether a photo has been given tiles.
    fn is_opened(&self, view: &View<'_>) -> bool {
        let order = view.photo.order;
        let at = self.choices.binary_search_by_key(&order, |choice| choice.order);
        at.is_ok_and(|at| !self.choices[at].added.is_empty())
    }

    fn give(&mut self, order: u32, tiles: Vec<ChosenTile>) {
        if let Some(choice) = self.choice(order) {
            choice.added.extend(tiles);
        }
    }

    fn choice(&mut self, order: u32) -> Option<&mut PhotoChoice> {
        let at = self
            .choices
            .binary_search_by_key(&order, |choice| choice.order)
            .ok()?;
        self.choices.get_mut(at)
    }
}
