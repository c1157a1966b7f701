//! Tiles are chosen for a sortie once, counted, given further photos when one is no good, and looked at once.

use schedule::photo_ledger::PhotoState;
use store::Store;
use store::choices::{NewChoice, Withdrawn};
use store::ground::FootprintQuery;
use store::jobs::JobKind;
use store::looks::LookResult;
use store::rows::{ModelRole, Problem};
use store::tiles::{PhotoTiles, SortieChoiceRow, TileCounts};
use survey::tile_choice::{ChosenTile, GroundSeen, Pass};
use survey::tiles::TileRect;

use crate::fleet::create;
use crate::harness::{MODEL, NOW, actor, claim, commit, detection, each_engine, photo, register_model, saw};

fn tile(x_px: u32, pass: Pass) -> ChosenTile {
    ChosenTile {
        rect: TileRect {
            x_px,
            y_px: 0,
            width_px: 960,
            height_px: 960,
        },
        scale: 2.0 / 3.0,
        pass,
    }
}

fn of(photo_id: &str, added: &[ChosenTile]) -> PhotoTiles {
    PhotoTiles {
        photo_id: photo_id.to_owned(),
        of_all: 4,
        added: added.to_vec(),
    }
}

fn choice(choice_no: u32, photos: Vec<PhotoTiles>) -> NewChoice {
    NewChoice {
        sortie: SortieChoiceRow {
            sortie_id: "S1".to_owned(),
            model_sha256: MODEL.to_owned(),
            choice_no,
            looks_per_cell: 2,
            frame_json: Some("{}".to_owned()),
            full_frame_json: "\"off\"".to_owned(),
            seen: GroundSeen {
                shown_m2: 100.0,
                by_looks_m2: [0.5, 1.5, 90.0, 8.0],
                enough_m2: 98.0,
            },
        },
        role: ModelRole::Active,
        photos,
        queue: true,
    }
}

async fn save(store: &Store, choice: NewChoice) -> bool {
    store.save_choices(&[choice], None, NOW).await.unwrap()
}

fn withdrawn(photo_id: &str, problem: &Problem) -> Withdrawn {
    Withdrawn {
        photo_id: photo_id.to_owned(),
        problem: problem.clone(),
        for_all: true,
    }
}

/// Three photos; the first has two tiles, the second one, the third none.
async fn chosen(store: &Store) -> Vec<String> {
    register_model(store).await;
    let mut ids = Vec::new();
    for content in ["a", "b", "c"] {
        ids.push(commit(store, &photo(content)).await.to_string());
    }
    let tiles = vec![
        of(&ids[0], &[tile(0, Pass::Ground), tile(900, Pass::FullFrame)]),
        of(&ids[1], &[tile(7, Pass::Ground)]),
        of(&ids[2], &[]),
    ];
    assert!(save(store, choice(1, tiles)).await);
    ids
}

