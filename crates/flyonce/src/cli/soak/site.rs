//! The processes of a soak: the simulated city, the service, and a broker of its own where there is Mosquitto.

use std::fs::{File, OpenOptions};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use survey::time::UtcMicros;
use tokio_util::sync::CancellationToken;

use crate::cli::soak::mix::DayPlan;
use crate::clock;

/// City seconds between the start of service and city and the wave.
pub const RUN_UP_S: f64 = 90.0;
/// Laying out the city and opening the store take a moment; more than this is a fault.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// Width of the pictures: they show little and cost little.
const PHOTO_WIDTH_PX: u32 = 208;

/// Where things lie and meet.
pub struct Site {
    folder: PathBuf,
    program: PathBuf,
    docks: u16,
    seed: u64,
    speed: f64,
    mqtt: SocketAddr,
    http: SocketAddr,
    mavlink_base: u16,
    mosquitto: Option<PathBuf>,
    stop: CancellationToken,
}

/// A process that ends with this.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The processes of one day.
pub struct Day<'s> {
    site: &'s Site,
    plan: &'s DayPlan,
    city: Ends,
    service: Option<Ends>,
    broker: Option<Ends>,
    began_at: UtcMicros,
}

impl Site {
    /// Ports and files of a soak in `folder`; once `stop` is cancelled nothing is waited for any more.
    ///
    /// # Errors
    /// A folder that cannot be written, a machine without free ports.
    pub fn new(
        folder: &Path,
        (docks, seed, speed): (u16, u64, f64),
        stop: CancellationToken,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder.join("data"))
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let free_tcp = || TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let site = Self {
            folder: folder.to_owned(),
            program: std::env::current_exe().context("this program's own file is not known")?,
            docks,
            seed,
            speed,
            mqtt: free_tcp().context("no free port for MQTT")?,
            http: free_tcp().context("no free port for HTTP")?,
            mavlink_base: free_udp(docks).context("no free ports for MAVLink")?,
            mosquitto: found("mosquitto"),
            stop,
        };
        let broker = match site.mosquitto {
            Some(_) => format!("broker = \"mqtt://{}\"", site.mqtt),
            None => format!("listen = \"{}\"", site.mqtt),
        };
        let config = format!("[mqtt]\n{broker}\n\n[photo_door]\nphotos_within_s = 8\n");
        std::fs::write(site.config(), config).context("cannot write flyonce.toml")?;
        std::fs::write(site.folder.join("mosquitto.conf"), site.mosquitto_config())
            .context("cannot write mosquitto.conf")?;
        Ok(site)
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.join("flyonce.toml")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Whether the broker is a process of its own.
    pub fn has_broker(&self) -> bool {
        self.mosquitto.is_some()
    }

    /// What the city told on a day, JSON lines.
    pub fn city_log(&self, day: u32) -> PathBuf {
        self.folder.join(format!("city-{day:04}.jsonl"))
    }

    /// Everything is free again that the processes of a day had.
    pub fn is_quiet(&self) -> bool {
        let tcp = [self.mqtt, self.http]
            .iter()
            .all(|port| TcpListener::bind(port).is_ok());
        tcp && all_free(self.mavlink_base, self.docks)
    }

