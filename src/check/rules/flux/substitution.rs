//! Variables that nothing defines.

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Other, Rule, RuleInput};
use crate::model::ObjectRef;
use crate::render::{Object, Rendered, SWITCH, Undefined};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-substitution",
    about: "a variable of spec.postBuild that nothing defines, or a substituteFrom that is declared nowhere",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    undefined(world, found);
    for one in world.rendering.of.iter().filter(|one| one.env == world.env) {
        let Some(object) = world.find("Kustomization", &one.namespace, &one.name) else { continue };
        own_source(world, one, object, found);
        for missing in one
            .unknown
            .iter()
            .filter(|name| name.parse::<ObjectRef>().is_ok_and(|name| world.find_object(&name).is_none()))
        {
            // A Secret may be created by hand, as the first key of a cluster is.
            let may_come = || world.may_come(&[("", "ConfigMap")], &one.namespace);
            if missing.starts_with("ConfigMap/") && !may_come() {
                let message = format!("substituteFrom names {missing}, which is declared nowhere");
                let why = "Flux fails: BuildFailed, substitute from it is not found";
                let name = missing.rsplit('/').next().unwrap_or_default();
                let elsewhere = world.objects().find(|one| one.is("", "ConfigMap") && one.object.name == name);
                let fix = match elsewhere {
                    Some(other) => format!(
                        "one of the name is in {}: Flux looks in {} alone, where the Kustomization is",
                        other.object.namespace, one.namespace
                    ),
                    None => "declare it in a Kustomization that comes before, or set optional: true".to_owned(),
                };
                let finding = world.finding(&RULE, object, "substituteFrom", message, why, fix);
                // If many Kustomizations name an undeclared ConfigMap, the tool that creates the clusters provides it.
                let is_habit = users(world, missing) >= MANY && !is_declared(world, missing);
                found.push(if is_habit { finding.hint() } else { finding });
            }
        }
    }
}

/// Reports the sources of variables that a Kustomization itself applies, and nobody before it.
fn own_source(world: &World<'_>, one: &Rendered, object: &Object, found: &mut Vec<Finding>) {
    for source in list(&object.body, "/spec/postBuild/substituteFrom") {
        let (kind, name) = (text(source, "/kind"), text(source, "/name"));
        let is_it =
            |known: &Object| known.is("", kind) && known.object.name == name && known.object.namespace == one.namespace;
        let mut makers = world.applied().filter(|(_, known)| is_it(known)).map(|(maker, _)| maker).peekable();
        let is_optional = at(source, "/optional") == true;
        if is_optional || makers.peek().is_none() || !makers.all(|maker| maker.shown() == one.shown()) {
            continue;
        }
        let message =
            format!("substituteFrom names {kind}/{}/{name}, which {} itself applies", one.namespace, one.shown());
        let why = "on a new cluster Flux fails before it applies anything (substitute from it is not found), unless it is made by hand first";
        let fix = "move it to a Kustomization that comes before, and depend on that";
        found.push(world.finding(&RULE, object, name, message, why, fix).hint());
    }
}

/// This many users of an undeclared object are intended: otherwise none of them would have ever worked.
const MANY: usize = 3;

/// Counts the Kustomizations that name an object in substituteFrom, in any environment.
fn users(world: &World<'_>, missing: &str) -> usize {
    world.rendering.of.iter().filter(|one| one.unknown.iter().any(|name| name == missing)).count()
}

/// Tells whether a ConfigMap of the name is declared in any environment.
fn is_declared(world: &World<'_>, missing: &str) -> bool {
    let name = missing.rsplit('/').next().unwrap_or_default();
    let mut all = world.rendering.of.iter().flat_map(|one| &one.objects);
    all.any(|object| object.is("", "ConfigMap") && object.object.name == name)
}

/// Holds a place that uses an undefined variable.
struct Use<'a> {
    unset: &'a Undefined,
    one: &'a Rendered,
    object: &'a Object,
    file: String,
    line: Option<usize>,
}

