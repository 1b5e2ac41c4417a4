//! Holds the modules to their layers: what each may name of the others, and what only some may name of the crates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::source_paths::{declared_types, paths, programs, strings, test_modules};

/// What each module under `src` may name of the others. A module that is missing here fails the test: decide where it belongs.
const MAY_NAME: &[(&str, &[&str])] = &[
    // The workspace: facts, secrets, YAML.
    ("model", &[]),
    ("secret", &[]),
    // Writing takes the guard's leave.
    ("files", &["model"]),
    ("yaml", &["model"]),
    ("markdown", &[]),
    // The one place that starts other programs; only those that act through one name it.
    ("programs", &["model", "secret"]),
    // What is said of a kind stands in its file alone, and everybody may ask it.
    ("kinds", &["model"]),
    // What flux-operator makes of its objects, wherever they come from: the files, or what they render to.
    ("flux_operator", &["model", "yaml"]),
    // What is known of repositories and clusters; each may name those above it.
    ("sops", &["model", "secret", "files", "yaml", "programs"]),
    ("repo", &["model", "secret", "files", "yaml", "programs", "flux_operator", "sops"]),
    // Where the environments are is read from the repository's folders.
    ("config", &["model", "secret", "files", "yaml", "programs", "repo"]),
    // What it renders to, and what is wrong with it.
    ("render", &["model", "secret", "files", "yaml", "programs", "flux_operator", "helm", "repo"]),
    (
        "check",
        &["model", "secret", "yaml", "programs", "markdown", "kinds", "config", "sops", "helm", "repo", "render"],
    ),
    ("cluster", &["model", "secret", "files", "yaml", "programs", "sops", "kinds"]),
    // Releases are read from the Secrets of a cluster.
    ("helm", &["model", "secret", "yaml", "cluster"]),
    // What `kubectl describe` tells, from objects and events that were read.
    ("describe", &["model", "cluster"]),
    // What Flux would change in a cluster: what the repository renders to, or a release holds, against what is live.
    ("difference", &["model", "yaml", "kinds", "sops", "repo", "render", "cluster", "helm"]),
    // The simulation is a server behind a real client: it makes clusters, and no cluster knows it.
    ("sim", &["model", "secret", "yaml", "sops", "helm", "repo", "cluster"]),
    // What is wrong in a cluster: pure causes on what was read of it, joined with what the repository's rules say.
    ("doctor", &["model", "yaml", "markdown", "kinds", "repo", "check", "cluster"]),
    // Topics: what kinds, rules and causes say of themselves, and what is written by hand.
    ("explain", &["model", "markdown", "kinds", "check", "doctor"]),
    // What happened, in one order, from clusters, releases, the journal and git.
    ("timeline", &["model", "files", "kinds", "repo", "helm", "cluster"]),
    // Live objects that nothing explains: a pure judgement on the metadata of all that is live.
    ("orphans", &["model", "yaml", "cluster"]),
    // Guided work on what the doctor reads: pure checks.
    ("walks", &["model", "kinds", "repo", "cluster", "doctor"]),
    // What is shown, and how it behaves: pure.
    ("theme", &["model"]),
    ("widgets", &["model", "secret", "yaml", "theme"]),
    // From the commit to the pod, judged as the kinds judge.
    ("lineage", &["model", "yaml", "cluster", "helm", "kinds"]),
    // Views and commands read what the repository and the clusters are known to hold, and write down tasks for the runtime in which
    // clusters are asked; none of those modules knows the app.
    (
        "app",
        &[
            "model", "secret", "programs", "markdown", "config", "theme", "kinds", "widgets", "repo", "render",
            "check", "sops", "cluster", "doctor",
        ],
    ),
    // Work of several steps, which a key and its headless twin begin alike: an operation from typed arguments. It draws nothing.
    (
        "workflows",
        &["model", "secret", "files", "yaml", "programs", "config", "kinds", "app", "repo", "sops", "helm", "cluster"],
    ),
    (
        "views",
        &[
            "model",
            "secret",
            "files",
            "yaml",
            "programs",
            "markdown",
            "config",
            "theme",
            "kinds",
            "widgets",
            "app",
            "workflows",
            "repo",
            "render",
            "check",
            "sops",
            "helm",
            "cluster",
            "doctor",
            "explain",
            "timeline",
            "difference",
            "describe",
            "lineage",
            "orphans",
            "walks",
        ],
    ),
    // A command opens views, and a view may ask for a command; both stand on one level.
    (
        "commands",
        &[
            "model",
            "secret",
            "files",
            "yaml",
            "programs",
            "config",
            "theme",
            "kinds",
            "widgets",
            "app",
            "workflows",
            "views",
            "repo",
            "render",
            "check",
            "sops",
            "helm",
            "cluster",
            "doctor",
            "explain",
            "difference",
            "describe",
            "lineage",
            "orphans",
            "walks",
        ],
    ),
    // What acts.
    (
        "runtime",
        &[
            "model",
            "secret",
            "files",
            "yaml",
            "programs",
            "config",
            "sops",
            "helm",
            "repo",
            "render",
            "check",
            "sim",
            "cluster",
            "doctor",
            "difference",
            "describe",
            "lineage",
            "orphans",
            "theme",
            "kinds",
            "widgets",
            "app",
            "workflows",
            "views",
            "commands",
        ],
    ),
    // The command line asks the runtime for a screen and the commands for what their twins do; it knows no view.
    (
        "cli",
        &[
            "model",
            "secret",
            "files",
            "yaml",
            "programs",
            "markdown",
            "config",
            "sops",
            "helm",
            "repo",
            "render",
            "check",
            "sim",
            "cluster",
            "doctor",
            "explain",
            "timeline",
            "difference",
            "describe",
            "lineage",
            "orphans",
            "walks",
            "theme",
            "kinds",
            "widgets",
            "app",
            "workflows",
            "commands",
            "runtime",
        ],
    ),
    ("main", &["secret", "programs", "cli", "runtime"]),
    ("lib", &[]),
];

