//! Clusters that a hub manages: Kustomizations with `spec.kubeConfig` apply to the kubeconfig's cluster, which is an
//! environment of its own, in whatever cluster their controller runs.

use std::collections::BTreeMap;

use super::environments::FLUX;
use super::flux::{FluxKustomization, RepoEnvironment, Sync};
use super::kustomize::Declared;
use super::path;
use super::reader::Reader;
use super::rules;
use super::sift::Sifted;
use crate::yaml::Value;

/// Words of a kubeconfig's name that do not identify the cluster.
const GENERIC: [&str; 7] = ["admin", "cluster", "config", "kubeconfig", "kube", "remote", "secret"];

/// Names the kubeconfig of a Kustomization: the namespace, and the Secret or ConfigMap that holds it.
pub(super) fn kubeconfig(one: &FluxKustomization) -> Option<(String, String)> {
    let config = one.spec.get("kubeConfig")?;
    let reference = config.get("secretRef").or_else(|| config.get("configMapRef"))?;
    let name = reference.get("name").and_then(Value::as_str)?;
    Some((one.namespace.clone(), name.to_owned()))
}

/// Finds the Kustomizations that apply to other clusters, each with the name of the cluster's environment. If the
/// synced folders are known, only files that Flux may read count, as `read` tells.
pub(super) fn find(
    reader: &mut Reader,
    sifted: &Sifted,
    read: impl Fn(&str) -> bool,
) -> Vec<(String, FluxKustomization)> {
    let mut by: BTreeMap<(String, String), Vec<FluxKustomization>> = BTreeMap::new();
    for seen in sifted.files.iter().filter(|seen| seen.remote && !seen.template && read(&seen.file)) {
        let Ok(parsed) = reader.manifests(&seen.file) else { continue };
        for (index, manifest) in parsed.manifests.iter().enumerate() {
            let declared = Declared::from_manifest(manifest, &seen.file, index);
            let Some(body) = manifest.body.as_ref().filter(|_| FluxKustomization::is(&declared)) else { continue };
            let one = FluxKustomization::read("", &declared, body);
            // A variable is known once its parent is rendered; a Kustomization without a source is a patch.
            let key = kubeconfig(&one).filter(|_| one.source.is_some());
            if let Some(key) = key.filter(|key| !key.0.contains('$') && !key.1.contains('$')) {
                by.entry(key).or_default().push(one);
            }
        }
    }
    let clusters = names(&by.keys().cloned().collect::<Vec<_>>());
    let named = clusters.into_iter().zip(by.into_values());
    named
        .flat_map(|(name, all)| {
            all.into_iter().map(move |one| (name.clone(), FluxKustomization { env: name.clone(), ..one }))
        })
        .collect()
}

/// Notes that a Kustomization applies to the cluster of another environment, and returns that one; `None` if it does
/// not.
pub(super) fn settle(one: &mut FluxKustomization, spokes: &[(String, FluxKustomization)]) -> Option<String> {
    let declared = spokes.iter().find(|(_, spoke)| spoke.object() == one.object() && spoke.file == one.file);
    // A Kustomization from rendered output is matched by its kubeconfig.
    let own = kubeconfig(one);
    let same = || spokes.iter().find(|(_, spoke)| own.is_some() && kubeconfig(spoke) == own);
    let (spoke, _) = declared.or_else(same).filter(|(name, _)| *name != one.env)?;
    one.elsewhere = Some(format!("the cluster of the environment {spoke}, by kubeConfig"));
    Some(spoke.clone())
}

/// Describes the environments of Kustomizations that apply to other clusters; their folder is the one that holds all
/// their paths.
pub(super) fn environments(reader: &mut Reader, spokes: &[(String, FluxKustomization)]) -> Vec<RepoEnvironment> {
    let mut folders: BTreeMap<&str, String> = BTreeMap::new();
    for (name, one) in spokes {
        let folder = one.path.clone();
        match folders.get_mut(name.as_str()) {
            None => drop(folders.insert(name, folder)),
            Some(known) => {
                while !path::is_within(&folder, known) {
                    *known = path::parent(known).to_owned();
                }
            }
        }
    }
    let describe = |(name, path): (&str, String)| {
        let recipients = rules::recipients(reader, name, &path);
        RepoEnvironment { name: name.to_owned(), path, recipients, sync: Sync::Hub }
    };
    folders.into_iter().map(describe).collect()
}

/// Names clusters by their kubeconfigs: by the differing part of the Secrets' names, else by their namespaces.
fn names(keys: &[(String, String)]) -> Vec<String> {
    let plain = |name: &str| {
        let parts: Vec<&str> = name.split(['-', '.']).filter(|part| !GENERIC.contains(part)).collect();
        parts.join("-")
    };
    let mut found: Vec<String> = Vec::new();
    for (namespace, secret) in keys {
        let own = plain(secret);
        let is_unique = |name: &str| keys.iter().filter(|(_, other)| plain(other) == name).count() == 1;
        let mut name = match own.as_str() {
            "" if namespace == FLUX => secret.clone(),
            "" => namespace.clone(),
            own if is_unique(own) || namespace == FLUX => own.to_owned(),
            own => format!("{namespace}-{own}"),
        };
        while found.contains(&name) {
            name.push_str("-2");
        }
        found.push(name);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn clusters_are_called_by_what_tells_their_kubeconfigs_apart() {
        let of = |keys: &[(&str, &str)]| {
            names(
                &keys.iter().map(|(namespace, name)| ((*namespace).to_owned(), (*name).to_owned())).collect::<Vec<_>>(),
            )
        };
        assert_eq!(of(&[("flux-system", "one"), ("flux-system", "two")]), ["one", "two"]);
        assert_eq!(of(&[("flux-system", "one-kubeconfig"), ("flux-system", "kubeconfig-two")]), ["one", "two"]);
        assert_eq!(
            of(&[("production", "cluster-kubeconfig"), ("staging", "cluster-kubeconfig")]),
            ["production", "staging"]
        );
        assert_eq!(of(&[("a", "prod"), ("b", "prod")]), ["a-prod", "b-prod"]);
    }
}
