//! A dock of DJI's Cloud API over a real broker: one task from hand-over to landing, a refusal, a lost answer, a command
//! by hand, and the questions of a dock that comes on the line.

mod fake;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use flight::cloud_dock::task::{TaskDeadlines, TaskOrder, TaskReport, flight_id, fly_task};
use flight::cloud_dock::{CloudCall, CloudDesk, CloudDevice, CloudSetup, Organisation};
use flight::dock::{Bound, BrokerAddress, DockLine, DockMethod, Lid};
use flight::sortie::{FlightEvent, GateAnswer, Instruction, Outcome, PauseLimits, SortieLine, Step};
use schedule::refusal::RefusalCode;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dock::brokers::rumqttd;
use fake::{AIRCRAFT, DOCK, FakeDock, Manner, say};

const SOON: Duration = Duration::from_secs(60);

struct Site {
    broker: SocketAddr,
    line: DockLine,
    desk: CloudDesk,
    calls: mpsc::Receiver<CloudCall>,
    answers: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Site {
    async fn new(manner: Manner) -> Self {
        let broker = rumqttd();
        let address: BrokerAddress = format!("mqtt://bureau:secret@{broker}").parse().unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let line = DockLine::connect(&address, None, "flyonce-cloud-test", &tasks, stop);
        let (sender, calls) = mpsc::channel(8);
        let desk = CloudDesk::serve(
            &line,
            CloudSetup {
                devices: vec![CloudDevice {
                    dock_id: "D01".to_owned(),
                    gateway_sn: DOCK.to_owned(),
                    aircraft_sn: AIRCRAFT.to_owned(),
                }],
                organisation: Organisation {
                    id: "city".to_owned(),
                    name: "City".to_owned(),
                    binding_code: None,
                    app: None,
                },
                calls: sender,
                now_ms: Box::new(|| 1_772_416_800_000),
            },
        );
        let answers = FakeDock::run(broker, manner);
        let site = Self {
            broker,
            line,
            desk,
            calls,
            answers,
        };
        let mut line = site.line.clone();
        let heard = async {
            while line.dock("D01").is_none_or(|state| state.weather.is_none()) {
                line.changed().await;
            }
        };
        tokio::time::timeout(SOON, heard).await.unwrap();
        site
    }

    fn order() -> TaskOrder {
        let sortie_id = "20260302-1000-D01".parse().unwrap();
        TaskOrder {
            flight_id: flight_id(&sortie_id),
            sortie_id,
            dock_id: "D01".to_owned(),
            file_url: "http://127.0.0.1/waylines/x.kmz".to_owned(),
            file_md5: "900150983cd24fb0d6963f7d28e17f72".to_owned(),
            waypoint_items: vec![4, 5, 7],
            return_height_m: 60.0,
            home_amsl_m: 10.0,
            with_rtk: true,
            break_point: None,
            launched_at: None,
            called_home_by: None,
            pause: PauseLimits::default(),
            deadlines: TaskDeadlines {
                reply: Duration::from_secs(5),
                ..TaskDeadlines::default()
            },
        }
    }

    /// Flies the task, letting it start; answers the report and the steps.
    async fn fly(&self) -> (TaskReport, Vec<Step>, usize) {
        self.fly_told(Vec::new()).await
    }

    /// The same; each order is given when the step before it is seen.
    async fn fly_told(&self, orders: Vec<(Step, Instruction)>) -> (TaskReport, Vec<Step>, usize) {
        let (events, mut happened) = mpsc::channel(256);
        let (instructions, told) = mpsc::channel(8);
        let mut orders = VecDeque::from(orders);
        let line = SortieLine {
            events,
            instructions: told,
            stop: CancellationToken::new(),
        };
        let listening = async {
            let (mut steps, mut track) = (Vec::new(), 0);
            while let Some(event) = happened.recv().await {
                match event {
                    FlightEvent::Step { step, .. } => {
                        steps.push(step);
                        if orders.front().is_some_and(|(after, _)| *after == step)
                            && let Some((_, order)) = orders.pop_front()
                        {
                            instructions.send(order).await.unwrap();
                        }
                    }
                    FlightEvent::Track(_) => track += 1,
                    FlightEvent::Gate { answer, .. } => answer.send(GateAnswer::Go).unwrap(),
                    _ => {}
                }
            }
            (steps, track)
        };
        let order = Self::order();
        let both = async { tokio::join!(fly_task(&self.desk, &order, line), listening) };
        let (report, (steps, track)) = tokio::time::timeout(SOON, both).await.unwrap();
        (report, steps, track)
    }

    async fn answer(&mut self, topic: &str) -> Value {
        let found = async {
            loop {
                let (heard, message) = self.answers.recv().await.unwrap();
                if heard == topic {
                    return message;
                }
            }
        };
        tokio::time::timeout(SOON, found).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_flown_and_reported_like_any_flight() {
    let site = Site::new(Manner {
        first_answer_lost: true,
        ..Manner::default()
    })
    .await;
    let (report, steps, track) = site.fly().await;
    assert_eq!(report.flight.outcome, Outcome::Completed, "{steps:?}");
    assert!(report.flight.took_off && report.flight.landed);
    assert_eq!((report.flight.items_reached, report.flight.captures), (7, 6));
    let order = [
        Step::Uploading,
        Step::Ready,
        Step::Arming,
        Step::TookOff,
        Step::Returning,
        Step::Landed,
        Step::Done,
    ];
    let seen: Vec<Step> = steps.into_iter().filter(|step| order.contains(step)).collect();
    assert_eq!(seen, order);
    assert!(track > 0);
    assert!(
        site.line
            .dock("D01")
            .unwrap()
            .unknown
            .contains_key("a_field_of_tomorrow")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_hold_it_let_it_go_on_and_call_it_home() {
    let site = Site::new(Manner {
        lingers: true,
        ..Manner::default()
    })
    .await;
    let by = || "Li".to_owned();
    let (report, steps, _) = site
        .fly_told(vec![
            (Step::TookOff, Instruction::Pause { by: by() }),
            (Step::Paused, Instruction::Continue { by: by() }),
            (Step::Continued, Instruction::Return { by: by() }),
            (Step::Returning, Instruction::Pause { by: by() }),
            (Step::Paused, Instruction::Continue { by: by() }),
        ])
        .await;
    assert_eq!(report.flight.outcome, Outcome::Returned { by: by() }, "{steps:?}");
    let order = [
        Step::TookOff,
        Step::Paused,
        Step::Continued,
        Step::Returning,
        Step::Paused,
        Step::Continued,
        Step::Landed,
    ];
    let seen: Vec<Step> = steps.into_iter().filter(|step| order.contains(step)).collect();
    assert_eq!(seen, order);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dock_that_refuses_says_why() {
    let site = Site::new(Manner {
        prepare_result: 514_134,
        ..Manner::default()
    })
    .await;
    let (report, _, _) = site.fly().await;
    let Outcome::Refused { code, text } = report.flight.outcome else {
        panic!("{report:?}");
    };
    assert_eq!(code, RefusalCode::Rain);
    assert!(text.contains("514134"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_open_the_lid_through_the_debug_mode() {
    let site = Site::new(Manner::default()).await;
    let none = Map::new();
    let asked = site
        .line
        .command("D01", DockMethod::OpenLid, &none, SOON, Bound::default());
    asked.await.unwrap();
    let mut line = site.line.clone();
    let open = async {
        while line.dock("D01").is_none_or(|state| state.lid != Lid::Open) {
            line.changed().await;
        }
    };
    tokio::time::timeout(SOON, open).await.unwrap();
    let refused = site
        .line
        .command("D01", DockMethod::Abort, &none, SOON, Bound::default());
    assert!(refused.await.unwrap_err().to_string().contains("abort"));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_and_photos_are_handed_on() {
    let mut site = Site::new(Manner::default()).await;
    let ask = |method: &str, data: Value| {
        json!({"tid": "q", "bid": "q", "timestamp": 1, "method": method,
        "gateway": DOCK, "need_reply": 1, "data": data})
    };
    let requests = format!("thing/product/{DOCK}/requests");
    let bind = ask(
        "airport_bind_status",
        json!({"devices": [{"sn": DOCK}, {"sn": AIRCRAFT}]}),
    );
    say(site.broker, &requests, &bind).await;
    let told = site.answer(&format!("{requests}_reply")).await;
    assert_eq!(
        told["data"]["output"]["bind_status"][1]["is_device_bind_organization"],
        true
    );
    let topology = ask(
        "update_topo",
        json!({"sub_devices": [{"sn": AIRCRAFT, "type": 91, "sub_type": 1}]}),
    );
    say(site.broker, &format!("sys/product/{DOCK}/status"), &topology).await;
    assert_eq!(
        site.answer(&format!("sys/product/{DOCK}/status_reply")).await["data"]["result"],
        0
    );
    assert_eq!(site.desk.aircraft_model("D01"), Some((91, 1)));
    let photo = ask("file_upload_callback", json!({"file": {"object_key": "k"}}));
    say(site.broker, &format!("thing/product/{DOCK}/events"), &photo).await;
    let call = tokio::time::timeout(SOON, site.calls.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (call.method.as_str(), &call.data["file"]["object_key"]),
        ("file_upload_callback", &json!("k"))
    );
    call.reply.answer(&json!({"result": 0})).await;
    let reply = site.answer(&format!("thing/product/{DOCK}/events_reply")).await;
    assert_eq!(
        (&reply["method"], &reply["data"]["result"]),
        (&json!("file_upload_callback"), &json!(0))
    );
}