/// A path that only some files may name.
struct Reserved {
    /// The words of it, as in the reason.
    what: &'static str,
    /// Whether this is such a path.
    names: fn(&[String]) -> bool,
    /// The beginnings of the files below `src` that may.
    files: &'static [&'static str],
    why: &'static str,
}

const RESERVED: &[Reserved] = &[
    Reserved {
        what: "anyhow",
        names: |path| path[0] == "anyhow",
        files: &["main.rs", "cli"],
        why: "errors of the library are enums and faults that say what to do",
    },
    Reserved {
        what: "kube's Client",
        names: |path| path[0] == "kube" && path.iter().any(|segment| segment == "Client" || segment == "Api"),
        files: &["cluster", "sim"],
        why: "every request goes through one way to connect, with its environment",
    },
    Reserved {
        what: "kube's Api",
        // An answer that is an error has the same word: `kube::Error::Api`.
        names: |path| {
            path[0] == "kube"
                && path.iter().any(|segment| segment == "Api")
                && path.iter().all(|segment| segment != "Error")
        },
        files: &["cluster/pod", "sim"],
        why: "it escapes nothing in the addresses that it builds",
    },
    Reserved {
        what: "beginning a request",
        names: |path| {
            let last = path.last().map_or("", String::as_str);
            path.iter().rev().nth(1).is_some_and(|before| before == "Request")
                && ["get", "post", "put", "patch", "delete", "builder"].contains(&last)
        },
        files: &["cluster/address", "sim"],
        why: "an address is made of escaped segments alone",
    },
    Reserved {
        what: "spawning a task",
        names: |path| {
            path[0] == "tokio" && path.iter().any(|segment| segment.starts_with("spawn") || segment == "JoinSet")
        },
        files: &["runtime", "cluster", "sim"],
        why: "a task without an owner is neither cancelled nor waited for",
    },
    Reserved {
        what: "walking by files of patterns",
        names: |path| path[0] == "ignore" && path.iter().any(|segment| segment == "WalkBuilder" || segment == "Walk"),
        files: &["repo/tree_walk"],
        why: "the crate opens whatever a `.gitignore` is, a device too, and those above the root",
    },
    Reserved {
        what: "serde_yaml",
        names: |path| path[0] == "serde_yaml",
        files: &["yaml"],
        why: "the YAML library is behind one module",
    },
    Reserved {
        what: "reading files",
        names: |path| {
            let word = |at: usize| path.get(at).map_or("", String::as_str);
            let reads = |at: usize| match word(at + 1) {
                "File" => word(at + 2) != "create_new",
                next => ["read", "read_to_string", "copy", "open", "openat", "openat2", "*"].contains(&next),
            };
            path[..2] == ["tokio", "fs"] || (0..path.len()).any(|at| word(at) == "fs" && reads(at))
        },
        // What lies in memory or in /proc, what was just written, and the demonstration's own copy.
        files: &[
            "files",
            "programs/folder",
            "programs/leftovers",
            "programs/running",
            "programs/signals",
            "repo/contents",
            "runtime/memory_file",
            "runtime/journal",
            "sops/atomic",
            "cli/demo",
            "sim",
        ],
        why: "a pipe, a device or a link out of the repository is refused by files and repo::contents; what the operator names is read by files::own",
    },
    Reserved {
        what: "opening files in a way of one's own",
        names: |path| path.windows(2).any(|pair| pair[0] == "fs" && pair[1] == "OpenOptions"),
        // What is new and of the operator alone: keys, drafts, agreements, values that he writes out, settings that `init` makes, and the tree of a commit.
        files: &[
            "files",
            "workflows/new_key",
            "config/agreements",
            "repo/git/tree",
            "runtime/memory_file",
            "sops/atomic",
            "views/secret/drafts",
            "views/secret/field",
            "cli/demo",
            "cli/init/next",
            "sim",
        ],
        why: "files writes in one step, with the mode that was there, and through no link out of the repository",
    },
    Reserved {
        what: "writing files",
        names: |path| {
            let writes = |pair: &[String]| match pair[0].as_str() {
                "fs" => ["write", "rename", "remove_file", "remove_dir", "remove_dir_all", "hard_link", "symlink"]
                    .contains(&pair[1].as_str()),
                "File" => ["create", "create_new", "options"].contains(&pair[1].as_str()),
                _ => false,
            };
            path.windows(2).any(writes)
        },
        // Beside what takes a permit: folders in memory, the cache, drafts, and folders that somebody asked for.
        files: &[
            "files",
            "sops/atomic",
            "repo/new_secret",
            "repo/git/hook",
            "workflows/new_key",
            "programs/folder",
            "programs/leftovers",
            "programs/registry",
            "render/build",
            "render/cache",
            "render/gather",
            "repo/git/tree",
            "repo/template",
            "runtime/memory_file",
            "views/secret/drafts",
            "cli/demo",
            "cli/man",
            "sim",
        ],
        why: "files::replace and sops::write_atomically take the guard's leave; a file of the repository is written by nothing else",
    },
    Reserved {
        what: "standard output and standard error",
        names: |path| {
            path.iter().any(|segment| segment == "io")
                && ["stdout", "stderr", "Stdout", "Stderr"].contains(&path.last().map_or("", String::as_str))
        },
        files: &["cli/out", "runtime/terminal", "runtime/lend", "runtime/defect"],
        why: "text of others steers no terminal: the writers of cli::out take only what was made visible",
    },
    Reserved {
        what: "writing what is not made visible",
        names: |path| path.windows(2).any(|pair| pair[0] == "out" && ["Raw", "*"].contains(&pair[1].as_str())),
        files: &[
            "cli/out",
            "cli/man",
            "cli/completions",
            "cli/snapshot",
            "cli/build",
            "cli/helm",
            "cli/secret/decrypt",
        ],
        why: "only what is ours, and documents that are asked for in order to keep them, are written as they are",
    },
    Reserved {
        what: "commands to the service that runs a check",
        names: |path| path.ends_with(&["Shown".to_owned(), "commands".to_owned()]),
        files: &["model/text", "cli/findings"],
        why: "no line of others may be taken for one",
    },
    Reserved {
        what: "ratatui's text",
        names: |path| {
            path[0] == "ratatui"
                && (path[1] == "text"
                    || path[1] == "prelude"
                    || path[1] == "widgets" && path.last().is_some_and(|last| last == "Paragraph"))
        },
        files: &["widgets"],
        why: "the spans, lines and paragraphs of widgets make text of others visible, in cells that it takes",
    },
    Reserved {
        what: "making a permit",
        names: |path| {
            path.windows(2)
                .any(|pair| pair[1] == "permit" && pair[0] == "model" || pair[0] == "permit" && pair[1] == "grant")
        },
        files: &["app/guard"],
        why: "whatever writes takes the guard's leave, and nobody else gives it",
    },
    Reserved {
        what: "starting a program",
        names: |path| {
            let is = |at: usize, word: &str| path.get(at).is_some_and(|segment| segment == word);
            (0..path.len())
                .any(|at| is(at, "process") && ["Command", "CommandExt", "*"].iter().any(|word| is(at + 1, word)))
        },
        files: &["programs"],
        why: "only src/programs starts programs: found in absolute parts of PATH, without secrets, and ended with us",
    },
    Reserved {
        what: "what git may see of our environment",
        names: |path| path.windows(2).any(|pair| pair[0] == "ProgramKind" && pair[1].starts_with("Git")),
        files: &["repo/git", "programs"],
        why: "each call of git goes through a door of repo::git::run, which has the flags that it needs",
    },
    Reserved {
        what: "listening to signals",
        names: |path| {
            path[0] == "signal_hook" || (path[0] == "tokio" && path.iter().any(|segment| segment == "signal"))
        },
        files: &["programs", "runtime"],
        why: "whoever answers a signal that ends us says so to programs::watch, which would end us at once",
    },
    Reserved {
        what: "starting a plug-in of age",
        names: |path| path[0] == "age" && path.iter().any(|segment| segment.ends_with("PluginV1")),
        files: &[],
        why: "age starts them itself with the whole of our environment: sops::plugin speaks to them",
    },
    Reserved {
        what: "making a renderer",
        names: |path| path.windows(2).any(|pair| pair[0] == "Renderer" && pair[1] == "new"),
        files: &["render/worker", "render/rounds"],
        why: "a session has one renderer, in its worker: what was rendered is kept there, and whose turn it is",
    },
    Reserved {
        what: "the simulation",
        names: |path| path[0] == "crate" && path[1] == "sim",
        files: &["sim", "cli/demo"],
        why: "only the demo runs on simulated clusters",
    },
];

