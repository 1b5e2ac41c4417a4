//! The history of an object in real repositories, with a program for kustomize that prints the content of a folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use super::{HistoryWalk, ObjectVersion, history};
use crate::model::ObjectRef;
use crate::render::compare::compare;
use crate::render::impact::side;
use crate::render::revision::Revision;
use crate::render::{Cache, Renderer, Rendering, Tool};
use crate::repo::Snapshot;
use crate::repo::git::tests::TestRepository;

/// Prints every manifest of the folder to build; it uses the shell's own commands alone.
const PROGRAM: &str = "#!/bin/sh\nfor file in \"$4\"/*.yaml; do\n  case \"$file\" in */kustomization.yaml) continue;; esac\n  while IFS= read -r line; do printf '%s\\n' \"$line\"; done < \"$file\"\n  echo ---\ndone\n";

fn flux(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n  path: {path}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}---\n"
    )
}

fn map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: flux-system}}\ndata: {{a: \"{value}\"}}\n"
    )
}

fn renderer(folder: &Path) -> Renderer {
    renderer_with(folder, Cache::default())
}

fn renderer_with(folder: &Path, cache: Cache) -> Renderer {
    let program = folder.join("kustomize");
    std::fs::write(&program, PROGRAM).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Renderer::new(Tool::find(folder.as_os_str()), cache)
}

/// Finds the same by rendering every commit and its parent as a whole.
fn whole(repository: &TestRepository, env: &str, object: &ObjectRef, renderer: &mut Renderer) -> Vec<String> {
    let snapshot = Snapshot::load(repository.path());
    let commits = repository.git(&["log", "--format=%H"]);
    let mut found = Vec::new();
    for commit in commits.lines() {
        let mut of = |name: String| side(&snapshot, &Revision::Commit(name), renderer);
        let after = of(commit.to_owned()).unwrap().1;
        let before = of(format!("{commit}^")).map_or_else(|_| Rendering::default(), |(_, rendering)| rendering);
        let wanted = compare(&before, &after).into_iter().filter(|change| {
            change.env == env && change.object.parse::<ObjectRef>().is_ok_and(|known| object.means(&known))
        });
        found.extend(
            wanted.map(|change| format!("{commit} {} {:?} {}", change.kustomization, change.change, change.diff)),
        );
    }
    found
}

fn written(versions: &[ObjectVersion]) -> Vec<String> {
    let line = |one: &ObjectVersion| {
        format!("{} {} {:?} {}", one.commit, one.change.kustomization, one.change.change, one.change.diff)
    };
    versions.iter().map(line).collect()
}

fn object(name: &str) -> ObjectRef {
    ObjectRef::new("ConfigMap", "", "flux-system", name)
}

#[test]
fn only_what_an_object_rests_on_is_rendered_and_the_same_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut renderer = renderer(folder.path());
    let repository = TestRepository::new();
    let from = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}\n";
    let declared =
        |web: &str| [flux("web", web, from), flux("settings", "./settings", ""), flux("other", "./other", "")].concat();
    for env in ["one", "two"] {
        repository.write(&format!("clusters/{env}/all.yaml"), &declared("./web"));
    }
    repository.write("web/a.yaml", &map("web", "${a}"));
    repository.write("settings/a.yaml", &map("settings", "0"));
    repository.write("other/a.yaml", &map("other", "0"));
    repository.commit("begin");
    for round in 1..4 {
        repository.write("other/a.yaml", &map("other", &round.to_string()));
        repository.commit("other");
        repository.write("web/a.yaml", &map("web", &format!("{round} ${{a}}")));
        repository.commit("web");
        repository.write("README.md", &round.to_string());
        repository.commit("readme");
        repository.write("settings/a.yaml", &map("settings", &round.to_string()));
        repository.commit("settings");
        repository.write("clusters/two/all.yaml", &format!("{}# {round}\n", declared("./web")));
        repository.commit("elsewhere");
    }
    // The folder is moved, and then another Kustomization applies it.
    repository.git(&["mv", "web", "moved"]);
    repository.write("clusters/one/all.yaml", &declared("./moved"));
    repository.commit("move");
    repository.write("clusters/one/all.yaml", &declared("./moved").replace("name: web,", "name: site,"));
    repository.commit("rename");
    repository.write("moved/a.yaml", &map("web", "last ${a}"));
    repository.commit("last");
    let snapshot = Arc::new(Snapshot::load(repository.path()));
    let web = object("web");
    let built_before = renderer.built;
    let (found, is_known) = history(&snapshot, "one", &web, 100, &mut renderer).unwrap();
    let built = renderer.built - built_before;
    assert!(is_known && found.len() > 2, "{found:#?}");
    // Only commits of the files that it reads at present are searched: the folder had another name.
    let all = whole(&repository, "one", &web, &mut renderer);
    let known = written(&found);
    assert!(known.iter().all(|one| all.contains(one)), "{known:#?}\n{all:#?}");
    assert_eq!(known.first(), all.first());
    let subjects: Vec<&str> = found.iter().map(|one| one.subject.as_str()).collect();
    assert!(subjects.starts_with(&["last", "rename", "rename"]), "{subjects:?}");
    // What fills in its variables counts as well.
    assert!(subjects.contains(&"settings"), "{subjects:?}");
    let mut walk = HistoryWalk::begin(&snapshot, "one", &web, 100, &mut renderer).unwrap();
    let mut steps = 0;
    while walk.step(&mut renderer).unwrap().is_some() {
        steps += 1;
    }
    assert_eq!((steps, walk.looked()), (walk.total(), walk.total()));
    // Of 18 commits 15 touch what it depends on: those to `other` do not, nor those to the page or elsewhere.
    let counted = repository.git(&["log", "--format=%h", "--", "moved", "settings", "clusters/one"]);
    assert_eq!(walk.total(), counted.lines().count());
    assert!(walk.renderings <= steps + 4, "{} renderings of {steps} commits", walk.renderings);
    // The newest state needs seven builds; a commit to one Kustomization builds that one.
    assert!(built <= 7 + 2 * steps, "{built} builds for {steps} commits");
}

