//! `/coverage/map.png`, `/coverage/age/…`, `/coverage/tiles/…`: the age of ground as a picture, as tiles of pixels, and
//! ages, towns, flyable ground, gaps and docks as vector tiles.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use formats::placed::{Feature, Shape, Value};
use formats::vector_tile::{self, TileAddress, TileLayer};
use serde::{Deserialize, Serialize};
use survey::area::Polygon;
use utoipa::{IntoParams, ToSchema};

use crate::api::coverage_questions::{CoverageAsked, sensible, somewhere, told};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::{ApiState, Fixed};
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{FoundGap, FoundGaps, rings};
use crate::coverage::{age_map, age_tiles};
use crate::lang::{Lang, Words};

/// Tiles are asked for again after so long.
const FRESH: &str = "private, max-age=30";

/// The doors below `/coverage` that answer in pictures and tiles.
pub fn router() -> Router<ApiState> {
    Router::new()
        .route("/map.png", get(map))
        .route("/age/{z}/{x}/{file}", get(age_tile))
        .route("/tiles.json", get(tile_set))
        .route("/tiles/{z}/{x}/{file}", get(vector_tile))
}

/// How a picture is written.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
pub struct PictureAsked {
    /// `zh` (if left out) or `en`: the language of its words.
    #[serde(default)]
    lang: Lang,
}

/// The map: age of ground, docks, gaps, legend, scale bar, north.
#[utoipa::path(get, path = "/api/v1/coverage/map.png", params(CoverageAsked, PictureAsked),
    responses((status = 200, body = Vec<u8>, content_type = "image/png"), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub async fn map(
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
    Query(PictureAsked { lang }): Query<PictureAsked>,
) -> Result<Response, ApiError> {
    let answer = fixed.coverage.ask_gaps(asked.read()?, &told, |figures, found| {
        // Before any layer and photo there is nothing to draw.
        if age_map::shown_ground(figures)?.is_empty() {
            return Ok(None);
        }
        age_map::map_png(figures, found, lang).map(Some)
    });
    let png = somewhere(sensible(answer.await)?.flatten())?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/png"),
            (header::CACHE_CONTROL, FRESH),
        ],
        png,
    )
        .into_response())
}

/// Ages as a tile of 256 × 256 pixels, `z/x/y.png` in Web Mercator.
#[utoipa::path(get, path = "/api/v1/coverage/age/{z}/{x}/{file}",
    params(("z" = u32, Path), ("x" = u32, Path), ("file" = String, Path), CoverageAsked),
    responses((status = 200, body = Vec<u8>, content_type = "image/png"), (status = 404, body = ErrorBody)))]
pub async fn age_tile(
    State(fixed): State<Arc<Fixed>>,
    Path((z, x, file)): Path<(u32, u32, String)>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Response, ApiError> {
    let (_, y) = address(z, x, &file, ".png")?;
    let answer = fixed.coverage.ask(asked.read()?, &told, |figures, _| {
        age_map::tile_png(figures, (z, x, y))
    });
    let png = somewhere(sensible(answer.await)?)?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/png"),
            (header::CACHE_CONTROL, FRESH),
        ],
        png,
    )
        .into_response())
}

/// Vector tile `z/x/y.mvt` with the layers `ages`, `flyable`, `towns`, `gaps` and `docks`.
#[utoipa::path(get, path = "/api/v1/coverage/tiles/{z}/{x}/{file}",
    params(("z" = u32, Path), ("x" = u32, Path), ("file" = String, Path), CoverageAsked),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.mapbox-vector-tile"),
        (status = 404, body = ErrorBody)))]
pub async fn vector_tile(
    State(fixed): State<Arc<Fixed>>,
    Path((z, x, file)): Path<(u32, u32, String)>,
    Query(asked): Query<CoverageAsked>,
) -> Result<Response, ApiError> {
    let (address, _) = address(z, x, &file, ".mvt")?;
    let answer = fixed.coverage.ask_gaps(asked.read()?, &told, |figures, found| {
        let mut layers = layers(figures, found);
        layers.insert(0, age_layer(figures, address)?);
        Ok(vector_tile::write(address, &layers)?)
    });
    let tile = somewhere(sensible(answer.await)?)?;
    let kind = "application/vnd.mapbox-vector-tile";
    Ok((
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FRESH)],
        tile,
    )
        .into_response())
}

/// A description of the vector tiles as map programs read it (TileJSON 3.0.0).
#[derive(Debug, Serialize, ToSchema)]
pub struct TileSet {
    /// Version of TileJSON.
    pub tilejson: String,
    /// Name of the set.
    pub name: String,
    /// Pattern of the tiles' addresses.
    pub tiles: Vec<String>,
    /// West, south, east and north of what is shown, degrees; left out where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<[f64; 4]>,
    /// Coarsest zoom.
    pub minzoom: u8,
    /// Deepest zoom worth asking for.
    pub maxzoom: u8,
    /// Layers and the attributes of their features.
    pub vector_layers: Vec<TileSetLayer>,
}