/// Crates and modules whose paths are reserved: under another name nobody would find them.
const KEEP_THEIR_NAMES: &[&str] = &[
    "age",
    "anyhow",
    "fs",
    "io",
    "kube",
    "out",
    "permit",
    "process",
    "ratatui",
    "rustix",
    "serde_yaml",
    "signal",
    "signal_hook",
    "sim",
    "std",
    "text",
    "tokio",
];

/// Names that several types have: each module of a subcommand has its `Arguments`, and is named with it.
const SHARED_NAMES: &[&str] = &["Arguments"];

/// Returns what a file below `src` names and may not.
fn faults(file: &str, source: &str) -> Vec<String> {
    let (module, inside) = place(file);
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == module) else {
        return vec![format!("src/{file}: tests/suite/architecture.rs does not know the module {module}")];
    };
    let mut faults = Vec::new();
    for (line, program) in programs(source) {
        let name = program.rsplit('/').next().unwrap_or_default();
        if name == "git" && !file.starts_with("repo/git/") && !file.starts_with("programs/") {
            faults.push(format!(
                "src/{file}:{line}: git is started by repo/git only: its doors have the flags for each call"
            ));
        }
    }
    for path in paths(source) {
        let line = path.line;
        let segments = from_root(&path.segments, &inside);
        if let ["crate", other, ..] = segments.iter().map(String::as_str).collect::<Vec<_>>()[..]
            && other != module
            && MAY_NAME.iter().any(|(name, _)| *name == other)
            && !allowed.contains(&other)
        {
            faults.push(format!("src/{file}:{line}: {module} may not name {other}"));
        }
        let renamed = segments.last().filter(|last| path.is_renamed && KEEP_THEIR_NAMES.contains(&last.as_str()));
        faults.extend(renamed.map(|last| format!("src/{file}:{line}: {last} keeps its name: what it has is reserved")));
        for reserved in RESERVED.iter().filter(|reserved| segments.len() > 1 && (reserved.names)(&segments)) {
            let may = reserved.files.iter().any(|start| {
                file.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.', '_']))
            });
            if !may {
                let Reserved { what, files, why, .. } = reserved;
                faults.push(format!("src/{file}:{line}: {what} is for {} only: {why}", files.join(", ")));
            }
        }
    }
    faults
}

