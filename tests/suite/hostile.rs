//! Names, messages and logs that somebody else chose: whatever they hold, no subcommand and no screen hands it to the terminal.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use fluxdeck::app::Risk;
use fluxdeck::commands::COMMANDS;
use fluxdeck::model::text::hides_or_steers;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::support::api::{Answer, Api, apps};
use super::support::workspace::Workspace;

/// What a hostile text holds: a title (OSC), a colour, C1, bidi, DEL, a tag, and a line that a log would take for a command.
const HOSTILE: &str =
    "x\u{1b}]0;pwned\u{7}\u{1b}[31m\u{9b}2J\u{202e}evil\u{2066}\u{7f}\u{feff}\u{e0041}\n::error file=y::pwned";

/// The same without what a file's name cannot hold.
const NAME: &str = "x\u{1b}]0;pwned\u{7}\u{9b}2J\u{202e}evil\u{7f}\n::error file=y::pwned";

/// Every subcommand with calls of it; `{}` stands for a hostile word.
const CALLS: &[(&str, &[&[&str]])] = &[
    ("init", &[&["init", "/proc/{}"], &["init", "{}", "--domain", "{}"]]),
    ("demo", &[&["demo", "--scenario", "{}"]]),
    ("envs", &[&["envs"]]),
    ("kustomizations", &[&["kustomizations"]]),
    ("order", &[&["order"]]),
    ("files", &[&["files"], &["files", "--kustomization", "{}"]]),
    ("where", &[&["where", "apps/{}.yaml"], &["where", "ConfigMap/default/{}"], &["where", "{}"]]),
    ("objects", &[&["objects"]]),
    ("build", &[&["build"], &["build", "--vars"], &["build", "--rev", "{}"], &["build", "-k", "{}"]]),
    ("releases", &[&["releases"]]),
    ("diff", &[&["diff", "-k", "{}"], &["diff", "--rev", "{}"], &["diff", "--drift"], &["diff", "HelmRelease/{}/{}"]]),
    ("impact", &[&["impact", "HEAD~1..HEAD"], &["impact", "{}"]]),
    (
        "history",
        &[&["history", "ConfigMap/default/{}", "--env", "staging"], &["history", "{}"], &["history", "apps/{}.yaml"]],
    ),
    (
        "check",
        &[
            &["check"],
            &["check", "--staged"],
            &["check", "-o", "json"],
            &["check", "-o", "sarif"],
            &["check", "-o", "github"],
            &["check", "--rule", "{}"],
            &["check", "--rules"],
        ],
    ),
    ("status", &[&["status"], &["status", "-o", "json"], &["status", "-o", "yaml"]]),
    ("orphans", &[&["orphans"], &["orphans", "-n", "{}"], &["orphans", "-o", "json"]]),
    ("doctor", &[&["doctor"], &["doctor", "-o", "json"]]),
    ("explain", &[&["explain"], &["explain", "{}"], &["explain", "{}", "-o", "json"], &["explain", "prune"]]),
    ("walk", &[&["walk", "{}"], &["walk", "bootstrap"], &["walk", "failed-reconcile", "-o", "json"]]),
    ("logs", &[&["logs", "default/web-0"], &["logs", "default/web-0", "-o", "json"], &["logs", "{}"]]),
    (
        "reconcile",
        &[&["reconcile", "ks/flux-system/apps", "--no-wait"], &["reconcile", "ks/flux-system/{}", "--no-wait"]],
    ),
    ("suspend", &[&["suspend", "ks/flux-system/apps", "--reason", "{}"]]),
    ("resume", &[&["resume", "ks/flux-system/{}", "--timeout", "1s"]]),
    ("pods", &[&["pods"], &["pods", "-o", "json"]]),
    ("get", &[&["get", "{}"], &["get", "kustomizations"]]),
    ("describe", &[&["describe", "ks/flux-system/apps"], &["describe", "ks/flux-system/{}"], &["describe", "{}"]]),
    ("tree", &[&["tree", "ks/flux-system/apps"], &["tree", "{}"]]),
    ("trace", &[&["trace", "ks/flux-system/apps"], &["trace", "Pod/default/{}"]]),
    ("restart", &[&["restart", "Deployment.apps/default/{}", "--timeout", "1s"]]),
    ("delete", &[&["delete", "ConfigMap/default/{}", "--timeout", "1s"]]),
    ("run", &[&["run", "CronJob.batch/default/{}", "--timeout", "1s"]]),
    ("exec", &[&["exec", "Pod/default/{}", "--", "{}"]]),
    ("forward", &[&["forward", "Pod/default/{}", "{}"]]),
    ("helm history", &[&["helm", "history", "flux-system/{}"]]),
    ("helm values", &[&["helm", "values", "{}"]]),
    ("helm manifest", &[&["helm", "manifest", "flux-system/{}"]]),
    ("helm diff", &[&["helm", "diff", "flux-system/{}"]]),
    ("events", &[&["events"], &["events", "{}"]]),
    ("timeline", &[&["timeline"], &["timeline", "-o", "json"], &["timeline", "ks/flux-system/{}", "--since", "{}"]]),
    ("secrets", &[&["secrets"], &["secrets", "-o", "json"]]),
    ("secret view", &[&["secret", "view", "apps/{}.yaml"]]),
    ("secret set", &[&["secret", "set", "apps/{}.yaml", "{}"]]),
    ("secret unset", &[&["secret", "unset", "apps/{}.yaml", "{}"]]),
    ("secret edit", &[&["secret", "edit", "--editor=true", "apps/{}.yaml"]]),
    ("secret decrypt", &[&["secret", "decrypt", "apps/{}.yaml"]]),
    ("secret encrypt", &[&["secret", "encrypt", "apps/{}.yaml"]]),
    ("secret new", &[&["secret", "new", "{}", "-n", "{}", "--generate", "{}"]]),
    ("secret recipients", &[&["secret", "recipients"], &["secret", "recipients", "apps/{}.yaml", "--add", "{}"]]),
    ("secret rotate", &[&["secret", "rotate", "apps/{}.yaml"]]),
    ("secret verify", &[&["secret", "verify"], &["secret", "verify", "{}"], &["secret", "verify", "-o", "github"]]),
    ("secret age-key", &[&["secret", "age-key"]]),
    ("hook install", &[&["hook", "install"]]),
    ("hook uninstall", &[&["hook", "uninstall"]]),
    ("snapshot", &[&["snapshot", "--keys", "{}"], &["snapshot", "--keys", "j<enter>"]]),
    ("keys", &[&["keys"]]),
    ("themes", &[&["themes"], &["themes", "--theme", "{}"]]),
    ("info", &[&["info"]]),
    ("completions", &[&["completions", "{}"], &["completions", "bash"]]),
    ("man", &[&["man"], &["man", "{}"]]),
];

