//! The settings of `flyonce.toml`, typed and with their defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use survey::camera::CameraCard;
use survey::layers::{LayerKind, Validity};
use survey::reference::Reference;
use survey::time::CityZone;
use vision::QualityLimits;

use crate::config::cameras;
use crate::config::coverage::{self, CoverageSettings};
use crate::config::fleet::FleetSettings;
use crate::config::further_models::{self, FurtherModel};
use crate::config::heights::HeightSetting;
use crate::config::mavlink::MavlinkSettings;
use crate::config::quality;
use crate::config::reach::ReachSettings;
use crate::config::reader::{Mistake, Reader, Section};
use crate::config::validity::days;
use crate::lang::Words;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// IANA name of the city's zone.
    pub time_zone: String,
    /// First part of lead numbers.
    pub lead_prefix: String,
    /// Folder of originals and rows.
    pub data_folder: PathBuf,
    /// PostgreSQL address; `None` is SQLite in the folder.
    pub database_url: Option<String>,
    /// ONNX Runtime library for machines without network.
    pub onnxruntime_library: Option<PathBuf>,
    /// Card of the model to use; `None` is the built-in one.
    pub model_card: Option<PathBuf>,
    /// Models that look at the same photos beside it.
    pub further_models: Vec<FurtherModel>,
    /// Photos looked at side by side; 0 lets the program choose.
    pub workers: u32,
    /// Pictures above this are kept but not looked at.
    pub max_megapixels: u32,
    /// How often the ground of a sortie is looked at.
    pub looks: LookSettings,
    /// Assumed uncertainties.
    pub geolocation: GeolocationSettings,
    /// From where on a photo is not looked at; `None` looks at all.
    pub quality: Option<QualityLimits>,
    /// Edge of a coverage cell, metres.
    pub cell_m: f64,
    /// Coarsest ground sampling distance that counts as seen, centimetres per pixel.
    pub max_gsd_cm: f64,
    /// Targets, gaps and how they are flown.
    pub coverage: CoverageSettings,
    /// Layers of polygons.
    pub layers: Vec<LayerSetting>,
    /// Height model of the ground.
    pub heights: Option<HeightSetting>,
    /// Height model of the ground with what stands on it; only beside one of the ground.
    pub surface: Option<HeightSetting>,
    /// Address of the HTTP service.
    pub listen: SocketAddr,
    /// Docks, calendar, limits, broker and photo door.
    pub fleet: FleetSettings,
    /// How far docks reach.
    pub reach: ReachSettings,
    /// Who we are on MAVLink links, and the keys of vehicles.
    pub mavlink: MavlinkSettings,
    /// Catalogue of matters; `None` is the built-in one.
    pub matters_file: Option<PathBuf>,
}

/// How often the ground of a sortie is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookSettings {
    /// Photos that each piece of ground is looked at in, where so many show it; 0 looks at all of every photo.
    pub looks_per_cell: u32,
    /// Whether photos are also looked at whole, reduced into one tile.
    pub full_frame: bool,
}

/// Standard deviations for photos that state none, and lenses that are known better than photos tell.
#[derive(Debug, Clone, PartialEq)]
pub struct GeolocationSettings {
    /// Of the position, each axis, metres.
    pub horizontal_sigma_m: f64,
    /// Of the height above the ground that is looked at, metres.
    pub height_sigma_m: f64,
    /// Of the camera's tilt, radians.
    pub tilt_sigma_rad: f64,
    /// Of the camera's yaw, radians.
    pub yaw_sigma_rad: f64,
    /// Camera cards; the first that fits a photo overrules what it says of its lens.
    pub cameras: Vec<CameraCard>,
}

/// What a layer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerRole {
    /// The flyable area, denominator of the coverage percentage.
    Flyable,
    /// Shown on the map only.
    Shown,
}

impl LayerRole {
    /// What a kind of layer is for.
    pub fn of(kind: LayerKind) -> Self {
        if kind == LayerKind::Flyable {
            Self::Flyable
        } else {
            Self::Shown
        }
    }
}

