//! Files of layers: GeoJSON (one object, or one a line), KML, KMZ, and Shapefile (in a zip, in a folder, or loose with
//! its companions).

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use formats::features::FeatureFile;
use formats::shapefile::{self, ShapefileParts};
use formats::{geojson, kml};
use zip::ZipArchive;

use crate::lang::Words;
use crate::layers::words::Refused;

/// Files by name and content.
pub type Originals = Vec<(String, Vec<u8>)>;

/// Endings of files that are read.
const ENDINGS: [&str; 9] = [
    "geojson", "json", "geojsonl", "geojsons", "ndjson", "kml", "kmz", "zip", "shp",
];
/// Files that stand beside a `.shp` and cannot be read without it.
const COMPANIONS: [&str; 6] = ["dbf", "shx", "prj", "cpg", "sbn", "qpj"];
/// Largest file that is taken out of a zip.
const LARGEST_BYTES: u64 = 512 * 1024 * 1024;

/// A file and what it holds.
#[derive(Debug)]
pub struct ReadFile {
    /// Features as written.
    pub content: FeatureFile,
    /// The bytes as they came, one file or the parts of a shapefile: name and content.
    pub originals: Originals,
    /// Name for a layer that is given none.
    pub stem: String,
    /// Whether its format has no room for a datum, so that it has to be stated.
    pub is_kml: bool,
}

/// Reads a file by its ending; of a folder the one file of a layer that lies in it.
///
/// # Errors
/// A file that cannot be read, in its own words with the place of the fault.
pub fn read(path: &Path) -> Result<ReadFile> {
    let found = the_file(path)?;
    let file = found.as_path();
    let shown = file.display();
    let bytes = fs::read(file).map_err(|error| unreadable(file, &error))?;
    if bytes.is_empty() {
        return Err(Refused::error(
            format!("图层 {shown}:文件是空的(0 字节),请重新复制"),
            format!("layer {shown}: the file is empty (0 bytes); copy it again"),
        ));
    }
    let mut originals = vec![(name_of(file), bytes)];
    let ending = ending_of(file);
    let (content, is_kml) = match ending.as_str() {
        "shp" => {
            loose(file, &mut originals).and_then(|parts| Ok((shapefile::read_shapefile(&parts)?, false)))
        }
        // A KMZ under another name is a zip, too.
        "zip" | "kmz" | "kml" if originals[0].1.starts_with(b"PK") => archive(&originals[0].1),
        "zip" => archive(&originals[0].1),
        _ => plain(&ending, &originals[0].1),
    }
    .with_context(|| format!("layer {shown}"))?;
    Ok(ReadFile {
        content,
        originals,
        stem: file
            .file_stem()
            .map_or_else(|| "layer".to_owned(), |stem| stem.to_string_lossy().into_owned()),
        is_kml,
    })
}

/// A file that is no archive.
fn plain(ending: &str, bytes: &[u8]) -> Result<(FeatureFile, bool)> {
    Ok(match ending {
        "kml" => (kml::read_kml(bytes)?, true),
        "kmz" => (kml::read_kmz(bytes)?, true),
        _ => (geojson::read_bytes(bytes)?, false),
    })
}

