//! Photos on their way from the dock to the cloud's storage, one after the other, once their flight has landed.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use crate::clock::civil_from_unix;
use crate::cloud_dock::http::Storage;
use crate::cloud_dock::sigv4::Credentials;
use crate::fleet::Parcel;
use crate::vehicle::Exposure;

/// City time is UTC+8 all year.
const CITY_OFFSET_S: i64 = 8 * 3600;
/// After a failure the next attempt waits, wall milliseconds.
const PAUSE_MS: i64 = 2_000;
/// Credentials are asked for anew so long before their end, milliseconds.
const MARGIN_MS: i64 = 60_000;

/// What is known of a photo beside its file.
#[derive(Clone, Debug)]
struct Shot {
    exposure: Exposure,
    height_amsl_m: f64,
}

/// How many files of a flight there are, and how many are with the cloud.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    expected: u32,
    uploaded: u32,
}

/// What the desk for photos wants next.
pub(crate) enum Next {
    /// Nothing now.
    Wait,
    /// storage_config_get.
    Ask,
    /// This file goes to that object.
    Upload {
        storage: Box<Storage>,
        object_key: String,
        path: std::path::PathBuf,
    },
}

/// All photos of a dock.
#[derive(Default)]
pub(crate) struct Media {
    shots: BTreeMap<(String, u32), Shot>,
    counts: BTreeMap<String, Count>,
    waiting: VecDeque<Parcel>,
    storage: Option<(Storage, i64)>,
    busy: bool,
    not_before_ms: i64,
}

impl Media {
    /// A photo was taken.
    pub(crate) fn note(&mut self, flight_id: &str, exposure: &Exposure, height_amsl_m: f64) {
        let shot = Shot {
            exposure: exposure.clone(),
            height_amsl_m,
        };
        self.shots
            .insert((flight_id.to_owned(), exposure.image_index), shot);
    }

    /// A flight is over and brought so many files.
    pub(crate) fn landed(&mut self, flight_id: &str, files: u32) {
        let count = Count {
            expected: files,
            uploaded: 0,
        };
        self.counts.insert(flight_id.to_owned(), count);
    }

    /// A file is ready.
    pub(crate) fn take(&mut self, parcel: Parcel) {
        self.waiting.push_back(parcel);
    }

    /// What is to be done now, wall milliseconds.
    pub(crate) fn next(&mut self, now_ms: i64) -> Next {
        let Some(parcel) = self.waiting.front() else {
            return Next::Wait;
        };
        if self.busy || now_ms < self.not_before_ms || !self.counts.contains_key(&parcel.sortie_id) {
            return Next::Wait;
        }
        self.busy = true;
        match &self.storage {
            Some((storage, until_ms)) if now_ms < *until_ms => Next::Upload {
                object_key: object_key(storage, &parcel.sortie_id, &self.name_of(parcel)),
                storage: Box::new(storage.clone()),
                path: parcel.path.clone(),
            },
            _ => Next::Ask,
        }
    }

    /// The cloud's answer to storage_config_get.
    ///
    /// # Errors
    /// What is missing in it; it is asked again later.
    pub(crate) fn hear_storage(&mut self, data: &Map<String, Value>, now_ms: i64) -> Result<(), String> {
        self.busy = false;
        match storage_of(data, now_ms) {
            Ok(found) => {
                self.storage = Some(found);
                Ok(())
            }
            Err(reason) => {
                self.not_before_ms = now_ms + PAUSE_MS;
                Err(reason)
            }
        }
    }

    /// An upload has ended. The file that is with the cloud now, and the callback about it.
    ///
    /// # Errors
    /// Why it is not there; it is tried again later.
    pub(crate) fn uploaded(
        &mut self,
        outcome: Result<u16, String>,
        now_ms: i64,
    ) -> Result<Option<(Parcel, Value)>, String> {
        self.busy = false;
        match outcome {
            Ok(200..=299) => {}
            failed => {
                self.not_before_ms = now_ms + PAUSE_MS;
                // The credentials may be what is wrong.
                self.storage = None;
                return Err(match failed {
                    Ok(status) => format!("HTTP status {status}"),
                    Err(reason) => reason,
                });
            }
        }
        let Some(parcel) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let count = self.counts.entry(parcel.sortie_id.clone()).or_default();
        count.uploaded += 1;
        let count = *count;
        let data = self.callback(&parcel, count);
        Ok(Some((parcel, data)))
    }

