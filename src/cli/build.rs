//! `fluxdeck build`: the rendered objects themselves, and the variables that Flux puts into them.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::Call;
use super::call::{Output, columns};
use super::out::{self, Raw};
use crate::difference::{WholeObject, whole_objects};
use crate::model::text::{field, message};
use crate::model::{Fault, FaultKind, ObjectRef};
use crate::render::impact::with_state;
use crate::render::revision::Revision;
use crate::render::{Object, Rendered, Rendering, Variable, masked, variables};
use crate::repo::{Snapshot, is_called};
use crate::sops::Identities;
use crate::yaml::sigs;

// Flags of `build`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this Kustomization; NAMESPACE/NAME where two have one name
    #[arg(long, short = 'k', value_name = "NAME")]
    kustomization: Option<String>,
    /// The variables of spec.postBuild in place of the objects: values, origins, uses
    #[arg(long)]
    vars: bool,
    /// What is staged, in place of the working tree
    #[arg(long, conflicts_with = "rev")]
    staged: bool,
    /// A commit, in place of the working tree
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Write the values of secrets, decrypted; refused where standard output is a terminal
    #[arg(long, conflicts_with = "vars")]
    decrypt: bool,
}

/// Holds one variable of a Kustomization.
#[derive(Debug, Serialize)]
struct Row<'a> {
    env: &'a str,
    kustomization: String,
    #[serde(flatten)]
    variable: &'a Variable,
}

/// Holds the result of a build.
struct Built {
    snapshot: Snapshot,
    rendering: Rendering,
    /// The variables of each Kustomization, in the same order.
    variables: Vec<Vec<Variable>>,
}

/// Writes the objects as YAML documents, in the order in which Flux has them, or the variables; ends with 1 where a
/// Kustomization cannot be rendered, or a Secret not be decrypted.
///
/// # Errors
/// Fails when there is no repository, git does not know the commit, or nothing can be rendered; and when values would be
/// decrypted onto a terminal.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    if arguments.decrypt && out::is_terminal() {
        return Err(Fault::new(
            FaultKind::Usage,
            "nothing was decrypted",
            "standard output is a terminal, where the values would stay in its scrollback",
            "pass it on: fluxdeck build --decrypt > FILE, or | COMMAND; without --decrypt the values are masked",
        ));
    }
    let snapshot = super::open::repository(&call.global)?;
    let state = match (arguments.staged, arguments.rev) {
        (true, _) => Revision::Index,
        (false, Some(commit)) => Revision::Commit(commit),
        (false, None) => Revision::WorkingTree,
    };
    let wants_variables = arguments.vars;
    let built = call.renderer.with(|renderer| {
        with_state(&snapshot, &state, renderer, |own, rendering| {
            let of = |one: &Rendered| if wants_variables { variables(one, &own.root) } else { Vec::new() };
            let variables = rendering.of.iter().map(of).collect();
            Built { snapshot: own.with_graph(&rendering.graph), rendering, variables }
        })
    })?;
    let asked = arguments.kustomization.as_deref();
    let is_wanted = |one: &Rendered| {
        call.global.env.as_deref().is_none_or(|wanted| wanted == one.env)
            && asked.is_none_or(|asked| is_called(asked, &one.namespace, &one.name))
    };
    let wanted: Vec<(&Rendered, &[Variable])> = built
        .rendering
        .of
        .iter()
        .zip(built.variables.iter().map(Vec::as_slice))
        .filter(|(one, _)| is_wanted(one))
        .collect();
    super::files::known(&built.snapshot, call, asked, wanted.is_empty())?;
    let locked = if arguments.vars {
        write_variables(&wanted, &built.snapshot, call)?;
        Vec::new()
    } else {
        let keys = if arguments.decrypt { Some(Ok(super::secret::at_hand(call)?)) } else { None };
        write_objects(wanted.iter().map(|(one, _)| *one), &built, keys.as_ref(), call)?
    };
    super::objects::remark(call, wanted.iter().map(|(one, _)| *one));
    let code = super::objects::complain(call, wanted.iter().filter_map(|(one, _)| one.finding.as_ref()));
    for fault in &locked {
        call.complain(fault);
    }
    Ok(if locked.is_empty() { code } else { FaultKind::Failed.exit_code() })
}