/// Returns the top module of a file, and the path of the module that it is.
fn place(file: &str) -> (&str, Vec<&str>) {
    let inside: Vec<&str> = file.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
    (inside[0], inside)
}

/// Returns a path as it would be written from the crate's root: `super` resolved, and the library's name in the program as `crate`.
fn from_root(segments: &[String], inside: &[&str]) -> Vec<String> {
    let ups = segments.iter().take_while(|segment| *segment == "super").count();
    if ups > 0 {
        let kept = inside[..inside.len().saturating_sub(ups)].iter().map(|segment| (*segment).to_owned());
        return std::iter::once("crate".to_owned()).chain(kept).chain(segments[ups..].iter().cloned()).collect();
    }
    if segments[0] == "fluxdeck" {
        return std::iter::once("crate".to_owned()).chain(segments[1..].iter().cloned()).collect();
    }
    segments.to_vec()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the sources below `src` that are not for tests alone, by their paths.
pub(crate) fn program_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 10, "the sources were not found in {}", root.display());
    files.sort();
    let sources: Vec<(String, String)> = files
        .iter()
        .map(|path| {
            let file =
                path.strip_prefix(&root).expect("below src").to_str().expect("a name in UTF-8").replace('\\', "/");
            (file, std::fs::read_to_string(path).expect("a readable source"))
        })
        .collect();
    // The modules that exist in tests alone may name what they like, with all that is below them.
    let for_tests: Vec<String> = sources
        .iter()
        .flat_map(|(file, source)| {
            let folder = place(file).1.join("/");
            let folder = if ["lib", "main"].contains(&folder.as_str()) { String::new() } else { folder + "/" };
            test_modules(source).into_iter().map(move |name| format!("{folder}{name}"))
        })
        .collect();
    let in_tests = |file: &str| {
        for_tests
            .iter()
            .any(|module| file.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with(['/', '.'])))
    };
    sources.iter().filter(|(file, _)| !in_tests(file)).cloned().collect()
}

