//! Shared parts of the engine's tests: two environments, one of them protected.

use jiff::Timestamp;

use super::command::Ask;
use super::facts::Facts;
use crate::model::{Env, Environment, Lesson, Protection};

/// Builds facts of `staging` and the protected `production`, at a fixed time.
pub fn facts() -> Facts {
    let mut facts = Facts::new(Timestamp::UNIX_EPOCH);
    let environment = |index: u8, name: &str, protected: bool| Environment {
        env: Env(index),
        name: name.to_owned(),
        context: Some(name.to_owned()),
        protected,
        protected_by: protected.then(|| Protection::Because(format!("the name {name}"))),
        path: Some(format!("clusters/{name}")),
        recipients: Vec::new(),
        colour: None,
    };
    facts
        .set_environments(vec![environment(0, "staging", false), environment(1, "production", true)], vec![None, None]);
    facts
}

/// Returns an empty lesson.
pub fn lesson(_ask: &Ask<'_>) -> Lesson {
    Lesson {
        shell: crate::model::ShellLine::default(),
        place: String::new(),
        why: String::new(),
        look_for: String::new(),
        docs: "".into(),
    }
}
