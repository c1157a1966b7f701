//! Committing photos: once per content, numbered without gaps, with footprint, names and the working grid.

use std::collections::BTreeSet;

use schedule::photo_ledger::{PhotoId, PhotoState};
use store::ground::FootprintQuery;
use store::photos::CommitOutcome;
use store::rows::{NewFootprint, NewPhoto, Problem};
use survey::time::CivilDay;

use crate::harness::{NOW, after, blind_photo, commit, each_engine, photo};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_photo_from_eight_tasks_of_two_programs_is_one_photo_under_eight_names() {
    each_engine(async |bench| {
        let programs = [bench.open().await, bench.open().await];
        let bring = |i: usize| {
            let store = programs[i % 2].clone();
            let mut photo = photo("same");
            photo.name = format!("copy {i}.jpg");
            tokio::spawn(async move { store.commit_photo(&photo, after(i as i64)).await.unwrap() })
        };
        let tasks: Vec<_> = (0..8).map(bring).collect();
        let mut new = 0;
        for task in tasks {
            match task.await.unwrap() {
                CommitOutcome::New(id) => {
                    new += 1;
                    assert_eq!(id.to_string(), "S1/00001");
                }
                CommitOutcome::Known(id) => assert_eq!(id.to_string(), "S1/00001"),
            }
        }
        assert_eq!(new, 1);
        let row = programs[0].photo("S1/00001").await.unwrap();
        assert_eq!(
            row.names,
            (0..8).map(|i| format!("copy {i}.jpg")).collect::<Vec<_>>()
        );
        assert_eq!(
            programs[0].events_after(0, 100).await.unwrap().len(),
            1,
            "one photo, one event"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_committed_at_once_get_indexes_without_gaps_and_events_in_order() {
    each_engine(async |bench| {
        let programs = [bench.open().await, bench.open().await];
        let bring = |i: usize| {
            let store = programs[i % 2].clone();
            tokio::spawn(async move { commit(&store, &photo(&format!("photo {i}"))).await.index })
        };
        // A reader that follows the numbers must meet every event, whoever commits first.
        let reader = {
            let store = programs[0].clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while seen.len() < 24 {
                    let last = seen.last().copied().unwrap_or(0);
                    seen.extend(store.events_after(last, 5).await.unwrap().iter().map(|e| e.seq));
                }
                seen
            })
        };
        let tasks: Vec<_> = (0..24).map(bring).collect();
        let mut indexes = BTreeSet::new();
        for task in tasks {
            indexes.insert(task.await.unwrap());
        }
        assert_eq!(indexes, (1..=24).collect());
        assert_eq!(reader.await.unwrap(), (1..=24).collect::<Vec<i64>>());
        assert_eq!(programs[0].newest_event_seq().await.unwrap(), 24);
        assert_eq!(programs[0].verify_chains().await.unwrap().broken, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_gives_back_what_was_committed_absent_values_included() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let mut full = photo("full");
        full.problem = Some(Problem {
            code: "no_rtk".into(),
            detail_json: Some("{}".into()),
        });
        full.simulated = true;
        let ids = [
            commit(&store, &blind_photo("blind")).await,
            commit(&store, &full).await,
        ];
        let blind = store.photo(&ids[0].to_string()).await.unwrap();
        assert_eq!(
            (blind.gsd_cm, blind.captured_at, blind.pose_json, blind.problem),
            (None, None, None, None)
        );
        let row = store.photo(&ids[1].to_string()).await.unwrap();
        assert_eq!(
            (row.sha256, row.byte_len, row.photo_index),
            (full.sha256, full.byte_len, 2)
        );
        assert_eq!(
            (row.captured_at, row.capture_zone),
            (full.captured_at, full.capture_zone)
        );
        assert_eq!((row.width_px, row.height_px, row.gsd_cm), (4000, 3000, Some(2.5)));
        assert_eq!(
            (row.metadata_json, row.pose_json),
            (full.metadata_json, full.pose_json)
        );
        assert_eq!(
            (row.problem, row.simulated, row.stored_at),
            (full.problem, true, NOW)
        );
        assert_eq!((row.state, row.n_detections), (PhotoState::Stored, 0));
        let counts = store.counts().await.unwrap();
        assert_eq!(
            (
                counts.photos,
                counts.simulated_photos,
                counts.photos_without_footprint
            ),
            (2, 1, 1)
        );
        assert_eq!(counts.photos_by_state, [(PhotoState::Stored, 2)]);
    })
    .await;
}

/// A connection that prepared a statement for an absent number must not misread a present one, nor the other
/// way round. Enough photos that every connection of the pool meets both.
#[tokio::test(flavor = "multi_thread")]
async fn absent_and_present_numbers_by_turns_stay_what_they_are() {
    each_engine(async |bench| {
        let store = bench.open().await;
        for i in 0..20_u32 {
            let gsd_cm = (i % 3 != 0).then_some(f64::from(i) + 0.1);
            let id = commit(
                &store,
                &NewPhoto {
                    gsd_cm,
                    ..photo(&format!("photo {i}"))
                },
            )
            .await;
            assert_eq!(store.photo(&id.to_string()).await.unwrap().gsd_cm, gsd_cm);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_photos_meet_without_gap_or_repeat() {
    each_engine(async |bench| {
        let store = bench.open().await;
        for i in 0..7 {
            // Three share one moment.
            store
                .commit_photo(&photo(&format!("photo {i}")), after(i / 3))
                .await
                .unwrap();
        }
        let mut seen: Vec<String> = Vec::new();
        loop {
            let page = store
                .list_photos(2, seen.last().map(String::as_str))
                .await
                .unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.iter().all(|p| p.names.len() == 1));
            seen.extend(page.into_iter().map(|p| p.photo_id));
        }
        let expected: Vec<_> = [7, 6, 5, 4, 3, 2, 1]
            .iter()
            .map(|i| format!("S1/{i:05}"))
            .collect();
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn footprints_are_chosen_by_day_and_sharpness() {
    each_engine(async |bench| {
        let store = bench.open().await;
        for (i, (day, gsd_cm)) in [(100, 2.0), (101, 8.0), (102, 2.0)].into_iter().enumerate() {
            let mut photo = photo(&format!("photo {i}"));
            photo.footprint = photo.footprint.map(|f| NewFootprint {
                civil_day: CivilDay(day),
                gsd_cm,
                truncated: i == 1,
                ..f
            });
            commit(&store, &photo).await;
        }
        commit(&store, &blind_photo("blind")).await;
        let days = async |query: FootprintQuery| -> Vec<i32> {
            let found = store.footprints(&query).await.unwrap();
            assert!(
                found
                    .iter()
                    .all(|f| f.footprint.truncated == (f.footprint.civil_day.0 == 101))
            );
            found.iter().map(|f| f.footprint.civil_day.0).collect()
        };
        let all = FootprintQuery::default();
        assert_eq!(days(all).await, [100, 101, 102]);
        assert_eq!(
            days(FootprintQuery {
                since: Some(CivilDay(101)),
                ..all
            })
            .await,
            [101, 102]
        );
        assert_eq!(
            days(FootprintQuery {
                until: Some(CivilDay(101)),
                ..all
            })
            .await,
            [100, 101]
        );
        assert_eq!(
            days(FootprintQuery {
                max_gsd_cm: Some(2.0),
                ..all
            })
            .await,
            [100, 102]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_working_grid_stands() {
    each_engine(async |bench| {
        let programs = [bench.open().await, bench.open().await];
        assert_eq!(programs[0].working_grid().await.unwrap(), None);
        let fix = |i: usize| {
            let store = programs[i % 2].clone();
            tokio::spawn(async move {
                store
                    .fix_working_grid(&format!("{{\"origin\":{i}}}"))
                    .await
                    .unwrap()
            })
        };
        let tasks: Vec<_> = (0..8).map(fix).collect();
        let stands = programs[0].fix_working_grid("{}").await.unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap(), stands);
        }
        assert_eq!(programs[1].working_grid().await.unwrap(), Some(stands));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_not_there_is_said_so() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let error = store.photo("S1/00009").await.unwrap_err();
        assert_eq!(error.to_string(), "no photo S1/00009");
        let id: PhotoId = commit(&store, &photo("a")).await;
        assert_eq!(store.photo(&id.to_string()).await.unwrap().sortie_id, "S1");
    })
    .await;
}
