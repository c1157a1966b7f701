//! A fresh data folder per test and engine, and the smallest photos, detections and leads that make sense.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use schedule::photo_ledger::PhotoId;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use store::jobs::{Claim, JobKind};
use store::looks::{LookResult, ModelLook};
use store::photos::CommitOutcome;
use store::rows::{
    Actor, ModelRole, ModelRow, NewDetection, NewFootprint, NewPhoto, Placement, SiteRow, SortieKind,
};
use store::sites::{AssociationResult, NewLead};
use store::{Location, Store};
use survey::time::{CivilDay, UtcMicros};
use tempfile::TempDir;

/// 2026-11-23T00:00:00Z.
pub const NOW: UtcMicros = UtcMicros(1_795_392_000_000_000);
pub const LEASE: std::time::Duration = std::time::Duration::from_secs(60);
pub const MODEL: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

pub fn after(seconds: i64) -> UtcMicros {
    UtcMicros(NOW.0 + seconds * 1_000_000)
}

/// A line that the test runner does not swallow.
pub fn say(line: &str) {
    std::io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}

/// One empty data folder and where its database is; everything is removed when it goes.
pub struct Bench {
    pub folder: TempDir,
    url: Option<String>,
    server: Option<(String, String)>,
}

impl Bench {
    pub fn location(&self) -> Location {
        Location {
            folder: self.folder.path().join("data"),
            database_url: self.url.clone(),
        }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.location(), NOW).await.unwrap()
    }

    /// A connection past the store, for looking and for tampering.
    pub async fn raw(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let file = self.folder.path().join("data/flyonce.sqlite");
        let url = self
            .url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", file.display()));
        AnyConnection::connect(&url).await.unwrap()
    }

    pub fn on_sqlite(&self) -> bool {
        self.url.is_none()
    }

    /// A file with this content outside the data folder.
    pub fn source(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    async fn on_server(server: &str) -> Bench {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let schema = format!("flyonce_test_{}_{serial}", std::process::id());
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(server).await.unwrap();
        connection
            .execute(AssertSqlSafe(format!("create schema {schema}")))
            .await
            .unwrap();
        let join = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{join}options=-c%20search_path%3D{schema}");
        Bench {
            folder: tempfile::tempdir().unwrap(),
            url: Some(url),
            server: Some((server.to_owned(), schema)),
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let Some((server, schema)) = self.server.take() else {
            return;
        };
        // Drop cannot wait inside the runtime of the test.
        let sweep = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut connection = AnyConnection::connect(&server).await.unwrap();
                connection
                    .execute(AssertSqlSafe(format!("drop schema {schema} cascade")))
                    .await
                    .unwrap();
            });
        });
        if sweep.join().is_err() {
            say("the schema of a test could not be dropped");
        }
    }
}

/// Runs a test body on SQLite and, where a server is named, on PostgreSQL.
pub async fn each_engine(body: impl AsyncFn(&Bench)) {
    static SKIP: Once = Once::new();
    let bench = Bench {
        folder: tempfile::tempdir().unwrap(),
        url: None,
        server: None,
    };
    body(&bench).await;
    match std::env::var("FLYONCE_TEST_POSTGRES_URL") {
        Ok(server) => body(&Bench::on_server(&server).await).await,
        Err(_) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("CI must run the PostgreSQL side: set FLYONCE_TEST_POSTGRES_URL");
        }
        Err(_) => SKIP.call_once(|| say("SKIPPED: PostgreSQL (FLYONCE_TEST_POSTGRES_URL is not set)")),
    }
}

pub fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

pub fn actor(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        role: "test".to_owned(),
    }
}

/// A photo of sortie `S1` whose content is `content`.
pub fn photo(content: &str) -> NewPhoto {
    NewPhoto {
        sortie_id: "S1".parse().unwrap(),
        shot_index: None,
        sortie_kind: SortieKind::Import,
        sha256: sha256(content),
        byte_len: 5,
        name: format!("{content}.jpg"),
        captured_at: Some(after(-3600)),
        capture_zone: Some("exif_offset".to_owned()),
        width_px: 4000,
        height_px: 3000,
        metadata_json: "{}".to_owned(),
        pose_json: Some("{\"height\":1}".to_owned()),
        camera_json: None,
        problem: None,
        gsd_cm: Some(2.5),
        simulated: false,
        footprint: Some(NewFootprint {
            civil_day: CivilDay(20_780),
            gsd_cm: 2.5,
            area_m2: 5000.0,
            truncated: false,
            outline_json: "[[121.5,31.2]]".to_owned(),
            on_terrain: false,
            hidden_json: None,
        }),
        actor: actor("intake"),
    }
}

