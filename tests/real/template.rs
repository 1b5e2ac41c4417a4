//! The template in full: the real kustomize renders every path, the real sops opens every secret, and the real controllers bring every
//! Kustomization of both environments to Ready. What `fluxdeck init` writes opens with its own keys alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::push::alone;
use crate::support::testbed::{ENVIRONMENTS, Testbed, age_key, said};

const KUSTOMIZATIONS: [&str; 7] = [
    "apps",
    "flux-system",
    "infrastructure-configs",
    "infrastructure-controllers",
    "monitoring",
    "monitoring-dashboards",
    "monitoring-servicemonitors",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with(".git") {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Returns the encrypted files below a folder, each with its environment.
fn encrypted(repository: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut found = Vec::new();
    files(repository, &mut found);
    let sealed = found.into_iter().filter(|path| {
        let yaml = path.extension().is_some_and(|extension| extension == "yaml");
        yaml && std::fs::read_to_string(path).unwrap().contains("ENC[AES256_GCM")
    });
    sealed
        .map(|path| {
            let inside = path.strip_prefix(repository).unwrap();
            let env = ENVIRONMENTS.into_iter().find(|env| inside.iter().any(|part| part == *env));
            (path.clone(), env.unwrap_or_else(|| panic!("{} belongs to no environment", path.display())))
        })
        .collect()
}

fn decrypt(testbed: &Testbed, file: &Path, key: &Path) -> std::process::Output {
    let mut sops = testbed.program("sops");
    // Nothing of this machine helps: neither its keys nor its environment.
    sops.env_clear().env("HOME", "/nonexistent").env("SOPS_AGE_KEY_FILE", key).arg("decrypt").arg(file);
    sops.output().unwrap()
}

/// Returns the paths of the Flux Kustomizations that `clusters/` declares.
fn paths(repository: &Path) -> Vec<PathBuf> {
    let mut declared = Vec::new();
    files(&repository.join("clusters"), &mut declared);
    let mut paths: Vec<PathBuf> = declared
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "yaml"))
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let lines = text.lines().filter_map(|line| line.strip_prefix("  path: ./").map(PathBuf::from));
            lines.collect::<Vec<_>>()
        })
        .filter(|path| !path.starts_with("clusters"))
        .collect();
    paths.sort();
    paths
}

fn renders(testbed: &Testbed, repository: &Path) {
    let paths = paths(repository);
    assert_eq!(paths.len(), 2 * (KUSTOMIZATIONS.len() - 1), "{paths:?}");
    let flux_system = ENVIRONMENTS.iter().map(|env| Path::new("clusters").join(env).join("flux-system"));
    for path in paths.into_iter().chain(flux_system) {
        let rendered = said(testbed.program("kubectl").arg("kustomize").arg(repository.join(&path)));
        assert!(rendered.contains("kind: "), "{} renders to nothing", path.display());
    }
}

#[test]
fn every_path_renders_and_every_secret_opens_with_the_key_of_its_environment() {
    let testbed = Testbed::find();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("repo-template");
    renders(&testbed, &repository);
    let encrypted = encrypted(&repository);
    assert!(encrypted.len() > 20, "{encrypted:?}");
    for (file, env) in encrypted {
        let output = decrypt(&testbed, &file, &age_key(env));
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_real_controllers_bring_every_kustomization_to_ready() {
    // Other tests add a Kustomization for a while.
    let _alone = alone();
    let testbed = Testbed::find();
    for env in ENVIRONMENTS {
        let listed = testbed.kubectl(env, ["-n", "flux-system", "get", "kustomizations", "-o", "name"]);
        let names: Vec<_> = listed.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, KUSTOMIZATIONS);
        for name in KUSTOMIZATIONS {
            testbed.wait(env, "flux-system", &format!("kustomization/{name}"), "condition=Ready");
        }
        let mut releases =
            vec!["cert-manager/cert-manager", "cnpg-system/cloudnative-pg", "cnpg-system/plugin-barman-cloud"];
        releases.extend(["immich/immich", "monitoring/kube-prometheus-stack"]);
        if env == "production" {
            releases.extend(["longhorn-system/longhorn", "metallb-system/metallb"]);
        }
        for release in releases {
            let (namespace, name) = release.split_once('/').unwrap();
            testbed.wait(env, namespace, &format!("helmrelease/{name}"), "condition=Ready");
        }
        // The claims are bound and the applications run, so that Ready means something.
        let claims = testbed.get(env, &["persistentvolumeclaims", "--all-namespaces"]);
        let claims = claims["items"].as_array().unwrap();
        assert!(claims.len() >= 2 && claims.iter().all(|claim| claim["status"]["phase"] == "Bound"), "{claims:?}");
        for name in ["commafeed", "homepage", "linkding", "nightscout"] {
            testbed.wait(env, name, &format!("deployment/{name}"), "condition=Available");
        }
        assert!(
            testbed
                .kubectl(env, ["-n", "postgres", "get", "databases.postgresql.cnpg.io", "-o", "name"])
                .lines()
                .count()
                >= 4
        );
    }
}

#[test]
fn what_init_writes_renders_and_opens_with_its_own_keys_alone() {
    let testbed = Testbed::find();
    let home = tempfile::tempdir().unwrap();
    let repository = home.path().join("mine");
    let init = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_fluxdeck"))
            .args(["init", repository.to_str().unwrap()])
            .args(arguments)
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "Operator"), ("GIT_AUTHOR_EMAIL", "operator@localhost")])
            .envs([("GIT_COMMITTER_NAME", "Operator"), ("GIT_COMMITTER_EMAIL", "operator@localhost")])
            .output()
            .unwrap()
    };
    let output = init(&["--git", "--domain", "example.org", "--owner", "me", "-o", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["committed"], true);
    renders(&testbed, &repository);
    let key = |env: &str| {
        let mut keys = report["environments"].as_array().unwrap().iter();
        PathBuf::from(keys.find(|key| key["name"] == env).unwrap()["key"].as_str().unwrap())
    };
    let encrypted = encrypted(&repository);
    assert_eq!(report["encrypted"], encrypted.len());
    for (file, env) in encrypted {
        let opened = decrypt(&testbed, &file, &key(env));
        let plain = String::from_utf8_lossy(&opened.stdout);
        assert!(opened.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&opened.stderr));
        assert!(!plain.contains("throwaway"), "{} keeps a value of the template", file.display());
        let other = ENVIRONMENTS.into_iter().find(|other| *other != env).unwrap();
        for wrong in [key(other), age_key("staging"), age_key("production")] {
            assert!(!decrypt(&testbed, &file, &wrong).status.success(), "{} opens {}", wrong.display(), file.display());
        }
    }
    let committed = said(Command::new("git").args(["ls-files"]).current_dir(&repository));
    assert!(committed.contains("clusters/production/.sops.yaml") && !committed.contains("agekey"));
    let again = init(&[]);
    assert_eq!(again.status.code(), Some(3), "{}", String::from_utf8_lossy(&again.stderr));
}