/// What opens each screen, from the start or from the first object, file or environment.
const SCREENS: &[&str] = &[
    "",
    "j",
    "jj",
    "jjj",
    "jjjj<enter>",
    "1G<enter>",
    "2<enter>",
    "2j<enter>",
    "2jd",
    "2jy",
    "2jl",
    "2jD",
    "p<enter>",
    "K<enter>",
    "f<enter>",
    "i<enter>",
    "v<enter>",
    "v=",
    "C",
    "C<enter>",
    "I",
    "M",
    "M<enter>",
    "E",
    "w",
    "S",
    "S<enter>",
    "O",
    "k",
    "?",
    ":journal<enter>",
    "2j?<enter>",
    "2j@",
    "2jH",
    "jjjR",
    "+",
];

/// Makes every message of a server hostile: the values of the names that it chooses freely.
fn hostile(mut object: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    match value {
                        Value::String(text)
                            if ["message", "reason", "lastAppliedRevision", "path"].contains(&key.as_str()) =>
                        {
                            text.push_str(HOSTILE);
                        }
                        other => walk(other),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut object);
    object["metadata"]["labels"] = json!({HOSTILE: HOSTILE});
    object["metadata"]["annotations"] = json!({HOSTILE: HOSTILE});
    object
}

/// Answers as a server that means harm.
fn says(request: &str) -> Option<Answer> {
    let address = request.split([' ', '\n']).nth(1).unwrap_or_default();
    let path = address.split('?').next().unwrap_or_default();
    if request.contains("watch=")
        || path.starts_with("/apis") && !path.contains("/namespaces/") && path.matches('/').count() < 4
    {
        return None;
    }
    let mut strange = apps(Timestamp::now(), "");
    strange["metadata"]["name"] = json!(HOSTILE);
    strange["metadata"]["uid"] = json!("2");
    Some(match path {
        path if path.ends_with("/kustomizations/apps") => Answer::Object(hostile(apps(Timestamp::now(), ""))),
        path if path.ends_with("/kustomizations") => Answer::Object(json!({
            "kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"},
            "items": [hostile(apps(Timestamp::now(), "")), hostile(strange)],
        })),
        path if path.ends_with("/log") => Answer::Object(json!(HOSTILE)),
        "/api/v1" => return None,
        _ => Answer::Error(500, HOSTILE.to_owned()),
    })
}

