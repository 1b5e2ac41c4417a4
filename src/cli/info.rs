//! `fluxdeck info`: each setting with its origin, the environments, and the places that fluxdeck reads and writes.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::Call;
use super::call::columns;
use crate::config::SettingOrigin;
use crate::model::text::{field, message};
use crate::model::{Environment, Fault};
use crate::render::{Installation, Object, Origin, sandbox};
use crate::repo::contents;
use crate::runtime::Session;
use crate::yaml;

// Flags of `info`.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

#[derive(Serialize)]
struct Info {
    version: &'static str,
    repository: Option<String>,
    settings: Vec<Setting>,
    findings: Vec<String>,
}

#[derive(Serialize)]
struct Setting {
    #[serde(rename = "setting")]
    name: String,
    value: Option<String>,
    origin: String,
}

/// Lists the faults of the settings, and the lack of any environment.
fn findings(session: &Session) -> Vec<String> {
    let nothing = session.environments.is_empty().then(|| {
        let Fault { what, why, todo, .. } = &session.nothing;
        format!("{what}\n  why: {why}\n  what to do: {todo}")
    });
    session.settings.findings.iter().map(ToString::to_string).chain(nothing).collect()
}

/// Prints the settings; ends with 1 where one is wrong, and where there is no environment.
///
/// # Errors
/// Fails when standard output cannot be written.
pub(super) fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session_of_any()?;
        let info = Info {
            version: env!("CARGO_PKG_VERSION"),
            repository: session.root.as_ref().ok().map(|root| root.display().to_string()),
            settings: settings(&session),
            findings: findings(&session),
        };
        call.print(&info, text)?;
        Ok(u8::from(!info.findings.is_empty()))
    })
}

/// Lists the settings in force, then those of each environment.
fn settings(session: &Session) -> Vec<Setting> {
    let known = &session.settings;
    let mut list = vec![
        setting("theme", Some(known.theme.value.clone()), &known.theme.origin),
        setting("ascii", known.ascii.value.map(|value| value.to_string()), &known.ascii.origin),
        setting("mouse", Some(known.mouse.value.to_string()), &known.mouse.origin),
        setting("lessons", known.lessons.value.map(|mode| mode.word().to_owned()), &known.lessons.origin),
        setting("read_only", Some(known.read_only.value.to_string()), &known.read_only.origin),
    ];
    for (id, keys) in &known.keys {
        list.push(setting(&format!("keys.{id}"), Some(keys.value.join(" ")), &keys.origin));
    }
    let walls = if sandbox::is_available() { "landlock, memory, time" } else { "memory, time" };
    list.push(setting("kustomize.kept_by", Some(walls.to_owned()), &SettingOrigin::Rule("this kernel".to_owned())));
    let declared = declared(session);
    for environment in &session.environments {
        of_environment(&mut list, session, environment);
        list.push(flux(&declared, &environment.name));
        if let Some(exposed) = session.exposure(environment.env) {
            let name = format!("env.{}.connection", environment.name);
            list.push(setting(
                &name,
                Some(exposed.word().to_owned()),
                &SettingOrigin::Rule("the kubeconfig".to_owned()),
            ));
        }
    }
    list
}

/// Reads the Flux that each environment's files declare.
fn declared(session: &Session) -> BTreeMap<String, Installation> {
    let loader = session.loader.lock().ok().and_then(|mut loader| loader.take());
    let Some(snapshot) = loader.map(|mut loader| loader.feeds()) else { return BTreeMap::new() };
    let mut objects: BTreeMap<String, BTreeMap<&str, Vec<Object>>> = BTreeMap::new();
    for feed in snapshot.feeds.iter().chain(snapshot.feeds.roots()) {
        for file in feed.files.keys() {
            let of = objects.entry(feed.env.clone()).or_default();
            of.entry(file).or_insert_with(|| of_flux(&snapshot.root, file));
        }
    }
    let one = |(env, files): (String, BTreeMap<&str, Vec<Object>>)| {
        (env, Installation::from_objects(files.values().flatten()))
    };
    objects.into_iter().map(one).collect()
}

