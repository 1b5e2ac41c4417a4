//! Paths that lead to what is no file of the repository: a pipe, a device, a socket, a folder, a link out, a name that is no text, nothing at all. Whatever takes a
//! path says what is wrong with it, at once, and changes nothing elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use clap::ValueHint;

use super::support::workspace::Workspace;

/// What an argument takes, which is then nothing odd.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    File,
    Folder,
    Both,
    /// A file of the operator's own, where links lead wherever he likes.
    OwnFile,
    OwnFolder,
}

use Takes::{Both, File, Folder, OwnFile, OwnFolder};

/// Every argument that is a path, with a call; `{}` stands for the path.
const PATHS: &[(&str, &str, Takes, &[&str])] = &[
    ("", "repo", Folder, &["envs", "--repo", "{}"]),
    ("", "kubeconfig", OwnFile, &["pods", "--env", "staging", "--kubeconfig", "{}"]),
    ("", "config", OwnFile, &["envs", "--config", "{}"]),
    ("init", "dir", OwnFolder, &["init", "{}", "--keys", "keys"]),
    ("init", "keys", OwnFolder, &["init", "../fresh", "--keys", "{}"]),
    ("where", "what", Both, &["where", "{}"]),
    ("man", "dir", OwnFolder, &["man", "--dir", "{}"]),
    ("secret view", "file", File, &["secret", "view", "{}"]),
    ("secret set", "file", File, &["secret", "set", "{}", "stringData.a"]),
    ("secret unset", "file", File, &["secret", "unset", "{}", "stringData.a"]),
    ("secret edit", "file", File, &["secret", "edit", "--editor=true", "{}"]),
    ("secret decrypt", "file", File, &["secret", "decrypt", "{}"]),
    ("secret encrypt", "files", File, &["secret", "encrypt", "{}"]),
    ("secret recipients", "files", File, &["secret", "recipients", "{}"]),
    ("secret rotate", "files", File, &["secret", "rotate", "{}"]),
    ("secret verify", "files", Both, &["secret", "verify", "{}"]),
    (
        "secret new",
        "from_file",
        OwnFile,
        &["secret", "new", "n", "-n", "web", "--env", "staging", "--from-file", "key={}"],
    ),
    (
        "secret new",
        "from_env_file",
        OwnFile,
        &["secret", "new", "n", "-n", "web", "--env", "staging", "--from-env-file", "{}"],
    ),
    (
        "secret new",
        "folder",
        Folder,
        &["secret", "new", "n", "-n", "web", "--env", "staging", "--generate", "a", "--folder", "{}"],
    ),
    ("secret age-key", "keys", OwnFolder, &["secret", "age-key", "--env", "staging", "--generate", "--keys", "{}"]),
];

/// Arguments whose help speaks of files, and which take none.
const NO_PATHS: &[(&str, &str)] = &[
    // The place of a value in the file.
    ("secret set", "path"),
    ("secret unset", "path"),
];

/// How long a call may take before it counts as one that waits forever.
const PATIENCE: Duration = Duration::from_mins(1);

/// Tells whether an argument is a path, by its type, by the name of its value, or by what its help says first.
fn is_path(argument: &clap::Arg) -> bool {
    let named = argument.get_value_names().unwrap_or_default();
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    argument.get_action().takes_values()
        && (argument.get_value_hint() == ValueHint::AnyPath
            || named.iter().any(|name| ["FILE", "DIR", "FOLDER", "PATH"].iter().any(|word| name.contains(word)))
            || ["A file", "The file", "Files", "Encrypted files", "A folder", "The folder"]
                .iter()
                .any(|start| help.starts_with(start)))
}

/// Tells whether an argument that takes such a thing refuses what it is given.
type Refuses = fn(Takes) -> bool;

#[test]
fn every_argument_that_is_a_path_is_tried_here() {
    fn walk(command: &clap::Command, above: &str, found: &mut BTreeSet<(String, String)>) {
        for argument in command.get_arguments().filter(|argument| is_path(argument)) {
            let of = if argument.is_global_set() { "" } else { above };
            found.insert((of.to_owned(), argument.get_id().to_string()));
        }
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            walk(inner, format!("{above} {}", inner.get_name()).trim(), found);
        }
    }
    let mut known = BTreeSet::new();
    walk(&fluxdeck::cli::command_line(), "", &mut known);
    let tried = PATHS.iter().map(|(of, name, ..)| (*of, *name)).chain(NO_PATHS.iter().copied());
    let tried: BTreeSet<(String, String)> = tried.map(|(of, name)| (of.to_owned(), name.to_owned())).collect();
    assert_eq!(tried, known, "name a call with each argument that is a path in PATHS");
}

