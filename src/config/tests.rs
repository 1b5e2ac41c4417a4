//! Which source wins, and what none may do.

use std::path::Path;

use super::{Environments, Flags, Settings, environments};
use crate::repo::RepoEnvironment;
use crate::repo::git::tests::write;

/// Reads settings from texts: the repository's file, the personal one, variables and flags.
fn settings(shared: &str, personal: &str, variables: &[(&str, &str)], flags: &Flags) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("repository");
    let home = folder.path().join("home");
    write(&root, ".fluxdeck.toml", shared);
    write(&home, ".config/fluxdeck/config.toml", personal);
    let mut all = vec![("HOME".to_owned(), home.display().to_string())];
    all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Settings::from_sources(Some(&root), flags, all)
}

fn folders(names: &[&str]) -> Vec<RepoEnvironment> {
    names
        .iter()
        .map(|name| RepoEnvironment { name: (*name).to_owned(), path: format!("clusters/{name}"), recipients: vec![] })
        .collect()
}

fn found(settings: &Settings, names: &[&str], contexts: &[&str]) -> Environments {
    let contexts: Vec<String> = contexts.iter().map(ToString::to_string).collect();
    environments(settings, &folders(names), &contexts)
}

fn names(environments: &Environments) -> Vec<&str> {
    environments.list.iter().map(|one| one.name.as_str()).collect()
}

