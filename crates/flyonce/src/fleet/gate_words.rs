//! What people read about the gate: what each check looks at, and the refusals that only the gate gives.

use crate::lang::Words;

/// One code with its words and what to do about it.
pub type Entry = (&'static str, [&'static str; 2], [&'static str; 2]);

/// Refusals of the gate: code, what it means, what to do next.
pub const REASONS: &[Entry] = &[
    (
        "flight_time",
        ["电量不够飞完航线", "the charge does not last for the mission"],
        [
            "充满电,或把航线拆短",
            "charge it fully, or cut the mission into shorter ones",
        ],
    ),
    (
        "policy_not_kept",
        [
            "失联与低电量策略未写入飞控",
            "the vehicle does not keep its lost-link and low-battery policy",
        ],
        [
            "核对 [failsafe] 配置与飞控参数;未经确认不得起飞",
            "compare [failsafe] in the configuration with the vehicle's parameters; it must not fly before",
        ],
    ),
    (
        "rally_point",
        [
            "集结点会使返航偏离机场",
            "rally points would lead a return away from the dock",
        ],
        [
            "修改航线中的集结点,或清除飞机上的集结点",
            "change the rally points of the plan, or clear those on the vehicle",
        ],
    ),
    (
        "fence_outdated",
        ["围栏版本超过 24 小时", "the fence is older than 24 hours"],
        [
            "重新读取航线派发",
            "have the plan read anew: dispatch the mission again",
        ],
    ),
    (
        "ground_station",
        [
            "飞控监听的是另一地面站编号",
            "the vehicle listens to another ground station number",
        ],
        [
            "把飞控的 MAV_GCS_SYSID(旧名 SYSID_MYGCS)改为本站编号",
            "set the vehicle's MAV_GCS_SYSID (formerly SYSID_MYGCS) to the number of this station",
        ],
    ),
    (
        "clock_off",
        ["飞机时钟偏差过大", "the vehicle's clock is wrong"],
        [
            "等飞机取得卫星时间,或检查本机时钟",
            "wait until it has satellite time, or check the clock of this machine",
        ],
    ),
    (
        "storage_full",
        ["照片存储空间不足", "there is no room for the photos"],
        [
            "清理数据文件夹所在磁盘",
            "make room on the disk of the data folder",
        ],
    ),
];

/// What each check looks at.
const CHECKS: &[(&str, [&str; 2])] = &[
    ("dock_offline", ["机场在线", "dock online"]),
    ("emergency_stop", ["急停未按下", "emergency stop free"]),
    ("dock_mode", ["机场工作模式", "dock mode"]),
    ("lid_not_open", ["舱盖打开", "lid open"]),
    ("vehicle_absent", ["飞机在舱", "vehicle in the dock"]),
    ("wind", ["风速", "wind"]),
    ("gust", ["阵风", "gusts"]),
    ("rain", ["降雨等级", "rain level"]),
    ("temperature", ["气温", "temperature"]),
    ("battery", ["飞机电量", "vehicle battery"]),
    ("battery_voltage", ["电池电压", "battery voltage"]),
    ("battery_cells", ["最低电芯电压", "lowest cell"]),
    ("battery_health", ["电池健康", "battery health"]),
    ("no_position", ["定位可用", "position in use"]),
    ("gps_fix", ["卫星定位类型", "satellite fix"]),
    ("satellites", ["卫星数", "satellites"]),
    ("not_at_dock", ["距机场", "distance to dock"]),
    ("home_at_dock", ["返航点距机场", "home to dock"]),
    ("prearm", ["飞控起飞前自检", "pre-arm checks"]),
    ("sensors", ["传感器健康", "sensor health"]),
    ("clock_off", ["时钟偏差", "clock difference"]),
    ("ground_station", ["地面站编号", "ground station number"]),
    ("ground_stop", ["未停飞", "no ground stop"]),
    ("readback_differs", ["航线回读一致", "mission read back"]),
    ("policy_not_kept", ["失联与低电量策略", "failsafe policy"]),
    ("fence_on_board", ["电子围栏回读", "fence read back"]),
    ("rally_on_board", ["集结点回读", "rally points read back"]),
    ("fence_outdated", ["围栏版本时效", "age of the fence"]),
    ("flight_time", ["可飞时间", "flight time"]),
    ("storage_full", ["照片存储空间", "room for photos"]),
];

/// What docks of the Cloud API are checked for besides.
const CHECKS_OF_CLOUD_DOCKS: &[(&str, [&str; 2])] = &[
    ("wrong_vehicle", ["飞机属于本机场", "vehicle of this dock"]),
    ("dock_storage", ["机场存储空间", "room in the dock"]),
];

/// What the check of this name looks at.
pub fn check_words(name: &str) -> Words {
    let all = CHECKS.iter().chain(CHECKS_OF_CLOUD_DOCKS);
    match all.into_iter().find(|(known, _)| *known == name) {
        Some((_, words)) => Words::new(words[0], words[1]),
        None => Words::new(name, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schedule::interlock::{DockFacts, Limits, ProgramFacts, VehicleFacts, before_arming, of_the_program};

    #[test]
    fn every_check_has_a_name_that_people_read() {
        let limits = Limits {
            battery_v: Some(20.0),
            ..Limits::default()
        };
        let mut checks = before_arming(&DockFacts::default(), &VehicleFacts::default(), &limits);
        let mut program = ProgramFacts::default();
        program.bounds.fence_items = 5;
        checks.extend(of_the_program(&program, &limits));
        for check in &checks {
            assert_ne!(check_words(check.name).zh, check.name);
        }
        assert_eq!(checks.len(), CHECKS.len());
    }
}
