//! What is told of files of layers, in Chinese and English: notes, what was left out, and what is wrong. Errors are
//! written in English where they arise; here is the same in Chinese.

use std::error::Error;
use std::fmt;

use formats::features::{Ignored, IgnoredKind, Note};
use formats::geojson::GeoJsonError;
use formats::kml::KmlReadError;
use formats::shapefile::ShapefileError;
use survey::area::AreaError;
use survey::grid::{GridError, WORKING_RADIUS_KM};
use survey::layers::BuildError;
use survey::layers::properties::PropertyError;
use survey::reference::{PlaceHint, ReferenceError};

use crate::lang::Words;

/// An error that has both languages from the beginning.
#[derive(Debug)]
pub struct Refused(pub Words);

impl Refused {
    /// The error, ready to be returned.
    pub fn error(zh: impl Into<String>, en: impl Into<String>) -> anyhow::Error {
        Self(Words::new(zh, en)).into()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.en)
    }
}

impl Error for Refused {}

/// A note of a reader.
pub fn note(note: &Note) -> Words {
    match note {
        Note::RingsClosed { count, first } => Words::new(
            format!("{count} 个环没有闭合,已闭合(第一个:{first})"),
            format!("{count} rings were not closed and are now (the first: {first})"),
        ),
        Note::HeightsDropped { count } => Words::new(
            format!("{count} 个点带有高度;图层是平面的,高度未使用"),
            format!("{count} positions have a height; layers are flat, the heights are not used"),
        ),
        Note::GuessedEncoding(encoding) => Words::new(
            format!("文件没有注明文字编码,按 {encoding} 读取;请核对名称"),
            format!(
                "nothing says which encoding the text is in; it was read as {encoding}: look at the names"
            ),
        ),
        Note::LooksLikeUtf8 { stated } => Words::new(
            format!("文件注明的编码是 {stated},但内容也符合 UTF-8;名称若是乱码,请把 .cpg 改为 UTF-8"),
            format!(
                "the file says {stated}, but its text follows the rules of UTF-8, too; where names are garbled, write \
                 UTF-8 into the .cpg"
            ),
        ),
        Note::NoAttributes => Words::new(
            "没有 .dbf:名称和其他属性缺失",
            "there is no .dbf: names and other attributes are missing",
        ),
        Note::HolesTurnedLikeOutlines { count, first } => Words::new(
            format!("{count} 个环位于另一环内且方向相同,按孔处理(第一个:{first})"),
            format!(
                "{count} rings lie inside another and turn the same way; they were read as holes (the first: {first})"
            ),
        ),
        Note::LineDelimited { objects } => Words::new(
            format!("文件每行一个对象(共 {objects} 个),已逐行读取"),
            format!("the file has an object a line ({objects} in all); each was read"),
        ),
        Note::SeveralFiles(names) => Words::new(
            format!("压缩包内的 {} 个文件都已读取:{}", names.len(), names.join("、")),
            format!(
                "all {} files of the archive were read: {}",
                names.len(),
                names.join(", ")
            ),
        ),
    }
}

/// Something that was left out.
pub fn ignored(it: &Ignored) -> Words {
    let kind = match &it.kind {
        IgnoredKind::NoGeometry => Words::new("没有几何", "no geometry"),
        IgnoredKind::Empty(kind) => Words::new(format!("空的 {kind}"), format!("empty {kind}")),
        IgnoredKind::DeletedRow => Words::new("已删除的记录", "deleted row"),
        IgnoredKind::NoMapFeature(kind) => Words::new(
            format!("{kind} 不是地图要素"),
            format!("{kind} is no map feature"),
        ),
    };
    Words::new(
        format!("{}:{}", it.path, kind.zh),
        format!("{}: {}", it.path, kind.en),
    )
}

/// The error and its causes in Chinese, as far as they have Chinese words.
pub fn chinese(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let text = one(cause).unwrap_or_else(|| {
            let english = cause.to_string();
            match english.strip_prefix("layer ") {
                Some(file) => format!("图层 {file}"),
                None => english,
            }
        });
        if said.is_empty() {
            said = text;
        } else if !said.contains(&text) {
            said = format!("{said}:{text}");
        }
    }
    said
}

fn one(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(Refused(words)) = cause.downcast_ref() {
        return Some(words.zh.clone());
    }
    None.or_else(|| cause.downcast_ref().map(build))
        .or_else(|| cause.downcast_ref().map(area))
        .or_else(|| cause.downcast_ref().map(reference))
        .or_else(|| cause.downcast_ref().map(property))
        .or_else(|| cause.downcast_ref().map(grid))
        .or_else(|| cause.downcast_ref().map(geojson))
        .or_else(|| cause.downcast_ref().map(kml))
        .or_else(|| cause.downcast_ref().map(shapefile))
        .or_else(|| {
            // Wraps one of the others and says what it says.
            let airspace = cause.downcast_ref::<survey::airspace::AirspaceError>()?;
            Some(match airspace {
                survey::airspace::AirspaceError::Property(error) => property(error),
                survey::airspace::AirspaceError::Grid(error) => grid(error),
            })
        })
}

