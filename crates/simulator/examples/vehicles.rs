//! Flies vehicles 1..=N towards 127.0.0.1:(base + n) until Ctrl-C, for trying ground stations against them:
//! `vehicles N BASE_PORT SPEED ardupilot|px4 [FAULTS]`.

use simulator::GeoPoint;
use simulator::vehicle::{DockSide, Profile, VehicleOptions, VehicleStatus, run};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, base, speed, profile, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("vehicles N BASE_PORT SPEED ardupilot|px4 [FAULTS]");
    };
    let (count, base, speed): (u8, u16, f64) = (count.parse()?, base.parse()?, speed.parse()?);
    let faults = rest.join(",");
    let stop = CancellationToken::new();
    let (exposures, mut pictures) = mpsc::channel(4);
    let mut vehicles = Vec::new();
    for n in 1..=count {
        let (_charger, dock) = watch::channel(DockSide::default());
        let (status, _) = watch::channel(VehicleStatus::default());
        let options = VehicleOptions {
            system_id: n,
            profile: if profile == "px4" { Profile::Px4 } else { Profile::ArduCopter },
            home: GeoPoint {
                latitude_deg: 31.2 + 0.01 * f64::from(n),
                longitude_deg: 121.6,
            },
            home_amsl_m: 30.0,
            seed: u64::from(n),
            gcs: ([127, 0, 0, 1], base + u16::from(n)).into(),
            speed,
            start_unix_us: 1_772_416_800_000_000,
            faults: faults.parse()?,
            battery_percent: 95.0,
        };
        vehicles.push(tokio::spawn(run(options, exposures.clone(), status, dock, stop.clone())));
    }
    drop(exposures);
    tokio::spawn(async move {
        while let Some(picture) = pictures.recv().await {
            println!("{picture:?}");
        }
    });
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    for vehicle in vehicles {
        vehicle.await??;
    }
    Ok(())
}
