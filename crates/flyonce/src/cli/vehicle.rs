//! `flyonce vehicle key set | roll | check`: MAVLink 2 signing keys. The key file is written before a key is sent and
//! after it is seen in use, so that at no moment a vehicle has a key that is nowhere on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use flight::link::Link;
use flight::signing::{KeyChangeError, SecretKey, SigningTrouble};
use flight::vehicle::Vehicle;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::arguments::{KeyArguments, KeyCommand, VehicleCommand};
use crate::cli::output::Output;
use crate::config::Config;
use crate::fleet::key_file::{KeyEntry, KeyFile};
use crate::fleet::links::{Links, link_options};
use crate::lang::{Lang, Words};

/// Wait for the vehicle's first message that counts, and for its answer to a signed question.
const FIRST_HEARTBEAT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(8);

/// Does what was asked.
///
/// # Errors
/// No key file in the settings, a vehicle that is not there or does not take the key.
pub async fn run(output: Output, config: &Config, command: VehicleCommand) -> Result<()> {
    let VehicleCommand::Key(command) = command;
    let path = config.settings.mavlink.key_file.clone().context(
        "no key file is configured: write key_file = \"keys.toml\" under [signing] / 请在 [signing] 下设置 key_file",
    )?;
    match command {
        KeyCommand::Set(arguments) => change(output, config, (&path, &arguments), false).await,
        KeyCommand::Roll(arguments) => change(output, config, (&path, &arguments), true).await,
        KeyCommand::Remove(arguments) => remove(output, config, (&path, &arguments)).await,
        KeyCommand::Check(arguments) => check(output, config, (&path, &arguments)).await,
    }
}

async fn change(
    output: Output,
    config: &Config,
    (path, arguments): (&Path, &KeyArguments),
    roll: bool,
) -> Result<()> {
    if !arguments.link.is_private() && !arguments.safe_link {
        bail!(
            "a key goes over the line as it is: use a serial cable or loopback, or say --safe-link if nobody else can listen to {} / 密钥以明文发送,请用串口或本机链路,或确认安全后加 --safe-link",
            arguments.link
        );
    }
    let mut file = KeyFile::load(path)?;
    let before = file.entry_mut(&arguments.link, arguments.sysid).clone();
    if before.secret.is_some() != roll {
        bail!(
            "{}",
            match roll {
                true => "the key file has no key for this vehicle: use `key set` / 尚无密钥,请用 key set",
                false => "the key file has a key for this vehicle: use `key roll` / 已有密钥,请用 key roll",
            }
        );
    }
    let new = new_key(&before, arguments)?;
    write(&mut file, arguments, |entry| entry.pending = Some(new.clone()))?;
    let changed = with_vehicle(config, arguments, async |vehicle, _link| {
        heard(&vehicle).await;
        vehicle.change_signing_key(&new).await
    })
    .await?;
    match changed {
        Ok(change) => {
            write(&mut file, arguments, |entry| {
                entry.secret = Some(new.clone());
                entry.pending = None;
            })?;
            let fingerprint = new.fingerprint();
            let told = json!({ "system_id": arguments.sysid, "link": arguments.link.to_string(), "state": "key",
                "fingerprint": fingerprint, "sent": change.sent, "answered": change.answered });
            output.show(&told, |lang| match lang {
                Lang::Zh => format!("飞机 {} 已使用新密钥({fingerprint})", arguments.sysid),
                Lang::En => format!(
                    "vehicle {} signs with the new key ({fingerprint})",
                    arguments.sysid
                ),
            })
        }
        Err(error) => {
            // Before the first sending the vehicle cannot have it; after that it may, and the file keeps it.
            if !may_have_it(&error) {
                write(&mut file, arguments, |entry| entry.clone_from(&before))?;
            } else {
                output.say(&Words::new(
                    "新密钥保留在密钥文件中(pending),新旧密钥都有效;请稍后执行 key check",
                    "the new key stays in the key file as pending, and both keys count; run `key check` later",
                ));
            }
            Err(error.into())
        }
    }
}