/// A layer of a tile set.
#[derive(Debug, Serialize, ToSchema)]
pub struct TileSetLayer {
    /// Its name.
    pub id: String,
    /// Attribute by attribute: what kind of value it is.
    pub fields: BTreeMap<String, String>,
}

/// Where the vector tiles are, what ground they show and what is in them, as TileJSON: what is asked for here is asked
/// for of the tiles, too.
#[utoipa::path(get, path = "/api/v1/coverage/tiles.json", params(CoverageAsked),
    responses((status = 200, body = TileSet), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn tile_set(
    State(fixed): State<Arc<Fixed>>,
    Query(asked): Query<CoverageAsked>,
    RawQuery(query): RawQuery,
) -> Result<Json<TileSet>, ApiError> {
    let answer = fixed
        .coverage
        .ask(asked.read()?, &told, |figures, _| age_tiles::bounds_deg(figures));
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let pattern = format!(
        "http://{}/api/v1/coverage/tiles/{{z}}/{{x}}/{{y}}.mvt{query}",
        fixed.address
    );
    let vector_layers = TILE_FIELDS.iter().map(|(id, fields)| TileSetLayer {
        id: (*id).to_owned(),
        fields: fields
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
            .collect(),
    });
    Ok(Json(TileSet {
        tilejson: "3.0.0".to_owned(),
        name: "FlyOnce coverage".to_owned(),
        tiles: vec![pattern],
        bounds: somewhere(sensible(answer.await)?)?,
        minzoom: 0,
        maxzoom: age_tiles::DEEPEST_ZOOM,
        vector_layers: vector_layers.collect(),
    }))
}

/// The layers of a tile with the attributes of their features.
const TILE_FIELDS: [(&str, &[(&str, &str)]); 5] = [
    (
        "ages",
        &[
            ("class", "Number"),
            ("seen", "Boolean"),
            ("from_days", "Number"),
            ("to_days", "Number"),
        ],
    ),
    ("flyable", &[]),
    ("towns", &[("name", "String")]),
    (
        "gaps",
        &[
            ("name", "String"),
            ("rank", "Number"),
            ("age_days", "Number"),
            ("area_m2", "Number"),
            ("priority", "Number"),
            ("flight_minutes", "Number"),
        ],
    ),
    ("docks", &[("dock_id", "String")]),
];

/// The tile and its row; 404 where there is none.
fn address(z: u32, x: u32, file: &str, ending: &str) -> Result<(TileAddress, u32), ApiError> {
    let y = file.strip_suffix(ending).and_then(|row| row.parse::<u32>().ok());
    let found = y.and_then(|y| Some((TileAddress::new(z, x, y).ok()?, y)));
    found.ok_or_else(|| {
        ApiError::not_found(Words::new(
            format!("没有瓦片 {z}/{x}/{file}"),
            format!("there is no tile {z}/{x}/{file}"),
        ))
    })
}

fn age_layer(figures: &Figures<'_>, address: TileAddress) -> Result<TileLayer> {
    Ok(TileLayer {
        name: "ages".to_owned(),
        features: age_tiles::ages(figures, address)?,
    })
}

fn layers(figures: &Figures<'_>, found: &FoundGaps) -> Vec<TileLayer> {
    let basis = &figures.scene.basis;
    let ground = |polygons: &[Polygon], values: BTreeMap<String, Value>| Feature {
        shape: Shape::Polygons(polygons.iter().map(rings).collect()),
        values,
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let flyable = basis.flyable.as_ref().filter(|area| !area.polygons.is_empty());
    let towns = basis.towns.iter().filter(|town| !town.polygons.is_empty());
    vec![
        TileLayer {
            name: "flyable".to_owned(),
            features: flyable
                .map(|area| ground(&area.polygons, BTreeMap::new()))
                .into_iter()
                .collect(),
        },
        TileLayer {
            name: "towns".to_owned(),
            features: towns
                .map(|town| {
                    ground(
                        &town.polygons,
                        BTreeMap::from([("name".to_owned(), text(&town.name))]),
                    )
                })
                .collect(),
        },
        TileLayer {
            name: "gaps".to_owned(),
            features: found
                .gaps
                .iter()
                .map(|gap| ground(std::slice::from_ref(&gap.gap.polygon), gap_values(gap)))
                .collect(),
        },
        TileLayer {
            name: "docks".to_owned(),
            features: age_tiles::docks(figures),
        },
    ]
}

fn gap_values(FoundGap { answer, .. }: &FoundGap) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::from([
        ("name".to_owned(), Value::Text(answer.name.clone())),
        ("rank".to_owned(), Value::Whole(i64::from(answer.rank))),
        ("age_days".to_owned(), Value::Number(answer.age_days)),
        ("area_m2".to_owned(), Value::Number(answer.area_m2)),
        ("priority".to_owned(), Value::Number(answer.priority)),
    ]);
    if let Some(minutes) = answer.flight_minutes {
        values.insert("flight_minutes".to_owned(), Value::Number(minutes));
    }
    values
}
