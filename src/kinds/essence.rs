//! What a controller's message comes to, for where there is room for a sentence.

/// Returns the sentence of a message that matters on a line: the object that a health check waits for rather than how it is waited for, and
/// the first line of anything else.
///
/// Formats: `health check failed after 5m0s: timeout waiting for: [Kind/namespace/name status: 'InProgress', …]` and `… failed early due to
/// stalled resources: [Kind/namespace/name status: 'Failed', …]` of kustomize-controller 1.7, whose list comes from cli-utils.
pub fn essence(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    health_check(first).unwrap_or_else(|| first.to_owned())
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
    fn anything_else_is_its_first_line() {
        assert_eq!(essence("kustomize build failed: x\n\tmore"), "kustomize build failed: x");
        assert_eq!(essence("health check failed after a while"), "health check failed after a while");
        assert_eq!(essence(""), "");
    }
}
