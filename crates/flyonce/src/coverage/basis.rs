//! What figures of a day rest on: the layers that count then, as ground cells, the docks, and who the layers are.

use anyhow::{Context, Result};
use survey::airspace::FlyableArea;
use survey::area::{Layer, Polygon};
use survey::cells::CellSet;
use survey::geodesy::Datum;
use survey::grid::WorkingGrid;
use survey::layers::{FeatureLayer, LayerKind, LayerRecord, LayerRef};
use survey::ledger::Labels;
use survey::raster::Lattice;
use survey::targets::Target;
use survey::time::{CivilDay, UtcMicros};

use crate::config::roster::Roster;
use crate::coverage::answer::LayerUse;
use crate::layers::building::first_place;
use crate::layers::{LayerBook, NamedArea};
use crate::workplace::Workplace;

/// The ground of a day.
#[derive(Debug, Clone)]
pub struct Basis {
    /// The day whose layers count.
    pub day: CivilDay,
    /// The grid of the data folder.
    pub grid: WorkingGrid,
    /// Cells of all sets here.
    pub lattice: Lattice,
    /// All layers.
    pub book: LayerBook,
    /// Where may be flown; `None` where no layer says so.
    pub flyable: Option<FlyableArea>,
    /// The same as cells; empty where no layer says so.
    pub flyable_cells: CellSet,
    /// Towns of the day.
    pub towns: Vec<NamedArea>,
    /// Districts of the day.
    pub districts: Vec<NamedArea>,
    /// Targets of the day.
    pub targets: Vec<Target>,
    /// Ground that is closed that day.
    pub closed: Vec<Polygon>,
    /// Docks that stood there that day, and their camera.
    pub roster: Roster,
    /// All docks of the roster: the calendar names them, whatever the day.
    pub all_docks: Roster,
}

impl Basis {
    /// Reads layers and docks for a day, or the layers that were known at an instant. `None` where nothing says where this city is: no photo with a pose, no layer, no
    /// dock.
    ///
    /// # Errors
    /// Layers or a roster that cannot be read or lie outside the working area.
    pub async fn of(
        workplace: &Workplace,
        day: CivilDay,
        known_at: Option<UtcMicros>,
        cell_m: f64,
    ) -> Result<Option<Self>> {
        let settings = &workplace.config.settings;
        let roster = Roster::load(&settings.fleet.roster_path(&settings.data_folder))?;
        let book = LayerBook::known_at(settings, known_at)?;
        let Some(grid) = grid(workplace, &book, &roster).await? else {
            return Ok(None);
        };
        let lattice = Lattice::new(cell_m);
        tokio::task::block_in_place(|| Self::painted(book, roster, (grid, lattice), day)).map(Some)
    }

    fn painted(
        book: LayerBook,
        roster: Roster,
        (grid, lattice): (WorkingGrid, Lattice),
        day: CivilDay,
    ) -> Result<Self> {
        let flyable = book.flyable(day, &grid).context("the flyable area")?;
        let polygons = flyable.as_ref().map_or(&[][..], |area| &area.polygons);
        let flyable_cells = CellSet::of_polygons(grid.clone(), lattice, polygons)?;
        let closed = book.no_fly(day, &grid)?;
        Ok(Self {
            day,
            flyable_cells,
            towns: book.towns(day),
            districts: book.districts(day),
            targets: book.targets(day)?,
            closed: closed
                .into_iter()
                .filter(|zone| zone.closed.is_none())
                .flat_map(|zone| zone.polygons)
                .collect(),
            flyable,
            grid,
            lattice,
            book,
            roster: roster.on(day),
            all_docks: roster,
        })
    }