fn words(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn the_later_source_wins_and_each_value_knows_its_own() {
    let theme = |shared, personal, variables: &[(&str, &str)], flags: &Flags| {
        let theme = settings(shared, personal, variables, flags).theme;
        let origin = theme.origin.to_string();
        (theme.value, origin.rsplit('/').next().unwrap().to_owned())
    };
    let flags = Flags { theme: Some("four".to_owned()), ..Flags::default() };
    let (one, two, three) = ("# shared\ntheme = 'one'", "theme = 'two'", [("FLUXDECK_THEME", "three")]);
    let expect = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(theme("", "", &[], &Flags::default()), expect("terminal", "default"));
    assert_eq!(theme(one, "", &[], &Flags::default()), expect("one", ".fluxdeck.toml:2"));
    assert_eq!(theme(one, two, &[], &Flags::default()), expect("two", "config.toml:1"));
    assert_eq!(theme(one, two, &three, &Flags::default()), expect("three", "$FLUXDECK_THEME"));
    assert_eq!(theme(one, two, &three, &flags), expect("four", "--theme"));

    let context = |flags: &Flags, variables| {
        let shared = "[env.my-lab]\ncontext = 'a'";
        settings(shared, "[env.my-lab]\ncontext = 'b'\ncolour = 'blue'", variables, flags).env("my-lab")
    };
    let flags = Flags { contexts: vec![("my-lab".to_owned(), "d".to_owned())], ..Flags::default() };
    let variable = [("FLUXDECK_ENV_MY_LAB_CONTEXT", "c")];
    assert_eq!(context(&Flags::default(), &[]).context.unwrap().value, "b");
    assert_eq!(context(&Flags::default(), &variable).context.unwrap().value, "c");
    let all = context(&flags, &variable);
    assert_eq!((all.context.unwrap().value, all.colour.unwrap().value), ("d".to_owned(), "blue".to_owned()));
}

#[test]
fn any_source_protects_and_only_a_flag_takes_it_away() {
    let none = Flags::default();
    let unprotect = |name: &str| Flags { unprotect: words(&[name]), ..Flags::default() };
    let on = "[env.lab]\nprotected = true";
    let off = "[env.lab]\nprotected = false";
    let variable_on = [("FLUXDECK_ENV_LAB_PROTECTED", "1")];
    let variable_off = [("FLUXDECK_ENV_LAB_PROTECTED", "0"), ("FLUXDECK_ENV_PRODUCTION_PROTECTED", "false")];
    let both = Flags { protect: words(&["lab"]), unprotect: words(&["lab"]), ..Flags::default() };
    for (name, shared, personal, variables, flags, protected, origin) in [
        ("lab", "", "", &[][..], &none, false, "default"),
        ("production", "", "", &[], &none, true, "the name production"),
        ("Prod", "", "", &[], &none, true, "the name Prod"),
        ("live", "", "", &[], &none, true, "the name live"),
        ("lab", on, "", &[], &none, true, ".fluxdeck.toml:2"),
        ("lab", on, off, &variable_off, &none, true, ".fluxdeck.toml:2"),
        ("lab", "", on, &variable_off, &none, true, "config.toml:2"),
        ("lab", off, off, &variable_on, &none, true, "$FLUXDECK_ENV_LAB_PROTECTED"),
        ("lab", "", "", &[("FLUXDECK_ENV_LAB_PROTECTED", "of course")], &none, true, "$FLUXDECK_ENV_LAB_PROTECTED"),
        ("lab", "[env.lab]\nprotected = 'sure'", "", &[], &none, true, ".fluxdeck.toml:2"),
        ("production", "[env.production]\nprotected = false", "", &variable_off, &none, true, "the name production"),
        ("production", "", "", &[], &unprotect("production"), false, "--unprotect"),
        ("production", "", "", &[], &unprotect("lab"), true, "the name production"),
        ("lab", on, on, &variable_on, &unprotect("lab"), false, "--unprotect"),
        ("lab", "", "", &[], &both, true, "--protect"),
        ("lab", "theme = [", "", &[], &none, true, "a settings file that cannot be read"),
        ("lab", "", "theme = [", &[], &none, true, "a settings file that cannot be read"),
    ] {
        let protection = settings(shared, personal, variables, flags).protection(name, None);
        let from = protection.origin.to_string();
        assert_eq!(
            (protection.value, from.rsplit('/').next().unwrap()),
            (protected, origin),
            "{name}: {shared} | {personal} | {variables:?} | {flags:?}"
        );
    }
}

#[test]
fn read_only_adds_up_too() {
    let none = Flags::default();
    assert!(!settings("", "", &[], &none).read_only.value);
    assert!(settings("read_only = true", "read_only = false", &[("FLUXDECK_READ_ONLY", "0")], &none).read_only.value);
    assert!(settings("", "", &[], &Flags { read_only: true, ..none }).read_only.value);
}

#[test]
fn a_repository_names_neither_keys_nor_commands() {
    let text =
        "[keys]\nreconcile = 'x'\n[env.staging]\nage_key_file = 'k'\nage_key_command = 'rm -rf /'\ncontext = 'c'\n";
    let shared = settings(text, "", &[], &Flags::default());
    let staging = shared.env("staging");
    assert_eq!((staging.age_key_file, staging.age_key_command), (None, None));
    assert_eq!(staging.context.unwrap().value, "c");
    assert!(shared.keys.is_empty());
    let told: Vec<_> = shared.findings.iter().map(|f| (f.line, f.fault.what.as_str())).collect();
    assert_eq!(
        told,
        [(Some(1), "keys is ignored"), (Some(4), "age_key_file is ignored"), (Some(5), "age_key_command is ignored")]
    );

    let personal = settings("", &text.replace("'k'", "'~/age/k'"), &[], &Flags::default());
    assert!(personal.env("staging").age_key_file.unwrap().value.ends_with(Path::new("home/age/k")));
    assert_eq!(personal.keys["reconcile"].value, ["x"]);
    assert_eq!(personal.findings, []);
}

#[test]
fn what_is_not_understood_is_told_with_its_place() {
    let shared = "them = 'x'\nascii = 'yes'\n[env.staging]\ncolor = 'red'\norder = 0x10\n[keys]\nquit = [1]\n";
    let flags = Flags { config: Some("/nonexistent/config.toml".into()), ..Flags::default() };
    let variables =
        [("FLUXDECK_THEM", "x"), ("FLUXDECK_REPO", "."), ("FLUXDECK_ENV_STAGING_ORDER", "first"), ("OTHER", "x")];
    let settings = settings(shared, "", &variables, &flags);
    let mut told: Vec<String> =
        settings.findings.iter().map(|f| format!("{}:{:?} {}", f.file, f.line, f.fault.what)).collect();
    told.sort();
    assert_eq!(
        told,
        [
            "$FLUXDECK_ENV_STAGING_ORDER:None FLUXDECK_ENV_STAGING_ORDER is ignored",
            "$FLUXDECK_THEM:None FLUXDECK_THEM is not a setting",
            ".fluxdeck.toml:Some(1) them is not a setting",
            ".fluxdeck.toml:Some(2) ascii is ignored",
            ".fluxdeck.toml:Some(4) color is not a setting",
            ".fluxdeck.toml:Some(6) keys is ignored",
            "/nonexistent/config.toml:None the settings cannot be read",
        ]
    );
    assert_eq!(settings.env("staging").order.unwrap().value, 16);
    assert!(settings.unreadable);
}

#[test]
fn environments_stand_in_order_with_their_contexts() {
    let plain = settings("", "", &[], &Flags::default());
    let all = found(&plain, &["production", "staging", "dev"], &["staging", "production"]);
    assert_eq!(names(&all), ["dev", "staging", "production"]);
    assert_eq!(all.list[1].context.as_deref(), Some("staging"));
    assert_eq!(all.list[1].env, crate::model::Env(1));
    assert_eq!(all.list[0].context, None);
    let fault = all.faults.get(all.list[0].env).unwrap().as_ref().unwrap();
    assert!(fault.why.contains("no context dev") && fault.why.contains("staging, production"), "{fault}");
    assert!(all.faults.get(all.list[1].env).unwrap().is_none());

    let text = "[env.staging]\norder = 9\n[env.production]\norder = 1\n[env.lab]\ncontext = 'kind'\n[env.typo]\ncolour = 'red'\n";
    let ordered = found(&settings(text, "", &[], &Flags::default()), &["staging", "production", "dev"], &["kind"]);
    assert_eq!(names(&ordered), ["production", "staging", "dev", "lab"]);
    let lab = ordered.find("lab").unwrap();
    assert_eq!((lab.path.as_deref(), lab.context.as_deref()), (None, Some("kind")));
    assert_eq!(names(&found(&plain, &[], &["kind"])), [""; 0], "a context alone is no environment");
}

#[test]
fn no_other_name_leads_round_the_guard_of_a_cluster() {
    let text = "[env.staging]\ncontext = 'production'\n[env.a]\ncontext = 'shared'\nprotected = true\n[env.b]\ncontext = 'shared'\n";
    let contexts = ["production", "shared"];
    let all = found(&settings(text, "", &[], &Flags::default()), &["staging"], &contexts);
    let protected: Vec<_> = all.list.iter().map(|one| (one.name.as_str(), one.protected)).collect();
    assert_eq!(protected, [("a", true), ("b", true), ("staging", true)]);
    let flags = Flags { unprotect: words(&["staging", "b"]), ..Flags::default() };
    let all = found(&settings(text, "", &[], &flags), &["staging"], &contexts);
    let protected: Vec<_> = all.list.iter().map(|one| (one.name.as_str(), one.protected)).collect();
    assert_eq!(protected, [("b", false), ("staging", false), ("a", true)]);
}
