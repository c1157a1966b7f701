//! Reads TOML so that every mistake is found in one go, each with its line and field.
//! serde stops at the first unknown key; a dispatcher who edits a file wants all of them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::lang::{Lang, Words};

/// One thing wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The file as it was named.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Dotted path of the field, such as `layer[0].datum`.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: Words,
}

impl Mistake {
    /// `file:line:column: field: problem` in `lang`.
    pub fn text(&self, lang: Lang) -> String {
        format!(
            "{}:{}:{}: {}: {}",
            self.file,
            self.line,
            self.column,
            self.field,
            self.problem.pick(lang)
        )
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

/// A TOML file being read, and the mistakes found so far.
pub struct Reader<'t> {
    file: String,
    text: &'t str,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'t> Reader<'t> {
    /// A reader of `text`, which `file` names in messages.
    pub fn new(file: impl Into<String>, text: &'t str) -> Self {
        Self {
            file: file.into(),
            text,
            mistakes: RefCell::default(),
        }
    }

    /// Parses and hands the root table to `read`; the value comes back only if nothing was wrong.
    ///
    /// # Errors
    /// Every mistake, in the order of lines.
    pub fn read<T>(self, read: impl FnOnce(&Section<'_, 't>) -> T) -> Result<T, Vec<Mistake>> {
        let (root, syntax_errors) = DeTable::parse_recoverable(self.text);
        for error in &syntax_errors {
            let message = error.message();
            let words = Words::new(
                format!("TOML 语法错误:{message}"),
                format!("TOML syntax error: {message}"),
            );
            self.mistake("(syntax)", error.span().unwrap_or(0..0), words);
        }
        let value = read(&Section::new(&self, String::new(), Some(root.get_ref()), 0..0));
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by(|a, b| (a.line, a.column, &a.field).cmp(&(b.line, b.column, &b.field)));
        if mistakes.is_empty() {
            Ok(value)
        } else {
            Err(mistakes)
        }
    }

    fn mistake(&self, field: &str, span: Range<usize>, problem: Words) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.mistakes.borrow_mut().push(Mistake {
            file: self.file.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
            field: field.to_owned(),
            problem,
        });
    }
}

/// One table of the file. Keys that nobody asked for are reported by [`Section::finish`].
pub struct Section<'r, 't> {
    reader: &'r Reader<'t>,
    path: String,
    table: Option<&'r DeTable<'t>>,
    span: Range<usize>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'r, 't> Section<'r, 't> {
    fn new(reader: &'r Reader<'t>, path: String, table: Option<&'r DeTable<'t>>, span: Range<usize>) -> Self {
        Self {
            reader,
            path,
            table,
            span,
            asked: RefCell::default(),
        }
    }

    /// The table `key`; an absent one reads as empty, so that defaults apply.
    pub fn section(&self, key: &str) -> Section<'r, 't> {
        let (table, span) = match self.get(key) {
            Some((DeValue::Table(table), span)) => (Some(table), span),
            Some((_, span)) => {
                self.wrong_type(key, span, "表 [table]", "a table");
                (None, self.span.clone())
            }
            None => (None, self.span.clone()),
        };
        Section::new(self.reader, self.path_of(key), table, span)
    }

    /// The array of tables `key` (`[[key]]`); absent reads as none.
    pub fn sections(&self, key: &str) -> Vec<Section<'r, 't>> {
        let Some((value, span)) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value else {
            self.wrong_type(key, span, "表数组 [[...]]", "an array of tables");
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", self.path_of(key));
            match item.get_ref() {
                DeValue::Table(table) => {
                    sections.push(Section::new(self.reader, path, Some(table), item.span()));
                }
                _ => self.wrong_type(&format!("{key}[{index}]"), item.span(), "表", "a table"),
            }
        }
        sections
    }

    /// A text, if given.
    pub fn text(&self, key: &str) -> Option<String> {
        let (value, span) = self.get(key)?;
        match value {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.wrong_type(key, span, "文本(加引号)", "a text in quotes");
                None
            }
        }
    }

