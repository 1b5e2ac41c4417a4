//! Settings from environment variables: `FLUXDECK_THEME`, and `FLUXDECK_ENV_STAGING_CONTEXT` for an environment's
//! setting.

use std::path::PathBuf;

use super::layer::{EnvSettings, Layer, SettingOrigin, Sourced};
use crate::model::{Fault, LessonMode};
use crate::programs::CommandLine;
use crate::repo::FileFault;

const PREFIX: &str = "FLUXDECK_";

/// Variables in the place of flags; the command line reads them.
const OF_FLAGS: [&str; 6] = ["REPO", "ENV", "CONTEXT", "KUBECONFIG", "CONFIG", "LOG"];

/// Variables that are read elsewhere.
const OTHERS: [&str; 1] = ["SERVICE_ACCOUNT"];

/// Reads the variables of fluxdeck. Environments are keyed by their names as [`spelled`].
pub(super) fn read(variables: impl IntoIterator<Item = (String, String)>) -> (Layer, Vec<FileFault>) {
    let (mut layer, mut findings) = (Layer::default(), Vec::new());
    for (name, value) in variables {
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        let origin = SettingOrigin::Variable(name.clone());
        let mut report = |what: String, why: &str| {
            findings.push(FileFault::new(
                &format!("${name}"),
                None,
                Fault::failed(what, why, "correct it or unset it"),
            ));
        };
        let flag = boolean(&value).map(|flag| Sourced::new(flag, origin.clone()));
        if flag.is_none() && matches!(key, "ASCII" | "MOUSE" | "READ_ONLY") {
            report(
                format!("{name} is neither true nor false"),
                "1, true, yes, on and 0, false, no, off are understood",
            );
        }
        match key {
            "THEME" => layer.theme = Some(Sourced::new(value, origin)),
            "ASCII" => layer.ascii = flag,
            "MOUSE" => layer.mouse = flag,
            "LESSONS" => match LessonMode::named(&value) {
                Some(mode) => layer.lessons = Some(Sourced::new(mode, origin)),
                None => report(format!("{name} is ignored"), "it must be always, first or never"),
            },
            // A guard with an invalid value was meant to guard.
            "READ_ONLY" => layer.read_only = Some(flag.unwrap_or(Sourced::new(true, origin))),
            _ if OF_FLAGS.contains(&key) || OTHERS.contains(&key) => {}
            _ => match key.strip_prefix("ENV_").and_then(split) {
                Some((environment, field)) => {
                    let settings = layer.envs.entry(environment.to_owned()).or_default();
                    if !set(settings, field, value, flag, origin) {
                        report(format!("{name} is ignored"), "it must be a whole number");
                    }
                }
                None => report(format!("{name} is not a setting"), "`fluxdeck info` lists those that are"),
            },
        }
    }
    (layer, findings)
}

fn set(
    settings: &mut EnvSettings,
    field: &str,
    value: String,
    flag: Option<Sourced<bool>>,
    origin: SettingOrigin,
) -> bool {
    match field {
        "CONTEXT" => settings.context = Some(Sourced::new(value, origin)),
        "KUBECONFIG" => settings.kubeconfig = Some(Sourced::new(PathBuf::from(value), origin)),
        "NAMESPACES" => {
            let names = value.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
            settings.namespaces = Some(Sourced::new(names, origin));
        }
        "PATH" => settings.path = Some(Sourced::new(value, origin)),
        "AGE_KEY_FILE" => settings.age_key_file = Some(Sourced::new(PathBuf::from(value), origin)),
        "AGE_KEY_COMMAND" => settings.age_key_command = Some(Sourced::new(CommandLine::new(value), origin)),
        "PROTECTED" => settings.protected = Some(flag.unwrap_or(Sourced::new(true, origin))),
        "COLOUR" => settings.colour = Some(Sourced::new(value, origin)),
        _ => match value.parse() {
            Ok(order) => settings.order = Some(Sourced::new(order, origin)),
            Err(_) => return false,
        },
    }
    true
}

/// Splits `STAGING_CONTEXT` into the environment and the field.
fn split(key: &str) -> Option<(&str, &str)> {
    [
        "_CONTEXT",
        "_KUBECONFIG",
        "_NAMESPACES",
        "_PATH",
        "_AGE_KEY_FILE",
        "_AGE_KEY_COMMAND",
        "_PROTECTED",
        "_COLOUR",
        "_ORDER",
    ]
    .into_iter()
    .find_map(|suffix| {
        let environment = key.strip_suffix(suffix)?;
        (!environment.is_empty()).then_some((environment, suffix.trim_start_matches('_')))
    })
}

/// Spells an environment's name as in variables: in capitals, with `_` for every character that is neither letter nor
/// digit.
pub(super) fn spelled(environment: &str) -> String {
    environment.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" | "" => Some(false),
        _ => None,
    }
}
