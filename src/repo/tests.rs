//! Small repositories, and the results of reading them.

use std::collections::BTreeSet;

use serde_json::json;

use super::git::tests::{TestRepository, write};
use super::{Loader, Snapshot, template};
use crate::model::ObjectRef;

/// Writes a Flux Kustomization of the repository's own source.
fn kustomization(name: &str, path: &str, depends_on: &[&str]) -> String {
    let waits: Vec<String> = depends_on.iter().map(|name| format!("{{name: {name}}}")).collect();
    let waits = if waits.is_empty() { String::new() } else { format!("  dependsOn: [{}]\n", waits.join(", ")) };
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  interval: 10m\n  path: {path}\n  prune: true\n{waits}  sourceRef:\n    kind: GitRepository\n    name: flux-system\n---\n"
    )
}

fn resources(names: &[&str]) -> String {
    format!("resources: [{}]\n", names.join(", "))
}

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            write(folder.0.path(), path, text);
        }
        folder
    }

    fn load(&self) -> Snapshot {
        Snapshot::load(self.0.path())
    }
}

fn findings(snapshot: &Snapshot) -> Vec<String> {
    snapshot.findings.iter().map(ToString::to_string).collect()
}

fn names<'a>(snapshot: &'a Snapshot, path: &str) -> Vec<(&'a str, &'a str)> {
    snapshot.fed_by(path).iter().map(|feed| (feed.env.as_str(), feed.name.as_str())).collect()
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_unknown_and_not_wrong() {
    let repository = TestRepository::new();
    let sync = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: flux-system\n  namespace: flux-system\nspec:\n  interval: 1m\n  url: https://git.example/fleet\n";
    repository.write("clusters/one/sync.yaml", sync);
    let one = kustomization("flux-system", "./clusters/one", &[]) + &kustomization("apps", "./apps", &[]);
    repository.write("clusters/one/apps.yaml", &(one + &kustomization("more", "./more", &[])));
    repository.write("apps/map.yaml", &config_map("map"));
    repository.write("more/kustomization.yaml", &resources(&["here.yaml", "deep/away.yaml"]));
    repository.write("more/here.yaml", &config_map("here"));
    repository.write("more/deep/away.yaml", &config_map("away"));
    repository.commit("all");
    let clean = findings(&Snapshot::load(repository.path()));
    assert_eq!(clean, [""; 0]);
    repository.git(&["sparse-checkout", "set", "--no-cone", "/clusters", "/more/*.yaml"]);
    assert!(!repository.path().join("apps").exists() && !repository.path().join("more/deep").exists());
    let snapshot = Snapshot::load(repository.path());
    assert_eq!(findings(&snapshot), [""; 0]);
    assert_eq!(names(&snapshot, "more/here.yaml"), [("one", "more")]);
    // What somebody removed without git's knowledge is missing.
    std::fs::remove_file(repository.path().join("more/here.yaml")).unwrap();
    let missing = findings(&Snapshot::load(repository.path()));
    assert!(missing.len() == 1 && missing[0].contains("here.yaml"), "{missing:?}");
}

#[test]
fn the_template_is_found_as_it_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    template::write_into(folder.path()).unwrap();
    let snapshot = Snapshot::load(folder.path());
    assert_eq!(findings(&snapshot), [""; 0]);
    assert!(snapshot.git.is_err());

    let environments: Vec<&str> = snapshot.environments.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(environments, ["clusters/production", "clusters/staging"]);
    for environment in &snapshot.environments {
        let key = std::fs::read_to_string(format!("tests/keys/{}-throwaway.txt", environment.name)).unwrap();
        assert!(key.contains(&environment.recipients[0]));
        let secret = format!("apps/{}/linkding/linkding-container-env-secret.yaml", environment.name);
        assert_eq!(snapshot.scan.get(&secret).unwrap().lock.as_ref().unwrap().recipients, environment.recipients);
        assert_eq!(names(&snapshot, &secret), [(environment.name.as_str(), "apps")]);
    }
    assert_eq!(
        serde_json::to_value(snapshot.order("staging")).unwrap(),
        json!({"env": "staging", "waves": [["flux-system"], ["infrastructure-controllers", "monitoring"], ["infrastructure-configs", "monitoring-dashboards", "monitoring-servicemonitors"], ["apps"]]})
    );
    let configs = snapshot.kustomizations_of("production").find(|one| one.name == "infrastructure-configs").unwrap();
    assert_eq!(
        serde_json::to_value(configs).unwrap(),
        json!({
            "env": "production", "name": "infrastructure-configs", "namespace": "flux-system", "path": "infrastructure/configs/production",
            "dependsOn": ["infrastructure-controllers"], "interval": "10m", "retryInterval": "1m", "timeout": "10m", "wait": true,
            "prune": true, "suspend": false, "decryption": {"provider": "sops", "secret": "sops-age"},
            "source": "GitRepository/flux-system/flux-system", "file": "clusters/production/infrastructure.yaml"
        })
    );
    assert_eq!(
        names(&snapshot, "apps/base/homepage/deployment.yaml"),
        [("production", "apps"), ("staging", "apps")],
        "a base feeds every environment that refers to it"
    );
    assert_eq!(names(&snapshot, "README.md"), []);
    let release: ObjectRef = "HelmRelease/cert-manager/cert-manager".parse().unwrap();
    assert_eq!(
        snapshot.files_of("staging", &release),
        [
            "infrastructure/controllers/base/cert-manager/helmrelease.yaml",
            "infrastructure/controllers/staging/cert-manager/helmrelease.yaml"
        ]
    );
    let apps: ObjectRef = "Kustomization/flux-system/apps".parse().unwrap();
    assert_eq!(snapshot.files_of("staging", &apps)[0], "clusters/staging/apps.yaml");
    let sources: Vec<String> =
        snapshot.sources.iter().filter(|one| one.env == "staging").map(|one| one.object().to_string()).collect();
    assert_eq!(
        sources,
        [
            "GitRepository/flux-system/flux-system",
            "HelmRepository/cnpg-system/cloudnative-pg",
            "HelmRepository/immich/immich",
            "HelmRepository/cert-manager/jetstack",
            "HelmRepository/monitoring/prometheus-community"
        ]
    );
}

