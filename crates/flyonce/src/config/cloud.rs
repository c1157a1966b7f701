//! `[dji_cloud]`: where docks of DJI's Cloud API download waylines and bring photos, and who they belong to.

use std::net::SocketAddr;

use flight::cloud_dock::{AppConfig, Organisation};

use crate::config::reader::Section;
use crate::lang::Words;

/// `[dji_cloud]`.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudSettings {
    /// A door of its own for docks: waylines and photos, nothing else. `None`: the door of the page, which is for this
    /// machine only.
    pub listen: Option<SocketAddr>,
    /// How docks reach that door, `http://host:port`; `None`: as it listens.
    pub public_url: Option<String>,
    /// Who the docks belong to.
    pub organisation: Organisation,
    /// Aircraft type and subtype (`droneEnumValue`) where the dock does not tell them.
    pub drone: (u32, u32),
    /// Payload type and subtype (`payloadEnumValue`) where the aircraft does not tell them.
    pub payload: (u32, u32),
    /// Whether flights wait in the air until the RTK has converged.
    pub with_rtk: bool,
    /// Least free storage of a dock before a flight, per cent.
    pub min_free_storage_percent: f64,
}

impl CloudSettings {
    pub(super) fn read(root: &Section<'_, '_>) -> Self {
        let section = root.section("dji_cloud");
        let settings = Self {
            listen: listen(&section),
            public_url: public_url(&section),
            organisation: Organisation {
                id: section
                    .text("organization_id")
                    .unwrap_or_else(|| "flyonce".to_owned()),
                name: section
                    .text("organization_name")
                    .unwrap_or_else(|| "FlyOnce".to_owned()),
                binding_code: section.text("binding_code"),
                app: app(&section),
            },
            // Matrice 3D and its camera.
            drone: (
                section.whole("drone_type", 91, 0..=65_535),
                section.whole("drone_sub_type", 0, 0..=65_535),
            ),
            payload: (
                section.whole("payload_type", 80, 0..=65_535),
                section.whole("payload_sub_type", 0, 0..=65_535),
            ),
            with_rtk: section.flag("wait_for_rtk", true),
            min_free_storage_percent: section.number("min_free_storage_percent", 5.0, 0.0..=100.0),
        };
        section.finish();
        settings
    }
}

fn listen(section: &Section<'_, '_>) -> Option<SocketAddr> {
    let text = section.text("listen")?;
    let parsed = text.parse::<SocketAddr>();
    if parsed.is_err() {
        let problem = Words::new(
            "须为 地址:端口,例如 0.0.0.0:8090",
            "must be address:port, such as 0.0.0.0:8090",
        );
        section.reject("listen", problem);
    }
    parsed.ok()
}

fn public_url(section: &Section<'_, '_>) -> Option<String> {
    let text = section.text("public_url")?;
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
        let problem = Words::new(
            "须为机场可访问的地址,例如 http://10.0.0.5:8090",
            "must be an address that docks reach, such as http://10.0.0.5:8090",
        );
        section.reject("public_url", problem);
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// All of it or nothing.
fn app(section: &Section<'_, '_>) -> Option<AppConfig> {
    let (id, key, license) = (
        section.text("app_id"),
        section.text("app_key"),
        section.text("app_license"),
    );
    let ntp_server_host = section.text("ntp_server_host").unwrap_or_default();
    if id.is_none() && key.is_none() && license.is_none() {
        return None;
    }
    let (Some(id), Some(key), Some(license)) = (id, key, license) else {
        let problem = Words::new(
            "app_id、app_key、app_license 须同时填写",
            "app_id, app_key and app_license belong together",
        );
        section.reject("app_id", problem);
        return None;
    };
    Some(AppConfig {
        id,
        key,
        license,
        ntp_server_host,
    })
}