/// What kustomize makes of a path, document by document.
fn rendered(testbed: &Testbed, path: &Path) -> Vec<serde_json::Value> {
    let text = said(testbed.program("kubectl").arg("kustomize").arg(path));
    text.split("\n---\n").map(|document| fluxdeck::yaml::from_str(document).expect("YAML")).collect()
}

/// What Flux makes of `clusters/ENV`, for which it generates a kustomization: every manifest below it.
fn generated(folder: &Path) -> Vec<serde_json::Value> {
    let mut found = Vec::new();
    files(folder, &mut found);
    found.retain(|file| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".yaml") && !name.starts_with('.') && name != "kustomization.yaml"
    });
    found.sort();
    let texts = found.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let documents = |text: String| -> Vec<serde_json::Value> {
        text.split("\n---\n").filter_map(|document| fluxdeck::yaml::from_str(document).ok()).collect()
    };
    texts.flat_map(documents).filter(|document: &serde_json::Value| document.get("kind").is_some()).collect()
}

/// The path of a Kustomization below the repository, as `clusters/ENV` declares it.
fn path_of(declared: &[serde_json::Value], name: &str) -> String {
    let own =
        declared.iter().find(|document| document["metadata"]["name"] == name && document["kind"] == "Kustomization");
    own.and_then(|document| document["spec"]["path"].as_str()).expect("a path").trim_start_matches("./").to_owned()
}

#[test]
fn the_renderings_of_the_demonstration_are_what_kustomize_makes() {
    use std::fmt::Write as _;
    let testbed = Testbed::find();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let write = std::env::var("FLUXDECK_RENDERINGS").is_ok_and(|word| word == "write");
    for env in ENVIRONMENTS {
        let cluster = root.join("repo-template/clusters").join(env);
        let declared = generated(&cluster);
        for name in KUSTOMIZATIONS {
            let documents = match name {
                "flux-system" => declared.clone(),
                other => rendered(&testbed, &root.join("repo-template").join(path_of(&declared, other))),
            };
            let mut text = String::new();
            for document in &documents {
                writeln!(text, "{document}").unwrap();
            }
            let file = root.join("src/sim/renderings").join(env).join(format!("{name}.jsonl"));
            if write {
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(&file, &text).unwrap();
            }
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "{}", file.display());
        }
    }
    if write {
        std::fs::write(root.join("src/sim/renderings/digest"), fluxdeck::repo::template::digest() + "\n").unwrap();
    }
}

/// The other tests change what they name, and leave it as it was: in between the doctor may find that.
#[test]
fn the_doctor_is_silent_on_the_template() {
    let testbed = Testbed::find();
    let mut told = String::new();
    let is_silent = (0..120).any(|_| {
        let asked = testbed.fluxdeck(["doctor", "-o", "json"]);
        told = String::from_utf8_lossy(&asked.stdout).into_owned();
        asked.status.success() && told.trim() == "[]"
    });
    assert!(is_silent, "{told}");
}