#[test]
fn what_plugins_read_feeds_it_and_nothing_is_read_outside() {
    let generator = |file: &str| {
        format!(
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {{name: made}}\nname: made\nfiles: [{file}]\n"
        )
    };
    let inline = |text: String| format!("transformers:\n- |-\n  {}\n", text.trim_end().replace('\n', "\n  "));
    let load = |own: &str, plugin: &str| {
        let snapshot = Folder::new(&[
            ("clusters/one/all.yaml", &kustomization("apps", "./apps/one/", &[])),
            ("apps/one/kustomization.yaml", own),
            ("apps/one/plugins/made.yaml", plugin),
            ("apps/one/plugins/kustomization.yaml", &resources(&["made.yaml"])),
            ("apps/one/values.txt", "1"),
        ])
        .load();
        let feed = snapshot.feeds.iter().find(|feed| feed.name == "apps").unwrap().clone();
        (feed.files.contains_key("apps/one/values.txt"), feed.leaves, feed.remote.len())
    };
    for (file, expected) in [
        ("values.txt", (true, false, 0)),
        ("key=values.txt", (true, false, 0)),
        ("/etc/hostname", (false, true, 0)),
        ("../../../etc/hostname", (false, true, 0)),
        ("https://example.org/values", (false, false, 1)),
        ("gh:owner/repository", (false, false, 1)),
    ] {
        let plugin = generator(file);
        assert_eq!(load("generators: [plugins/made.yaml]\n", &plugin), expected, "{file} by a file");
        assert_eq!(load("generators: [plugins]\n", &plugin), expected, "{file} by a folder");
        assert_eq!(load(&inline(plugin), ""), expected, "{file} in place");
    }
}

