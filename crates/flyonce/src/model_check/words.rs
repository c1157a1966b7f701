//! Every finding in words, with what to do.

use std::path::Path;

use vision::card::CardMistake;
use vision::inspect::Finding;
use vision::{CardError, Mismatch, ModelError};

use crate::lang::Words;
use crate::model_check::Point;

fn point(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Point {
    Point {
        code,
        words: Words::new(zh, en),
    }
}

/// There is no card beside the file.
pub fn no_card(wanted: &Path) -> Point {
    let wanted = wanted.display();
    point(
        "no_card",
        format!("没有模型卡。请把下面的草稿存为 {wanted},把问号和类别填好"),
        format!(
            "there is no model card. Save the draft below as {wanted} and fill in the question marks and classes"
        ),
    )
}

/// The card is not there or cannot be read.
pub fn card_unreadable(error: &CardError) -> Point {
    point(
        "card_unreadable",
        format!("模型卡读不出:{error}"),
        error.to_string(),
    )
}

/// A mistake in the card.
pub fn of_card_mistake(mistake: &CardMistake) -> Point {
    point(
        "card_mistake",
        format!(
            "模型卡第 {} 行第 {} 列 {}:{}",
            mistake.line, mistake.column, mistake.field, mistake.problem
        ),
        format!("model card, {mistake}"),
    )
}

/// A class that the catalogue does not have.
pub fn unknown_class(class: &str) -> Point {
    point(
        "unknown_class",
        format!(
            "事项目录里没有类别 {class}:它的检出没有名称,也不会成为线索。请在 matters 文件中加上 [[class]],或改卡上的类别名"
        ),
        format!(
            "the catalogue has no class {class}: what it finds has no name and makes no leads. Add a [[class]] to the \
             matters file, or rename the class on the card"
        ),
    )
}

/// A file that cannot be opened or run.
pub fn of_model_error(error: &ModelError) -> Point {
    match error {
        ModelError::Read { path, source } => point(
            "file_unreadable",
            format!("模型文件 {} 读不出:{source}", path.display()),
            error.to_string(),
        ),
        ModelError::Hash { card, file, .. } => point(
            "wrong_hash",
            format!(
                "模型文件与卡不符:卡上 SHA-256 为 {card},文件为 {file}。换回原文件,或核对后更新卡上的 sha256"
            ),
            format!(
                "the file is not the one of its card: the card says SHA-256 {card}, the file has {file}. Bring the \
                 file back, or, if the new one is meant, correct sha256 in the card"
            ),
        ),
        ModelError::Refused { message, .. } => of_refusal(message),
        ModelError::FirstRun { message, .. } => does_not_run(message),
        ModelError::Task { .. } | ModelError::Mismatch { .. } => {
            point("does_not_fit", format!("模型不符:{error}"), error.to_string())
        }
    }
}

/// The runtime's own words, with the usual causes named.
fn of_refusal(message: &str) -> Point {
    let lower = message.to_lowercase();
    if lower.contains("not a registered function") || lower.contains("no opset import for domain") {
        return point(
            "unknown_operator",
            format!("含 ONNX Runtime 不认识的算子(自定义算子不支持,请用标准算子导出):{message}"),
            format!(
                "it has an operator that ONNX Runtime does not know; custom operators are not supported, export with standard ones: {message}"
            ),
        );
    }
    if lower.contains("opset") || lower.contains("ir version") || lower.contains("ir_version") {
        return point(
            "opset_too_new",
            format!("算子集版本比 ONNX Runtime 新,请以较低的 opset(如 17)导出:{message}"),
            format!(
                "its operator set is newer than ONNX Runtime; export with a lower opset, such as 17: {message}"
            ),
        );
    }
    point(
        "refused",
        format!("ONNX Runtime 不接受此文件:{message}"),
        format!("ONNX Runtime does not accept the file: {message}"),
    )
}

fn does_not_run(message: &str) -> Point {
    point(
        "does_not_run",
        format!("模型运行失败:{message}"),
        format!("the model does not run: {message}"),
    )
}

/// A difference between file and card.
pub fn of_mismatch(mismatch: &Mismatch) -> Point {
    let quoted = |names: &[String]| names.join("、");
    let (code, zh) = match mismatch {
        Mismatch::InputName { card, file } => (
            "input_name",
            format!("卡上输入名为 {card},文件里是 {}", quoted(file)),
        ),
        Mismatch::MoreInputs { file } => ("more_inputs", format!("只支持一个输入,文件有 {}", quoted(file))),
        Mismatch::OutputName { card, file } => (
            "output_name",
            format!("卡上有输出 {card},文件里是 {}", quoted(file)),
        ),
        Mismatch::ElementType { tensor, file } => {
            ("element_type", format!("{tensor} 须为 f32,文件为 {file}"))
        }
        Mismatch::Shape { tensor, card, file } => {
            ("shape", format!("按卡 {tensor} 的形状为 {card},文件为 {file}"))
        }
        Mismatch::ClassCount { tensor, card, file } => (
            "class_count",
            format!("卡上列了 {card} 个类别,得分张量 {tensor} 有 {file} 列"),
        ),
    };
    point(code, zh, mismatch.to_string())
}

/// Something that the file itself, or its behaviour, tells.
pub fn of_finding(finding: &Finding) -> Point {
    match finding {
        Finding::InputCount { .. }
        | Finding::InputElement { .. }
        | Finding::ChannelsLast { .. }
        | Finding::InputShape { .. }
        | Finding::OpenSizes { .. } => of_input(finding),
        Finding::OutputElement { .. }
        | Finding::BoxesInColumns { .. }
        | Finding::BoxesAndScoresInRows { .. }
        | Finding::FinishedBoxes { .. } => of_output(finding),
        _ => of_behaviour(finding),
    }
}

fn of_input(finding: &Finding) -> Point {
    match finding {
        Finding::InputCount { found } => point(
            "input_count",
            format!("须正好一个输入(图片),文件有 {found} 个"),
            format!("there must be exactly one input, the picture; the file has {found}"),
        ),
        Finding::InputElement { found } => point(
            "input_element",
            format!("输入须为 f32,文件为 {found}。导出时在图里加一个 Cast,或导出为 f32"),
            format!(
                "the input must be f32, the file has {found}. Export in f32, or put a Cast in front inside the graph"
            ),
        ),
        Finding::ChannelsLast { sizes } => point(
            "channels_last",
            format!(
                "输入 {} 是通道在后(NHWC),须为 [1, 3, 高, 宽]。导出时在图前加 Transpose",
                shape(sizes)
            ),
            format!(
                "the input {} has its channels last (NHWC); [1, 3, height, width] is needed. Put a Transpose in front when exporting",
                shape(sizes)
            ),
        ),
        Finding::OpenSizes { tensor, sizes } => point(
            "open_sizes",
            format!(
                "{tensor} 的形状 {} 有未定的尺寸,运行时才核对;请以固定尺寸导出,更快也更稳",
                shape(sizes)
            ),
            format!(
                "\"{tensor}\" has open sizes {}, which are only checked when it runs; export with fixed sizes, which is also faster",
                shape(sizes)
            ),
        ),
        Finding::InputShape { sizes } => point(
            "input_shape",
            format!("输入形状 {} 不是图片 [1, 3, 高, 宽]", shape(sizes)),
            format!("the input {} is no picture [1, 3, height, width]", shape(sizes)),
        ),
        other => point("other", format!("{other:?}"), format!("{other:?}")),
    }
}

fn of_output(finding: &Finding) -> Point {
    match finding {
        Finding::OutputElement { tensor, found } => point(
            "output_element",
            format!("输出 {tensor} 须为 f32,文件为 {found}"),
            format!("the output \"{tensor}\" must be f32, the file has {found}"),
        ),
        Finding::BoxesInColumns { tensor, classes } => point(
            "boxes_in_columns",
            format!(
                "{tensor} 像 YOLOv8/YOLO11 的输出 [1, 4+{classes}, N]:框与得分同在一个张量且转置。导出时在图尾 Transpose 成 [1, N, 4+{classes}],用 Split 分成 boxes(由中心和宽高算成左上右下,像素)与 scores 两个输出"
            ),
            format!(
                "\"{tensor}\" looks like the output of YOLOv8 or YOLO11, [1, 4+{classes}, N], boxes and scores in one transposed tensor. At the end of the graph add Transpose to [1, N, 4+{classes}] and Split into two outputs: boxes, made from middle and size into left, top, right, bottom in pixels, and scores"
            ),
        ),
        Finding::BoxesAndScoresInRows { tensor, columns } => point(
            "boxes_and_scores_in_rows",
            format!(
                "{tensor} 像 YOLOv5/YOLOX 的输出 [1, N, {columns}](中心宽高、物体得分、类别得分)。导出时用 Split 分开,类别得分乘物体得分,框算成左上右下"
            ),
            format!(
                "\"{tensor}\" looks like the output of YOLOv5 or YOLOX, [1, N, {columns}]: middle and size, an object score, class scores. At the end of the graph Split it, multiply class by object scores, and make corners of the boxes"
            ),
        ),
        Finding::FinishedBoxes { tensor } => point(
            "finished_boxes",
            format!("{tensor} 像已做过 NMS 的结果 [1, N, 6]。请不带 NMS 导出,给出 boxes 与 scores 两个输出"),
            format!(
                "\"{tensor}\" looks like finished boxes after NMS, [1, N, 6]. Export without NMS, with two outputs: boxes and scores"
            ),
        ),
        other => point("other", format!("{other:?}"), format!("{other:?}")),
    }
}

fn of_behaviour(finding: &Finding) -> Point {
    match finding {
        Finding::ScoresAreLogits { least, greatest } => point(
            "scores_not_0_to_1",
            format!("得分在 {least:.2} 到 {greatest:.2} 之间,须为 0..1。在图尾加 Sigmoid"),
            format!(
                "scores lie between {least:.2} and {greatest:.2}; they must be 0..1. Add a Sigmoid at the end of the graph"
            ),
        ),
        Finding::BoxesAreShares { greatest } => point(
            "boxes_not_in_pixels",
            format!("框的坐标最大只有 {greatest:.2},像是 0..1 的比例;须为输入像素。在图尾乘以宽和高"),
            format!(
                "no box coordinate is above {greatest:.2}: they look like shares 0..1 of the picture; pixels of the input are needed. Multiply by width and height at the end of the graph"
            ),
        ),
        Finding::BoxesAreNotCorners { share } => point(
            "boxes_not_corners",
            format!(
                "{:.0} % 的框右在左之左或下在上之上,像是中心加宽高(cxcywh);须为左、上、右、下",
                100.0 * share
            ),
            format!(
                "in {:.0} % of the boxes right lies left of left or bottom above top: they look like middle and size (cxcywh); left, top, right, bottom are needed",
                100.0 * share
            ),
        ),
        Finding::NotFinite { tensor } => point(
            "not_finite",
            format!("输出 {tensor} 里有不是数的值(NaN 或无穷)"),
            format!("the output \"{tensor}\" has values that are no finite numbers"),
        ),
        Finding::WantsUnitRange { bytes, unit } => point(
            "wants_0_to_1",
            format!(
                "输入 0..255 时最高得分 {bytes:.2},输入 0..1 时 {unit:.2}:模型多半要 0..1 的输入。在图前除以 255"
            ),
            format!(
                "the best score is {bytes:.2} with values of 0..255 and {unit:.2} with 0..1: the model probably wants 0..1. Divide by 255 at the start of the graph"
            ),
        ),
        Finding::SameForEverything => point(
            "same_for_everything",
            "对所有图片得分都一样:可能要别的取值范围,或输出接错了;用 --picture 给真实照片再试",
            "the scores are the same for all pictures: it may want another value range, or the wrong output is named; try again with real photos, --picture",
        ),
        Finding::DoesNotRun { message } => does_not_run(message),
        other => point("other", format!("{other:?}"), format!("{other:?}")),
    }
}

fn shape(sizes: &[Option<u64>]) -> String {
    let sizes: Vec<String> = sizes
        .iter()
        .map(|size| size.map_or_else(|| "?".to_owned(), |size| size.to_string()))
        .collect();
    format!("[{}]", sizes.join(", "))
}
