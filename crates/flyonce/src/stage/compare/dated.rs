//! A photo of one of the two dates: its name, its bytes when they are needed, and where it was taken from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use formats::photo::read_photo;
use image::RgbImage;
use sha2::{Digest, Sha256};
use store::Store;
use store::rows::PhotoRow;
use survey::camera::CameraModel;
use survey::pose::Pose;
use vision::decode_jpeg;

use crate::config::settings::Settings;
use crate::stage::intake::list_photos;
use crate::stage::look::stored_placement;
use crate::stage::placing::place;

/// A photo of one date.
#[derive(Debug, Clone)]
pub struct DatedPhoto {
    /// How people know it.
    pub name: String,
    /// Where its bytes lie.
    pub path: PathBuf,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// When it was taken, as the photo or its row states it.
    pub captured_at: Option<String>,
    /// Where it was taken from, where known.
    pub placement: Option<(Pose, CameraModel)>,
    /// Whether a simulator made it.
    pub simulated: bool,
}

impl DatedPhoto {
    /// Of a picture file. A picture that is no drone photo simply has no place.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of_file(path: &Path, settings: &Settings) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let metadata = read_photo(&bytes).ok();
        let placement = metadata
            .as_ref()
            .and_then(|metadata| place(metadata, &settings.geolocation).ok())
            .map(|placement| (placement.pose, placement.camera));
        let captured_at = metadata
            .as_ref()
            .and_then(|metadata| metadata.capture.as_ref())
            .map(|capture| {
                let at = capture.local;
                format!(
                    "{:04}-{:02}-{:02} {:02}:{:02}",
                    at.year, at.month, at.day, at.hour, at.minute
                )
            });
        Ok(Self {
            name: path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned(),
            path: path.to_owned(),
            sha256: hex::encode(Sha256::digest(&bytes)),
            captured_at,
            placement,
            simulated: metadata.is_some_and(|metadata| metadata.simulated),
        })
    }

    /// All photos of a folder, in the order of their names.
    ///
    /// # Errors
    /// A folder that cannot be read or has no photos.
    pub fn of_folder(folder: &Path, settings: &Settings) -> Result<Vec<Self>> {
        let (paths, _others) = list_photos(&[folder.to_owned()])?;
        if paths.is_empty() {
            bail!("there are no photos in {}", folder.display());
        }
        paths.iter().map(|path| Self::of_file(path, settings)).collect()
    }

    /// All photos of a sortie in the data folder.
    ///
    /// # Errors
    /// A sortie without photos, or a stored pose that cannot be read.
    pub async fn of_sortie(sortie_id: &str, store: &Store) -> Result<Vec<Self>> {
        let rows = store.photos_of_sortie(sortie_id).await?;
        if rows.is_empty() {
            bail!(
                "{sortie_id} is neither a picture, nor a folder, nor a sortie with photos in {}",
                store.folder().display()
            );
        }
        rows.iter().map(|row| Self::of_row(row, store)).collect()
    }

    fn of_row(row: &PhotoRow, store: &Store) -> Result<Self> {
        Ok(Self {
            name: row.names.first().cloned().unwrap_or_else(|| row.photo_id.clone()),
            path: store.original_path(&row.sha256)?,
            sha256: row.sha256.clone(),
            captured_at: row.captured_at.map(|at| at.to_string()),
            placement: stored_placement(row)?,
            simulated: row.simulated,
        })
    }

    /// Its pixels. JPEGs are checked for being whole; PNGs are taken, too.
    ///
    /// # Errors
    /// Bytes that are no whole picture, with the name of the file.
    pub fn pixels(&self, max_megapixels: u32) -> Result<RgbImage> {
        read_picture(&self.path, max_megapixels).with_context(|| self.name.clone())
    }
}

/// A JPEG or PNG file as pixels.
///
/// # Errors
/// Bytes that are no whole picture.
pub fn read_picture(path: &Path, max_megapixels: u32) -> Result<RgbImage> {
    const PNG_START: [u8; 4] = [0x89, b'P', b'N', b'G'];
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !bytes.starts_with(&PNG_START) {
        return Ok(decode_jpeg(&bytes, u64::from(max_megapixels) * 1_000_000)?);
    }
    let mut reader = image::ImageReader::with_format(std::io::Cursor::new(&bytes), image::ImageFormat::Png);
    let mut limits = image::Limits::default();
    // Four channels of 16 bits are the most a PNG has.
    limits.max_alloc = Some(u64::from(max_megapixels) * 8_000_000);
    reader.limits(limits);
    Ok(reader.decode().context("the PNG cannot be decoded")?.into_rgb8())
}