#[test]
fn everything_that_a_kustomization_reads_feeds_it() {
    let folder = Folder::new(&[
        ("clusters/one/all.yaml", &kustomization("apps", "./apps/one/", &[])),
        (
            "apps/one/kustomization.yaml",
            "namespace: web\nresources: [../base, https://example.org/remote.yaml, github.com/owner/repository//path]\n\
             components: [../../components/tls]\npatches:\n- path: patch.yaml\n- patch: |-\n    - op: remove\n      path: /a\n\
             configMapGenerator:\n- name: c\n  files: [key=values.txt]\n  envs: [plain.env]\n\
             replacements:\n- path: replacement.yaml\n",
        ),
        ("apps/one/patch.yaml", &config_map("settings")),
        ("apps/one/values.txt", "not: [yaml"),
        ("apps/one/plain.env", "A=1\n"),
        ("apps/one/replacement.yaml", "source: {}\n"),
        ("apps/one/unused.yaml", &config_map("unused")),
        ("apps/base/kustomization.yml", &resources(&["settings.yaml"])),
        ("apps/base/settings.yaml", &config_map("settings")),
        (
            "components/tls/kustomization.yaml",
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nresources: [tls.yaml]\n",
        ),
        ("components/tls/tls.yaml", &config_map("tls")),
    ]);
    let snapshot = folder.load();
    assert_eq!(findings(&snapshot), [""; 0]);
    assert_eq!(
        snapshot.feeds.files("one", "flux-system", "apps"),
        [
            "apps/base/kustomization.yml",
            "apps/base/settings.yaml",
            "apps/one/kustomization.yaml",
            "apps/one/patch.yaml",
            "apps/one/plain.env",
            "apps/one/replacement.yaml",
            "apps/one/values.txt",
            "components/tls/kustomization.yaml",
            "components/tls/tls.yaml",
        ]
    );
    let object: ObjectRef = "ConfigMap/web/settings".parse().unwrap();
    assert_eq!(snapshot.files_of("one", &object), ["apps/base/settings.yaml", "apps/one/patch.yaml"]);
    assert_eq!(snapshot.feeds.objects("apps/base/settings.yaml")[0].1.object.to_string(), "ConfigMap/web/settings");
    assert_eq!(names(&snapshot, "apps/base"), [("one", "apps")], "a folder feeds what its files feed");
}

#[test]
fn kustomizations_are_followed_wherever_they_lead() {
    let folder = Folder::new(&[
        ("clusters/one/flux-system/gotk-sync.yaml", &kustomization("flux-system", "./clusters/one", &[])),
        ("clusters/one/flux-system/kustomization.yaml", &resources(&["gotk-sync.yaml"])),
        ("clusters/one/nested/tenants.yaml", &kustomization("tenants", "./tenants", &[])),
        ("tenants/a.yaml", &kustomization("tenant-a", "apps/a", &["flux-system"])),
        ("apps/a/map.yaml", &config_map("a")),
        (
            "clusters/one/other.yaml",
            &kustomization("other", "./apps/a", &[]).replace("name: flux-system\n---", "name: elsewhere\n---"),
        ),
        ("clusters/empty/.gitkeep", ""),
    ]);
    let snapshot = folder.load();
    assert_eq!(findings(&snapshot), [""; 0]);
    let order = snapshot.order("one").unwrap();
    assert_eq!(waves(order), [vec!["flux-system"], vec!["other", "tenants"], vec!["tenant-a"]]);
    assert_eq!(names(&snapshot, "apps/a/map.yaml"), [("one", "tenant-a")], "another source's content is elsewhere");
    assert_eq!(snapshot.order("empty"), None, "a folder without anything of Flux is no environment");
}

#[test]
fn what_is_left_out_on_purpose_is_known() {
    let folder = Folder::new(&[
        ("clusters/one/all.yaml", &kustomization("apps", "./apps", &[])),
        ("apps/map.yaml", &config_map("a")),
        ("apps/notes.yaml", &config_map("b")),
        ("apps/.sourceignore", "notes.yaml\n"),
    ]);
    let all = ["apps/map.yaml", "apps/notes.yaml"];
    assert_eq!(folder.load().left_out(all).into_iter().collect::<Vec<_>>(), ["apps/notes.yaml"]);
}

fn waves(order: &super::Order) -> Vec<Vec<String>> {
    order.waves.iter().map(|wave| wave.iter().map(ToString::to_string).collect()).collect()
}

