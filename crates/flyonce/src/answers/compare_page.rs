//! The comparison of two dates as one page that needs nothing else: before and after side by side, outlines drawn,
//! in Chinese and English.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use crate::answers::compare::{ChangeAnswer, CompareAnswer, PairAnswer};
use crate::lang::{Lang, Words};
use crate::stage::compare::pair::PlacedChange;

/// Quality of the pictures on the page.
const JPEG_QUALITY: u8 = 84;

/// The pictures of one change: before, after, and the outline in their pixels.
pub struct ChangePictures<'r> {
    /// Before and after.
    pub crops: &'r [RgbImage; 2],
    /// Outline, pixels.
    pub outline: &'r [[f64; 2]],
}

impl<'r> ChangePictures<'r> {
    /// Of a change.
    pub fn of(change: &'r PlacedChange) -> Self {
        Self {
            crops: &change.crops,
            outline: &change.outline_in_crops,
        }
    }
}

/// The pictures of one pair, with the outlines of its changes in their pixels.
pub struct PairPictures<'r> {
    /// Index of the pair in the answer.
    pub pair: usize,
    /// Before and after.
    pub overview: &'r [RgbImage; 2],
    /// Number of every change, and its outline.
    pub outlines: Vec<(usize, Vec<[f64; 2]>)>,
}