/// Reports the undefined variables at their first use: those of one file together, and one of several files once, with
/// its other places below it.
fn undefined(world: &World<'_>, found: &mut Vec<Finding>) {
    let mut by_name: BTreeMap<&str, Vec<Use<'_>>> = BTreeMap::new();
    for one in world.rendering.of.iter().filter(|one| one.env == world.env) {
        for unset in one.undefined.iter().filter(|unset| counts(world, unset)) {
            by_name.entry(unset.name.as_str()).or_default().extend(uses(world, one, unset));
        }
    }
    let mut by_place: BTreeMap<(&str, Vec<String>), Vec<Vec<Use<'_>>>> = BTreeMap::new();
    let names_of = |uses: &[Use<'_>]| {
        let names: BTreeSet<String> = uses.iter().map(|one| one.one.shown()).collect();
        names.into_iter().collect::<Vec<String>>()
    };
    let groups: Vec<(String, Vec<Use<'_>>)> =
        by_name.into_values().filter_map(|uses| Some((uses.first()?.file.clone(), uses))).collect();
    let files: Vec<String> = groups.iter().map(|(file, _)| file.clone()).collect();
    for (file, (_, uses)) in files.iter().zip(groups) {
        by_place.entry((file, names_of(&uses))).or_default().push(uses);
    }
    for ((_, kustomizations), variables) in by_place {
        let names: Vec<&str> = variables.iter().filter_map(|uses| Some(uses.first()?.unset.name.as_str())).collect();
        let mut uses: Vec<&Use<'_>> = variables.iter().flatten().collect();
        let Some(at) = uses
            .iter()
            .enumerate()
            .filter(|(_, one)| Some(&one.file) == uses.first().map(|one| &one.file))
            .min_by_key(|(_, one)| one.line)
            .map(|(at, _)| at)
        else {
            continue;
        };
        let first = uses.remove(at);
        found.push(told(world, first, &names, kustomizations, &uses));
    }
}

/// Tells whether the Flux of the environment rejects or mishandles an undefined variable.
fn counts(world: &World<'_>, unset: &Undefined) -> bool {
    match world.flux.is_strict() {
        Some(true) => world.flux.is_strict_with_operators() || unset.form == format!("${{{}}}", unset.name),
        // Nothing reads the descriptions in a schema; a strict Flux fails at them nevertheless.
        _ => !unset.idle && !unset.objects.iter().all(|object| object.kind == "CustomResourceDefinition"),
    }
}

/// Lists the uses of a variable, in the file of each object that contains it.
fn uses<'a>(world: &World<'a>, one: &'a Rendered, unset: &'a Undefined) -> Vec<Use<'a>> {
    // A cluster-scoped object loses its namespace later.
    let is_it = |object: &&Object, holder: &ObjectRef| {
        (&object.object.kind, &object.object.name) == (&holder.kind, &holder.name)
            && (object.object.namespace.is_empty() || object.object.namespace == holder.namespace)
    };
    let holders = unset.objects.iter().filter_map(|holder| one.objects.iter().find(|object| is_it(object, holder)));
    let mut found: Vec<Use<'_>> = Vec::new();
    for object in holders {
        let (file, line) = world.place(object, &unset.form);
        if !found.iter().any(|known| (&known.file, known.line) == (&file, line)) {
            found.push(Use { unset, one, object, file, line });
        }
    }
    if found.is_empty() {
        let object = world.find("Kustomization", &one.namespace, &one.name);
        found.extend(object.map(|object| {
            let (file, line) = world.place(object, "postBuild");
            Use { unset, one, object, file, line }
        }));
    }
    found
}

