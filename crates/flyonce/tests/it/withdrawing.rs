//! Flights and imports are taken out of coverage and brought back, through the API and the command line alike.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::coverage::city;
use crate::serving::Service;

const FIGURES: &str = "/api/v1/coverage/figures?as_of=2026-03-28";

/// Imaged ground as the service tells it, once it tells `wanted`, km².
fn wait_for_imaged(service: &Service, wanted: impl Fn(f64) -> bool) -> f64 {
    let begun = Instant::now();
    loop {
        let km2 = service.json(FIGURES)["whole"]["imaged"]["km2"].as_f64().unwrap();
        if wanted(km2) {
            return km2;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{km2} km² still");
        sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_sortie_is_withdrawn_and_restored_through_the_api() {
    let program = city();
    let service = Service::start(&program);
    let sortie = program.json(&["photos"])["photos"][0]["sortie_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let post = |sortie: &str, what: &str, body: Value| {
        let path = format!("/api/v1/flights/{sortie}/{what}");
        let answer = service.request("POST", &path, Some(&body));
        let told: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status, told)
    };
    assert_eq!(service.json("/api/v1/withdrawals"), json!({"withdrawn": []}));
    let imaged = wait_for_imaged(&service, |km2| km2 > 0.1);

    let code = |(status, told): (u16, Value)| (status, told["error"]["code"].as_str().unwrap().to_owned());
    let refused = code(post(
        &sortie,
        "withdraw",
        json!({"actor": "王审核", "reason": " "}),
    ));
    assert_eq!(refused, (422, "reason_missing".to_owned()));
    let refused = code(post(
        &sortie,
        "withdraw",
        json!({"actor": "", "reason": "镜头盖"}),
    ));
    assert_eq!(refused, (422, "actor_missing".to_owned()));
    let refused = code(post(
        &sortie,
        "withdraw",
        json!({"person": "王审核", "reason": "镜头盖"}),
    ));
    assert_eq!(refused, (400, "bad_request".to_owned()));
    let named = json!({"actor": "王审核", "reason": "镜头盖没取下"});
    assert_eq!(code(post("S9", "withdraw", named.clone())).0, 404);
    assert_eq!(code(post(&sortie, "restore", json!({"actor": "王审核"}))).0, 404);

    let (status, made) = post(&sortie, "withdraw", named);
    assert_eq!(
        (status, &made["new"], &made["photos"]),
        (200, &json!(true), &json!(9))
    );
    assert_eq!(wait_for_imaged(&service, |km2| km2 == 0.0), 0.0);
    let (status, again) = post(
        &sortie,
        "withdraw",
        json!({"actor": "李娜", "reason": "再来一次"}),
    );
    assert_eq!(
        (status, &again["new"], &again["by"]),
        (200, &json!(false), &json!("王审核"))
    );
    let listed = service.json("/api/v1/withdrawals");
    assert_eq!(listed["withdrawn"][0]["reason"], "镜头盖没取下");
    assert_eq!(listed, program.json(&["flights", "withdrawn"]));

    let (status, back) = post(
        &sortie,
        "restore",
        json!({"actor": "李娜", "reason": "弄错了架次"}),
    );
    assert_eq!((status, &back["photos"]), (200, &json!(9)));
    assert_eq!(wait_for_imaged(&service, |km2| km2 > 0.0), imaged);
    assert_eq!(service.json("/api/v1/withdrawals"), json!({"withdrawn": []}));
}