    fn name_of(&self, parcel: &Parcel) -> String {
        let key = (parcel.sortie_id.clone(), parcel.image_index);
        let unix_us = self.shots.get(&key).map_or(0, |shot| shot.exposure.unix_us);
        let civil = civil_from_unix(unix_us.div_euclid(1_000_000) + CITY_OFFSET_S).iso_text();
        let digits: String = civil.chars().filter(char::is_ascii_digit).take(14).collect();
        format!("DJI_{digits}_{:04}_V.JPG", parcel.image_index)
    }

    fn callback(&self, parcel: &Parcel, count: Count) -> Value {
        let name = self.name_of(parcel);
        let key = self.storage.as_ref().map_or_else(String::new, |(storage, _)| {
            object_key(storage, &parcel.sortie_id, &name)
        });
        let shot = self.shots.get(&(parcel.sortie_id.clone(), parcel.image_index));
        let metadata = shot.map(
            |Shot {
                 exposure,
                 height_amsl_m,
             }| {
                let second = exposure.unix_us.div_euclid(1_000_000) + CITY_OFFSET_S;
                let time: String = civil_from_unix(second).iso_text().chars().take(19).collect();
                let yaw_deg = (exposure.course_rad.to_degrees() + 180.0).rem_euclid(360.0) - 180.0;
                json!({
                    "absolute_altitude": height_amsl_m, "relative_altitude": exposure.height_above_home_m,
                    "create_time": time.replace('T', " "), "gimbal_yaw_degree": format!("{yaw_deg:.1}"),
                    "shoot_position": {"lat": exposure.latitude_deg, "lng": exposure.longitude_deg},
                })
            },
        );
        json!({
            "result": 0,
            "file": {
                "object_key": key, "path": parcel.sortie_id, "name": name,
                "ext": {
                    "flight_id": parcel.sortie_id, "drone_model_key": "0-91-0", "payload_model_key": "1-80-0",
                    "is_original": true,
                },
                "metadata": metadata,
            },
            "flight_task": {
                "uploaded_file_count": count.uploaded, "expected_file_count": count.expected, "flight_type": 0,
            },
        })
    }
}

fn object_key(storage: &Storage, flight_id: &str, name: &str) -> String {
    let prefix = storage.prefix.trim_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    format!("{prefix}{slash}{flight_id}/{name}")
}

fn storage_of(data: &Map<String, Value>, now_ms: i64) -> Result<(Storage, i64), String> {
    let output = data.get("output").ok_or("no output")?;
    let text = |place: &Value, name: &str| place.get(name).and_then(Value::as_str).map(str::to_owned);
    let need = |place: &Value, name: &str| {
        text(place, name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| format!("no {name}"))
    };
    let keys = output.get("credentials").ok_or("no credentials")?;
    let credentials = Credentials {
        access_key_id: need(keys, "access_key_id")?,
        access_key_secret: need(keys, "access_key_secret")?,
        security_token: text(keys, "security_token").unwrap_or_default(),
        region: need(output, "region")?,
    };
    let storage = Storage {
        endpoint: need(output, "endpoint")?,
        bucket: need(output, "bucket")?,
        prefix: text(output, "object_key_prefix").unwrap_or_default(),
        credentials,
    };
    // "expire" is a number of seconds, of which the last minute is not used.
    let expire_s = keys.get("expire").and_then(Value::as_i64).unwrap_or(3600);
    let until_ms = now_ms.saturating_add(expire_s.clamp(0, 86_400) * 1000 - MARGIN_MS);
    Ok((storage, until_ms.max(now_ms + PAUSE_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_storage_without_its_parts_is_named() {
        let data = json!({"result": 0, "output": {"bucket": "b", "credentials": {}}});
        let error = storage_of(data.as_object().unwrap(), 0).unwrap_err();
        assert!(error.contains("access_key_id"), "{error}");
    }

    proptest! {
        #[test]
        fn any_storage_is_read_or_refused(endpoint in ".{0,20}", region in ".{0,9}", expire in any::<i64>()) {
            let data = json!({"result": 0, "output": {
                "bucket": "b", "endpoint": endpoint, "region": region,
                "credentials": {"access_key_id": "a", "access_key_secret": "s", "expire": expire},
            }});
            let found = storage_of(data.as_object().unwrap(), 5);
            prop_assert_eq!(found.is_ok(), !endpoint.is_empty() && !region.is_empty());
        }
    }
}
