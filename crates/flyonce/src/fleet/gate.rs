//! The gate before arming: every check is evaluated and written into the sortie, whether the vehicle may arm or not;
//! what a person overrides is let pass, with its use in the chain of the sortie.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use flight::profile::may_pass;
use flight::sortie::{FlightEvent, FlightOrder, PolicyOrder, Step};
use flight::vehicle::Vehicle;
use schedule::interlock::{
    self, BoundsFacts, Check, ListFact, OverrideGiven, PolicyFact, ProgramFacts, VehicleFacts,
    apply_overrides, overriding,
};
use schedule::mission::estimated_duration_s;
use schedule::refusal::RefusalCode;
use survey::time::UtcMicros;

use crate::answers::checks::StoredCheck;
use crate::clock;
use crate::fleet::dock_side::{DockSide, Refused, check_text};
use crate::fleet::flight_record::FlightRecord;
use crate::fleet::free_room::free_gb;
use crate::fleet::service::Fleet;
use crate::fleet::vehicle_facts::vehicle_facts;

/// Estimators, satellites and sensors may still settle for so long once everything else is ready. A slow lid and this
/// together stay within what the flight waits for an answer (`Deadlines::gate_arming`).
const SETTLES_WITHIN: Duration = Duration::from_secs(40);
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Words about arming are believed once the vehicle has had a moment to take them back.
const WORDS_BELIEVED_AFTER: Duration = Duration::from_secs(3);

/// What became known on the way to the gate.
#[derive(Debug, Clone, Default)]
struct Prepared {
    read_back: Option<(bool, String)>,
    policy: Option<PolicyFact>,
    bounds: Option<(ListFact, ListFact)>,
}

/// The gate of one sortie; clones are the same gate.
#[derive(Clone)]
pub struct Gatekeeper {
    fleet: Fleet,
    dock_side: DockSide,
    record: FlightRecord,
    needs_s: Option<f64>,
    /// Corners and circles of the plan's fence, and its rally points.
    planned: (usize, usize),
    prepared: Arc<Mutex<Prepared>>,
    written: Arc<AtomicBool>,
}

impl Gatekeeper {
    /// The gate of a sortie that flies `order`.
    pub fn new(fleet: &Fleet, dock_side: DockSide, record: &FlightRecord, order: &FlightOrder) -> Self {
        Self {
            fleet: fleet.clone(),
            needs_s: estimated_duration_s(&order.items, Some(dock_side.dock.position)),
            dock_side,
            planned: (order.fence.item_count(), order.rally.len()),
            record: record.clone(),
            prepared: Arc::default(),
            written: Arc::default(),
        }
    }

    /// Listens to what the flight tells on its way here.
    pub fn hear(&self, event: &FlightEvent) {
        match event {
            FlightEvent::Step {
                step: Step::ReadBack,
                text,
            } => self.prepared_now().read_back = Some((true, text.clone())),
            FlightEvent::Bounds(bounds) => self.prepared_now().bounds = Some((bounds.fence, bounds.rally)),
            FlightEvent::Policy(report) => self.prepared_now().policy = Some(report.fact()),
            _others => {}
        }
    }

    /// The order with what a person overrides left to this gate: the flight itself would refuse it before it got here.
    ///
    /// # Errors
    /// The database.
    pub async fn adjusted(&self, order: &FlightOrder) -> Result<FlightOrder> {
        let mut order = order.clone();
        let given = self.overrides().await?;
        let overridden = |name: &str| overriding(&given, name, self.place(), self.now()).is_some();
        if overridden("battery") {
            order.min_battery_percent = None;
        }
        if overridden("not_at_dock") || overridden("home_at_dock") {
            order.home_expected = None;
        }
        if overridden("policy_not_kept")
            && let PolicyOrder::Keep { required, .. } = &mut order.policy
        {
            *required = false;
        }
        Ok(order)
    }

    /// Before anything moves: what can be known then must allow it. A refusal is written with all checks.
    ///
    /// # Errors
    /// The first rule that fails, or that still lacks data when patience is over.
    pub async fn may_begin(&self) -> Result<(), Refused> {
        if let Some(order) = self.fleet.ground_stop().order() {
            let refused = (RefusalCode::GroundStop, format!("ordered by {}", order.actor));
            self.write_refusal(&refused.1).await;
            return Err(refused);
        }
        let given = self.overrides_or_none().await;
        let pass = |checks| apply_overrides(checks, &given, self.place(), self.now());
        let begun = self.dock_side.may_prepare_soon(&pass).await;
        if let Err((_, text)) = &begun {
            self.write_refusal(text).await;
        }
        begun
    }

