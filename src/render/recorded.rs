//! The results of Flux's own code for objects with variables (`tests/recordings/substitution`, by
//! `tests/testbed/substitution`), compared with ours.

use std::path::Path;

use serde_json::Value;

use super::substitute::{Named, Variables, is_disabled, is_name, substitute};
use crate::yaml::sigs;

/// Substitutes in one recorded object.
fn substituted(step: &Value) -> Result<Value, String> {
    let own = step["variables"].as_object().unwrap();
    let named: Named =
        own.iter().map(|(name, value)| (name.clone(), Some(value.as_str().unwrap().replace('\n', "")))).collect();
    let mut body = step["object"].clone();
    let runs = !named.is_empty() || step["always"] == true;
    if is_disabled(&body) || !runs {
        return Ok(body);
    }
    if let Some(odd) = named.keys().find(|name| !is_name(name)) {
        return Err(format!("'{odd}' var name is invalid"));
    }
    let mut variables = Variables::default();
    variables.extend(named);
    let done = substitute(&mut body, &variables).map_err(|refused| refused.why)?;
    match done.unset.first() {
        Some(unset) if step["strict"] == true => Err(format!("variable not set (strict mode): {:?}", unset.name)),
        _ => Ok(body),
    }
}

/// Converts numbers: JSON has one kind of number, and reading a long one loses its last digit.
fn with_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => format!("{:.14e}", number.as_f64().unwrap()).into(),
        Value::Array(items) => items.iter().map(with_floats).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), with_floats(value))).collect(),
        other => other.clone(),
    }
}

#[test]
fn objects_become_what_flux_makes_of_them() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/substitution/recorded.jsonl");
    let recorded = std::fs::read_to_string(file).unwrap();
    let mut wrong = Vec::new();
    for line in recorded.lines() {
        let step: Value = serde_json::from_str(line).unwrap();
        let told = format!("{}\n  of {}", step["object"], step["variables"]);
        let written = sigs::write(&step["object"]);
        if written != step["text"] {
            wrong.push(format!("{told}\n  is written {written:?}\n  not {}", step["text"]));
        }
        match (substituted(&step), step.get("error")) {
            (Ok(made), None) if with_floats(&made) == with_floats(&step["result"]) => {}
            (Ok(made), None) => wrong.push(format!("{told}\n  becomes {made}\n  not {}", step["result"])),
            (Ok(made), Some(error)) => {
                wrong.push(format!("{told}\n  becomes {made}\n  and is refused by Flux: {error}"));
            }
            (Err(why), None) => wrong.push(format!("{told}\n  is refused: {why}\n  and becomes {}", step["result"])),
            (Err(why), Some(error)) => {
                let error = error.as_str().unwrap();
                // Errors about invalid YAML differ in words, and so do those about bounds.
                let is_other =
                    why.contains("YAMLToJSON") && (error.contains("YAMLToJSON") || error.contains("UnmarshalJSON"));
                if !is_other && !error.contains(&why) {
                    wrong.push(format!("{told}\n  is refused: {why}\n  not {error}"));
                }
            }
        }
    }
    assert!(recorded.lines().count() > 200);
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), recorded.lines().count(), wrong.join("\n"));
}
