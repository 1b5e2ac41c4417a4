//! The tabs of the build: the objects that the repository renders for a Kustomization, each with its YAML, and the
//! variables that Flux puts into them.

use std::sync::Arc;

use crate::app::{CommandTarget, Task};
use crate::model::{Env, Fault, ObjectRef};
use crate::render::{Object, Rendered, Rendering, Variable, VariableUse, masked, variables};
use crate::repo::Snapshot;
use crate::theme::Scope;
use crate::views::parts::page::{PageLine, SharedLines};
use crate::yaml::sigs;

/// Holds the build of a Kustomization in the form of the screen.
#[derive(Debug)]
pub(super) struct Built {
    /// The objects; secret values are masked.
    pub(super) objects: SharedLines,
    /// The number of them.
    pub(super) count: usize,
    /// The variables.
    pub(super) variables: SharedLines,
    /// The number of them.
    pub(super) variable_count: usize,
}

/// Answers the task with the environment of the request.
pub(super) struct BuiltAnswer(pub(super) Env, pub(super) Result<Built, Fault>);

/// Builds the task that renders a Kustomization; `name` is the environment's.
pub(super) fn task(env: Env, name: &str, object: &ObjectRef, snapshot: Arc<Snapshot>) -> Task {
    let (name, object) = (name.to_owned(), object.clone());
    Task::stream(format!("build {object}"), move |reach, mut reply| async move {
        let (renderer, stop) = (reach.renderer.clone(), reach.renderer.newest("build"));
        let _given_up_with_the_screen = stop.with_its_owner();
        let inner = stop.clone();
        let built = reach.away(move || {
            let rendering = renderer.until(&inner, |renderer| renderer.render(&snapshot))?;
            of(env, &name, &object, &rendering, &snapshot)
        });
        let built = built.await.and_then(|built| built);
        // A newer build answers.
        if !stop.is_given_up() {
            reply.send(BuiltAnswer(env, built)).await;
        }
    })
}

/// Writes the build of a Kustomization out of a rendering.
///
/// # Errors
/// Fails if the repository does not declare it, or cannot render it.
pub(super) fn of(
    env: Env,
    name: &str,
    object: &ObjectRef,
    rendering: &Rendering,
    snapshot: &Snapshot,
) -> Result<Built, Fault> {
    let is_it = |one: &&Rendered| one.env == name && one.namespace == object.namespace && one.name == object.name;
    let one = rendering.of.iter().find(is_it).ok_or_else(|| {
        Fault::failed(
            format!("{object} is not built"),
            format!("the repository does not render it for {name}: it is declared elsewhere, or its content is"),
            "the inventory lists what it has applied",
        )
    })?;
    if let Some(finding) = &one.finding {
        return Err(finding.fault.clone());
    }
    let listed = variables(one, &snapshot.root);
    let mut objects: Vec<PageLine> =
        one.why_not_whole().map(|why| PageLine::wrapped(why, Scope::Waiting)).into_iter().collect();
    objects.extend(one.objects.iter().flat_map(|object| object_lines(env, object)));
    if one.objects.is_empty() {
        objects.push(PageLine::wrapped("it renders to no object", Scope::Text));
    }
    Ok(Built {
        objects: objects.into(),
        count: one.objects.len(),
        variable_count: listed.len(),
        variables: variable_lines(env, &listed).into(),
    })
}

/// Writes an object: its name, and its YAML folded below.
fn object_lines(env: Env, object: &Object) -> Vec<PageLine> {
    let target = Some(CommandTarget::Object(env, object.object.clone()));
    let file = object.origin.remote.as_deref().unwrap_or(&object.origin.file);
    let mut lines =
        vec![PageLine::cut(file, Scope::Dim).cell(object.object.to_string(), Scope::Title).opens(target.clone())];
    lines.extend(sigs::write(&masked(&object.body)).lines().map(|line| {
        let scope = if line.contains(": (masked") || line.contains(": '(masked") { Scope::Masked } else { Scope::Text };
        PageLine::cut(line, scope).after("      ", Scope::Dim).opens(target.clone()).below()
    }));
    lines
}

