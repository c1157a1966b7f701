//! Sorties that make no coverage by a person's word, and those that count again.

use store::StoreError;
use store::ground::FootprintQuery;

use crate::harness::{NOW, actor, after, commit, each_engine, photo};

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_sortie_makes_no_coverage_until_it_counts_again() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let first = commit(&store, &photo("a")).await.to_string();
        let seen = async |store: &store::Store| {
            let rows = store.footprints(&FootprintQuery::default()).await.unwrap();
            rows.into_iter().map(|row| row.photo_id).collect::<Vec<_>>()
        };
        assert_eq!(seen(&store).await, std::slice::from_ref(&first));
        let person = actor("li.na");
        let reason = "镜头盖没取下";
        let made = store.withdraw_sortie("S1", reason, &person, NOW).await.unwrap();
        assert_eq!((made.is_new, made.standing.photos), (true, 1));
        assert!(seen(&store).await.is_empty());
        assert_eq!(store.footprint(&first).await.unwrap(), None);
        // What comes late does not count either.
        let late = commit(&store, &photo("b")).await.to_string();
        assert!(seen(&store).await.is_empty());
        // A second time the first reason stands.
        let again = store.withdraw_sortie("S1", "again", &person, after(5)).await;
        let again = again.unwrap();
        assert_eq!((again.is_new, again.standing.reason.as_str()), (false, reason));
        assert_eq!(again.standing.photos, 2);
        let withdrawn = store.withdrawals().await.unwrap();
        assert_eq!(withdrawn.len(), 1);
        assert_eq!(
            (withdrawn[0].reason.as_str(), withdrawn[0].withdrawn_at),
            (reason, NOW)
        );
        assert_eq!(
            store.restore_sortie("S1", None, &person, after(9)).await.unwrap(),
            2
        );
        assert_eq!(seen(&store).await, [first.clone(), late]);
        assert!(store.withdrawals().await.unwrap().is_empty());
        let kinds: Vec<String> = store
            .events_after(0, 100)
            .await
            .unwrap()
            .into_iter()
            .filter(|event| event.body.subject_id == first)
            .map(|event| event.body.kind)
            .collect();
        assert_eq!(kinds, ["stored", "withdrawn", "restored"]);
        for missing in [
            store
                .withdraw_sortie("S9", reason, &person, NOW)
                .await
                .map(|_| ()),
            store.restore_sortie("S1", None, &person, NOW).await.map(|_| ()),
        ] {
            assert!(matches!(missing, Err(StoreError::NotFound { .. })));
        }
    })
    .await;
}