/// One `[[layer]]`.
#[derive(Debug, Clone)]
pub struct LayerSetting {
    /// Name people use.
    pub name: String,
    /// Version printed beside every figure.
    pub version: String,
    /// What its features are.
    pub kind: LayerKind,
    /// GeoJSON, KML, KMZ or Shapefile.
    pub file: PathBuf,
    /// What its coordinates are in, if stated in the settings.
    pub reference: Option<Reference>,
    /// Days it counts on.
    pub validity: Validity,
    /// Who made it.
    pub source: String,
    /// Number of the document that put it in force.
    pub document: Option<String>,
    /// Margin of features that state none, m.
    pub margin_m: Option<f64>,
    /// Line in the configuration, for messages about the file.
    config_file: String,
}

impl LayerSetting {
    /// What it is for.
    pub fn role(&self) -> LayerRole {
        LayerRole::of(self.kind)
    }
}

impl Settings {
    /// Reads `text` of `file`; relative paths start at `base`.
    ///
    /// # Errors
    /// Every mistake with its line and field.
    pub fn read(file: &str, text: &str, base: &Path) -> Result<Self, Vec<Mistake>> {
        Reader::new(file, text).read(|root| {
            let city = root.section("city");
            let data = root.section("data");
            let onnxruntime = root.section("onnxruntime");
            let model = root.section("model");
            let coverage = root.section("coverage");
            let serve = root.section("serve");
            let matters = root.section("matters");
            let layers = LayerSettings::read(root, file, base);
            let model_card = model.path("card", base);
            let data_folder = data
                .path("folder", base)
                .unwrap_or_else(|| base.join("flyonce-data"));
            let fleet = FleetSettings::read(root, base);
            let settings = Self {
                time_zone: time_zone(&city),
                lead_prefix: lead_prefix(&city),
                data_folder,
                database_url: database_url(&data),
                onnxruntime_library: onnxruntime.path("library", base),
                further_models: further_models::read(&model, model_card.as_deref(), (file, base)),
                model_card,
                workers: model.whole("workers", 0, 0..=64),
                max_megapixels: model.whole("max_megapixels", 130, 1..=200),
                looks: LookSettings {
                    looks_per_cell: model.whole("looks_per_cell", 2, 0..=10),
                    full_frame: model.flag("full_frame", true),
                },
                geolocation: geolocation(root),
                quality: quality::read(root),
                cell_m: coverage.number("cell_m", 5.0, 0.5..=50.0),
                max_gsd_cm: coverage.number("max_gsd_cm", 20.0, 0.5..=100.0),
                coverage: coverage::read(&coverage),
                layers: layers.polygons,
                heights: layers.heights,
                surface: layers.surface,
                listen: listen(&serve),
                reach: ReachSettings::read(root, &fleet),
                fleet,
                mavlink: MavlinkSettings::read(root, base),
                matters_file: matters.path("file", base),
            };
            for section in [city, data, onnxruntime, model, coverage, serve, matters] {
                section.finish();
            }
            root.finish();
            settings
        })
    }

    /// Files that the settings name and that are not there.
    pub fn missing_files(&self) -> Vec<Mistake> {
        let layers = self
            .layers
            .iter()
            .map(|layer| (layer.config_file.as_str(), "layer.file", &layer.file));
        let heights = self
            .heights
            .iter()
            .chain(&self.surface)
            .map(|heights| (heights.config_file.as_str(), "layer.file", &heights.file));
        let models = self
            .further_models
            .iter()
            .map(|model| (model.config_file.as_str(), "model.also.card", &model.card));
        layers
            .chain(heights)
            .chain(models)
            .filter(|(_, _, path)| !path.is_file())
            .map(|(file, field, path)| Mistake {
                file: file.to_owned(),
                line: 1,
                column: 1,
                field: field.to_owned(),
                problem: Words::new(
                    format!("文件不存在:{}", path.display()),
                    format!("the file does not exist: {}", path.display()),
                ),
            })
            .collect()
    }

    /// Photos to look at side by side on this machine.
    pub fn worker_count(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from).min(4),
            fixed => fixed as usize,
        }
    }
}

fn time_zone(city: &Section<'_, '_>) -> String {
    let name = city
        .text("time_zone")
        .unwrap_or_else(|| "Asia/Shanghai".to_owned());
    if CityZone::named(&name).is_err() {
        let problem = Words::new(
            format!("没有名为 {name} 的时区,例如 Asia/Shanghai"),
            format!("there is no time zone {name}; an example is Asia/Shanghai"),
        );
        city.reject("time_zone", problem);
    }
    name
}

