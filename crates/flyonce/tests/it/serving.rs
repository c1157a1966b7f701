//! `flyonce serve` through its real socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Program, can_look};

/// A running service; stopped when dropped.
pub struct Service {
    child: Child,
    pub address: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Service {
    pub fn start(program: &Program) -> Self {
        let mut child = program.spawn(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !said.contains('}') {
            said.push_str(&lines.next().expect("the service says where it listens").unwrap());
        }
        let url = serde_json::from_str::<Value>(&said).unwrap()["url"]
            .as_str()
            .unwrap()
            .to_owned();
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { child, address }
    }

    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.request_as(&self.address, method, path, body)
    }

    /// With further header lines, each ending in CRLF. The body comes as it is, not in chunks.
    pub fn request_with(&self, method: &str, path: &str, headers: &str) -> Answer {
        let mut stream = self.connected();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n"
        )
        .unwrap();
        answer(stream)
    }

    /// What the stream of events says first, asked for with further header lines.
    pub fn first_event(&self, headers: &str) -> String {
        let mut stream = self.connected();
        write!(
            stream,
            "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        )
        .unwrap();
        let mut said = String::new();
        for line in BufReader::new(stream).lines() {
            said.push_str(&line.unwrap());
            said.push('\n');
            if said.contains("data: ") {
                break;
            }
        }
        said
    }

    fn connected(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    fn request_as(&self, host: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut stream = self.connected();
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        );
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        answer(stream)
    }

    pub fn json(&self, path: &str) -> Value {
        let answer = self.request("GET", path, None);
        assert_eq!(
            answer.status,
            200,
            "{path}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn decide(&self, lead: &str, decision: Value) -> (u16, Value) {
        let answer = self.request(
            "POST",
            &format!("/api/v1/leads/{lead}/decisions"),
            Some(&decision),
        );
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }
}

fn answer(mut stream: TcpStream) -> Answer {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let split = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let headers = String::from_utf8_lossy(&all[..split]).into_owned();
    let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        headers,
        body: all[split + 4..].to_vec(),
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_door_of_the_description_answers() {
    if !can_look("every_door_of_the_description_answers") {
        return;
    }
    let program = Program::with_demo();
    let service = Service::start(&program);
    let lead = service.json("/api/v1/leads?limit=1")["leads"][0].clone();
    let case = service.json(&format!("/api/v1/leads/{}", lead["lead_id"].as_str().unwrap()));
    let view = &case["views"][0];
    let document = service.json("/api/v1/openapi.json");
    for (path, methods) in document["paths"].as_object().unwrap() {
        let real = path
            .replace("{lead}", lead["lead_id"].as_str().unwrap())
            .replace(
                "{photo_id}",
                &view["photo_id"].as_str().unwrap().replace('/', "%2F"),
            )
            .replace("{sha256}", view["sha256"].as_str().unwrap())
            .replace("{detection}", view["detection_id"].as_str().unwrap())
            .replace("{kind}", "town")
            .replace("/age/{z}/{x}/{file}", "/age/10/857/418.png")
            .replace("/tiles/{z}/{x}/{file}", "/tiles/10/857/418.mvt");
        if methods.get("get").is_none()
            || path.contains("/events")
            // Answers in words where there are no docks.
            || path == "/api/v1/fleet"
            || path == "/api/v1/fleet/overrides"
            || ["{name}", "{sortie}", "{gap}", "/siting/{id}"].iter().any(|part| path.contains(part))
        {
            continue;
        }
        let answer = service.request("GET", &real, None);
        assert_eq!(answer.status, 200, "{real}");
        let described = methods["get"]["responses"]["200"]["content"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap();
        assert!(
            answer.headers.contains(&format!("content-type: {described}")),
            "{real}: {}",
            answer.headers
        );
        if described == "image/jpeg" {
            assert!(answer.body.starts_with(&[0xFF, 0xD8, 0xFF]), "{real}");
            let has_exif = answer.body.windows(4).any(|four| four == b"Exif");
            assert_eq!(
                has_exif,
                real.ends_with("/original"),
                "only the original carries EXIF: {real}"
            );
        }
    }
    let health = service.json("/api/v1/health");
    assert_eq!(
        (health["status"].as_str(), health["accounts"].as_bool()),
        (Some("ok"), Some(false))
    );
    assert_eq!(health["simulated_photos"], 4);
}

#[test]
fn decisions_are_taken_refused_and_told_live() {
    if !can_look("decisions_are_taken_refused_and_told_live") {
        return;
    }
    let program = Program::with_demo();
    let service = Service::start(&program);
    let lead = service.json("/api/v1/leads?limit=1")["leads"][0]["lead_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut live = TcpStream::connect(&service.address).unwrap();
    live.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(live, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut events = BufReader::new(live).lines().map(Result::unwrap);
    assert!(events.any(|line| line == "event: hello"));
    let (status, refused) = service.decide(&lead, json!({"decision": "false_alarm", "actor": "甲"}));
    assert_eq!(
        (status, refused["error"]["code"].as_str()),
        (422, Some("reason_missing"))
    );
    assert!(
        refused["error"]["message"]["zh"]
            .as_str()
            .unwrap()
            .contains("原因")
    );
    let taken = json!({"decision": "known_stock", "actor": "甲", "expected_state": "candidate"});
    let (status, case) = service.decide(&lead, taken.clone());
    assert_eq!((status, case["state"].as_str()), (200, Some("known_stock")));
    assert!(
        events.any(|line| line.starts_with("data: ") && line.contains(&lead) && line.contains("known_stock"))
    );
    let (status, moved) = service.decide(&lead, taken);
    assert_eq!((status, moved["error"]["code"].as_str()), (409, Some("moved")));
    let (status, case) = service.decide(&lead, json!({"decision": "undo", "actor": "甲"}));
    assert_eq!((status, case["state"].as_str()), (200, Some("candidate")));
    let (status, _) = service.decide("01NOTALEAD", json!({"decision": "confirm", "actor": "甲"}));
    assert_eq!(status, 404);
    let (status, _) = service.decide(
        &lead,
        json!({"decision": "confirm", "actor": "甲", "colour": "red"}),
    );
    assert_eq!(status, 400, "an unknown field is refused, not ignored");
}

#[test]
fn only_this_machine_is_answered() {
    let program = Program::new();
    let service = Service::start(&program);
    let foreign = service.request_as("flyonce.example:80", "GET", "/api/v1/leads", None);
    assert_eq!(foreign.status, 403);
    let missing = service.request("GET", "/api/v1/no-such-door", None);
    assert_eq!(missing.status, 404);
    assert!(serde_json::from_slice::<Value>(&missing.body).unwrap()["error"]["message"]["zh"].is_string());
    let page = service.request("GET", "/", None);
    assert_eq!(page.status, 200);
    assert!(
        page.headers
            .contains("content-security-policy: default-src 'self'"),
        "{}",
        page.headers
    );
    for path in [
        "/api/v1/images/../../flyonce.sqlite",
        "/..%2F..%2Fetc%2Fpasswd",
        "/api/v1/images/%2E%2E",
    ] {
        assert_eq!(service.request("GET", path, None).status, 404, "{path}");
    }
    let refused = program.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(
        !refused.ok && refused.stderr.contains("no accounts yet"),
        "{}",
        refused.stderr
    );
}
