//! The flyable area of a day: (free by law ∪ approved) ∩ free of obstacles. What is not known is named.

use geo::{BooleanOps, MultiPolygon};

use super::FlyableArea;
use crate::area::planar;
use crate::grid::{GridError, WorkingGrid};
use crate::layers::{FeatureLayer, LayerKind, LayerRef};

/// Makes the flyable area of layers that all count on the same day (see [`crate::layers::valid_on`]); several layers
/// of one kind are joined. A layer of kind [`LayerKind::Flyable`] stands for all parts. `None` where no layer says
/// where may be flown at all: ground free of obstacles alone says nothing of that.
///
/// Parts without a layer are in [`FlyableArea::missing`]: without `legal-free` or `approved` the area is the other
/// one alone, without `obstacle-free` obstacles are not taken into account.
///
/// # Errors
/// [`GridError`] when a layer reaches beyond the working area.
pub fn flyable(layers: &[&FeatureLayer], grid: &WorkingGrid) -> Result<Option<FlyableArea>, GridError> {
    let part = |kind: LayerKind| Part::of(layers, kind, grid);
    if let Some(whole) = part(LayerKind::Flyable)? {
        return area_of(&whole.ground, whole.layers, Vec::new(), grid).map(Some);
    }
    let (free, approved) = (part(LayerKind::LegalFree)?, part(LayerKind::Approved)?);
    let mut missing = Vec::new();
    if free.is_none() {
        missing.push(LayerKind::LegalFree);
    }
    if approved.is_none() {
        missing.push(LayerKind::Approved);
    }
    let (allowed, mut used) = match (free, approved) {
        (None, None) => return Ok(None),
        (Some(one), None) | (None, Some(one)) => (one.ground, one.layers),
        (Some(free), Some(approved)) => (
            free.ground.union(&approved.ground),
            [free.layers, approved.layers].concat(),
        ),
    };
    let ground = match part(LayerKind::ObstacleFree)? {
        Some(clear) => {
            let ground = allowed.intersection(&clear.ground);
            used.extend(clear.layers);
            ground
        }
        None => {
            missing.push(LayerKind::ObstacleFree);
            allowed
        }
    };
    area_of(&ground, used, missing, grid).map(Some)
}

struct Part {
    ground: MultiPolygon,
    layers: Vec<LayerRef>,
}

impl Part {
    fn of(layers: &[&FeatureLayer], kind: LayerKind, grid: &WorkingGrid) -> Result<Option<Self>, GridError> {
        let mine: Vec<_> = layers.iter().filter(|layer| layer.record.kind == kind).collect();
        if mine.is_empty() {
            return Ok(None);
        }
        let polygons: Vec<_> = mine.iter().flat_map(|layer| layer.polygons()).collect();
        Ok(Some(Self {
            ground: planar::union_on_grid(&polygons, grid)?,
            layers: mine.iter().map(|layer| layer.layer_ref()).collect(),
        }))
    }
}

fn area_of(
    ground: &MultiPolygon,
    rests_on: Vec<LayerRef>,
    missing: Vec<LayerKind>,
    grid: &WorkingGrid,
) -> Result<FlyableArea, GridError> {
    Ok(FlyableArea {
        polygons: planar::polygons_from_grid(ground, grid)?,
        area_m2: planar::true_area_of_union_m2(ground, grid.radius_m()),
        rests_on,
        missing,
    })
}
