//! The database refuses what the pure crates refuse: their vocabularies and moves, word for word.

use casework::lead::{LeadState, MOVES, MoveKind};
use schedule::photo_ledger::PhotoState;
use sqlx::{AnyConnection, Executor};

use crate::harness::{each_engine, store_with_leads};

/// Whether the database takes a lead event with this move; nothing stays.
async fn takes_move(raw: &mut AnyConnection, kind: &str, from: Option<&str>, to: &str) -> bool {
    raw.execute("begin").await.unwrap();
    let done = sqlx::query(
        "insert into event (event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind, from_state,
             to_state, hash) values (1000, 'lead', 'LX', 1, 0, 'a', 'r', $1, $2, $3, 'h')",
    )
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
                let made = takes_move(&mut raw, kind.as_str(), None, to.as_str()).await;
                assert_eq!(
                    made,
                    (*kind, *to) == (MoveKind::Created, LeadState::Candidate),
                    "{kind} to {to}"
                );
                for from in LeadState::ALL {
                    let taken = takes_move(&mut raw, kind.as_str(), Some(from.as_str()), to.as_str()).await;
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
