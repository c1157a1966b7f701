//! The schemas that are published for makers of docks, as the tests use them.

use std::path::PathBuf;

use serde_json::Value;

pub fn assert_valid(name: &str, message: &Value) {
    let validator = jsonschema::validator_for(&schema(name)).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(message)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:?} in {message}");
}

pub fn is_valid(name: &str, message: &Value) -> bool {
    jsonschema::is_valid(&schema(name), message)
}

pub fn schema(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
