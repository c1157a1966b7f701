//! Several models at one photo: what shadow models saw stays apart, and all models of a look are written together.

use store::Store;
use store::choices::{NewChoice, Withdrawn};
use store::jobs::JobKind;
use store::looks::{LookResult, ModelLook};
use store::rows::{ModelRole, ModelRow, Problem};
use store::tiles::{PhotoTiles, SortieChoiceRow};
use survey::tile_choice::{ChosenTile, GroundSeen, Pass};
use survey::tiles::TileRect;

use crate::harness::{MODEL, NOW, actor, claim, commit, detection, each_engine, photo, register_model, saw};

const SHADOW: &str = "00000000000000000000000000000000000000000000000000000000000000bb";
const UNKNOWN: &str = "00000000000000000000000000000000000000000000000000000000000000cc";

fn choice(model: (&str, ModelRole), choice_no: u32, photos: &[&String]) -> NewChoice {
    let (model_sha256, role) = model;
    let tile = ChosenTile {
        rect: TileRect {
            x_px: 100 * choice_no,
            y_px: 0,
            width_px: 640,
            height_px: 640,
        },
        scale: 1.0,
        pass: Pass::Ground,
    };
    let of = |photo_id: &&String| PhotoTiles {
        photo_id: (*photo_id).clone(),
        of_all: 4,
        added: vec![tile],
    };
    NewChoice {
        sortie: SortieChoiceRow {
            sortie_id: "S1".to_owned(),
            model_sha256: model_sha256.to_owned(),
            choice_no,
            looks_per_cell: 2,
            frame_json: None,
            full_frame_json: "\"off\"".to_owned(),
            seen: GroundSeen {
                shown_m2: 1.0,
                by_looks_m2: [0.0; 4],
                enough_m2: 1.0,
            },
        },
        role,
        photos: photos.iter().map(of).collect(),
        queue: true,
    }
}

/// Two photos, each with one tile for an active and one for a shadow model.
async fn two_models(store: &Store) -> Vec<String> {
    register_model(store).await;
    let shadow = ModelRow {
        model_sha256: SHADOW.to_owned(),
        name: "sheds, new".to_owned(),
        card_text: "y".to_owned(),
    };
    store.register_model(&shadow, NOW).await.unwrap();
    let mut ids = Vec::new();
    for content in ["a", "b"] {
        ids.push(commit(store, &photo(content)).await.to_string());
    }
    let both = [&ids[0], &ids[1]];
    let choices = [
        choice((MODEL, ModelRole::Active), 1, &both),
        choice((SHADOW, ModelRole::Shadow), 1, &both),
    ];
    assert!(store.save_choices(&choices, None, NOW).await.unwrap());
    ids
}

fn in_shadow(ids: &[&str]) -> ModelLook {
    let found = ids.iter().map(|id| detection(id, 0.8, None)).collect();
    ModelLook {
        model_sha256: SHADOW.to_owned(),
        role: ModelRole::Shadow,
        took_us: 1500,
        ..saw(vec![0], found)
    }
}

