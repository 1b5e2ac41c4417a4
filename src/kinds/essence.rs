//! What a controller's message comes to, for where there is room for a sentence.

/// Returns the sentence of a message that matters on a line: the object that a health check waits for rather than how it is waited for, the
/// path or file that is missing, why Helm or git failed rather than for which release or address, which the row names already; and the
/// first line of anything else.
///
/// Formats: `health check failed after 5m0s: timeout waiting for: [Kind/namespace/name status: 'InProgress', …]` and `… failed early due to
/// stalled resources: [Kind/namespace/name status: 'Failed', …]` of kustomize-controller 1.7, whose list comes from cli-utils; `kustomization
/// path not found: stat /tmp/kustomization-N/PATH: no such file or directory`; `kustomize build failed: accumulating resources: accumulation
/// err='accumulating resources from 'FILE': CAUSE': …` of kustomize; `Helm upgrade failed for release NAMESPACE/NAME with chart
/// CHART@VERSION: CAUSE` of helm-controller 1.4; `failed to checkout and determine revision: unable to clone 'URL': CAUSE` of
/// source-controller 1.7. All of them are among the recordings in `tests/recordings`.
pub fn essence(message: &str) -> String {
    let first = &first_sentence(message);
    let known = [health_check, missing_path, failed_build, failed_release, failed_checkout];
    known.iter().find_map(|read| read(first)).unwrap_or_else(|| first.to_owned())
}

/// Returns the first line, with those that it leads to: `1 error occurred:` says nothing without the next.
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

/// Cuts the folder that a controller unpacked the source into out of a path.
fn in_repository(path: &str) -> &str {
    let unpacked = path.strip_prefix("/tmp/kustomization-").and_then(|rest| rest.split_once('/'));
    unpacked.map_or(path, |(_, path)| path)
}

fn missing_path(line: &str) -> Option<String> {
    let (path, why) = line.strip_prefix("kustomization path not found: stat ")?.rsplit_once(": ")?;
    Some(format!("its path {} is not in the source ({why})", in_repository(path)))
}

fn failed_build(line: &str) -> Option<String> {
    let (file, rest) = line
        .strip_prefix("kustomize build failed: ")?
        .split_once("accumulating resources from '")?
        .1
        .split_once("': ")?;
    // The first cause is that the file itself cannot be read; the rest tells how kustomize then tried it as a folder.
    let cause = rest.split_once("':").map_or(rest, |(cause, _)| cause).trim_end_matches('\'');
    match cause.strip_prefix("open ").and_then(|cause| cause.rsplit_once(": ")) {
        Some((path, why)) => Some(format!("kustomize cannot read {}: {why}", in_repository(path))),
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
    use super::essence;

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
    fn anything_else_is_its_first_line() {
        assert_eq!(essence("kustomize build failed: x\n\tmore"), "kustomize build failed: x");
        assert_eq!(essence("health check failed after a while"), "health check failed after a while");
        assert_eq!(essence(""), "");
    }
}
