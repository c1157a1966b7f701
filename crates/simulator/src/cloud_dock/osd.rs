//! What a dock and its aircraft say of themselves: topology, properties at intervals (`osd`) and on change (`state`).

use serde_json::{Value, json};

use crate::cloud_dock::flight::Phase;
use crate::cloud_dock::state::{Machine, Now, Stage};

/// Model of the dock (Dock 2) and of the aircraft (Matrice 3D) as `domain-type-sub_type`.
const DOCK_MODEL: &str = "3-2-0";
const AIRCRAFT_MODEL: &str = "0-91-0";
/// Camera of the Matrice 3D at its only mount.
const CAMERA: &str = "80-0-0";
const THING_VERSION: &str = "1.1.2";

impl Machine {
    /// Serial number and model of dock and aircraft.
    pub(crate) fn devices(&self) -> [(String, &'static str); 2] {
        [
            (self.site.gateway_sn.clone(), DOCK_MODEL),
            (self.site.aircraft_sn.clone(), AIRCRAFT_MODEL),
        ]
    }

    /// Data of `update_topo`: an aircraft that is switched off is no sub device.
    pub(crate) fn topology(&self) -> Value {
        let sub = json!({
            "sn": self.site.aircraft_sn, "domain": "0", "type": 91, "sub_type": 0, "index": "A",
            "device_secret": "", "nonce": "", "thing_version": THING_VERSION,
        });
        let subs = if self.aircraft.on { vec![sub] } else { vec![] };
        json!({
            "domain": "3", "type": 2, "sub_type": 0, "device_secret": "", "nonce": "",
            "thing_version": THING_VERSION, "sub_devices": subs,
        })
    }

    /// The dock's properties at intervals, in as many messages as docks use: where it is at work with the weather and
    /// the lid, the line with the media, the rest of the hardware. Each has some properties and none has all.
    pub(crate) fn dock_osd(&self, now: &Now, remain_upload: u32) -> [Value; 3] {
        let site = &self.site;
        let (mode, step) = match self.task.as_ref().map(|task| task.stage) {
            Some(Stage::Before(_)) => (4, 0),
            Some(Stage::Flying) => (4, 1),
            Some(Stage::After(_)) => (4, 2),
            None if self.debugging => (2, 5),
            None => (0, 5),
        };
        let origin = site.frame.origin;
        let work = json!({
            "mode_code": mode, "flighttask_step_code": step, "cover_state": self.cover_state(),
            "putter_state": 0, "supplement_light_state": i32::from(self.light),
            "alarm_state": i32::from(self.alarm),
            "emergency_stop_state": i32::from(site.dock_faults.emergency_stop),
            "drone_in_dock": i32::from(self.aircraft.present),
            "drone_charge_state": {
                "state": i32::from(self.aircraft.charging),
                "capacity_percent": self.aircraft.battery_percent.round() as i64,
            },
            "sub_device": {
                "device_sn": site.aircraft_sn, "device_model_key": AIRCRAFT_MODEL,
                "device_online_status": i32::from(self.aircraft.on), "device_paired": 1,
            },
            "rainfall": now.weather.rain_level, "wind_speed": tenths(now.weather.wind_ms),
            "environment_temperature": tenths(now.weather.temperature_c), "temperature": 24.0,
            "humidity": now.weather.humidity_percent.round() as i64,
            "latitude": origin.latitude_deg, "longitude": origin.longitude_deg,
            "height": site.frame.street_amsl_m,
            "alternate_land_point": {
                "latitude": site.alternate_landing.latitude_deg,
                "longitude": site.alternate_landing.longitude_deg,
                "safe_land_height": site.alternate_landing.safe_height_m, "is_configured": 1,
            },
            "first_power_on": 1_700_000_000_000_i64,
            "position_state": {"is_calibration": 1, "is_fixed": 2, "quality": 5, "gps_number": 20, "rtk_number": 22},
            "storage": {"total": 93_000_000, "used": 13_000_000},
        });
        let line = json!({
            "network_state": {"type": 2, "quality": 5, "rate": 900.0},
            "wireless_link": {
                "link_workmode": 0, "sdr_link_state": i32::from(self.aircraft.on), "sdr_quality": 5,
                "sdr_freq_band": 5.8, "4g_link_state": 0, "4g_quality": 0, "4g_uav_quality": 0, "4g_gnd_quality": 0,
                "4g_freq_band": 0.0, "dongle_number": 0,
            },
            "media_file_detail": {"remain_upload": remain_upload},
            "drc_state": 0,
        });
        [work, line, self.hardware()]
    }

    fn hardware(&self) -> Value {
        json!({
            "battery_store_mode": self.battery_store_mode,
            "air_conditioner": {"air_conditioner_state": self.air_conditioner, "switch_time": 0},
            "job_number": self.aircraft.flights, "acc_time": 3_600,
            "electric_supply_voltage": 231, "working_voltage": 47_800, "working_current": 900,
            "backup_battery": {"switch": 1, "voltage": 27_600, "temperature": 25.0},
            "drone_battery_maintenance_info": {
                "maintenance_state": 0, "maintenance_time_left": 0, "heat_state": 0,
                "batteries": [{
                    "index": 0, "capacity_percent": self.aircraft.battery_percent.round() as i64,
                    "voltage": 17_200, "temperature": 25.0,
                }],
            },
        })
    }

    fn cover_state(&self) -> i32 {
        match (self.cover.abnormal, self.cover.share) {
            (true, _) => 3,
            (false, share) if share <= 0.0 => 0,
            (false, share) if share >= 1.0 => 1,
            _ => 2,
        }
    }

    /// The aircraft's properties at intervals; nothing while it is switched off.
    pub(crate) fn aircraft_osd(&self, now: &Now) -> Option<Value> {
        if !self.aircraft.on {
            return None;
        }
        let frame = self.site.frame;
        let flight = self.flight().filter(|flight| flight.phase != Phase::Landed);
        let place_m = flight.map_or([0.0; 3], |flight| flight.body.position_m);
        let place = frame.wgs84_from_enu(place_m);
        let nose_rad = flight.map_or(0.0, |flight| flight.body.yaw_rad);
        let mode = match flight.map(|flight| flight.phase) {
            None if self.task.is_some() => 1,
            None => 0,
            Some(Phase::Entering | Phase::Wayline) => 5,
            Some(Phase::Hovering) => 3,
            Some(Phase::Homing) => 9,
            Some(Phase::Landing | Phase::Landed) => 10,
        };
        let percent = self.aircraft.battery_percent;
        let mut data = json!({
            "mode_code": mode, "gear": 1, "latitude": place.latitude_deg, "longitude": place.longitude_deg,
            "height": place_m[2] + frame.street_amsl_m, "elevation": tenths(place_m[2]),
            "home_latitude": frame.origin.latitude_deg, "home_longitude": frame.origin.longitude_deg,
            "home_distance": tenths(place_m[0].hypot(place_m[1])),
            "horizontal_speed": flight.map_or(0.0, |flight| tenths(flight.body.ground_speed_ms())),
            "vertical_speed": 0.0,
            "attitude_head": signed_deg(nose_rad.to_degrees()), "attitude_pitch": 0.0, "attitude_roll": 0.0,
            "wind_speed": tenths(now.weather.wind_ms), "wind_direction": 1,
            "battery": {
                "capacity_percent": percent.round() as i64, "remain_flight_time": (percent * 22.8) as i64,
                "return_home_power": 25, "landing_power": 10,
                "batteries": [{
                    "index": 0, "sn": "SIMULATED", "capacity_percent": percent.round() as i64, "loop_times": 12,
                    "voltage": 17_200, "temperature": 31.0, "type": 0, "sub_type": 0, "firmware_version": "01.00",
                }],
            },
            "position_state": {"is_fixed": 2, "quality": 5, "gps_number": 22, "rtk_number": 28},
            "storage": {"total": 60_000_000, "used": 1_000_000},
            "total_flight_sorties": self.aircraft.flights,
            "total_flight_time": self.aircraft.flown_s, "total_flight_distance": self.aircraft.flown_m,
            "track_id": self.task.as_ref().map_or("", |task| task.track_id.as_str()),
            "rc_lost_action": 2, "is_near_area_limit": 0, "is_near_height_limit": 0, "height_limit": 500,
        });
        data[CAMERA] = json!({
            "payload_index": CAMERA, "gimbal_pitch": flight.map_or(0.0, |flight| flight.camera.pitch_deg),
            "gimbal_roll": 0.0,
            "gimbal_yaw": flight.map_or(0.0, |flight| flight.camera.yaw_deg(nose_rad)), "zoom_factor": 1.0,
        });
        Some(data)
    }

    /// The dock's properties that are said on change.
    pub(crate) fn dock_state(&self) -> Value {
        let mut data =
            json!({"firmware_version": "10.01.1606", "compatible_status": 0, "firmware_upgrade_status": 0});
        for (name, value) in &self.properties {
            data[name.as_str()] = value.clone();
        }
        data
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn signed_deg(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}
