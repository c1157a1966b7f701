//! What a dock decides, without a broker.

use serde_json::json;

use crate::cloud_dock::codes;
use crate::cloud_dock::envelope::Envelope;
use crate::cloud_dock::order::Order;
use crate::cloud_dock::state::{Machine, Now, Out, Prepared, Site};
use crate::cloud_dock::wayline::{Finish, HeightMode, Mission, Wayline};
use crate::dock::{AlternateLanding, Weather};
use crate::frame::{GeoPoint, LocalFrame};

fn machine(battery_percent: f64) -> Machine {
    let origin = GeoPoint {
        latitude_deg: 31.2,
        longitude_deg: 121.6,
    };
    let site = Site {
        gateway_sn: "DOCK".to_owned(),
        aircraft_sn: "DRONE".to_owned(),
        frame: LocalFrame {
            origin,
            street_amsl_m: 5.0,
        },
        alternate_landing: AlternateLanding {
            longitude_deg: 121.6,
            latitude_deg: 31.2,
            safe_height_m: 60.0,
        },
        seed: 3,
        dock_faults: Default::default(),
        faults: Default::default(),
        battery_percent,
    };
    let mut machine = Machine::new(site, 0);
    machine.ready = true;
    machine
}

fn at(second: i64) -> Now {
    Now {
        city_us: second * 1_000_000,
        wall_ms: second * 1000,
        weather: Weather {
            wind_ms: 2.0,
            gust_ms: 3.0,
            rain_level: 0,
            temperature_c: 20.0,
            humidity_percent: 50.0,
        },
    }
}

fn prepared(flight_id: &str) -> Prepared {
    let data = json!({"flight_id": flight_id, "execute_time": 0, "task_type": 0, "rth_altitude": 60,
        "out_of_control_action": 0, "file": {"url": "http://h/x", "fingerprint": "ab"}});
    Prepared {
        order: Order::read(data.as_object().unwrap()).unwrap(),
        mission: Mission {
            takeoff_height_m: 20.0,
            transit_speed_ms: 10.0,
            finish: Finish::Home,
            waylines: vec![Wayline {
                id: 0,
                heights: HeightMode::TakeOff,
                waypoints: Vec::new(),
                start_acts: Vec::new(),
                groups: Vec::new(),
            }],
        },
        told_ready: false,
    }
}

/// The result of a service.
fn asked(machine: &mut Machine, (method, data): (&str, serde_json::Value), now: &Now) -> i64 {
    let service = Envelope {
        tid: "t".to_owned(),
        bid: "b".to_owned(),
        method: method.to_owned(),
        data: data.as_object().unwrap().clone(),
    };
    machine.hear(&service, now);
    let mut replies = machine.take().into_iter().filter_map(|out| match out {
        Out::Reply { result, .. } => Some(result),
        _ => None,
    });
    replies.next_back().unwrap()
}

#[test]
fn a_low_battery_refuses_until_the_dock_has_charged_it() {
    let mut machine = machine(30.0);
    machine.prepared.insert("f".to_owned(), prepared("f"));
    let execute = ("flighttask_execute", json!({"flight_id": "f"}));
    assert_eq!(asked(&mut machine, execute.clone(), &at(0)), codes::LOW_POWER);
    for second in (0..1800).step_by(10) {
        machine.advance(&at(second));
    }
    assert!(
        machine.aircraft.battery_percent > 60.0,
        "{}",
        machine.aircraft.battery_percent
    );
    assert_eq!(asked(&mut machine, execute, &at(1800)), codes::OK);
}

#[test]
fn a_file_that_comes_late_is_none_of_the_next_tasks() {
    let mut machine = machine(90.0);
    machine.begin_task(prepared("second"), "b", &at(0));
    let first = prepared("first").order;
    let failed = Err((codes::DISTRIBUTE_TASK_FAILED, "gone".to_owned()));
    machine.hear_task_file(&first, failed.clone(), &at(1));
    assert!(machine.task.is_some(), "it is another one's");
    let second = prepared("second").order;
    machine.hear_task_file(&second, failed, &at(2));
    assert!(machine.task.is_none());
}

#[test]
fn properties_come_in_several_messages_and_none_has_all() {
    let machine = machine(90.0);
    let said = machine.dock_osd(&at(0), 3);
    for (name, of) in [
        ("mode_code", 0),
        ("cover_state", 0),
        ("media_file_detail", 1),
        ("job_number", 2),
    ] {
        let with: Vec<usize> = (0..said.len())
            .filter(|part| said[*part].get(name).is_some())
            .collect();
        assert_eq!(with, [of], "{name}");
    }
}