    /// A file or folder, if given; a relative one starts at `base`.
    pub fn path(&self, key: &str, base: &Path) -> Option<PathBuf> {
        self.text(key).map(|text| base.join(text))
    }

    /// A text that has to be there; a missing one is a mistake and reads as empty.
    pub fn required_text(&self, key: &str) -> String {
        match self.text(key) {
            Some(text) if !text.trim().is_empty() => text,
            Some(_) => {
                self.reject(key, Words::new("不能为空", "must not be empty"));
                String::new()
            }
            None => {
                if self.get(key).is_none() {
                    let problem = Words::new("缺少此项", "is missing");
                    self.reader
                        .mistake(&self.path_of(key), self.span.clone(), problem);
                }
                String::new()
            }
        }
    }

    /// A number within `range`, or `default` when absent.
    pub fn number(&self, key: &str, default: f64, range: RangeInclusive<f64>) -> f64 {
        let Some((value, span)) = self.get(key) else {
            return default;
        };
        let Some(number) = number_of(value) else {
            self.wrong_type(key, span, "数字", "a number");
            return default;
        };
        if range.contains(&number) {
            return number;
        }
        let (low, high) = (range.start(), range.end());
        let problem = Words::new(
            format!("{number} 超出范围 {low} 到 {high}"),
            format!("{number} is outside {low} to {high}"),
        );
        self.reader.mistake(&self.path_of(key), span, problem);
        default
    }

    /// Whether the file has this table.
    pub fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// A number within `range`; absent reads as none.
    pub fn maybe_number(&self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        self.get(key)?;
        Some(self.number(key, *range.start(), range))
    }

    /// A number within `range` that has to be there; a missing one is a mistake and reads as the range's start.
    pub fn required_number(&self, key: &str, range: RangeInclusive<f64>) -> f64 {
        if self.get(key).is_none() {
            let problem = Words::new("缺少此项", "is missing");
            self.reader
                .mistake(&self.path_of(key), self.span.clone(), problem);
        }
        self.number(key, *range.start(), range)
    }

    /// A list of two numbers; absent reads as none.
    pub fn pair(&self, key: &str) -> Option<[f64; 2]> {
        let (value, span) = self.get(key)?;
        let numbers: Vec<f64> = match value {
            DeValue::Array(items) => items
                .iter()
                .filter_map(|item| number_of(item.get_ref()))
                .collect(),
            _ => Vec::new(),
        };
        let pair = <[f64; 2]>::try_from(numbers).ok();
        if pair.is_none() {
            self.wrong_type(key, span, "两个数字 [a, b]", "two numbers [a, b]");
        }
        pair
    }

    /// A whole number within `range`, or `default` when absent.
    pub fn whole(&self, key: &str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let limits = f64::from(*range.start())..=f64::from(*range.end());
        let number = self.number(key, f64::from(default), limits);
        if number.fract() != 0.0 {
            self.reject(key, Words::new("须为整数", "must be a whole number"));
            return default;
        }
        // The range check above keeps the value within u32.
        number as u32
    }

