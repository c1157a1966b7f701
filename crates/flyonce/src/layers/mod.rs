//! The layers this program knows: those of the configuration and those that were imported into the data folder.
//! Everything that needs towns, the flyable area, closed ground, greatest heights or targets asks [`LayerBook`], by day.

pub mod airport;
pub mod building;
pub mod compare;
pub mod demo;
pub mod features;
pub mod picture;
pub mod reading;
pub mod shelf;
pub mod words;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use anyhow::Result;
use survey::airspace::{
    AirspaceError, FlyableArea, HeightMap, NoFlyZone, flyable, height_zones, no_fly_zones,
};
use survey::geodesy::Wgs84;
use survey::grid::{GridError, WorkingGrid};
use survey::layers::properties::PropertyError;
use survey::layers::{FeatureLayer, LayerKind, LayerRef, valid_on};
use survey::targets::{Target, targets_of};
use survey::time::{CivilDay, UtcMicros};

use crate::config::layers::load_all;
use crate::config::settings::Settings;
use crate::layers::building::{Measured, grid_around};
use crate::layers::shelf::Shelf;

/// A town or district with the layer it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArea {
    /// Name, such as 张江镇.
    pub name: String,
    /// Statistical code, if the layer has one.
    pub code: Option<String>,
    /// Its ground.
    pub polygons: Vec<survey::area::Polygon>,
    /// The layer it stands in.
    pub layer: LayerRef,
}

/// All layers, in the order they were brought in: configuration first, then imports. Layers that were taken out of
/// use are not in it.
#[derive(Debug, Clone, Default)]
pub struct LayerBook {
    layers: Vec<FeatureLayer>,
    /// Ids of those that were imported, which stand at the end.
    ids: Vec<String>,
    /// What each measures, where that is known: from the shelf, or since it was first asked for.
    measured: Vec<OnceLock<Measured>>,
    /// Flyable areas that were asked for, by the layers they rest on: the last few.
    flyable: Arc<Mutex<Vec<KeptArea>>>,
}

/// The layers that an area rests on, and the area.
type KeptArea = (Vec<LayerRef>, FlyableArea);

/// Days whose flyable areas are kept: a page asks for today again and again, and for a few days beside it.
const MOST_FLYABLE_KEPT: usize = 8;

impl LayerBook {
    /// The layers of the configuration, then those that were imported into the data folder and are in use.
    ///
    /// # Errors
    /// A file of the configuration that cannot be used, an imported layer that was changed or is gone.
    pub fn open(settings: &Settings) -> Result<Self> {
        Self::known_at(settings, None)
    }

    /// The same as the data folder's book had it at an instant; the layers of the configuration are today's.
    ///
    /// # Errors
    /// As [`LayerBook::open`].
    pub fn known_at(settings: &Settings, at: Option<UtcMicros>) -> Result<Self> {
        let configured = load_all(settings)?.into_iter().map(|loaded| loaded.features);
        let mut layers: Vec<FeatureLayer> = configured.collect();
        let mut measured = vec![OnceLock::new(); layers.len()];
        let shelf = Shelf::of(&settings.data_folder);
        let mut ids = Vec::new();
        for entry in shelf
            .entries_at(at)?
            .into_iter()
            .filter(|entry| entry.retired.is_none())
        {
            layers.push(shelf.layer(&entry)?);
            measured.push(entry.measured.map_or_else(OnceLock::new, OnceLock::from));
            ids.push(entry.id);
        }
        Ok(Self {
            layers,
            ids,
            measured,
            flyable: Arc::default(),
        })
    }

    /// A book of these layers.
    pub fn of(layers: Vec<FeatureLayer>) -> Self {
        Self {
            measured: vec![OnceLock::new(); layers.len()],
            layers,
            ..Self::default()
        }
    }

    /// What a layer of this book measures; it is measured once.
    ///
    /// # Errors
    /// A layer that is larger than a city's surroundings.
    pub fn measured(&self, layer: &FeatureLayer) -> Result<Measured> {
        let is_it = |one: &FeatureLayer| std::ptr::eq(one, layer);
        let kept = self
            .layers
            .iter()
            .position(is_it)
            .and_then(|at| self.measured.get(at));
        if let Some(known) = kept.and_then(OnceLock::get) {
            return Ok(*known);
        }
        let found = Measured::of(layer)?;
        Ok(kept.map_or(found, |kept| *kept.get_or_init(|| found)))
    }

    /// The layers of heights and closed ground whose features reach near a place, and nothing else: a book may hold
    /// layers of cities that no working area has room for together.
    pub fn limits_near(&self, place: Wgs84) -> Self {
        // Wider than any margin that is believed.
        const NEAR_DEG: f64 = 1.5;
        let limits = [LayerKind::HeightLimit, LayerKind::NoFly, LayerKind::Temporary];
        let (x, y) = (place.longitude_deg, place.latitude_deg);
        let near = |[west, south, east, north]: [f64; 4]| {
            (west - NEAR_DEG..=east + NEAR_DEG).contains(&x)
                && (south - NEAR_DEG..=north + NEAR_DEG).contains(&y)
        };
        let limited = self
            .layers
            .iter()
            .filter(|layer| limits.contains(&layer.record.kind));
        let reduced = limited.map(|layer| FeatureLayer {
            record: layer.record.clone(),
            features: layer
                .features
                .iter()
                .filter(|feature| feature.shape.bounds_deg().is_some_and(near))
                .cloned()
                .collect(),
        });
        Self::of(reduced.collect())
    }

    /// Every layer with its id, which layers of the configuration do not have.
    pub fn with_ids(&self) -> impl Iterator<Item = (&FeatureLayer, Option<&str>)> {
        let configured = self.layers.len() - self.ids.len();
        let ids = self.ids.iter().map(|id| Some(id.as_str()));
        self.layers
            .iter()
            .zip(std::iter::repeat_n(None, configured).chain(ids))
    }

