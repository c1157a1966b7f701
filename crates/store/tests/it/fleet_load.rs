//! A whole fleet at once, a program that is killed in the middle of a flight, and data of the version before.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use schedule::sortie::SortieState;
use store::flights::{SlotEnd, SlotState};
use store::{Location, Store};

use crate::fleet::{PLANNED, capture, file, id, new_flight, plain_move, step, track_point};
use crate::harness::{Bench, NOW, after, each_engine};

const FOLDER: &str = "FLYONCE_TEST_FLIGHT_FOLDER";
const URL: &str = "FLYONCE_TEST_FLIGHT_URL";

const LIFE: [SortieState; 6] = [
    SortieState::Preparing,
    SortieState::Launching,
    SortieState::Flying,
    SortieState::Returning,
    SortieState::Landed,
    SortieState::Closed,
];

/// Sixteen flights through two programs, all writing at once: nobody is turned away, nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn sixteen_flights_may_be_written_at_once() {
    each_engine(async |bench| {
        let programs = [bench.open().await, bench.open().await];
        let fly = |n: usize| {
            let store = programs[n % 2].clone();
            tokio::spawn(async move {
                let name = format!("F{n:02}");
                store.create_flight(&new_flight(&name), NOW).await.unwrap();
                for (i, to) in LIFE.into_iter().enumerate() {
                    let second = i as i64 * 10;
                    store
                        .move_flight(&id(&name), to, &plain_move(after(second)), NOW)
                        .await
                        .unwrap();
                    let points: Vec<_> = (second..second + 10).map(track_point).collect();
                    store.add_track(&id(&name), &points).await.unwrap();
                    store
                        .add_steps(&id(&name), &[step(second, to.as_str())])
                        .await
                        .unwrap();
                    let shot = i as u32 + 1;
                    store
                        .record_capture(&id(&name), &capture(shot), NOW)
                        .await
                        .unwrap();
                    store.commit_photo(&file(&name, shot), NOW).await.unwrap();
                }
            })
        };
        let tasks: Vec<_> = (0..16).map(fly).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let store = &programs[0];
        for flight in store.list_flights(&Default::default()).await.unwrap() {
            assert_eq!(flight.state, SortieState::Closed);
            assert_eq!(flight.shots.stored, PLANNED);
            assert_eq!(store.track(&flight.sortie_id).await.unwrap().len(), 60);
            assert_eq!(store.steps(&flight.sortie_id).await.unwrap().len(), LIFE.len());
        }
        let chain = store.verify_chains().await.unwrap();
        assert_eq!((chain.events, chain.broken), (16 * (1 + 6 + 6), None));
    })
    .await;
}

/// The program to be killed: flies one flight from wherever the data stand.
async fn work(location: Location) {
    let store = Store::open(&location, NOW).await.unwrap();
    let sortie = id("F1");
    if store.claim_slot("north", after(-60), "D01", NOW).await.unwrap() {
        println!("wrote slot");
    }
    store.create_flight(&new_flight("F1"), NOW).await.unwrap();
    println!("wrote flight");
    let here = store.flight("F1").await.unwrap().state;
    for to in LIFE.into_iter().filter(|to| *to > here) {
        if to == SortieState::Landed {
            for n in 1..=PLANNED {
                store.record_capture(&sortie, &capture(n), NOW).await.unwrap();
                println!("wrote capture {n}");
                if n != 4 {
                    store.commit_photo(&file("F1", n), NOW).await.unwrap();
                    println!("wrote file {n}");
                }
            }
        }
        if to == SortieState::Closed {
            store.settle_shots(&sortie, NOW).await.unwrap();
            println!("wrote losses");
        }
        store
            .move_flight(&sortie, to, &plain_move(NOW), NOW)
            .await
            .unwrap();
        println!("wrote {to}");
    }
    let end = SlotEnd {
        state: SlotState::Launched,
        code: None,
        sortie_id: Some(sortie),
    };
    store.settle_slot("north", after(-60), &end, NOW).await.unwrap();
}

/// Does nothing unless it is started by the test below.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    work(Location {
        folder: PathBuf::from(folder),
        database_url: std::env::var(URL).ok(),
    })
    .await;
}

fn start_child(bench: &Bench) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "fleet_load::child", "--nocapture"])
        .env(FOLDER, bench.location().folder);
    if let Some(url) = bench.location().database_url {
        command.env(URL, url);
    }
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child after so many of its lines.
fn kill_after(mut child: Child, lines: usize) {
    let output = BufReader::new(child.stdout.take().unwrap());
    let said = output
        .lines()
        .map_while(Result::ok)
        .filter(|line| line.contains("wrote"));
    assert_eq!(said.take(lines).count(), lines, "the child stopped by itself");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_the_flight_is_whole_in_the_end() {
    each_engine(async |bench| {
        for lines in [1, 2, 4, 7, 12, 9] {
            kill_after(start_child(bench), lines);
            let store = bench.open().await;
            assert_eq!(store.verify_chains().await.unwrap().broken, None);
            for flight in store.open_flights().await.unwrap() {
                let last = store
                    .flight_events(&flight.sortie_id)
                    .await
                    .unwrap()
                    .pop()
                    .unwrap();
                assert_eq!(last.body.to.as_deref(), Some(flight.state.as_str()));
                assert_eq!(flight.shots.planned, PLANNED);
            }
            for shot in store.shots("F1").await.unwrap() {
                if let Some(photo_id) = &shot.photo_id {
                    assert_eq!(store.photo(photo_id).await.unwrap().photo_index, shot.shot_index);
                }
            }
        }
        work(bench.location()).await;
        let store = bench.open().await;
        let flight = store.flight("F1").await.unwrap();
        assert_eq!(flight.state, SortieState::Closed);
        assert_eq!(
            (flight.shots.stored, flight.shots.lost_never_arrived),
            (PLANNED - 1, 1)
        );
        let chain = store.verify_chains().await.unwrap();
        let each_once = u64::from(PLANNED - 1) + 1 + LIFE.len() as u64;
        assert_eq!((chain.events, chain.broken), (each_once, None));
        let slots = store.slots_between(after(-60), NOW).await.unwrap();
        assert_eq!((slots.len(), slots[0].state), (1, SlotState::Launched));
    })
    .await;
}