/// Returns the objects of a file that may declare the version of Flux.
fn of_flux(root: &Path, file: &str) -> Vec<Object> {
    const MARKS: [&str; 6] = [
        "FluxInstance",
        "kustomize-controller",
        "source-controller",
        "flux-manifests",
        "flux-instance",
        "fluxcd/flux2",
    ];
    let text = contents::text(root, file).unwrap_or_default();
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return Vec::new();
    }
    let origin = || Origin { file: file.to_owned(), ..Origin::default() };
    let bodies = yaml::documents_as::<serde_json::Value>(&text).unwrap_or_default();
    bodies.into_iter().map(|body| Object::new(body, origin(), Vec::new())).collect()
}

/// Returns the Flux of an environment, without querying any cluster.
fn flux(declared: &BTreeMap<String, Installation>, env: &str) -> Setting {
    let known = declared.get(env).and_then(|flux| Some((flux.version()?, flux.known_from()?)));
    let (value, origin) = known.map_or_else(
        || (None, "the repository does not say: the cockpit asks the controllers of the cluster".to_owned()),
        |(version, from)| (Some(version), from.to_owned()),
    );
    Setting { name: format!("env.{env}.flux"), value, origin }
}

fn of_environment(list: &mut Vec<Setting>, session: &Session, environment: &Environment) {
    let known = &session.settings;
    let name = |key: &str| format!("env.{}.{key}", environment.name);
    let own = known.env(&environment.name);
    let context = own
        .context
        .as_ref()
        .map_or_else(|| SettingOrigin::Rule("a context of the same name".to_owned()), |context| context.origin.clone());
    let context = if environment.context.is_some() { context } else { SettingOrigin::Default };
    list.push(setting(&name("context"), environment.context.clone(), &context));
    if let Some(file) = &own.kubeconfig {
        list.push(setting(&name("kubeconfig"), Some(file.value.display().to_string()), &file.origin));
    }
    if let Some(names) = &own.namespaces {
        list.push(setting(&name("namespaces"), Some(names.value.join(", ")), &names.origin));
    }
    if let Some(path) = &environment.path {
        let origin = own
            .path
            .as_ref()
            .map_or_else(|| SettingOrigin::Rule("what Flux syncs".to_owned()), |path| path.origin.clone());
        let shown = if path.is_empty() { "." } else { path };
        list.push(setting(&name("path"), Some(shown.to_owned()), &origin));
    }
    let why = environment.protected_by.as_ref().map_or_else(
        || session.unprotected.get(environment.env).map(ToString::to_string).unwrap_or_default(),
        ToString::to_string,
    );
    list.push(Setting { name: name("protected"), value: Some(environment.protected.to_string()), origin: why });
    if let Some(file) = &own.age_key_file {
        list.push(setting(&name("age_key_file"), Some(file.value.display().to_string()), &file.origin));
    }
    if let Some(command) = &own.age_key_command {
        // A command line may contain the key itself, however unwise that is.
        let carries = command.value.text.contains("AGE-SECRET-KEY-");
        let shown = if carries { "(masked)".to_owned() } else { command.value.text.clone() };
        list.push(setting(&name("age_key_command"), Some(shown), &command.origin));
    }
    if let Some(colour) = &own.colour {
        list.push(setting(&name("colour"), Some(colour.value.clone()), &colour.origin));
    }
    if let Some(order) = &own.order {
        list.push(setting(&name("order"), Some(order.value.to_string()), &order.origin));
    }
}

fn setting(name: &str, value: Option<String>, origin: &SettingOrigin) -> Setting {
    Setting { name: name.to_owned(), value, origin: origin.to_string() }
}

fn text(info: &Info) -> String {
    let repository = field(info.repository.as_deref().unwrap_or("none"));
    let head = format!("fluxdeck {}\nrepository  {repository}\n\n", info.version);
    let mut rows = vec![["SETTING", "VALUE", "FROM"].map(str::to_owned).to_vec()];
    rows.extend(
        info.settings
            .iter()
            .map(|one| vec![one.name.clone(), one.value.clone().unwrap_or_else(|| "-".to_owned()), one.origin.clone()]),
    );
    let findings = info.findings.iter().map(|one| message(one)).collect::<Vec<_>>().join("\n");
    head + &columns(&rows) + if findings.is_empty() { "" } else { "\n" } + &findings
}
