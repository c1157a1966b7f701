//! The database refuses what the pure crates refuse: their vocabularies and moves, word for word.

use casework::lead::{LeadState, MOVES, MoveKind};
use schedule::photo_ledger::{LossReason, PhotoState};
use schedule::sortie::{self, SortieState};
use sqlx::{AnyConnection, Executor};

use crate::fleet::create;
use crate::harness::{each_engine, store_with_leads};

/// Whether the database takes an event of such a subject with this move; nothing stays.
async fn takes_move(
    raw: &mut AnyConnection,
    (subject, kind): (&str, &str),
    from: Option<&str>,
    to: &str,
) -> bool {
    raw.execute("begin").await.unwrap();
    let done = sqlx::query(
        "insert into event (event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind, from_state,
             to_state, hash) values (1000, $1, 'X', 1, 0, 'a', 'r', $2, $3, $4, 'h')",
    )
    .bind(subject)
    .bind(kind)
    .bind(from)
    .bind(to)
    .execute(&mut *raw)
    .await;
    raw.execute("rollback").await.unwrap();
    done.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_knows_the_same_lead_moves() {
    each_engine(async |bench| {
        drop(store_with_leads(bench, &[]).await);
        let mut raw = bench.raw().await;
        for kind in MoveKind::ALL.iter().filter(|k| **k != MoveKind::Undo) {
            for to in LeadState::ALL {
                let made = takes_move(&mut raw, ("lead", kind.as_str()), None, to.as_str()).await;
                assert_eq!(
                    made,
                    (*kind, *to) == (MoveKind::Created, LeadState::Candidate),
                    "{kind} to {to}"
                );
                for from in LeadState::ALL {
                    let taken = takes_move(
                        &mut raw,
                        ("lead", kind.as_str()),
                        Some(from.as_str()),
                        to.as_str(),
                    )
                    .await;
                    assert_eq!(
                        taken,
                        MOVES.contains(&(*kind, *from, *to)),
                        "{kind} from {from} to {to}"
                    );
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_knows_the_same_sortie_moves() {
    each_engine(async |bench| {
        drop(bench.open().await);
        let mut raw = bench.raw().await;
        for to in SortieState::ALL {
            let created = takes_move(&mut raw, ("sortie", "created"), None, to.as_str()).await;
            assert_eq!(created, to == SortieState::Due, "created {to}");
            for kind in ["moved", "undo"] {
                let from_nowhere = takes_move(&mut raw, ("sortie", kind), None, to.as_str()).await;
                assert!(!from_nowhere, "{kind} to {to}");
            }
            for from in SortieState::ALL {
                let taken = takes_move(&mut raw, ("sortie", "moved"), Some(from.as_str()), to.as_str()).await;
                assert_eq!(taken, sortie::MOVES.contains(&(from, to)), "from {from} to {to}");
            }
        }
        assert!(!takes_move(&mut raw, ("dock", "created"), None, "due").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_knows_the_same_states_of_flights_and_their_photos() {
    each_engine(async |bench| {
        create(&bench.open().await, "F1").await;
        let mut raw = bench.raw().await;
        for state in SortieState::ALL {
            let ended = state.is_final().then_some(1_i64);
            let set = sqlx::query("update flight set state = $1, ended_at_us = $2").persistent(false);
            let set = set.bind(state.as_str()).bind(ended);
            assert_eq!(set.execute(&mut raw).await.unwrap().rows_affected(), 1, "{state}");
        }
        // From `stored` on the photo's row has the word, and a stored shot names it.
        for state in PhotoState::ALL {
            let set = sqlx::query("update shot set state = $1 where shot_index = 1").bind(state.as_str());
            let without_file = state < PhotoState::Stored
                || matches!(state, PhotoState::Lost(reason) if reason != LossReason::Unreadable);
            assert_eq!(set.execute(&mut raw).await.is_ok(), without_file, "{state}");
        }
        for (sql, constraint) in [
            (
                "update flight set state = 'vanished', ended_at_us = null",
                "state_known",
            ),
            (
                "update flight set state = 'closed', ended_at_us = null",
                "end_whole",
            ),
            ("update shot set image_index = 1", "capture_whole"),
            ("update shot set planned = 0 where shot_index = 1", "plan_whole"),
        ] {
            let error = raw.execute(sql).await.unwrap_err().to_string();
            assert!(error.contains(constraint), "{error}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_knows_the_same_states() {
    each_engine(async |bench| {
        drop(store_with_leads(bench, &[(60.0, 0.5)]).await);
        let mut raw = bench.raw().await;
        for state in PhotoState::ALL {
            let set = sqlx::query("update photo set state = $1").bind(state.as_str());
            assert_eq!(set.execute(&mut raw).await.unwrap().rows_affected(), 1, "{state}");
        }
        for state in LeadState::ALL {
            let set = sqlx::query("update lead set state = $1").bind(state.as_str());
            assert_eq!(set.execute(&mut raw).await.unwrap().rows_affected(), 1, "{state}");
        }
        for sql in [
            "update photo set state = 'vanished'",
            "update lead set state = 'vanished'",
        ] {
            let error = raw.execute(sql).await.unwrap_err().to_string();
            assert!(error.contains("state_known"), "{error}");
        }
    })
    .await;
}
