//! Hides the values of Secrets that stand in a file in plain text from its difference: such a file should not be, but looking at what changed
//! must not be what shows it.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::super::kustomize::NAMES;
use super::super::{Loader, carried_values, contents, path};
use super::run;
use crate::sops::{self, Format, SopsFile};
use crate::yaml::confidential::is_surely_confidential;
use crate::yaml::secrets::{self, ValuePlacement};
use crate::yaml::{Value, manifest};

/// What stands in place of a value.
const HIDDEN: &str = "[value of a Secret in plain text, not shown]";

/// Hides the values in a difference, where the file holds a plain Secret before, as it is staged, or now.
pub(super) fn over(root: &Path, path: &str, difference: String) -> String {
    let blob = |name: String| run::blob(root, &name, contents::SIZE_LIMIT);
    let now = match contents::bytes(root, path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let sides = [now, blob(format!(":{path}")), blob(format!("HEAD:{path}"))];
    // What cannot be looked into may hold one.
    let may_hold = |side: &io::Result<Option<Vec<u8>>>| match side {
        Ok(bytes) => bytes.iter().any(|bytes| holds_plain(path, &String::from_utf8_lossy(bytes))),
        Err(_) => true,
    };
    if !sides.iter().any(may_hold) && !becomes_secret(root, path, &sides) && !is_carried(root, path, &sides) {
        return difference;
    }
    let mut inside = false;
    let line = |text: &str| {
        inside = if text.starts_with("@@") { true } else { inside && !text.starts_with("diff --git") };
        if text.starts_with("@@") {
            // git repeats a line of the file behind the second pair of signs.
            let end = text.match_indices("@@").nth(1).map_or(text.len(), |(at, sign)| at.saturating_add(sign.len()));
            return text.get(..end).unwrap_or_default().to_owned();
        }
        if inside { hidden(text) } else { text.to_owned() }
    };
    difference.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// Tells whether a text holds a Secret whose values anybody can read. What cannot be read as a manifest, and has the words of one, is taken for one.
fn holds_plain(path: &str, text: &str) -> bool {
    if sops::sniff(text).is_some() {
        return SopsFile::parse(Format::from_path(path), text).is_ok_and(|file| !file.exposed().is_empty());
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

/// Tells whether a kustomization of a folder around a file makes a Secret of it, while its values are in plain text.
fn becomes_secret(root: &Path, path: &str, sides: &[io::Result<Option<Vec<u8>>>]) -> bool {
    let texts = || sides.iter().flatten().flatten().map(|bytes| String::from_utf8_lossy(bytes));
    let mut folder = path::parent(path);
    loop {
        for name in NAMES {
            let Ok(text) = contents::text(root, &path::join(folder, name)) else { continue };
            let documents = manifest::documents(&text).unwrap_or_default();
            let takes = |source: &secrets::Source| path::resolve(folder, &source.file).as_deref() == Some(path);
            for source in documents.iter().flat_map(secrets::sources).filter(takes) {
                if texts().any(|text| sops::sniff(&text).is_none() && source.usage.plain(&text).is_some()) {
                    return true;
                }
            }
        }
        if folder.is_empty() {
            return false;
        }
        folder = path::parent(folder);
    }
}

/// What stands in a file whose values may reach a Secret by way of Kustomizations and sets.
const CARRIERS: [&str; 4] = ["postBuild", "ConfigMap", "configMapGenerator", "ResourceSetInputProvider"];

/// Tells whether a value of a file reaches a Secret by way of a variable or an input, on whichever side it stands. One that stood there before the
/// Secret was mended is told by the variable's own name.
fn is_carried(root: &Path, path: &str, sides: &[io::Result<Option<Vec<u8>>>]) -> bool {
    let texts = || sides.iter().flatten().flatten().map(|bytes| String::from_utf8_lossy(bytes));
    // What a generator reads need not be YAML.
    let is_manifest = matches!(Format::from_path(path), Format::Yaml | Format::Json);
    let may = |text: &str| {
        let carries = if is_manifest { CARRIERS.iter().any(|word| text.contains(word)) } else { !text.contains('\0') };
        carries && sops::sniff(text).is_none()
    };
    if !texts().any(|text| may(&text)) {
        return false;
    }
    let is_named = |text: &str| {
        let documents =
            if text.contains("postBuild") { manifest::documents(text).unwrap_or_default() } else { Vec::new() };
        documents.iter().any(has_kept_variable)
    };
    if texts().any(|text| is_named(&text)) {
        return true;
    }
    let snapshot = Loader::open(root).feeds();
    let reaches = |side: &str| {
        let read = |file: &str| {
            if file == path { Some(side.to_owned()) } else { contents::text(root, file).ok() }
        };
        carried_values(&snapshot, [path], read).iter().any(|one| one.file == path)
    };
    texts().any(|text| reaches(&text))
}

/// Tells whether a Kustomization defines a variable that says itself that it is to be kept.
fn has_kept_variable(document: &Value) -> bool {
    let post = document.get("spec").and_then(|spec| spec.get("postBuild"));
    let variables = post.and_then(|post| post.get("substitute")).and_then(Value::as_mapping);
    let mut texts = variables.into_iter().flatten().filter_map(|(name, value)| name.as_str().zip(value.as_str()));
    texts.any(|(name, value)| is_surely_confidential(name, value))
}

/// Hides what a line of a difference says behind its key; a ciphertext stays, as it is named by whoever sorts the lines.
fn hidden(line: &str) -> String {
    let (sign, body) = line.split_at_checked(1).unwrap_or((line, ""));
    let text = body.trim_start();
    let indent = body.get(..body.len().saturating_sub(text.len())).unwrap_or_default();
    let is_name = |key: &str| {
        !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./\"'".contains(letter))
    };
    if text.is_empty() || text == "---" || line.starts_with('\\') || text.contains("ENC[AES256_GCM") {
        return line.to_owned();
    }
    let (dash, text) = text.strip_prefix("- ").map_or(("", text), |rest| ("- ", rest));
    match text.split_once(':') {
        Some((key, value)) if is_name(key) => {
            let says_what = matches!(key, "apiVersion" | "kind") && indent.is_empty() && dash.is_empty();
            if value.trim().is_empty() || says_what && is_name(value.trim()) {
                line.to_owned()
            } else {
                format!("{sign}{indent}{dash}{key}: {HIDDEN}")
            }
        }
        _ => format!("{sign}{indent}{dash}{HIDDEN}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::diff::{Side, raw};
    use super::super::tests::TestRepository;

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
        // What reaches a Secret from another file.
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
            // Taking it out shows what it was no more than putting it in.
            for after in [text.replace("MARK0", "MARK1"), text.replace("MARK0", "example.org")] {
                repository.write(file, &after);
                let shown = raw(repository.path(), file, Side::Unstaged).unwrap();
                assert!(shown.contains("not shown") && !shown.contains("MARK"), "{file}: {shown}");
                repository.write(file, text);
            }
        }
        // What is too large to be looked into may hold one.
        let large = format!("{}{}", forms[0].1, "# comment\n".repeat(1_700_000));
        repository.write("large.yaml", &large);
        assert!(!raw(repository.path(), "large.yaml", Side::Untracked).unwrap().contains("MARK"));
        repository.write("plain.yaml", "kind: ConfigMap\ndata: {p: MARK0}\n");
        assert!(raw(repository.path(), "plain.yaml", Side::Untracked).unwrap().contains("MARK0"));
    }
}