#[test]
fn the_modules_keep_to_their_layers() {
    let found: Vec<String> = program_sources().iter().flat_map(|(file, source)| faults(file, source)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn each_group_and_label_of_flux_is_written_once() {
    const GROUPS: [&str; 3] = ["toolkit.fluxcd.io", "fluxcd.controlplane.io", "source.extensions.fluxcd.io"];
    let is_version =
        |word: &str| word.strip_prefix('v').is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_digit()));
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // The simulation is a server of its own, and quotes objects whole.
    for (file, source) in program_sources().iter().filter(|(file, _)| !file.starts_with("sim/")) {
        for (line, text) in strings(source) {
            let (group, rest) = text.split_once('/').unwrap_or((&text, ""));
            // Versions are listed by the rule about those that are gone.
            if GROUPS.iter().any(|known| group.ends_with(known)) && !is_version(rest) && !group.contains([' ', '{']) {
                found.entry(text.clone()).or_default().push(format!("src/{file}:{line}"));
            }
        }
    }
    let groups: Vec<&String> = found.keys().filter(|text| !text.contains('/')).collect();
    assert!(groups.len() >= 5, "{found:?}");
    let twice: Vec<_> = found.iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "model::known has the groups, and a label is a constant: {twice:?}");
}

#[test]
fn no_two_modules_may_name_each_other() {
    let allowed = |from: &str, to: &str| MAY_NAME.iter().any(|(name, names)| *name == from && names.contains(&to));
    for (name, names) in MAY_NAME {
        for other in *names {
            assert!(
                MAY_NAME.iter().any(|(known, _)| known == other),
                "{name} may name {other}, which is not in the table"
            );
            assert!(!allowed(other, name), "{name} and {other} may name each other");
        }
    }
}

#[test]
fn a_call_of_git_elsewhere_is_found() {
    let found = faults(
        "cli/demo.rs",
        "fn a() { let x = crate::programs::ProgramCommand::new(kind, \"/usr/bin/git\").output(); }",
    );
    assert!(matches!(&found[..], [one] if one.contains("git is started by repo/git only")), "{found:?}");
    assert!(faults("app/git.rs", "fn a() { Program::new(ProgramKind::GitInTerminal, name); }")[0].contains("repo/git"));
    let fine = "fn a() { ProgramCommand::new(k, \"gitk\"); say(\"git\"); }\n#[cfg(test)] mod tests { fn b() { ProgramCommand::new(\"git\"); } }";
    assert_eq!(faults("cli/demo.rs", fine), [""; 0]);
    assert_eq!(faults("repo/git/run.rs", "fn a() { ProgramCommand::new(k, \"git\"); }"), [""; 0]);
}