/// A photo without pose: everything optional is absent.
pub fn blind_photo(content: &str) -> NewPhoto {
    NewPhoto {
        captured_at: None,
        capture_zone: None,
        pose_json: None,
        gsd_cm: None,
        footprint: None,
        ..photo(content)
    }
}

pub async fn commit(store: &Store, photo: &NewPhoto) -> PhotoId {
    match store.commit_photo(photo, NOW).await.unwrap() {
        CommitOutcome::New(id) => id,
        CommitOutcome::Known(id) => panic!("{id} was known"),
    }
}

pub async fn claim(store: &Store, kind: JobKind, worker: &str) -> Option<Claim> {
    store.claim_job(kind, worker, NOW, LEASE).await.unwrap()
}

pub async fn register_model(store: &Store) {
    let model = ModelRow {
        model_sha256: MODEL.to_owned(),
        name: "sheds".to_owned(),
        card_text: "x".to_owned(),
    };
    store.register_model(&model, NOW).await.unwrap();
}

pub fn place(longitude_deg: f64) -> Placement {
    Placement {
        longitude_deg,
        latitude_deg: 31.2,
        cov_ee_m2: 4.0,
        cov_en_m2: 0.5,
        cov_nn_m2: 9.0,
        extent_e_m: 3.0,
        extent_n_m: 4.0,
    }
}

pub fn detection(detection_id: &str, score: f64, place: Option<Placement>) -> NewDetection {
    NewDetection {
        detection_id: detection_id.to_owned(),
        class: "shed".to_owned(),
        score,
        box_px: [1.5, 2.0, 30.25, 40.0],
        place,
    }
}

/// What the only model saw in a photo.
pub fn saw(tiles: Vec<u32>, detections: Vec<NewDetection>) -> ModelLook {
    ModelLook {
        model_sha256: MODEL.to_owned(),
        role: ModelRole::Active,
        tiles,
        detections,
        problem: None,
        took_us: 0,
    }
}

/// Claims the next look and finishes it with these detections. Answers the photo id.
pub async fn look(store: &Store, detections: Vec<NewDetection>) -> String {
    let claim = claim(store, JobKind::Look, "host:1:1").await.unwrap();
    let look = LookResult {
        photo_id: claim.job_key.clone(),
        models: vec![saw(vec![], detections)],
        unusable: None,
        unreadable: None,
        actor: actor("detector"),
    };
    store.finish_look(&claim, &look, NOW).await.unwrap();
    claim.job_key
}

pub fn site(site_id: &str, place: Option<Placement>) -> SiteRow {
    SiteRow {
        site_id: site_id.to_owned(),
        class: "shed".to_owned(),
        place,
        n_views: 1,
        first_seen: Some(after(-3600)),
        last_seen: Some(after(-3600)),
    }
}

pub fn new_lead(lead_id: &str, site_id: &str, priority: f64, score: f64) -> NewLead {
    NewLead {
        lead_id: lead_id.to_owned(),
        site_id: site_id.to_owned(),
        matter_code: "illegal_building".to_owned(),
        class: "shed".to_owned(),
        priority,
        score,
        n_photos: 1,
        first_seen: Some(after(-3600)),
        last_seen: None,
        payload_json: Some("{\"detections\":[]}".to_owned()),
    }
}

pub fn nothing_found() -> AssociationResult {
    AssociationResult {
        new_sites: vec![],
        updated_sites: vec![],
        links: vec![],
        new_leads: vec![],
        seen_leads: vec![],
        lead_no_prefix: "PD".to_owned(),
        civil_day: CivilDay(20_780),
        actor: actor("association"),
    }
}

/// One photo with one detection per score, each a site and a lead: detections `D0…`, sites `T0…`, leads `L0…`.
pub async fn store_with_leads(bench: &Bench, leads: &[(f64, f64)]) -> Store {
    let store = bench.open().await;
    register_model(&store).await;
    commit(&store, &photo("a")).await;
    let detections =
        |(i, (_, score)): (usize, &(f64, f64))| detection(&format!("D{i}"), *score, Some(place(121.5)));
    look(&store, leads.iter().enumerate().map(detections).collect()).await;
    let mut result = nothing_found();
    for (i, (priority, score)) in leads.iter().enumerate() {
        result.new_sites.push(site(&format!("T{i}"), Some(place(121.5))));
        result.links.push((format!("D{i}"), format!("T{i}")));
        result
            .new_leads
            .push(new_lead(&format!("L{i}"), &format!("T{i}"), *priority, *score));
    }
    let job = claim(&store, JobKind::Associate, "host:1:1").await.unwrap();
    store.apply_association(&job, &result, NOW).await.unwrap();
    store
}