async fn look(store: &Store, models: Vec<ModelLook>) -> String {
    let claim = claim(store, JobKind::Look, "host:1:1").await.unwrap();
    let result = LookResult {
        photo_id: claim.job_key.clone(),
        models,
        unreadable: None,
        unusable: None,
        actor: actor("look"),
    };
    store.finish_look(&claim, &result, NOW).await.unwrap();
    claim.job_key
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_shadow_model_saw_reaches_nothing_that_leads_are_made_of() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let ids = two_models(&store).await;
        let found = saw(vec![0], vec![detection("D1", 0.9, None)]);
        assert_eq!(look(&store, vec![found, in_shadow(&["X1", "X2"])]).await, ids[0]);
        look(&store, vec![saw(vec![0], vec![])]).await;
        store
            .save_shadow_look(&ids[1], &in_shadow(&["X3"]))
            .await
            .unwrap();
        store
            .save_shadow_look(&ids[1], &in_shadow(&["X3"]))
            .await
            .unwrap();
        let pending = store.pending_detections("S1").await.unwrap();
        assert_eq!(pending.len(), 1, "{pending:?}");
        assert_eq!(store.counts().await.unwrap().detections, 1);
        assert_eq!(store.photo(&ids[0]).await.unwrap().n_detections, 1);
        assert_eq!(store.detections_of_sortie("S1").await.unwrap(), pending);
        let shadow = store.shadow_detections_of_sortie("S1").await.unwrap();
        let shadow: Vec<_> = shadow
            .iter()
            .map(|row| (row.photo_id.as_str(), row.detection.detection_id.as_str()))
            .collect();
        let (a, b) = (ids[0].as_str(), ids[1].as_str());
        assert_eq!(shadow, [(a, "X1"), (a, "X2"), (b, "X3")]);
        let of_photo = store.shadow_detections_of_photo(a, SHADOW).await.unwrap();
        assert_eq!(of_photo, in_shadow(&["X1", "X2"]).detections);
        assert_eq!(
            store.tiles_by_model(a).await.unwrap().len(),
            1,
            "the active model's"
        );
        assert_eq!(store.tiles_of_sortie("S1").await.unwrap().len(), 4);
        let events = store.events_after(0, 100).await.unwrap();
        let payloads: String = events
            .iter()
            .filter_map(|event| event.body.payload_json.clone())
            .collect();
        assert!(
            payloads.contains("D1") && !payloads.contains(SHADOW),
            "{payloads}"
        );
        for (row, counts) in store.choices_of_sortie("S1").await.unwrap() {
            let expected = if row.model_sha256 == SHADOW { 2 } else { 0 };
            assert_eq!((counts.photos, counts.photos_in_shadow), (2, expected));
        }
        let looks = store.photo_looks("S1").await.unwrap();
        let took = |photo: &str| {
            looks
                .iter()
                .find(|look| look.photo_id == photo && look.role == ModelRole::Shadow)
        };
        assert_eq!((took(a).unwrap().took_us, took(b).unwrap().took_us), (1500, 3000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_models_of_a_look_are_written_or_none() {
    each_engine(async |bench| {
        let store = bench.open().await;
        two_models(&store).await;
        let claim = claim(&store, JobKind::Look, "host:1:1").await.unwrap();
        let unregistered = ModelLook {
            model_sha256: UNKNOWN.to_owned(),
            ..in_shadow(&["X1"])
        };
        let result = LookResult {
            photo_id: claim.job_key.clone(),
            models: vec![saw(vec![0], vec![detection("D1", 0.9, None)]), unregistered],
            unreadable: None,
            unusable: None,
            actor: actor("look"),
        };
        assert!(store.finish_look(&claim, &result, NOW).await.is_err());
        assert_eq!(store.counts().await.unwrap().detections, 0);
        let tiles = store
            .tiles_of_photo(&claim.job_key, MODEL)
            .await
            .unwrap()
            .unwrap();
        assert!(!tiles[0].looked);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_given_up_for_all_models_or_for_shadows_alone() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let ids = two_models(&store).await;
        let withdrawn = |for_all| Withdrawn {
            photo_id: ids[0].clone(),
            problem: Problem {
                code: "blurred".to_owned(),
                detail_json: None,
            },
            for_all,
        };
        let mut alone = choice((SHADOW, ModelRole::Shadow), 2, &[&ids[1]]);
        alone.queue = false;
        assert!(
            store
                .save_choices(&[alone], Some(&withdrawn(false)), NOW)
                .await
                .unwrap()
        );
        assert_eq!(store.unusable_photo(&ids[0]).await.unwrap(), None);
        let unusable = async |model: &str| {
            let photos = store.photos_to_choose("S1", model).await.unwrap();
            photos.iter().map(|photo| photo.is_unusable).collect::<Vec<_>>()
        };
        assert_eq!(unusable(SHADOW).await, [true, false]);
        assert_eq!(unusable(MODEL).await, [false, false]);
        // One of the two models has another choice by now: neither is written.
        let late = [
            choice((MODEL, ModelRole::Active), 2, &[&ids[1]]),
            choice((SHADOW, ModelRole::Shadow), 2, &[&ids[1]]),
        ];
        assert!(
            !store
                .save_choices(&late, Some(&withdrawn(true)), NOW)
                .await
                .unwrap()
        );
        assert_eq!(store.unusable_photo(&ids[0]).await.unwrap(), None);
        let tiles = store.tiles_of_photo(&ids[1], MODEL).await.unwrap().unwrap();
        assert_eq!(tiles.len(), 1);
        let [active, shadow] = late;
        let mut shadow = shadow;
        shadow.sortie.choice_no = 3;
        assert!(
            store
                .save_choices(&[active, shadow], Some(&withdrawn(true)), NOW)
                .await
                .unwrap()
        );
        assert_eq!(unusable(MODEL).await, [true, false]);
    })
    .await;
}
