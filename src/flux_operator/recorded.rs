//! Comparison of the objects that flux-operator's own code creates from `ResourceSet` objects
//! (`tests/recordings/resourceset`, by `tests/testbed/resourceset`) with those created here: equal, or unknown.

use std::path::Path;

use serde_json::Value;

use super::{Failed, OperatorObject};
use crate::model::ObjectRef;

fn generated(step: &Value) -> Result<Vec<Value>, Failed> {
    let bodies = || std::iter::once(&step["set"]).chain(step["providers"].as_array().into_iter().flatten());
    let names: Vec<ObjectRef> = bodies().map(ObjectRef::of_body).collect();
    let mut objects = names.iter().zip(bodies()).map(|(object, body)| OperatorObject { object, body });
    let set = objects.next().unwrap();
    let providers: Vec<OperatorObject<'_>> = objects.collect();
    let built = super::resource_set::build(set, &providers)?;
    let shared = |(_, mut body): (usize, Value)| {
        super::resource_set::share_metadata(set, &mut body);
        body
    };
    Ok(built.into_iter().map(shared).collect())
}

#[test]
fn sets_become_what_flux_operator_makes_of_them() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/resourceset/recorded.jsonl");
    let recorded = std::fs::read_to_string(file).unwrap();
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for line in recorded.lines() {
        let step: Value = serde_json::from_str(line).unwrap();
        let told = format!("{}", step["set"]["spec"]);
        let objects = step["objects"].as_array().cloned().unwrap_or_default();
        match (generated(&step), step.get("error")) {
            (Err(Failed::Refused(_) | Failed::Unknown(_)), Some(_)) => {}
            (Ok(made), None) if made == objects => {}
            (Ok(made), None) => wrong.push(format!("{told}\n  becomes {made:?}\n  not {objects:?}")),
            (Ok(made), Some(error)) => wrong.push(format!("{told}\n  becomes {made:?}\n  and is refused: {error}")),
            (Err(Failed::Refused(why)), None) => wrong.push(format!("{told}\n  is refused: {why}\n  not {objects:?}")),
            (Err(Failed::Unknown(why)), None) => unknown.push(format!("{told}: {why}")),
        }
    }
    let count = recorded.lines().count();
    assert!(count > 400);
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    // Only what is not modelled may be unknown; most sets are known.
    assert!(unknown.len() < count / 10, "{} of {count} are not known:\n{}", unknown.len(), unknown.join("\n"));
}
