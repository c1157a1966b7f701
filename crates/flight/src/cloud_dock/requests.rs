//! What a dock asks for when it comes on the line: whether it belongs to us, and the licence of the application.
//! What needs the rest of the program (storage, files of waylines) is asked of it ([`super::desk::CloudCall`]).

use serde_json::{Value, json};

use super::book::CloudDevice;
use super::property::{at, text};

/// Who the docks belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// What people type in as the organisation's id when they bind a dock.
    pub id: String,
    /// Shown on the remote controller.
    pub name: String,
    /// What people type in as the binding code; `None`: any code binds.
    pub binding_code: Option<String>,
    /// Licence of the application; without it a real dock does not stay on the line.
    pub app: Option<AppConfig>,
}

/// The application as DJI's developer site names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppConfig {
    /// App id.
    pub id: String,
    /// App key.
    pub key: String,
    /// App license.
    pub license: String,
    /// A time server that the docks can reach.
    pub ntp_server_host: String,
}

/// Result codes of the binding (210229 and 210231 in DJI's table of organisation errors).
const WRONG_BINDING_CODE: i64 = 210_229;
const UNKNOWN_DEVICE: i64 = 210_231;

/// The answer's `data`, or `None` when the question is not for us.
pub(super) fn answer(
    method: &str,
    data: &Value,
    organisation: &Organisation,
    devices: &[CloudDevice],
) -> Option<Value> {
    match method {
        "config" => Some(config(organisation)),
        "airport_bind_status" => Some(bind_status(data, organisation, devices)),
        "airport_organization_get" => Some(organisation_get(data, organisation)),
        "airport_organization_bind" => Some(organisation_bind(data, organisation, devices)),
        _ => None,
    }
}

/// The one answer without a result code.
fn config(organisation: &Organisation) -> Value {
    match &organisation.app {
        Some(app) => json!({
            "ntp_server_host": app.ntp_server_host,
            "ntp_server_port": 123,
            "app_id": app.id,
            "app_key": app.key,
            "app_license": app.license,
        }),
        None => json!({ "ntp_server_host": "", "app_id": "", "app_key": "", "app_license": "" }),
    }
}

fn bind_status(data: &Value, organisation: &Organisation, devices: &[CloudDevice]) -> Value {
    let asked = list(data, "devices");
    let status: Vec<Value> = asked
        .iter()
        .filter_map(|device| text(device, &["sn"]))
        .map(|sn| {
            let known = devices.iter().find(|device| device.has(&sn));
            match known {
                Some(device) => json!({
                    "sn": sn,
                    "is_device_bind_organization": true,
                    "organization_id": organisation.id,
                    "organization_name": organisation.name,
                    "device_callsign": device.dock_id,
                }),
                None => json!({
                    "sn": sn,
                    "is_device_bind_organization": false,
                    "organization_id": "",
                    "organization_name": "",
                    "device_callsign": "",
                }),
            }
        })
        .collect();
    json!({ "result": 0, "output": { "bind_status": status } })
}

fn organisation_get(data: &Value, organisation: &Organisation) -> Value {
    if !is_right_code(data, organisation) {
        return json!({ "result": WRONG_BINDING_CODE, "output": {} });
    }
    json!({ "result": 0, "output": { "organization_name": organisation.name } })
}

fn organisation_bind(data: &Value, organisation: &Organisation, devices: &[CloudDevice]) -> Value {
    let errors: Vec<Value> = list(data, "bind_devices")
        .iter()
        .map(|device| {
            let sn = text(device, &["sn"]).unwrap_or_default();
            let err_code = match () {
                () if !devices.iter().any(|known| known.has(&sn)) => UNKNOWN_DEVICE,
                () if !is_right_code(device, organisation) => WRONG_BINDING_CODE,
                () => 0,
            };
            json!({ "sn": sn, "err_code": err_code })
        })
        .collect();
    json!({ "result": 0, "output": { "err_infos": errors } })
}

fn is_right_code(data: &Value, organisation: &Organisation) -> bool {
    let code = text(data, &["device_binding_code"]);
    let is_right_id = text(data, &["organization_id"]).is_none_or(|id| id == organisation.id);
    is_right_id
        && organisation
            .binding_code
            .as_ref()
            .is_none_or(|wanted| code.as_ref() == Some(wanted))
}

fn list<'v>(data: &'v Value, name: &str) -> &'v [Value] {
    at(data, &[name])
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organisation() -> Organisation {
        Organisation {
            id: "city".to_owned(),
            name: "城市巡查".to_owned(),
            binding_code: Some("4711".to_owned()),
            app: None,
        }
    }

    fn devices() -> Vec<CloudDevice> {
        vec![CloudDevice {
            dock_id: "D01".to_owned(),
            gateway_sn: "DOCK1".to_owned(),
            aircraft_sn: "DRONE1".to_owned(),
        }]
    }

    fn asked(method: &str, data: &Value) -> Value {
        answer(method, data, &organisation(), &devices()).unwrap()
    }

    #[test]
    fn docks_of_the_roster_are_bound_and_strangers_are_not() {
        let told = asked(
            "airport_bind_status",
            &json!({"devices": [{"sn": "DRONE1"}, {"sn": "DOCK1"}, {"sn": "OTHER"}]}),
        );
        let status = &told["output"]["bind_status"];
        assert_eq!(status[0]["is_device_bind_organization"], true);
        assert_eq!(status[1]["device_callsign"], "D01");
        assert_eq!(status[2]["is_device_bind_organization"], false);
    }

    #[test]
    fn the_binding_code_counts() {
        let right = json!({"device_binding_code": "4711", "organization_id": "city"});
        assert_eq!(
            asked("airport_organization_get", &right)["output"]["organization_name"],
            "城市巡查"
        );
        let wrong = json!({"device_binding_code": "0", "organization_id": "city"});
        assert_eq!(
            asked("airport_organization_get", &wrong)["result"],
            WRONG_BINDING_CODE
        );
        let bind = json!({"bind_devices": [{"sn": "DOCK1", "device_binding_code": "4711", "organization_id": "city"},
            {"sn": "NEW", "device_binding_code": "4711", "organization_id": "city"}]});
        let told = asked("airport_organization_bind", &bind);
        assert_eq!(told["output"]["err_infos"][0]["err_code"], 0);
        assert_eq!(told["output"]["err_infos"][1]["err_code"], UNKNOWN_DEVICE);
        assert_eq!(
            answer("storage_config_get", &json!({}), &organisation(), &devices()),
            None
        );
    }
}