/// Back to unsigned. Nothing secret goes over the line, so that any line will do.
async fn remove(output: Output, config: &Config, (path, arguments): (&Path, &KeyArguments)) -> Result<()> {
    let mut file = KeyFile::load(path)?;
    let entry = file.entry_mut(&arguments.link, arguments.sysid).clone();
    if entry.secret.is_none() && entry.pending.is_none() {
        bail!("the key file has no key for this vehicle / 密钥文件中没有该机的密钥");
    }
    let removed = with_vehicle(config, arguments, async |vehicle, _link| {
        heard(&vehicle).await;
        vehicle.remove_signing_key().await
    })
    .await?;
    let change = match removed {
        Ok(change) if change.answered => change,
        Ok(_silent) => bail!(
            "the vehicle speaks unsigned but answers nothing: the key stays in the key file / 飞机已不签名但无应答,密钥保留"
        ),
        Err(error) => {
            output.say(&Words::new(
                "飞机未确认,密钥保留在密钥文件中",
                "not confirmed by the vehicle: the key stays in the key file",
            ));
            return Err(error.into());
        }
    };
    write(&mut file, arguments, |entry| {
        entry.secret = None;
        entry.pending = None;
    })?;
    let told = json!({ "system_id": arguments.sysid, "link": arguments.link.to_string(), "state": "unsigned",
        "sent": change.sent, "answered": change.answered });
    output.show(&told, |lang| match lang {
        Lang::Zh => format!("飞机 {} 已停用签名,密钥已从密钥文件移除", arguments.sysid),
        Lang::En => format!(
            "vehicle {} speaks unsigned now; its key is out of the key file",
            arguments.sysid
        ),
    })
}

/// A key that was sent before and may be in use is sent again rather than a third one.
fn new_key(before: &KeyEntry, arguments: &KeyArguments) -> Result<SecretKey> {
    let given = match &arguments.passphrase_file {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the passphrase in {}", path.display()))?;
            Some(SecretKey::from_passphrase(text.trim_end_matches(['\r', '\n']))?)
        }
    };
    match (given, &before.pending) {
        (Some(given), Some(pending)) if given != *pending => bail!(
            "an earlier key was sent and may be in use: run `key check` first / 上次的新密钥尚未确认,请先执行 key check"
        ),
        (_, Some(pending)) => Ok(pending.clone()),
        (Some(given), None) => Ok(given),
        (None, None) => Ok(SecretKey::random()?),
    }
}

fn may_have_it(error: &KeyChangeError) -> bool {
    matches!(
        error,
        KeyChangeError::NotTaken { .. } | KeyChangeError::Unclear { .. } | KeyChangeError::NotSent(_)
    )
}

fn write(file: &mut KeyFile, arguments: &KeyArguments, change: impl FnOnce(&mut KeyEntry)) -> Result<()> {
    change(file.entry_mut(&arguments.link, arguments.sysid));
    file.tidy();
    file.save()
}

async fn with_vehicle<T>(
    config: &Config,
    arguments: &KeyArguments,
    work: impl AsyncFnOnce(Vehicle, Link) -> T,
) -> Result<T> {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let links = Links::new(link_options(&config.settings)?, tasks.clone(), stop.clone());
    let link = links.link(&arguments.link).await?;
    let done = work(link.vehicle(arguments.sysid), link).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(done)
}

async fn heard(vehicle: &Vehicle) -> bool {
    until(vehicle, FIRST_HEARTBEAT, || vehicle.telemetry().heard).await
}

async fn until(vehicle: &Vehicle, patience: Duration, holds: impl Fn() -> bool) -> bool {
    let give_up = Instant::now() + patience;
    while !holds() {
        if Instant::now() >= give_up {
            return false;
        }
        let _deadline = tokio::time::timeout_at(give_up.into(), vehicle.changed()).await;
    }
    true
}

