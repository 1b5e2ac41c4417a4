//! Hides what must stay secret in the difference of a file: plain-text values of Secrets, private keys and tokens. Such a
//! file should not exist, but viewing its changes must not reveal them.
//!
//! The files that make a Secret of another one are read from the states that the difference compares: the commit that
//! removes a kustomization still shows what it made a Secret of. Whatever cannot be read counts as secret.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::super::kustomize::NAMES;
use super::super::{Loader, Snapshot, carried_values, contents, path};
use super::run;
use super::tree::{self, Between};
use crate::programs::WorkFolder;
use crate::sops::{self, Format, SopsFile};
use crate::yaml::confidential::{holds_token, is_surely_confidential};
use crate::yaml::secrets::{self, ValuePlacement};
use crate::yaml::{Value, manifest, private_keys, readings};

/// The text in place of a value.
const HIDDEN: &str = "[value of a Secret in plain text, not shown]";

/// The text in place of a line of a file that is hidden whole.
const LINE_HIDDEN: &str = "[a line of a file with a secret in plain text, not shown]";

/// The text in place of a value with a token.
const TOKEN_HIDDEN: &str = "[a token in plain text, not shown]";

/// Names a state of the repository's files.
#[derive(Debug, Clone, Copy)]
enum FileState<'a> {
    /// The files of the working tree.
    Working,
    /// The files of the next commit.
    Index,
    /// The files of a commit.
    Commit(&'a str),
}

impl FileState<'_> {
    /// Reads a file; `None` if the state has none.
    fn read(self, root: &Path, file: &str) -> io::Result<Option<Vec<u8>>> {
        let blob = |name: String| run::blob(root, &name, contents::SIZE_LIMIT);
        match self {
            Self::Working => match contents::bytes(root, file) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
                Err(error) => Err(error),
            },
            Self::Index => blob(format!(":{file}")),
            Self::Commit(commit) => blob(format!("{commit}:{file}")),
        }
    }

    /// Lists the files that contain two words, in any case.
    fn naming(self, root: &Path, one: &str, other: &str) -> io::Result<Vec<String>> {
        let (state, prefix) = match self {
            Self::Working => ("--untracked", String::new()),
            Self::Index => ("--cached", String::new()),
            Self::Commit(commit) => (commit, format!("{commit}:")),
        };
        let search = ["grep", "-l", "-z", "-I", "-i", "-F", "--no-color", "--all-match", "-e", one, "-e", other];
        let output = run::bounded(run::command(root, &[&search[..], &[state, "--"]].concat()))?;
        // git ends with 1 if there is none.
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(io::Error::other("git does not search these files"));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let files = text.split('\0').filter(|file| !file.is_empty());
        Ok(files.map(|file| file.strip_prefix(&prefix).unwrap_or(file).to_owned()).collect())
    }

    /// Reads the Kustomizations with the files that feed them, and the folder that holds the files, unless it is the
    /// working tree.
    fn feeds(self, root: &Path) -> Option<(Option<WorkFolder>, Snapshot)> {
        let here = || Loader::open(root).feeds();
        let commit = match self {
            Self::Working => return Some((None, here())),
            Self::Index => None,
            Self::Commit(commit) => Some(commit),
        };
        let folder = WorkFolder::new("differences").ok()?;
        tree::check_out(root, commit, folder.path()).ok()?;
        let snapshot = Loader::open(folder.path()).with(&here().hints).feeds();
        Some((Some(folder), snapshot))
    }
}

/// Hides the values in a difference, if the file holds a secret before, as it is staged, or now.
pub(super) fn over(root: &Path, path: &str, difference: String) -> String {
    let head = tree::commit(root, "HEAD");
    let states = [FileState::Working, FileState::Index].into_iter().chain(head.as_deref().map(FileState::Commit));
    let states: Vec<FileState<'_>> = states.collect();
    // If no other file differs, the working tree tells for all of them what a value reaches.
    let others = head.as_deref().map(|head| tree::changed(root, Between::WorkingTree(head)));
    let is_alone = others.is_none_or(|others| others.is_ok_and(|files| files.iter().all(|file| file == path)));
    let judging = if is_alone { 1 } else { states.len() };
    veiled(root, path, &states, judging, difference)
}

