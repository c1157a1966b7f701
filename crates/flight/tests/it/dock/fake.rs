//! A dock as the schemas describe it, played by a script: it keeps ids, looks at deadlines and vehicles, and can be
//! told to die or to stay silent. Everything it says is held against the schemas.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::schemas::assert_valid;

/// What the script says a dock does with a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Takes it and carries it out.
    Obedient,
    /// Takes it, begins, fails.
    Failing,
    /// Takes it and never finishes.
    Endless,
    /// Does not answer at all.
    Mute,
}

pub struct FakeDock {
    pub dock_id: String,
    client: AsyncClient,
    task: JoinHandle<()>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub struct Seen {
    /// Commands as they came in, repeated ones too, with what MQTT said of them.
    pub commands: Vec<Received>,
    /// Ids that moved something.
    pub executed: Vec<String>,
    replies: HashMap<String, Value>,
}

#[derive(Clone, Debug)]
pub struct Received {
    pub command: Value,
    pub correlation: Vec<u8>,
    pub response_topic: String,
    pub expiry_s: u32,
}

/// How a dock connects.
#[derive(Clone, Copy)]
pub struct Habits {
    pub manner: Manner,
    /// Keep the session at the broker while away.
    pub persistent: bool,
    /// Leave a last will.
    pub will: bool,
}

pub const OBEDIENT: Habits = Habits {
    manner: Manner::Obedient,
    persistent: false,
    will: true,
};

impl FakeDock {
    pub async fn start(broker: SocketAddr, dock_id: &str, habits: Habits) -> Self {
        let mut options = MqttOptions::new(format!("dock-{dock_id}"), broker.ip().to_string(), broker.port());
        options
            .set_credentials("bureau", "secret")
            .set_keep_alive(Duration::from_secs(5));
        if habits.persistent {
            options
                .set_clean_start(false)
                .set_session_expiry_interval(Some(3600));
        }
        if habits.will {
            let will = json!({"v":1,"dock_id":dock_id,"online":false});
            assert_valid("dock-status", &will);
            let topic = format!("flyonce/docks/{dock_id}/status");
            options.set_last_will(LastWill::new(
                topic,
                will.to_string(),
                QoS::AtLeastOnce,
                true,
                None,
            ));
        }
        let (client, event_loop) = AsyncClient::new(options, 100);
        client
            .subscribe(format!("flyonce/docks/{dock_id}/command"), QoS::AtLeastOnce)
            .await
            .unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let actor = Actor {
            dock_id: dock_id.to_owned(),
            client: client.clone(),
            seen: Arc::clone(&seen),
            manner: habits.manner,
        };
        let task = tokio::spawn(actor.run(event_loop));
        Self {
            dock_id: dock_id.to_owned(),
            client,
            task,
            seen,
        }
    }

    /// Says `lid` and a number.
    pub async fn status(&self, seq: u64, lid: &str) {
        let status = json!({"v":1,"dock_id":self.dock_id,"online":true,"at_ms":now_ms(),"seq":seq,"lid":lid,
            "vehicle_present":true,"system_id":7,"mode":"idle","emergency_stop":false,"sortie_id":null});
        assert_valid("dock-status", &status);
        self.publish("status", true, status.to_string()).await;
    }

    pub async fn telemetry(&self, seq: u64, wind_ms: f64) {
        let telemetry = json!({"v":1,"dock_id":self.dock_id,"at_ms":now_ms(),"seq":seq,
            "charge":{"state":"charging","percent":80},
            "weather":{"wind_ms":wind_ms,"gust_ms":wind_ms,"rain_level":0,"temperature_c":11.5,"humidity_percent":60},
            "position":{"longitude_deg":121.5447,"latitude_deg":31.2216,"height_amsl_m":38.4},
            "media_waiting":3});
        assert_valid("dock-telemetry", &telemetry);
        self.publish("telemetry", false, telemetry.to_string()).await;
    }

    pub async fn publish(&self, kind: &str, retain: bool, payload: impl Into<Vec<u8>>) {
        let topic = format!("flyonce/docks/{}/{kind}", self.dock_id);
        self.client
            .publish(topic, QoS::AtLeastOnce, retain, payload.into())
            .await
            .unwrap();
    }

    /// Pulls the plug: no DISCONNECT, so the broker says the last will.
    pub fn die(&self) {
        self.task.abort();
    }

    pub fn commands(&self) -> Vec<Received> {
        self.seen.lock().unwrap().commands.clone()
    }

    pub fn executed(&self) -> Vec<String> {
        self.seen.lock().unwrap().executed.clone()
    }
}

struct Actor {
    dock_id: String,
    client: AsyncClient,
    seen: Arc<Mutex<Seen>>,
    manner: Manner,
}

impl Actor {
    async fn run(self, mut event_loop: EventLoop) {
        let topic = format!("flyonce/docks/{}/command", self.dock_id);
        loop {
            match event_loop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    let _ = self.client.try_subscribe(topic.clone(), QoS::AtLeastOnce);
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => self.answer(&publish),
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn answer(&self, publish: &Publish) {
        let command: Value = serde_json::from_slice(&publish.payload).unwrap();
        assert_valid("dock-command", &command);
        let properties = publish.properties.clone().unwrap();
        let received = Received {
            command: command.clone(),
            correlation: properties.correlation_data.unwrap().to_vec(),
            response_topic: properties.response_topic.unwrap(),
            expiry_s: properties.message_expiry_interval.unwrap(),
        };
        let response_topic = received.response_topic.clone();
        let id = command["id"].as_str().unwrap().to_owned();
        let mut seen = self.seen.lock().unwrap();
        seen.commands.push(received);
        if self.manner == Manner::Mute {
            return;
        }
        let known = seen.replies.get(&id).cloned();
        let reply = known.clone().unwrap_or_else(|| reply_to(&command));
        assert_valid("dock-reply", &reply);
        seen.replies.insert(id.clone(), reply.clone());
        self.say(&response_topic, &reply);
        if reply["result"] != "accepted" {
            return;
        }
        if known.is_none() {
            seen.executed.push(id.clone());
        }
        let progress = |status: &str, percent: u8| {
            let progress = json!({"v":1,"id":id,"method":command["method"],"status":status,"percent":percent,
                "step":"lid_moving"});
            assert_valid("dock-progress", &progress);
            self.say(&format!("flyonce/docks/{}/progress", self.dock_id), &progress);
        };
        progress("in_progress", 40);
        match self.manner {
            Manner::Obedient => progress("done", 100),
            Manner::Failing => progress("failed", 40),
            Manner::Endless | Manner::Mute => {}
        }
    }

    fn say(&self, topic: &str, message: &Value) {
        self.client
            .try_publish(topic, QoS::AtLeastOnce, false, message.to_string())
            .unwrap();
    }
}

fn reply_to(command: &Value) -> Value {
    let refusal = if command["deadline_ms"].as_u64().unwrap() <= now_ms() {
        Some("expired")
    } else if command["system_id"].as_u64().is_some_and(|id| id != 7) {
        Some("wrong_vehicle")
    } else {
        None
    };
    match refusal {
        Some(code) => {
            json!({"v":1,"id":command["id"],"result":"refused","code":code,"text":format!("dock says {code}")})
        }
        None => json!({"v":1,"id":command["id"],"result":"accepted","code":null,"text":null}),
    }
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}
