//! Docks over real brokers: the same walk through rumqttd and Mosquitto, then what happens when things break.

pub(crate) mod brokers;
mod fake;
mod schemas;
mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use flight::dock::{Bound, BrokerAddress, DockCommandError, DockLine, DockMethod, DockState, Lid};
use schedule::photo_ledger::SortieId;
use serde_json::{Map, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use brokers::{Mosquitto, Wire, free_address, rumqttd};
use fake::{FakeDock, Habits, Manner, OBEDIENT};

const SOON: Duration = Duration::from_secs(20);

struct Line {
    line: DockLine,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Line {
    fn to(broker: SocketAddr) -> Self {
        Self::named(broker, "flyonce-test")
    }

    fn named(broker: SocketAddr, client_id: &str) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let address: BrokerAddress = format!("mqtt://bureau:secret@{broker}").parse().unwrap();
        let line = DockLine::connect(&address, None, client_id, &tasks, stop.clone());
        Self { line, stop, tasks }
    }

    /// Waits until dock D07 is as wanted.
    async fn until(&self, what: &str, wanted: impl Fn(&DockState) -> bool) -> DockState {
        let mut line = self.line.clone();
        let found = async {
            loop {
                if let Some(state) = line.dock("D07").filter(&wanted) {
                    return state;
                }
                line.changed().await;
            }
        };
        match tokio::time::timeout(SOON, found).await {
            Ok(state) => state,
            Err(_) => panic!(
                "never {what}: {:?} {:?}",
                self.line.dock("D07"),
                self.line.statistics()
            ),
        }
    }

    async fn until_connected(&self, connected: bool) {
        let mut line = self.line.clone();
        let done = async {
            while line.statistics().connected != connected {
                line.changed().await;
            }
        };
        tokio::time::timeout(SOON, done)
            .await
            .expect("the line to change");
    }

    async fn open_lid(&self, deadline: Duration) -> Result<(), DockCommandError> {
        self.line
            .command(
                "D07",
                DockMethod::OpenLid,
                &Map::new(),
                deadline,
                Bound::default(),
            )
            .await
    }
}

async fn until(what: &str, wanted: impl Fn() -> bool) {
    let done = async {
        while !wanted() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(SOON, done).await.is_ok(), "never {what}");
}

/// The walk that has to work on every broker.
async fn main_path(broker: SocketAddr) {
    let dock = FakeDock::start(broker, "D07", OBEDIENT).await;
    dock.status(1, "closed").await;
    // Once somebody heard it, the broker has it.
    let early = Line::named(broker, "flyonce-early");
    early.until("said", |dock| dock.lid == Lid::Closed).await;
    let line = Line::to(broker);
    let late = line
        .until("seen by a late subscriber", |dock| dock.lid == Lid::Closed)
        .await;
    assert_eq!(late.online, None, "a retained status says nothing about now");
    dock.telemetry(1, 3.5).await;
    let heard = line.until("heard", |dock| dock.weather.is_some()).await;
    assert_eq!((heard.online, heard.media_waiting), (Some(true), Some(3)));
    dock.status(2, "open").await;
    let open = line.until("open", |dock| dock.lid == Lid::Open).await;
    let facts = open.facts(std::time::Instant::now());
    assert_eq!(
        (facts.online, facts.lid_open, facts.wind_ms),
        (Some(true), Some(true), Some(3.5))
    );

    commands_in_order(&dock, &line).await;

    dock.die();
    line.until("offline by its last will", |dock| dock.online == Some(false))
        .await;
    let offline = line.open_lid(SOON).await;
    assert_eq!(
        offline,
        Err(DockCommandError::Offline {
            dock_id: "D07".to_owned()
        })
    );
    line.stop.cancel();
    line.tasks.close();
    tokio::time::timeout(SOON, line.tasks.wait())
        .await
        .expect("the line to end when told");
}

/// A command that is carried out as it was asked, and one for another vehicle.
async fn commands_in_order(dock: &FakeDock, line: &Line) {
    let sortie: SortieId = "S20260302-D07-1".parse().unwrap();
    let bound = Bound {
        sortie: Some(&sortie),
        system_id: Some(7),
    };
    let door = DockMethod::photo_door("http://127.0.0.1:8700/api/v1/photo-door");
    line.line
        .command("D07", DockMethod::AssignSortie, &door, SOON, bound)
        .await
        .unwrap();
    let received = dock.commands().pop().unwrap();
    assert_eq!(received.command["sortie_id"], "S20260302-D07-1");
    assert_eq!(
        received.command["args"]["photo_door_url"],
        "http://127.0.0.1:8700/api/v1/photo-door"
    );
    assert_eq!(
        received.correlation,
        received.command["id"].as_str().unwrap().as_bytes()
    );
    assert_eq!(received.response_topic, "flyonce/docks/D07/reply");
    assert!((19..=20).contains(&received.expiry_s), "{received:?}");

    let other = Bound {
        sortie: Some(&sortie),
        system_id: Some(8),
    };
    let refused = line
        .line
        .command("D07", DockMethod::OpenLid, &Map::new(), SOON, other)
        .await;
    let wrong = DockCommandError::Refused {
        code: "wrong_vehicle".to_owned(),
        text: "dock says wrong_vehicle".to_owned(),
    };
    assert_eq!(refused, Err(wrong));
    assert_eq!(dock.executed().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_path_over_rumqttd() {
    main_path(rumqttd()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_path_over_mosquitto() {
    if let Some(mosquitto) = Mosquitto::start() {
        main_path(mosquitto.address).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_outlives_a_lost_broker_and_is_carried_out_once() {
    let broker = rumqttd();
    let wire = Wire::to(broker).await;
    let dock = FakeDock::start(
        broker,
        "D07",
        Habits {
            manner: Manner::Endless,
            ..OBEDIENT
        },
    )
    .await;
    dock.status(1, "closed").await;
    let line = Line::to(wire.address);
    line.until("known", |dock| dock.lid == Lid::Closed).await;

    let (result, ()) = tokio::join!(line.open_lid(SOON), async {
        until("asked", || dock.commands().len() == 1).await;
        wire.cut();
        line.until_connected(false).await;
        // What happens meanwhile is not heard; the line finds out when it is back.
        dock.status(2, "open").await;
        wire.mend();
        until("asked again", || dock.commands().len() == 2).await;
        let commands = dock.commands();
        let id = commands[0].command["id"].clone();
        assert_eq!(
            commands[1].command["id"], id,
            "the same id, so that the dock knows it"
        );
        assert_eq!(
            commands[1].command["deadline_ms"],
            commands[0].command["deadline_ms"]
        );
        assert!(commands[1].expiry_s <= commands[0].expiry_s);
        assert_eq!(dock.executed().len(), 1);
        let done = json!({"v":1,"id":id,"method":"open_lid","status":"done","percent":100,"step":"lid_open"});
        dock.publish("progress", false, done.to_string()).await;
    });
    assert_eq!(result, Ok(()));
    line.until("open", |dock| dock.lid == Lid::Open).await;
    assert_eq!(line.line.statistics().connections, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_in_the_reason_that_is_true() {
    let broker = rumqttd();
    let short = Duration::from_millis(700);
    let line = Line::to(broker);
    line.until_connected(true).await;
    assert_eq!(
        line.open_lid(short).await,
        Err(DockCommandError::TimedOut),
        "no such dock"
    );

    let failing = FakeDock::start(
        broker,
        "D07",
        Habits {
            manner: Manner::Failing,
            ..OBEDIENT
        },
    )
    .await;
    failing.status(1, "closed").await;
    line.until("there", |dock| dock.online == Some(true)).await;
    let failed = DockCommandError::Failed {
        step: "lid_moving".to_owned(),
    };
    assert_eq!(line.open_lid(SOON).await, Err(failed));

    let bad_name = line
        .line
        .command("D/7", DockMethod::Abort, &Map::new(), short, Bound::default())
        .await;
    assert!(matches!(bad_name, Err(DockCommandError::BadName { .. })));

    let (first, second) = tokio::join!(line.open_lid(SOON), line.open_lid(SOON));
    assert!(matches!(first, Err(DockCommandError::Failed { .. })));
    assert_eq!(
        second,
        Err(DockCommandError::AlreadyOpen {
            method: DockMethod::OpenLid
        })
    );

    let nowhere = Line::to(free_address());
    assert_eq!(nowhere.open_lid(short).await, Err(DockCommandError::BrokerGone));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_waits_for_a_dock_that_comes_back() {
    let broker = rumqttd();
    let line = Line::to(broker);
    // What a broker merely kept says nothing about being online: be there before the dock speaks.
    line.until_connected(true).await;
    let mute = FakeDock::start(
        broker,
        "D07",
        Habits {
            manner: Manner::Mute,
            ..OBEDIENT
        },
    )
    .await;
    mute.status(9, "closed").await;
    line.until("there", |dock| dock.online == Some(true)).await;
    let (result, ()) = tokio::join!(line.open_lid(SOON), async {
        until("asked", || mute.commands().len() == 1).await;
        mute.die();
        line.until("offline", |dock| dock.online == Some(false)).await;
        let restarted = FakeDock::start(broker, "D07", OBEDIENT).await;
        restarted.status(1, "closed").await;
        until("asked again", || restarted.executed().len() == 1).await;
    });
    assert_eq!(result, Ok(()));
}

/// A dock away without a word, its session kept by the broker: does a command that is too late reach it, and does it
/// move anything? Answers whether the broker itself dropped the message.
async fn broker_drops_what_is_late(broker: SocketAddr) -> bool {
    let persistent = Habits {
        manner: Manner::Obedient,
        persistent: true,
        will: false,
    };
    let dock = FakeDock::start(broker, "D07", persistent).await;
    dock.status(1, "closed").await;
    let line = Line::to(broker);
    line.until("known", |dock| dock.lid == Lid::Closed).await;
    dock.die();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let late = line.open_lid(Duration::from_millis(900)).await;
    assert_eq!(late, Err(DockCommandError::TimedOut));
    tokio::time::sleep(Duration::from_millis(1500)).await;

    let back = FakeDock::start(broker, "D07", persistent).await;
    back.status(2, "closed").await;
    line.line
        .command("D07", DockMethod::CloseLid, &Map::new(), SOON, Bound::default())
        .await
        .unwrap();
    let commands = back.commands();
    let executed = back.executed();
    assert_eq!(
        executed.len(),
        1,
        "only the command in time moves something: {commands:?}"
    );
    let last = commands.last().unwrap();
    assert_eq!(
        (last.command["method"].as_str(), last.command["id"].as_str()),
        (Some("close_lid"), Some(&*executed[0]))
    );
    // The same way round in time: the broker did keep what it was given.
    back.die();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let nothing = Map::new();
    let kept = line
        .line
        .command("D07", DockMethod::StopCharging, &nothing, SOON, Bound::default());
    let (kept, again) = tokio::join!(kept, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        FakeDock::start(broker, "D07", persistent).await
    });
    assert_eq!(kept, Ok(()));
    assert_eq!(again.executed().len(), 1);
    commands
        .iter()
        .all(|received| received.command["method"] != "open_lid")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_command_moves_nothing() {
    let dropped = broker_drops_what_is_late(rumqttd()).await;
    println!("rumqttd drops expired messages of an absent client: {dropped}");
    if let Some(mosquitto) = Mosquitto::start() {
        let dropped = broker_drops_what_is_late(mosquitto.address).await;
        println!("mosquitto drops expired messages of an absent client: {dropped}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_on_the_topics_is_counted_and_survived() {
    let broker = rumqttd();
    let dock = FakeDock::start(broker, "D07", OBEDIENT).await;
    let line = Line::to(broker);
    line.until_connected(true).await;
    dock.status(1, "open").await;
    line.until("open", |dock| dock.lid == Lid::Open).await;
    let other_dock = json!({"v":1,"dock_id":"D08","online":false}).to_string();
    let huge = vec![b'x'; 200 * 1024];
    let rubbish: [&[u8]; 6] = [b"", b"{", b"\xff\xfe", b"[]", other_dock.as_bytes(), &huge];
    for payload in rubbish {
        dock.publish("status", false, payload).await;
    }
    dock.publish(
        "reply",
        false,
        r#"{"v":1,"id":"nobody-asked","result":"accepted"}"#,
    )
    .await;
    dock.publish("status", true, huge.clone()).await;
    dock.telemetry(1, 2.0).await;
    let state = line.until("heard again", |dock| dock.weather.is_some()).await;
    assert_eq!(
        (state.lid, state.online),
        (Lid::Open, Some(true)),
        "the last good status stays"
    );
    assert_eq!(line.line.statistics().bad_messages, 7);
    assert_eq!(
        line.line.statistics().connections,
        1,
        "nothing of it cost the connection"
    );

    let newcomer = Line::named(broker, "flyonce-newcomer");
    newcomer.until_connected(true).await;
    until("the retained rubbish arrived", || {
        newcomer.line.statistics().bad_messages == 1
    })
    .await;
    assert!(newcomer.line.statistics().connected);
}

#[test]
fn the_schemas_hold_their_examples_and_tell_wrong_from_right() {
    for name in [
        "dock-status",
        "dock-telemetry",
        "dock-command",
        "dock-reply",
        "dock-progress",
    ] {
        let schema = schemas::schema(name);
        assert!(jsonschema::meta::is_valid(&schema), "{name} is not a schema");
        for example in schema["examples"].as_array().unwrap() {
            schemas::assert_valid(name, example);
            let mut tomorrow = example.clone();
            tomorrow["a_field_of_tomorrow"] = json!({"any": [1, 2]});
            schemas::assert_valid(name, &tomorrow);
            let mut version_2 = example.clone();
            version_2["v"] = json!(2);
            assert!(!schemas::is_valid(name, &version_2));
        }
    }
    let silent = json!({"v":1,"dock_id":"D07","online":true});
    assert!(
        !schemas::is_valid("dock-status", &silent),
        "online needs the rest"
    );
    let doorless = json!({"v":1,"id":"a","method":"assign_sortie","args":{},"deadline_ms":1,"sortie_id":"S","system_id":7});
    assert!(!schemas::is_valid("dock-command", &doorless));
}