#[test]
fn circles_are_told_and_never_hang() {
    let waiting =
        [kustomization("a", "./a", &["c"]), kustomization("b", "./a", &["a"]), kustomization("c", "./a", &["b"])]
            .concat();
    let folder = Folder::new(&[
        (
            "clusters/one/all.yaml",
            &(waiting
                + &kustomization("d", "./a", &["nobody"])
                + &kustomization("e", "./loop", &["a"])
                + &kustomization("f", "./a", &[])),
        ),
        ("a/map.yaml", &config_map("a")),
        ("loop/kustomization.yaml", &resources(&["inner"])),
        ("loop/inner/kustomization.yaml", &resources(&["../../loop"])),
    ]);
    let snapshot = folder.load();
    let order = snapshot.order("one").unwrap();
    assert_eq!(waves(order), [["f"]]);
    assert_eq!(order.stuck.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
    let why = |name: &str| {
        let named = order.stuck.iter().find(|one| one.name == name).unwrap();
        (order.why_stuck(named), order.is_in_circle(named))
    };
    assert_eq!(why("a"), ("it waits in a circle".to_owned(), true));
    assert_eq!(why("d"), ("dependency not found: nobody".to_owned(), false));
    assert_eq!(why("e"), ("it waits for a, which never begins".to_owned(), true));
    assert_eq!(
        (order.wave("flux-system", "f"), order.wave("flux-system", "a"), order.wave("flux-system", "nobody")),
        (Some(0), Some(1), None)
    );
    let told = findings(&snapshot).join("\n");
    assert!(told.contains("wait for each other in a circle: a, b, c"), "{told}");
    assert!(told.contains("declares no Kustomization flux-system/nobody"), "{told}");
    assert!(told.contains("loop/kustomization.yaml: a kustomization reads itself"), "{told}");
}

#[test]
fn bad_files_are_told_with_their_line_and_hide_nothing_else() {
    let folder = Folder::new(&[
        ("clusters/one/apps.yaml", &kustomization("apps", "./apps", &[])),
        ("clusters/one/bad.yaml", "kind: Kustomization\nspec:\n  a: [1\n  b: 2\n"),
        ("clusters/one/gone.yaml", &kustomization("gone", "./gone", &[])),
        ("clusters/one/out.yaml", &kustomization("out", "../../etc", &[])),
        ("clusters/one/twice.yaml", &kustomization("apps", "./apps", &[])),
        (
            "apps/kustomization.yaml",
            "resources:\n- ok.yaml\n- missing.yaml\n- ../../outside.yaml\n- /etc/hostname\n- folder\n",
        ),
        ("apps/ok.yaml", &config_map("ok")),
        ("apps/folder/a.txt", ""),
    ]);
    let mut loader = Loader::open(folder.0.path());
    assert_eq!(loader.glance().kustomizations.len(), 3);
    let snapshot = loader.load();
    assert_eq!(snapshot.kustomizations.len(), 3);
    let told: Vec<(&str, Option<usize>, &str)> =
        snapshot.findings.iter().map(|f| (f.file.as_str(), f.line, f.fault.what.as_str())).collect();
    assert_eq!(
        told,
        [
            ("apps/kustomization.yaml", Some(3), "missing.yaml cannot be followed"),
            ("apps/kustomization.yaml", Some(4), "../../outside.yaml is not followed"),
            ("apps/kustomization.yaml", Some(5), "/etc/hostname is not followed"),
            ("apps/kustomization.yaml", Some(6), "folder cannot be followed"),
            ("clusters/one/bad.yaml", Some(4), "the file is not valid YAML"),
            ("clusters/one/gone.yaml", Some(1), "Kustomization gone has no files: gone"),
            ("clusters/one/out.yaml", Some(1), "Kustomization out has no files: etc"),
            ("clusters/one/twice.yaml", Some(1), "Kustomization apps is declared twice in one"),
        ]
    );
    let about: Vec<Option<&str>> = snapshot.findings.iter().map(|finding| finding.object.as_deref()).collect();
    let apps = Some("Kustomization/flux-system/apps");
    let (gone, out) = (Some("Kustomization/flux-system/gone"), Some("Kustomization/flux-system/out"));
    // Bootstrap's Kustomization applies the folder of a cluster, and no file here declares it.
    assert_eq!(about, [apps, apps, apps, apps, None, gone, out, apps]);
    assert!(snapshot.findings.iter().all(|finding| finding.env.as_deref() == Some("one")), "{:?}", snapshot.findings);
}

#[test]
fn links_out_of_the_repository_are_not_followed() {
    let outside = Folder::new(&[("secret.yaml", &config_map("outside")), ("folder/map.yaml", &config_map("outside"))]);
    let folder = Folder::new(&[
        ("clusters/one/apps.yaml", &kustomization("apps", "./apps", &[])),
        ("apps/kustomization.yaml", &resources(&["link.yaml", "away/folder/map.yaml", "inside.yaml"])),
        ("real/map.yaml", &config_map("inside")),
    ]);
    let at = |path: &str| folder.0.path().join(path);
    std::os::unix::fs::symlink(outside.0.path().join("secret.yaml"), at("apps/link.yaml")).unwrap();
    std::os::unix::fs::symlink(outside.0.path(), at("apps/away")).unwrap();
    std::os::unix::fs::symlink("../real/map.yaml", at("apps/inside.yaml")).unwrap();
    let snapshot = folder.load();
    assert_eq!(snapshot.feeds.files("one", "flux-system", "apps"), ["apps/kustomization.yaml"]);
    assert_eq!(snapshot.findings.len(), 3, "{:?}", findings(&snapshot));
    assert!(findings(&snapshot).iter().any(|told| told.contains("leaves links out of the artifact")));
}

/// Writes a source, and the Kustomization that syncs a folder from it.
fn sync(folder: &str, ignore: &str) -> String {
    let source = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: flux-system\n  namespace: flux-system\nspec:\n  interval: 1m\n  url: https://git.example.org/a\n{ignore}---\n"
    );
    source + &kustomization("flux-system", folder, &[])
}

