//! The details of steps in Chinese. A flight tells them in English, with its numbers inside; here each sentence has its
//! other language, and what is between goes over as it is. A sentence nobody put down here stays English.

use crate::lang::Words;

/// English as told, Chinese as read; `{}` holds what differs, in the same order.
const TEXTS: &[(&str, &str)] = &[
    // On the ground.
    ("waiting for system {}", "等待 {} 号飞机"),
    ("looking for system {} again", "重新寻找 {} 号飞机"),
    ("system {} answers", "{} 号飞机有应答"),
    ("flown as {} ({}, {})", "按 {} 操作({},{})"),
    (
        "the position estimate is in use and home is known",
        "定位可用,返航点已知",
    ),
    ("the position estimate is not in use{}", "定位尚不可用{}"),
    (
        "it does not say whether a position estimate is in use{}",
        "飞机未报定位是否可用{}",
    ),
    ("home is not known{}", "返航点未知{}"),
    ("no position{}", "没有位置{}"),
    ("at {}, battery {} %", "位置 {},电量 {} %"),
    ("the mission on board is replaced", "替换飞机上的航线"),
    ("{} items", "共 {} 项"),
    (
        "{} items read back equal, {} messages sent again",
        "{} 项回读一致,重发 {} 条消息",
    ),
    ("{} areas, {} items read back equal", "{} 个区域,{} 项回读一致"),
    ("the fence on board is that of the plan", "飞机上的围栏与航线一致"),
    (
        "the fence on board could not be read or is not that of the plan",
        "飞机上的围栏无法回读,或与航线不一致",
    ),
    (
        "the rally points on board are those of the plan",
        "飞机上的集结点与航线一致",
    ),
    (
        "the rally points on board could not be read or are not those of the plan",
        "飞机上的集结点无法回读,或与航线不一致",
    ),
    ("the fence is not switched on: {}", "围栏未能启用:{}"),
    (
        "whether the vehicle has a fence of its own is not known: {}",
        "飞机上有无围栏不详:{}",
    ),
    (
        "the plan has no fence; the vehicle's own of {} areas stays",
        "航线未含围栏,保留飞机上的 {} 个围栏区域",
    ),
    (
        "the plan has no fence; the vehicle's own of {} areas is switched off",
        "航线未含围栏,飞机上的 {} 个围栏区域未启用",
    ),
    (
        "another ground station ({}) uses our number on this vehicle: it may not notice that it lost us; give one of them another number (system_id under [mavlink])",
        "另一地面站({})与本站同号:飞机可能察觉不到本站失联;请改其中一个编号([mavlink] 的 system_id)",
    ),
    (
        "another ground station ({}) speaks to this vehicle and may command it",
        "另一地面站({})也在与该机通信,可能对它下指令",
    ),
    (
        "{} is {} and we are {}: the vehicle's guard against a lost ground station does not listen to us; set {} to {}, or system_id under [mavlink] to {}",
        "{} 为 {},而本站为 {}:飞机的地面站失联保护不认本站;请将 {} 设为 {},或将 [mavlink] 的 system_id 设为 {}",
    ),
    (
        "camera {} is triggered too; only the reports of the first are used",
        "{} 号相机同时触发;只采用第一台的回报",
    ),
    // Arming and take-off.
    ("in mode {}", "模式 {}"),
    ("attempt {}", "第 {} 次"),
    (
        "armed and in the air, {} m above home",
        "已解锁离地,高于返航点 {} m",
    ),
    ("armed and in the air", "已解锁离地"),
    ("told to start", "已下达启动"),
    // In the air.
    (
        "found in the air; nobody saw it take off",
        "发现已在空中,未见其起飞",
    ),
    (
        "found in the air with the mission of this sortie",
        "发现在空中,航线为本架次航线",
    ),
    (
        "found armed on the ground with the mission of this sortie",
        "发现在地面已解锁,航线为本架次航线",
    ),
    (
        "found armed with another mission: watched and not commanded",
        "发现已解锁,航线非本架次:只监视,不指挥",
    ),
    (
        "its mission cannot be read: watched and not commanded",
        "无法读取其航线:只监视,不指挥",
    ),
    (
        "found holding in the air, paused by {}",
        "发现悬停于空中,由 {} 暂停",
    ),
    ("found on the ground", "发现在地面"),
    ("item {} of {}", "第 {} 项,共 {} 项"),
    ("items {} to {} of {}", "第 {} 至 {} 项,共 {} 项"),
    ("items {} to {}", "第 {} 至 {} 项"),
    ("back in mode {}", "回到模式 {}"),
    ("mode {}, by itself: {}", "模式 {},飞机自行切换:{}"),
    (
        "mode {}, set by somebody else (another ground station, a remote): watched, not commanded",
        "模式 {},由他方设定(其他地面站或遥控器):只监视,不指挥",
    ),
    ("no heartbeat yet, listening on", "尚无心跳,继续监听"),
    ("nothing heard for {} s", "{} s 未收到消息"),
    ("heard again after {} s of its time", "中断 {} s(飞机时间)后恢复"),
    ("heard again", "已恢复"),
    (
        "the vehicle's clock since boot began anew",
        "飞机开机时钟从头计起",
    ),
    ("its UTC is {} s off what it was", "其 UTC 较原先偏 {} s"),
    (
        "{} reports of exposures were lost on the line and cannot be repeated ({} came); their photos are told by time and place",
        "{} 条拍照回报在链路上丢失且无法重发(收到 {} 条),对应照片按时间和位置辨认",
    ),
    (
        "not in the air yet: it can only be called back",
        "尚未升空:只能召回",
    ),
    ("it is paused already, by {}", "已由 {} 暂停"),
    (
        "it could not be paused, whichever way it was told; it flies on ({})",
        "以各种方式均未能暂停,继续飞行({})",
    ),
    (
        "holds in mode {}, for {}; at most {} s, and home below {} % battery",
        "以模式 {} 悬停,由 {} 下达;至多 {} s,电量低于 {} % 即返航",
    ),
    (
        "the mission goes on at item {}, for {}",
        "任务从第 {} 项继续,由 {} 下达",
    ),
    ("the mission goes on, for {}", "任务继续,由 {} 下达"),
    ("the mission goes on{}, for {}", "任务继续{},由 {} 下达"),
    ("{} was not taken again: {}", "{} 未再被接受:{}"),
    // Down.
    ("no progress for {} s, called home", "{} s 无进展,已召回"),
    ("the mission is flown", "航线已飞完"),
    ("it turned home by itself", "飞机自行返航"),
    ("on its way home", "返航途中"),
    ("it is on its way home again", "继续返航"),
    ("coming down where it is", "就地降落"),
    ("on its way to {}", "飞往 {}"),
    (
        "no other landing place is known, it lands at home all the same; dock: {}",
        "没有其他降落点,仍在机场降落;机场:{}",
    ),
    ("coming down", "下降中"),
    ("on the ground, {} m from home", "已着地,距返航点 {} m"),
    ("on the ground, its place is not known", "已着地,位置不详"),
    ("motors off", "电机已停"),
    // The end.
    ("completed; {} exposures reported{}", "完成;收到 {} 条拍照回报{}"),
    (
        "returned, called by {}; {} exposures reported{}",
        "提前返航,由 {} 召回;收到 {} 条拍照回报{}",
    ),
    ("diverted; {} exposures reported{}", "已备降;收到 {} 条拍照回报{}"),
    (
        "refused, {}: {}; {} exposures reported{}",
        "未放飞,{}:{};收到 {} 条拍照回报{}",
    ),
    (
        "failed, {}: {}; {} exposures reported{}",
        "失败,{}:{};收到 {} 条拍照回报{}",
    ),
    ("ordered by {}", "由 {} 下达"),
    // Docks of the Cloud API.
    ("task {}", "任务 {}"),
    (
        "the dock gets the task and where its wayline is",
        "向机场下发任务及航线地址",
    ),
    (
        "the dock has the task and its wayline's fingerprint",
        "机场已收到任务,航线指纹一致",
    ),
    ("the dock opens and starts its aircraft", "机场开舱并启动飞机"),
    (
        "no answer to the order to start; watching what the dock does",
        "启动指令无应答,观察机场动作",
    ),
    (
        "the dock takes long to get ready: {} minutes are left",
        "机场准备较久:还剩 {} 分钟",
    ),
    ("the aircraft hovers", "飞机悬停"),
    ("it flies on", "继续飞行"),
    ("seen in the air", "已见升空"),
    ("its motors are off", "电机已停"),
    ("neither dock nor aircraft is heard", "机场与飞机均无消息"),
    ("the order to come home is refused: {}", "返航指令被拒:{}"),
    (
        "the aircraft of this dock cannot be told to {}; it is called home",
        "该机场的飞机不能执行 {},已召回",
    ),
    (
        "completed; {} photos counted by the dock",
        "完成;机场计 {} 张照片",
    ),
    (
        "returned, called by {}; {} photos counted by the dock",
        "提前返航,由 {} 召回;机场计 {} 张照片",
    ),
    (
        "landed outside its dock; {} photos counted by the dock",
        "在机场外降落;机场计 {} 张照片",
    ),
    (
        "refused, {}: {}; {} photos counted by the dock",
        "未放飞,{}:{};机场计 {} 张照片",
    ),
    (
        "failed, {}: {}; {} photos counted by the dock",
        "失败,{}:{};机场计 {} 张照片",
    ),
    ("refused: {}", "被拒:{}"),
];

