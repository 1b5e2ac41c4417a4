//! The essence of a controller's message, where there is room for a sentence.

use std::borrow::Cow;

/// Returns the most useful sentence of a message for a row: the object that a health check waits for rather than the
/// way of waiting, the missing path or file, the reason why Helm or git failed rather than the release or address,
/// which the row names already; and the first line of any other message. Paths in temporary
/// folders of controllers are shortened to paths in the source.
///
/// Formats: `health check failed after 5m0s: timeout waiting for: [Kind/namespace/name status: 'InProgress', …]` and
/// `… failed early due to stalled resources: [Kind/namespace/name status: 'Failed', …]` of kustomize-controller 1.7,
/// whose list comes from cli-utils;
/// `kustomization path not found: stat /tmp/kustomization-N/PATH: no such file or directory`;
/// `kustomize build failed: accumulating resources: accumulation err='accumulating resources from 'FILE': CAUSE': …` of
/// kustomize; `Helm upgrade failed for release NAMESPACE/NAME with chart CHART@VERSION: CAUSE` of helm-controller 1.4;
/// `failed to checkout and determine revision: unable to clone 'URL': CAUSE` of source-controller 1.7. All of them are
/// among the recordings in `tests/recordings`.
pub fn essence(message: &str) -> String {
    if let Some(read) = failed_decryption(message) {
        return read;
    }
    let first = &first_sentence(&in_source(message));
    let known = [health_check, missing_path, failed_build, failed_release, failed_checkout];
    known.iter().find_map(|read| read(first)).unwrap_or_else(|| first.to_owned())
}

/// Returns the cause at the end of a sentence alone: `connection refused` of `unable to clone …: dial tcp …: connection refused`.
pub fn short_cause(sentence: &str) -> &str {
    let sentence = sentence.trim().trim_end_matches([':', '.']);
    sentence.rsplit(": ").map(str::trim).find(|part| !part.is_empty()).unwrap_or(sentence)
}

/// Returns the first line, with the next one where it ends in a colon: `1 error occurred:` says nothing alone.
fn first_sentence(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut sentence = lines.next().unwrap_or_default().to_owned();
    while sentence.ends_with(':')
        && let Some(next) = lines.next()
    {
        sentence.extend([" ", next]);
    }
    sentence
}

/// Cuts the folders that controllers unpack sources into out of the paths of a message: what remains is the path in the repository, and a
/// folder by itself is `the source`. Go makes them as `/tmp/kustomization-2033670909` (`os.MkdirTemp`), below `TMPDIR` where that is set.
pub fn in_source(message: &str) -> Cow<'_, str> {
    if !message.contains('/') {
        return message.into();
    }
    let is_end =
        |letter: char| letter.is_whitespace() || matches!(letter, '\'' | '"' | ':' | ',' | '(' | ')' | '[' | ']' | '`');
    let mut shown = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(|letter| !is_end(letter)) {
        let (between, word) = rest.split_at(start);
        let (word, after) = word.split_at(word.find(is_end).unwrap_or(word.len()));
        shown.push_str(between);
        shown.push_str(repository_path(word));
        rest = after;
    }
    shown.push_str(rest);
    shown.into()
}

/// Returns the part of a path behind a temporary folder; the path itself where it has none.
fn repository_path(word: &str) -> &str {
    let Some(below) = word.strip_prefix('/') else { return word };
    // Wherever TMPDIR leads, the random number of such a folder is long: a date has fewer digits.
    let is_random = |folder: &str| {
        let name = folder.trim_end_matches(|letter: char| letter.is_ascii_digit());
        name.ends_with('-') && folder.len() - name.len() >= 9
    };
    let mut end = 0;
    let mut ends = below.split('/').map(|folder| {
        end += folder.len() + 1;
        (folder, end - 1)
    });
    let random = ends.find(|(folder, _)| is_random(folder)).map(|(_, end)| end);
    let first = || Some("tmp/".len() + below.strip_prefix("tmp/")?.split('/').next()?.len());
    match random.or_else(first).and_then(|end| below.get(end..)) {
        None => word,
        Some("" | "/") => "the source",
        Some(path) => path.trim_start_matches('/'),
    }
}

/// Reads the report of sops (3.11) about a file that no key opened: what was tried stands first, the cause of each key in lines that begin with `|`.
fn failed_decryption(message: &str) -> Option<String> {
    let (object, report) = message.strip_prefix("decryption failed for ")?.split_once(": ")?;
    let told = report.lines().filter_map(|line| line.split_once("| "));
    let told: Vec<&str> = told.map(|(_, text)| text.trim()).filter(|text| !text.is_empty()).collect();
    let told = told.join(" ");
    let cause = short_cause(&told);
    (!cause.is_empty()).then(|| format!("decryption failed for {object}: {cause}"))
}

fn missing_path(line: &str) -> Option<String> {
    let (path, why) = line.strip_prefix("kustomization path not found: stat ")?.rsplit_once(": ")?;
    Some(format!("its path {path} is not in the source ({why})"))
}

fn failed_build(line: &str) -> Option<String> {
    let (file, rest) = line
        .strip_prefix("kustomize build failed: ")?
        .split_once("accumulating resources from '")?
        .1
        .split_once("': ")?;
    // The first cause is about the file itself; the rest is about kustomize's attempt to read it as a folder.
    let cause = rest.split_once("':").map_or(rest, |(cause, _)| cause).trim_end_matches('\'');
    match cause.strip_prefix("open ").and_then(|cause| cause.rsplit_once(": ")) {
        Some((path, why)) => Some(format!("kustomize cannot read {path}: {why}")),
        None => Some(format!("kustomize cannot take {file}: {cause}")),
    }
}

