//! `/images` and `/crops`: pictures for people. What is derived carries no EXIF and is kept in the data folder,
//! so that it is made once.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use vision::decode_jpeg;

use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::Fixed;
use crate::lang::Words;
use crate::picture;
use crate::workplace::Workplace;

/// Size of a view.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ViewQuery {
    /// Width in pixels, 16 to 8192; never enlarged.
    pub width: Option<u32>,
}

/// Size and surroundings of a crop.
#[derive(Debug, Deserialize, IntoParams)]
pub struct CropQuery {
    /// Box sizes added on each side, 0 to 10.
    pub margin: Option<f64>,
    /// Width in pixels, 16 to 2048; never enlarged.
    pub width: Option<u32>,
}

/// Derived pictures never change: their address says what they are made of.
const CACHE_FOR_EVER: &str = "private, max-age=31536000, immutable";

/// The picture without EXIF, scaled down.
#[utoipa::path(get, path = "/api/v1/images/{sha256}", params(("sha256" = String, Path), ViewQuery),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 404, body = ErrorBody)))]
pub async fn view(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Path(sha256): Path<String>,
    Query(query): Query<ViewQuery>,
) -> Result<Response, ApiError> {
    // The nearest of a few widths, so that a curious client cannot fill the disk with sizes.
    let width = [320, 640, 1280, 2048, 4096, 8192]
        .into_iter()
        .find(|width| *width >= query.width.unwrap_or(2048));
    let width = width.unwrap_or(8192);
    known_photo(&workplace, &sha256).await?;
    let kept = derived_folder(&workplace).join(format!("{sha256}-{width}.jpg"));
    let make = move |photo: &image::RgbImage| picture::view(photo, width);
    derived(workplace, fixed, sha256, kept, make).await
}

/// The original file, as it came.
#[utoipa::path(get, path = "/api/v1/images/{sha256}/original", params(("sha256" = String, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 404, body = ErrorBody)))]
pub async fn original(
    State(workplace): State<Workplace>,
    Path(sha256): Path<String>,
) -> Result<Response, ApiError> {
    let photo = known_photo(&workplace, &sha256).await?;
    let store = workplace.store.clone();
    let bytes = tokio::task::spawn_blocking(move || store.read_original_verified(&photo))
        .await
        .map_err(ApiError::internal)??;
    let disposition = format!("inline; filename=\"{sha256}.jpg\"");
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, CACHE_FOR_EVER),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
    ];
    Ok((headers, bytes).into_response())
}

/// The surroundings of a detection.
#[utoipa::path(get, path = "/api/v1/crops/{detection}", params(("detection" = String, Path), CropQuery),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 404, body = ErrorBody)))]
pub async fn crop(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Path(detection): Path<String>,
    Query(query): Query<CropQuery>,
) -> Result<Response, ApiError> {
    let width = [256, 512, 1024, 2048]
        .into_iter()
        .find(|width| *width >= query.width.unwrap_or(512))
        .unwrap_or(2048);
    // In steps of a quarter box, for the same reason as the widths.
    let quarters = (query
        .margin
        .filter(|margin| margin.is_finite())
        .unwrap_or(0.5)
        .clamp(0.0, 10.0)
        * 4.0)
        .round();
    let row = workplace.store.detection(&detection).await?;
    let kept =
        derived_folder(&workplace).join(format!("{}-{width}-{quarters}.jpg", row.detection.detection_id));
    let box_px = row.detection.box_px;
    let make = move |photo: &image::RgbImage| picture::crop(photo, box_px, quarters / 4.0, width);
    derived(workplace, fixed, row.sha256, kept, make).await
}

/// Answers only for photos that have a row, and gives back the hash as it is in the row.
async fn known_photo(workplace: &Workplace, sha256: &str) -> Result<String, ApiError> {
    match workplace.store.photo_by_sha256(sha256).await? {
        Some(photo) => Ok(photo.sha256),
        None => Err(ApiError::not_found(Words::new(
            "没有这张照片",
            "there is no such photo",
        ))),
    }
}

fn derived_folder(workplace: &Workplace) -> PathBuf {
    workplace.store.folder().join("derived")
}

async fn derived(
    workplace: Workplace,
    fixed: Arc<Fixed>,
    sha256: String,
    kept: PathBuf,
    make: impl FnOnce(&image::RgbImage) -> anyhow::Result<Vec<u8>> + Send + 'static,
) -> Result<Response, ApiError> {
    if let Ok(bytes) = tokio::fs::read(&kept).await {
        return Ok(jpeg(bytes));
    }
    let permit = Arc::clone(&fixed.decoding)
        .acquire_owned()
        .await
        .map_err(ApiError::internal)?;
    let bytes = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, ApiError> {
        let _permit = permit;
        let original = workplace.store.read_original(&sha256)?;
        let max_pixels = u64::from(workplace.config.settings.max_megapixels) * 1_000_000;
        let photo = decode_jpeg(&original, max_pixels).map_err(|error| {
            ApiError::not_found(Words::new(
                format!("照片无法显示:{error}"),
                format!("the photo cannot be shown: {error}"),
            ))
        })?;
        drop(original);
        let bytes = make(&photo)?;
        if let Err(error) = keep(&kept, &bytes) {
            tracing::warn!(%error, path = %kept.display(), "derived picture not kept");
        }
        Ok(bytes)
    })
    .await
    .map_err(ApiError::internal)??;
    Ok(jpeg(bytes))
}

fn keep(path: &FilePath, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(FilePath::new("."));
    std::fs::create_dir_all(folder)?;
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut part, bytes)?;
    part.persist(path)?;
    Ok(())
}

fn jpeg(bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, CACHE_FOR_EVER),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes).into_response()
}
