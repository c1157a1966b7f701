//! What pages of figures share: the frame of one HTML file that needs nothing else, text in Chinese and English, and
//! crops of photos with boxes drawn in.

pub mod crops;
pub mod text;

use crate::lang::Lang;
use crate::report::text::both;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("language.js");

/// A whole page: `heading` in Chinese and English, `subtitle` as markup, then `body`; fit for printing.
pub fn page(heading: (&str, &str), subtitle: &str, body: &str, lang: Lang) -> String {
    let lang = lang.pick("zh", "en");
    let heading = both(heading.0, heading.1);
    format!(
        "<!doctype html>\n<html lang=\"{lang}\" data-shown=\"{lang}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{subtitle}</title>\n<style>{STYLE}</style></head>\n\
         <body><header><h1>{heading} <small>{subtitle}</small></h1><nav><button data-to=\"zh\">中文</button>\
         <button data-to=\"en\">English</button></nav></header>{body}<script>{SCRIPT}</script></body></html>\n"
    )
}
