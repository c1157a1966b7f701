//! Flights: made once, moved only as the rules say, listed, with what was written down on the way.

use casework::evidence::BreakReason;
use schedule::sortie::SortieState;
use sqlx::Executor;
use store::StoreError;
use store::flights::{Created, FlightFilter, Move, NewFlight, SlotEnd, SlotState};

use crate::fleet::{PLANNED, create, id, move_to, new_flight, plain_move, step, track_point};
use crate::harness::{NOW, actor, after, each_engine};

#[tokio::test(flavor = "multi_thread")]
async fn a_flight_comes_back_as_it_was_ordered_and_a_second_order_changes_nothing() {
    each_engine(async |bench| {
        let store = bench.open().await;
        create(&store, "F1").await;
        let other = NewFlight {
            mission_name: "south".to_owned(),
            shots: vec![],
            ..new_flight("F1")
        };
        let again = store.create_flight(&other, after(5)).await.unwrap();
        assert_eq!(again, Created::Known);
        let row = store.flight("F1").await.unwrap();
        let ordered = new_flight("F1");
        assert_eq!(row.mission_name, ordered.mission_name);
        assert_eq!((row.kind, row.system_id), (ordered.kind, ordered.system_id));
        assert_eq!((row.dock_id, row.slot_at), (ordered.dock_id, ordered.slot_at));
        assert_eq!((row.link, row.created_at), (ordered.link, NOW));
        assert_eq!((row.state, row.shots.planned), (SortieState::Due, PLANNED));
        assert_eq!(
            (row.launched_at, row.ended_at, row.facts_json),
            (None, None, None)
        );
        assert_eq!(store.newest_event_seq().await.unwrap(), 1);
        let by_hand = NewFlight {
            dock_id: None,
            slot_at: None,
            ..new_flight("F2")
        };
        store.create_flight(&by_hand, NOW).await.unwrap();
        let row = store.flight("F2").await.unwrap();
        assert_eq!((row.dock_id, row.slot_at), (None, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flight_moves_as_the_rules_say_and_every_move_is_in_the_chain() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let sortie = create(&store, "F1").await;
        use SortieState as S;
        for to in [S::Preparing, S::Preparing, S::Launching, S::Flying] {
            assert_eq!(move_to(&store, &sortie, to).await, to);
        }
        let illegal = store.move_flight(&sortie, S::Closed, &plain_move(NOW), NOW).await;
        assert!(
            matches!(illegal, Err(StoreError::IllegalSortieMove(_))),
            "{illegal:?}"
        );
        let failed = Move {
            code: Some("link_lost".to_owned()),
            note: Some("无心跳".to_owned()),
            payload_json: Some("{\"last\":1}".to_owned()),
            actor: actor("fleet"),
            at: after(90),
        };
        store
            .move_flight(&sortie, S::Failed, &failed, after(100))
            .await
            .unwrap();
        let row = store.flight("F1").await.unwrap();
        assert_eq!((row.state, row.ended_at), (S::Failed, Some(after(90))));
        assert_eq!(row.state_code.as_deref(), Some("link_lost"));
        assert_eq!(row.state_note.as_deref(), Some("无心跳"));
        let events = store.flight_events("F1").await.unwrap();
        let moves: Vec<_> = events.iter().map(|e| e.body.to.clone().unwrap()).collect();
        assert_eq!(moves, ["due", "preparing", "launching", "flying", "failed"]);
        assert_eq!(events[4].body.reason.as_deref(), Some("link_lost"));
        assert_eq!(events[4].body.payload_json, failed.payload_json);
        let chain = store.verify_chains().await.unwrap();
        assert_eq!((chain.events, chain.broken), (5, None));
        let error = store
            .move_flight(&id("F9"), S::Preparing, &failed, NOW)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "no flight F9");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_move_of_a_flight_is_found() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let sortie = create(&store, "F1").await;
        move_to(&store, &sortie, SortieState::Refused).await;
        let mut raw = bench.raw().await;
        raw.execute("update event set reason = 'wind' where event_seq = 2")
            .await
            .unwrap();
        let broken = store.verify_chains().await.unwrap().broken.unwrap();
        assert_eq!((broken.seq, broken.why), (2, BreakReason::ContentChanged));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged_newest_first() {
    each_engine(async |bench| {
        let store = bench.open().await;
        for n in 0..7 {
            let flight = NewFlight {
                dock_id: Some(format!("D0{}", n % 2)),
                ..new_flight(&format!("F{n}"))
            };
            // Three share one moment.
            store.create_flight(&flight, after(n / 3)).await.unwrap();
        }
        move_to(&store, &id("F2"), SortieState::Refused).await;
        let names = async |filter: FlightFilter| -> Vec<String> {
            let rows = store.list_flights(&filter).await.unwrap();
            rows.into_iter().map(|row| row.sortie_id).collect()
        };
        let mut seen: Vec<String> = Vec::new();
        loop {
            let page = names(FlightFilter {
                limit: 2,
                after: seen.last().cloned(),
                ..FlightFilter::default()
            })
            .await;
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(seen, ["F6", "F5", "F4", "F3", "F2", "F1", "F0"]);
        let of_dock = FlightFilter {
            dock_id: Some("D00".to_owned()),
            state: Some(SortieState::Due),
            ..FlightFilter::default()
        };
        assert_eq!(names(of_dock).await, ["F6", "F4", "F0"]);
        let open = store.open_flights().await.unwrap();
        let open: Vec<_> = open.into_iter().map(|row| row.sortie_id).collect();
        assert_eq!(open, ["F0", "F1", "F3", "F4", "F5", "F6"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_facts_steps_and_tracks_come_back_as_they_were() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let sortie = create(&store, "F1").await;
        store.set_launched(&sortie, after(20)).await.unwrap();
        store.set_landed(&sortie, after(200)).await.unwrap();
        store.set_flight_facts(&sortie, "{\"items\":9}").await.unwrap();
        let row = store.flight("F1").await.unwrap();
        assert_eq!(
            (row.launched_at, row.landed_at),
            (Some(after(20)), Some(after(200)))
        );
        assert_eq!(row.facts_json.as_deref(), Some("{\"items\":9}"));
        let error = store.set_landed(&id("F9"), NOW).await.unwrap_err();
        assert_eq!(error.to_string(), "no flight F9");

        let steps = [step(1, "connected"), step(1, "uploading"), step(2, "armed")];
        store.add_steps(&sortie, &steps[..2]).await.unwrap();
        store.add_steps(&sortie, &steps[2..]).await.unwrap();
        assert_eq!(store.steps("F1").await.unwrap(), steps);

        let track: Vec<_> = (0..250).map(track_point).collect();
        store.add_track(&sortie, &track[..240]).await.unwrap();
        store
            .add_track(&sortie, &track[200..])
            .await
            .expect("a part sent twice");
        assert_eq!(store.track("F1").await.unwrap(), track);
        assert!(store.add_track(&id("F9"), &track).await.is_err());
        assert!(store.add_steps(&id("F9"), &steps).await.is_err());
        assert!(store.track("F9").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instant_of_the_calendar_is_taken_on_once_among_all_programs() {
    each_engine(async |bench| {
        let programs = [bench.open().await, bench.open().await];
        let claim = |n: usize| {
            let store = programs[n % 2].clone();
            tokio::spawn(async move { store.claim_slot("north", after(60), "D01", NOW).await.unwrap() })
        };
        let tasks: Vec<_> = (0..8).map(claim).collect();
        let mut won = 0;
        for task in tasks {
            won += usize::from(task.await.unwrap());
        }
        assert_eq!(won, 1);
        let store = &programs[0];
        assert!(store.claim_slot("north", after(120), "D01", NOW).await.unwrap());
        let end = SlotEnd {
            state: SlotState::Refused,
            code: Some("wind".to_owned()),
            sortie_id: Some(id("F1")),
        };
        store
            .settle_slot("north", after(60), &end, after(61))
            .await
            .unwrap();
        let rows = store.slots_between(after(60), after(120)).await.unwrap();
        assert_eq!(rows.len(), 1, "the end is open");
        assert_eq!((rows[0].state, rows[0].slot_at), (SlotState::Refused, after(60)));
        assert_eq!(
            (rows[0].code.as_deref(), rows[0].sortie_id.as_deref()),
            (Some("wind"), Some("F1"))
        );
        let all = store.slots_between(NOW, after(121)).await.unwrap();
        assert_eq!((all.len(), all[1].state), (2, SlotState::Due));
        let nobody = store
            .settle_slot("south", after(60), &end, NOW)
            .await
            .unwrap_err();
        assert!(
            matches!(nobody, StoreError::NotFound { what: "slot", .. }),
            "{nobody}"
        );
    })
    .await;
}

/// What lies on a vehicle is known until it is taken back, whichever of its flights says so.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_flight_laid_on_its_vehicle_is_known_until_it_is_taken_back() {
    each_engine(async |bench| {
        let store = bench.open().await;
        for (name, minutes) in [("S-1", 1), ("S-2", 2)] {
            let flight = NewFlight {
                bounds_json: Some("{\"fence\":1}".to_owned()),
                ..new_flight(name)
            };
            store.create_flight(&flight, after(minutes)).await.unwrap();
        }
        let flight = store.flight("S-2").await.unwrap();
        assert_eq!(flight.bounds_json.as_deref(), Some("{\"fence\":1}"));
        let (link, system_id) = (flight.link.as_str(), flight.system_id);
        let laid = async || store.laid_on(link, system_id).await.unwrap();
        assert_eq!(laid().await, None);
        let [first, second] = ["S-1", "S-2"].map(id);
        store.set_laid(&first, Some("one")).await.unwrap();
        assert_eq!(laid().await.as_deref(), Some("one"));
        assert_eq!(store.laid_on("udpin:0.0.0.0:1", system_id).await.unwrap(), None);
        // A later flight takes over what it found written down, and gives it all back.
        store.set_laid(&second, Some("both")).await.unwrap();
        assert_eq!(laid().await.as_deref(), Some("both"));
        store.set_laid(&second, None).await.unwrap();
        assert_eq!(laid().await, None);
        assert!(store.set_laid(&id("S-9"), None).await.is_err());
    })
    .await;
}