#[test]
fn what_the_artifact_leaves_out_is_not_read() {
    let broken = "values: 1\n";
    let files = |ignore: &'static str, spec: &str| {
        let repository = TestRepository::new();
        repository.write("clusters/one/sync.yaml", &sync("./clusters/one", spec));
        repository.write("clusters/one/apps.yaml", &kustomization("apps", "./apps", &[]));
        repository.write("apps/a.yaml", &config_map("a"));
        repository.write("apps/values-a.yaml", broken);
        repository.write("apps/.github/ci.yaml", broken);
        repository.write("apps/local/decrypted.yaml", &config_map("decrypted"));
        repository.write(".gitignore", "decrypted.yaml\n");
        if !ignore.is_empty() {
            repository.write("apps/.sourceignore", ignore);
        }
        let snapshot = Snapshot::load(repository.path());
        snapshot.feeds.files("one", "flux-system", "apps").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(files("", ""), ["apps/a.yaml", "apps/values-a.yaml"], "what git ignores never gets there");
    assert_eq!(files("values-*.yaml\n", ""), ["apps/.github/ci.yaml", "apps/a.yaml"], "the defaults count no more");
    let spec = "  ignore: |\n    /*\n    !/apps\n    !/clusters\n    apps/.github/\n";
    assert_eq!(files("", spec), ["apps/a.yaml", "apps/values-a.yaml"]);
    assert_eq!(files("values-*.yaml\n", spec), ["apps/a.yaml", "apps/values-a.yaml"], "spec.ignore has the last word");
}

#[test]
fn a_kustomization_that_names_what_is_left_out_is_told_with_the_reason() {
    let folder = Folder::new(&[
        ("clusters/one/apps.yaml", &kustomization("apps", "./apps", &[])),
        ("apps/kustomization.yaml", &resources(&["a.yaml", "values-a.yaml"])),
        ("apps/a.yaml", &config_map("a")),
        ("apps/values-a.yaml", &config_map("b")),
        (".sourceignore", "# none\nvalues-*.yaml\n"),
    ]);
    let told = findings(&folder.load());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(".sourceignore:2 leaves it out of the artifact"), "{told:?}");
}

