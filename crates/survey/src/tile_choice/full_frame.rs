//! The pass over whole photos, for things that no tile at the model's scale shows whole.

use serde::{Deserialize, Serialize};

use crate::tile_choice::cells::Cells;
use crate::tile_choice::search::Search;
use crate::tile_choice::view::{Stop, View, margin_px};
use crate::tile_choice::{ChoiceRules, ChosenTile, ModelScale, Pass};
use crate::tiles::TileRect;

/// A photo may be reduced until it is this much coarser than the model was trained for.
const NEAR_TRAINED: f64 = 1.25;
/// A photo that is reduced by less than this shows hardly more than a tile at the model's scale.
const WORTH_REDUCING: f64 = 1.3;
/// Things up to so many overlaps of tiles are whole in some photo that is looked at whole.
const LARGE_THINGS: f64 = 2.0;

/// What became of the pass over whole photos.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum FullFrame {
    /// Not asked for.
    Off,
    /// So many photos are looked at whole.
    Chosen {
        /// Photos.
        tiles: u32,
    },
    /// Reduced into one tile, every photo would be much coarser than the model was trained for.
    TooCoarse {
        /// The finest would be this coarse, cm per model pixel.
        cm_per_px: f64,
    },
    /// A tile at the model's scale shows nearly as much as a whole photo.
    NotNeeded,
    /// No photo has a usable pose, so that its scale is not known.
    ScaleUnknown,
}

/// What looking at one photo whole would be.
pub enum WholePhoto {
    /// A tile, and where in the photo large things are whole.
    Usable(ChosenTile, [[Stop; 1]; 2]),
    /// This coarse, cm per model pixel.
    TooCoarse(f64),
    NotNeeded,
}

impl WholePhoto {
    pub fn is_usable(&self) -> bool {
        matches!(self, Self::Usable(..))
    }

    fn of(view: &View<'_>, model: &ModelScale) -> Self {
        let camera = &view.photo.camera;
        let side_px = camera.width_px.max(camera.height_px);
        let scale = f64::from(model.tile_px) / f64::from(side_px);
        if view.scale / scale < WORTH_REDUCING {
            return Self::NotNeeded;
        }
        let cm_per_px = view.typical_cm / scale;
        if cm_per_px > NEAR_TRAINED * model.trained_to_cm {
            return Self::TooCoarse(cm_per_px);
        }
        let margin_px = LARGE_THINGS * margin_px(model.overlap_px, view.scale);
        let inside = |bins: usize| {
            let margin = (margin_px / view.bin_px).ceil() as usize;
            [Stop {
                start_px: 0,
                from_bin: margin,
                to_bin: bins.saturating_sub(margin),
            }]
        };
        let tile = ChosenTile {
            rect: TileRect {
                x_px: 0,
                y_px: 0,
                width_px: side_px,
                height_px: side_px,
            },
            scale,
            pass: Pass::FullFrame,
        };
        Self::Usable(tile, view.bins.map(inside))
    }
}

/// Of every view.
pub struct Passes(pub Vec<WholePhoto>);

impl Passes {
    pub fn of(views: &[View<'_>], model: &ModelScale) -> Self {
        Self(views.iter().map(|view| WholePhoto::of(view, model)).collect())
    }

    /// The views to look at whole, so that every large thing is in one of them; all of them where all of every
    /// photo is looked at.
    pub fn choose(
        &self,
        views: &[View<'_>],
        (cells, opened): (&Cells, &[bool]),
        rules: &ChoiceRules,
    ) -> Vec<(usize, ChosenTile)> {
        if !rules.full_frame {
            return Vec::new();
        }
        let done: Vec<bool> = views
            .iter()
            .map(|view| view.photo.fixed.iter().any(|tile| tile.pass == Pass::FullFrame))
            .collect();
        let found = if rules.looks_per_cell == 0 {
            let is_new = |index: &usize| views[*index].photo.open && views[*index].photo.fixed.is_empty();
            (0..views.len()).filter(is_new).collect()
        } else {
            let stops = self.0.iter().map(|pass| match pass {
                WholePhoto::Usable(_, [across, down]) => [&across[..], &down[..]],
                WholePhoto::TooCoarse(_) | WholePhoto::NotNeeded => [&[][..], &[][..]],
            });
            Search::for_whole(views, cells, stops.collect(), (&done, opened, rules.next_after)).best_views()
        };
        let tile = |index: usize| match &self.0[index] {
            WholePhoto::Usable(tile, _) => Some((index, *tile)),
            WholePhoto::TooCoarse(_) | WholePhoto::NotNeeded => None,
        };
        found.into_iter().filter_map(tile).collect()
    }

    pub fn outcome(&self, rules: &ChoiceRules, tiles: usize) -> FullFrame {
        if !rules.full_frame {
            return FullFrame::Off;
        }
        if tiles > 0 {
            let tiles = u32::try_from(tiles).unwrap_or(u32::MAX);
            return FullFrame::Chosen { tiles };
        }
        if self.0.is_empty() {
            return FullFrame::ScaleUnknown;
        }
        let coarse = self.0.iter().filter_map(|pass| match pass {
            WholePhoto::TooCoarse(cm_per_px) => Some(*cm_per_px),
            WholePhoto::Usable(..) | WholePhoto::NotNeeded => None,
        });
        coarse
            .reduce(f64::min)
            .map_or(FullFrame::NotNeeded, |cm_per_px| FullFrame::TooCoarse {
                cm_per_px,
            })
    }
}