#[test]
fn a_layer_that_names_one_above_it_is_found() {
    assert_eq!(faults("kinds/pod.rs", "use crate::app::App;"), ["src/kinds/pod.rs:1: kinds may not name app"]);
    assert_eq!(
        faults("model/env.rs", "\nfn f() -> crate::yaml::Value { todo!() }"),
        ["src/model/env.rs:2: model may not name yaml"]
    );
    assert_eq!(
        faults("repo/scan.rs", "use crate::{model::Env, views::home::Home};"),
        ["src/repo/scan.rs:1: repo may not name views"]
    );
    assert_eq!(faults("app/mod.rs", "use super::runtime::Loop;"), ["src/app/mod.rs:1: app may not name runtime"]);
    assert_eq!(
        faults("app/ops/list.rs", "use super::super::super::cli::Out;"),
        ["src/app/ops/list.rs:1: app may not name cli"]
    );
    assert_eq!(faults("main.rs", "use fluxdeck::views::Home;"), ["src/main.rs:1: main may not name views"]);
}

#[test]
fn what_a_layer_may_name_passes() {
    assert_eq!(
        faults("app/ops/list.rs", "use super::op::Op; use super::super::Msg; use crate::kinds::Registry;"),
        [""; 0]
    );
    assert_eq!(faults("doctor/mod.rs", "use crate::cluster::Cluster; use self::causes::all; use std::fmt;"), [""; 0]);
    assert_eq!(faults("model/env.rs", "#[cfg(test)] mod tests { use crate::app::App; }"), [""; 0]);
    assert_eq!(faults("sim/simulation.rs", "use crate::cluster::Cluster; fn f() { tokio::spawn(g()); }"), [""; 0]);
    assert_eq!(faults("cli/demo.rs", "use crate::sim::Sim; use anyhow::Context;"), [""; 0]);
}

