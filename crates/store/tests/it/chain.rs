//! The evidence chain: whole after real work, broken by every kind of tampering.

use casework::evidence::BreakReason;
use casework::lead::{Decision, ReviewPolicy};
use sqlx::Executor;
use store::StoreError;
use store::leads::LeadDecision;

use crate::harness::{NOW, actor, each_engine, store_with_leads};

/// Chain of five events: two of the photo, two leads made, one decision (number 5).
async fn tampered(sql: &'static str) {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5), (50.0, 0.5)]).await;
        store.decide_lead(&confirm("L0"), NOW).await.unwrap();
        let whole = store.verify_chains().await.unwrap();
        assert_eq!((whole.events, whole.broken), (5, None));
        assert_eq!(
            whole.newest_hash,
            store.events_after(4, 1).await.unwrap().pop().map(|e| e.hash)
        );
        bench.raw().await.execute(sql).await.unwrap();
        let broken = store.verify_chains().await.unwrap().broken;
        assert!(broken.is_some(), "{sql}");
    })
    .await;
}

fn confirm(lead_id: &str) -> LeadDecision {
    LeadDecision {
        lead_id: lead_id.to_owned(),
        expected_state: None,
        decision: Decision::Confirm,
        policy: ReviewPolicy::Joint,
        actor: actor("Li"),
        reason: None,
        note: Some("seen".into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_words_are_found() {
    tampered("update event set note = 'not seen' where event_seq = 5").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_field_is_found() {
    tampered("update event set note = null where event_seq = 5").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_event_is_found() {
    tampered("delete from event where event_seq = 2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_time_is_found() {
    tampered("update event set at_us = at_us - 1 where event_seq = 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_break_is_named_with_its_event() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        bench
            .raw()
            .await
            .execute("update event set actor = 'nobody' where event_seq = 2")
            .await
            .unwrap();
        let broken = store.verify_chains().await.unwrap().broken.unwrap();
        assert_eq!((broken.seq, broken.why), (2, BreakReason::ContentChanged));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_whose_row_and_events_disagree_is_not_decided() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        bench
            .raw()
            .await
            .execute("update lead set state = 'confirmed'")
            .await
            .unwrap();
        let error = store.decide_lead(&confirm("L0"), NOW).await.unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::BadRow {
                    table: "lead",
                    field: "state",
                    ..
                }
            ),
            "{error}"
        );
    })
    .await;
}
