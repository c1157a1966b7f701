//! From association to review: sites, leads with numbers, the queue, decisions and their conflicts.

use casework::lead::{Decision, LeadState, MoveError, ReviewPolicy, Sighting};
use store::jobs::JobKind;
use store::leads::{LeadDecision, LeadFilter};
use store::rows::SiteRow;
use store::sites::{GeoBox, SeenLead};
use store::{Store, StoreError};

use crate::harness::{
    NOW, actor, after, claim, commit, detection, each_engine, look, new_lead, nothing_found, photo, place,
    register_model, site, store_with_leads,
};

fn decision(lead_id: &str, decision: Decision, who: &str) -> LeadDecision {
    LeadDecision {
        lead_id: lead_id.to_owned(),
        expected_state: None,
        decision,
        policy: ReviewPolicy::Joint,
        actor: actor(who),
        reason: None,
        note: None,
    }
}

async fn ids(store: &Store, filter: &LeadFilter, limit: u32, after: Option<&str>) -> Vec<String> {
    store
        .list_leads(filter, limit, after)
        .await
        .unwrap()
        .into_iter()
        .map(|l| l.lead_id)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_get_numbers_by_day_and_show_their_site() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(100.5, 0.75), (60.0, 0.5)]).await;
        let lead = store.lead("L0").await.unwrap();
        assert_eq!(
            (lead.lead_no.as_str(), lead.state),
            ("PD-20261123-0001", LeadState::Candidate)
        );
        assert_eq!((lead.priority, lead.score, lead.n_photos), (100.5, 0.75, 1));
        assert_eq!(
            (lead.place, lead.first_seen, lead.last_seen),
            (Some(place(121.5)), Some(after(-3600)), None)
        );
        assert_eq!(
            (lead.best_detection_id.as_deref(), lead.simulated),
            (Some("D0"), false)
        );
        assert_eq!(store.lead("L1").await.unwrap().lead_no, "PD-20261123-0002");
        let views = store.lead_views("L0").await.unwrap();
        assert_eq!((views.len(), views[0].lead_id.as_deref()), (1, Some("L0")));
        let events = store.lead_events("L0").await.unwrap();
        assert_eq!((events.len(), events[0].body.kind.as_str()), (1, "created"));
        assert_eq!(store.lead("L9").await.unwrap_err().to_string(), "no lead L9");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_ordered_filtered_and_paged() {
    each_engine(async |bench| {
        let leads = [(60.0, 0.5), (100.0, 0.4), (60.0, 0.9), (60.0, 0.5), (80.0, 0.1)];
        let store = store_with_leads(bench, &leads).await;
        let all = LeadFilter::default();
        assert_eq!(ids(&store, &all, 50, None).await, ["L1", "L4", "L2", "L0", "L3"]);
        assert_eq!(ids(&store, &all, 2, Some("L4")).await, ["L2", "L0"]);
        assert_eq!(ids(&store, &all, 2, Some("L0")).await, ["L3"]);
        store
            .decide_lead(&decision("L4", Decision::Confirm, "Li"), NOW)
            .await
            .unwrap();
        let candidates = LeadFilter {
            state: Some(LeadState::Candidate),
            ..LeadFilter::default()
        };
        assert_eq!(ids(&store, &candidates, 50, None).await, ["L1", "L2", "L0", "L3"]);
        // The page goes on after a lead that left the queue meanwhile.
        assert_eq!(ids(&store, &candidates, 50, Some("L4")).await, ["L2", "L0", "L3"]);
        assert_eq!(store.count_leads(&candidates).await.unwrap(), 4);
        let strange = LeadFilter {
            class: Some("x' or 1=1 --".into()),
            ..LeadFilter::default()
        };
        assert_eq!(ids(&store, &strange, 50, None).await, Vec::<String>::new());
        let mine = LeadFilter {
            state: Some(LeadState::Confirmed),
            class: Some("shed".into()),
            matter_code: Some("illegal_building".into()),
        };
        assert_eq!(ids(&store, &mine, 50, None).await, ["L4"]);
        let counts = store.lead_counts().await.unwrap();
        assert_eq!(counts[0], (LeadState::Candidate, 4));
        assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_moves_the_lead_and_lengthens_the_chain() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        let mut confirm = decision("L0", Decision::Confirm, "Li");
        (confirm.expected_state, confirm.note) = (Some(LeadState::Candidate), Some("蓝色彩钢棚".into()));
        let event = store.decide_lead(&confirm, after(5)).await.unwrap();
        assert_eq!(store.lead("L0").await.unwrap().state, LeadState::Confirmed);
        let events = store.lead_events("L0").await.unwrap();
        assert_eq!(events[1], event);
        assert_eq!(
            (event.body.note.as_deref(), event.body.at),
            (Some("蓝色彩钢棚"), after(5))
        );
        assert_eq!(event.prev_hash.as_deref(), Some(events[0].hash.as_str()));
        let again = store
            .decide_lead(&decision("L0", Decision::FlyAgain, "Wang"), NOW)
            .await
            .unwrap_err();
        assert!(
            matches!(again, StoreError::Refused(MoveError::AlreadyDecided { .. })),
            "{again}"
        );
        store
            .decide_lead(&decision("L0", Decision::Undo, "Li"), NOW)
            .await
            .unwrap();
        assert_eq!(store.lead("L0").await.unwrap().state, LeadState::Candidate);
        let reasonless = store
            .decide_lead(&decision("L0", Decision::FalseAlarm, "Li"), NOW)
            .await
            .unwrap_err();
        assert!(
            matches!(reasonless, StoreError::Refused(MoveError::ReasonMissing { .. })),
            "{reasonless}"
        );
        assert_eq!(store.verify_chains().await.unwrap().broken, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_reviewers_at_once_one_wins_and_the_other_is_told() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        let programs = [store, bench.open().await];
        let decide = |i: usize| {
            let store = programs[i % 2].clone();
            let mut decision = decision("L0", Decision::Confirm, &format!("reviewer {i}"));
            decision.expected_state = Some(LeadState::Candidate);
            tokio::spawn(async move { store.decide_lead(&decision, NOW).await })
        };
        let tasks: Vec<_> = (0..6).map(decide).collect();
        let mut won = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => won += 1,
                Err(StoreError::Moved { now_state }) => assert_eq!(now_state, LeadState::Confirmed),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
        assert_eq!(programs[0].lead_events("L0").await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_step_review_needs_two_persons() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        let confirm = |who| LeadDecision {
            policy: ReviewPolicy::TwoStep,
            ..decision("L0", Decision::Confirm, who)
        };
        store.decide_lead(&confirm("Li"), NOW).await.unwrap();
        assert_eq!(store.lead("L0").await.unwrap().state, LeadState::SecondReview);
        let same = store.decide_lead(&confirm("li "), NOW).await.unwrap_err();
        assert!(
            matches!(same, StoreError::Refused(MoveError::SecondPersonNeeded { .. })),
            "{same}"
        );
        store.decide_lead(&confirm("Wang"), NOW).await.unwrap();
        assert_eq!(store.lead("L0").await.unwrap().state, LeadState::Confirmed);
    })
    .await;
}

/// Another photo, of sortie S2, with one detection `D9` near site `T0`.
async fn second_flight(store: &Store) -> store::jobs::Claim {
    let mut later = photo("later");
    later.sortie_id = "S2".parse().unwrap();
    commit(store, &later).await;
    look(store, vec![detection("D9", 0.95, Some(place(121.5)))]).await;
    // S1 is associated again first: its looks asked for it.
    loop {
        let job = claim(store, JobKind::Associate, "host:1:1").await.unwrap();
        if job.sortie_id == "S2" {
            return job;
        }
        store
            .apply_association(&job, &nothing_found(), NOW)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_are_found_by_box_and_class_with_everything_that_showed_them() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        let area = GeoBox {
            west_deg: 121.4,
            south_deg: 31.1,
            east_deg: 121.6,
            north_deg: 31.3,
        };
        let near = store.sites_near(&area, &["shed".to_owned()]).await.unwrap();
        assert_eq!(
            (near.len(), near[0].lead_id.as_deref(), near[0].views.len()),
            (1, Some("L0"), 1)
        );
        assert_eq!(
            (near[0].views[0].sortie_id.as_str(), &near[0].site),
            ("S1", &site("T0", Some(place(121.5))))
        );
        assert!(
            store
                .sites_near(&area, &["road".to_owned()])
                .await
                .unwrap()
                .is_empty()
        );
        for elsewhere in [
            GeoBox {
                east_deg: 121.45,
                ..area
            },
            GeoBox {
                south_deg: 31.25,
                ..area
            },
        ] {
            assert!(
                store
                    .sites_near(&elsewhere, &["shed".to_owned()])
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_flight_reopens_a_lead_that_waits_for_it() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        store
            .decide_lead(&decision("L0", Decision::FlyAgain, "Li"), NOW)
            .await
            .unwrap();
        let job = second_flight(&store).await;
        let mut result = nothing_found();
        let last_seen = Some(after(9));
        result.updated_sites.push(SiteRow {
            n_views: 2,
            last_seen,
            ..site("T0", Some(place(121.5)))
        });
        result.links.push(("D9".into(), "T0".into()));
        result.seen_leads.push(SeenLead {
            lead_id: "L0".into(),
            sighting: Sighting::LaterFlight,
            priority: 61.0,
            score: 0.95,
            n_photos: 2,
            first_seen: Some(after(-3600)),
            last_seen,
            payload_json: None,
        });
        store.apply_association(&job, &result, NOW).await.unwrap();
        let lead = store.lead("L0").await.unwrap();
        assert_eq!(
            (lead.state, lead.n_photos, lead.score),
            (LeadState::Candidate, 2, 0.95)
        );
        assert_eq!(lead.best_detection_id.as_deref(), Some("D9"));
        let events = store.lead_events("L0").await.unwrap();
        let kinds: Vec<_> = events.iter().map(|e| e.body.kind.as_str()).collect();
        assert_eq!(kinds, ["created", "fly_again", "seen_again"]);
        assert!(store.pending_detections("S2").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_association_is_written_whole_or_not_at_all() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        let job = second_flight(&store).await;
        let events = store.newest_event_seq().await.unwrap();
        let mut result = nothing_found();
        result.new_sites.push(site("T9", None));
        result.new_leads.push(new_lead("L9", "T9", 1.0, 0.1));
        result.links = vec![("D9".into(), "T9".into()), ("D0".into(), "T9".into())];
        let error = store.apply_association(&job, &result, NOW).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::AlreadyLinked { detection_id } if detection_id == "D0"),
            "{error}"
        );
        let counts = store.counts().await.unwrap();
        assert_eq!((counts.sites, counts.leads), (1, 1));
        assert_eq!(store.newest_event_seq().await.unwrap(), events);
        // The job is still ours; the corrected result goes in, with the next number and no gap.
        result.links.pop();
        let created = store.apply_association(&job, &result, NOW).await.unwrap();
        assert_eq!(
            (created[0].lead_no.as_str(), created[0].event_seq),
            ("PD-20261123-0002", events + 1)
        );
        assert_eq!(store.lead("L9").await.unwrap().place, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_site_is_one_lead() {
    each_engine(async |bench| {
        let store = store_with_leads(bench, &[(60.0, 0.5)]).await;
        let job = second_flight(&store).await;
        let mut result = nothing_found();
        result.new_leads.push(new_lead("L9", "T0", 1.0, 0.1));
        assert!(store.apply_association(&job, &result, NOW).await.is_err());
        assert_eq!(store.counts().await.unwrap().leads, 1);
        register_model(&store).await;
    })
    .await;
}
