//! The simulated city of the demo: `flyonce simulate` as a process of its own, which ends with this one.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use survey::time::UtcMicros;
use tokio::process::{Child, Command};

use crate::cli::arguments::DemoArguments;

/// The process, ended when this is dropped.
pub struct City {
    child: Child,
}

/// Where things meet on this machine.
pub struct Ports {
    /// The broker of the docks.
    pub mqtt: SocketAddr,
    /// Vehicle n sends to this port + n.
    pub mavlink_base: u16,
}

/// Laying out the city takes a moment; more than this is a fault.
const READY_WITHIN: Duration = Duration::from_secs(60);

impl City {
    /// Starts the process; its world is written into `folder` (docks, plans, calendar, and the truth apart).
    ///
    /// # Errors
    /// A process that cannot be started or ends at once.
    pub async fn start(
        folder: &Path,
        arguments: &DemoArguments,
        ports: &Ports,
        start: UtcMicros,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let log =
            std::fs::File::create(folder.join("simulator.log")).context("cannot write simulator.log")?;
        let program = std::env::current_exe().context("this program's own file is not known")?;
        let mut command = Command::new(program);
        command
            .arg("simulate")
            .args(["--docks", &arguments.docks.to_string()])
            .args(["--seed", &arguments.seed.to_string()])
            .args(["--speed", &arguments.speed.to_string()])
            .args(["--mqtt", &format!("mqtt://{}", ports.mqtt)])
            .args(["--mavlink-base-port", &ports.mavlink_base.to_string()])
            .args(["--start", &start.to_string()])
            .arg("--world")
            .arg(folder)
            .arg("--exit-with-parent");
        for fault in &arguments.fault {
            command.args(["--fault", fault]);
        }
        let child = command
            .stdin(Stdio::piped())
            .stdout(log.try_clone().context("simulator.log")?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the simulator cannot be started")?;
        let mut city = Self { child };
        city.wait_for_world(folder).await?;
        Ok(city)
    }

    /// The truth is written last.
    async fn wait_for_world(&mut self, folder: &Path) -> Result<()> {
        let begun = Instant::now();
        let truth = folder.join("truth").join("truth.json");
        while !complete(&truth) {
            if let Some(ended) = self.child.try_wait()? {
                let log = std::fs::read_to_string(folder.join("simulator.log")).unwrap_or_default();
                bail!("the simulator ended ({ended}): {}", log.trim());
            }
            if begun.elapsed() > READY_WITHIN {
                bail!(
                    "the simulator did not lay out its city within {} s",
                    READY_WITHIN.as_secs()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Its process number while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends the process.
    pub async fn stop(mut self) {
        // Without its parent's end of the pipe it leaves by itself; what does not is ended.
        drop(self.child.stdin.take());
        if tokio::time::timeout(Duration::from_secs(5), self.child.wait())
            .await
            .is_err()
        {
            let _ = self.child.kill().await;
        }
    }
}

fn complete(json: &Path) -> bool {
    std::fs::read(json).is_ok_and(|bytes| serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok())
}

/// Ports that nobody uses now: the usual ones where they are free.
///
/// # Errors
/// A machine without free ports.
pub fn free_ports(docks: u16) -> Result<Ports> {
    let free_tcp = |port: u16| TcpListener::bind(("127.0.0.1", port)).and_then(|socket| socket.local_addr());
    let mqtt = free_tcp(1883)
        .or_else(|_| free_tcp(0))
        .context("no free port for MQTT")?;
    let free_udp = |base: &u16| (1..=docks).all(|n| UdpSocket::bind(("127.0.0.1", base + n)).is_ok());
    let mavlink_base = (14_550..30_000)
        .step_by(50)
        .find(free_udp)
        .context("no free ports for MAVLink")?;
    Ok(Ports { mqtt, mavlink_base })
}