fn told(world: &World<'_>, first: &Use<'_>, names: &[&str], kustomizations: Vec<String>, more: &[&Use<'_>]) -> Finding {
    let name = &first.unset.name;
    let message = format!("nothing defines {}", names.join(", "));
    let (them, each) = if names.len() == 1 { ("it", "it") } else { ("them", "each") };
    let fix = format!(
        "define {them} in spec.postBuild, give {each} a default as in ${{{name}:=value}}, or write $${{{name}}} where it is meant as it stands; the annotation {SWITCH}: disabled keeps a whole object from it"
    );
    let place = if names.len() == 1 { "its" } else { "their" };
    let strict = world.flux.is_strict();
    let why = match strict {
        Some(true) => {
            let flux = world.flux.version().map_or_else(|| "Flux".to_owned(), |version| format!("Flux {version}"));
            format!("{flux} refuses the whole Kustomization: BuildFailed, variable not set (strict mode): {name:?}")
        }
        Some(false) => format!("Flux puts an empty text in {place} place, and says nothing"),
        None => format!(
            "Flux puts an empty text in {place} place, and says nothing; since Flux 2.9 it refuses the whole Kustomization"
        ),
    };
    let found = Finding::new(RULE.id, &first.file, message, why, fix);
    let mut finding = Finding {
        line: first.line,
        kustomizations,
        ..found.in_environment(world.env).about(Some(first.object.object.to_string()))
    };
    let mut places = BTreeSet::from([(first.file.as_str(), first.line)]);
    for other in more.iter().filter(|other| places.insert((&other.file, other.line))) {
        let (env, object) = (Some(world.env.to_owned()), Some(other.object.object.to_string()));
        finding.others.push(Other { env, file: other.file.clone(), line: other.line, object });
    }
    // Grafana sets the variables of a dashboard on import; without them it takes the default data source.
    let of_dashboards = names.iter().all(|name| name.starts_with("DS_"));
    if of_dashboards && strict != Some(true) { finding.hint() } else { finding }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::check::RuleInput;
    use crate::check::testing::{assert_rule, rendering};
    use crate::check::world::World;
    use crate::render::Undefined;

    const FIRES: &[&str] = &[];
    const SILENT: &[&str] = &["---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }

    #[test]
    fn what_a_kustomization_itself_applies_is_not_there_in_time() {
        let with = |maker: &str, more: &str| {
            format!(
                "=== staging root\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps, namespace: flux-system}}\nspec: {{postBuild: {{substituteFrom: [{{kind: ConfigMap, name: vars{more}}}]}}}}\n=== staging {maker}\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: vars, namespace: flux-system}}\n"
            )
        };
        let optional = with("apps", ", optional: true");
        assert_rule(&super::RULE, &[with("apps", "")], &[with("root", ""), with("other", ""), optional]);
    }
    #[test]
    fn what_nothing_defines_is_told_as_the_flux_of_the_environment_takes_it() {
        let text = |version: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps, namespace: flux-system}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: web}}\n---\napiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {{name: flux, namespace: flux-system}}\nspec: {{distribution: {{version: {version}}}}}\n"
            )
        };
        let found = |version: &str, form: &str, idle: bool| {
            let mut rendering = rendering(&text(version));
            let objects = vec![rendering.of[0].objects[1].object.clone()];
            rendering.of[0].undefined = vec![Undefined { name: "X".to_owned(), form: form.to_owned(), idle, objects }];
            let RuleInput::World(check) = super::RULE.check else { panic!("it looks at a world") };
            let mut found = Vec::new();
            check(&World::new("staging", &rendering, Path::new("/nonexistent")), &mut found);
            found
                .into_iter()
                .flat_map(|one| [one.object.unwrap_or_default(), " ".to_owned(), one.why])
                .collect::<String>()
        };
        assert!(found("2.9.x", "${X^}", true).starts_with("ConfigMap/web/web Flux 2.9 refuses"));
        assert!(found("2.8.x", "${X^}", false).ends_with("and says nothing"));
        assert!(found("2.x", "${X}", false).contains("since Flux 2.9"));
        assert_eq!(found("2.8.x", "${X}", true), "");
    }
}
