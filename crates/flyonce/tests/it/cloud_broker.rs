//! A simulated dock of the Cloud API over Mosquitto: in the clear for a whole flight, and with TLS and client
//! certificates on both sides.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::fleet::{Site, wait_until};
use crate::program::skipped;

/// Mosquitto with this configuration behind its listener; ends with this value.
struct Mosquitto(Child);

impl Mosquitto {
    /// `None`, said aloud, where it is not installed; in CI that is a failure.
    fn start(test: &str, site: &Site, more: &str) -> Option<Self> {
        let runs = |program: &&str| Command::new(program).arg("-h").output().is_ok();
        let Some(program) = ["mosquitto", "/usr/sbin/mosquitto"].into_iter().find(runs) else {
            assert!(std::env::var("CI").is_err(), "CI must have mosquitto");
            skipped(test, "needs mosquitto");
            return None;
        };
        let config = site.program.write(
            "mosquitto.conf",
            format!(
                "listener {} 127.0.0.1\nallow_anonymous true\nuser root\npersistence false\n{more}",
                site.mqtt
            ),
        );
        let log = std::fs::File::create(site.program.path("mosquitto.log")).unwrap();
        let process = Command::new(program)
            .arg("-c")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mosquitto = Self(process);
        wait_until("Mosquitto", || {
            TcpStream::connect(("127.0.0.1", site.mqtt)).is_ok()
        });
        Some(mosquitto)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_dock_of_the_cloud_api_flies_over_mosquitto() {
    let mut site = Site::new();
    site.photo_width = "640";
    let Some(_mosquitto) = Mosquitto::start("a_dock_of_the_cloud_api_flies_over_mosquitto", &site, "") else {
        return;
    };
    site.program.write(
        "flyonce.toml",
        format!("[mqtt]\nbroker = \"mqtt://127.0.0.1:{}\"\n", site.mqtt),
    );
    let _city = site.city_with(1, &["--dji", "D01"]);
    let _service = site.service();
    let flights = site.wait_for_the_end(1);
    assert_eq!(flights[0]["state"], "closed", "{}", flights[0]);
    assert!(
        flights[0]["shots"]["stored"].as_u64() >= Some(15),
        "{}",
        flights[0]
    );
}

/// Certificates of an authority of the test's own.
struct Authority(PathBuf);

impl Authority {
    fn new(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir(&folder).unwrap();
        let authority = Self(folder);
        let made = authority.openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem -addext \
             basicConstraints=critical,CA:TRUE",
        );
        made.then_some(authority)
    }

    fn certify(&self, name: &str) {
        std::fs::write(
            self.path("extensions"),
            "subjectAltName=IP:127.0.0.1,DNS:localhost\n",
        )
        .unwrap();
        for words in [
            format!("req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"),
            format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out \
                 {name}.pem"
            ),
        ] {
            assert!(self.openssl(&words), "{words}");
        }
    }

    fn openssl(&self, words: &str) -> bool {
        let run = Command::new("openssl")
            .current_dir(&self.0)
            .args(words.split_whitespace())
            .output();
        run.is_ok_and(|output| output.status.success())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_dock_of_the_cloud_api_is_reached_over_tls_with_client_certificates() {
    let test = "a_dock_of_the_cloud_api_is_reached_over_tls_with_client_certificates";
    let site = Site::new();
    let Some(authority) = Authority::new(site.program.path("certificates")) else {
        assert!(std::env::var("CI").is_err(), "CI must have openssl");
        return skipped(test, "needs openssl");
    };
    for name in ["broker", "service", "dock"] {
        authority.certify(name);
    }
    let file = |name: &str| shown(&authority.path(name));
    let more = format!(
        "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
        file("ca.pem"),
        file("broker.pem"),
        file("broker.key")
    );
    let Some(_mosquitto) = Mosquitto::start(test, &site, &more) else {
        return;
    };
    let broker = format!("mqtts://127.0.0.1:{}", site.mqtt);
    site.program.write(
        "flyonce.toml",
        format!(
            "[mqtt]\nbroker = \"{broker}\"\nca_file = \"{}\"\nclient_certificate = \"{}\"\nclient_key = \"{}\"\n",
            file("ca.pem"),
            file("service.pem"),
            file("service.key")
        ),
    );
    let (ca, pem, key) = (file("ca.pem"), file("dock.pem"), file("dock.key"));
    let certified = ["--mqtt-ca", &ca, "--mqtt-certificate", &pem, "--mqtt-key", &key];
    let words = [&["--dji", "D01"], certified.as_slice()].concat();
    let _city = site.city_at(&broker, 1, &words);
    std::fs::remove_file(site.program.path("data/flight-plans/calendar.toml")).unwrap();
    let _service = site.service();
    let dock = || {
        let fleet = site
            .program
            .json(&["fleet", "status", "--service", &site.address()]);
        fleet["docks"][0].clone()
    };
    wait_until("the dock", || dock()["online"] == true);
    let service = site.address();
    let order = [
        "fleet",
        "dock",
        "D01",
        "open-lid",
        "--as",
        "tester",
        "--service",
        &service,
    ];
    let ran = site.program.run(&order);
    assert!(ran.ok, "{}", ran.stderr);
    wait_until("an open lid", || dock()["lid"] == "open");
}
