//! A small dock of DJI's Cloud API: enough of it for one task, one command by hand and the questions after power-on.

use std::net::SocketAddr;
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::{Value, json};
use tokio::sync::mpsc;

pub const DOCK: &str = "7CTDM3D00B1234";
pub const AIRCRAFT: &str = "1581F6Q8D23CT0";

/// How the fake behaves.
#[derive(Clone, Copy, Default)]
pub struct Manner {
    /// Result of `flighttask_prepare`.
    pub prepare_result: i64,
    /// Answers to the first command are lost.
    pub first_answer_lost: bool,
    /// It flies the first metres of its way home until somebody holds it there.
    pub lingers: bool,
}

/// The dock's side of the broker.
pub struct FakeDock {
    client: AsyncClient,
    heard: mpsc::UnboundedReceiver<(String, Value)>,
    manner: Manner,
    /// Where the aircraft is in its flight: 0 inside, 1 in the air, 2 inside again.
    flown: u32,
    homing: bool,
    /// Tenths of a second of its task.
    step: u32,
    /// The wayline is paused.
    paused: bool,
    /// The way home was given up.
    hovers: bool,
    was_held: bool,
    mode_code: i64,
    cover_state: i64,
    answers: u32,
    flight_id: String,
}

impl FakeDock {
    /// Connects and runs until the test ends.
    pub fn run(broker: SocketAddr, manner: Manner) -> mpsc::UnboundedReceiver<(String, Value)> {
        let mut options = MqttOptions::new("fake-cloud-dock", broker.ip().to_string(), broker.port());
        options.set_credentials("bureau", "secret");
        let (client, mut events) = AsyncClient::new(options, 100);
        let (sender, heard) = mpsc::unbounded_channel();
        let (copy, copies) = mpsc::unbounded_channel();
        let subscriber = client.clone();
        tokio::spawn(async move {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        for topic in [
                            "thing/product/+/services",
                            "thing/product/+/requests_reply",
                            "thing/product/+/events_reply",
                            "sys/product/+/status_reply",
                        ] {
                            subscriber.try_subscribe(topic, QoS::AtLeastOnce).unwrap();
                        }
                    }
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        let topic = String::from_utf8_lossy(&publish.topic).into_owned();
                        let value: Value = serde_json::from_slice(&publish.payload).unwrap();
                        let _ = copy.send((topic.clone(), value.clone()));
                        let _ = sender.send((topic, value));
                    }
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        });
        let dock = Self {
            client,
            heard,
            manner,
            flown: 0,
            homing: false,
            step: 0,
            paused: false,
            hovers: false,
            was_held: false,
            mode_code: 0,
            cover_state: 0,
            answers: 0,
            flight_id: String::new(),
        };
        tokio::spawn(dock.live());
        copies
    }

    async fn live(mut self) {
        let mut beat = tokio::time::interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                _ = beat.tick() => {
                    if self.mode_code == 4 {
                        let lingers = self.manner.lingers && self.step == 10 && !self.was_held;
                        if !self.paused && !self.hovers && !lingers {
                            self.step += 1;
                        }
                        self.task(self.step).await;
                    }
                    self.osd().await;
                }
                heard = self.heard.recv() => match heard {
                    Some((topic, message)) if topic.ends_with("/services") => self.serve(&message).await,
                    Some(_) => {}
                    None => return,
                },
            }
        }
    }

    async fn serve(&mut self, message: &Value) {
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let result = match method.as_str() {
            "flighttask_prepare" => {
                self.flight_id = message["data"]["flight_id"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                self.manner.prepare_result
            }
            "flighttask_execute" if message["data"]["flight_id"] == self.flight_id => {
                self.mode_code = 4;
                0
            }
            "debug_mode_open" => {
                self.mode_code = 2;
                0
            }
            "debug_mode_close" => {
                self.mode_code = 0;
                0
            }
            "flighttask_pause" if self.step < 10 => {
                self.paused = true;
                0
            }
            "flighttask_recovery" if self.paused => {
                self.paused = false;
                0
            }
            "return_home" => {
                (self.paused, self.hovers) = (false, false);
                self.step = self.step.max(10);
                0
            }
            "return_home_cancel" if self.homing => {
                (self.hovers, self.was_held) = (true, true);
                0
            }
            "cover_open" if self.mode_code != 2 => 514_149,
            "cover_open" | "flighttask_undo" => 0,
            _ => 514_100,
        };
        self.answers += 1;
        if self.answers > 1 || !self.manner.first_answer_lost {
            let reply = json!({"tid": message["tid"], "bid": message["bid"], "timestamp": 1, "gateway": DOCK,
                "method": method, "data": {"result": result}});
            self.publish("services_reply", DOCK, &reply).await;
        }
        if method == "cover_open" && result == 0 {
            self.cover_state = 1;
            for status in ["in_progress", "ok"] {
                let event = json!({"tid": "c", "bid": message["bid"], "timestamp": 1, "need_reply": 1,
                    "method": method, "data": {"result": 0, "output": {"status": status}}});
                self.publish("events", DOCK, &event).await;
            }
        }
    }

    /// One tenth of a second of a task: five to get ready, ten in the air, three to tidy up.
    async fn task(&mut self, step: u32) {
        let (status, current, state, index) = match step {
            1..=5 => ("in_progress", 7, 4, 0),
            6..=9 => ("in_progress", 21, 6, 0),
            10..=15 => ("in_progress", 22, 9, 2),
            16..=18 => ("in_progress", 24, 9, 2),
            _ => ("ok", 31, 9, 2),
        };
        self.flown = match step {
            0..=5 => 0,
            6..=15 => 1,
            _ => 2,
        };
        self.homing = step > 9 && !self.hovers;
        let status = if self.paused { "paused" } else { status };
        if step > 18 {
            self.mode_code = 0;
        }
        let event = json!({"tid": format!("p{step}"), "bid": self.flight_id, "timestamp": step, "need_reply": 1,
            "method": "flighttask_progress", "data": {"result": 0, "output": {"status": status,
            "progress": {"current_step": current, "percent": step * 5},
            "ext": {"current_waypoint_index": index, "wayline_mission_state": state, "media_count": index * 3,
            "flight_id": self.flight_id, "track_id": "t", "a_field_of_tomorrow": [1]}}}});
        self.publish("events", DOCK, &event).await;
    }

    async fn osd(&self) {
        let in_dock = i64::from(self.flown != 1);
        let dock = json!({"tid": "o", "bid": "o", "timestamp": 1, "gateway": DOCK, "data": {
            "mode_code": self.mode_code, "cover_state": self.cover_state, "drone_in_dock": in_dock,
            "flighttask_step_code": if self.flown == 1 { 1 } else { 5 }, "wind_speed": 2.5, "rainfall": 0,
            "environment_temperature": 21, "emergency_stop_state": 0, "position_state": {"is_fixed": 2},
            "drone_charge_state": {"state": 0, "capacity_percent": 96}, "a_field_of_tomorrow": {"x": 1},
            "sub_device": {"device_sn": AIRCRAFT, "device_model_key": "0-91-0"}}});
        self.publish("osd", DOCK, &dock).await;
        if self.flown == 1 {
            let aircraft = json!({"tid": "a", "bid": "a", "timestamp": 1_000 + u64::from(self.answers), "data": {
                "mode_code": if self.homing { 9 } else if self.hovers { 3 } else { 5 }, "longitude": 121.5, "latitude": 31.2, "elevation": 40.0, "height": 50.0,
                "attitude_head": 10, "horizontal_speed": 8.0, "battery": {"capacity_percent": 88}}});
            self.publish("osd", AIRCRAFT, &aircraft).await;
        }
    }

    async fn publish(&self, what: &str, sn: &str, message: &Value) {
        let topic = format!("thing/product/{sn}/{what}");
        self.client
            .publish(topic, QoS::AtLeastOnce, false, message.to_string())
            .await
            .unwrap();
    }
}

/// Sends one message as the dock.
pub async fn say(broker: SocketAddr, topic: &str, message: &Value) {
    let mut options = MqttOptions::new(
        format!("says-{}", topic.len()),
        broker.ip().to_string(),
        broker.port(),
    );
    options.set_credentials("bureau", "secret");
    let (client, mut events) = AsyncClient::new(options, 10);
    client
        .publish(topic, QoS::AtLeastOnce, false, message.to_string())
        .await
        .unwrap();
    loop {
        if let Ok(Event::Incoming(Packet::PubAck(_))) = events.poll().await {
            return;
        }
    }
}
