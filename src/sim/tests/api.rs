//! The answers of the simulated API server, compared with those of the real one to the same requests
//! (`tests/recordings/api`).

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::start;
use crate::sim::json::{self, text};

const SCRUBS: &[(&str, &str)] = &[
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z", "TIME"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
    (r#"User "[^"]*""#, r#"User "USER""#),
    (r"ResourceVersion in record \([0-9]+\)", "ResourceVersion in record (VERSION)"),
];

static SCRUBBERS: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| SCRUBS.iter().map(|(what, with)| (Regex::new(what).unwrap(), *with)).collect());

/// Replaces values that differ from run to run, as record-api.sh does, and the bookkeeping of a list's or map's own
/// entry (`.` and `v:`).
fn clean(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            SCRUBBERS.iter().fold(text.clone(), |text, (what, with)| what.replace_all(&text, *with).into_owned()).into()
        }
        Value::Array(all) => all.iter().map(clean).collect(),
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "." && !key.starts_with("v:"))
            .map(|(key, value)| (key.clone(), if key == "resourceVersion" { "VERSION".into() } else { clean(value) }))
            .collect(),
        other => other.clone(),
    }
}

fn read(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/api").join(name);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_that_of_the_real_api_server() {
    use http_body_util::BodyExt as _;
    let (simulation, staging, _) = start("healthy");
    let answers = read("answers.json");
    let mut differences = Vec::new();
    for step in json::list(&read("steps.json"), "") {
        let name = text(step, "/name");
        let is_reader = text(step, "/as") == "reader";
        simulation.set_faults("staging", |faults| {
            faults.forbidden = is_reader.then(|| "Secret".to_owned()).into_iter().collect();
        });
        let request = http::Request::builder()
            .method(text(step, "/method"))
            .uri(text(step, "/path"))
            .header("user-agent", "recorder/1")
            .header("content-type", step.get("type").and_then(Value::as_str).unwrap_or("application/json"))
            .body(kube::client::Body::from(
                step.get("body").map(|body| body.to_string().into_bytes()).unwrap_or_default(),
            ))
            .unwrap();
        let answer = staging.client().send(request).await.unwrap();
        let code = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice::<Value>(&bytes)
            .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
        let (ours, real) = (clean(&json!({"code": code, "body": body})), clean(&answers[name]));
        if ours != real {
            differences.push(format!("{name}:\n  simulation {ours}\n  real       {real}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_step_has_an_answer_and_every_answer_a_step() {
    let steps = read("steps.json");
    let mut asked: Vec<&str> = json::list(&steps, "").iter().map(|step| text(step, "/name")).collect();
    let answers = read("answers.json");
    let mut answered: Vec<&str> = answers.as_object().unwrap().keys().map(String::as_str).collect();
    asked.sort_unstable();
    answered.sort_unstable();
    assert_eq!(asked, answered);
}
