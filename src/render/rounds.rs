//! Rendering round by round: the output of a Kustomization shows which others there are, and their content.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::build::Job;
use super::finish::{Maps, finish, named};
use super::gather::Gatherer;
use super::sets::{Key, Sets, applied};
use super::substitute::Named;
use super::{Brings, Rendered, Renderer, Rendering, Tool, Unseen, scope};
use crate::model::{Fault, ObjectRef};
use crate::repo::Snapshot;
use crate::repo::effective::{BuildTask, Effective};

/// The most passes over everything because variables turned out to differ from their first values: those of one
/// Kustomization may be in a ConfigMap that another one renders, with variables of its own.
const PASSES: usize = 4;

/// Holds the lookups on the way: the environment, the object, and its assumed variables.
type Used = Vec<(String, ObjectRef, Option<Named>)>;

impl Renderer {
    /// Renders everything that the environments' entry folders apply, transitively.
    pub(super) fn rounds(&mut self, snapshot: &Snapshot, root: &Path, tool: &Tool) -> Result<Rendering, Fault> {
        let mut gatherer = Gatherer::new(root);
        let mut maps = Maps::new(root);
        let (mut rendering, mut used) = self.pass(snapshot, root, tool, &mut gatherer, &mut maps)?;
        for _ in 1..PASSES {
            if used.iter().all(|(env, object, known)| maps.get(env, object) == known.as_ref()) {
                break;
            }
            (rendering, used) = self.pass(snapshot, root, tool, &mut gatherer, &mut maps)?;
        }
        Ok(rendering)
    }

