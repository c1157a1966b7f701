//! The `data.yaml` of Ultralytics: the part of YAML that occurs in such files, namely keys with a value, a list in
//! brackets or in lines of `- `, or lines of `number: name`.

use super::DatasetError;

/// What a `data.yaml` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataYaml {
    /// Key `path`: the folder that the others are relative to.
    pub path: Option<String>,
    /// Keys that name pictures (`train`, `val`, `test`): folders or lists, in this order.
    pub splits: Vec<(String, Vec<String>)>,
    /// Key `names`, in the order of the class numbers.
    pub names: Vec<String>,
}

/// Reads a `data.yaml`.
///
/// # Errors
/// Missing or repeated names, class numbers with gaps, `nc` that is not their number, a line that cannot be read.
pub fn parse_data_yaml(text: &str) -> Result<DataYaml, DatasetError> {
    let mut yaml = DataYaml::default();
    let mut count = None;
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, without_comment(line)))
        .peekable();
    while let Some((number, line)) = lines.next() {
        if line.trim().is_empty() || line.trim() == "---" {
            continue;
        }
        let (key, value) = key_value(line)
            .filter(|_| !line.starts_with([' ', '\t']))
            .ok_or_else(|| {
                DatasetError::at_line(number, format!("expected \"key: value\", found {line:?}"))
            })?;
        let mut values = inline(value).map_err(|problem| DatasetError::at_line(number, problem))?;
        while let Some((number, line)) = lines.next_if(|(_, line)| continues(line)) {
            if !line.trim().is_empty() {
                let index = values.len();
                values.push(
                    item(line.trim(), index).map_err(|problem| DatasetError::at_line(number, problem))?,
                );
            }
        }
        match key {
            "path" => yaml.path = values.into_iter().next(),
            "train" | "val" | "test" if !values.is_empty() => yaml.splits.push((key.to_owned(), values)),
            "names" => yaml.names = values,
            "nc" => count = values.into_iter().next().map(|value| (number, value)),
            _ => {}
        }
    }
    check(&yaml, count)?;
    Ok(yaml)
}

fn check(yaml: &DataYaml, count: Option<(usize, String)>) -> Result<(), DatasetError> {
    let names = yaml.names.len();
    if names == 0 {
        return Err(DatasetError::at_line(
            1,
            "there is no key \"names\" with the class names",
        ));
    }
    let twice = (1..names).find(|index| yaml.names[..*index].contains(&yaml.names[*index]));
    if let Some(index) = twice {
        return Err(DatasetError::of_entry(
            "class",
            index,
            format!("{:?} is named twice", yaml.names[index]),
        ));
    }
    match count {
        Some((line, value)) if value != names.to_string() => Err(DatasetError::at_line(
            line,
            format!("nc is {value}, but there are {names} names"),
        )),
        _ => Ok(()),
    }
}

/// Whether a line belongs to the key above: it is indented, a list item, or empty.
fn continues(line: &str) -> bool {
    line.starts_with([' ', '\t', '-']) && line.trim() != "---" || line.trim().is_empty()
}

fn key_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    (value.is_empty() || value.starts_with([' ', '\t'])).then(|| (key.trim(), value.trim()))
}

/// Everything after the key on its own line: nothing, one value, or a list or table in brackets.
fn inline(value: &str) -> Result<Vec<String>, String> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let inside = |open: char, close: char| value.strip_prefix(open).map(|rest| rest.strip_suffix(close));
    match inside('[', ']').or_else(|| inside('{', '}')) {
        None => Ok(vec![unquoted(value)]),
        Some(None) => Err(format!("the list {value:?} is not closed on its line")),
        Some(Some(inner)) => {
            let is_table = value.starts_with('{');
            let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts
                .enumerate()
                .map(|(index, part)| {
                    if is_table {
                        item(part, index)
                    } else {
                        Ok(unquoted(part))
                    }
                })
                .collect()
        }
    }
}

/// `- value` or `number: value`; numbers count from 0 without gaps.
fn item(text: &str, index: usize) -> Result<String, String> {
    if let Some(value) = text.strip_prefix("- ") {
        return Ok(unquoted(value));
    }
    match key_value(text) {
        Some((key, value)) if key.parse() == Ok(index) => Ok(unquoted(value)),
        Some((key, _)) if key.parse::<usize>().is_ok() => {
            Err(format!("class {key} stands where {index} should"))
        }
        _ => Err(format!(
            "expected \"- value\" or \"{index}: value\", found {text:?}"
        )),
    }
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let quotes = ['\'', '"'];
    let inner = quotes
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    inner.unwrap_or(value).to_owned()
}

/// A comment begins with `#` at the start or after a blank, outside quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None, '#') if before.is_whitespace() => return &line[..at],
            _ => {}
        }
        before = character;
    }
    line
}