/// Writes the objects; returns the reasons for values that stay masked, or unknown, although they were asked for.
fn write_objects<'a>(
    wanted: impl Iterator<Item = &'a Rendered>,
    built: &Built,
    keys: Option<&Result<Identities, Fault>>,
    call: &Call,
) -> Result<Vec<Fault>, Fault> {
    let mut locked = Vec::new();
    let mut bodies = Vec::new();
    let mut text = String::new();
    for one in wanted {
        let whose = built.snapshot.shown(&one.env, &one.namespace, &one.name);
        let mut decrypted = keys.map(|keys| whole_objects(&built.rendering, one, keys)).unwrap_or_default().into_iter();
        if keys.is_none() {
            remark_variables(one, &whose, call);
        }
        for object in &one.objects {
            let body = match decrypted.next() {
                None => masked(&object.body),
                Some(found) => {
                    locked.extend(found.lack.as_deref().map(|why| lacking(object, &found.object, why)));
                    remark_layout(&found, &one.env, call);
                    found.body
                }
            };
            let file = object.origin.remote.as_deref().unwrap_or(&object.origin.file);
            let from = if file.is_empty() { String::new() } else { format!(", from {}", field(file)) };
            text.extend(["---\n# ", &field(&one.env), ": ", &field(&whose), &from, "\n"]);
            text.push_str(&sigs::write(&body));
            bodies.push(body);
        }
    }
    match call.global.output {
        Output::Text | Output::Yaml => out::write_raw(&Raw::Document(text.into_bytes()))?,
        Output::Json | Output::Sarif | Output::Github => call.print(&bodies, |_| String::new())?,
    }
    Ok(locked)
}

fn lacking(object: &Object, named: &ObjectRef, why: &str) -> Fault {
    let file = if object.origin.file.is_empty() { "its file" } else { &object.origin.file };
    Fault::failed(
        format!("{named} is not what Flux applies"),
        why.to_owned(),
        format!("look at {file}; fluxdeck build --vars lists the variables, fluxdeck secret list who opens what"),
    )
}

/// Tells which variables are not put in, so that nobody takes the output for what Flux applies.
fn remark_variables(one: &Rendered, whose: &str, call: &Call) {
    let sources = one.substitution.hidden_sources();
    if !sources.is_empty() {
        let (env, from) = (&one.env, sources.join(", "));
        call.remark(&message(&format!(
            "{env}: {whose}: variables of {from} stay as they are written; --decrypt puts their values in"
        )));
    }
}

/// Tells where sops decides over bytes.
fn remark_layout(whole: &WholeObject, env: &str, call: &Call) {
    if !whole.laid_out.is_empty() {
        let (object, keys) = (&whole.object, whole.laid_out.join(", "));
        call.remark(&message(&format!(
            "{env}: {object}: sops may lay out {keys} otherwise as Flux decrypts it; the bytes, and the hash in the name, may then be others"
        )));
    }
}

fn write_variables(wanted: &[(&Rendered, &[Variable])], snapshot: &Snapshot, call: &Call) -> Result<(), Fault> {
    let mut rows = Vec::new();
    for (one, variables) in wanted {
        let kustomization = snapshot.shown(&one.env, &one.namespace, &one.name);
        rows.extend(variables.iter().map(|variable| Row {
            env: &one.env,
            kustomization: kustomization.clone(),
            variable,
        }));
    }
    call.print(&rows, |rows| text_of_variables(rows))
}

fn text_of_variables(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    let mut by: BTreeMap<(&str, &str), Vec<&Variable>> = BTreeMap::new();
    for row in rows {
        by.entry((row.env, &row.kustomization)).or_default().push(row.variable);
    }
    for ((env, kustomization), variables) in by {
        if !out.is_empty() {
            out.push('\n');
        }
        out.extend([&*field(env), ": ", &*field(kustomization), "\n"]);
        let mut table = Vec::new();
        for variable in variables {
            table.push(vec![
                format!("  {}", variable.name),
                variable.value.clone().unwrap_or_else(|| "-".to_owned()),
                variable.definition.to_string(),
            ]);
            table.extend(variable.overrides.iter().map(|other| {
                let value = other.value.clone().unwrap_or_else(|| "-".to_owned());
                vec!["    overrides".to_owned(), value, other.definition.to_string()]
            }));
            table.extend(variable.used.iter().map(|used| {
                vec!["    used".to_owned(), used.form.clone(), format!("{} {}{}", used.object, used.path, used.place())]
            }));
            if variable.used.is_empty() {
                table.push(vec!["    used".to_owned(), "nowhere".to_owned(), String::new()]);
            }
        }
        out.push_str(&columns(&table));
    }
    if rows.is_empty() { "no Kustomization has variables: spec.postBuild defines none\n".to_owned() } else { out }
}