    /// True or false, or `default` when absent.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        match self.get(key) {
            None => default,
            Some((DeValue::Boolean(flag), _)) => *flag,
            Some((_, span)) => {
                self.wrong_type(key, span, "true 或 false", "true or false");
                default
            }
        }
    }

    /// A list of texts; absent reads as empty.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let Some((value, span)) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value else {
            self.wrong_type(key, span, "文本列表", "a list of texts");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => texts.push(text.to_string()),
                _ => self.wrong_type(key, item.span(), "文本", "a text"),
            }
        }
        texts
    }

    /// A text in both languages, written `key = { zh = "…", en = "…" }`.
    pub fn words(&self, key: &str) -> Words {
        if self.get(key).is_none() {
            self.required_text(key);
            return Words::new("", "");
        }
        let section = self.section(key);
        let words = Words::new(section.required_text("zh"), section.required_text("en"));
        section.finish();
        words
    }

    /// Reports `problem` at `key`.
    pub fn reject(&self, key: &str, problem: Words) {
        let span = self.get(key).map_or_else(|| self.span.clone(), |(_, span)| span);
        self.reader.mistake(&self.path_of(key), span, problem);
    }

    /// Reports every key that was not asked for, with the nearest known name.
    pub fn finish(&self) {
        let Some(table) = self.table else { return };
        let asked = self.asked.borrow();
        for (key, _) in table
            .iter()
            .filter(|(key, _)| !asked.contains(key.get_ref().as_ref()))
        {
            let name = key.get_ref();
            let (hint_zh, hint_en) = match nearest(name, &asked) {
                Some(near) => (format!(",是否想写 {near}?"), format!("; did you mean {near}?")),
                None => (String::new(), String::new()),
            };
            let problem = Words::new(
                format!("不认识的配置项{hint_zh}"),
                format!("is not a known setting{hint_en}"),
            );
            self.reader.mistake(&self.path_of(name), key.span(), problem);
        }
    }

    fn get(&self, key: &str) -> Option<(&'r DeValue<'t>, Range<usize>)> {
        self.asked.borrow_mut().insert(key.to_owned());
        let value: &'r Spanned<DeValue<'t>> = self.table?.get(key)?;
        Some((value.get_ref(), value.span()))
    }

    fn wrong_type(&self, key: &str, span: Range<usize>, zh: &str, en: &str) {
        let problem = Words::new(format!("应为{zh}"), format!("must be {en}"));
        self.reader.mistake(&self.path_of(key), span, problem);
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

fn number_of(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().replace('_', "").parse::<f64>().ok(),
        DeValue::Integer(integer) => parse_integer(integer.as_str(), integer.radix()),
        _ => None,
    }
}

fn parse_integer(text: &str, radix: u32) -> Option<f64> {
    // Settings are far below 2^53, where f64 is exact.
    i64::from_str_radix(&text.replace('_', ""), radix)
        .ok()
        .map(|integer| integer as f64)
}

fn nearest<'a>(name: &str, known: &'a BTreeSet<String>) -> Option<&'a String> {
    known
        .iter()
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_sample(text: &str) -> Result<(String, f64), Vec<Mistake>> {
        Reader::new("sample.toml", text).read(|root| {
            let city = root.section("city");
            let name = city.required_text("name");
            city.finish();
            let coverage = root.section("coverage");
            let cell_m = coverage.number("cell_m", 2.0, 0.5..=50.0);
            coverage.finish();
            root.finish();
            (name, cell_m)
        })
    }

    #[test]
    fn a_right_file_reads_with_defaults() {
        assert_eq!(
            read_sample("[city]\nname = \"浦东\"\n"),
            Ok(("浦东".to_owned(), 2.0))
        );
    }

    #[test]
    fn every_mistake_is_reported_with_line_and_field() {
        let text = "[city]\nnane = \"x\"\n\n[coverage]\ncell_m = 900\n\n[covrage]\n";
        let mistakes = read_sample(text).unwrap_err();
        let found: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
        assert_eq!(
            found,
            [
                "sample.toml:1:1: city.name: is missing",
                "sample.toml:2:1: city.nane: is not a known setting; did you mean name?",
                "sample.toml:5:10: coverage.cell_m: 900 is outside 0.5 to 50",
                "sample.toml:7:2: covrage: is not a known setting; did you mean coverage?",
            ]
        );
    }

    #[test]
    fn syntax_errors_name_their_line() {
        let mistakes = read_sample("[city]\nname = \"a\n").unwrap_err();
        assert_eq!(mistakes[0].line, 2, "{mistakes:?}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[\\[\\]a-z_=\"0-9.\n #-]{0,200}") {
            let _ = read_sample(&text);
        }
    }
}
