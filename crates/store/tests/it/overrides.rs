//! Overrides of checks: who gave them, until when, and their use in the chain of the sortie.

use schedule::interlock::Scope;
use sqlx::Executor;
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
            .give_override(&wind(Scope::Dock("D01".to_owned())), after(0))
            .await
            .unwrap();
        let one = store
            .give_override(&wind(Scope::Sortie("F1".to_owned())), after(0))
            .await
            .unwrap();
        assert_ne!(dock.given.id, one.given.id);
        assert_eq!(
            store.overrides_in_force(after(1799)).await.unwrap(),
            [dock.clone(), one.clone()]
        );
        assert!(store.overrides_in_force(after(1800)).await.unwrap().is_empty());
        let gone = store
            .withdraw_override(
                &dock.given.id,
                (&actor("韩梅梅"), Some("修好了")),
                after(60),
                after(61),
            )
            .await
            .unwrap();
        assert_eq!(gone.withdrawn, Some((after(60), "韩梅梅".to_owned())));
        assert!(!gone.holds(after(61)) && dock.holds(after(61)));
        let twice = store
            .withdraw_override(&dock.given.id, (&actor("another"), None), after(90), after(91))
            .await
            .unwrap();
        assert_eq!(twice, gone);
        assert_eq!(store.overrides_in_force(after(100)).await.unwrap(), [one]);
        assert_eq!(store.newest_overrides(10).await.unwrap().len(), 2);
        let unknown = store
            .withdraw_override("V99", (&actor("x"), None), after(0), after(0))
            .await
            .unwrap_err();
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
            .give_override(&wind(Scope::Dock("D01".to_owned())), after(0))
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

#[tokio::test(flavor = "multi_thread")]
async fn giving_and_withdrawing_are_events_of_the_chain() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let scope = Scope::Dock("D01".to_owned());
        let id = store
            .give_override(&wind(scope), after(1))
            .await
            .unwrap()
            .given
            .id;
        let by = actor("韩梅梅");
        for at in [60, 90] {
            let withdrawn = store.withdraw_override(&id, (&by, Some("修好了")), after(at), after(at));
            withdrawn.await.unwrap();
        }
        let events = store.override_events(&id).await.unwrap();
        let told = events.iter().map(|event| {
            let body = &event.body;
            let (from, to) = (body.from.as_deref(), body.to.as_deref());
            (
                body.kind.as_str(),
                body.actor.as_str(),
                body.reason.as_deref(),
                from,
                to,
            )
        });
        let wanted = [
            ("given", "李雷", Some("风速计损坏"), None, Some("in_force")),
            (
                "withdrawn",
                "韩梅梅",
                Some("修好了"),
                Some("in_force"),
                Some("withdrawn"),
            ),
        ];
        assert_eq!(told.collect::<Vec<_>>(), wanted);
        let payload = events[0].body.payload_json.as_deref().unwrap();
        assert!(payload.contains(r#""check":"wind""#), "{payload}");
        assert_eq!(store.verify_chains().await.unwrap().broken, None);
        assert!(store.overrides_unlike_their_events().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_say_what_its_events_say_is_found() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let changes = [
            "until_us = until_us + 1",
            "actor = 'another'",
            "check_name = 'rain'",
            "withdrawn_at_us = 5, withdrawn_by = 'nobody'",
        ];
        let mut raw = bench.raw().await;
        let mut ids = Vec::new();
        for change in changes {
            let scope = Scope::Dock("D01".to_owned());
            let id = store
                .give_override(&wind(scope), after(1))
                .await
                .unwrap()
                .given
                .id;
            let sql = format!("update gate_override set {change} where override_id = '{id}'");
            raw.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
            ids.push(id);
        }
        let left_alone = wind(Scope::Sortie("F1".to_owned()));
        store.give_override(&left_alone, after(1)).await.unwrap();
        assert_eq!(store.overrides_unlike_their_events().await.unwrap(), ids);
    })
    .await;
}

/// As a data folder of before is: the row is there and the chain knows nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_override_of_before_gets_its_events_when_the_folder_is_opened() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let scope = Scope::Dock("D01".to_owned());
        let id = store
            .give_override(&wind(scope), after(1))
            .await
            .unwrap()
            .given
            .id;
        let by = actor("韩梅梅");
        store
            .withdraw_override(&id, (&by, None), after(60), after(61))
            .await
            .unwrap();
        let mut raw = bench.raw().await;
        raw.execute("delete from event where subject_kind = 'override'")
            .await
            .unwrap();
        let unlike = store.overrides_unlike_their_events().await.unwrap();
        assert_eq!(unlike, std::slice::from_ref(&id));
        store.close().await;
        for _ in 0..2 {
            let store = bench.open().await;
            assert_eq!(store.override_events(&id).await.unwrap().len(), 2);
            assert_eq!(store.verify_chains().await.unwrap().broken, None);
            assert!(store.overrides_unlike_their_events().await.unwrap().is_empty());
            store.close().await;
        }
    })
    .await;
}
