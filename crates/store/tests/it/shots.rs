//! The photos of a flight: reports in any order, files early, late, twice and in the wrong place.

use schedule::photo_ledger::{LossReason, PhotoState};
use schedule::sortie::SortieState;
use store::StoreError;
use store::flights::{CaptureRow, Move, ShotCounts};
use store::photos::CommitOutcome;
use store::rows::{NewPhoto, SortieKind};

use crate::fleet::{PLANNED, capture, create, file, id, plan, states};
use crate::harness::{NOW, actor, after, commit, each_engine, photo, register_model};

use PhotoState as P;

#[tokio::test(flavor = "multi_thread")]
async fn reports_find_their_photo_in_any_order_and_only_once() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let sortie = create(&store, "F1").await;
        for n in [5, 1, 3, 5, 3] {
            let noted = store.record_capture(&sortie, &capture(n), NOW).await.unwrap();
            assert!(noted.planned);
            assert_eq!(noted.shot_index, n);
        }
        let again = store.record_capture(&sortie, &capture(1), NOW).await.unwrap();
        assert!(again.was_known);
        assert_eq!(
            states(&store, "F1").await,
            [
                P::Captured,
                P::Planned,
                P::Captured,
                P::Planned,
                P::Captured,
                P::Planned
            ]
        );
        let shots = store.shots("F1").await.unwrap();
        assert_eq!(
            (shots[2].image_index, shots[2].captured_at),
            (Some(3), Some(after(6)))
        );
        assert_eq!(shots[2].height_above_home_m, Some(60.5));
        assert_eq!(shots[1].planned_latitude_deg, Some(plan(2)[1].latitude_deg));
        let waiting = store.photos_waiting("F1").await.unwrap();
        assert_eq!(
            waiting.iter().map(|s| s.shot_index).collect::<Vec<_>>(),
            [1, 3, 5]
        );
        let error = store
            .record_capture(&id("F9"), &capture(1), NOW)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "no flight F9");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn misfires_extras_and_reports_without_a_place_are_kept_apart() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let sortie = create(&store, "F1").await;
        let misfire = CaptureRow {
            succeeded: false,
            ..capture(2)
        };
        let blind = CaptureRow {
            longitude_deg: Some(0.0),
            latitude_deg: Some(0.0),
            ..capture(3)
        };
        let wild = CaptureRow {
            longitude_deg: Some(f64::NAN),
            latitude_deg: Some(120.0),
            height_above_home_m: Some(f64::NAN),
            ..capture(4)
        };
        let far = CaptureRow {
            longitude_deg: Some(121.6),
            ..capture(9)
        };
        for (report, shot_index, planned) in [
            (capture(1), 1, true),
            (misfire, 2, true),
            (blind, 3, true),
            (wild, 4, true),
            (far, 7, false),
            (far, 7, false),
        ] {
            let noted = store.record_capture(&sortie, &report, NOW).await.unwrap();
            assert_eq!((noted.shot_index, noted.planned), (shot_index, planned));
        }
        let misfired = P::Lost(LossReason::Misfire);
        assert_eq!(
            states(&store, "F1").await,
            [
                P::Captured,
                misfired,
                P::Captured,
                P::Captured,
                P::Planned,
                P::Planned,
                P::Captured
            ]
        );
        let shots = store.shots("F1").await.unwrap();
        assert_eq!((shots[2].longitude_deg, shots[3].latitude_deg), (None, None));
        let counts = store.flight("F1").await.unwrap().shots;
        assert_eq!((counts.planned, counts.extra), (PLANNED, 1));
        assert_eq!((counts.triggered, counts.captured), (5, 4));
        assert_eq!((counts.lost_misfire, counts.stored), (1, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_is_named_and_what_comes_late_is_stored() {
    each_engine(async |bench| {
        let store = bench.open().await;
        register_model(&store).await;
        let sortie = create(&store, "F1").await;
        for n in 1..=4 {
            store.record_capture(&sortie, &capture(n), NOW).await.unwrap();
        }
        let first = commit(&store, &file("F1", 1)).await;
        commit(&store, &file("F1", 2)).await;
        sqlx::query("update photo set state = 'looked_at' where photo_id = $1")
            .bind(first.to_string())
            .execute(&mut bench.raw().await)
            .await
            .unwrap();
        assert_eq!(store.settle_shots(&sortie, after(600)).await.unwrap(), 4);
        let since: Vec<i64> = sqlx::query_scalar("select state_at_us from shot order by shot_index")
            .fetch_all(&mut bench.raw().await)
            .await
            .unwrap();
        let (at, lost) = (NOW.0, after(600).0);
        assert_eq!(since, [at, at, lost, lost, lost, lost]);
        assert_eq!(
            store.settle_shots(&sortie, NOW).await.unwrap(),
            0,
            "settled already"
        );
        let (late, never) = (P::Lost(LossReason::NeverArrived), P::Lost(LossReason::NotFlown));
        assert_eq!(
            states(&store, "F1").await,
            [P::LookedAt, P::Stored, late, late, never, never]
        );
        commit(&store, &file("F1", 4)).await;
        commit(&store, &file("F1", 5)).await;
        store.record_capture(&sortie, &capture(6), NOW).await.unwrap();
        assert_eq!(
            states(&store, "F1").await,
            [P::LookedAt, P::Stored, late, P::Stored, P::Stored, never]
        );
        let counts = ShotCounts {
            planned: 6,
            triggered: 6,
            captured: 6,
            stored: 4,
            looked_at: 1,
            lost_not_flown: 1,
            lost_misfire: 0,
            lost_never_arrived: 1,
            lost_unreadable: 0,
            extra: 0,
        };
        assert_eq!(store.flight("F1").await.unwrap().shots, counts);
        assert_eq!(store.verify_chains().await.unwrap().broken, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_holds_one_file_and_the_same_file_may_come_again() {
    each_engine(async |bench| {
        let store = bench.open().await;
        create(&store, "F1").await;
        let first = commit(&store, &file("F1", 3)).await;
        assert_eq!(first.to_string(), "F1/00003");
        let again = store.commit_photo(&file("F1", 3), NOW).await.unwrap();
        assert_eq!(again, CommitOutcome::Known(first.clone()));
        let other = NewPhoto {
            shot_index: Some(3),
            ..file("F1", 4)
        };
        let taken = store.commit_photo(&other, NOW).await.unwrap_err();
        assert!(
            matches!(&taken, StoreError::IndexTaken { photo_id } if photo_id == "F1/00003"),
            "{taken}"
        );
        assert_eq!(
            store.counts().await.unwrap().photos,
            1,
            "nothing of it was written"
        );
        // The same file under another number leaves that photo missing.
        let twice = NewPhoto {
            shot_index: Some(5),
            ..file("F1", 3)
        };
        assert_eq!(
            store.commit_photo(&twice, NOW).await.unwrap(),
            CommitOutcome::Known(first)
        );
        assert_eq!(states(&store, "F1").await[4], P::Planned);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_nobody_expected_stand_behind_the_planned_ones() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let sortie = create(&store, "F1").await;
        let unasked = NewPhoto {
            shot_index: None,
            ..file("F1", 90)
        };
        assert_eq!(commit(&store, &unasked).await.index, PLANNED + 1);
        commit(&store, &file("F1", 12)).await;
        let far = CaptureRow {
            longitude_deg: Some(121.6),
            ..capture(9)
        };
        let noted = store.record_capture(&sortie, &far, NOW).await.unwrap();
        assert_eq!((noted.shot_index, noted.planned), (13, false));
        let shots = store.shots("F1").await.unwrap();
        let extra: Vec<_> = shots
            .iter()
            .filter(|s| !s.planned)
            .map(|s| (s.shot_index, s.state))
            .collect();
        assert_eq!(extra, [(7, P::Stored), (12, P::Stored), (13, P::Captured)]);
        assert_eq!(store.flight("F1").await.unwrap().shots.extra, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_came_as_an_import_before_is_the_photo_of_its_shot() {
    each_engine(async |bench| {
        let store = bench.open().await;
        create(&store, "F1").await;
        let imported = commit(&store, &photo("F1 2")).await;
        assert_eq!(imported.sortie.as_str(), "S1");
        let outcome = store.commit_photo(&file("F1", 2), NOW).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Known(imported.clone()));
        let shots = store.shots("F1").await.unwrap();
        assert_eq!(shots[1].photo_id, Some(imported.to_string()));
        assert_eq!(shots[1].state, P::Stored);
        let wrong = store.commit_photo(&file("F1", 2), NOW).await.unwrap();
        assert_eq!(wrong, CommitOutcome::Known(imported));
        let other = NewPhoto {
            shot_index: Some(2),
            ..file("F1", 3)
        };
        let taken = store.commit_photo(&other, NOW).await.unwrap_err();
        assert!(matches!(taken, StoreError::IndexTaken { .. }), "{taken}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_cannot_be_read_is_stored_and_lost() {
    each_engine(async |bench| {
        let store = bench.open().await;
        create(&store, "F1").await;
        let id = commit(&store, &file("F1", 1)).await;
        sqlx::query("update photo set state = 'lost:unreadable' where photo_id = $1")
            .bind(id.to_string())
            .execute(&mut bench.raw().await)
            .await
            .unwrap();
        let counts = store.flight("F1").await.unwrap().shots;
        assert_eq!(
            (counts.stored, counts.looked_at, counts.lost_unreadable),
            (1, 0, 1)
        );
        assert_eq!(states(&store, "F1").await[0], P::Lost(LossReason::Unreadable));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_needs_no_flight() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let numbered = NewPhoto {
            shot_index: Some(40),
            sortie_kind: SortieKind::Import,
            ..photo("a")
        };
        assert_eq!(commit(&store, &numbered).await.index, 40);
        assert_eq!(commit(&store, &photo("b")).await.index, 41);
        assert!(store.shots("S1").await.unwrap().is_empty());
    })
    .await;
}

/// Reports and files of one flight through two programs at once, each of both twice, in any order.
#[tokio::test(flavor = "multi_thread")]
async fn reports_and_files_at_once_agree_in_the_end() {
    each_engine(async |bench| {
        let programs = [bench.open().await, bench.open().await];
        let sortie = create(&programs[0], "F1").await;
        let mut tasks = Vec::new();
        for n in 1..=PLANNED {
            for (i, store) in programs.iter().enumerate() {
                let (reporter, keeper) = (store.clone(), store.clone());
                let sortie = sortie.clone();
                let nth = if i == 0 { n } else { PLANNED + 1 - n };
                tasks.push(tokio::spawn(async move {
                    reporter
                        .record_capture(&sortie, &capture(nth), NOW)
                        .await
                        .unwrap();
                }));
                tasks.push(tokio::spawn(async move {
                    keeper.commit_photo(&file("F1", nth), NOW).await.unwrap();
                }));
            }
        }
        for task in tasks {
            task.await.unwrap();
        }
        let shots = programs[1].shots("F1").await.unwrap();
        assert_eq!(shots.len(), PLANNED as usize);
        for shot in &shots {
            assert_eq!(shot.image_index, Some(shot.shot_index));
            assert_eq!(shot.photo_id, Some(format!("F1/{:05}", shot.shot_index)));
            assert_eq!(shot.state, P::Stored);
        }
        let chain = programs[0].verify_chains().await.unwrap();
        assert_eq!((chain.events, chain.broken), (u64::from(1 + PLANNED), None));
    })
    .await;
}

/// A crash right after the end of a sortie leaves no photo open.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_that_takes_no_photos_names_their_loss_in_the_same_moment() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let sortie = create(&store, "F1").await;
        let refused = Move {
            code: Some("wind".to_owned()),
            note: None,
            payload_json: None,
            actor: actor("fleet"),
            at: NOW,
        };
        let moved = store
            .move_flight(&sortie, SortieState::Refused, &refused, after(1))
            .await;
        assert_eq!(moved.unwrap(), SortieState::Refused);
        let lost = P::Lost(LossReason::NotFlown);
        assert!(states(&store, "F1").await.iter().all(|state| *state == lost));
        assert_eq!(store.settle_shots(&sortie, after(2)).await.unwrap(), 0);
    })
    .await;
}