fn variable_lines(env: Env, variables: &[Variable]) -> Vec<PageLine> {
    if variables.is_empty() {
        return vec![PageLine::wrapped("Flux puts in no variable: spec.postBuild defines none", Scope::Text)];
    }
    let mut lines = vec![PageLine::wrapped(
        "‹key:right› shows what a variable overrides and where it is used, ‹key:left› hides it",
        Scope::Dim,
    )];
    lines.extend(variables.iter().flat_map(|variable| lines_of(env, variable)));
    lines
}

fn lines_of(env: Env, variable: &Variable) -> Vec<PageLine> {
    let definition = &variable.definition;
    let file = |file: &Option<String>| file.clone().map(|file| CommandTarget::File(Some(env), file));
    let (value, scope) = match (&variable.value, definition.origin.as_str()) {
        (Some(value), _) if value.starts_with("(masked") => (value.clone(), Scope::Masked),
        (Some(value), _) => (value.clone(), Scope::Text),
        (None, "undefined") => ("undefined: it becomes nothing".to_owned(), Scope::Failed),
        (None, _) => ("not known here".to_owned(), Scope::Waiting),
    };
    let uses = match variable.used.len() {
        0 => "used nowhere".to_owned(),
        1 => "used once".to_owned(),
        count => format!("used {count} times"),
    };
    let mut lines = vec![
        PageLine::cut(uses, Scope::Dim)
            .cell(variable.name.clone(), Scope::Title)
            .cell(value, scope)
            .cell(definition.to_string(), Scope::Dim)
            .opens(file(&definition.file))
            .at(definition.line),
    ];
    for other in &variable.overrides {
        let value = other.value.as_deref().unwrap_or("not known here");
        lines.push(
            PageLine::cut(format!("{value}  {}", other.definition), Scope::Dim)
                .after("      overrides  ", Scope::Dim)
                .opens(file(&other.definition.file))
                .at(other.definition.line)
                .below(),
        );
    }
    for VariableUse { object, path, form, file: used_in, line } in &variable.used {
        lines.push(
            PageLine::cut(format!("{object}  {path}  {form}"), Scope::Text)
                .after("      used       ", Scope::Dim)
                .opens(file(used_in))
                .at(*line)
                .below(),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::of;
    use crate::model::{Env, ObjectRef};
    use crate::render::{Object, Origin, Rendered, Rendering};
    use crate::repo::Snapshot;

    #[test]
    fn a_build_masks_secrets_and_says_what_is_not_rendered() {
        let folder = tempfile::tempdir().unwrap();
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}, "stringData": {"c": "hunter2"}});
        let one = Rendered {
            env: "staging".to_owned(),
            namespace: "flux-system".to_owned(),
            name: "apps".to_owned(),
            objects: vec![Object::new(
                secret,
                Origin { file: "apps/a.yaml".to_owned(), ..Origin::default() },
                Vec::new(),
            )],
            ..Rendered::default()
        };
        let rendering = Rendering { of: vec![one], graph: Arc::default() };
        let snapshot = Snapshot::load(folder.path());
        let named = |name: &str| ObjectRef::new("Kustomization", "kustomize.toolkit.fluxcd.io", "flux-system", name);
        let built = of(Env(0), "staging", &named("apps"), &rendering, &snapshot).unwrap();
        let text = format!("{:?}", built.objects);
        assert!(
            text.contains("Secret/b/a") && text.contains("(masked, 7 bytes)") && !text.contains("hunter2"),
            "{text}"
        );
        assert_eq!((built.count, built.variable_count), (1, 0));
        assert!(
            of(Env(0), "production", &named("apps"), &rendering, &snapshot).unwrap_err().why.contains("production")
        );
    }
}
