//! The `where` of a list whose filters are all optional.

use sqlx::AssertSqlSafe;
use sqlx::any::{Any, AnyArguments};
use sqlx::query::Query;

/// Conditions that are wanted this time only, so that the database can use the index that fits them. Values
/// never enter the text: each `?` becomes the number of a place.
#[derive(Default)]
pub(crate) struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
    Whole(i64),
}

impl Conditions {
    pub(crate) fn push<const N: usize>(&mut self, condition: &'static str, values: [Value; N]) {
        let mut text = condition.to_owned();
        for value in values {
            self.values.push(value);
            text = text.replacen('?', &format!("${}", self.values.len()), 1);
        }
        self.texts.push(text);
    }

    pub(crate) fn clause(&self) -> String {
        if self.texts.is_empty() {
            String::new()
        } else {
            format!("where {}", self.texts.join(" and "))
        }
    }

    pub(crate) fn bound_to(self, sql: String) -> Query<'static, Any, AnyArguments> {
        let bind = |query: Query<'static, Any, AnyArguments>, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
            Value::Whole(number) => query.bind(number),
        };
        self.values
            .into_iter()
            .fold(sqlx::query(AssertSqlSafe(sql)), bind)
    }
}
