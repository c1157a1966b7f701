//! Orders of people to docks: written down before they go out, and how they ended.

use store::dock_orders::{DockOrderRow, NewDockOrder};

use crate::harness::{after, each_engine};

fn open_lid(dock_id: &str, second: i64) -> NewDockOrder {
    NewDockOrder {
        dock_id: dock_id.to_owned(),
        command: "open_lid".to_owned(),
        actor: "李雷".to_owned(),
        reason: Some("检修".to_owned()),
        at: after(second),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_kept_with_its_end() {
    each_engine(async |bench| {
        let store = bench.open().await;
        let first = store.give_dock_order(&open_lid("D01", 0)).await.unwrap();
        let second = store.give_dock_order(&open_lid("D01", 60)).await.unwrap();
        store.give_dock_order(&open_lid("D02", 0)).await.unwrap();
        assert_ne!(first, second);
        store.end_dock_order(&first, None, after(12)).await.unwrap();
        store
            .end_dock_order(&second, Some("stuck"), after(70))
            .await
            .unwrap();
        // The first word about an end stands.
        store.end_dock_order(&second, None, after(80)).await.unwrap();
        let row = |id: &str, second, ended| DockOrderRow {
            id: id.to_owned(),
            order: open_lid("D01", second),
            ended: Some(ended),
        };
        assert_eq!(
            store.dock_orders("D01", 10).await.unwrap(),
            [
                row(&second, 60, (after(70), Some("stuck".to_owned()))),
                row(&first, 0, (after(12), None))
            ]
        );
        let open = store.dock_orders("D02", 10).await.unwrap();
        assert_eq!((open.len(), &open[0].ended), (1, &None));
        assert_eq!(store.dock_orders("D01", 1).await.unwrap().len(), 1);
    })
    .await;
}