/// The page.
///
/// # Errors
/// A picture that cannot be encoded.
pub fn page(
    answer: &CompareAnswer,
    changes: &[ChangePictures<'_>],
    pairs: &[PairPictures<'_>],
    lang: Lang,
) -> Result<String> {
    let mut body = String::new();
    head(&mut body, answer);
    heading(&mut body, &Words::new("变化", "Changes"));
    if answer.changes.is_empty() {
        paragraph(
            &mut body,
            &Words::new(
                "在比对范围内没有发现变化。",
                "Nothing changed in what was compared.",
            ),
        );
    }
    for (change, pictures) in answer.changes.iter().zip(changes) {
        change_card(&mut body, answer, change, pictures)?;
    }
    heading(&mut body, &Words::new("比对的照片", "Photos compared"));
    for (index, pair) in answer.pairs.iter().enumerate() {
        pair_card(&mut body, pair, pairs.iter().find(|it| it.pair == index))?;
    }
    let lang = lang.pick("zh", "en");
    Ok(format!(
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>FlyOnce 图频比对</title><style>{STYLE}</style></head>\
         <body class=\"{lang}\">{body}<script>{SCRIPT}</script></body></html>\n"
    ))
}

const STYLE: &str = "
:root{color-scheme:light dark;--line:#8886;--mark:#ff2d55;--soft:#8881}
body{font:15px/1.5 system-ui,'Noto Sans SC',sans-serif;margin:0 auto;max-width:1180px;padding:1rem}
body.zh [lang=en],body.en [lang=zh]{display:none}
h1{font-size:1.5rem;margin:.2rem 0}h2{margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
button{float:right;font:inherit;padding:.2rem .8rem}
.facts{display:flex;flex-wrap:wrap;gap:.4rem 1.6rem;margin:.6rem 0}.facts b{font-size:1.15rem}
article{border:1px solid var(--line);border-radius:8px;padding:.8rem;margin:.8rem 0;break-inside:avoid}
article>header{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;align-items:baseline;margin-bottom:.5rem}
.two{display:grid;grid-template-columns:1fr 1fr;gap:.5rem}
figure{margin:0;position:relative}figcaption{font-size:.85rem}
svg{display:block;width:100%;height:auto;background:var(--soft)}
polygon{fill:none;stroke:var(--mark);stroke-width:2;vector-effect:non-scaling-stroke}
svg text{fill:var(--mark);font:bold 15px system-ui;paint-order:stroke;stroke:#fff;stroke-width:3px}
.note,.problem{background:var(--soft);border-left:4px solid var(--line);padding:.3rem .7rem;margin:.4rem 0}
.problem{border-color:var(--mark)}
.place{font-variant-numeric:tabular-nums}
@media(max-width:640px){.two{grid-template-columns:1fr}}
";

const SCRIPT: &str = "
document.getElementById('other').onclick=function(){var b=document.body,z=b.className==='zh';
b.className=z?'en':'zh';document.documentElement.lang=b.className}
";

fn both(words: &Words) -> String {
    format!(
        "<span lang=\"zh\">{}</span><span lang=\"en\">{}</span>",
        escaped(&words.zh),
        escaped(&words.en)
    )
}

fn heading(body: &mut String, words: &Words) {
    let _ = write!(body, "<h2>{}</h2>", both(words));
}

fn paragraph(body: &mut String, words: &Words) {
    let _ = write!(body, "<p class=\"note\">{}</p>", both(words));
}

fn head(body: &mut String, answer: &CompareAnswer) {
    let title = Words::new("图频比对", "Change between two dates");
    let _ = write!(
        body,
        "<button id=\"other\">中文 / English</button><h1>{}</h1><p>{} → {}</p>",
        both(&title),
        escaped(&answer.first),
        escaped(&answer.second)
    );
    let percent = 100.0 * answer.coverage.compared_share;
    let ground = answer.coverage.compared_m2.zip(answer.coverage.first_m2);
    let compared = match ground {
        Some((compared, first)) => Words::new(
            format!("第一期画面地面 {first:.0} m² 中比对了 {compared:.0} m²({percent:.0} %)"),
            format!(
                "compared {compared:.0} m² of the {first:.0} m² that the first date shows ({percent:.0} %)"
            ),
        ),
        None => Words::new(
            format!("比对了第一期画面的 {percent:.0} %"),
            format!("compared {percent:.0} % of the first picture"),
        ),
    };
    let facts = [
        Words::new(
            format!("{} 处变化", answer.changes.len()),
            format!("{} changes", answer.changes.len()),
        ),
        compared,
        Words::new(
            format!("模型 {},阈值 {}", answer.model, answer.threshold),
            format!("model {}, threshold {}", answer.model, answer.threshold),
        ),
    ];
    body.push_str("<div class=\"facts\">");
    for (index, fact) in facts.iter().enumerate() {
        let (open, close) = if index == 0 {
            ("<b>", "</b>")
        } else {
            ("<span>", "</span>")
        };
        let _ = write!(body, "{open}{}{close}", both(fact));
    }
    body.push_str("</div>");
    for note in &answer.notes {
        paragraph(body, note);
    }
}

fn change_card(
    body: &mut String,
    answer: &CompareAnswer,
    change: &ChangeAnswer,
    pictures: &ChangePictures<'_>,
) -> Result<()> {
    let mut facts = vec![Words::new(
        format!("可信度 {:.2}", change.score),
        format!("score {:.2}", change.score),
    )];
    facts.extend(
        change
            .area_m2
            .map(|area_m2| Words::new(format!("{area_m2:.0} m²"), format!("{area_m2:.0} m²"))),
    );
    facts.extend(change.place.as_ref().map(|place| {
        let (at, ellipse) = (
            format!("{:.6}, {:.6}", place.latitude_deg, place.longitude_deg),
            &place.ellipse,
        );
        let axes = format!("{:.1} × {:.1} m", ellipse.semi_major_m, ellipse.semi_minor_m);
        Words::new(
            format!("{at}(WGS-84,95 % 误差椭圆半轴 {axes})"),
            format!("{at} (WGS-84, 95 % error ellipse, semi-axes {axes})"),
        )
    }));
    let facts: String = facts
        .iter()
        .map(|fact| format!("<span class=\"place\">{}</span>", both(fact)))
        .collect();
    let _ = write!(
        body,
        "<article><header><b>#{} {}</b>{facts}</header><div class=\"two\">",
        change.number,
        both(&change.kind_words)
    );
    let pair = answer.pairs.get(change.pair);
    for (index, picture) in pictures.crops.iter().enumerate() {
        let outlines = [(change.number, pictures.outline.to_vec())];
        figure(body, picture, &outlines, false, &caption(pair, index))?;
    }
    body.push_str("</div></article>");
    Ok(())
}

fn caption(pair: Option<&PairAnswer>, index: usize) -> Words {
    let (which, name, taken) = match (pair, index) {
        (Some(pair), 0) => (
            Words::new("前", "before"),
            pair.first.as_str(),
            pair.first_taken.as_deref(),
        ),
        (Some(pair), _) => (
            Words::new("后", "after"),
            pair.second.as_str(),
            pair.second_taken.as_deref(),
        ),
        (None, _) => (Words::new("", ""), "", None),
    };
    let taken = taken.map(|at| format!(" · {at}")).unwrap_or_default();
    Words::new(
        format!("{} · {name}{taken}", which.zh),
        format!("{} · {name}{taken}", which.en),
    )
}

fn pair_card(body: &mut String, pair: &PairAnswer, pictures: Option<&PairPictures<'_>>) -> Result<()> {
    body.push_str("<article>");
    if let Some(problem) = &pair.problem {
        let said = Words::new(
            format!("{} 与 {}:未比对。{}", pair.first, pair.second, problem.zh),
            format!("{} and {}: not compared. {}", pair.first, pair.second, problem.en),
        );
        let _ = write!(body, "<p class=\"problem\">{}</p>", both(&said));
    }
    if let Some(pictures) = pictures {
        let _ = write!(
            body,
            "<header>{}</header><div class=\"two\">",
            both(&laid_words(pair))
        );
        for (index, picture) in pictures.overview.iter().enumerate() {
            figure(
                body,
                picture,
                &pictures.outlines,
                true,
                &caption(Some(pair), index),
            )?;
        }
        body.push_str("</div>");
    }
    body.push_str("</article>");
    Ok(())
}

/// How a pair was laid on each other, in words.
pub fn laid_words(pair: &PairAnswer) -> Words {
    let gsd = pair.gsd_cm.map(|cm| format!("{cm:.1} cm/px")).unwrap_or_default();
    match &pair.registration {
        None => Words::new(
            format!("按已配准处理 {gsd}"),
            format!("taken to lie on each other already {gsd}"),
        ),
        Some(found) => {
            let metres = |value: Option<f64>| value.map(|m| format!(" = {m:.2} m")).unwrap_or_default();
            let (left, moved) = (metres(found.residual_m), metres(found.moved_m));
            Words::new(
                format!(
                    "配准残差 {:.2} 像素{left}({}/{} 处吻合),影像修正 {:.1} 像素{moved},{gsd}",
                    found.residual_px, found.agreeing, found.places, found.moved_px
                ),
                format!(
                    "registration residual {:.2} px{left} ({} of {} places agree), moved by its content {:.1} px{moved}, {gsd}",
                    found.residual_px, found.agreeing, found.places, found.moved_px
                ),
            )
        }
    }
}

fn figure(
    body: &mut String,
    picture: &RgbImage,
    outlines: &[(usize, Vec<[f64; 2]>)],
    numbered: bool,
    caption: &Words,
) -> Result<()> {
    let (width, height) = picture.dimensions();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
        .encode_image(picture)
        .context("cannot encode a picture of the page")?;
    let _ = write!(
        body,
        "<figure><svg viewBox=\"0 0 {width} {height}\"><image width=\"{width}\" height=\"{height}\" \
         href=\"data:image/jpeg;base64,{}\"/>",
        base64(&jpeg)
    );
    for (number, outline) in outlines {
        let corners: Vec<String> = outline.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(body, "<polygon points=\"{}\"/>", corners.join(" "));
        if let (true, Some([x, y])) = (numbered, outline.first()) {
            let _ = write!(body, "<text x=\"{x:.0}\" y=\"{:.0}\">{number}</text>", y - 3.0);
        }
    }
    let _ = write!(body, "</svg><figcaption>{}</figcaption></figure>", both(caption));
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group
            .iter()
            .fold(0u32, |word, byte| (word << 8) | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = (word >> (18 - 6 * place)) & 63;
            text.push(if place <= group.len() {
                char::from(DIGITS[digit as usize])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_equals_the_examples_of_the_standard() {
        let examples = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in examples {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn names_cannot_break_the_page() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