    /// May the vehicle arm? Waits a while for what settles by itself.
    ///
    /// # Errors
    /// The first check that forbids it.
    pub async fn may_arm(&self, vehicle: &Vehicle) -> Result<(), Refused> {
        let begun = Instant::now();
        loop {
            let checks = match self.checks(Some(vehicle)).await {
                Ok(checks) => checks,
                Err(error) => {
                    return Err((
                        RefusalCode::Internal,
                        format!("the gate could not be evaluated: {error:#}"),
                    ));
                }
            };
            let Some(first) = interlock::forbids_arming(&checks) else {
                self.write(&checks, "may arm").await;
                self.note_overrides(&checks).await;
                return Ok(());
            };
            let waited = begun.elapsed();
            let settles = |check: &Check| check.may_settle() && !is_final(check, waited);
            let all_settle = checks.iter().filter(|check| check.forbids()).all(settles);
            if all_settle && waited < SETTLES_WITHIN {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            let text = check_text(first);
            self.write(&checks, &format!("must not arm: {text}")).await;
            return Err((first.code, text));
        }
    }

    /// May the vehicle come down into its dock? Who let it start in this wind lets it land in it.
    ///
    /// # Errors
    /// The first rule that fails.
    pub async fn may_land(&self) -> Result<(), Refused> {
        let given = self.overrides_or_none().await;
        let pass = |checks| apply_overrides(checks, &given, self.place(), self.now());
        self.dock_side.may_land(&pass)
    }

    /// Writes how all checks stood when a sortie was refused before the gate was asked, or elsewhere.
    pub async fn write_refusal(&self, why: &str) {
        if self.written.load(Ordering::Relaxed) {
            return;
        }
        let dock = &self.dock_side.dock;
        let vehicle = match &dock.link {
            Some(link) => self.fleet.links().vehicle(link, dock.system_id).await.ok(),
            None => None,
        };
        match self.checks(vehicle.as_ref()).await {
            Ok(checks) => self.write(&checks, &format!("must not arm: {why}")).await,
            Err(error) => tracing::warn!(%error, "the gate could not be written"),
        }
    }

    /// All checks as they stand, with what is overridden.
    ///
    /// # Errors
    /// The database.
    async fn checks(&self, vehicle: Option<&Vehicle>) -> Result<Vec<Check>> {
        let facts = vehicle.map_or_else(VehicleFacts::default, |vehicle| {
            vehicle_facts(vehicle, self.now())
        });
        let settings = self.fleet.settings();
        let dock = self.dock_side.facts();
        let mut checks = interlock::before_arming(&dock, &facts, &settings.limits);
        let prepared = self.prepared_now().clone();
        let stop = self.fleet.ground_stop().order();
        let can_fly_s = settings
            .endurance_s
            .zip(facts.battery_percent)
            .map(|(full_s, percent)| full_s * (percent - settings.reserve_percent).max(0.0) / 100.0);
        let program = ProgramFacts {
            ground_stop_by: stop.map(|order| order.actor),
            read_back: prepared.read_back,
            policy: prepared.policy,
            bounds: BoundsFacts {
                fence_items: self.planned.0,
                rally_points: self.planned.1,
                fence_age_h: self.fence_age_h().await?,
                on_board: prepared.bounds,
            },
            needs_s: self.needs_s,
            can_fly_s,
            free_gb: free_gb(self.fleet.workplace().store.folder()),
        };
        checks.extend(interlock::of_the_program(&program, &settings.limits));
        let given = self.overrides().await?;
        Ok(apply_overrides(checks, &given, self.place(), self.now()))
    }

    /// Since the plan was read from its file: when the first sortie of the mission was written down.
    async fn fence_age_h(&self) -> Result<Option<f64>> {
        const HOUR_US: f64 = 3.6e9;
        if self.planned.0 == 0 {
            return Ok(None);
        }
        let store = &self.fleet.workplace().store;
        let flight = store.flight(self.record.sortie().as_str()).await?;
        let first = match &flight.continues_sortie {
            Some(first) => store.flight(first).await?,
            None => flight,
        };
        Ok(Some((self.now().0 - first.created_at.0) as f64 / HOUR_US))
    }

    async fn overrides(&self) -> Result<Vec<OverrideGiven>> {
        let rows = self
            .fleet
            .workplace()
            .store
            .overrides_in_force(self.now())
            .await?;
        Ok(rows.into_iter().map(|row| row.given).collect())
    }

    /// Without the database nothing is overridden, which is the safe side.
    async fn overrides_or_none(&self) -> Vec<OverrideGiven> {
        self.overrides().await.unwrap_or_else(|error| {
            tracing::error!(%error, "the overrides could not be read");
            Vec::new()
        })
    }

    /// A note that cannot be written is told in the log; the answer stays what it is.
    async fn write(&self, checks: &[Check], text: &str) {
        self.written.store(true, Ordering::Relaxed);
        let stored: Vec<StoredCheck> = checks.iter().map(StoredCheck::of).collect();
        let detail = serde_json::json!({ "text": text, "checks": stored });
        if let Err(error) = self.record.step_with("interlocks", detail).await {
            tracing::warn!(sortie.id = %self.record.sortie(), %error, "the gate could not be written");
        }
    }

    async fn note_overrides(&self, checks: &[Check]) {
        for check in checks {
            let Some(given) = &check.overridden else { continue };
            let told = serde_json::to_string(&StoredCheck::of(check)).unwrap_or_default();
            let store = &self.fleet.workplace().store;
            let noted = store
                .note_override_used(self.record.sortie(), given, &told, clock::now())
                .await;
            if let Err(error) = noted {
                tracing::error!(sortie.id = %self.record.sortie(), %error, "the use of an override could not be written");
            }
        }
    }

    /// What overrides may be for.
    fn place(&self) -> (&str, Option<&str>) {
        let dock = self.dock_side.dock.dock_id.as_str();
        (dock, Some(self.record.sortie().as_str()))
    }

    fn now(&self) -> UtcMicros {
        self.fleet.clock().now()
    }

    fn prepared_now(&self) -> std::sync::MutexGuard<'_, Prepared> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The vehicle gave a reason that does not pass by waiting.
fn is_final(check: &Check, waited: Duration) -> bool {
    check.name == "prearm"
        && waited >= WORDS_BELIEVED_AFTER
        && check
            .text
            .as_deref()
            .is_some_and(|words| words.split("; ").any(|words| !may_pass(words)))
}
