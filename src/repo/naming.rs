//! The names of environments: the last part of the entry folder's path that differs from the others'.

use super::path;

/// Folders that hold one folder for each cluster.
const COLLECTIONS: [&str; 6] = ["clusters", "cluster-configs", "environments", "envs", "fleets", "fleet"];

/// Words for a folder's purpose, which identify no cluster.
const GENERIC: [&str; 25] = [
    "apps",
    "base",
    "bootstrap",
    "cluster",
    "config",
    "configs",
    "deploy",
    "environment",
    "flux",
    "flux-config",
    "flux-system",
    "flux2",
    "fluxcd",
    "gitops",
    "infra",
    "infrastructure",
    "k3s",
    "k8s",
    "kube",
    "kubernetes",
    "manifests",
    "root",
    "setup",
    "sync",
    "talos",
];

/// Holds hints for environments without a name of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    /// The folders that the settings name, each with its environment.
    pub paths: Vec<(String, String)>,
    /// The only environment that the settings name.
    pub setting: Option<String>,
    /// The only context.
    pub context: Option<String>,
    /// The name of the repository; by default that of its folder.
    pub repository: Option<String>,
}

/// Names environments by their entry folders, each differently. `only` names one whose path holds no name.
pub(super) fn names(folders: &[&str], only: impl Fn() -> String) -> Vec<String> {
    let parts: Vec<Vec<&str>> = folders.iter().map(|folder| telling(folder)).collect();
    let mut names: Vec<String> = Vec::new();
    for (index, own) in parts.iter().enumerate() {
        let others = || parts.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, other)| other);
        // As many of the last parts as needed to differ from the others.
        let unique = (1..=own.len())
            .map(|count| last(own, count))
            .find(|name| others().all(|other| (1..=other.len()).all(|count| last(other, count) != *name)));
        let folder = folders.get(index).copied().unwrap_or_default();
        let name = match unique {
            Some(name) => name,
            None if !own.is_empty() => last(own, own.len()),
            None if folders.len() == 1 || folder.is_empty() => only(),
            None => folder.replace('/', "-"),
        };
        let mut name = name;
        while names.contains(&name) {
            name.push_str("-2");
        }
        names.push(name);
    }
    names
}

/// Returns the parts of a path that identify a cluster.
fn telling(folder: &str) -> Vec<&str> {
    let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let is_collection = |part: &&str| COLLECTIONS.contains(part);
    // The part below a collection names a cluster, whatever word it is.
    let from = parts.iter().rposition(is_collection).map_or(0, |at| at.saturating_add(1));
    let below = parts.get(from..).unwrap_or_default();
    let named = |at: usize, part: &&str| (from > 0 && at == 0) || !GENERIC.contains(part);
    let own: Vec<&str> =
        below.iter().enumerate().filter(|(at, part)| named(*at, part)).map(|(_, part)| *part).collect();
    if own.is_empty() {
        parts.into_iter().filter(|part| !GENERIC.contains(part) && !is_collection(part)).collect()
    } else {
        own
    }
}

fn last(parts: &[&str], count: usize) -> String {
    parts.get(parts.len().saturating_sub(count)..).unwrap_or_default().join("-")
}

/// Returns the name of a repository from its address: the last part, without `.git`.
pub(super) fn of_address(url: &str) -> Option<String> {
    let name = path::name(url.trim_end_matches('/')).trim_end_matches(".git");
    let name = name.rsplit(':').next().unwrap_or(name);
    (!name.is_empty() && !name.contains('$')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{names, of_address};

    #[test]
    fn environments_are_called_by_the_last_part_that_tells_them_apart() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["clusters/production", "clusters/staging"], &["production", "staging"]),
            (&["clusters/eu/staging", "clusters/us/staging"], &["eu-staging", "us-staging"]),
            (
                &["clusters/eu/production", "clusters/eu/staging", "clusters/us/staging"],
                &["production", "eu-staging", "us-staging"],
            ),
            (&["kubernetes/main/flux/cluster", "kubernetes/network/flux/cluster"], &["main", "network"]),
            (&["kubernetes/clusters/prod"], &["prod"]),
            (&["flux/staging"], &["staging"]),
            (&["kubernetes/flux/cluster"], &["lab"]),
            (&["cluster"], &["lab"]),
            (&[""], &["lab"]),
            (&["", "clusters/b"], &["lab", "b"]),
            (&["clusters/base"], &["base"]),
            (&["kubernetes/flux", "cluster/flux"], &["kubernetes-flux", "cluster-flux"]),
        ];
        for (folders, expected) in cases {
            assert_eq!(names(folders, || "lab".to_owned()), *expected, "{folders:?}");
        }
    }

    #[test]
    fn a_repository_is_called_by_the_end_of_its_address() {
        for (url, name) in [
            ("https://github.com/one/fleet", "fleet"),
            ("ssh://git@example.org/one/fleet.git", "fleet"),
            ("git@example.org:fleet.git", "fleet"),
            ("oci://ghcr.io/one/fleet", "fleet"),
        ] {
            assert_eq!(of_address(url).as_deref(), Some(name));
        }
        assert_eq!(of_address("https://example.org/${REPO}"), None);
    }
}
