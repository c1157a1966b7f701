//! A data folder of the version before is brought up to date without losing a row or breaking the chain.

use casework::evidence::{EventBody, chain_hash};
use casework::lead::{Decision, LeadState, ReviewPolicy};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, Executor};
use store::leads::LeadDecision;

use crate::fleet::create;
use crate::harness::{Bench, NOW, actor, each_engine};

const FIRST_SCHEMA: &str = include_str!("../../migrations/0001_first.sql");

/// The data folder as version 1 left it: one photo, looked at, with one lead.
async fn version_1_folder(bench: &Bench) {
    let data = bench.location().folder;
    std::fs::create_dir(&data).unwrap();
    if bench.on_sqlite() {
        std::fs::write(data.join("flyonce.sqlite"), "").unwrap();
    }
    let steps = bench.folder.path().join("migrations");
    std::fs::create_dir(&steps).unwrap();
    std::fs::write(steps.join("0001_first.sql"), FIRST_SCHEMA).unwrap();
    let mut raw = bench.raw().await;
    Migrator::new(steps.as_path())
        .await
        .unwrap()
        .run(&mut raw)
        .await
        .unwrap();
    for sql in [
        "insert into meta (key, value) values ('created_at', '2026-11-22T00:00:00Z')",
        "insert into sortie (sortie_id, kind, created_at_us) values ('S1', 'import', 5)",
        "insert into photo (photo_id, sortie_id, photo_index, sha256, byte_len, state, width_px, height_px,
             metadata_json, simulated, stored_at_us)
         values ('S1/00001', 'S1', 1, '0123456789012345678901234567890123456789012345678901234567890123', 5,
             'looked_at', 4000, 3000, '{}', 0, 5)",
        "insert into model (model_sha256, name, card_text, registered_at_us) values ('m', 'sheds', 'x', 5)",
        "insert into tile (photo_id, model_sha256, tile_index, x_px, y_px, width_px, height_px, scale)
             values ('S1/00001', 'm', 0, 0, 0, 960, 960, 0.5)",
        "insert into site (site_id, class, n_views) values ('T0', 'shed', 1)",
        "insert into lead (lead_id, lead_no, site_id, matter_code, class, state, priority, score, n_photos,
             created_at_us)
         values ('L0', 'PD-1', 'T0', 'illegal_building', 'shed', 'candidate', 60, 0.5, 1, 5)",
        "update counter set value = 3 where name = 'event_seq'",
    ] {
        raw.execute(sql).await.unwrap();
    }
    let moves = [
        ("photo", "S1/00001", 1, "stored", None, "stored"),
        ("photo", "S1/00001", 2, "looked_at", Some("stored"), "looked_at"),
        ("lead", "L0", 1, "created", None, "candidate"),
    ];
    let mut prev_hash = None;
    for (seq, (subject_kind, subject_id, subject_seq, kind, from, to)) in (1..).zip(moves) {
        let body = EventBody {
            subject_kind: subject_kind.to_owned(),
            subject_id: subject_id.to_owned(),
            subject_seq,
            at: NOW,
            actor: "intake".to_owned(),
            role: "program".to_owned(),
            kind: kind.to_owned(),
            from: from.map(str::to_owned),
            to: Some(to.to_owned()),
            reason: None,
            note: Some("备注".to_owned()),
            payload_json: None,
        };
        prev_hash = Some(insert_event(&mut raw, seq, &body, prev_hash).await);
    }
}

async fn insert_event(
    raw: &mut AnyConnection,
    seq: i64,
    body: &EventBody,
    prev_hash: Option<String>,
) -> String {
    let hash = chain_hash(prev_hash.as_deref(), body);
    sqlx::query(
        "insert into event (event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind, from_state,
             to_state, note, prev_hash, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .persistent(false)
    .bind(seq)
    .bind(&body.subject_kind)
    .bind(&body.subject_id)
    .bind(body.subject_seq)
    .bind(body.at.0)
    .bind(&body.actor)
    .bind(&body.role)
    .bind(&body.kind)
    .bind(&body.from)
    .bind(&body.to)
    .bind(&body.note)
    .bind(prev_hash)
    .bind(&hash)
    .execute(raw)
    .await
    .unwrap();
    hash
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_version_1_go_on() {
    each_engine(async |bench| {
        version_1_folder(bench).await;
        let store = bench.open().await;
        assert!(store.schema_version() >= 3);
        let chain = store.verify_chains().await.unwrap();
        assert_eq!((chain.events, chain.broken), (3, None));
        assert_eq!(store.counts().await.unwrap().leads, 1);
        assert_eq!(store.photo("S1/00001").await.unwrap().width_px, 4000);
        let tiles = store.tiles_of_photo("S1/00001", "m").await.unwrap().unwrap();
        assert_eq!((tiles.len(), tiles[0].looked), (1, true));
        let decision = LeadDecision {
            lead_id: "L0".to_owned(),
            expected_state: Some(LeadState::Candidate),
            decision: Decision::Confirm,
            policy: ReviewPolicy::Joint,
            actor: actor("Li"),
            reason: None,
            note: None,
        };
        assert_eq!(store.decide_lead(&decision, NOW).await.unwrap().seq, 4);
        create(&store, "F1").await;
        drop(store);
        let chain = bench.open().await.verify_chains().await.unwrap();
        assert_eq!((chain.events, chain.broken), (5, None));
    })
    .await;
}