    fn pass(
        &mut self,
        snapshot: &Snapshot,
        root: &Path,
        tool: &Tool,
        gatherer: &mut Gatherer<'_>,
        maps: &mut Maps,
    ) -> Result<(Rendering, Used), Fault> {
        let (mut graph, mut tasks) = Effective::begin(snapshot);
        let mut done: BTreeMap<Key, Rendered> = BTreeMap::new();
        let mut waiting: Vec<(BuildTask, Rendered)> = Vec::new();
        let mut used = Vec::new();
        let mut sets = Sets::default();
        loop {
            tasks.retain(|task| self.narrowed.as_ref().is_none_or(|narrowed| narrowed.takes(&task.one)));
            for (task, rendered) in self.build_tasks(root, tool, tasks, gatherer)? {
                maps.offer(&rendered.env, &rendered.objects);
                waiting.push((task, rendered));
            }
            // A Kustomization that waits for variables of another one goes last.
            let is_ready = |(task, _): &(BuildTask, Rendered)| {
                let one = &task.one;
                named(&one.spec, &one.namespace).iter().all(|(object, _)| maps.get(&one.env, object).is_some())
            };
            let (mut ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
            waiting = rest;
            tasks = Vec::new();
            if ready.is_empty() {
                // Objects of sets may be the missing ones.
                let (made, any) = sets.unfold(&mut done, &mut graph, maps, false);
                tasks = made;
                if any {
                    continue;
                }
                ready = std::mem::take(&mut waiting);
            }
            for (task, mut rendered) in ready {
                let one = &task.one;
                if !graph.is_current(one) {
                    continue;
                }
                let mut hidden = false;
                for (object, optional) in named(&one.spec, &one.namespace) {
                    let known = maps.get(&one.env, &object).cloned();
                    hidden |= known.as_ref().map_or(!optional, |known| known.values().any(Option::is_none));
                    used.push((one.env.clone(), object, known));
                }
                finish(&mut rendered, one, maps);
                maps.take(&one.env, &rendered.objects);
                let found = next(&mut graph, &task, &mut rendered, hidden);
                let is_anew = found.iter().any(|other| other.one.env == one.env && other.one.object() == one.object());
                sets.take(one, if is_anew { &[] } else { &rendered.objects }, hidden);
                tasks.extend(found);
                done.insert((one.env.clone(), one.name.clone(), one.namespace.clone()), rendered);
            }
            // Drop builds of Kustomizations that changed or are gone.
            tasks.retain(|task| graph.is_current(&task.one));
            done.retain(|(env, name, namespace), _| !graph.is_gone(env, namespace, name));
            sets.keep(|parent| graph.is_current(parent));
            if tasks.is_empty() && waiting.is_empty() {
                let (made, any) = sets.unfold(&mut done, &mut graph, maps, false);
                tasks = made;
                if any {
                    continue;
                }
                tasks = graph.fall_back();
                if !tasks.is_empty() {
                    continue;
                }
                let (made, any) = sets.unfold(&mut done, &mut graph, maps, true);
                tasks = made;
                if !any {
                    break;
                }
            }
        }
        let mut of: Vec<Rendered> = done.into_values().collect();
        scope::settle(&mut of);
        sets.order(&mut graph);
        Ok((Rendering { of, graph: Arc::new(graph.finish()) }, used))
    }

    fn build_tasks(
        &mut self,
        root: &Path,
        tool: &Tool,
        tasks: Vec<BuildTask>,
        gatherer: &mut Gatherer<'_>,
    ) -> Result<Vec<(BuildTask, Rendered)>, Fault> {
        let mut jobs = Vec::new();
        for task in tasks.iter().filter(|task| task.unknown.is_none()) {
            jobs.push(Job::new(tool, &task.one, &task.feed, gatherer));
        }
        self.build(root, tool, &jobs)?;
        let mut rendered = jobs.iter().map(|job| self.rendered(job)).collect::<Vec<_>>().into_iter();
        drop(jobs);
        let mut found = Vec::new();
        for task in tasks {
            let one = match &task.unknown {
                None => rendered.next().unwrap_or_default(),
                Some(why) => unseen(&task, why),
            };
            found.push((task, one));
        }
        Ok(found)
    }
}

/// Builds the result of a Kustomization that was not rendered.
fn unseen(task: &BuildTask, why: &str) -> Rendered {
    let one = &task.one;
    Rendered {
        env: one.env.clone(),
        namespace: one.namespace.clone(),
        name: one.name.clone(),
        unseen: vec![Unseen {
            file: one.file.clone(),
            what: format!("Kustomization {}", one.shown()),
            why: why.to_owned(),
            changes: false,
            // Objects for another cluster are not in this one.
            brings: if one.spec.get("kubeConfig").is_some() { Brings::Contents } else { Brings::Anything },
            namespace: one.target_namespace.clone(),
        }],
        ..Rendered::default()
    }
}

/// Returns the next tasks from the output of a Kustomization.
fn next(graph: &mut Effective, task: &BuildTask, rendered: &mut Rendered, hidden: bool) -> Vec<BuildTask> {
    let one = &task.one;
    rendered.unsure.clone_from(&one.unsure);
    if rendered.finding.is_some() {
        graph.is_broken(one);
        // A consequence of something broken is not reported as broken as well.
        rendered.finding.take_if(|_| one.unsure.is_some());
        return Vec::new();
    }
    if !rendered.is_whole() {
        graph.is_open(one);
    }
    graph.take(one, rendered.objects.iter().map(applied), hidden)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use crate::render::{Cache, Rendered, Renderer, Rendering, Tool};
    use crate::repo::Snapshot;

    /// Returns a Flux Kustomization as it is in a file.
    fn flux(name: &str, path: &str, more: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n  path: {path}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}---\n"
        )
    }

    fn map(name: &str, data: &str) -> String {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: flux-system}}\ndata: {{{data}}}\n---\n"
        )
    }

    /// Renders a repository of these files with a program that prints the recorded output of kustomize for each folder;
    /// for others it fails.
    fn render(files: &[(&str, String)], recorded: &[(&str, String)]) -> (Rendering, usize) {
        let folder = tempfile::tempdir().unwrap();
        render_with(folder.path(), Cache::default(), files, recorded)
    }

    /// Renders in a folder in which the program is written once.
    fn render_with(
        folder: &Path,
        cache: Cache,
        files: &[(&str, String)],
        recorded: &[(&str, String)],
    ) -> (Rendering, usize) {
        let write = |path: &Path, text: &str| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let root = folder.join("repository");
        for (file, text) in files {
            write(&root.join(file), text);
        }
        let cases: String = recorded
            .iter()
            .map(|(path, text)| format!("*/repository/{path}) printf '%s' '{text}';;"))
            .collect::<Vec<_>>()
            .join("\n");
        let program = folder.join("kustomize");
        if !program.exists() {
            write(
                &program,
                &format!("#!/bin/sh\ncase \"$4\" in\n{cases}*) echo 'nothing was recorded' >&2; exit 1;;\nesac\n"),
            );
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut renderer = Renderer::new(Tool::find(folder.as_os_str()), cache);
        let rendering = renderer.render(&Snapshot::load(&root)).unwrap();
        (rendering, renderer.built)
    }

    fn summaries(rendering: &Rendering) -> Vec<String> {
        let one = |one: &crate::render::Rendered| {
            let state = match (&one.finding, &one.unsure, one.unseen.is_empty()) {
                (Some(_), ..) => " broken",
                (_, Some(_), _) => " unsure",
                (.., false) => " in part",
                _ => "",
            };
            format!("{}: {}{state}", one.name, one.objects.len())
        };
        rendering.of.iter().map(one).collect()
    }

    #[test]
    fn children_are_what_their_parents_render_and_each_is_built_once() {
        let root = flux("flux-system", "./clusters/one", "  postBuild: {substitute: {CLUSTER: lab}}\n");
        let files = [
            ("clusters/one/flux-system/gotk-sync.yaml", root.clone()),
            ("clusters/one/all.yaml", flux("apps", "./nowhere", "")),
            ("apps/lab/a.yaml", map("a", "")),
            ("apps/inner/b.yaml", map("b", "")),
        ];
        // kustomize has replaced the path, and given the second one, which is in no file, its name.
        let recorded = [
            ("clusters/one", [root, flux("apps", "./apps/${CLUSTER}", "  decryption: {provider: sops}\n")].concat()),
            ("apps/lab", [map("a", ""), flux("made", "./apps/inner", "  dependsOn: [{name: apps}]\n")].concat()),
            ("apps/inner", map("b", "")),
        ];
        let (rendering, built) = render(&files, &recorded);
        assert_eq!(summaries(&rendering), ["apps: 2", "flux-system: 2", "made: 1"]);
        // Names do not show the origin of the Kustomization without a file: its parent is built again for that.
        assert!((3..=4).contains(&built), "{built}");
        let graph = &rendering.graph;
        let apps = graph.kustomizations.iter().find(|one| one.name == "apps").unwrap();
        assert_eq!((apps.path.as_str(), apps.decryption.is_some()), ("apps/lab", true));
        assert_eq!(graph.feeds.files("one", "flux-system", "made"), ["apps/inner/b.yaml"]);
        assert!(graph.findings.is_empty(), "{:?}", graph.findings);
        let waves: Vec<String> = graph.orders[0].waves.iter().flatten().map(ToString::to_string).collect();
        assert_eq!(waves, ["flux-system", "apps", "made"]);
    }

    #[test]
    fn variables_that_another_one_renders_are_waited_for() {
        let from = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}\n";
        let all =
            [flux("apps", "./apps", from), flux("settings", "./settings", "  postBuild: {substitute: {A: lab}}\n")]
                .concat();
        let files = [
            ("clusters/one/all.yaml", all.clone()),
            ("apps/all.yaml", flux("inner", "./inner/${PLACE}", "")),
            ("inner/lab/a.yaml", map("a", "")),
            ("settings/a.yaml", map("settings", "PLACE: \"${A}\"")),
        ];
        let recorded = [
            ("clusters/one", all),
            ("apps", flux("inner", "./inner/${PLACE}", "")),
            ("inner/lab", map("a", "")),
            ("settings", map("settings", "PLACE: \"${A}\"")),
        ];
        let (rendering, _) = render(&files, &recorded);
        assert_eq!(summaries(&rendering), ["apps: 1", "flux-system: 2", "inner: 1", "settings: 1"]);
        assert!(rendering.graph.findings.is_empty(), "{:?}", rendering.graph.findings);
    }

    #[test]
    fn what_only_an_earlier_version_applied_is_gone() {
        // Bootstrap created one that another replaces: nothing applies the content of its first folder any more.
        let root = flux("flux-system", "./clusters/one", "");
        let replaced = flux("flux-system", "./fleet", "");
        let first = [flux("meta", "./meta", ""), flux("old", "./old", "")].concat();
        let then = [flux("meta", "./meta", ""), flux("new", "./new", "")].concat();
        let files = [
            ("clusters/one/flux-system/gotk-sync.yaml", root.clone()),
            ("clusters/one/all.yaml", first.clone()),
            ("meta/a.yaml", replaced.clone()),
            ("fleet/all.yaml", then.clone()),
            ("old/all.yaml", flux("older", "./older", "")),
            ("older/a.yaml", map("a", "")),
            ("new/a.yaml", map("a", "")),
        ];
        let recorded = [
            ("clusters/one", [root, first].concat()),
            ("meta", replaced),
            ("fleet", then),
            ("old", flux("older", "./older", "")),
            ("older", map("a", "")),
            ("new", map("a", "")),
        ];
        let (rendering, _) = render(&files, &recorded);
        assert_eq!(summaries(&rendering), ["flux-system: 2", "meta: 1", "new: 1"]);
        let graph = &rendering.graph;
        let names: Vec<&str> = graph.kustomizations.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["flux-system", "meta", "new"]);
        assert!(graph.findings.is_empty(), "{:?}", graph.findings);
    }

    #[test]
    fn a_guess_is_said_to_be_one() {
        let from =
            "  postBuild: {substitute: {A: \"[\", B: \"]\"}, substituteFrom: [{kind: Secret, name: elsewhere}]}\n";
        // A form within brackets is no YAML; the effect of its value is unknown.
        let guess = |name: &str| map(&format!("\"{name}${{x:=}}\""), "a: \"${A}${q}${B}\"");
        let maps = [guess("one"), guess("one")].concat();
        let files = [("clusters/one/all.yaml", flux("apps", "./apps", from)), ("apps/a.yaml", maps.clone())];
        let (rendering, _) = render(&files, &[("clusters/one", flux("apps", "./apps", from)), ("apps", maps)]);
        assert_eq!(summaries(&rendering), ["apps: 2 in part", "flux-system: 1"]);
        let apps = &rendering.of[0];
        assert!(apps.is_unsure() && apps.why_not_whole().unwrap().contains("which is YAML only with"), "{apps:?}");
    }

    #[test]
    fn what_rests_on_something_broken_is_not_told_to_be_broken() {
        let files = [
            ("clusters/one/all.yaml", flux("apps", "./apps", "")),
            ("apps/all.yaml", [flux("inner", "./inner", ""), flux("lost", "./${X}", "")].concat()),
            ("inner/a.yaml", map("a", "")),
        ];
        let recorded = [("clusters/one", flux("apps", "./apps", "")), ("inner", map("a", ""))];
        let (rendering, _) = render(&files, &recorded);
        assert_eq!(summaries(&rendering), ["apps: 0 broken", "flux-system: 1", "inner: 1 unsure", "lost: 0 unsure"]);
        assert!(rendering.graph.findings.is_empty(), "{:?}", rendering.graph.findings);
        assert!(!rendering.of.iter().all(Rendered::is_whole));
    }

    #[test]
    fn what_is_not_here_is_left_out_and_the_rest_is_rendered() {
        let files = [
            ("clusters/one/all.yaml", flux("apps", "./apps", "")),
            ("apps/kustomization.yaml", "resources: [a.yaml, \"https://example.org/b.yaml\"]\n".to_owned()),
            ("apps/a.yaml", map("a", "")),
        ];
        let recorded = [("clusters/one", flux("apps", "./apps", "")), ("apps", map("a", ""))];
        let (rendering, built) = render(&files, &recorded);
        assert_eq!(
            (summaries(&rendering), built),
            (vec!["apps: 1 in part".to_owned(), "flux-system: 1".to_owned()], 2)
        );
    }

    fn set(name: &str, spec: &str) -> String {
        format!(
            "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n{spec}---\n"
        )
    }

    fn provider(name: &str, spec: &str) -> String {
        format!(
            "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSetInputProvider\nmetadata: {{name: {name}, namespace: flux-system, labels: {{for: apps}}}}\nspec: {spec}\n---\n"
        )
    }

    const KUSTOMIZATION: &str = "    - apiVersion: kustomize.toolkit.fluxcd.io/v1\n      kind: Kustomization\n      metadata: {name: << inputs.name >>, namespace: flux-system}\n      spec: {path: ./apps/<< inputs.name >>, sourceRef: {kind: GitRepository, name: flux-system}}\n";

    #[test]
    fn what_a_resource_set_makes_is_followed() {
        let resources = format!("  resources:\n{KUSTOMIZATION}");
        let all = [
            set(
                "apps",
                &format!(
                    "  inputs: [{{name: a}}]\n  inputsFrom: [{{selector: {{matchLabels: {{for: apps}}}}}}]\n{resources}"
                ),
            ),
            flux("inputs", "./inputs", ""),
        ]
        .concat();
        let files = [
            ("clusters/one/all.yaml", all.clone()),
            ("apps/a/a.yaml", map("a", "")),
            ("apps/b/b.yaml", map("b", "")),
            ("inputs/b.yaml", provider("b", "{type: Static, defaultValues: {name: b}}")),
        ];
        let recorded = [
            ("clusters/one", all),
            ("apps/a", map("a", "")),
            ("apps/b", map("b", "")),
            ("inputs", provider("b", "{type: Static, defaultValues: {name: b}}")),
        ];
        let (rendering, _) = render(&files, &recorded);
        assert_eq!(summaries(&rendering), ["a: 1", "b: 1", "flux-system: 4", "inputs: 1"]);
        let made = rendering.of[2].objects.iter().find(|object| object.object.name == "b").unwrap();
        assert_eq!(
            (made.origin.made_by.as_deref(), made.origin.file.as_str()),
            (Some("apps"), "clusters/one/all.yaml")
        );
        let graph = &rendering.graph;
        assert_eq!(graph.feeds.files("one", "flux-system", "b"), ["apps/b/b.yaml"]);
        assert!(graph.findings.is_empty(), "{:?}", graph.findings);
        let waves: Vec<String> = graph.orders[0].waves.iter().flatten().map(ToString::to_string).collect();
        assert_eq!(waves, ["a", "b", "inputs"]);
    }

    #[test]
    fn what_a_resource_set_makes_of_what_is_elsewhere_is_said_not_to_be_looked_at() {
        let resources = format!("  resources:\n{KUSTOMIZATION}");
        let sets = [
            set("branches", &format!("  inputsFrom: [{{name: branches}}]\n{resources}")),
            set("lost", &format!("  inputsFrom: [{{name: lost}}]\n{resources}")),
            set("wrong", &format!("  inputs: [{{title: a}}]\n{resources}")),
            provider("branches", "{type: GitHubBranch, url: https://github.com/example/apps}"),
        ]
        .concat();
        let files = [("clusters/one/all.yaml", sets.clone())];
        let (rendering, _) = render(&files, &[("clusters/one", sets)]);
        assert_eq!(summaries(&rendering), ["flux-system: 4 in part"]);
        let why: Vec<String> = rendering.of[0].unseen.iter().map(|one| format!("{}, {}", one.what, one.why)).collect();
        assert_eq!(
            why,
            [
                "what is made on the cluster by ResourceSet branches, not looked at: its inputs come from GitHubBranch branches, outside of the repository",
                "what is made on the cluster by ResourceSet wrong, not looked at: map has no entry for key \"name\"",
                "what is made on the cluster by ResourceSet lost, not looked at: its inputs come from ResourceSetInputProvider lost, which is not in the repository",
            ]
        );
        // Only an object that flux-operator refuses is a fault of the repository.
        let found: Vec<&str> = rendering.graph.findings.iter().map(|finding| finding.fault.what.as_str()).collect();
        assert_eq!(found, ["ResourceSet wrong of one cannot be built"]);
    }

    #[test]
    fn variables_that_a_resource_set_copies_are_waited_for() {
        let copy = |name: &str, from: &str| {
            format!(
                "    - apiVersion: v1\n      kind: ConfigMap\n      metadata: {{name: {name}, namespace: flux-system, annotations: {{fluxcd.controlplane.io/copyFrom: flux-system/{from}}}}}\n"
            )
        };
        let from = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: copied}]}\n";
        let unknown = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: empty}]}\n";
        let all = [
            flux("apps", "./apps", from),
            flux("others", "./others", unknown),
            flux("settings", "./settings", ""),
            set("copies", &["  resources:\n", &copy("copied", "settings")].concat()),
            set("more", &["  resources:\n", &copy("empty", "by-hand")].concat()),
        ]
        .concat();
        let files = [
            ("clusters/one/all.yaml", all.clone()),
            ("apps/a.yaml", map("\"app-${PLACE}\"", "")),
            ("others/a.yaml", map("\"app-${OTHER}\"", "")),
            ("settings/a.yaml", map("settings", "PLACE: lab")),
        ];
        let recorded = [
            ("clusters/one", all),
            ("apps", map("\"app-${PLACE}\"", "")),
            ("others", map("\"app-${OTHER}\"", "")),
            ("settings", map("settings", "PLACE: lab")),
        ];
        let (rendering, _) = render(&files, &recorded);
        let names = |name: &str| {
            let one = rendering.of.iter().find(|one| one.name == name).unwrap();
            one.objects.iter().map(|object| object.object.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((names("apps"), names("others")), (vec!["app-lab"], vec!["app-${OTHER}"]));
        let others = rendering.of.iter().find(|one| one.name == "others").unwrap();
        assert_eq!(
            others.unknown,
            ["ConfigMap/flux-system/empty"],
            "what is copied of what is made by hand is not known"
        );
    }

    #[test]
    fn components_that_are_not_there_are_passed_over_where_the_spec_says_so() {
        let more = "  components: [../missing]\n  ignoreMissingComponents: true\n";
        let all = flux("apps", "./apps", more);
        let files = [
            ("clusters/one/all.yaml", all.clone()),
            ("apps/kustomization.yaml", "resources: [a.yaml]\n".to_owned()),
            ("apps/a.yaml", map("a", "")),
        ];
        let recorded = [("clusters/one", all), ("apps", map("a", ""))];
        let (rendering, _) = render(&files, &recorded);
        assert_eq!(summaries(&rendering), ["apps: 1", "flux-system: 1"]);
        assert!(rendering.graph.findings.is_empty(), "{:?}", rendering.graph.findings);
        let gone: Vec<(&str, String)> =
            files.iter().map(|(file, text)| (*file, text.replace("  ignoreMissingComponents: true\n", ""))).collect();
        let (rendering, _) = render(&gone, &[recorded[0].clone()]);
        assert_eq!(summaries(&rendering), ["apps: 0 broken", "flux-system: 1"]);
    }

    #[test]
    fn what_kustomize_refused_is_not_built_again_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::below(&folder.path().join("cache"));
        let files = [("clusters/one/all.yaml", flux("apps", "./apps", "")), ("apps/a.yaml", map("a", ""))];
        let recorded = [("clusters/one", files[0].1.clone())];
        let place = folder.path().join("one");
        let (first, built) = render_with(&place, cache.clone(), &files, &recorded);
        assert_eq!((summaries(&first), built), (vec!["apps: 0 broken".to_owned(), "flux-system: 1".to_owned()], 2));
        let (again, built) = render_with(&place, cache, &files, &recorded);
        assert_eq!((summaries(&again), built), (summaries(&first), 0));
        let why = |rendering: &Rendering| rendering.of[0].finding.clone().map(|finding| finding.to_string());
        assert_eq!(why(&again), why(&first));
    }

    #[test]
    fn what_reaches_a_secret_is_not_kept_on_disk_whatever_it_stands_in() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("cache");
        let from = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}\n";
        let own = "  postBuild: {substitute: {OWN: hunter2, CLUSTER: lab}}\n";
        let root = |own: &str| [flux("apps", "./apps", from), flux("web", "./web", own)].concat();
        let secret = |value: &str| {
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: b}}\nstringData: {{password: \"{value}\"}}\n---\n"
            )
        };
        let settings = [map("settings", "OTHER: hunter2"), flux("more", "./more", "")].concat();
        let mut files = vec![
            ("clusters/one/all.yaml", root(own)),
            ("clusters/one/settings.yaml", settings.clone()),
            ("apps/a.yaml", secret("${OTHER}")),
            ("web/a.yaml", secret("${OWN}")),
            ("more/a.yaml", map("a", "")),
        ];
        // The program prints the file of the folder, so that it is the same for every content.
        let as_it_is = "'; while IFS= read -r line; do printf '%s\\n' \"$line\"; done < \"$4\"/a.yaml; : '".to_owned();
        let recorded = [
            ("clusters/one", [root(own), settings.clone()].concat()),
            ("apps", as_it_is.clone()),
            ("web", as_it_is),
            ("more", map("a", "")),
        ];
        let holds = || {
            let read =
                |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.unwrap().path()).unwrap();
            std::fs::read_dir(&kept).unwrap().map(read).any(|text| text.contains("hunter2"))
        };
        let place = folder.path().join("one");
        let taking = files.clone();
        let (rendering, _) = render_with(&place, Cache::below(&kept), &taking, &recorded);
        assert_eq!(summaries(&rendering), ["apps: 1", "flux-system: 4", "more: 1", "web: 1"]);
        assert!(!holds() && std::fs::read_dir(&kept).unwrap().count() > 0);
        // A file that was kept while no Secret used it is removed once one does.
        for (file, text) in files.iter_mut().skip(2).take(2) {
            *text = map("b", &format!("a: \"{}\"", if *file == "apps/a.yaml" { "${OTHER}" } else { "${OWN}" }));
        }
        render_with(&place, Cache::below(&kept), &files, &recorded);
        assert!(holds());
        render_with(&place, Cache::below(&kept), &taking, &recorded);
        assert!(!holds());
    }

    #[test]
    fn the_cluster_of_a_hub_has_what_the_hub_renders() {
        let remote = |path: &str| flux("remote", path, "  kubeConfig: {secretRef: {name: spoke-kubeconfig}}\n");
        let root = flux("flux-system", "./clusters/one", "");
        let files = [
            ("clusters/one/flux-system/gotk-sync.yaml", root.clone()),
            ("clusters/one/all.yaml", remote("./apps/declared")),
            ("apps/declared/a.yaml", map("a", "")),
            ("apps/rendered/b.yaml", map("b", "")),
        ];
        let recorded = [
            ("clusters/one", [root, remote("./apps/rendered")].concat()),
            ("apps/declared", map("a", "")),
            ("apps/rendered", map("b", "")),
        ];
        let (rendering, _) = render(&files, &recorded);
        let names: Vec<String> =
            rendering.objects("spoke").map(|(one, object)| format!("{} {}", one.name, object.object.name)).collect();
        assert_eq!(names, ["remote b"]);
        let paths: Vec<&str> = rendering
            .graph
            .kustomizations
            .iter()
            .filter(|one| one.env == "spoke")
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(paths, ["apps/rendered"]);
        assert!(rendering.graph.findings.is_empty(), "{:?}", rendering.graph.findings);
    }

    #[test]
    fn what_resource_sets_make_waits_for_what_they_depend_on() {
        let one = |name: &str| {
            format!(
                "      - apiVersion: kustomize.toolkit.fluxcd.io/v1\n        kind: Kustomization\n        metadata: {{name: {name}, namespace: flux-system}}\n        spec: {{path: ./apps, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
            )
        };
        let needs = |kind: &str, version: &str, name: &str| {
            format!(
                "  dependsOn: [{{apiVersion: {version}/v1, kind: {kind}, name: {name}, namespace: flux-system, ready: true}}]\n"
            )
        };
        let all = [
            set(
                "last",
                &[needs("ResourceSet", "fluxcd.controlplane.io", "steps"), "  resources:\n".to_owned(), one("a")]
                    .concat(),
            ),
            set(
                "steps",
                &[
                    needs("Kustomization", "kustomize.toolkit.fluxcd.io", "z-first"),
                    "  wait: true\n  steps:\n    - name: one\n      resources:\n".to_owned(),
                    one("c"),
                    "    - name: two\n      resources:\n".to_owned(),
                    one("b"),
                ]
                .concat(),
            ),
            flux("z-first", "./apps", ""),
        ]
        .concat();
        let files = [("clusters/one/all.yaml", all.clone()), ("apps/a.yaml", map("a", ""))];
        let (rendering, _) = render(&files, &[("clusters/one", all), ("apps", map("a", ""))]);
        let waves: Vec<String> = rendering.graph.orders[0].waves.iter().flatten().map(ToString::to_string).collect();
        assert_eq!(waves, ["z-first", "c", "b", "a"]);
        assert_eq!(rendering.graph.orders[0].waves.len(), 4);
    }
}