    /// What the ledger has to be labelled with.
    ///
    /// # Errors
    /// Layers outside the working area.
    pub fn labels(&self) -> Result<Labels> {
        let towns: Vec<Layer> = self
            .towns
            .iter()
            .map(|town| ground_layer(&town.layer, &town.name, &town.polygons))
            .collect();
        let flyable = self.flyable.as_ref().map(|area| {
            let first = area.rests_on.first();
            let version = first.map_or_else(String::new, |layer| layer.version.clone());
            Layer {
                name: first.map_or_else(|| "flyable".to_owned(), |layer| layer.name.clone()),
                version,
                datum: Datum::Wgs84,
                polygons: area.polygons.clone(),
                source: String::new(),
            }
        });
        Ok(Labels::new(&self.grid, self.lattice, &towns, flyable.as_ref())?)
    }

    /// What tells these labels from others: the ledger is labelled anew when it changes.
    pub fn label_key(&self) -> String {
        let towns = self.towns.iter().map(|town| town.layer.to_string());
        let flyable = self
            .flyable
            .iter()
            .flat_map(|area| area.rests_on.iter().map(ToString::to_string));
        let mut all: Vec<String> = towns.chain(flyable).collect();
        all.dedup();
        all.join("; ")
    }

    /// The cells of some polygons.
    ///
    /// # Errors
    /// Polygons outside the working area.
    pub fn cells(&self, polygons: &[Polygon]) -> Result<CellSet> {
        Ok(CellSet::of_polygons(self.grid.clone(), self.lattice, polygons)?)
    }

    /// The layers of these kinds that count on the day.
    pub fn layers(&self, kinds: &[LayerKind]) -> Vec<LayerUse> {
        let of_kind = |layer: &&FeatureLayer| kinds.contains(&layer.record.kind);
        self.book
            .valid(self.day)
            .into_iter()
            .filter(of_kind)
            .map(|layer| layer_use(&layer.record))
            .collect()
    }

    /// The layers that the three numbers of the whole and of towns rest on.
    pub fn figure_layers(&self) -> Vec<LayerUse> {
        use LayerKind::{Approved, District, Flyable, LegalFree, NoFly, ObstacleFree, Temporary, Town};
        self.layers(&[
            District,
            Town,
            Flyable,
            LegalFree,
            Approved,
            ObstacleFree,
            NoFly,
            Temporary,
        ])
    }

    /// Kinds of layers that there are none of.
    pub fn missing(&self) -> Vec<String> {
        let Some(flyable) = &self.flyable else {
            return vec![LayerKind::Flyable.name().to_owned()];
        };
        let mut missing: Vec<String> = flyable
            .missing
            .iter()
            .map(|kind| kind.name().to_owned())
            .collect();
        if self.towns.is_empty() {
            missing.push(LayerKind::Town.name().to_owned());
        }
        missing
    }
}

fn layer_use(record: &LayerRecord) -> LayerUse {
    LayerUse {
        kind: record.kind.name().to_owned(),
        name: record.name.clone(),
        version: record.version.clone(),
        valid_from: record.validity.from.map(|day| day.to_string()),
        valid_to: record.validity.to.map(|day| day.to_string()),
        source: Some(record.source.clone()).filter(|source| !source.is_empty()),
    }
}

/// Polygons as one layer of ground.
pub fn ground_layer(layer: &LayerRef, name: &str, polygons: &[Polygon]) -> Layer {
    Layer {
        name: name.to_owned(),
        version: layer.version.clone(),
        datum: Datum::Wgs84,
        polygons: polygons.to_vec(),
        source: layer.name.clone(),
    }
}

/// The grid of the data folder; before any photo has a pose, one around the first layer or dock.
async fn grid(workplace: &Workplace, book: &LayerBook, roster: &Roster) -> Result<Option<WorkingGrid>> {
    if let Some(grid) = workplace.working_grid().await? {
        return Ok(Some(grid));
    }
    let in_layers = book.layers().iter().find_map(first_place);
    let corner = in_layers.or_else(|| roster.docks.first().map(|dock| dock.position));
    Ok(corner.map(WorkingGrid::centred).transpose()?)
}
