//! What checking a flight's poses found, in words.

use serde::Serialize;
use store::rows::PhotoRow;
use survey::pose_checks::PoseFinding;
use utoipa::ToSchema;

use crate::lang::Words;
use crate::stage::placing::StoredPose;

/// Something about a photo's stated pose that did not fit.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PoseFindingAnswer {
    /// Stable code.
    pub code: String,
    /// What was found and what was done about it.
    pub words: Words,
}

impl PoseFindingAnswer {
    /// From the finding.
    pub fn of(finding: &PoseFinding) -> Self {
        Self {
            code: finding.code().to_owned(),
            words: words(finding),
        }
    }
}

/// The findings of a photo's row; none where it has no pose.
pub fn findings_of(row: &PhotoRow) -> Vec<PoseFindingAnswer> {
    let stored: Option<StoredPose> = row
        .pose_json
        .as_deref()
        .and_then(|json| serde_json::from_str(json).ok());
    let findings = stored.map(|stored| stored.findings).unwrap_or_default();
    findings.iter().map(PoseFindingAnswer::of).collect()
}

/// Short words for a code, for lists and summaries.
pub fn code_words(code: &str) -> Words {
    let (zh, en) = match code {
        "yaw_reversed" => ("航向相反,已按影像改正", "yaw 180° off, corrected by the pictures"),
        "yaw_offset" => ("航向整体偏差,已改正", "yaw off by a common angle, corrected"),
        "yaw_doubtful" => ("航向存疑,方向按未知计", "yaw doubtful: taken as not known"),
        "flies_backwards" => (
            "倒飞或侧飞,航向经影像确认",
            "flown backwards or sideways; yaw confirmed by pictures",
        ),
        "yaw_outlier" => ("航向与同航带不一致", "yaw unlike its strip's"),
        "position_jump" => ("位置跳变", "position jumps"),
        "position_frozen" => ("位置停止更新", "position stood still while flying"),
        "height_jump" => ("高度跳变", "height jumps"),
        "takeoff_height_differs" => (
            "绝对高度与相对高度不一致",
            "absolute and relative height disagree",
        ),
        "time_order" => (
            "拍摄时间与文件顺序不一致",
            "capture time against the order of names",
        ),
        "height_scale" => (
            "离地高度与影像不符",
            "height above ground does not fit the pictures",
        ),
        "vertical_datum" => ("高程基准可能不一致", "vertical datums seem mixed up"),
        other => (other, other),
    };
    Words::new(zh, en)
}

fn words(finding: &PoseFinding) -> Words {
    match *finding {
        PoseFinding::YawReversed {
            measured_deg,
            pairs,
            against,
        } => Words::new(
            format!(
                "记录的航向与影像相差 {measured_deg:.0}°({pairs} 对相邻照片一致,{against} 对相反),已转 180° 改正;原值保留"
            ),
            format!(
                "the stored yaw is {measured_deg:.0}° off what neighbouring pictures show ({pairs} pairs agree, {against} do not): turned by 180°, the stored value is kept"
            ),
        ),
        PoseFinding::YawOffset {
            added_deg,
            sigma_deg,
            pairs,
        } => Words::new(
            format!(
                "整个架次的航向偏差 {added_deg:+.1}° ± {sigma_deg:.1}°({pairs} 对照片),已改正(磁偏角或罗盘)"
            ),
            format!(
                "the whole flight's yaw is off by {added_deg:+.1}° ± {sigma_deg:.1}° ({pairs} pairs of pictures): corrected; magnetic north or compass"
            ),
        ),
        PoseFinding::YawDoubtful { from_track_deg } => Words::new(
            format!("航向与航迹相差 {from_track_deg:.0}°,影像不能判定:方向按未知计,误差椭圆放大"),
            format!(
                "the yaw points {from_track_deg:.0}° away from the track and no picture settles it: the direction is taken as not known, the ellipse is enlarged"
            ),
        ),
        PoseFinding::FliesBackwards {
            from_track_deg,
            pairs,
        } => Words::new(
            format!("航向与航迹相差 {from_track_deg:.0}°,{pairs} 对相邻照片确认航向正确(倒飞或侧飞),未改动"),
            format!(
                "the yaw points {from_track_deg:.0}° away from the track; {pairs} pairs of neighbouring pictures confirm it (flown backwards or sideways), nothing was changed"
            ),
        ),
        _ => words_of_jumps(finding),
    }
}

fn words_of_jumps(finding: &PoseFinding) -> Words {
    match *finding {
        PoseFinding::YawOutlier { from_strip_deg } => Words::new(
            format!("航向与同航带中值相差 {from_strip_deg:+.0}°,误差相应放大"),
            format!(
                "the yaw is {from_strip_deg:+.0}° from the median of its strip: its error is taken as that large"
            ),
        ),
        PoseFinding::PositionJump {
            speed_m_s,
            off_line_m,
        } => Words::new(
            format!("位置偏离前后连线 {off_line_m:.0} m(需 {speed_m_s:.0} m/s),误差相应放大"),
            format!(
                "the position lies {off_line_m:.0} m off the line of its neighbours ({speed_m_s:.0} m/s): its error is taken as that large"
            ),
        ),
        PoseFinding::PositionFrozen { missed_m } => Words::new(
            format!("位置与上一张完全相同而飞机在移动(约 {missed_m:.0} m),误差相应放大"),
            format!(
                "the very position of the photo before while the drone moved about {missed_m:.0} m: its error is taken as that large"
            ),
        ),
        PoseFinding::HeightJump { off_m } => Words::new(
            format!("高度与前后相差 {off_m:+.0} m,误差相应放大"),
            format!("the height is {off_m:+.0} m from its neighbours': its error is taken as that large"),
        ),
        PoseFinding::TakeoffHeightDiffers { off_m } => Words::new(
            format!("绝对高度减相对高度与本架次中值相差 {off_m:+.0} m,误差相应放大"),
            format!(
                "absolute minus relative height is {off_m:+.0} m from the flight's median: the height's error is taken as that large"
            ),
        ),
        PoseFinding::TimeOrder { earlier_s } => Words::new(
            format!("比文件名在前的照片早拍 {earlier_s:.0} 秒"),
            format!("taken {earlier_s:.0} s before the photo that comes before it by name"),
        ),
        PoseFinding::HeightScale { ratio, sigma } => Words::new(
            format!("影像间距说明离地高度应为所用值的 {ratio:.2} ± {sigma:.2} 倍:地面与起飞点不等高"),
            format!(
                "distances in the pictures fit a height above ground of {ratio:.2} ± {sigma:.2} times the one used: the ground is not at the take-off height"
            ),
        ),
        PoseFinding::VerticalDatum { off_m } => Words::new(
            format!("照片推出的起飞点高程与高程模型相差 {off_m:+.1} m:可能混用椭球高与海拔高"),
            format!(
                "the take-off height by the photos is {off_m:+.1} m from the height model's: ellipsoidal and sea-level heights seem mixed up"
            ),
        ),
        _ => code_words(finding.code()),
    }
}