    /// Every layer and version.
    pub fn layers(&self) -> &[FeatureLayer] {
        &self.layers
    }

    /// The versions that count on a day.
    pub fn valid(&self, on: CivilDay) -> Vec<&FeatureLayer> {
        valid_on(&self.layers, on)
    }

    /// The versions of one kind that count on a day.
    pub fn of_kind(&self, kind: LayerKind, on: CivilDay) -> Vec<&FeatureLayer> {
        let mut valid = self.valid(on);
        valid.retain(|layer| layer.record.kind == kind);
        valid
    }

    /// The towns of a day.
    pub fn towns(&self, on: CivilDay) -> Vec<NamedArea> {
        self.named_areas(LayerKind::Town, on)
    }

    /// The districts of a day.
    pub fn districts(&self, on: CivilDay) -> Vec<NamedArea> {
        self.named_areas(LayerKind::District, on)
    }

    fn named_areas(&self, kind: LayerKind, on: CivilDay) -> Vec<NamedArea> {
        let areas = |layer: &FeatureLayer| {
            let layer_ref = layer.layer_ref();
            let features = layer.features.iter();
            features
                .map(|feature| NamedArea {
                    name: feature.name.clone().unwrap_or_default(),
                    code: feature.code.clone(),
                    polygons: feature.shape.polygons().to_vec(),
                    layer: layer_ref.clone(),
                })
                .collect::<Vec<_>>()
        };
        self.of_kind(kind, on).into_iter().flat_map(areas).collect()
    }

    /// The flyable area of a day with all that it rests on; `None` where no layer says where may be flown.
    ///
    /// # Errors
    /// A layer that reaches beyond the working area.
    pub fn flyable(&self, on: CivilDay, grid: &WorkingGrid) -> Result<Option<FlyableArea>, GridError> {
        flyable(&self.valid(on), grid)
    }

    /// The flyable area of a day on a grid of its own, made once for as long as the same layers count.
    ///
    /// # Errors
    /// As [`Self::flyable`], and layers without a place.
    pub fn flyable_kept(&self, on: CivilDay) -> Result<Option<FlyableArea>> {
        let parts = [
            LayerKind::LegalFree,
            LayerKind::Approved,
            LayerKind::ObstacleFree,
            LayerKind::Flyable,
        ];
        let mut valid = self.valid(on);
        valid.retain(|layer| parts.contains(&layer.record.kind));
        let Some(first) = valid.first() else {
            return Ok(None);
        };
        let rests_on: Vec<LayerRef> = valid.iter().map(|layer| layer.layer_ref()).collect();
        let mut kept = self.flyable.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, area)) = kept.iter().find(|(layers, _)| *layers == rests_on) {
            return Ok(Some(area.clone()));
        }
        let Some(area) = flyable(&valid, &grid_around(first)?)? else {
            return Ok(None);
        };
        if kept.len() == MOST_FLYABLE_KEPT {
            kept.remove(0);
        }
        kept.push((rests_on, area.clone()));
        Ok(Some(area))
    }

    /// Ground that is not flown over while the layers of a day count: permanent objects with their margins, and
    /// temporary areas. Whether a temporary area is closed at the time of a flight tells
    /// [`NoFlyZone::closed_between`].
    ///
    /// # Errors
    /// A margin or time that cannot be meant, a layer that reaches beyond the working area.
    pub fn no_fly(&self, on: CivilDay, grid: &WorkingGrid) -> Result<Vec<NoFlyZone>, AirspaceError> {
        let mut zones = Vec::new();
        for layer in self.valid(on) {
            if matches!(layer.record.kind, LayerKind::NoFly | LayerKind::Temporary) {
                zones.extend(no_fly_zones(layer, grid)?);
            }
        }
        Ok(zones)
    }

    /// How high may be flown on a day, place by place.
    ///
    /// # Errors
    /// A limit that cannot be meant, a layer that reaches beyond the working area.
    pub fn heights(&self, on: CivilDay, grid: &WorkingGrid) -> Result<HeightMap, AirspaceError> {
        let mut zones = Vec::new();
        for layer in self.of_kind(LayerKind::HeightLimit, on) {
            zones.extend(height_zones(layer)?);
        }
        Ok(HeightMap::new(zones, grid)?)
    }

    /// The targets of a day, of every kind.
    ///
    /// # Errors
    /// A number that cannot be meant.
    pub fn targets(&self, on: CivilDay) -> Result<Vec<Target>, PropertyError> {
        let mut targets = Vec::new();
        for layer in self.valid(on) {
            if layer.record.kind.is_target() {
                targets.extend(targets_of(layer)?);
            }
        }
        Ok(targets)
    }
}

/// The book of a running service: read again when a layer was imported or taken out of use.
#[derive(Debug)]
pub struct LayerDesk {
    settings: Settings,
    read: Mutex<Option<(Stamp, Arc<LayerBook>)>>,
}

type Stamp = (u64, Option<SystemTime>);

impl LayerDesk {
    /// The desk of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            read: Mutex::new(None),
        }
    }

    /// The book as it is now.
    ///
    /// # Errors
    /// As [`LayerBook::open`].
    pub fn book(&self) -> Result<Arc<LayerBook>> {
        let stamp = Shelf::of(&self.settings.data_folder).stamp();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, book)) = read.as_ref()
            && *at == stamp
        {
            return Ok(Arc::clone(book));
        }
        let book = Arc::new(LayerBook::open(&self.settings)?);
        *read = Some((stamp, Arc::clone(&book)));
        Ok(book)
    }
}
