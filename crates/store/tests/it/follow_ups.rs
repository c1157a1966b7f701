//! A mission that took several sorties: one ledger for all of them.

use schedule::photo_ledger::{LossReason, PhotoState};
use store::flights::{Created, MissionPhoto};
use store::{Store, StoreError};

use crate::fleet::{capture, create, id, new_flight, plan};
use crate::harness::{NOW, each_engine};

use PhotoState as P;

const NOT_FLOWN: P = P::Lost(LossReason::NotFlown);

async fn states(store: &Store, first: &str) -> Vec<(P, String)> {
    let photos = store.mission_photos(first).await.unwrap();
    assert!(
        photos
            .iter()
            .zip(1..)
            .all(|(photo, number)| photo.shot_index == number)
    );
    photos
        .into_iter()
        .map(|MissionPhoto { state, sortie_id, .. }| (state, sortie_id))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_photo_of_a_mission_stands_where_it_came_furthest() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let first = create(&store, "F1").await;
        for n in [1, 2, 3] {
            store.record_capture(&first, &capture(n), NOW).await.unwrap();
        }
        store.settle_shots(&first, NOW).await.unwrap();
        let rest = store::flights::NewFlight {
            shots: plan(6)
                .into_iter()
                .skip(3)
                .zip(1..)
                .map(|(mut shot, n)| {
                    shot.shot_index = n;
                    shot
                })
                .collect(),
            ..new_flight("F1-R1")
        };
        let photos = [(1, 4), (2, 5), (3, 6)];
        let created = store.create_follow_up(&rest, "F1", &photos, NOW).await.unwrap();
        assert_eq!(created, Created::New);
        let again = store.create_follow_up(&rest, "F1", &photos, NOW).await.unwrap();
        assert_eq!(again, Created::Known);
        let never_arrived = P::Lost(LossReason::NeverArrived);
        let (one, two) = ("F1".to_owned(), "F1-R1".to_owned());
        let expected = [never_arrived, never_arrived, never_arrived].map(|state| (state, one.clone()));
        let seen = states(&store, "F1").await;
        assert_eq!(seen[..3], expected);
        assert!(
            seen[3..].iter().all(|photo| *photo == (P::Planned, two.clone())),
            "{seen:?}"
        );

        let second = id("F1-R1");
        store.record_capture(&second, &capture(5), NOW).await.unwrap();
        let seen = states(&store, "F1").await;
        assert!(seen.contains(&(P::Captured, two.clone())), "{seen:?}");
        store.settle_shots(&second, NOW).await.unwrap();
        let lost = states(&store, "F1")
            .await
            .iter()
            .filter(|(state, _)| *state == NOT_FLOWN)
            .count();
        assert_eq!(lost, 2);

        let rows = store.follow_ups("F1").await.unwrap();
        assert_eq!((rows.len(), rows[0].continues_sortie.as_deref()), (1, Some("F1")));
        assert_eq!(store.flight("F1").await.unwrap().continues_sortie, None);
        let stray = store.create_follow_up(&new_flight("F9-R1"), "F9", &[], NOW).await;
        assert!(matches!(stray, Err(StoreError::NotFound { .. })));
        assert!(store.flight("F9-R1").await.is_err(), "nothing was written");
    })
    .await;
}