/// A detail of a step in both languages.
pub fn step_text_words(english: &str) -> Words {
    let found = TEXTS.iter().find_map(|(told, read)| {
        let holes = holes_of(told, english)?;
        Some(filled(read, &holes))
    });
    Words::new(found.unwrap_or_else(|| english.to_owned()), english)
}

/// What stands in `text` where `pattern` has holes; None where the text is another.
fn holes_of<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut parts = pattern.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut holes = Vec::new();
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        let end = match at + 1 == parts.len() {
            true => rest
                .len()
                .checked_sub(part.len())
                .filter(|_| rest.ends_with(part))?,
            false => rest.find(part)?,
        };
        holes.push(&rest[..end]);
        rest = &rest[end + part.len()..];
    }
    rest.is_empty().then_some(holes)
}

fn filled(pattern: &str, holes: &[&str]) -> String {
    let mut text = String::new();
    for (at, part) in pattern.split("{}").enumerate() {
        if let Some(hole) = at.checked_sub(1).and_then(|before| holes.get(before)) {
            text.push_str(hole);
        }
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::fleet::words::{reason_words, state_words, step_words};

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn numbers_and_names_go_over_as_they_are() {
        let zh = |english: &str| step_text_words(english).zh;
        assert_eq!(zh("item 3 of 19"), "第 3 项,共 19 项");
        assert_eq!(zh("motors off"), "电机已停");
        assert_eq!(
            zh("mode RTL, by itself: Battery 1 is low"),
            "模式 RTL,飞机自行切换:Battery 1 is low"
        );
        assert_eq!(zh("completed; 12 exposures reported"), "完成;收到 12 条拍照回报");
        assert_eq!(
            zh("Mission: 2 ChangeSpeed"),
            "Mission: 2 ChangeSpeed",
            "the vehicle's own words"
        );
    }

    #[test]
    fn every_text_is_in_both_languages_and_is_found_as_itself() {
        for (told, read) in TEXTS {
            assert_eq!(told.matches("{}").count(), read.matches("{}").count(), "{told}");
            assert!(is_chinese(read) && !is_chinese(told), "{told}");
            let english = told.replace("{}", "7");
            assert_eq!(step_text_words(&english).zh, read.replace("{}", "7"), "{told}");
        }
    }

    #[test]
    fn every_step_state_and_reason_has_words_in_both_languages() {
        let both = |code: &str, words: Words| {
            assert!(is_chinese(&words.zh), "{code}: {}", words.zh);
            assert!(
                !words.en.is_empty() && !is_chinese(&words.en),
                "{code}: {}",
                words.en
            );
        };
        for step in flight::sortie::Step::ALL {
            both(step.as_str(), step_words(step.as_str()));
        }
        for code in own_steps() {
            both(&code, step_words(&code));
        }
        for code in flight::sortie::FailureCode::ALL {
            both(code.as_str(), reason_words(code.as_str()));
        }
        for code in schedule::refusal::RefusalCode::ALL {
            both(code.as_str(), reason_words(code.as_str()));
        }
        for state in schedule::sortie::SortieState::ALL {
            both(state.as_str(), state_words(state.as_str()));
        }
        for state in schedule::photo_ledger::PhotoState::ALL {
            both(state.as_str(), crate::answers::flights::shot_words(state));
        }
    }

    /// The codes that the program itself gives to steps of a sortie: `step("lid_open"`, `note(&record, "lid_open"`.
    fn own_steps() -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fleet");
        let mut codes = Vec::new();
        for file in [
            "sortie_run.rs",
            "resume.rs",
            "gate.rs",
            "orders.rs",
            "cloud/run.rs",
            "cloud/media.rs",
        ] {
            let source = std::fs::read_to_string(folder.join(file)).unwrap();
            for start in ["step(\"", "step_with(\"", "note(&record, \""] {
                let starts = source.split(start).skip(1);
                codes.extend(
                    starts
                        .filter_map(|rest| rest.split('"').next())
                        .map(str::to_owned),
                );
            }
        }
        assert!(codes.len() > 5, "{codes:?}");
        codes
    }

    /// A sentence with a hole for each `{…}` of a format string.
    fn with_holes(literal: &str) -> String {
        let mut sentence = String::new();
        let mut depth = 0;
        for c in literal.chars() {
            match c {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    sentence.push_str("{}");
                }
                c if depth == 0 => sentence.push(c),
                _inside => {}
            }
        }
        sentence
    }

    /// The literals that a source gives to a step: `Step::Landed, "on the ground"`, with `format!(` or without.
    fn told_in(source: &str) -> Vec<String> {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let mut told = Vec::new();
        for after in source.split("Step::").skip(1) {
            let Some((_, rest)) = after.split_once(',') else {
                continue;
            };
            let rest = rest.trim_start();
            let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
            if let Some((literal, _)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
                told.push(with_holes(literal));
            }
        }
        told
    }

    #[test]
    fn every_sentence_that_a_flight_can_say_has_its_chinese() {
        let flight = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flight/src");
        let mut found = 0;
        for folder in ["sortie", "cloud_dock/task", "cloud_dock/task/machine"] {
            for entry in std::fs::read_dir(flight.join(folder))
                .unwrap()
                .map(Result::unwrap)
            {
                if entry.path().extension().is_none_or(|kind| kind != "rs")
                    || entry.file_name() == "machine_tests.rs"
                {
                    continue;
                }
                for sentence in told_in(&std::fs::read_to_string(entry.path()).unwrap()) {
                    found += 1;
                    let words = step_text_words(&sentence.replace("{}", "7"));
                    assert!(is_chinese(&words.zh), "{}: {sentence}", entry.path().display());
                }
            }
        }
        assert!(found > 25, "{found} sentences");
    }

    proptest! {
        #[test]
        fn any_text_goes_through(text in "\\PC{0,60}") {
            prop_assert_eq!(step_text_words(&text).en, text);
        }
    }
}