/// A repository whose names, texts and history are hostile.
fn workspace(api: &Api) -> Workspace {
    let workspace = Workspace::on(api);
    let quoted = json!(HOSTILE).to_string();
    let apps = std::fs::read_to_string(workspace.root().join("clusters/staging/apps.yaml")).unwrap();
    workspace.write(&format!("clusters/e{NAME}/apps.yaml"), &apps);
    workspace.write("clusters/staging/more.yaml", apps.replace("name: apps\n", &format!("name: {quoted}\n")));
    workspace.write(
        &format!("apps/{NAME}.yaml"),
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {quoted}, namespace: {quoted}}}\ndata: {{{quoted}: {quoted}}}\n"),
    );
    workspace.write(
        &format!("apps/secret{NAME}.yaml"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {quoted}, namespace: a}}\nstringData: {{{quoted}: {quoted}}}\n"),
    );
    let file = json!(format!("{NAME}.yaml"));
    workspace.write("apps/kustomization.yaml", format!("resources: [{file}, {quoted}]\n"));
    workspace.write("README.md", format!("# t{NAME}\n\n[l{NAME}](missing{NAME}.md) `apps/none{NAME}.yaml`\n"));
    workspace.write(".fluxdeck.toml", "[env.staging]\n\"bad\\u001b[31m\\u009Bkey\" = 1\n");
    workspace.git(&["config", "user.name", &format!("au{}", NAME.replace('\n', " "))]);
    workspace.commit(&format!("message {HOSTILE}"));
    workspace
        .write(&format!("apps/{NAME}.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: a}\n");
    workspace.git(&["add", "--all"]);
    workspace
}

/// Returns what of a text would steer a terminal, or the log of a service that runs it.
fn steers(text: &str) -> Vec<String> {
    let characters = text.chars().filter(|it| hides_or_steers(*it) && !matches!(it, '\n' | '\t'));
    let mut found: Vec<String> = characters.map(|it| it.escape_unicode().to_string()).collect();
    found.extend(text.lines().filter(|line| line.trim_start().starts_with("::error file=y")).map(ToOwned::to_owned));
    found.dedup();
    found
}

#[test]
fn every_subcommand_is_tried_here() {
    fn leaves(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let name = format!("{above}{}", inner.get_name());
            if inner.has_subcommands() {
                leaves(inner, &format!("{name} "), found);
            } else {
                found.insert(name);
            }
        }
    }
    let mut command = fluxdeck::cli::Arguments::command();
    command.build();
    let mut known = BTreeSet::new();
    leaves(&command, "", &mut known);
    let tried: BTreeSet<String> = CALLS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(tried, known, "name a call of each subcommand in CALLS");
}

#[test]
fn no_subcommand_prints_what_steers() {
    let api = Api::new(says);
    let workspace = workspace(&api);
    let mut broken = Vec::new();
    for (_, calls) in CALLS {
        for call in *calls {
            let mut words: Vec<String> = call.iter().map(|word| word.replace("{}", NAME)).collect();
            words.extend(["--env", "staging"].map(str::to_owned).into_iter().filter(|_| !call.contains(&"--env")));
            let (_, out, said) = workspace.run(&words);
            let found: Vec<String> = steers(&out).into_iter().chain(steers(&said)).collect();
            if !found.is_empty() {
                broken.push(format!("{call:?}: {found:?}"));
            }
            assert!(!said.contains("panicked"), "{call:?}: {said}");
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_screen_shows_what_steers() {
    let api = Api::new(says);
    let workspace = workspace(&api);
    let mut broken = Vec::new();
    // What opens a screen is a command that reads: each is asked for by name, on an object.
    let reading =
        COMMANDS.iter().filter(|command| command.risk == Risk::Reads && !["quit", "stop"].contains(&command.id));
    let asked = reading.map(|command| format!("2j:{}<enter>", command.id));
    for keys in SCREENS.iter().map(|keys| (*keys).to_owned()).chain(asked) {
        let (code, out, said) = workspace.run(["snapshot", "--size", "160x50", "--keys", &keys]);
        assert_eq!(code, 0, "{keys}: {said}");
        let found = steers(&out);
        if !found.is_empty() {
            broken.push(format!("{keys}: {found:?}"));
        }
        // A cell that still held such a character when it was drawn shows `?` or nothing: the text was not laid out with it.
        if out.contains("evil") && !out.contains(r"\u{202e}") {
            broken.push(format!("{keys}: hidden, not shown\n{out}"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