fn lead_prefix(city: &Section<'_, '_>) -> String {
    let prefix = city.text("lead_prefix").unwrap_or_else(|| "PD".to_owned());
    let fits = (1..=8).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !fits {
        let problem = Words::new("须为 1–8 个字母或数字", "must be 1 to 8 letters or digits");
        city.reject("lead_prefix", problem);
    }
    prefix
}

fn database_url(data: &Section<'_, '_>) -> Option<String> {
    let url = data.text("database_url")?;
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        let problem = Words::new(
            "须以 postgres:// 开头;SQLite 用 folder,不写此项",
            "must start with postgres://; for SQLite leave it out and set folder",
        );
        data.reject("database_url", problem);
    }
    Some(url)
}

fn geolocation(root: &Section<'_, '_>) -> GeolocationSettings {
    let section = root.section("geolocation");
    let settings = GeolocationSettings {
        horizontal_sigma_m: section.number("horizontal_sigma_m", 2.0, 0.001..=100.0),
        height_sigma_m: section.number("height_sigma_m", 5.0, 0.001..=100.0),
        tilt_sigma_rad: section.number("tilt_sigma_deg", 1.0, 0.001..=30.0).to_radians(),
        yaw_sigma_rad: section.number("yaw_sigma_deg", 3.0, 0.001..=90.0).to_radians(),
        cameras: cameras::read(root),
    };
    section.finish();
    settings
}

fn listen(serve: &Section<'_, '_>) -> SocketAddr {
    let default = SocketAddr::from(([127, 0, 0, 1], 8700));
    let Some(text) = serve.text("listen") else {
        return default;
    };
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => address,
        Ok(_) => {
            serve.reject("listen", not_loopback_words());
            default
        }
        Err(_) => {
            let problem = Words::new(
                "须为 地址:端口,例如 127.0.0.1:8700",
                "must be address:port, such as 127.0.0.1:8700",
            );
            serve.reject("listen", problem);
            default
        }
    }
}

/// Why an address that others can reach is refused.
pub fn not_loopback_words() -> Words {
    Words::new(
        "目前没有账号,只能监听本机地址(127.0.0.1 或 [::1]);如需他人访问请用有登录的反向代理",
        "there are no accounts yet, so only loopback (127.0.0.1 or [::1]) is allowed; put a proxy with a login in front for others",
    )
}

/// What the `[[layer]]` sections name.
#[derive(Default)]
struct LayerSettings {
    polygons: Vec<LayerSetting>,
    heights: Option<HeightSetting>,
    surface: Option<HeightSetting>,
}

impl LayerSettings {
    fn read(root: &Section<'_, '_>, config_file: &str, base: &Path) -> Self {
        let mut layers = Self::default();
        let sections = root.sections("layer");
        for section in &sections {
            layers.add(section, config_file, base);
        }
        for section in sections {
            if section.text("role").as_deref() == Some("surface") && layers.heights.is_none() {
                let problem = Words::new(
                    "surface 图层须与 height 图层一起使用:相机高程由后者得出",
                    "a surface layer needs a height layer beside it, which tells how high the camera is",
                );
                section.reject("role", problem);
            }
            section.finish();
        }
        layers
    }

    fn add(&mut self, section: &Section<'_, '_>, config_file: &str, base: &Path) {
        let (name, version) = (section.required_text("name"), section.required_text("version"));
        let file = base.join(section.required_text("file"));
        let mut rasters = self.heights.iter().chain(&self.surface);
        if self.polygons.iter().any(|other| other.name == name) || rasters.any(|other| other.name == name) {
            section.reject("name", Words::new("图层名称重复", "another layer has this name"));
        }
        let role = section.text("role");
        let heights = |file| HeightSetting::read(section, file, config_file);
        let is_second = match role.as_deref() {
            Some("height") => self.heights.replace(heights(file)).is_some(),
            Some("surface") => self.surface.replace(heights(file)).is_some(),
            _ => {
                let layer = LayerSetting {
                    name,
                    version,
                    kind: kind_of(section, role.as_deref()),
                    file,
                    reference: reference(section),
                    validity: days(section, ["valid_from", "valid_to"]),
                    source: section.text("source").unwrap_or_default(),
                    document: section.text("document"),
                    margin_m: section.maybe_number("margin_m", 0.0..=50_000.0),
                    config_file: config_file.to_owned(),
                };
                let second = layer.role() == LayerRole::Flyable
                    && self
                        .polygons
                        .iter()
                        .any(|other| other.role() == LayerRole::Flyable);
                self.polygons.push(layer);
                second
            }
        };
        if is_second {
            let problem = Words::new(
                "flyable、height、surface 图层各只能有一个",
                "only one layer can be flyable, one can be height and one surface",
            );
            section.reject("role", problem);
        }
    }
}

