//! `/health` and `/catalogue`: what this service is and which words it uses.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answers::catalogue::{CatalogueAnswer, catalogue as catalogue_answer};
use crate::api::error::ApiError;
use crate::api::state::Fixed;
use crate::clock;
use crate::workplace::Workplace;

/// State of the service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// Version of the program.
    pub version: String,
    /// Version of the rows.
    pub schema_version: i64,
    /// The data folder.
    pub data_folder: String,
    /// The model in use.
    pub model: Option<HealthModel>,
    /// Models that look beside it.
    pub further_models: Vec<FurtherModelAnswer>,
    /// Address of this service.
    pub listening_on: String,
    /// Whether people log in.
    pub accounts: bool,
    /// Photos in the data folder.
    pub photos: u64,
    /// Photos that a simulator made.
    pub simulated_photos: u64,
    /// The present, RFC 3339.
    pub now: String,
    /// Zone of civil days.
    pub time_zone: String,
}

/// The model in use.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthModel {
    /// Name on its card.
    pub name: String,
    /// Version on its card.
    pub version: String,
    /// SHA-256 of the model file.
    pub sha256: String,
    /// Whether ONNX Runtime is there to run it.
    pub loaded: bool,
    /// Licences and sources of its data.
    pub attribution: String,
}

/// A model that looks beside the one in use.
#[derive(Debug, Serialize, ToSchema)]
pub struct FurtherModelAnswer {
    /// Name on its card.
    pub name: String,
    /// Version on its card.
    pub version: String,
    /// SHA-256 of the model file.
    pub sha256: String,
    /// `active`: leads are made of what it finds; `shadow`: it is only compared.
    pub role: &'static str,
    /// Licences and sources of its data.
    pub attribution: String,
}

/// State of the service.
#[utoipa::path(get, path = "/api/v1/health", responses((status = 200, body = Health)))]
pub async fn health(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
) -> Result<Json<Health>, ApiError> {
    let counts = workplace.store.counts().await?;
    let model = fixed.card.as_ref().map(|card| HealthModel {
        name: card.name.clone(),
        version: card.version.clone(),
        sha256: card.sha256.clone(),
        loaded: fixed.runtime_found,
        attribution: card.attribution.clone(),
    });
    let further = fixed
        .further_models
        .iter()
        .map(|(card, role)| FurtherModelAnswer {
            name: card.name.clone(),
            version: card.version.clone(),
            sha256: card.sha256.clone(),
            role: role.as_str(),
            attribution: card.attribution.clone(),
        });
    Ok(Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version: workplace.store.schema_version(),
        data_folder: workplace.store.folder().display().to_string(),
        model,
        further_models: further.collect(),
        listening_on: fixed.address.to_string(),
        accounts: false,
        photos: counts.photos,
        simulated_photos: counts.simulated_photos,
        now: clock::now().to_string(),
        time_zone: workplace.zone.name().to_owned(),
    }))
}

/// Matters, classes, reasons and decisions.
#[utoipa::path(get, path = "/api/v1/catalogue", responses((status = 200, body = CatalogueAnswer)))]
pub async fn catalogue(State(workplace): State<Workplace>) -> Json<CatalogueAnswer> {
    Json(catalogue_answer(&workplace.config.catalogue))
}