#[test]
fn commits_to_other_kustomizations_build_nothing_and_render_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut renderer = renderer(folder.path());
    let repository = TestRepository::new();
    repository.write("clusters/one/all.yaml", &[flux("web", "./web", ""), flux("other", "./other", "")].concat());
    repository.write("web/a.yaml", &map("web", "0"));
    repository.write("other/a.yaml", &map("other", "0"));
    repository.commit("begin");
    for round in 1..6 {
        // One commit changes both, so that it is read; those between are of other Kustomizations alone.
        repository.write("other/a.yaml", &map("other", &format!("x{round}")));
        repository.commit("other");
        repository.write("web/a.yaml", &map("web", &round.to_string()));
        repository.write("other/a.yaml", &map("other", &round.to_string()));
        repository.commit("both");
    }
    let snapshot = Arc::new(Snapshot::load(repository.path()));
    renderer.render(&snapshot).unwrap();
    let (built, kept) = (renderer.built, renderer.kept_builds());
    let mut walk = HistoryWalk::begin(&snapshot, "one", &object("web"), 30, &mut renderer).unwrap();
    let mut found = Vec::new();
    while let Some(versions) = walk.step(&mut renderer).unwrap() {
        found.extend(versions.into_iter().map(|one| one.subject));
    }
    assert_eq!(found, ["both", "both", "both", "both", "both", "begin"]);
    // Six states of `web`, of which the newest is known; `other` is never built, nor is the entry folder again.
    assert_eq!((walk.renderings, renderer.built - built), (6, 5));
    // The builds of the walk are forgotten with it.
    assert_eq!(renderer.kept_builds(), kept);
}

#[test]
fn what_is_gone_is_found_where_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let mut renderer = renderer(folder.path());
    let repository = TestRepository::new();
    repository.write("clusters/one/all.yaml", &flux("web", "./web", ""));
    repository.write("web/a.yaml", &map("web", "0"));
    repository.write("web/b.yaml", &map("kept", "0"));
    repository.commit("begin");
    repository.write("clusters/one/all.yaml", &flux("web", "./web", "  prune: true\n"));
    std::fs::remove_file(repository.path().join("web/a.yaml")).unwrap();
    repository.commit("away");
    let snapshot = Arc::new(Snapshot::load(repository.path()));
    let (found, is_known) = history(&snapshot, "one", &object("web"), 30, &mut renderer).unwrap();
    assert!(!is_known);
    assert_eq!(written(&found), whole(&repository, "one", &object("web"), &mut renderer));
    let (found, is_known) = history(&snapshot, "one", &object("never"), 30, &mut renderer).unwrap();
    assert!(found.is_empty() && !is_known);
}

#[test]
fn what_reaches_a_secret_is_not_written_to_the_disk_though_that_secret_is_not_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("cache");
    let mut renderer = renderer_with(folder.path(), Cache::below(&kept));
    let repository = TestRepository::new();
    let from = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}\n";
    let all = [flux("settings", "./settings", ""), flux("web", "./web", from)].concat();
    repository.write("clusters/one/all.yaml", &all);
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: web}\nstringData: {password: \"${a}\"}\n";
    repository.write("web/a.yaml", secret);
    for round in 0..3 {
        repository.write("settings/a.yaml", &map("settings", &format!("hunter{round}")));
        repository.commit("settings");
    }
    let snapshot = Arc::new(Snapshot::load(repository.path()));
    let (found, _) = history(&snapshot, "one", &object("settings"), 30, &mut renderer).unwrap();
    assert_eq!(found.len(), 3);
    let holds = |entry: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(entry.unwrap().path()).unwrap().contains("hunter")
    };
    assert!(!std::fs::read_dir(&kept).unwrap().any(holds));
}