    /// A day's processes, the city first.
    ///
    /// # Errors
    /// A process that does not come up.
    pub fn begin<'s>(&'s self, plan: &'s DayPlan) -> Result<Day<'s>> {
        let truth = self.data().join("truth").join("truth.json");
        // What an earlier day left would look like this day's.
        match std::fs::remove_file(&truth) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", truth.display()));
            }
            _ => {}
        }
        let mut day = Day {
            site: self,
            plan,
            broker: None,
            city: Ends(self.city(plan)?),
            service: None,
            began_at: clock::now(),
        };
        day.start_broker()?;
        self.wait_until("the city", || whole_json(&truth))?;
        day.began_at = clock::now();
        day.start_service()?;
        Ok(day)
    }

    fn city(&self, plan: &DayPlan) -> Result<Child> {
        let mut command = of_its_own(&self.program);
        command
            .arg("simulate")
            .args([
                "--docks",
                &self.docks.to_string(),
                "--seed",
                &self.seed.to_string(),
            ])
            .args([
                "--speed",
                &self.speed.to_string(),
                "--start",
                &plan.wave_at.to_string(),
            ])
            .args(["--mqtt", &format!("mqtt://{}", self.mqtt)])
            .args(["--mavlink-base-port", &self.mavlink_base.to_string()])
            .args(["--photo-width", &PHOTO_WIDTH_PX.to_string(), "--profile", "mixed"])
            .arg("--world")
            .arg(self.data())
            .args(["--json", "--exit-with-parent"]);
        for (number, faults) in plan.faults.iter().enumerate() {
            for fault in faults {
                command.args(["--fault", &format!("D{:02}:{fault}", number + 1)]);
            }
        }
        let log = File::create(self.city_log(plan.number)).context("cannot write the city's log")?;
        let errors = File::create(self.folder.join("city.err")).context("cannot write city.err")?;
        let started = command.stdin(Stdio::piped()).stdout(log).stderr(errors).spawn();
        started.context("the city cannot be started")
    }

    fn wait_until(&self, what: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !holds() {
            if self.stop.is_cancelled() {
                bail!("stopped while {what} was coming up");
            }
            if begun.elapsed() > READY_WITHIN {
                bail!("{what} did not come up within {} s", READY_WITHIN.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn flyonce(&self) -> Command {
        let mut command = of_its_own(&self.program);
        command
            .arg("--config")
            .arg(self.config())
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::null());
        command
    }

    fn mosquitto_config(&self) -> String {
        format!(
            "listener {} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n",
            self.mqtt.port()
        )
    }
}

impl Day<'_> {
    /// Kills the service with SIGKILL and starts it again in the same simulated day.
    ///
    /// # Errors
    /// A service that does not come up again.
    pub fn kill_service(&mut self) -> Result<()> {
        self.service = None;
        self.start_service()
    }

    /// Kills the broker and starts it again; nothing where the service has it within.
    ///
    /// # Errors
    /// A broker that does not come up again.
    pub fn restart_broker(&mut self) -> Result<()> {
        self.broker = None;
        self.start_broker()
    }

    /// Calls everyone home; when the order was in force, wall milliseconds since 1970.
    ///
    /// # Errors
    /// A refusal.
    pub fn call_home(&self) -> Result<i64> {
        self.order("home")?;
        Ok(clock::now().0 / 1000)
    }

    /// Lifts the ground stop.
    ///
    /// # Errors
    /// A refusal.
    pub fn release(&self) -> Result<()> {
        self.order("release")
    }

    fn order(&self, word: &str) -> Result<()> {
        let ran = self
            .site
            .flyonce()
            .args([
                "fleet",
                word,
                "--as",
                "soak",
                "--service",
                &self.site.http.to_string(),
            ])
            .output()
            .context("the order could not be given")?;
        if !ran.status.success() {
            bail!("fleet {word}: {}", String::from_utf8_lossy(&ran.stderr).trim());
        }
        Ok(())
    }

    fn start_service(&mut self) -> Result<()> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.site.folder.join("service.log"))
            .context("cannot write service.log")?;
        let from = UtcMicros(self.plan.wave_at.0 - (RUN_UP_S * 1e6) as i64);
        let child = self
            .site
            .flyonce()
            .args(["serve", "--listen", &self.site.http.to_string()])
            .args([
                "--city-time",
                &from.to_string(),
                "--city-time-was-at",
                &self.began_at.to_string(),
            ])
            .args(["--city-speed", &self.site.speed.to_string()])
            .stdout(log.try_clone().context("service.log")?)
            .stderr(log)
            .spawn()
            .context("the service cannot be started")?;
        self.service = Some(Ends(child));
        self.site
            .wait_until("the service", || TcpStream::connect(self.site.http).is_ok())
    }

    fn start_broker(&mut self) -> Result<()> {
        let Some(program) = &self.site.mosquitto else {
            return Ok(());
        };
        let child = of_its_own(program)
            .arg("-c")
            .arg(self.site.folder.join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("mosquitto cannot be started")?;
        self.broker = Some(Ends(child));
        self.site
            .wait_until("the broker", || TcpStream::connect(self.site.mqtt).is_ok())
    }

    /// Whether a process has ended that should not have.
    pub fn has_died(&mut self) -> bool {
        let ended = |child: &mut Ends| !matches!(child.0.try_wait(), Ok(None));
        ended(&mut self.city) || self.service.as_mut().is_some_and(ended)
    }
}

fn whole_json(file: &Path) -> bool {
    std::fs::read(file).is_ok_and(|bytes| serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok())
}

/// A key that interrupts a terminal reaches this program alone, which then ends the others in their turn.
fn of_its_own(program: &Path) -> Command {
    let mut command = Command::new(program);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// A program in the search path, or where servers lie.
fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn all_free(base: u16, docks: u16) -> bool {
    (1..=docks).all(|n| UdpSocket::bind(("127.0.0.1", base + n)).is_ok())
}

fn free_udp(docks: u16) -> Option<u16> {
    let shift = std::process::id() as u16 % 100 * 200;
    (20_000..42_000_u16)
        .step_by(250)
        .map(|base| base + shift)
        .find(|base| all_free(*base, docks))
}
