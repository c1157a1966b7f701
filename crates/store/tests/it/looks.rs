//! What a model saw: tiles fixed once, detections taken once, the photo moved.

use schedule::photo_ledger::{LossReason, PhotoState};
use store::jobs::JobKind;
use store::looks::{LookResult, ModelLook};
use store::rows::Problem;

use crate::harness::{
    MODEL, NOW, actor, claim, commit, detection, each_engine, look, photo, place, register_model, saw,
};

#[tokio::test(flavor = "multi_thread")]
async fn detections_come_back_as_they_were_with_and_without_place() {
    each_engine(async |bench| {
        let store = bench.open().await;
        register_model(&store).await;
        commit(&store, &photo("a")).await;
        let given = vec![
            detection("D1", 0.9, None),
            detection("D2", 0.7, Some(place(121.123_456_789_012))),
            detection("D3", 0.5, None),
        ];
        let photo_id = look(&store, given.clone()).await;
        let rows = store.detections_of_photo(&photo_id).await.unwrap();
        assert_eq!(
            rows.iter().map(|r| r.detection.clone()).collect::<Vec<_>>(),
            given
        );
        let one = store.detection("D2").await.unwrap();
        assert_eq!((one.model_sha256.as_str(), one.sortie_id.as_str()), (MODEL, "S1"));
        assert_eq!(
            (one.photo_width_px, one.photo_height_px, one.photo_gsd_cm),
            (4000, 3000, Some(2.5))
        );
        assert_eq!((one.site_id, one.lead_id), (None, None));
        let row = store.photo(&photo_id).await.unwrap();
        assert_eq!((row.state, row.n_detections), (PhotoState::LookedAt, 3));
        let events = store.events_after(0, 10).await.unwrap();
        let last = &events.last().unwrap().body;
        assert_eq!(
            (last.from.as_deref(), last.to.as_deref()),
            (Some("stored"), Some("looked_at"))
        );
        assert!(last.payload_json.as_deref().unwrap().contains("D2"));
        assert_eq!(store.model(MODEL).await.unwrap().name, "sheds");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_cannot_be_decoded_is_a_named_loss() {
    each_engine(async |bench| {
        let store = bench.open().await;
        register_model(&store).await;
        commit(&store, &photo("a")).await;
        let claim = claim(&store, JobKind::Look, "host:1:1").await.unwrap();
        let problem = Problem {
            code: "truncated".into(),
            detail_json: Some("{\"at\":5}".into()),
        };
        let look = LookResult {
            photo_id: claim.job_key.clone(),
            models: vec![saw(vec![], vec![])],
            unusable: None,
            unreadable: Some(problem.clone()),
            actor: actor("detector"),
        };
        let event = store.finish_look(&claim, &look, NOW).await.unwrap().unwrap();
        assert_eq!(
            (event.body.kind.as_str(), event.body.reason.as_deref()),
            ("lost", Some("truncated"))
        );
        let row = store.photo(&claim.job_key).await.unwrap();
        assert_eq!(
            (row.state, row.problem),
            (PhotoState::Lost(LossReason::Unreadable), Some(problem))
        );
        assert_eq!(store.job_counts(JobKind::Look).await.unwrap().done, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_detections_come_in_the_order_of_capture_on_every_engine() {
    each_engine(async |bench| {
        let store = bench.open().await;
        register_model(&store).await;
        for (content, captured_at) in [("a", None), ("b", Some(20)), ("c", Some(10))] {
            let mut photo = photo(content);
            photo.captured_at = captured_at.map(crate::harness::after);
            commit(&store, &photo).await;
        }
        // Upper and lower case sort differently in different databases.
        look(&store, vec![detection("a-unknown", 0.9, None)]).await;
        look(
            &store,
            vec![detection("b2", 0.9, None), detection("B1", 0.9, None)],
        )
        .await;
        look(&store, vec![detection("c", 0.9, Some(place(121.0)))]).await;
        let pending = store.pending_detections("S1").await.unwrap();
        let ids: Vec<_> = pending
            .iter()
            .map(|d| d.detection.detection_id.as_str())
            .collect();
        assert_eq!(ids, ["c", "B1", "b2", "a-unknown"]);
        assert!(store.pending_detections("S2").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_refer_to_nothing_are_refused() {
    each_engine(async |bench| {
        let store = bench.open().await;
        store.commit_photo(&photo("a"), NOW).await.unwrap();
        let job = claim(&store, JobKind::Look, "host:1:1").await.unwrap();
        let look = LookResult {
            photo_id: job.job_key.clone(),
            models: vec![ModelLook {
                model_sha256: "unregistered".into(),
                ..saw(vec![], vec![detection("D1", 0.5, None)])
            }],
            unusable: None,
            unreadable: None,
            actor: actor("detector"),
        };
        assert!(
            store.finish_look(&job, &look, NOW).await.is_err(),
            "no such model"
        );
        assert_eq!(store.job_counts(JobKind::Look).await.unwrap().running, 1);
    })
    .await;
}
