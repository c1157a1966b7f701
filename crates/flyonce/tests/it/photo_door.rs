//! The photo door through the real program: whatever breaks on the way, each photo arrives once and where it belongs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::flown::{
    Put, SORTIE, capture, door, launch, names_in, padded, photo, put_piece, put_whole, sha256,
};
use crate::program::Program;
use crate::serving::Service;

fn flying(photos: u32) -> Program {
    let program = Program::new();
    launch(&program, photos);
    program
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    let code = answer.1["error"]["code"].as_str().unwrap_or_default();
    assert_eq!(
        answer.1["code"].as_str().unwrap_or_default(),
        code,
        "said twice alike"
    );
    (answer.0, code)
}

fn received(answer: &Value) -> usize {
    usize::try_from(answer["received_bytes"].as_u64().unwrap()).unwrap()
}

fn shots(program: &Program) -> Vec<Value> {
    let flight = program.json(&["flights", "show", SORTIE]);
    flight["photos"].as_array().unwrap().clone()
}

/// Waits until the part on the disk has at least so many bytes.
fn wait_for_part(program: &Program, bytes: u64) {
    let started = Instant::now();
    loop {
        let longest = names_in(&program.path("data/incoming"))
            .iter()
            .filter_map(|name| fs::metadata(program.path("data/incoming").join(name)).ok())
            .map(|part| part.len())
            .max();
        if longest.is_some_and(|length| length >= bytes) {
            return;
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{longest:?} of {bytes} bytes"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_photo_goes_on_where_a_kill_left_it() {
    let program = flying(3);
    capture(&program, [1, 2, 3]);
    let content = padded(photo(2, 2), 900_000);
    let path = door(2, &content);
    let service = Service::start(&program);
    assert_eq!(service.json(&path)["state"], "absent");
    let (status, taken) = put_piece(&service.address, 2, &content, 0..300_000);
    assert_eq!((status, received(&taken)), (202, 300_000));
    // Half of the second piece, then the service dies.
    let second = Put {
        address: &service.address,
        path: &path,
        range: Some((300_000, 699_999, 900_000)),
    };
    let mut line = TcpStream::connect(&service.address).unwrap();
    line.write_all(second.head(400_000).as_bytes()).unwrap();
    line.write_all(&content[300_000..500_000]).unwrap();
    line.flush().unwrap();
    wait_for_part(&program, 300_001);
    drop(service);

    let service = Service::start(&program);
    let state = service.json(&path);
    assert_eq!(state["state"], "partial");
    let from = received(&state);
    assert!((300_001..=500_000).contains(&from), "{from}");
    let again = put_piece(&service.address, 2, &content, 300_000..700_000);
    assert_eq!(code(&again), (409, "offset"));
    assert_eq!(received(&again.1), from, "the refusal says where to go on");
    let (status, stored) = put_piece(&service.address, 2, &content, from..900_000);
    assert_eq!(status, 201, "{stored}");
    assert_eq!(stored["photo_id"], format!("{SORTIE}/00002"));
    assert_eq!(service.json(&path)["state"], "stored");
    let (status, known) = put_whole(&service.address, 2, &content);
    assert_eq!((status, &known["photo_id"]), (200, &stored["photo_id"]));
    let original = service.request(
        "GET",
        &format!("/api/v1/images/{}/original", sha256(&content)),
        None,
    );
    assert!(original.body.ends_with(&content[content.len() - 1000..]));
    assert_eq!(program.json(&["photos"])["total"], 1);
    assert!(
        names_in(&program.path("data/incoming")).is_empty(),
        "no part is left"
    );
}

#[test]
fn a_line_that_breaks_loses_only_what_was_not_sent() {
    let program = flying(1);
    let content = padded(photo(1, 1), 500_000);
    let service = Service::start(&program);
    let put = Put {
        address: &service.address,
        path: &door(1, &content),
        range: None,
    };
    let mut line = TcpStream::connect(&service.address).unwrap();
    line.write_all(put.head(content.len()).as_bytes()).unwrap();
    line.write_all(&content[..250_000]).unwrap();
    wait_for_part(&program, 1);
    drop(line);
    let from = received(&service.json(&door(1, &content)));
    assert!((1..=250_000).contains(&from), "{from}");
    // Whoever sends the whole file anew needs no bookkeeping.
    let (status, stored) = put_whole(&service.address, 1, &content);
    assert_eq!(status, 201, "{stored}");
}

#[test]
fn what_is_not_the_photo_is_refused_by_name() {
    let program = flying(3);
    capture(&program, [1, 2, 3]);
    let service = Service::start(&program);
    let address = service.address.as_str();
    let content = photo(1, 1);
    let damaged: Vec<u8> = content.iter().rev().copied().collect();
    let put = |path: &str, range, body: &[u8]| Put { address, path, range }.send(body);
    let wrong = put(&door(1, &content), None, &damaged);
    assert_eq!((code(&wrong), received(&wrong.1)), ((422, "hash"), 0));
    assert_eq!(service.json(&door(1, &content))["state"], "absent", "dropped");
    assert_eq!(put_whole(address, 1, &content).0, 201);

    let other = photo(1, 77);
    assert_eq!(code(&put_whole(address, 1, &other)), (409, "index_taken"));
    assert_eq!(service.json(&door(1, &other))["state"], "absent");

    let notes = b"not a photo at all";
    assert_eq!(code(&put_whole(address, 2, notes)), (422, "not_a_photo"));

    let unknown = door(1, &content).replace(SORTIE, "NO-SUCH-SORTIE");
    assert_eq!(code(&put(&unknown, None, &content)), (404, "unknown_sortie"));
    assert_eq!(service.request("GET", &unknown, None).status, 404);

    let content = photo(3, 3);
    let place = door(3, &content);
    for bad in [
        place.replace("/3/", "/003/"),
        place.replace("/3/", "/-3/"),
        place.replace(SORTIE, "..%2F..%2Fx"),
        place
            .to_uppercase()
            .replace("/API/V1/PHOTO-DOOR", "/api/v1/photo-door"),
    ] {
        assert_eq!(code(&put(&bad, None, &content)), (400, "bad_request"), "{bad}");
    }
    let gib = 1 << 30;
    assert_eq!(
        code(&put(&place, Some((0, 9, gib)), &content[..10])),
        (413, "too_large")
    );
    let nine_mib = vec![0_u8; 9 << 20];
    let much = put(&place, Some((0, (9 << 20) - 1, 10 << 20)), &nine_mib);
    assert_eq!(code(&much), (413, "too_large"));
    assert_eq!(
        code(&put(&place, Some((5, 9, 100)), &content[..5])),
        (409, "offset")
    );
    let longer = put(&place, Some((0, 4, 100)), &content[..50]);
    assert_eq!((code(&longer), received(&longer.1)), ((413, "too_large"), 0));
    let shorter = put(&place, Some((0, 49, 100)), &content[..20]);
    assert_eq!((code(&shorter), received(&shorter.1)), ((400, "bad_request"), 20));
    assert_eq!(program.json(&["photos"])["total"], 1);
}

#[test]
fn twenty_photos_in_any_order_and_twice_at_once_are_twenty() {
    const PHOTOS: u32 = 20;
    let program = flying(PHOTOS);
    // The reports of every third photo come after its file.
    let late: Vec<u32> = (1..=PHOTOS).filter(|number| number % 3 == 0).collect();
    capture(&program, (1..=PHOTOS).filter(|number| number % 3 != 0));
    let service = Service::start(&program);
    // A fixed sequence (Knuth's MMIX generator).
    let mut random = 7_u64;
    let mut order: Vec<u32> = (1..=PHOTOS).collect();
    order.sort_by_cached_key(|_| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        random >> 33
    });
    let address = service.address.as_str();
    let statuses: Vec<(u32, u16)> = std::thread::scope(|scope| {
        let carriers: Vec<_> = (0..4)
            .map(|carrier| {
                let mut mine = order.clone();
                // Two go one way and two the other, so that every photo is sent by several at once.
                if carrier % 2 == 1 {
                    mine.reverse();
                }
                scope.spawn(move || -> Vec<(u32, u16)> {
                    mine.iter()
                        .map(|number| {
                            (
                                *number,
                                put_whole(address, *number, &photo(*number, u64::from(*number))).0,
                            )
                        })
                        .collect()
                })
            })
            .collect();
        carriers
            .into_iter()
            .flat_map(|carrier| carrier.join().unwrap())
            .collect()
    });
    for number in 1..=PHOTOS {
        let mut of_one: Vec<u16> = statuses
            .iter()
            .filter(|(n, _)| *n == number)
            .map(|(_, status)| *status)
            .collect();
        of_one.sort_unstable();
        assert_eq!(of_one, [200, 200, 200, 201], "photo {number} is stored once");
    }
    capture(&program, late);
    let flight = program.json(&["flights", "show", SORTIE]);
    let counts = &flight["photos"];
    assert_eq!(program.json(&["photos"])["total"], PHOTOS);
    assert_eq!(counts.as_array().unwrap().len(), PHOTOS as usize, "no photo more");
    for shot in counts.as_array().unwrap() {
        let number = shot["index"].as_u64().unwrap();
        assert_eq!(shot["image_index"], number, "{shot}");
        assert_eq!(shot["photo_id"], format!("{SORTIE}/{number:05}"));
        let photo = program.photo_named(&format!("photo-door/{SORTIE}/{number}.jpg"));
        assert_eq!(photo["photo_id"], shot["photo_id"]);
        assert_eq!(photo["problem_code"], Value::Null);
    }
}

#[test]
fn a_file_that_contradicts_its_report_is_kept_and_named() {
    let program = flying(9);
    capture(&program, 1..=9);
    let service = Service::start(&program);
    // Number 3 on the address, time and place of photo 7.
    let (status, stored) = put_whole(&service.address, 3, &photo(7, 7));
    assert_eq!(
        (status, &stored["photo_id"]),
        (201, &Value::from(format!("{SORTIE}/00007")))
    );
    let named = program.photo_named(&format!("photo-door/{SORTIE}/3.jpg"));
    assert_eq!(named["problem_code"], "index_differs");
    // The rightful file of photo 7 is not lost for that.
    let (status, extra) = put_whole(&service.address, 7, &photo(7, 8));
    assert_eq!(
        (status, &extra["photo_id"]),
        (201, &Value::from(format!("{SORTIE}/00010")))
    );
    let named = program.photo_named(&format!("photo-door/{SORTIE}/7.jpg"));
    assert_eq!(named["problem_code"], "shot_taken");
    assert!(named["problem"]["zh"].as_str().unwrap().contains("额外"));
    let extra = &shots(&program)[9];
    assert_eq!(
        (&extra["planned"], &extra["state"]),
        (&Value::from(false), &Value::from("stored"))
    );
}

#[test]
fn a_photo_that_was_whole_at_a_stop_is_stored_at_the_next_start() {
    let program = flying(2);
    let content = photo(1, 1);
    let part = format!("data/incoming/{SORTIE}.1.{}.part", sha256(&content));
    program.write(&part, &content);
    program.write("data/incoming/notes.txt", "not a part");
    let service = Service::start(&program);
    let started = Instant::now();
    while service.json(&door(1, &content))["state"] != "stored" {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(names_in(&program.path("data/incoming")), ["notes.txt"]);
}

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let program = flying(1);
    let content = padded(photo(1, 1), 3_000_000);
    // A limit on the size of files stands for a full disk: both fail in the middle of a write.
    let script =
        "trap '' XFSZ; ulimit -f 1500; exec \"$0\" --data data --lang en serve --listen 127.0.0.1:0 --json";
    let mut limited = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_flyonce")])
        .current_dir(program.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(limited.stdout.take().unwrap()).lines();
    while !said.contains('}') {
        said.push_str(&lines.next().unwrap().unwrap());
    }
    let url = serde_json::from_str::<Value>(&said).unwrap()["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let full = put_whole(address, 1, &content);
    limited.kill().unwrap();
    limited.wait().unwrap();
    assert_eq!(code(&full), (507, "disk_full"), "{}", full.1);
    assert!(
        full.1["error"]["message"]["zh"]
            .as_str()
            .unwrap()
            .contains("磁盘已满")
    );

    let service = Service::start(&program);
    let from = received(&service.json(&door(1, &content)));
    assert!(from <= 1_536_000, "{from}");
    let (status, stored) = put_piece(&service.address, 1, &content, from..content.len());
    assert_eq!(status, 201, "with room again it goes on: {stored}");
}
