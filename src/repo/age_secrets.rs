//! The Secret of the cluster that holds the keys with which a Kustomization decrypts.

use super::environments::FLUX;
use super::flux::{FluxKustomization, Sync};
use super::snapshot::Snapshot;

/// The Secret's name, if no Kustomization names another.
pub const NAME: &str = "sops-age";

/// Names a Secret with age keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgeSecret {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for AgeSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

impl Snapshot {
    /// Returns the Secret that a Kustomization decrypts with: the one that it names, in its own namespace, else the
    /// controller's (kustomize-controller, `Decryptor.ImportKeys`). `None` if it decrypts nothing, or by other means.
    pub fn age_secret_of(&self, one: &FluxKustomization) -> Option<AgeSecret> {
        let named = one.decryption.as_ref()?.secret.as_ref().filter(|name| !name.is_empty());
        match named {
            Some(name) => Some(AgeSecret { namespace: one.namespace.clone(), name: name.clone() }),
            None => self.controllers_age_secret(&one.env),
        }
    }

    /// Returns the Secrets that an environment's Kustomizations decrypt with, each once, the most used first; the usual
    /// one if none names any.
    pub fn age_secrets(&self, env: &str) -> Vec<AgeSecret> {
        let all: Vec<AgeSecret> = self.kustomizations_of(env).filter_map(|one| self.age_secret_of(one)).collect();
        let mut found = all.clone();
        found.sort_unstable();
        found.dedup();
        found.sort_by_key(|one| std::cmp::Reverse(all.iter().filter(|other| *other == one).count()));
        if found.is_empty() {
            found.push(AgeSecret { namespace: self.controllers_namespace(env), name: NAME.to_owned() });
        }
        found
    }

    /// Returns the Secret that the controller's argument names. In a repository of several environments, the
    /// environment must read the file with that argument.
    fn controllers_age_secret(&self, env: &str) -> Option<AgeSecret> {
        let is_own = |file: &str| self.environments.len() == 1 || self.fed_by(file).iter().any(|feed| feed.env == env);
        let (_, name) = self.looked.age_secrets.iter().find(|(file, _)| is_own(file))?;
        Some(AgeSecret { namespace: self.controllers_namespace(env), name: name.clone() })
    }

    fn controllers_namespace(&self, env: &str) -> String {
        let known = self.environments.iter().find(|known| known.name == env);
        match known.map(|known| &known.sync) {
            Some(Sync::Kustomization { object, .. } | Sync::Instance { object, .. }) => object.namespace.clone(),
            _ => FLUX.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;

    fn kustomization(namespace: &str, decryption: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: app\n  namespace: {namespace}\nspec:\n  path: ./{namespace}\n  decryption: {decryption}\n---\n"
        )
    }

    fn secrets(of: &[(&str, &str)], controller: &str) -> Vec<String> {
        let repository = TestRepository::new();
        let all: String = of.iter().map(|(namespace, decryption)| kustomization(namespace, decryption)).collect();
        repository.write("clusters/one/apps.yaml", &all);
        repository.write("clusters/one/kustomization.yaml", &format!("resources: [apps.yaml]\n{controller}"));
        let snapshot = Snapshot::load(repository.path());
        snapshot.age_secrets("one").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_secret_with_the_keys_is_that_of_each_kustomization_or_the_controllers() {
        let named = "{provider: sops, secretRef: {name: keys}}";
        let flag = "patches:\n  - target: {kind: Deployment, name: kustomize-controller}\n    patch: |\n      - op: add\n        path: /spec/template/spec/containers/0/args/-\n        value: --sops-age-secret=global\n";
        assert_eq!(secrets(&[("a", named), ("b", named)], ""), ["a/keys", "b/keys"]);
        assert_eq!(secrets(&[("a", "{provider: sops}")], flag), ["flux-system/global"]);
        assert_eq!(secrets(&[("a", named), ("b", "{provider: sops}")], flag), ["a/keys", "flux-system/global"]);
        assert_eq!(secrets(&[("a", "{provider: sops}")], ""), ["flux-system/sops-age"], "what is usual");
        assert_eq!(
            secrets(&[("a", "{provider: sops}")], &flag.replace("        value", "        # value")),
            ["flux-system/sops-age"]
        );
    }
}
