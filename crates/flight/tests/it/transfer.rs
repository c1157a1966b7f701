//! Missions and parameters over real sockets, against vehicles that lose, mix up and refuse.

use flight::mission_transfer::MissionTransferError;
use flight::parameters::ParameterError;
use mavlink::dialects::ardupilotmega::{
    MISSION_ACK_DATA, MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA, MavFrame, MavMessage, MavMissionResult,
    MavMissionType, MavParamType, PARAM_VALUE_DATA,
};
use schedule::mission::MissionItem;
use survey::geodesy::Wgs84;

use super::link_peer::{ARDUPILOT, Character, PX4, Peer, TestLink, says};

const MISSION: MavMissionType = MavMissionType::MAV_MISSION_TYPE_MISSION;

/// A vehicle's mission side, like ArduCopter 4.5: asks with the old MISSION_REQUEST and keeps its own home.
#[derive(Default)]
struct Store {
    items: Vec<MISSION_ITEM_INT_DATA>,
    expected: Option<u16>,
    clears: u32,
    is_px4: bool,
    lost_acks: u32,
    mixes_up: Option<u16>,
    refuses: Option<u16>,
    asks_another_first: bool,
}

impl Store {
    fn answer(&mut self, message: &MavMessage) -> Vec<MavMessage> {
        match message {
            MavMessage::MISSION_COUNT(data) => {
                self.items.clear();
                self.expected = Some(data.count);
                let another = std::mem::take(&mut self.asks_another_first);
                vec![request(if another { 250 } else { 255 }, 0)]
            }
            MavMessage::MISSION_ITEM_INT(data) => self.take(data.clone()),
            MavMessage::MISSION_REQUEST_LIST(_) => vec![count(self.items.len() as u16)],
            MavMessage::MISSION_REQUEST_INT(data) => {
                vec![MavMessage::MISSION_ITEM_INT(MISSION_ITEM_INT_DATA {
                    target_system: 255,
                    target_component: 190,
                    ..self.items[usize::from(data.seq)].clone()
                })]
            }
            MavMessage::MISSION_CLEAR_ALL(_) => {
                self.items.clear();
                self.clears += 1;
                vec![result(MavMissionResult::MAV_MISSION_ACCEPTED)]
            }
            _ => Vec::new(),
        }
    }

    fn take(&mut self, mut item: MISSION_ITEM_INT_DATA) -> Vec<MavMessage> {
        if usize::from(item.seq) != self.items.len() {
            return vec![result(MavMissionResult::MAV_MISSION_INVALID_SEQUENCE)];
        }
        if self.refuses == Some(item.seq) {
            return vec![
                result(MavMissionResult::MAV_MISSION_NO_SPACE),
                says("Mission: no room"),
            ];
        }
        if self.mixes_up == Some(item.seq) {
            item.z += 10.0;
        }
        if item.seq == 0 && !self.is_px4 {
            item.x = 1;
            item.z = 47.0;
        }
        self.items.push(item);
        let next = self.items.len() as u16;
        if Some(next) != self.expected {
            return vec![request(255, next)];
        }
        if self.lost_acks > 0 {
            self.lost_acks -= 1;
            return Vec::new();
        }
        vec![result(MavMissionResult::MAV_MISSION_ACCEPTED)]
    }
}

#[expect(deprecated, reason = "ArduCopter 4.5 asks with MISSION_REQUEST only")]
fn request(target_system: u8, seq: u16) -> MavMessage {
    MavMessage::MISSION_REQUEST(mavlink::dialects::ardupilotmega::MISSION_REQUEST_DATA {
        seq,
        target_system,
        target_component: 190,
        mission_type: MISSION,
    })
}

fn result(mavtype: MavMissionResult) -> MavMessage {
    MavMessage::MISSION_ACK(MISSION_ACK_DATA {
        target_system: 255,
        target_component: 190,
        mavtype,
        mission_type: MISSION,
        opaque_id: 0,
    })
}

fn count(count: u16) -> MavMessage {
    MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
        count,
        target_system: 255,
        target_component: 190,
        mission_type: MISSION,
        opaque_id: 0,
    })
}

fn item(frame: u8, command: u16, first: f32) -> MissionItem {
    let placed = [16, 22].contains(&command);
    MissionItem {
        frame,
        command,
        params: [first, 0.0, 0.0, if placed { f32::NAN } else { 0.0 }],
        x: if placed { 399_000_000 } else { 0 },
        y: if placed { 1_163_000_000 } else { 0 },
        z: if placed { 60.0 } else { 0.0 },
        auto_continue: true,
    }
}

fn mission() -> Vec<MissionItem> {
    vec![
        item(3, 22, 0.0),
        item(2, 206, 20.0),
        item(3, 16, 0.0),
        item(3, 16, 3.0),
        item(3, 20, 0.0),
    ]
}

async fn upload(
    store: Store,
) -> (
    Result<flight::mission_transfer::UploadReport, MissionTransferError>,
    Peer,
    TestLink,
) {
    let link = TestLink::open().await;
    let autopilot = if store.is_px4 { PX4 } else { ARDUPILOT };
    let mut store = store;
    let character = Character {
        system_id: 7,
        autopilot,
        speed: 1,
    };
    let peer = Peer::start(link.address(), character, move |message| store.answer(message)).await;
    let vehicle = link.heard(7).await;
    let home = (Wgs84::new(39.9, 116.3).unwrap(), 48.0);
    (vehicle.upload_mission(&mission(), Some(home)).await, peer, link)
}