/// A zip: a KMZ, a shapefile, or one file of another format.
fn archive(bytes: &[u8]) -> Result<(FeatureFile, bool)> {
    let Ok(mut zip) = ZipArchive::new(Cursor::new(bytes)) else {
        // The reader of shapefiles says in its own words what is wrong with a zip.
        return Ok((shapefile::read_shapefile(&shapefile::unpack(bytes)?)?, false));
    };
    let mut plain_files = Vec::new();
    for (index, raw) in zip.file_names_raw().enumerate() {
        let name = String::from_utf8_lossy(raw).into_owned();
        let ending = ending_of(Path::new(&name));
        match ending.as_str() {
            "shp" => return Ok((shapefile::read_shapefile(&shapefile::unpack(bytes)?)?, false)),
            "kml" => return Ok((kml::read_kmz(bytes)?, true)),
            _ if name.starts_with("__MACOSX") => {}
            ending if ENDINGS.contains(&ending) && ending != "zip" => {
                plain_files.push((index, ending.to_owned()));
            }
            _ => {}
        }
    }
    let [(index, ending)] = &plain_files[..] else {
        return Ok((shapefile::read_shapefile(&shapefile::unpack(bytes)?)?, false));
    };
    let mut content = Vec::new();
    zip.by_index(*index)?
        .take(LARGEST_BYTES + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST_BYTES {
        return Err(Refused::error(
            format!("压缩包内的文件超过 {LARGEST_BYTES} 字节"),
            format!("the file in the zip is larger than {LARGEST_BYTES} bytes"),
        ));
    }
    plain(ending, &content)
}

/// The file that is meant: of a folder the one in it, of a companion its `.shp`.
fn the_file(path: &Path) -> Result<PathBuf> {
    let shown = path.display();
    let ending = ending_of(path);
    if path.is_dir() {
        if ending == "gdb" {
            return Err(other_format(path));
        }
        let entries = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
        let inside = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut found: Vec<PathBuf> = inside
            .filter(|path| path.is_file() && ENDINGS.contains(&ending_of(path).as_str()))
            .collect();
        found.sort();
        return match &found[..] {
            [one] => Ok(one.clone()),
            [] => Err(Refused::error(
                format!("文件夹 {shown} 里没有图层文件({})", ENDINGS.join("、")),
                format!(
                    "folder {shown}: there is no file of a layer in it ({})",
                    ENDINGS.join(", ")
                ),
            )),
            many => {
                let names: Vec<String> = many.iter().take(10).map(|path| name_of(path)).collect();
                Err(Refused::error(
                    format!("文件夹 {shown} 里有多个图层文件,请指定一个:{}", names.join("、")),
                    format!(
                        "folder {shown}: there are several files of layers in it; name one: {}",
                        names.join(", ")
                    ),
                ))
            }
        };
    }
    if COMPANIONS.contains(&ending.as_str()) {
        return companion(path, "shp").ok_or_else(|| {
            Refused::error(
                format!("{shown} 是 Shapefile 的附属文件,旁边没有 .shp"),
                format!("{shown} belongs to a shapefile, and there is no .shp beside it"),
            )
        });
    }
    if path.exists() && !ENDINGS.contains(&ending.as_str()) {
        return Err(other_format(path));
    }
    Ok(path.to_owned())
}

fn other_format(path: &Path) -> anyhow::Error {
    let shown = path.display();
    Refused::error(
        format!(
            "图层 {shown}:文件名须以 .geojson、.json、.geojsonl、.kml、.kmz、.zip 或 .shp 结尾;其他格式(GeoPackage、DXF、\
             MapInfo、File GDB)请先转换:ogr2ogr -f GeoJSON out.geojson 文件"
        ),
        format!(
            "layer {shown}: the name has to end in .geojson, .json, .geojsonl, .kml, .kmz, .zip or .shp; convert other \
             formats (GeoPackage, DXF, MapInfo, File GDB) first: ogr2ogr -f GeoJSON out.geojson FILE"
        ),
    )
}

fn unreadable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let shown = path.display();
    let is_missing = error.kind() == std::io::ErrorKind::NotFound;
    let reason = Words::new(
        if is_missing {
            "没有这个文件".to_owned()
        } else {
            error.to_string()
        },
        error.to_string(),
    );
    // A path that was copied from Windows.
    let hint = if is_missing && path.to_string_lossy().contains('\\') {
        Words::new("(这里的路径用 / 分隔)", " (folders are separated by / here)")
    } else {
        Words::new("", "")
    };
    Refused::error(
        format!("无法读取图层 {shown}:{}{}", reason.zh, hint.zh),
        format!("cannot read the layer {shown}: {}{}", reason.en, hint.en),
    )
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn ending_of(path: &Path) -> String {
    path.extension().map_or_else(String::new, |ending| {
        ending.to_string_lossy().to_ascii_lowercase()
    })
}

/// The companions of a loose `.shp`, in whatever case their endings are.
fn loose(shp: &Path, originals: &mut Originals) -> Result<ShapefileParts> {
    let mut parts = ShapefileParts {
        name: shp.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        shp: originals
            .first()
            .map(|(_, bytes)| bytes.clone())
            .unwrap_or_default(),
        ..ShapefileParts::default()
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for ending in ["dbf", "prj", "cpg"] {
        let Some(path) = companion(shp, ending) else {
            continue;
        };
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        match ending {
            "dbf" => parts.dbf = Some(bytes.clone()),
            "prj" => parts.prj = Some(text(&bytes)),
            _ => parts.cpg = Some(text(&bytes)),
        }
        originals.push((name_of(&path), bytes));
    }
    Ok(parts)
}

/// The file of the same name with another ending, in whatever case that is written.
fn companion(file: &Path, ending: &str) -> Option<PathBuf> {
    let exact = file.with_extension(ending);
    if exact.is_file() {
        return Some(exact);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.find(|path| path.file_stem() == file.file_stem() && ending_of(path) == ending && path.is_file())
}