/// What a vehicle was found to sign with.
struct Found {
    heard: bool,
    signs_with: Option<String>,
    answers: bool,
    trouble: Option<SigningTrouble>,
}

impl Found {
    /// One word.
    fn state(&self, entry: &KeyEntry) -> &'static str {
        let pending = fingerprint(&entry.pending);
        match (&self.signs_with, self.trouble) {
            (Some(with), _) if self.heard && Some(with) == pending.as_ref() => "pending",
            (Some(_), _) if self.heard => "key",
            (_, Some(SigningTrouble::WrongKey | SigningTrouble::NoKeyHere)) => "another_key",
            (_, Some(SigningTrouble::Stale)) => "stale",
            (_, Some(SigningTrouble::Unsigned)) => "unsigned",
            _ if self.heard => "unsigned",
            _ => "not_heard",
        }
    }
}

fn fingerprint(key: &Option<SecretKey>) -> Option<String> {
    key.as_ref().map(SecretKey::fingerprint)
}

async fn find(config: &Config, arguments: &KeyArguments) -> Result<Found> {
    with_vehicle(config, arguments, async |vehicle, _link| {
        let heard = heard(&vehicle).await;
        let answered = || {
            let clock = vehicle.clock_offset();
            clock.is_some_and(|offset| offset.round_trip.is_some())
        };
        Found {
            heard,
            answers: heard && until(&vehicle, ANSWER, answered).await,
            signs_with: vehicle.signs_with(),
            trouble: vehicle.signing_trouble(),
        }
    })
    .await
}

async fn check(output: Output, config: &Config, (path, arguments): (&Path, &KeyArguments)) -> Result<()> {
    let mut file = KeyFile::load(path)?;
    let entry = file.entry_mut(&arguments.link, arguments.sysid).clone();
    let found = find(config, arguments).await?;
    let state = found.state(&entry);
    // What a vehicle signs with and answers to is settled; the other key goes.
    if entry.pending.is_some() && found.answers && ["key", "pending"].contains(&state) {
        write(&mut file, arguments, |entry| {
            let pending = entry.pending.take();
            if state == "pending" {
                entry.secret = pending;
            }
        })?;
    }
    let told = json!({ "system_id": arguments.sysid, "link": arguments.link.to_string(), "state": state,
        "heard": found.heard, "answers": found.answers, "signs_with": found.signs_with,
        "key_file": fingerprint(&entry.secret), "pending": fingerprint(&entry.pending) });
    let words = state_words(state);
    output.show(&told, |lang| {
        let with = found.signs_with.as_deref().map(|with| format!(" ({with})"));
        format!(
            "{} {}: {}{}; {}",
            lang.pick("飞机", "vehicle"),
            arguments.sysid,
            words.pick(lang),
            with.unwrap_or_default(),
            match found.answers {
                true => lang.pick("应答正常", "it answers us"),
                false => lang.pick("对我方无应答", "it does not answer us"),
            }
        )
    })?;
    let as_wanted = match entry.secret.is_some() || entry.pending.is_some() {
        true => ["key", "pending"].contains(&state),
        false => state == "unsigned",
    };
    if as_wanted && found.answers {
        return Ok(());
    }
    Err(anyhow!("{}", words.pick(output.lang)))
}

fn state_words(state: &str) -> Words {
    match state {
        "key" => Words::new(
            "使用密钥文件中的密钥签名",
            "it signs with the key in the key file",
        ),
        "pending" => Words::new(
            "使用新密钥签名,已确认",
            "it signs with the pending key, which is settled now",
        ),
        "another_key" => Words::new(
            "使用了密钥文件之外的密钥签名",
            "it signs with a key that is not in the key file",
        ),
        "stale" => Words::new("签名时间戳过旧", "its signing clock is behind ours"),
        "unsigned" => Words::new("未签名", "it does not sign"),
        _ => Words::new("收不到飞机", "it is not heard"),
    }
}