fn failed_release(line: &str) -> Option<String> {
    let (action, rest) = line.strip_prefix("Helm ")?.split_once(" failed for release ")?;
    let (_, rest) = rest.split_once(" with chart ")?;
    let (chart, cause) = rest.split_once(": ")?;
    Some(format!("{action} to {} failed: {cause}", chart.rsplit_once('@').map_or(chart, |(_, version)| version)))
}

fn failed_checkout(line: &str) -> Option<String> {
    let rest = line.strip_prefix("failed to checkout and determine revision: ")?;
    let (tried, rest) = rest.split_once(" '")?;
    let (address, cause) = rest.split_once("': ")?;
    Some(format!("{tried} {address}: {}", cause.trim_end_matches([':', ' '])))
}

fn health_check(line: &str) -> Option<String> {
    let (after, rest) = line.strip_prefix("health check failed after ")?.split_once(": ")?;
    let (how, list) = rest.split_once(": [")?;
    let mut waited = list.strip_suffix(']').unwrap_or(list).split("', ");
    let (object, status) = waited.next()?.split_once(" status: '")?;
    let status = status.trim_end_matches('\'');
    let others = match waited.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Some(match how {
        "timeout waiting for" => format!("{object} is not ready after {after} ({status}){others}"),
        _ => format!("{object} has failed{others}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{essence, in_source, short_cause};

    #[test]
    fn a_health_check_names_what_it_waits_for() {
        let message = "health check failed after 5m0s: timeout waiting for: [Certificate/cert-manager/wildcard status: 'InProgress', Deployment/apps/web status: 'InProgress']";
        assert_eq!(
            essence(message),
            "Certificate/cert-manager/wildcard is not ready after 5m0s (InProgress), and 1 more"
        );
        let message = "health check failed after 12.3s: failed early due to stalled resources: [HelmRelease/web/web status: 'Failed']";
        assert_eq!(essence(message), "HelmRelease/web/web has failed");
    }

    #[test]
    fn what_is_missing_comes_before_where_the_controller_looked() {
        let message = "kustomization path not found: stat /tmp/kustomization-2033670909/infrastructure/controller/production: no such file or directory";
        assert_eq!(
            essence(message),
            "its path infrastructure/controller/production is not in the source (no such file or directory)"
        );
        let message = "kustomize build failed: accumulating resources: accumulation err='accumulating resources from 'missing.yaml': open /tmp/kustomization-1/apps/missing.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure";
        assert_eq!(essence(message), "kustomize cannot read apps/missing.yaml: no such file or directory");
    }

    #[test]
    fn a_release_and_a_source_tell_their_cause() {
        let message = "Helm upgrade failed for release monitoring/stack with chart kube-prometheus-stack@86.2.0: context deadline exceeded";
        assert_eq!(essence(message), "upgrade to 86.2.0 failed: context deadline exceeded");
        let message = "failed to checkout and determine revision: unable to clone 'https://git.example/homelab.git': repository not found: ";
        assert_eq!(essence(message), "unable to clone https://git.example/homelab.git: repository not found");
    }

    #[test]
    fn the_cause_stands_at_the_end() {
        let clone = "unable to clone ssh://git@example/x: dial tcp 127.0.0.1:1: connect: connection refused";
        assert_eq!(
            (short_cause(clone), short_cause("it is full"), short_cause("")),
            ("connection refused", "it is full", "")
        );
    }

    #[test]
    fn a_file_that_no_key_opens_tells_why() {
        // As kustomize-controller 1.7 says it.
        let message = "decryption failed for 'Secret.v1.[noGrp]/env': failed to decrypt and format 'linkding/env' Secret data: cannot get sops data key: Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED\n  age1pqpnhu873: FAILED\n    - | failed to create reader for decrypting sops data key with\n      | age: no identity matched any of the recipients\n\nRecovery failed because no master key was able to decrypt the file. In\norder for SOPS to recover the file, at least one key has to be successful,\nbut none were.";
        assert_eq!(
            essence(message),
            "decryption failed for 'Secret.v1.[noGrp]/env': no identity matched any of the recipients"
        );
        assert_eq!(
            essence("decryption failed for 'Secret/a': it is full"),
            "decryption failed for 'Secret/a': it is full"
        );
    }

    #[test]
    fn no_temporary_folder_is_told() {
        for (message, told) in [
            ("open /tmp/kustomization-2033670909/apps/a.yaml: no such file", "open apps/a.yaml: no such file"),
            ("stat '/var/folders/x1/T/kustomization-2033670909/apps': gone", "stat 'apps': gone"),
            ("lstat /tmp/gitrepository-flux-system-apps-31/apps, gone", "lstat apps, gone"),
            ("failed to untar to /tmp/kustomization-2033670909: full", "failed to untar to the source: full"),
            (
                "accumulation err='accumulating resources from './a.yaml': evalsymlink failure on '/tmp/kustomization-203367090/apps/a.yaml' : lstat",
                "accumulation err='accumulating resources from './a.yaml': evalsymlink failure on 'apps/a.yaml' : lstat",
            ),
            (
                "GET https://charts.example/a/1234567/index.yaml: 404",
                "GET https://charts.example/a/1234567/index.yaml: 404",
            ),
            ("exec /usr/bin/git: not found", "exec /usr/bin/git: not found"),
            ("\ttabs  and   spaces stay ", "\ttabs  and   spaces stay "),
        ] {
            assert_eq!(in_source(message), told);
        }
    }

    #[test]
    fn anything_else_is_its_first_line() {
        assert_eq!(essence("kustomize build failed: x\n\tmore"), "kustomize build failed: x");
        assert_eq!(essence("health check failed after a while"), "health check failed after a while");
        assert_eq!(essence(""), "");
    }
}