#[test]
fn what_is_reserved_to_others_is_found() {
    for (file, source, word) in [
        ("app/mod.rs", "fn f() { tokio::spawn(g()); }", "spawning a task"),
        ("views/logs.rs", "use tokio::task::{spawn_blocking};", "spawning a task"),
        ("repo/git.rs", "use anyhow::Result;", "anyhow"),
        ("runtime/effects.rs", "use kube::{api::Api, Client};", "kube's Client"),
        ("repo/scan.rs", "fn f() { serde_yaml::from_str(\"\"); }", "serde_yaml"),
        ("cluster/exec.rs", "use kube::Api;", "kube's Api"),
        ("cluster/read.rs", "fn f() { http::Request::get(path); }", "beginning a request"),
        ("helm/inspector.rs", "use http::Request; fn f() { Request::builder(); }", "beginning a request"),
        ("cluster/watch.rs", "use crate::sim::Sim;", "the simulation"),
        ("cluster/secret.rs", "fn f() { crate::model::permit::grant(); }", "making a permit"),
        ("cli/secret/set.rs", "use crate::model::permit as p;", "making a permit"),
        ("app/mod.rs", "use super::model::permit::grant;", "making a permit"),
        ("model/env.rs", "use super::permit::grant;", "making a permit"),
        ("cli/status.rs", "use crate::sim::Sim;", "the simulation"),
        ("cli/status.rs", "fn f() { std::io::stdout().lock(); }", "standard output"),
        ("views/list.rs", "use std::io; fn f() { io::stderr(); }", "standard output"),
        ("cli/status.rs", "use super::out::Raw;", "not made visible"),
        ("cli/status.rs", "fn f() { Shown::commands(\"\"); }", "commands to the service"),
        ("views/list.rs", "use ratatui::text::{Line, Span};", "ratatui's text"),
        ("views/list.rs", "use ratatui::widgets::{Paragraph, Wrap};", "ratatui's text"),
        ("repo/git/run.rs", "use std::process::{Command, Stdio};", "starting a program"),
        ("runtime/lend.rs", "fn f() { tokio::process::Command::new(\"sh\"); }", "starting a program"),
        ("cli/init.rs", "use std::process; fn f() { process::Command::new(\"git\"); }", "starting a program"),
        ("render/tool.rs", "use std::process::*;", "starting a program"),
        ("cli/demo.rs", "use std::os::unix::process::CommandExt as _;", "starting a program"),
        ("sops/seal.rs", "fn f() { age::plugin::RecipientPluginV1::new(); }", "starting a plug-in of age"),
        ("cli/status.rs", "fn f() { super::out::Raw::Ours(text); }", "not made visible"),
        ("cli/status.rs", "use super::out::*;", "not made visible"),
        ("cli/login.rs", "fn f() { std::fs::write(p, x); }", "writing files"),
        ("views/file.rs", "use std::fs; fn f() { fs::rename(a, b); }", "writing files"),
        ("commands/edit.rs", "fn f() { std::fs::File::create_new(p); }", "writing files"),
        ("app/mod.rs", "fn f() { std::fs::remove_file(p); }", "writing files"),
        ("cli/login.rs", "use std::fs; fn f() { fs::read(p); }", "reading files"),
        ("cli/login.rs", "fn f() { std::fs::File::open(p); }", "reading files"),
        ("cli/login.rs", "use std::fs::{self, File};", "reading files"),
        ("views/secret.rs", "fn f() { std::fs::copy(a, b); }", "reading files"),
        ("views/secret.rs", "fn f() { tokio::fs::read(a).await; }", "reading files"),
        ("sops/key.rs", "fn f() { rustix::fs::open(a, b, c); }", "reading files"),
        ("sops/key.rs", "use std::fs::OpenOptions;", "opening files"),
        ("sops/key.rs", "use std::fs; fn f() { fs::OpenOptions::new(); }", "opening files"),
        ("sops/key.rs", "use std::fs as disk;", "fs keeps its name"),
        ("cli/init.rs", "use std::{process as p};", "process keeps its name"),
        ("cli/status.rs", "use super::out as o;", "out keeps its name"),
        // `clients` only begins like a file that may.
        ("climate.rs", "use anyhow::Result;", "does not know the module"),
    ] {
        let found = faults(file, source);
        assert!(found.iter().any(|fault| fault.contains(word)), "{file}: {source}: {found:?}");
    }
}

/// A relative path in these variables would count from the repository that somebody stands in.
#[test]
fn folders_of_the_operator_are_read_in_one_place() {
    let (mut found, mut files) = (Vec::new(), Vec::new());
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for file in files.iter().filter(|file| !file.ends_with("programs/own.rs")) {
        let text = std::fs::read_to_string(file).expect("a readable file");
        let reads = |line: &str| {
            let asks = ["var_os(", "env::var("].iter().any(|call| line.contains(call));
            asks && (line.contains("\"HOME\"") || line.contains("\"XDG_"))
        };
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        found
            .extend(code.lines().filter(|line| reads(line)).map(|line| format!("{}: {}", file.display(), line.trim())));
    }
    assert_eq!(found, Vec::<String>::new(), "ask programs::own_folder");
}

/// Returns the types that more than their own file may name, by their names, with the files that declare them.
fn types() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, source) in program_sources() {
        for name in declared_types(&source) {
            found.entry(name).or_default().push(file.clone());
        }
    }
    found
}

/// A rule about a type that was renamed would hold nothing any more.
#[test]
fn the_types_that_rules_speak_of_exist() {
    let types = types();
    for word in ["ProgramCommand", "ProgramKind", "Program", "Renderer"] {
        assert!(types.contains_key(word), "a rule of this file speaks of {word}, which no file declares");
    }
}

/// Whoever reads a type's name shall know which one is meant.
#[test]
fn no_two_types_have_one_name() {
    let twice: Vec<_> = types()
        .into_iter()
        .filter(|(name, files)| files.len() > 1 && !SHARED_NAMES.contains(&name.as_str()))
        .map(|(name, files)| format!("{name}: {}", files.join(", ")))
        .collect();
    assert!(twice.is_empty(), "call each by what it is:\n{}", twice.join("\n"));
}
