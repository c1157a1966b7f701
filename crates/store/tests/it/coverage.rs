//! Rows for the coverage ledger: what stands, what was known at an instant, what has changed, what does not count and why,
//! and what was stated of a day.

use store::coverage::{CountWindow, StatementRow};
use survey::time::CivilDay;

use crate::harness::{NOW, actor, after, blind_photo, commit, each_engine, photo};

fn window(known_at: Option<survey::time::UtcMicros>) -> CountWindow {
    CountWindow {
        since: CivilDay(0),
        until: CivilDay(60_000),
        max_gsd_cm: 1000.0,
        known_at,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_page_by_page_and_as_they_were_known() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let first = commit(&store, &photo("a")).await.to_string();
        let late = store.commit_photo(&photo("b"), after(100)).await.unwrap();
        assert!(matches!(late, store::photos::CommitOutcome::New(_)));
        commit(&store, &blind_photo("c")).await;
        let page = store.ledger_rows("", 1, None).await.unwrap();
        assert_eq!((page.len(), page[0].photo_id.as_str()), (1, first.as_str()));
        assert_eq!(store.ledger_rows(&first, 10, None).await.unwrap().len(), 1);
        let known = store.known_then(after(50)).await.unwrap();
        assert_eq!((known.photos_later, known.withdrawn.len()), (1, 0));
        let then = store.ledger_rows("", 10, Some(&known)).await.unwrap();
        assert_eq!(then.len(), 1, "the second photo was not there yet");
        let tally = store.tally_photos(&window(None)).await.unwrap();
        assert_eq!((tally.photos, tally.counted), (3, 2));
        assert_eq!(tally.without_footprint.iter().map(|(_, n)| n).sum::<u64>(), 1);
        let coarse = CountWindow {
            max_gsd_cm: 0.001,
            ..window(None)
        };
        assert_eq!(store.tally_photos(&coarse).await.unwrap().too_coarse, 2);
        let early = CountWindow {
            since: CivilDay(50_000),
            ..window(None)
        };
        assert_eq!(store.tally_photos(&early).await.unwrap().before_window, 2);
        assert_eq!(
            store
                .tally_photos(&window(Some(after(50))))
                .await
                .unwrap()
                .counted,
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_named_and_what_does_not_count_is_left_out() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let first = commit(&store, &photo("a")).await.to_string();
        let touched = store.touched_photos(0, NOW).await.unwrap();
        assert_eq!(touched.photo_ids, [first.as_str()]);
        assert!(
            store
                .touched_photos(touched.event_seq, after(1))
                .await
                .unwrap()
                .photo_ids
                .is_empty()
        );
        let rows = store
            .ledger_rows_of(&[first.clone(), "S9/00001".to_owned()])
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
        store
            .withdraw_sortie("S1", "test flight", &actor("li.na"), after(10))
            .await
            .unwrap();
        let again = store.touched_photos(touched.event_seq, after(9)).await.unwrap();
        assert_eq!(again.photo_ids, [first.as_str()]);
        assert!(store.ledger_rows_of(&[first]).await.unwrap().is_empty());
        let tally = store.tally_photos(&window(None)).await.unwrap();
        assert_eq!(
            (tally.counted, tally.unusable),
            (0, vec![("sortie_withdrawn".to_owned(), 1)])
        );
        assert_eq!(
            store.tally_photos(&window(Some(after(5)))).await.unwrap().counted,
            1,
            "it counted then"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawals_are_known_from_when_to_when_they_stood() {
    each_engine(async |bench| {
        let store = bench.open().await;
        commit(&store, &photo("a")).await;
        let person = actor("li.na");
        store
            .withdraw_sortie("S1", "test flight", &person, after(10))
            .await
            .unwrap();
        store
            .restore_sortie("S1", None, &person, after(20))
            .await
            .unwrap();
        store.commit_photo(&photo("b"), after(25)).await.unwrap();
        store
            .withdraw_sortie("S1", "again", &person, after(30))
            .await
            .unwrap();
        store
            .restore_sortie("S1", None, &person, after(40))
            .await
            .unwrap();
        store
            .withdraw_sortie("S1", "at last", &person, after(50))
            .await
            .unwrap();
        for (seconds, withdrawn, counted) in [
            (5, false, 1),
            (15, true, 0),
            (22, false, 1),
            (27, false, 2),
            (35, true, 0),
            (45, false, 2),
            (55, true, 0),
        ] {
            let known = store.known_then(after(seconds)).await.unwrap();
            assert_eq!(known.withdrawn == ["S1"], withdrawn, "{seconds} s");
            assert_eq!(known.withdrawn_later, u64::from(seconds < 50), "{seconds} s");
            let rows = store.ledger_rows("", 10, Some(&known)).await.unwrap();
            assert_eq!(rows.len(), counted, "{seconds} s");
            let tally = store.tally_photos(&window(Some(after(seconds)))).await.unwrap();
            assert_eq!(tally.counted, counted as u64, "{seconds} s");
        }
        assert!(store.ledger_rows("", 10, None).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_statement_of_a_day_stands() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let said = |day: i32, text: &str| StatementRow {
            civil_day: CivilDay(day),
            stated_at: NOW,
            figures_json: text.to_owned(),
        };
        for row in [said(10, "a"), said(11, "b"), said(10, "c")] {
            store.state_coverage(&row).await.unwrap();
        }
        let found = store
            .coverage_statements(CivilDay(9), CivilDay(10))
            .await
            .unwrap();
        assert_eq!(found, [said(10, "c")]);
        assert_eq!(
            store
                .coverage_statements(CivilDay(0), CivilDay(20))
                .await
                .unwrap()
                .len(),
            2
        );
    })
    .await;
}