fn kind_of(section: &Section<'_, '_>, role: Option<&str>) -> LayerKind {
    let Some(role) = role else {
        return LayerKind::Shown;
    };
    role.parse().unwrap_or_else(|_unknown| {
        let names = LayerKind::ALL.map(LayerKind::name).join(", ");
        let problem = Words::new(
            format!("须为 height、surface 或以下之一:{names}"),
            format!("must be height, surface or one of {names}"),
        );
        section.reject("role", problem);
        LayerKind::Shown
    })
}

fn reference(section: &Section<'_, '_>) -> Option<Reference> {
    let text = section.text("datum")?;
    match text.parse() {
        Ok(reference) => Some(reference),
        Err(_) => {
            let problem = Words::new(
                "须为 WGS-84、CGCS2000、GCJ-02 或 EPSG 代码(UTM、CGCS2000 高斯-克吕格)",
                "must be WGS-84, CGCS2000, GCJ-02 or the EPSG code of a UTM or CGCS2000 Gauss-Krueger zone",
            );
            section.reject("datum", problem);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../config/flyonce.example.toml");

    #[test]
    fn the_shipped_example_states_the_defaults() {
        let example = Settings::read("flyonce.example.toml", EXAMPLE, Path::new("")).unwrap();
        let defaults = Settings::read("empty", "", Path::new("")).unwrap();
        assert_eq!(format!("{example:?}"), format!("{defaults:?}"));
    }

    #[test]
    fn the_commented_settings_of_the_example_are_real_ones() {
        let uncommented: String = EXAMPLE
            .lines()
            .map(|line| {
                let is_key = |key: &str| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                let is_setting = |rest: &str| rest.split_once(" = ").is_some_and(|(key, _)| is_key(key));
                let setting = line
                    .strip_prefix("# ")
                    .filter(|rest| rest.starts_with('[') || is_setting(rest));
                format!("{}\n", setting.unwrap_or(line))
            })
            .collect();
        let settings = Settings::read("flyonce.example.toml", &uncommented, Path::new("/etc")).unwrap();
        assert_eq!(settings.layers.len(), 1);
        assert_eq!(settings.layers[0].reference, Some("WGS-84".parse().unwrap()));
        assert_eq!(
            settings.onnxruntime_library,
            Some(PathBuf::from("/opt/flyonce/libonnxruntime.so"))
        );
        assert!(settings.database_url.is_some());
        assert_eq!(settings.geolocation.cameras.len(), 1);
        let failsafe = settings.fleet.failsafe.unwrap();
        assert_eq!(failsafe.critical_battery_percent, Some(10.0));
    }

    #[test]
    fn an_address_others_can_reach_is_refused() {
        let mistakes =
            Settings::read("f", "[serve]\nlisten = \"0.0.0.0:8700\"\n", Path::new("")).unwrap_err();
        assert_eq!(
            (mistakes[0].line, mistakes[0].field.as_str()),
            (2, "serve.listen")
        );
    }

    #[test]
    fn two_flyable_layers_are_refused() {
        let layer = "[[layer]]\nname=\"a\"\nversion=\"1\"\nrole=\"flyable\"\nfile=\"a.geojson\"\n";
        let mistakes = Settings::read("f", &format!("{layer}{layer}"), Path::new("")).unwrap_err();
        let fields: Vec<&str> = mistakes.iter().map(|mistake| mistake.field.as_str()).collect();
        assert_eq!(fields, ["layer[1].name", "layer[1].role"]);
    }
}