fn sent_items(peer: &Peer) -> Vec<MISSION_ITEM_INT_DATA> {
    let one = |(_, message)| match message {
        MavMessage::MISSION_ITEM_INT(data) => Some(data),
        _ => None,
    };
    peer.heard().into_iter().filter_map(one).collect()
}

#[tokio::test]
async fn ardupilot_gets_home_first_and_what_it_keeps_is_read_back() {
    let (report, peer, link) = upload(Store::default()).await;
    let report = report.unwrap();
    assert_eq!((report.items, report.attempts, report.acknowledged), (5, 1, true));
    let sent = sent_items(&peer);
    assert_eq!(
        sent.len(),
        6,
        "the request meant for another ground station was answered"
    );
    assert_eq!((sent[0].x, sent[0].z), (399_000_000, 48.0));
    assert_eq!(link.link.vehicle(7).download_mission().await.unwrap().len(), 5);
}

#[tokio::test]
async fn requests_meant_for_another_ground_station_are_not_answered() {
    let (report, peer, _link) = upload(Store {
        asks_another_first: true,
        ..Store::default()
    })
    .await;
    assert!(report.unwrap().retransmissions > 0);
    let counts_before_items = peer.heard().into_iter().map(|(_, message)| message);
    let counts_before_items = counts_before_items
        .take_while(|message| !matches!(message, MavMessage::MISSION_ITEM_INT(_)))
        .filter(|message| matches!(message, MavMessage::MISSION_COUNT(_)));
    assert!(counts_before_items.count() >= 2);
}

#[tokio::test]
async fn px4_gets_no_home_and_its_own_frame() {
    let (report, peer, _link) = upload(Store {
        is_px4: true,
        ..Store::default()
    })
    .await;
    assert_eq!(report.unwrap().items, 5);
    let sent = sent_items(&peer);
    assert_eq!(sent.last().map(|item| item.seq), Some(4));
    assert_eq!(sent[4].frame, MavFrame::MAV_FRAME_MISSION);
}

#[tokio::test]
async fn a_lost_final_acknowledgement_is_made_up_for_by_reading_back() {
    let (report, _peer, _link) = upload(Store {
        lost_acks: 1,
        ..Store::default()
    })
    .await;
    let report = report.unwrap();
    // ArduPilot complains of the repeated last item instead of acknowledging it again.
    assert_eq!((report.attempts, report.acknowledged), (1, false));
}

#[tokio::test]
async fn an_item_that_comes_back_changed_is_named_and_the_mission_cleared() {
    let (report, peer, _link) = upload(Store {
        mixes_up: Some(4),
        ..Store::default()
    })
    .await;
    let error = report.unwrap_err();
    let MissionTransferError::Differs {
        item, sent, found, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!((*item, sent.z, found.z), (3, 60.0, 70.0));
    let clears = peer
        .heard()
        .iter()
        .filter(|(_, m)| matches!(m, MavMessage::MISSION_CLEAR_ALL(_)))
        .count();
    assert_eq!(clears, 2);
}

#[tokio::test]
async fn a_refusal_names_the_item_and_the_reason() {
    let (report, _peer, _link) = upload(Store {
        refuses: Some(3),
        ..Store::default()
    })
    .await;
    let error = report.unwrap_err().to_string();
    assert!(
        error.contains("item 2") && error.contains("Mission: no room"),
        "{error}"
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anything_is() {
    let link = TestLink::open().await;
    let vehicle = link.link.vehicle(7);
    assert!(matches!(
        vehicle.upload_mission(&[], None).await,
        Err(MissionTransferError::Empty)
    ));
    let unknown = vehicle
        .upload_mission(&[item(3, 22, 0.0), item(3, 9999, 0.0)], None)
        .await;
    assert!(matches!(
        unknown,
        Err(MissionTransferError::UnknownItem {
            item: 1,
            command: 9999,
            ..
        })
    ));
}

#[tokio::test]
async fn parameters_are_set_and_read_back_in_the_way_of_each_firmware() {
    for (autopilot, is_px4) in [(ARDUPILOT, false), (PX4, true)] {
        let link = TestLink::open().await;
        let mut bits = if is_px4 {
            2_i32.cast_unsigned()
        } else {
            2.0_f32.to_bits()
        };
        let mut times = 0;
        let keeps = move |message: &MavMessage| {
            let name = match message {
                MavMessage::PARAM_REQUEST_READ(data) => data.param_id,
                MavMessage::PARAM_SET(data) => {
                    bits = data.param_value.to_bits();
                    data.param_id
                }
                _ => return Vec::new(),
            };
            times += 1;
            if times == 1 || name.to_str() != Ok("FS_GCS_ENABLE") {
                return Vec::new();
            }
            vec![MavMessage::PARAM_VALUE(PARAM_VALUE_DATA {
                param_value: f32::from_bits(bits),
                param_id: name,
                param_type: MavParamType::MAV_PARAM_TYPE_INT32,
                ..Default::default()
            })]
        };
        let character = Character {
            system_id: 7,
            autopilot,
            speed: 1,
        };
        let _peer = Peer::start(link.address(), character, keeps).await;
        let vehicle = link.heard(7).await;
        assert_eq!(vehicle.parameter("FS_GCS_ENABLE").await.unwrap(), 2.0);
        assert_eq!(vehicle.set_parameter("FS_GCS_ENABLE", 5.0).await.unwrap(), 5.0);
        let error = vehicle.set_parameter("FS_GCS_ENABLE", 0.5).await.unwrap_err();
        assert!(matches!(error, ParameterError::DoesNotFit { .. }), "{error}");
    }
}
