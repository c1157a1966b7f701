//! What people read about flights: states, steps, refusals with the next step to take, losses.

use crate::fleet::gate_words::{self, Entry};
use crate::lang::Words;

/// Refusals and failures: code, what it means, what to do next.
const REASONS: &[Entry] = &[
    (
        "dock_offline",
        ["机场离线", "the dock is offline"],
        [
            "检查机场网络与供电,恢复后重新派发",
            "check the dock's network and power, then dispatch again",
        ],
    ),
    (
        "dock_unknown",
        ["没有此机场", "there is no such dock"],
        [
            "在机场清单 fleet.toml 中核对编号",
            "check the name in the dock list fleet.toml",
        ],
    ),
    (
        "dock_busy",
        [
            "机场正忙(调试、升级或有其他任务)",
            "the dock is busy (debugging, upgrading or another task)",
        ],
        ["等待结束后重新派发", "wait until it is idle, then dispatch again"],
    ),
    (
        "lid_not_open",
        ["舱盖未打开", "the lid did not open"],
        ["到场检查舱盖,排除卡阻", "have the lid checked on site"],
    ),
    (
        "vehicle_absent",
        ["舱内没有飞机", "there is no vehicle in the dock"],
        [
            "确认飞机位置,放回机场",
            "find the vehicle and put it back into the dock",
        ],
    ),
    (
        "emergency_stop",
        ["急停已按下", "the emergency stop is pressed"],
        [
            "现场确认安全后复位急停",
            "release the emergency stop on site once it is safe",
        ],
    ),
    (
        "wind",
        ["风速超限", "the wind is above the limit"],
        [
            "等风小于限值后重新派发",
            "dispatch again when the wind is below the limit",
        ],
    ),
    (
        "gust",
        ["阵风超限", "gusts are above the limit"],
        [
            "等阵风小于限值后重新派发",
            "dispatch again when gusts are below the limit",
        ],
    ),
    (
        "rain",
        ["降雨超限", "it rains too hard"],
        ["雨停后重新派发", "dispatch again after the rain"],
    ),
    (
        "temperature",
        ["气温超出范围", "the temperature is out of range"],
        ["等气温回到范围内", "wait for a temperature within range"],
    ),
    (
        "battery",
        ["电量不足", "the battery is too low"],
        [
            "充电到限值以上后重新派发",
            "charge above the limit, then dispatch again",
        ],
    ),
    (
        "no_heartbeat",
        ["收不到飞机心跳", "no heartbeat from the vehicle"],
        [
            "检查飞机供电与链路地址",
            "check the vehicle's power and the link address",
        ],
    ),
    (
        "signing_refused",
        [
            "飞机在线,但签名密钥不匹配",
            "the vehicle is there, but signing keys do not match",
        ],
        [
            "用 flyonce vehicle key check 查看它使用的密钥,再用 key set 设置",
            "see which key it uses with `flyonce vehicle key check`, then set one with `key set`",
        ],
    ),
    (
        "two_vehicles_one_id",
        ["两架飞机使用同一编号", "two vehicles use one system id"],
        [
            "给其中一架改编号后再飞",
            "give one of them another system id before flying",
        ],
    ),
    (
        "wrong_vehicle",
        [
            "飞机编号与机场不符",
            "the vehicle is not the one that belongs to the dock",
        ],
        ["核对机场清单中的系统编号", "check the system id in the dock list"],
    ),
    (
        "not_at_dock",
        ["飞机不在机场位置", "the vehicle is not at its dock"],
        [
            "核对飞机位置与机场坐标",
            "compare the vehicle's position with the dock's",
        ],
    ),
    (
        "no_position",
        ["没有可用定位", "no position estimate in use"],
        [
            "等待卫星定位后重新派发",
            "wait for satellite positioning, then dispatch again",
        ],
    ),
    (
        "upload_failed",
        ["航线上传失败", "the mission could not be uploaded"],
        ["检查链路质量后重新派发", "check the link, then dispatch again"],
    ),
    (
        "readback_differs",
        [
            "回读航线与计划不一致",
            "the mission read back differs from the plan",
        ],
        [
            "不得起飞;重新派发,仍不一致请检查飞控",
            "it must not fly; dispatch again, and check the autopilot if it differs again",
        ],
    ),
    (
        "plan_invalid",
        ["航线文件有误", "the plan has mistakes"],
        [
            "用 flyonce fly 航线 --check 查看并修正",
            "see them with `flyonce fly PLAN --check` and mend the plan",
        ],
    ),
    (
        "leaves_fence",
        [
            "航线越出飞机上的电子围栏",
            "the mission leaves the fence that is on the vehicle",
        ],
        [
            "在航线文件中画入围栏,或修改航线、清除飞机上的围栏",
            "draw a fence into the plan, change the mission, or clear the vehicle's fence",
        ],
    ),
    (
        "arming_refused",
        ["飞控拒绝解锁", "the autopilot refused to arm"],
        ["按飞控给出的原因处理", "act on the reason the autopilot gave"],
    ),
    (
        "no_takeoff",
        ["未能起飞", "it did not take off"],
        [
            "到场检查飞机与桨叶",
            "have the vehicle and its propellers checked",
        ],
    ),
    (
        "slot_missed",
        ["错过起飞时刻", "the launch time was missed"],
        [
            "按错过策略等待下一班,或手动派发",
            "wait for the next slot or dispatch by hand",
        ],
    ),
    (
        "dock_refused",
        ["机场拒绝执行任务", "the dock does not take the task on"],
        [
            "按机场给出的代码和说明处理后重新派发",
            "act on the code and words the dock gave, then dispatch again",
        ],
    ),
    (
        "recalled",
        ["已被召回", "it was recalled"],
        ["确认召回原因后重新派发", "dispatch again once the reason is gone"],
    ),
    (
        "ground_stop",
        ["全队停飞中", "the fleet is grounded"],
        ["解除停飞后重新派发", "lift the ground stop, then dispatch again"],
    ),
    (
        "still_flying",
        ["上一架次尚未结束", "the vehicle is still flying"],
        ["等它降落后重新派发", "dispatch again after it has landed"],
    ),
    (
        "internal",
        ["程序内部错误", "an internal error"],
        ["查看日志并报告", "see the log and report it"],
    ),
    (
        "link_lost",
        ["失去链路", "the link was lost"],
        [
            "飞机按自身失联策略返航;派人确认位置",
            "the vehicle follows its own lost-link action; have its place confirmed",
        ],
    ),
    (
        "no_progress",
        ["任务停滞", "the mission made no progress"],
        [
            "查看航迹与飞控消息",
            "look at the track and the autopilot's messages",
        ],
    ),
    (
        "not_landed",
        ["未确认降落", "landing was not confirmed"],
        [
            "立即派人确认飞机位置",
            "have the vehicle's place confirmed at once",
        ],
    ),
    (
        "rebooted_in_flight",
        ["飞控空中重启", "the autopilot rebooted in flight"],
        ["停飞并检查该机", "ground and check this vehicle"],
    ),
    (
        "recalled_no_effect",
        ["返航指令未生效", "the recall had no effect"],
        [
            "用遥控器接管,派人到场",
            "take over by remote control and send someone",
        ],
    ),
    (
        "other_mission",
        [
            "空中飞机执行的不是本架次航线",
            "the vehicle in the air flies another mission",
        ],
        [
            "用地面站或遥控器确认该机;本系统不会指挥它",
            "find out who flies it; it is not commanded from here",
        ],
    ),
    (
        "stopped",
        ["服务停止时架次未完", "the service stopped during the sortie"],
        [
            "重新启动服务,架次会接续",
            "start the service again; it picks the sortie up",
        ],
    ),
];