async fn look(store: &Store, tiles: Vec<u32>, unusable: Option<Problem>) -> String {
    let claim = claim(store, JobKind::Look, "host:1:1").await.unwrap();
    let look = LookResult {
        photo_id: claim.job_key.clone(),
        models: vec![saw(
            tiles,
            vec![detection(&format!("D{}", claim.job_id), 0.9, None)],
        )],
        unreadable: None,
        unusable,
        actor: actor("look"),
    };
    store.finish_look(&claim, &look, NOW).await.unwrap();
    claim.job_key
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_can_make_the_next_choice() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let ids = chosen(&store).await;
        let other = choice(1, vec![of(&ids[2], &[tile(5, Pass::Ground)])]);
        assert!(!save(&store, other).await);
        let first = store.tiles_of_photo(&ids[0], MODEL).await.unwrap().unwrap();
        let indexes: Vec<_> = first
            .iter()
            .map(|row| (row.tile_index, row.tile, row.looked))
            .collect();
        let expected = [
            (0, tile(0, Pass::Ground), false),
            (1, tile(900, Pass::FullFrame), false),
        ];
        assert_eq!(indexes, expected);
        assert_eq!(store.tiles_of_photo(&ids[2], MODEL).await.unwrap(), Some(vec![]));
        let late = commit(&store, &photo("d")).await.to_string();
        assert_eq!(store.tiles_of_photo(&late, MODEL).await.unwrap(), None);
        let (row, counts) = store.choices_of_sortie("S1").await.unwrap().remove(0);
        assert_eq!(row, choice(1, vec![]).sortie);
        let expected = TileCounts {
            photos: 3,
            photos_in_shadow: 0,
            photos_with_tiles: 2,
            tiles: 3,
            full_frames: 1,
            of_all: 12,
        };
        assert_eq!(counts, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_gets_further_tiles_is_looked_at_again_for_these() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let ids = chosen(&store).await;
        assert_eq!(look(&store, vec![0, 1], None).await, ids[0]);
        // The second photo is at hand while its fellow gives it another tile.
        let at_hand = claim(&store, JobKind::Look, "host:2:2").await.unwrap();
        let problem = Problem {
            code: "blurred".to_owned(),
            detail_json: None,
        };
        let next = choice(
            2,
            vec![
                of(&ids[0], &[tile(40, Pass::Ground)]),
                of(&ids[1], &[tile(50, Pass::Ground)]),
            ],
        );
        let gone = withdrawn(&ids[2], &problem);
        assert!(store.save_choices(&[next], Some(&gone), NOW).await.unwrap());
        assert_eq!(
            store.unusable_photo(&ids[2]).await.unwrap(),
            Some(problem.clone())
        );
        let done = LookResult {
            photo_id: ids[1].clone(),
            models: vec![saw(vec![0], vec![])],
            unreadable: None,
            unusable: None,
            actor: actor("look"),
        };
        store.finish_look(&at_hand, &done, NOW).await.unwrap();
        let mut again = vec![
            look(&store, vec![2], None).await,
            look(&store, vec![1], None).await,
        ];
        let last = look(&store, vec![], Some(problem)).await;
        again.push(last);
        again.sort();
        assert_eq!(again, ids);
        assert!(claim(&store, JobKind::Look, "host:1:1").await.is_none());
        for (id, tiles) in [(&ids[0], 3), (&ids[1], 2)] {
            let rows = store.tiles_of_photo(id, MODEL).await.unwrap().unwrap();
            assert_eq!(rows.len(), tiles);
        }
        assert!(claim(&store, JobKind::Associate, "host:1:1").await.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_photo_is_looked_at_in_vain_and_makes_no_coverage() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let ids = chosen(&store).await;
        let problem = Problem {
            code: "too_dark".to_owned(),
            detail_json: Some("{\"mean\":3}".to_owned()),
        };
        let next = choice(2, vec![]);
        let gone = withdrawn(&ids[0], &problem);
        assert!(store.save_choices(&[next], Some(&gone), NOW).await.unwrap());
        look(&store, vec![], Some(problem.clone())).await;
        let row = store.photo(&ids[0]).await.unwrap();
        assert_eq!((row.state, row.problem), (PhotoState::LookedAt, Some(problem)));
        let counted = store.footprints(&FootprintQuery::default()).await.unwrap();
        let counted: Vec<_> = counted.into_iter().map(|row| row.photo_id).collect();
        assert_eq!(counted, ids[1..]);
        assert_eq!(store.footprint(&ids[0]).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_of_a_sortie_that_is_out_wait_for_its_end() {
    each_engine(async |bench| {
        let store = bench.open().await;
        create(&store, "F1").await;
        let mut flown = photo("a");
        flown.sortie_id = "F1".parse().unwrap();
        commit(&store, &flown).await;
        assert_eq!(claim(&store, JobKind::Look, "host:1:1").await, None);
        let over = "update flight set state = 'failed', ended_at_us = 5 where sortie_id = 'F1'";
        sqlx::query(over).execute(&mut bench.raw().await).await.unwrap();
        assert!(claim(&store, JobKind::Look, "host:1:1").await.is_some());
    })
    .await;
}