/// Hides the values in the difference of a commit, if the file holds a secret before it or after it.
pub(super) fn over_commit(root: &Path, path: &str, commit: &str, difference: String) -> String {
    let parent = tree::commit(root, &format!("{commit}^"));
    let states = [Some(commit), parent.as_deref()].into_iter().flatten().map(FileState::Commit);
    let states: Vec<FileState<'_>> = states.collect();
    veiled(root, path, &states, states.len(), difference)
}

/// The part of a difference that is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hiding {
    /// Values with a token.
    Tokens,
    /// The values of all keys.
    Values,
    /// All lines.
    Lines,
}

fn veiled(root: &Path, path: &str, states: &[FileState<'_>], judging: usize, difference: String) -> String {
    let sides: Vec<io::Result<Option<Vec<u8>>>> = states.iter().map(|state| state.read(root, path)).collect();
    let texts: Vec<String> = sides.iter().flatten().flatten().flat_map(|bytes| texts_of(bytes)).collect();
    let hides = || {
        sides.iter().any(Result::is_err)
            || texts.iter().any(|text| holds_plain(path, text))
            || states.iter().any(|state| becomes_secret(root, *state, path, &texts))
            || is_carried(root, states.get(..judging).unwrap_or(states), path, &texts)
    };
    let is_manifest = matches!(Format::from_path(path), Format::Yaml | Format::Json);
    let hiding = if texts.iter().any(|text| !private_keys::of(text).is_empty()) {
        Hiding::Lines
    } else if !hides() {
        Hiding::Tokens
    } else if is_manifest || NAMES.contains(&path::name(path)) {
        Hiding::Values
    } else {
        Hiding::Lines
    };
    if hiding == Hiding::Tokens && !holds_token(&difference) {
        return difference;
    }
    let mut inside = false;
    let line = |text: &str| {
        inside = if text.starts_with("@@") { true } else { inside && !text.starts_with("diff --git") };
        if text.starts_with("@@") && (hiding != Hiding::Tokens || holds_token(text)) {
            // git repeats a line of the file after the second pair of signs.
            let end = text.match_indices("@@").nth(1).map_or(text.len(), |(at, sign)| at.saturating_add(sign.len()));
            return text.get(..end).unwrap_or_default().to_owned();
        }
        match hiding {
            _ if !inside || text.starts_with("@@") => text.to_owned(),
            Hiding::Tokens if !holds_token(text) => text.to_owned(),
            Hiding::Tokens => hidden(text, TOKEN_HIDDEN),
            Hiding::Values => hidden(text, HIDDEN),
            Hiding::Lines if text.starts_with('\\') => text.to_owned(),
            Hiding::Lines => format!("{}{LINE_HIDDEN}", text.get(..1).unwrap_or_default()),
        }
    };
    difference.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// Returns the texts that bytes may be decoded as.
fn texts_of(bytes: &[u8]) -> Vec<String> {
    let mut texts = vec![String::from_utf8_lossy(bytes).into_owned()];
    texts.extend(readings::decoded(bytes));
    texts
}

/// Tells whether a text holds a Secret with plain-text values. A text that is no readable manifest, but has the words
/// of one, counts as a Secret.
fn holds_plain(path: &str, text: &str) -> bool {
    // A text with a block of sops that is no encrypted file is judged as it stands.
    if sops::sniff(text).is_some()
        && let Ok(file) = SopsFile::parse(Format::from_path(path), text)
    {
        return !file.exposed().is_empty();
    }
    if !manifest::may_hold_secrets(text) {
        return false;
    }
    match manifest::documents(text) {
        Ok(documents) => documents.iter().flat_map(secrets::of_document).any(|held| match held.form {
            ValuePlacement::Secret | ValuePlacement::Copy => true,
            _ => held.is_plain(false) || held.doubtful,
        }),
        Err(_) => {
            text.contains("kind")
                && text.contains("ata")
                && matches!(Format::from_path(path), Format::Yaml | Format::Json)
        }
    }
}

/// Words of a file that makes a Secret of another one, or patches one with it.
const TAKER_WORDS: [&str; 2] = ["secretgenerator", "target"];

/// Tells whether a kustomization of a state creates a Secret from a file, while its values are in plain text.
fn becomes_secret(root: &Path, state: FileState<'_>, path: &str, texts: &[String]) -> bool {
    let plain: Vec<&String> = texts.iter().filter(|text| sops::sniff(text).is_none()).collect();
    if plain.is_empty() {
        return false;
    }
    let mut takers = BTreeSet::new();
    let mut folder = path::parent(path);
    loop {
        takers.extend(NAMES.map(|name| path::join(folder, name)));
        if folder.is_empty() {
            break;
        }
        folder = path::parent(folder);
    }
    // Flux lets a kustomization take files of other folders.
    for word in TAKER_WORDS {
        let Ok(named) = state.naming(root, path::name(path), word) else { return true };
        takers.extend(named);
    }
    takers.iter().any(|taker| {
        let bytes = match state.read(root, taker) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return false,
            Err(_) => return true,
        };
        let text = String::from_utf8_lossy(&bytes);
        let Ok(documents) = manifest::documents(&text) else {
            return NAMES.contains(&path::name(taker)) && text.contains(path::name(path));
        };
        let is_named =
            |source: &secrets::Source| path::resolve(path::parent(taker), &source.file).as_deref() == Some(path);
        let mut sources = documents.iter().flat_map(secrets::sources).filter(is_named);
        sources.any(|source| plain.iter().any(|text| source.usage.plain(text).is_some()))
    })
}

/// Words of files whose values may reach a Secret by way of Kustomizations and sets.
const CARRIERS: [&str; 4] = ["postBuild", "ConfigMap", "configMapGenerator", "ResourceSetInputProvider"];

/// Tells whether a value on either side of a file's difference reaches a Secret by way of a variable or an input. After
/// the Secret was corrected, the variable's own name still identifies the old value.
fn is_carried(root: &Path, states: &[FileState<'_>], path: &str, texts: &[String]) -> bool {
    // The input of a generator need not be YAML.
    let is_manifest = matches!(Format::from_path(path), Format::Yaml | Format::Json);
    let may = |text: &String| {
        let carries = if is_manifest { CARRIERS.iter().any(|word| text.contains(word)) } else { !text.contains('\0') };
        carries && sops::sniff(text).is_none()
    };
    if !texts.iter().any(may) {
        return false;
    }
    let is_named = |text: &String| {
        let documents =
            if text.contains("postBuild") { manifest::documents(text).unwrap_or_default() } else { Vec::new() };
        documents.iter().any(has_kept_variable)
    };
    if texts.iter().any(is_named) {
        return true;
    }
    states.iter().any(|state| {
        let Some((folder, snapshot)) = state.feeds(root) else { return true };
        let place = folder.as_ref().map_or(root, WorkFolder::path);
        texts.iter().any(|side| {
            let read = |file: &str| {
                if file == path { Some(side.clone()) } else { contents::text(place, file).ok() }
            };
            carried_values(&snapshot, [path], read).iter().any(|one| one.file == path)
        })
    })
}

/// Tells whether a Kustomization defines a variable whose name or value marks it as secret.
fn has_kept_variable(document: &Value) -> bool {
    let post = document.get("spec").and_then(|spec| spec.get("postBuild"));
    let variables = post.and_then(|post| post.get("substitute")).and_then(Value::as_mapping);
    let mut texts = variables.into_iter().flatten().filter_map(|(name, value)| name.as_str().zip(value.as_str()));
    texts.any(|(name, value)| is_surely_confidential(name, value))
}

/// Hides the text after the key in a line of a difference. A value that is one ciphertext as a whole stays, because the
/// classification of lines names it.
fn hidden(line: &str, instead: &str) -> String {
    let (sign, body) = line.split_at_checked(1).unwrap_or((line, ""));
    let text = body.trim_start();
    let indent = body.get(..body.len().saturating_sub(text.len())).unwrap_or_default();
    let is_name = |key: &str| {
        !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./\"'".contains(letter))
    };
    if text.is_empty() || text == "---" || line.starts_with('\\') {
        return line.to_owned();
    }
    let (dash, text) = text.strip_prefix("- ").map_or(("", text), |rest| ("- ", rest));
    if is_ciphertext(text.strip_prefix('#').unwrap_or(text)) {
        return line.to_owned();
    }
    match text.split_once(':') {
        Some((key, value)) if is_name(key) && (value.is_empty() || value.starts_with([' ', '\t', '"'])) => {
            let says_what = matches!(key, "apiVersion" | "kind") && indent.is_empty() && dash.is_empty();
            let is_open = value.trim().is_empty() || is_ciphertext(value);
            if is_open || says_what && is_name(value.trim()) && !holds_token(value) {
                line.to_owned()
            } else {
                format!("{sign}{indent}{dash}{key}: {instead}")
            }
        }
        _ => format!("{sign}{indent}{dash}{instead}"),
    }
}

/// Tells whether a value is one ciphertext of SOPS and nothing else; quotes and the comma of JSON may be around it.
fn is_ciphertext(value: &str) -> bool {
    let value = value.trim();
    let value = value.strip_suffix(',').unwrap_or(value);
    let unquoted = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let value = unquoted('"').or_else(|| unquoted('\'')).unwrap_or(value);
    let inner = value.strip_prefix("ENC[AES256_GCM,").and_then(|rest| rest.strip_suffix(']'));
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+/=".contains(letter);
    inner.is_some_and(|inner| {
        let mut parts = inner.split(',');
        let names = ["data:", "iv:", "tag:", "type:"];
        let holds = |name: &str| {
            parts.next().and_then(|part| part.strip_prefix(name)).is_some_and(|rest| rest.chars().all(is_letter))
        };
        names.into_iter().all(holds) && parts.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::super::commit::commit_diff;
    use super::super::diff::{Side, lines, raw};
    use super::super::tests::TestRepository;
    use super::{HIDDEN, hidden};

    #[test]
    fn no_difference_shows_a_value_of_a_secret_however_it_is_spelled() {
        let repository = TestRepository::new();
        let forms = [
            (
                "a.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  # MARK0\n  p: MARK0\n  q: |\n    MARK0\n",
            ),
            ("b.yaml", "apiVersion: /v1\nkind: Secret\nstringData: {p: MARK0}\n"),
            ("c.yaml", "kind: !!binary U2VjcmV0\nstringData: {p: MARK0}\n"),
            ("d.json", "{\"kind\":\"ConfigMap\",\"kind\":\"Secret\",\"stringData\":{\"p\":\"MARK0\"}}\n"),
            ("e.json", "{\"kind\":\"ConfigMap\"}\n{\"kind\":\"Secret\",\"stringData\":{\"p\":\"MARK0\"}}\n"),
            ("kustomization.yaml", "patches:\n- patch: |-\n    kind: Secret\n    stringData:\n      p: MARK0\n"),
            ("f.yaml", "kind: Secret\nstringData:\n  p: MARK0\n @bad\n"),
            ("g/kustomization.yaml", "secretGenerator: [{name: g, literals: [p=MARK0hunter2], envs: [e/x.env]}]\n"),
            ("g/e/x.env", "p=MARK0hunter2\n"),
            (
                "h.yaml",
                "kind: HelmRelease\nspec: {values: {extraObjects: [{kind: Secret, stringData: {p: MARK0hunter2}}]}}\n",
            ),
        ];
        for (file, text) in forms {
            repository.write(file, text);
            repository.write(&format!("{file}-new.yaml"), text);
        }
        repository.git(&[
            "add",
            "--",
            "a.yaml",
            "b.yaml",
            "c.yaml",
            "d.json",
            "e.json",
            "f.yaml",
            "kustomization.yaml",
            "g",
            "h.yaml",
        ]);
        repository.git(&["commit", "--quiet", "-m", "first"]);
        for (file, text) in forms {
            repository.write(file, &text.replace("MARK0", "MARK1"));
            repository.git(&["add", "--", file]);
            repository.write(file, &text.replace("MARK0", "MARK2"));
            for (path, side) in
                [(file, Side::Staged), (file, Side::Unstaged), (&*format!("{file}-new.yaml"), Side::Untracked)]
            {
                if path.ends_with(".env-new.yaml") {
                    continue;
                }
                let shown = raw(repository.path(), path, side).unwrap();
                assert!(shown.contains("not shown") && !shown.contains("MARK"), "{path} {side:?}: {shown}");
            }
        }
        // Values that reach a Secret from another file.
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec:\n  path: ./apps\n  postBuild:\n    substitute: {THING: MARK0, PLACE: MARKET}\n    substituteFrom: [{kind: ConfigMap, name: vars}]\n";
        let vars =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata:\n  OTHER: MARK0\n";
        let own = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: other}\nspec:\n  path: ./other\n  postBuild: {substitute: {DB_PASSWORD: MARK0}}\n";
        repository.write("apps/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {p: \"${THING}\", q: \"${OTHER}\"}\n");
        for (file, text) in
            [("clusters/one/apps.yaml", flux), ("clusters/one/vars.yaml", vars), ("elsewhere.yaml", own)]
        {
            repository.write(file, text);
            repository.git(&["add", "--", file, "apps"]);
            repository.git(&["commit", "--quiet", "-m", "carried"]);
            // Removing a value reveals it no more than adding it.
            for after in [text.replace("MARK0", "MARK1"), text.replace("MARK0", "example.org")] {
                repository.write(file, &after);
                let shown = raw(repository.path(), file, Side::Unstaged).unwrap();
                assert!(shown.contains("not shown") && !shown.contains("MARK"), "{file}: {shown}");
                repository.write(file, text);
            }
        }
        // A file that is too large to be read may hold one.
        let large = format!("{}{}", forms[0].1, "# comment\n".repeat(1_700_000));
        repository.write("large.yaml", &large);
        assert!(!raw(repository.path(), "large.yaml", Side::Untracked).unwrap().contains("MARK"));
        repository.write("plain.yaml", "kind: ConfigMap\ndata: {p: MARK0}\n");
        assert!(raw(repository.path(), "plain.yaml", Side::Untracked).unwrap().contains("MARK0"));
    }

    /// The letters of a private key.
    const BODY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";

    const SEALED: &str = "ENC[AES256_GCM,data:aaaa,iv:bbbb,tag:cccc,type:str]";

    /// Files with a secret in plain text, whose values contain MARK.
    fn secrets() -> Vec<(&'static str, String)> {
        let pem =
            format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}MARK\n{BODY}\n-----END OPENSSH PRIVATE KEY-----\n");
        let config =
            "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: a\n  user:\n    token: MARKabcdefghijklmnop\n";
        vec![
            ("apps/x/id_rsa", pem),
            ("apps/x/key.txt", format!("# a key\nAGE-SECRET-KEY-1MARK{}\n", "Q".repeat(54))),
            ("apps/x/wide.txt", format!("note: MARK\nkey: AGE-SECRET-KEY-1{}\n", "Q".repeat(58))),
            ("apps/x/x.env", "dbpass=MARKhunter2hunter2\n".to_owned()),
            ("apps/shared.env", "dbpass=MARKhunter2hunter2\n".to_owned()),
            ("kubeconfig", config.to_owned()),
            (
                "one.json",
                format!("{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{{\"name\":\"a\"}},\"stringData\":{{\"p\":\"MARKhunter2\",\"q\":\"{SEALED}\"}}}}\n"),
            ),
            ("flow.yaml", format!("apiVersion: v1\nkind: Secret\nstringData: {{p: MARKhunter2, q: \"{SEALED}\"}}\n")),
            ("comment.yaml", format!("apiVersion: v1\nkind: Secret\nstringData:\n  p: MARKhunter2 # was {SEALED}\n  q: {SEALED} MARK\n")),
            (
                "token.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  t: ghp_MARKefghijklmnopqrstuvwxyz0123456789\n  open: shown\n".to_owned(),
            ),
        ]
    }

    #[test]
    fn a_commit_is_judged_by_its_own_files_and_those_of_its_parent() {
        let repository = TestRepository::new();
        repository.write("README.md", "a\n");
        repository.commit("first");
        for (file, text) in secrets() {
            repository.write(file, &text);
        }
        let made = "kind: Kustomization\nsecretGenerator: [{name: g, envs: [x.env, ../shared.env]}]\n";
        repository.write("apps/x/kustomization.yaml", made);
        let plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: open}\ndata: {mode: readable}\n";
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: open}\nspec: {replicas: 2}\n";
        repository.write("open.yaml", plain);
        repository.write("deployment.yaml", deployment);
        let added = repository.commit("added");
        // The kustomization goes first, and the file in the same commit or in a later one.
        for (file, _) in secrets() {
            repository.git(&["rm", "--quiet", file]);
        }
        repository.git(&["rm", "--quiet", "apps/x/kustomization.yaml", "open.yaml", "deployment.yaml"]);
        let removed = repository.commit("removed");
        for commit in [&added, &removed] {
            for (file, _) in secrets() {
                let shown = commit_diff(repository.path(), commit, file).unwrap();
                assert!(shown.contains("not shown") && !shown.contains("MARK"), "{file}: {shown}");
                let told: String = lines(&shown).into_iter().map(|line| line.text + "\n").collect();
                assert!(!told.contains("MARK") && !told.contains(BODY), "{file}: {told}");
            }
            for (file, word) in
                [("open.yaml", "readable"), ("deployment.yaml", "replicas: 2"), ("token.yaml", "open: shown")]
            {
                let shown = commit_diff(repository.path(), commit, file).unwrap();
                assert!(shown.contains(word), "{file}: {shown}");
            }
        }
    }

    #[test]
    fn what_is_staged_shows_no_key_and_no_token() {
        let repository = TestRepository::new();
        repository.write("apps/x/kustomization.yaml", "secretGenerator: [{name: g, envs: [x.env, ../shared.env]}]\n");
        repository.commit("first");
        for (file, text) in secrets() {
            repository.write(file, &text);
            let shown = raw(repository.path(), file, Side::Untracked).unwrap();
            assert!(shown.contains("not shown") && !shown.contains("MARK"), "{file}: {shown}");
            repository.git(&["add", "--", file]);
        }
        // The kustomization is in the last commit alone.
        repository.git(&["rm", "--quiet", "apps/x/kustomization.yaml"]);
        for (file, _) in secrets() {
            let shown = raw(repository.path(), file, Side::Staged).unwrap();
            assert!(shown.contains("not shown") && !shown.contains("MARK"), "{file}: {shown}");
        }
    }

    #[test]
    fn a_value_that_a_removed_kustomization_puts_into_a_secret_is_not_shown() {
        let repository = TestRepository::new();
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec:\n  path: ./apps\n  postBuild:\n    substituteFrom: [{kind: ConfigMap, name: vars}]\n";
        let vars =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata:\n  OTHER: MARK0\n";
        repository.write(
            "apps/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {q: \"${OTHER}\"}\n",
        );
        repository.write("clusters/one/apps.yaml", flux);
        repository.write("clusters/one/vars.yaml", vars);
        let added = repository.commit("added");
        repository.git(&["rm", "--quiet", "-r", "clusters", "apps"]);
        let removed = repository.commit("removed");
        for commit in [&added, &removed] {
            let shown = commit_diff(repository.path(), commit, "clusters/one/vars.yaml").unwrap();
            assert!(shown.contains("not shown") && !shown.contains("MARK"), "{shown}");
        }
    }

    #[test]
    fn a_ciphertext_stays_where_it_is_the_whole_value() {
        for (line, stays) in [
            (format!("+  p: {SEALED}"), true),
            (format!("+  \"p\": \"{SEALED}\","), true),
            (format!("+  - {SEALED}"), true),
            (format!("+  #{SEALED}"), true),
            (format!("+  p: {SEALED}hunter2"), false),
            (format!("+  p: hunter2{SEALED}"), false),
            ("+  p: ENC[AES256_GCM,data:hunter2!]".to_owned(), false),
            ("+  p: ENC[AES256_GCM,hunter2]".to_owned(), false),
        ] {
            assert_eq!(hidden(&line, HIDDEN) == line, stays, "{line}");
        }
    }
}