fn build(error: &BuildError) -> String {
    match error {
        BuildError::Empty => "图层没有要素".to_owned(),
        BuildError::Area { path, problem } => format!("{path}:{}", area(problem)),
        BuildError::Place {
            path,
            position,
            problem,
        } => {
            format!("{path} 第 {position} 点:{}", reference(problem))
        }
        BuildError::NoLength { path, line } => format!("{path}:线 {line} 没有长度"),
        BuildError::WrongShape { path, kind, found } => {
            let found = if *found == "a point" { "点" } else { "线" };
            format!("{path}:{kind} 图层的要素应是面,这里是{found}")
        }
        BuildError::NoName { path, properties } => {
            format!("{path}:街镇没有名称;名称应在属性 name、名称 或 XZQMC 中,文件里有:{properties}")
        }
    }
}

fn ring_name(polygon: usize, ring: usize) -> String {
    if ring == 0 {
        format!("多边形 {polygon} 外环")
    } else {
        format!("多边形 {polygon} 孔 {ring}")
    }
}

fn area(error: &AreaError) -> String {
    match error {
        AreaError::Empty { name } => format!("图层 {name} 没有多边形"),
        AreaError::NotOnEarth {
            polygon,
            ring,
            vertex,
            problem,
        } => format!(
            "{} 第 {vertex} 点:{}",
            ring_name(*polygon, *ring),
            reference(problem)
        ),
        AreaError::TooFewPoints {
            polygon,
            ring,
            distinct,
            latitude_deg,
            longitude_deg,
        } => format!(
            "{}:只有 {distinct} 个不同的点({latitude_deg:.6}, {longitude_deg:.6} 附近),面至少要三个;请补全或删去此环",
            ring_name(*polygon, *ring)
        ),
        AreaError::NoArea {
            polygon,
            ring,
            latitude_deg,
            longitude_deg,
        } => format!(
            "{}:没有围出面积({latitude_deg:.6}, {longitude_deg:.6} 附近);请补全或删去此环",
            ring_name(*polygon, *ring)
        ),
        AreaError::Reference(problem) => reference(problem),
    }
}

fn reference(error: &ReferenceError) -> String {
    match error {
        ReferenceError::Unknown { name } => format!(
            "“{name}”不是本程序能转换的坐标系;可用 WGS-84、CGCS2000、GCJ-02、EPSG:32601-32660 和 32701-32760(UTM)、\
             EPSG:4491-4554(CGCS2000 高斯-克吕格);旧的国家或地方坐标系须由持有参数的单位转换为 CGCS2000"
        ),
        ReferenceError::BadProjection { problem } => format!("投影参数无法使用:{problem}"),
        ReferenceError::NoPlace {
            x,
            y,
            reference,
            hint,
        } => {
            let hint = hint.map_or("", |hint| match hint {
                PlaceHint::Degrees => ";看起来是经纬度(度)",
                PlaceHint::Metres => ";看起来是投影坐标(米)",
                PlaceHint::LatitudeFirst => ";纬度和经度似乎写反了(应先经度后纬度)",
                PlaceHint::NorthingFirst => ";纵横坐标似乎写反了(应先东坐标后北坐标)",
                PlaceHint::ZoneBefore => ";东坐标带有带号,请用带带号的坐标系(EPSG:4513-4533、4491-4501)",
                PlaceHint::NoZoneBefore => ";东坐标没有带号,请用不带带号的坐标系(EPSG:4534-4554、4502-4512)",
            });
            format!("{x}, {y} 不是 {reference} 中的位置{hint}")
        }
    }
}

/// What properties are expected to say: the English of the survey crate, and the same in Chinese.
const EXPECTED: [(&str, &str); 10] = [
    ("only an area can limit heights", "只有面才能限高"),
    (
        "say max_agl_m (above ground) or max_amsl_m (above sea level)",
        "请填 max_agl_m(真高)或 max_amsl_m(海拔)",
    ),
    (
        "max_agl_m and max_amsl_m exclude each other",
        "max_agl_m 与 max_amsl_m 只能填一个",
    ),
    (
        "a point or line needs a margin above 0 m",
        "点和线的外扩须大于 0 米",
    ),
    (
        "say how many metres are kept clear; 0 for an area as drawn",
        "请填须避开的米数;按原样的面填 0",
    ),
    (
        "a time such as 2026-11-05T08:00:00+08:00 is expected",
        "应是时间,例如 2026-11-05T08:00:00+08:00",
    ),
    ("it has to lie after `from`", "须晚于 from"),
    ("a name such as 16L/34R is expected", "应是跑道名,例如 16L/34R"),
    (
        "a line from end to end or an outline of four corners is expected as its shape",
        "形状应是从一端到另一端的线,或四个角的轮廓",
    ),
    ("is missing", "缺失"),
];