#[test]
fn a_reload_sees_what_changed() {
    let repository = TestRepository::new();
    repository.write("clusters/one/apps.yaml", &kustomization("apps", "./apps", &[]));
    repository.write("apps/a.yaml", &config_map("a"));
    repository.commit("first");
    let mut loader = Loader::open(&repository.path().join("apps"));
    let first = loader.load();
    assert_eq!(first.feeds.files("one", "flux-system", "apps"), ["apps/a.yaml"]);
    assert_eq!(first.git.unwrap().counts, super::git::Counts::default());

    repository.write("apps/a.yaml", &config_map("b"));
    repository.write("apps/kustomization.yaml", &resources(&["a.yaml"]));
    let second = loader.load();
    assert_eq!(second.feeds.files("one", "flux-system", "apps"), ["apps/a.yaml", "apps/kustomization.yaml"]);
    assert_eq!(second.feeds.objects("apps/a.yaml")[0].1.object.name, "b");
    assert_eq!(second.git.unwrap().counts.modified, 1);
}

#[test]
fn recipients_come_from_the_rules_of_the_environment_or_of_the_repository() {
    let folder = Folder::new(&[
        ("clusters/own/.sops.yaml", "creation_rules:\n- age: [age1a, age1b]\n"),
        ("clusters/own/a.yaml", &kustomization("apps", "./apps", &[])),
        ("clusters/shared/a.yaml", &kustomization("apps", "./apps", &[])),
        ("clusters/none/a.yaml", &kustomization("apps", "./apps", &[])),
        (
            ".sops.yaml",
            "creation_rules:\n- path_regex: apps/shared/.*\n  key_groups:\n  - age: [age1c]\n- path_regex: apps/other/.*\n  age: age1d, age1e\n",
        ),
    ]);
    let found: Vec<(String, Vec<String>)> =
        folder.load().environments.into_iter().map(|one| (one.name, one.recipients)).collect();
    let expect =
        |name: &str, recipients: &[&str]| (name.to_owned(), recipients.iter().map(ToString::to_string).collect());
    assert_eq!(found, [expect("none", &[]), expect("own", &["age1a", "age1b"]), expect("shared", &["age1c"])]);
}

/// Random graphs: each has a place, after those that it waits for; only circles and their dependants never start.
#[test]
fn every_order_keeps_to_what_it_waits_for() {
    let mut chance: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = move |below: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % below
    };
    for round in 0..40 {
        let repository = TestRepository::new();
        let count = 1 + next(9);
        let mut needs: Vec<BTreeSet<u64>> = Vec::new();
        let mut text = String::new();
        for one in 0..count {
            // Mostly backwards, so that many graphs have no circle.
            let own: BTreeSet<u64> =
                (0..next(4)).map(|_| if next(8) == 0 { next(count) } else { next(one + 1) }).collect();
            let own: BTreeSet<u64> = own.into_iter().filter(|other| *other != one).collect();
            let names: Vec<String> = own.iter().map(|other| format!("k{other}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            text.push_str(&kustomization(&format!("k{one}"), &format!("./k{one}"), &names));
            needs.push(own);
        }
        repository.write("clusters/lab/all.yaml", &text);
        let snapshot = Snapshot::load(repository.path());
        let order = snapshot.order("lab").unwrap();
        let wave =
            |one: u64| order.waves.iter().position(|wave| wave.iter().any(|known| known.name == format!("k{one}")));
        let mut stuck = BTreeSet::new();
        for (one, own) in (0..).zip(&needs) {
            match wave(one) {
                Some(at) => {
                    assert!(own.iter().all(|other| wave(*other).is_some_and(|other| other < at)), "{round}: {text}");
                }
                None => drop(stuck.insert(one)),
            }
        }
        assert_eq!(stuck.len(), order.stuck.len(), "{round}: {text}");
        // A Kustomization that never starts waits for another that never does.
        for one in &stuck {
            let own = &needs[usize::try_from(*one).unwrap()];
            assert!(own.iter().any(|other| stuck.contains(other)), "{round}: {text}");
        }
    }
}
