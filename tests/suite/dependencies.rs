//! Holds the dependencies to deny.toml: licences, versions kept twice, and where they come from. cargo-deny reads the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::spdx::can_be_met;

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    skip: Vec<Skip>,
}

/// A version that stands beside a newer one, and why.
#[derive(Deserialize)]
struct Skip {
    #[serde(rename = "crate")]
    package: String,
    reason: String,
}

/// A package that is built here, for the program or its tests.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn deny() -> Deny {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    toml::from_str(&text).expect("deny.toml as this test reads it")
}

/// Asks `cargo tree`, since `cargo metadata` also counts optional packages that nothing turns on.
/// A terminal that wants colours (`CARGO_TERM_COLOR`) gets none here.
fn packages() -> BTreeSet<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "--color",
            "never",
            "--offline",
            "--locked",
            "--all-features",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (package, licence) = line.split_once('|').expect("the format asked for");
            let mut words = package.split_whitespace();
            let mut word = || words.next().expect("a name and a version").to_owned();
            let (name, version) = (word(), word().trim_start_matches('v').to_owned());
            Package { name, version, licence: licence.trim_end_matches("(*)").trim().to_owned() }
        })
        .collect()
}

#[test]
fn every_licence_is_one_that_we_may_use() {
    let deny = deny();
    let allowed = |name: &str| deny.licenses.allow.iter().any(|allowed| allowed == name);
    let refused: Vec<String> = packages()
        .iter()
        .filter(|package| !can_be_met(&package.licence, &allowed))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.licence))
        .collect();
    assert!(refused.is_empty(), "licences that deny.toml does not allow:\n{}", refused.join("\n"));
}

#[test]
fn no_package_is_built_twice_without_a_reason() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(package.name).or_default().insert(package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let deny = deny();
    let mut wrong = Vec::new();
    for (name, versions) in &versions {
        let listed = |version: &String| deny.bans.skip.iter().any(|skip| skip.package == format!("{name}@{version}"));
        if versions.iter().filter(|version| !listed(version)).count() > 1 {
            wrong.push(format!(
                "{name} is built as {versions:?}: avoid it, or list all but one in deny.toml with the reason"
            ));
        }
    }
    for Skip { package, reason } in &deny.bans.skip {
        let (name, version) = package.split_once('@').expect("deny.toml lists name@version");
        if !versions.get(name).is_some_and(|versions| versions.contains(version)) {
            wrong.push(format!("deny.toml lists {package}, which is not built twice any more"));
        }
        if reason.is_empty() {
            wrong.push(format!("deny.toml lists {package} without a reason"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_package_comes_from_the_registry() {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        name: String,
        source: Option<String>,
    }
    let text = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let lock: Lock = toml::from_str(&text).expect("Cargo.lock");
    for Locked { name, source } in lock.package {
        let known = match source {
            None => name == "fluxdeck",
            Some(source) => source == "registry+https://github.com/rust-lang/crates.io-index",
        };
        assert!(known, "{name} does not come from crates.io");
    }
}
