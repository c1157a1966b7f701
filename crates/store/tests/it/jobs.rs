//! The work queue: each job once, taken over from the dead, associations one at a time and after the looks.

use std::collections::BTreeSet;
use std::time::Duration;

use store::StoreError;
use store::jobs::{Claim, JobKind, MAX_CLAIMS};
use store::looks::LookResult;

use crate::harness::{
    LEASE, NOW, actor, after, claim, commit, detection, each_engine, look, nothing_found, photo,
    register_model, saw,
};

#[tokio::test(flavor = "multi_thread")]
async fn eight_workers_of_two_programs_get_each_job_once() {
    each_engine(async |bench| {
        let programs = [bench.open().await, bench.open().await];
        for i in 0..40 {
            commit(&programs[0], &photo(&format!("photo {i}"))).await;
        }
        let work = |i: usize| {
            let store = programs[i % 2].clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                while let Some(claim) = claim(&store, JobKind::Look, &format!("host:{i}:1")).await {
                    store.finish_job(&claim, NOW).await.unwrap();
                    done.push(claim.job_key);
                }
                done
            })
        };
        let workers: Vec<_> = (0..8).map(work).collect();
        let mut done = Vec::new();
        for worker in workers {
            done.extend(worker.await.unwrap());
        }
        assert_eq!(done.len(), 40);
        assert_eq!(done.iter().collect::<BTreeSet<_>>().len(), 40);
        let counts = programs[1].job_counts(JobKind::Look).await.unwrap();
        assert_eq!(
            (counts.queued, counts.running, counts.done, counts.failed),
            (0, 0, 40, 0)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_lease_is_taken_over_and_the_loser_writes_nothing() {
    each_engine(async |bench| {
        let store = bench.open().await;
        register_model(&store).await;
        commit(&store, &photo("a")).await;
        let slow = claim(&store, JobKind::Look, "host:1:1").await.unwrap();
        store.renew_lease(&slow, after(50), LEASE).await.unwrap();
        let take = async |now| {
            store
                .claim_job(JobKind::Look, "host:2:1", now, LEASE)
                .await
                .unwrap()
        };
        assert_eq!(take(after(100)).await, None, "renewed until 110 s");
        let quick = take(after(111)).await.unwrap();
        assert_eq!((quick.job_id, quick.attempts), (slow.job_id, 2));

        let result = |claim: &Claim, id| LookResult {
            photo_id: claim.job_key.clone(),
            models: vec![saw(vec![], vec![detection(id, 0.9, None)])],
            unusable: None,
            unreadable: None,
            actor: actor("detector"),
        };
        let lost = store
            .finish_look(&slow, &result(&slow, "late"), after(112))
            .await
            .unwrap_err();
        assert!(matches!(lost, StoreError::LeaseLost { .. }), "{lost}");
        assert!(matches!(
            store.renew_lease(&slow, after(112), LEASE).await,
            Err(StoreError::LeaseLost { .. })
        ));
        assert!(matches!(
            store.finish_job(&slow, after(112)).await,
            Err(StoreError::LeaseLost { .. })
        ));
        assert!(matches!(
            store.fail_job(&slow, "x", true, after(112)).await,
            Err(StoreError::LeaseLost { .. })
        ));
        assert!(matches!(
            store.give_back_job(&slow).await,
            Err(StoreError::LeaseLost { .. })
        ));
        assert_eq!(store.counts().await.unwrap().detections, 0);
        store
            .finish_look(&quick, &result(&quick, "kept"), after(113))
            .await
            .unwrap();
        assert_eq!(
            store.detections_of_photo(&quick.job_key).await.unwrap()[0]
                .detection
                .detection_id,
            "kept"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_worker_cannot_finish_with_a_claim_it_lost_and_got_again() {
    each_engine(async |bench| {
        let store = bench.open().await;
        commit(&store, &photo("a")).await;
        let old = claim(&store, JobKind::Look, "host:1:1").await.unwrap();
        let new = store
            .claim_job(JobKind::Look, "host:1:1", after(61), LEASE)
            .await
            .unwrap()
            .unwrap();
        assert!(matches!(
            store.finish_job(&old, after(62)).await,
            Err(StoreError::LeaseLost { .. })
        ));
        store.finish_job(&new, after(62)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn association_waits_for_all_looks_of_its_sortie_and_runs_alone() {
    each_engine(async |bench| {
        let store = bench.open().await;
        register_model(&store).await;
        commit(&store, &photo("a")).await;
        commit(&store, &photo("b")).await;
        let mut other = photo("c");
        other.sortie_id = "S2".parse().unwrap();
        commit(&store, &other).await;
        let associate = async || claim(&store, JobKind::Associate, "host:1:1").await;
        look(&store, vec![]).await;
        let running = claim(&store, JobKind::Look, "host:9:1").await.unwrap();
        assert_eq!(associate().await, None, "S1 is still being looked at, S2 waits");
        look(&store, vec![]).await;
        let second = associate().await.unwrap();
        assert_eq!(second.sortie_id, "S2", "S1 is still being looked at");
        store.finish_job(&running, NOW).await.unwrap();
        assert_eq!(associate().await, None, "one at a time");
        store
            .apply_association(&second, &nothing_found(), NOW)
            .await
            .unwrap();
        let first = associate().await.unwrap();
        assert_eq!(first.sortie_id, "S1");

        // A photo that comes while its sortie is being associated asks for another round.
        commit(&store, &photo("d")).await;
        store
            .apply_association(&first, &nothing_found(), NOW)
            .await
            .unwrap();
        assert_eq!(associate().await, None, "the new photo must be looked at first");
        look(&store, vec![]).await;
        assert_eq!(associate().await.unwrap().sortie_id, "S1");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sortie_that_was_done_is_associated_again_after_another_photo() {
    each_engine(async |bench| {
        let store = bench.open().await;
        register_model(&store).await;
        for content in ["a", "b"] {
            commit(&store, &photo(content)).await;
            look(&store, vec![]).await;
            let job = claim(&store, JobKind::Associate, "host:1:1").await.unwrap();
            store
                .apply_association(&job, &nothing_found(), NOW)
                .await
                .unwrap();
            assert_eq!(claim(&store, JobKind::Associate, "host:1:1").await, None);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_tried_three_times_and_then_named() {
    each_engine(async |bench| {
        let store = bench.open().await;
        commit(&store, &photo("a")).await;
        for attempt in 1..=3 {
            let claim = claim(&store, JobKind::Look, "host:1:1").await.unwrap();
            assert_eq!(claim.attempts, attempt);
            assert_eq!(
                store.fail_job(&claim, "out of memory", true, NOW).await.unwrap(),
                attempt < 3
            );
        }
        assert_eq!(claim(&store, JobKind::Look, "host:1:1").await, None);
        assert_eq!(store.job_counts(JobKind::Look).await.unwrap().failed, 1);
        // What is given up does not hold up the rest.
        assert!(claim(&store, JobKind::Associate, "host:1:1").await.is_some());

        commit(&store, &photo("b")).await;
        let hopeless = claim(&store, JobKind::Look, "host:1:1").await.unwrap();
        assert!(
            !store
                .fail_job(&hopeless, "no such model", false, NOW)
                .await
                .unwrap()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_workers_goes_last_and_is_given_up_in_the_end() {
    each_engine(async |bench| {
        let store = bench.open().await;
        commit(&store, &photo("poison")).await;
        let mut now = NOW;
        let take = async |now| {
            store
                .claim_job(JobKind::Look, "host:1:1", now, Duration::from_secs(1))
                .await
                .unwrap()
        };
        for attempt in 1..=MAX_CLAIMS {
            assert_eq!(take(now).await.unwrap().attempts, attempt);
            now.0 += 2_000_000;
        }
        let healthy = commit(&store, &photo("healthy")).await.to_string();
        assert_eq!(take(now).await.unwrap().job_key, healthy);
        assert_eq!(take(now).await, None);
        assert_eq!(store.job_counts(JobKind::Look).await.unwrap().failed, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_dead_workers_are_released_at_once_and_given_back_jobs_count_as_untouched() {
    each_engine(async |bench| {
        let store = bench.open().await;
        commit(&store, &photo("a")).await;
        commit(&store, &photo("b")).await;
        let dead = claim(&store, JobKind::Look, "host:1:1").await.unwrap();
        let stopping = claim(&store, JobKind::Look, "host:2:1").await.unwrap();
        assert_eq!(store.running_workers().await.unwrap(), ["host:1:1", "host:2:1"]);
        assert_eq!(claim(&store, JobKind::Look, "host:3:1").await, None);
        assert_eq!(
            store
                .release_jobs(&["host:1:1".to_owned(), "host:7:1".to_owned()])
                .await
                .unwrap(),
            1
        );
        store.give_back_job(&stopping).await.unwrap();
        assert_eq!(store.running_workers().await.unwrap(), Vec::<String>::new());
        let first = claim(&store, JobKind::Look, "host:3:1").await.unwrap();
        let second = claim(&store, JobKind::Look, "host:3:1").await.unwrap();
        assert_eq!(
            (first.job_id, first.attempts),
            (stopping.job_id, 1),
            "never really tried"
        );
        assert_eq!((second.job_id, second.attempts), (dead.job_id, 2));
    })
    .await;
}
