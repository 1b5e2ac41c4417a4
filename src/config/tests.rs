//! The precedence of sources, and their limits.

use std::path::Path;

use super::{Agreement, Environments, Flags, Settings, environments};
use crate::model::{IN_CLUSTER, KubeContext, Protection, Server};
use crate::repo::git::tests::write;
use crate::repo::{RepoEnvironment, Sync};

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
        .map(|name| RepoEnvironment {
            name: (*name).to_owned(),
            path: format!("clusters/{name}"),
            recipients: vec![],
            sync: Sync::default(),
        })
        .collect()
}

fn found(settings: &Settings, names: &[&str], contexts: &[&str]) -> Environments {
    let contexts: Vec<KubeContext> = contexts.iter().map(|name| context(name, name, "")).collect();
    environments(settings, &folders(names), &contexts)
}

/// Returns a context with a name, its cluster's name and its server, which may be unknown.
fn context(name: &str, cluster: &str, url: &str) -> KubeContext {
    KubeContext {
        name: name.to_owned(),
        cluster: cluster.to_owned(),
        server: Server::at(url),
        ..KubeContext::default()
    }
}

/// Returns for each environment its name and why it is protected, or `no`.
fn reasons(environments: &Environments) -> Vec<(&str, String)> {
    let why = |protection: &Protection| protection.to_string();
    let all = environments.list.iter().map(|one| {
        assert_eq!(one.protected, one.protected_by.is_some(), "{one:?}");
        (one.name.as_str(), one.protected_by.as_ref().map_or_else(|| "no".to_owned(), why))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_unstable();
    all
}

fn names(environments: &Environments) -> Vec<&str> {
    environments.list.iter().map(|one| one.name.as_str()).collect()
}

fn owned(names: &[&str]) -> Vec<String> {
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
    let unprotect = |name: &str| Flags { unprotect: owned(&[name]), ..Flags::default() };
    let on = "[env.lab]\nprotected = true";
    let off = "[env.lab]\nprotected = false";
    let variable_on = [("FLUXDECK_ENV_LAB_PROTECTED", "1")];
    let variable_off = [("FLUXDECK_ENV_LAB_PROTECTED", "0"), ("FLUXDECK_ENV_PRODUCTION_PROTECTED", "false")];
    let both = Flags { protect: owned(&["lab"]), unprotect: owned(&["lab"]), ..Flags::default() };
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
        let all = found(&settings(shared, personal, variables, flags), &[name, "other"], &[]);
        let one = all.find(name).unwrap();
        let from = one
            .protected_by
            .as_ref()
            .map_or_else(|| all.unprotected.get(one.env).unwrap().to_string(), ToString::to_string);
        assert_eq!(
            (one.protected, from.rsplit('/').next().unwrap()),
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
    let text = "[keys]\nreconcile = 'x'\n[env.staging]\nage_key_file = 'k'\nage_key_command = 'rm -rf /'\nkubeconfig = 'k'\ncontext = 'c'\n";
    let shared = settings(text, "", &[], &Flags::default());
    let staging = shared.env("staging");
    assert_eq!((staging.age_key_file, staging.age_key_command), (None, None));
    assert_eq!(staging.context.unwrap().value, "c");
    assert!(shared.keys.is_empty());
    let told: Vec<_> = shared.findings.iter().map(|f| (f.line, f.fault.what.as_str())).collect();
    assert_eq!(
        told,
        [
            (Some(1), "keys is ignored"),
            (Some(4), "age_key_file is ignored"),
            (Some(5), "age_key_command is ignored"),
            (Some(6), "kubeconfig is ignored"),
        ]
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
fn an_environment_may_have_a_kubeconfig_of_its_own() {
    let personal = "[env.staging]\nkubeconfig = '/k/staging'\n[env.lab]\nkubeconfig = '/k/lab'\ncontext = 'b'\n";
    let settings = settings("", personal, &[("FLUXDECK_ENV_PRODUCTION_KUBECONFIG", "/k/gone")], &Flags::default());
    let of = |file: &str, name: &str| KubeContext {
        file: file.to_owned(),
        ..context(&format!("{file}:{name}"), "default", "https://10.0.0.1")
    };
    let usual = KubeContext { file: "/k/usual".to_owned(), ..context("staging", "usual", "https://10.0.0.2") };
    let contexts = [usual, of("/k/staging", "default"), of("/k/lab", "a"), of("/k/lab", "b")];
    let found = environments(&settings, &folders(&["staging", "production"]), &contexts);
    let reached = |name: &str| found.find(name).unwrap().context.clone().unwrap();
    assert_eq!(reached("staging"), "/k/staging:default", "its only one");
    assert_eq!(reached("lab"), "/k/lab:b", "the one that is named");
    assert_eq!(reached("production"), "/k/gone:production", "what the file lacks is told when it is looked into");
}

#[test]
fn the_pod_that_we_run_in_is_the_only_environment_or_the_one_that_is_named() {
    let pod = || vec![context(IN_CLUSTER, IN_CLUSTER, "https://10.43.0.1")];
    let at = |text: &str, names: &[&str]| {
        let found = environments(&settings("", text, &[], &Flags::default()), &folders(names), &pod());
        let of = |(one, fault): (&crate::model::Environment, &Option<crate::model::Fault>)| {
            one.context.clone().unwrap_or_else(|| fault.as_ref().unwrap().todo.clone())
        };
        found.list.iter().zip(found.faults.iter().map(|(_, fault)| fault)).map(of).collect::<Vec<String>>()
    };
    assert_eq!(at("", &["lab"]), [IN_CLUSTER]);
    let two = at("[env.staging]\ncontext = 'in-cluster'", &["production", "staging"]);
    assert!(two[0] == IN_CLUSTER && two[1].contains("context = \"in-cluster\" below [env.production]"), "{two:?}");
}

#[test]
fn no_other_name_leads_round_the_guard_of_a_cluster() {
    let shared = "[env.staging]\ncontext = 'production'\n[env.a]\ncontext = 'shared'\nprotected = true\n[env.b]\ncontext = 'shared'\n";
    let contexts = ["production", "shared"];
    let all = found(&settings(shared, "", &[], &Flags::default()), &["staging"], &contexts);
    let expected = [("a", ".fluxdeck.toml:5"), ("b", "the API server of a"), ("staging", "the context production")];
    assert_eq!(reasons(&all), expected.map(|(name, why)| (name, why.to_owned())));
    let flags = Flags { unprotect: owned(&["staging", "b"]), ..Flags::default() };
    let all = found(&settings(shared, "", &[], &flags), &["staging"], &contexts);
    assert_eq!(reasons(&all).iter().map(|(_, why)| why.as_str()).collect::<Vec<_>>(), [".fluxdeck.toml:5", "no", "no"]);
}

#[test]
fn whatever_shares_an_api_server_with_production_is_protected() {
    let (eu, us) = ("https://10.0.0.1:6443", "https://10.0.0.2:6443");
    let judged = |personal: &str, flags: &Flags, contexts: &[KubeContext]| {
        let settings = settings("", personal, &[], flags);
        let all = environments(&settings, &folders(&["lab", "staging"]), contexts);
        reasons(&all).into_iter().map(|(_, why)| why).collect::<Vec<_>>()
    };
    let none = Flags::default();
    let lab = context("lab", "lab", us);
    // Another context of the kubeconfig shows it by its name or by that of its cluster, though no environment uses it.
    let by = |name, cluster| judged("", &none, &[lab.clone(), context("staging", "c", eu), context(name, cluster, eu)]);
    assert_eq!(by("eu-prod", "k3s"), ["no", "the API server of the context eu-prod"]);
    assert_eq!(
        by("admin", "arn:aws:eks:eu-west-1:1:cluster/production"),
        ["no", "the API server of the cluster arn:aws:eks:eu-west-1:1:cluster/production"]
    );
    assert_eq!(by("admin", "product"), ["no", "no"]);
    // The name of its own cluster shows it, even without a known server.
    let own = [lab.clone(), context("staging", "prd-2", "")];
    assert_eq!(judged("", &none, &own), ["no", "the API server of the cluster prd-2"]);
    // An environment that a source or a flag protects does too; neither the user's settings nor an exemption of that
    // one change it.
    let same = [context("lab", "x", eu), context("staging", "y", "https://10.0.0.1:6443/")];
    let personal = "[env.lab]\nprotected = true\n[env.staging]\nprotected = false\n";
    let ends = |judged: Vec<String>| judged.last().unwrap().clone();
    assert_eq!(ends(judged(personal, &none, &same)), "the API server of lab");
    let unprotect = Flags { unprotect: owned(&["lab"]), ..Flags::default() };
    assert_eq!(judged(personal, &unprotect, &same), ["no", "the API server of lab"]);
    let protect = Flags { protect: owned(&["lab"]), ..Flags::default() };
    assert_eq!(judged("", &protect, &same), ["--protect", "the API server of lab"]);
    // One leads to the next.
    let chain = |name: &str, cluster: &str, url: &str| KubeContext {
        server: Server::at(url).map(|server| server.through(None, None, Some("authority"))),
        ..context(name, cluster, url)
    };
    let chain = [lab, chain("staging", "k3s", us), chain("b", "k3s", eu), context("production", "p", eu)];
    assert_eq!(judged("", &none, &chain), ["the API server of the context production"; 2]);
}

#[test]
fn a_context_that_only_the_repository_names_is_protected_until_the_operator_agrees() {
    let shared = "[env.staging]\ncontext = 'ops'\n[env.lab]\ncontext = 'lab'\n[env.dev]\ncontext = 'kind'\n";
    let contexts = ["ops", "lab", "kind"];
    let ask = "the context ops, which only the repository names";
    let of = |personal: &str, variables: &[(&str, &str)], flags: &Flags| {
        let personal = format!("[env.dev]\ncontext = 'kind'\n{personal}");
        let all = found(&settings(shared, &personal, variables, flags), &["staging", "lab", "dev"], &contexts);
        let all: Vec<String> = reasons(&all).into_iter().map(|(_, why)| why).collect();
        assert_eq!(&all[..2], ["no", "no"], "the operator says it too, and a context of the same name needs no word");
        all[2].clone()
    };
    let none = Flags::default();
    assert_eq!(of("", &[], &none), ask);
    assert_eq!(of("[env.staging]\nprotected = false\n", &[], &none), ask);
    assert_eq!(of("[env.staging]\ncontext = 'ops'\n", &[], &none), "no");
    assert_eq!(of("", &[("FLUXDECK_ENV_STAGING_CONTEXT", "ops")], &none), "no");
    let flag = Flags { contexts: vec![("staging".to_owned(), "ops".to_owned())], ..Flags::default() };
    assert_eq!(of("", &[], &flag), "no");
    assert_eq!(of("", &[], &Flags { unprotect: owned(&["staging"]), ..Flags::default() }), "no");
}

#[test]
fn only_the_environment_s_own_name_needs_no_word_and_its_folder_s_is_none() {
    let ask = |context: &str| format!("the context {context}, which only the repository names");
    let of = |shared: &str, folder: &str, name: &str, contexts: &[&str]| {
        let settings = settings(shared, "", &[], &Flags::default());
        let contexts: Vec<KubeContext> = contexts.iter().map(|name| context(name, name, "")).collect();
        let known = ["dev", name].map(|name| RepoEnvironment { path: folder.to_owned(), ..folders(&[name]).remove(0) });
        let found = environments(&settings, &known, &contexts);
        reasons(&found).into_iter().find(|(known, _)| *known == name).unwrap().1
    };
    // The folder has the name of another cluster's context.
    assert_eq!(of("[env.staging]\ncontext = 'ops'\n", "clusters/ops", "staging", &["ops", "staging"]), ask("ops"));
    let by_path = "[env.staging]\npath = 'clusters/ops'\ncontext = 'ops'\n";
    assert_eq!(of(by_path, "clusters/ops", "staging", &["ops", "staging"]), ask("ops"));
    // A name that is similar to the environment's is another.
    for near in ["Staging", "staging-2", "eu/staging", " staging"] {
        let shared = format!("[env.staging]\ncontext = '{near}'\n");
        assert_eq!(of(&shared, "clusters/staging", "staging", &[near, "staging"]), ask(near));
    }
    assert_eq!(of("[env.ops]\ncontext = 'ops'\n", "clusters/ops", "ops", &["ops"]), "no");
    assert_eq!(of("", "clusters/ops", "ops", &["ops"]), "no");
}

#[test]
fn what_was_agreed_to_holds_for_that_repository_environment_and_context_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let file = folder.path().join("state/fluxdeck/agreements.jsonl");
    for root in [&one, &other] {
        write(root, ".fluxdeck.toml", "[env.staging]\ncontext = 'ops'\n[env.dev]\ncontext = 'ops'\n");
    }
    let protected = |root: &Path| {
        let variables = vec![("XDG_STATE_HOME".to_owned(), folder.path().join("state").display().to_string())];
        let settings = Settings::from_sources(Some(root), &Flags::default(), variables);
        let all = found(&settings, &["staging", "dev"], &["ops"]);
        reasons(&all).into_iter().filter(|(_, why)| why != "no").map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(protected(&one), ["dev", "staging"]);
    write(folder.path(), "state/fluxdeck/agreements.jsonl", "nonsense\n");
    Agreement::of_context(&one, "staging", "else").remember(&file).unwrap();
    assert_eq!(protected(&one), ["dev", "staging"]);
    Agreement::of_context(&one, "staging", "ops").remember(&file).unwrap();
    assert_eq!(protected(&one), ["dev"]);
    assert_eq!(protected(&folder.path().join("other/../one")), ["dev"], "however it is reached");
    assert_eq!(protected(&other), ["dev", "staging"]);
}

#[test]
fn an_only_environment_is_protected_unless_its_owner_says_otherwise() {
    let none = Flags::default();
    let of = |shared: &str, personal: &str, flags: &Flags| {
        reasons(&found(&settings(shared, personal, &[], flags), &["home"], &["home"])).remove(0).1
    };
    let off = "[env.home]\nprotected = false\n";
    assert_eq!(of("", "", &none), "being the only environment");
    assert_eq!(of(off, "", &none), "being the only environment", "the repository has no say in it");
    assert_eq!(of("", off, &none), "no");
    assert_eq!(of(off, off, &none), "no");
    assert_eq!(of("", "", &Flags { unprotect: owned(&["home"]), ..none }), "no");
    let named = |name: &str| reasons(&found(&settings("", "", &[], &Flags::default()), &[name], &[name])).remove(0).1;
    assert_eq!(named("staging"), "no", "its name says what it is");
    assert_eq!(named("lab"), "being the only environment");
    assert_eq!(named("staging-prod"), "the name staging-prod");
}

#[test]
fn which_plugins_may_run_is_for_the_operator_to_say() {
    let personal = settings("", "[plugins]\nallow = ['yubikey']\n", &[], &Flags::default());
    assert_eq!((personal.plugins.as_slice(), personal.findings.len()), (["yubikey".to_owned()].as_slice(), 0));
    let shared = settings("[plugins]\nallow = ['yubikey']\n", "", &[], &Flags::default());
    assert_eq!((shared.plugins.len(), shared.findings.len()), (0, 1));

    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let file = folder.path().join("state/fluxdeck/agreements.jsonl");
    for root in [&one, &other] {
        std::fs::create_dir_all(root).unwrap();
    }
    Agreement::of_plugin(&one, "yubikey").remember(&file).unwrap();
    Agreement::of_context(&one, "staging", "ops").remember(&file).unwrap();
    let allowed = |root: &Path| {
        let variables = vec![("XDG_STATE_HOME".to_owned(), folder.path().join("state").display().to_string())];
        let settings = Settings::from_sources(Some(root), &Flags::default(), variables);
        (settings.plugins.clone(), settings.is_agreed("staging", "ops"))
    };
    assert_eq!(allowed(&one), (vec!["yubikey".to_owned()], true), "remembered for this repository");
    assert_eq!(allowed(&other), (Vec::new(), false), "and for no other");
}

#[test]
fn a_theme_that_only_the_repository_names_keeps_nothing_from_starting() {
    let known = |name: &str| name == "dark";
    let theme = |shared: &str, personal: &str| {
        let mut found = settings(shared, personal, &[], &Flags::default());
        found.with_known_themes(known);
        let told: Vec<String> = found.findings.iter().map(|one| one.fault.what.clone()).collect();
        (found.theme.value, told)
    };
    assert_eq!(theme("theme = 'nope'", ""), ("terminal".to_owned(), vec!["the theme nope is ignored".to_owned()]));
    assert_eq!(theme("theme = 'dark'", ""), ("dark".to_owned(), vec![]));
    // The user's own value is left to the user.
    assert_eq!(theme("", "theme = 'nope'"), ("nope".to_owned(), vec![]));
}

#[test]
fn the_repositorys_file_is_a_file_of_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    let (root, home) = (folder.path().join("repository"), folder.path().join("home"));
    write(&root, "inside.toml", "mouse = true");
    write(folder.path(), "outside.toml", "mouse = true");
    let shared = root.join(".fluxdeck.toml");
    let read = || {
        let home = vec![("HOME".to_owned(), home.display().to_string())];
        let found = Settings::from_sources(Some(&root), &Flags::default(), home);
        (found.mouse.value, found.unreadable)
    };
    assert_eq!(read(), (false, false), "none at all");
    for (target, wanted) in
        [("inside.toml", (true, false)), ("../outside.toml", (false, true)), ("gone", (false, true))]
    {
        std::os::unix::fs::symlink(target, &shared).unwrap();
        assert_eq!(read(), wanted, "{target}");
        std::fs::remove_file(&shared).unwrap();
    }
    // A pipe is not waited for.
    let made = std::process::Command::new("mkfifo").arg(&shared).status().unwrap();
    assert!(made.success());
    assert_eq!(read(), (false, true));
}

#[test]
fn settings_of_another_user_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let (root, home) = (folder.path().join("repository"), folder.path().join("home"));
    write(&root, ".fluxdeck.toml", "mouse = true");
    write(&home, ".config/fluxdeck/config.toml", "read_only = true");
    let read = || {
        let home = vec![("HOME".to_owned(), home.display().to_string())];
        let found = Settings::from_sources(Some(&root), &Flags::default(), home);
        (found.mouse.value, found.read_only.value, found.unreadable)
    };
    assert_eq!(read(), (true, true, false));
    // Only root can change the owner of files; as another user the suite skips this.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    std::os::unix::fs::chown(root.join(".fluxdeck.toml"), Some(12345), None).unwrap();
    assert_eq!(read(), (false, true, true));
    std::os::unix::fs::chown(home.join(".config/fluxdeck/config.toml"), Some(12345), None).unwrap();
    assert_eq!(read(), (false, false, true));
}

#[test]
fn of_too_many_environments_those_that_are_protected_stay_and_the_rest_is_counted() {
    let mut all: Vec<String> = (0..300).map(|number| format!("dev-{number}")).collect();
    all.extend(["production".to_owned(), "eu-prod".to_owned()]);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let found = found(&settings("", "", &[], &Flags::default()), &all, &[]);
    assert_eq!((found.list.len(), found.beyond), (255, 47));
    assert!(["production", "eu-prod"].iter().all(|name| names(&found).contains(name)));
    assert!(found.list.iter().enumerate().all(|(place, one)| one.env.index() == place));
}

#[test]
fn folders_of_the_operator_that_count_from_here_are_none() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "fluxdeck/config.toml", "theme = 'theirs'");
    let relative = std::path::Path::new("../../../../../../../..").join(folder.path().strip_prefix("/").unwrap());
    let relative = relative.display().to_string();
    let theme = |variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::from_sources(None, &Flags::default(), variables).theme.value
    };
    let whole = folder.path().display().to_string();
    assert_eq!(theme(&[("XDG_CONFIG_HOME", &whole)]), "theirs");
    assert_eq!(theme(&[("XDG_CONFIG_HOME", &relative)]), "terminal");
    assert_eq!(theme(&[("HOME", &relative), ("XDG_CONFIG_HOME", "")]), "terminal");
}
