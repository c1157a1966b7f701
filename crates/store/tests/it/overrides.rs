//! Overrides of checks: who gave them, until when, and their use in the chain of the sortie.

use schedule::interlock::Scope;
use store::overrides::NewOverride;
use survey::time::UtcMicros;

use crate::fleet::create;
use crate::harness::{actor, after, each_engine};

fn wind(scope: Scope) -> NewOverride {
    NewOverride {
        check: "wind".to_owned(),
        scope,
        actor: actor("李雷"),
        reason: "风速计损坏".to_owned(),
        given_at: after(0),
        until: after(1800),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_holds_until_its_time_is_over_or_it_is_withdrawn() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let dock = store
            .give_override(&wind(Scope::Dock("D01".to_owned())))
            .await
            .unwrap();
        let one = store
            .give_override(&wind(Scope::Sortie("F1".to_owned())))
            .await
            .unwrap();
        assert_ne!(dock.given.id, one.given.id);
        assert_eq!(
            store.overrides_in_force(after(1799)).await.unwrap(),
            [dock.clone(), one.clone()]
        );
        assert!(store.overrides_in_force(after(1800)).await.unwrap().is_empty());
        let gone = store
            .withdraw_override(&dock.given.id, "韩梅梅", after(60))
            .await
            .unwrap();
        assert_eq!(gone.withdrawn, Some((after(60), "韩梅梅".to_owned())));
        assert!(!gone.holds(after(61)) && dock.holds(after(61)));
        let twice = store
            .withdraw_override(&dock.given.id, "another", after(90))
            .await
            .unwrap();
        assert_eq!(twice, gone);
        assert_eq!(store.overrides_in_force(after(100)).await.unwrap(), [one]);
        assert_eq!(store.newest_overrides(10).await.unwrap().len(), 2);
        let unknown = store.withdraw_override("V99", "x", after(0)).await.unwrap_err();
        assert!(unknown.to_string().contains("V99"), "{unknown}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_use_is_one_event_in_the_chain_of_the_sortie() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let sortie = create(&store, "F1").await;
        let given = store
            .give_override(&wind(Scope::Dock("D01".to_owned())))
            .await
            .unwrap()
            .given;
        for at in [5, 6] {
            store
                .note_override_used(
                    &sortie,
                    &given,
                    r#"{"check":"wind","value":9.1,"limit":8.0}"#,
                    UtcMicros(at),
                )
                .await
                .unwrap();
        }
        let events = store.flight_events("F1").await.unwrap();
        let [_created, used] = &events[..] else {
            panic!("{events:?}");
        };
        let body = &used.body;
        assert_eq!(
            (body.kind.as_str(), body.actor.as_str(), body.reason.as_deref()),
            ("overridden", "李雷", Some("风速计损坏"))
        );
        assert_eq!(body.note.as_deref(), Some(given.id.as_str()));
        assert!(body.payload_json.as_deref().unwrap().contains("9.1"));
        assert_eq!(store.verify_chains().await.unwrap().broken, None);
    })
    .await;
}