fn property(error: &PropertyError) -> String {
    let chinese = EXPECTED.iter().find(|(english, _)| *english == error.expected);
    let expected = match chinese {
        Some((_, chinese)) => (*chinese).to_owned(),
        None => error
            .expected
            .replace("a number from ", "应是数字,范围 ")
            .replace(" is expected", "")
            .replace(" to ", " 至 "),
    };
    let name = if error.name.is_empty() {
        String::new()
    } else {
        format!("({})", error.name)
    };
    let found = match &error.text {
        Some(text) => format!("是“{text}”"),
        None => "缺失".to_owned(),
    };
    format!("要素 {}{name}:{} {found};{expected}", error.feature, error.field)
}

fn grid(error: &GridError) -> String {
    match error {
        GridError::OutsideWorkingArea { distance_km } => format!(
            "此处距工作区中心 {distance_km:.0} km(上限 {WORKING_RADIUS_KM} km);图层应只含一个城市,请裁剪后再导入"
        ),
        other => other.to_string(),
    }
}

fn geojson(error: &GeoJsonError) -> String {
    match error {
        GeoJsonError::Syntax { line, column, reason } => {
            let reason = if reason.starts_with("the text breaks off") {
                "内容到此中断,文件是否完整复制?"
            } else if reason.starts_with("NaN") {
                "JSON 中不能有 NaN 或 Infinity,请改正或删去该点"
            } else {
                reason.as_str()
            };
            format!("第 {line} 行第 {column} 列:不是有效的 JSON({reason})")
        }
        GeoJsonError::NoText => {
            "文件不是文本:既不是 UTF-8(GeoJSON 的规定),也不是 UTF-16 或 GB18030".to_owned()
        }
        GeoJsonError::Unexpected {
            path,
            expected,
            found,
        } => format!("{path}:应为 {expected},实为 {found}"),
        GeoJsonError::RingTooShort { path, found } => {
            format!("{path}:环至少要 3 个不同的点并重复第一点,这里共 {found} 个")
        }
        GeoJsonError::NoSuchPlace {
            path,
            longitude_deg,
            latitude_deg,
            ..
        } => format!("{path}:经度 {longitude_deg}、纬度 {latitude_deg} 不是地球上的位置"),
        GeoJsonError::UnknownDatum { path, name } => format!(
            "{path}:“{name}”不是本程序能转换的坐标系(WGS-84、CGCS2000、GCJ-02、UTM 和高斯-克吕格的 EPSG 代码)"
        ),
        GeoJsonError::DatumsDisagree { path, first, second } => {
            format!("{path}:文件既注明 {first} 又注明 {second},哪个为准?")
        }
        GeoJsonError::LineTooShort { path, found } => format!("{path}:线至少要 2 个点,这里有 {found} 个"),
        GeoJsonError::NoFeature => "文件里没有几何".to_owned(),
    }
}

fn kml(error: &KmlReadError) -> String {
    match error {
        KmlReadError::Archive(problem) => format!("压缩包:{problem}"),
        KmlReadError::NoText(encoding) => format!("文字不是首行注明的 {encoding} 编码"),
        KmlReadError::Xml(problem) => format!("XML 有误:{problem}"),
        KmlReadError::BadPlacemark { path, problem } => format!("{path}:{problem}"),
        KmlReadError::NoFeature => "文件里没有带点、线或面的地标".to_owned(),
    }
}

fn shapefile(error: &ShapefileError) -> String {
    match error {
        ShapefileError::Archive(problem) => format!("压缩包:{problem}"),
        ShapefileError::NotShp(problem) => format!(".shp 有误(是否完整复制?):{problem}"),
        ShapefileError::BadRecord { record, problem } => format!(".shp 第 {record} 条记录:{problem}"),
        ShapefileError::BadDbf(problem) => format!(".dbf 有误:{problem}"),
        ShapefileError::NoText {
            record,
            field,
            encoding,
        } => format!(".dbf 第 {record} 条记录字段 {field}:不是 {encoding} 编码的文字;请在 .cpg 中注明编码"),
        ShapefileError::CountsDiffer { shapes, rows } => {
            format!(".shp 有 {shapes} 条记录,.dbf 有 {rows} 行,两者不配套")
        }
        ShapefileError::BadPrj(problem) => format!(
            ".prj 无法使用:{problem};请转换文件(ogr2ogr -t_srs EPSG:4490),或移走 .prj 并用 --datum 注明坐标系"
        ),
        ShapefileError::NoFeature => "Shapefile 里没有几何".to_owned(),
    }
}