/// Says what lies where, below a folder, without opening what is no file.
fn inventory(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let what = match kind {
            kind if kind.is_dir() => {
                inventory(&path, found);
                "folder".to_owned()
            }
            kind if kind.is_symlink() => format!("link to {}", std::fs::read_link(&path).unwrap().display()),
            kind if kind.is_file() => format!("file of {:?}", std::fs::read(&path).unwrap()),
            kind if kind.is_fifo() => "pipe".to_owned(),
            _ => "other".to_owned(),
        };
        found.insert(path, what);
    }
}

/// Runs the program for so long at most; `None` when it had to be killed.
fn run(workspace: &Workspace, words: &[OsString]) -> Option<(i32, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command.args(words).env_clear().env("HOME", workspace.home()).env("KUBECONFIG", workspace.kubeconfig());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(workspace.root());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = child.stderr.take().unwrap();
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        said.read_to_end(&mut text).unwrap();
        // Nobody waits any more where the program was killed.
        let _ = sender.send(String::from_utf8_lossy(&text).into_owned());
    });
    let Ok(said) = receiver.recv_timeout(PATIENCE) else {
        child.kill().unwrap();
        child.wait().unwrap();
        return None;
    };
    reader.join().unwrap();
    Some((child.wait().unwrap().code().unwrap_or(-1), said))
}

#[test]
fn what_is_no_file_is_said_to_be_none() {
    let workspace = Workspace::new();
    workspace.reaches("http://127.0.0.1:1", "token: hunter2");
    let outside = workspace.beside("elsewhere");
    std::fs::create_dir_all(outside.join("folder")).unwrap();
    std::fs::write(outside.join("secret.yaml"), "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n").unwrap();
    let odd = workspace.root().join("apps");
    let fifo = Command::new("mkfifo").arg(odd.join("pipe")).status().unwrap();
    assert!(fifo.success());
    let _socket = UnixListener::bind(odd.join("socket")).unwrap();
    symlink("../../elsewhere/secret.yaml", odd.join("out.yaml")).unwrap();
    symlink("../../elsewhere/folder", odd.join("out")).unwrap();
    symlink("pipe", odd.join("to-pipe")).unwrap();
    std::fs::create_dir(odd.join("folder")).unwrap();
    let strange = OsString::from_vec(b"apps/x\xff\xfe.yaml".to_vec());
    let targets: [(&OsStr, Refuses); 10] = [
        (OsStr::new("apps/pipe"), |_| true),
        (OsStr::new("apps/to-pipe"), |_| true),
        (OsStr::new("apps/socket"), |_| true),
        (OsStr::new("/dev/zero"), |_| true),
        (OsStr::new("/dev/full"), |_| true),
        (OsStr::new("apps/folder"), |takes| matches!(takes, File | OwnFile)),
        (OsStr::new("apps/out.yaml"), |takes| matches!(takes, File | Both)),
        (OsStr::new("apps/out"), |takes| matches!(takes, Folder)),
        (OsStr::new("apps/none.yaml"), |takes| !matches!(takes, OwnFolder)),
        (&strange, |takes| matches!(takes, File | Both | OwnFile)),
    ];
    let mut before = BTreeMap::new();
    inventory(&outside, &mut before);
    inventory(&odd, &mut before);
    let mut broken = Vec::new();
    for (of, name, takes, call) in PATHS {
        for (target, _) in targets.iter().filter(|(_, is_odd)| is_odd(*takes)) {
            let words: Vec<OsString> = call
                .iter()
                .map(|word| match word.split_once("{}") {
                    Some((start, _)) => OsString::from_vec([start.as_bytes(), target.as_bytes()].concat()),
                    None => OsString::from(word),
                })
                .collect();
            let fault = match run(&workspace, &words) {
                None => "it waits forever".to_owned(),
                Some((1..=5, said)) if !said.trim().is_empty() && !said.contains("panicked") => String::new(),
                Some((code, said)) => format!("exit {code}: {said}"),
            };
            let mut after = BTreeMap::new();
            inventory(&outside, &mut after);
            inventory(&odd, &mut after);
            if !fault.is_empty() {
                broken.push(format!("{of} {name} {}: {fault}", target.display()));
            }
            assert_eq!(after, before, "{words:?} changed something");
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
