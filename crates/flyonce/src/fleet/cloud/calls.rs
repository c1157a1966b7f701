//! Answers what docks ask of the program: where to bring photos, where their wayline is, and what became of a photo.

use flight::cloud_dock::CloudCall;
use serde_json::{Value, json};

use crate::fleet::cloud::media;
use crate::fleet::service::Fleet;

/// DJI's code for a task that the other side does not have.
const NO_SUCH_TASK: i64 = 319_003;

/// Answers until the fleet stops.
pub async fn answer_calls(fleet: Fleet) {
    let Some(mut calls) = fleet.cloud().and_then(|cloud| cloud.take_calls()) else {
        return;
    };
    loop {
        let call = tokio::select! {
            () = fleet.stop().cancelled() => return,
            call = calls.recv() => call,
        };
        let Some(call) = call else { return };
        // A photo takes its time; the other docks do not wait for it.
        let fleet_of_task = fleet.clone();
        fleet
            .tasks()
            .spawn(async move { answer(&fleet_of_task, call).await });
    }
}

async fn answer(fleet: &Fleet, call: CloudCall) {
    let Some(cloud) = fleet.cloud() else { return };
    let data = match call.method.as_str() {
        "storage_config_get" => json!({ "result": 0, "output": cloud.objects.config(&call.dock_id) }),
        "flighttask_resource_get" => resource(fleet, &call.data),
        "file_upload_callback" => match media::take_in(fleet, &call.dock_id, &call.data).await {
            Ok(()) => json!({ "result": 0 }),
            Err(error) => {
                // Not answered: the dock says it again, and the disk or the database may be well by then.
                tracing::error!(dock.id = call.dock_id, error = %format!("{error:#}"), "a photo could not be taken in");
                return;
            }
        },
        _ => return,
    };
    call.reply.answer(&data).await;
}

fn resource(fleet: &Fleet, data: &Value) -> Value {
    let flight_id = data["flight_id"].as_str().unwrap_or_default();
    match fleet.cloud().and_then(|cloud| cloud.shelf.of_flight(flight_id)) {
        Some(shelved) => json!({
            "result": 0,
            "output": { "file": { "url": shelved.url, "fingerprint": shelved.md5 } },
        }),
        None => json!({ "result": NO_SUCH_TASK, "output": {} }),
    }
}