/// How a sortie ended that came home otherwise than planned.
const ENDINGS: &[(&str, [&str; 2])] = &[
    ("returned", ["提前返航", "came home early"]),
    ("diverted", ["在备降点降落", "landed at the alternate point"]),
];

const STATES: &[(&str, [&str; 2])] = &[
    ("due", ["待飞", "due"]),
    ("preparing", ["准备中", "preparing"]),
    ("launching", ["起飞中", "launching"]),
    ("flying", ["飞行中", "flying"]),
    ("returning", ["返航中", "returning"]),
    ("landed", ["已降落", "landed"]),
    ("closed", ["已完成", "done"]),
    ("refused", ["未放飞", "refused"]),
    ("failed", ["失败", "failed"]),
    ("launched", ["已放飞", "launched"]),
    ("missed", ["已错过", "missed"]),
];

const STEPS: &[(&str, [&str; 2])] = &[
    ("connecting", ["连接飞机", "connecting"]),
    ("connected", ["已收到心跳", "heartbeat received"]),
    ("identified", ["已识别飞控", "autopilot identified"]),
    ("waiting_position", ["等待定位", "waiting for a position"]),
    ("ready", ["就绪", "ready"]),
    ("policy", ["失联与低电量策略", "lost-link and low-battery policy"]),
    ("clearing", ["清除旧航线", "clearing the old mission"]),
    ("uploading", ["上传航线", "uploading the mission"]),
    ("read_back", ["回读一致", "read back and equal"]),
    (
        "fence_set",
        ["围栏回读一致", "the fence was read back and is equal"],
    ),
    (
        "rally_set",
        ["备降点回读一致", "the rally points were read back and are equal"],
    ),
    (
        "put_back",
        [
            "飞机原有围栏与参数已恢复",
            "the vehicle has its own fence and parameters again",
        ],
    ),
    ("lid_opening", ["打开舱盖", "opening the lid"]),
    ("lid_open", ["舱盖已开", "lid open"]),
    ("lid_closing", ["关闭舱盖", "closing the lid"]),
    ("lid_closed", ["舱盖已关", "lid closed"]),
    ("interlocks", ["起飞条件检查", "interlocks checked"]),
    ("arming", ["解锁", "arming"]),
    ("armed", ["已解锁", "armed"]),
    ("starting", ["启动任务", "starting the mission"]),
    ("took_off", ["已离地", "took off"]),
    ("item_reached", ["到达航点", "waypoint reached"]),
    ("paused", ["已暂停", "paused"]),
    ("continued", ["任务继续", "the mission goes on"]),
    ("order_refused", ["指令未执行", "an order was not carried out"]),
    (
        "mode_changed_by_other",
        ["他方更改了模式", "somebody else changed its mode"],
    ),
    (
        "vehicle_failsafe",
        ["飞机自身失效保护", "a failsafe of the vehicle"],
    ),
    ("landing_refused", ["机场无法接机", "the dock cannot take it"]),
    ("order_pause", ["下达暂停", "pause ordered"]),
    ("order_continue", ["下达继续", "continuation ordered"]),
    ("order_divert", ["下达备降", "landing elsewhere ordered"]),
    ("order_land", ["下达就地降落", "landing ordered"]),
    ("flies_on", ["补飞剩余照片", "flies the rest of a mission"]),
    ("returning", ["返航", "returning"]),
    ("diverting", ["前往备降点", "diverting to the alternate point"]),
    ("landing", ["降落中", "landing"]),
    ("landed", ["已着地", "on the ground"]),
    ("disarmed", ["已上锁", "disarmed"]),
    ("link_lost", ["链路中断", "link lost"]),
    ("notice", ["提示", "note"]),
    ("link_back", ["链路恢复", "link back"]),
    ("rebooted", ["飞控重启", "autopilot rebooted"]),
    (
        "clock_jumped",
        [
            "飞控时钟跳变,架次时间按原时钟延续",
            "the vehicle's clock jumped; times go on as before",
        ],
    ),
    ("resumed", ["服务重启后接续", "picked up again after a restart"]),
    ("recall", ["下达返航", "recall ordered"]),
    ("warning", ["注意", "note"]),
    ("status_text", ["飞控消息", "autopilot message"]),
    ("media_missing", ["照片未交回", "photos that were not brought"]),
    (
        "media_no_photo",
        ["交回的文件不是照片", "a file that is no photo"],
    ),
    ("done", ["架次结束", "sortie over"]),
];

/// What a refusal or failure code means.
pub fn reason_words(code: &str) -> Words {
    match reason(code) {
        Some((_, words, _)) => both(words),
        None => named(ENDINGS, code),
    }
}

/// What to do about a refusal or failure; `None` for a code without advice.
pub fn next_step_words(code: &str) -> Option<Words> {
    reason(code).map(|(_, _, next)| both(next))
}

fn reason(code: &str) -> Option<&'static Entry> {
    let mut all = REASONS.iter().chain(gate_words::REASONS);
    all.find(|(known, ..)| *known == code)
}

/// A sortie's or slot's state.
pub fn state_words(state: &str) -> Words {
    named(STATES, state)
}

/// A step of a sortie.
pub fn step_words(step: &str) -> Words {
    named(STEPS, step)
}

pub(super) fn named(table: &[(&str, [&str; 2])], code: &str) -> Words {
    match table.iter().find(|(known, _)| *known == code) {
        Some((_, words)) => both(words),
        None => Words::new(code, code),
    }
}

fn both(words: &[&str; 2]) -> Words {
    Words::new(words[0], words[1])
}
