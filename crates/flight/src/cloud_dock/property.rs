//! A value out of JSON that may have any type: firmware writes numbers as texts, flags as numbers, and new types.

use serde_json::Value;

/// The value at a path of names.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |inner, name| inner.get(name))
}

/// A finite number, also one that is written as a text.
pub(super) fn number(value: &Value, path: &[&str]) -> Option<f64> {
    let number = match at(value, path)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A whole number, also one that is written as a text or with a point.
pub(super) fn whole(value: &Value, path: &[&str]) -> Option<i64> {
    if let Some(whole) = at(value, path)?.as_i64() {
        return Some(whole);
    }
    let number = number(value, path)?;
    // Exact: numbers of this size have no fraction that would be lost.
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// A text; numbers count as their digits.
pub(super) fn text(value: &Value, path: &[&str]) -> Option<String> {
    match at(value, path)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// 0 or 1, false or true.
pub(super) fn flag(value: &Value, path: &[&str]) -> Option<bool> {
    match whole(value, path)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// A number that can be what it says it is.
pub(super) fn within(value: &Value, path: &[&str], least: f64, most: f64) -> Option<f64> {
    number(value, path).filter(|number| (least..=most).contains(number))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_written() {
        let value =
            json!({"a": {"b": "-91.40", "c": 3.0, "d": true, "e": [], "f": "x"}, "g": 1_772_416_800_000_i64});
        assert_eq!(number(&value, &["a", "b"]), Some(-91.4));
        assert_eq!(whole(&value, &["a", "c"]), Some(3));
        assert_eq!(flag(&value, &["a", "d"]), Some(true));
        assert_eq!(number(&value, &["a", "e"]), None);
        assert_eq!(whole(&value, &["a", "f"]), None);
        assert_eq!(whole(&value, &["g"]), Some(1_772_416_800_000));
        assert_eq!(flag(&json!({"a": 2}), &["a"]), None);
        assert_eq!(within(&value, &["a", "b"], 0.0, 1.0), None);
    }
}
