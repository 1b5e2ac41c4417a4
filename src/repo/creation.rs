//! The creation rule that counts for a file: its `.sops.yaml`, the rule in it, and why.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::contents;
use super::flux::RepoEnvironment;
use super::path;
use super::snapshot::Snapshot;
use crate::model::{Fault, FaultKind};
use crate::sops::{Config, CreationRule, NewFile};

/// The name of sops's configuration.
const NAME: &str = ".sops.yaml";

/// Explains why a configuration counts for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It is beside the file or in a folder above it, where sops looks, too (from the working directory upward).
    Above,
    /// It is that of the file's environment; sops does not find it by itself.
    Environment(String),
}

/// Holds the rule that counts for a file.
#[derive(Debug, Clone)]
pub struct Creation {
    /// The configuration, below the repository's root.
    pub config: String,
    /// The rule.
    pub rule: CreationRule,
    /// The path that its `path_regex` was matched against.
    pub matched: String,
    /// The reason that this configuration counts.
    pub how: How,
    /// The YAML indent that the configuration sets.
    pub indent: Option<usize>,
}

impl Creation {
    /// Explains in one sentence which rule won, and why.
    pub fn explanation(&self) -> String {
        let fits = if self.rule.path_regex.is_empty() {
            "it fits every path".to_owned()
        } else {
            format!("{} fits {}", self.rule.path_regex, self.matched)
        };
        let how = match &self.how {
            How::Above => "the nearest above the file".to_owned(),
            How::Environment(env) => {
                format!("that of {env}, as there is none above the file; sops needs --config to find it")
            }
        };
        format!("{} ({how}): {fits}", self.name())
    }

    /// Names the rule: its number, from one, and its configuration.
    pub fn name(&self) -> String {
        format!("rule {} of {}", self.rule.index.saturating_add(1), self.config)
    }

    /// Returns the recipients and options with which the rule encrypts a new file.
    ///
    /// # Errors
    /// Refuses a rule that names keys of other kinds beside age: sops encrypts for all of them, and their holders would
    /// be locked out.
    pub fn new_file(&self) -> Result<NewFile, Fault> {
        if !self.rule.other_kinds.is_empty() {
            return Err(Fault::new(
                FaultKind::Refused,
                "nothing was encrypted",
                format!(
                    "{} names keys of other kinds than age too ({}), for which only sops can encrypt; they would be left out",
                    self.name(),
                    self.rule.other_kinds.join(", ")
                ),
                "encrypt it with sops itself: sops encrypt --in-place FILE",
            ));
        }
        Ok(NewFile {
            groups: self.rule.groups.clone(),
            shamir_threshold: self.rule.shamir_threshold,
            rule: self.rule.values.clone(),
            mac_only_encrypted: self.rule.mac_only_encrypted,
            indent: self.indent,
        })
    }

    /// Lists how a file's own rule and keys differ from the configuration; empty if they do not.
    pub fn differences(&self, recipients: &[String], values: &str) -> Vec<String> {
        let wanted = self.rule.recipients();
        let mut found = Vec::new();
        let missing: Vec<&str> = wanted.iter().filter(|one| !recipients.contains(one)).map(String::as_str).collect();
        let extra: Vec<&str> = recipients.iter().filter(|one| !wanted.contains(one)).map(String::as_str).collect();
        if !missing.is_empty() {
            found.push(format!("it lacks {}", missing.join(", ")));
        }
        if !extra.is_empty() && !wanted.is_empty() {
            found.push(format!("it is encrypted for {} too", extra.join(", ")));
        }
        if self.rule.values_text() != values {
            found.push(format!("it has {values}, the configuration {}", self.rule.values_text()));
        }
        found
    }
}

/// Finds the configuration that counts for new files of a folder: its own, or the nearest above it.
pub fn config_for(root: &Path, folder: &str) -> Option<String> {
    nearest(folder, |config| read(root, config)).map(|(folder, _)| path::join(&folder, NAME))
}

/// Finds the configuration that counts for files of a folder, its own or the nearest above it: that configuration's
/// folder and text.
pub(super) fn nearest(folder: &str, mut read: impl FnMut(&str) -> Option<String>) -> Option<(String, String)> {
    let mut folder = folder;
    loop {
        if let Some(text) = read(&path::join(folder, NAME)) {
            return Some((folder.to_owned(), text));
        }
        if folder.is_empty() {
            return None;
        }
        folder = path::parent(folder);
    }
}

impl Snapshot {
    /// Finds the creation rule of a file, below the repository's root; it need not exist yet. It reads configurations
    /// from the disk.
    ///
    /// # Errors
    /// If there is no configuration, none of its rules fits, or it does not work; the fault lists what was tried.
    pub fn creation(&self, file: &str) -> Result<Creation, Fault> {
        let what = || format!("no rule says how {file} is encrypted");
        let mut tried = Vec::new();
        match nearest(path::parent(file), |config| read(&self.root, config)) {
            Some((folder, text)) => {
                let config = path::join(&folder, NAME);
                let relative = file.strip_prefix(&folder).unwrap_or(file).trim_start_matches('/');
                if let Some(found) = fitting(&text, &config, relative, How::Above)? {
                    return Ok(found);
                }
                tried.push(format!("no rule of {config} fits {relative}"));
            }
            None => tried.push(format!("there is no {NAME} above it")),
        }
        let environments = self.environments_of(file);
        for (name, folder) in &environments {
            let config = path::join(folder, NAME);
            match read(&self.root, &config) {
                Some(_) if environments.len() > 1 => tried.push(format!("{config} is one of several environments'")),
                Some(text) => {
                    // Such rules are written for paths of the repository.
                    if let Some(found) = fitting(&text, &config, file, How::Environment(name.clone()))? {
                        return Ok(found);
                    }
                    tried.push(format!("no rule of {config} fits {file}"));
                }
                None => tried.push(format!("there is no {config}")),
            }
        }
        if environments.is_empty() {
            tried.push("no environment reads it".to_owned());
        }
        let todo = "add a rule to .sops.yaml (creation_rules: path_regex, encrypted_regex, age), or name the recipients yourself";
        Err(Fault::new(FaultKind::Refused, what(), tried.join("; "), todo))
    }

    /// Returns the names of the environments that a file concerns: those whose Kustomizations read it, and the one that
    /// a folder of its path is named after.
    pub fn readers_of(&self, file: &str) -> Vec<String> {
        let mut found: Vec<String> = self.fed_by(file).iter().map(|feed| feed.env.clone()).collect();
        let known = |part: &str| self.environments.iter().any(|known| known.name == part);
        found.extend(path::parent(file).split('/').filter(|part| known(part)).map(str::to_owned));
        found.sort();
        found.dedup();
        found
    }

    /// Checks the recipients of a file: every environment that reads it must be able to decrypt it, and no other
    /// environment, unless `allowed` names it.
    ///
    /// # Errors
    /// If an environment could not decrypt it, or one could that should not.
    pub fn judge_recipients(&self, file: &str, recipients: &[String], allowed: &[String]) -> Result<(), Fault> {
        self.judge_recipients_for(&self.readers_of(file), file, recipients, allowed)
    }

    /// Checks the same for known readers of the file.
    ///
    /// # Errors
    /// As [`Snapshot::judge_recipients`].
    pub fn judge_recipients_for(
        &self,
        readers: &[String],
        file: &str,
        recipients: &[String],
        allowed: &[String],
    ) -> Result<(), Fault> {
        let opens = |environment: &&RepoEnvironment| environment.recipients.iter().any(|one| recipients.contains(one));
        let refused = |why: String, todo: String| {
            Fault::new(FaultKind::Refused, format!("{file} is not encrypted so"), why, todo)
        };
        let keyed = || self.environments.iter().filter(|known| !known.recipients.is_empty());
        let is_reader = |known: &&RepoEnvironment| readers.contains(&known.name);
        if let Some(closed) = keyed().find(|known| is_reader(known) && !opens(known)) {
            let name = &closed.name;
            return Err(refused(
                format!("{name} reads it, and its key would not open it: the whole Kustomization would fail"),
                format!("keep {name}'s recipient {}", closed.recipients.join(", ")),
            ));
        }
        // A key that two environments share identifies neither.
        let own = |known: &RepoEnvironment| {
            let others: Vec<&String> =
                keyed().filter(|other| other.name != known.name).flat_map(|other| &other.recipients).collect();
            known.recipients.iter().any(|one| recipients.contains(one) && !others.contains(&one))
        };
        match keyed()
            .find(|known| !is_reader(known) && !readers.is_empty() && !allowed.contains(&known.name) && own(known))
        {
            Some(other) => {
                let name = &other.name;
                Err(refused(
                    format!("it belongs to {}, and {name}'s key would open it too", readers.join(" and ")),
                    format!("leave {name}'s recipient out, or add --for {name} when you mean it"),
                ))
            }
            None => Ok(()),
        }
    }

    /// Returns the environments that a file belongs to, with their folders: the one that a folder of its path is named
    /// after, else those whose Kustomizations read it, or the folder that it is in.
    pub fn environments_of(&self, file: &str) -> Vec<(String, String)> {
        let named = |name: &str| self.environments.iter().find(|known| known.name == name);
        if let Some(environment) = path::parent(file).split('/').find_map(named) {
            return vec![(environment.name.clone(), environment.path.clone())];
        }
        let mut feeds = self.fed_by(file);
        if feeds.is_empty() && !path::parent(file).is_empty() {
            feeds = self.fed_by(path::parent(file));
        }
        let mut found: Vec<(String, String)> = Vec::new();
        for environment in feeds.iter().filter_map(|feed| named(&feed.env)) {
            if !found.iter().any(|(name, _)| *name == environment.name) {
                found.push((environment.name.clone(), environment.path.clone()));
            }
        }
        found
    }
}

fn read(root: &Path, config: &str) -> Option<String> {
    contents::text(root, config).ok()
}

/// Parses a configuration, or returns the cached one: many files in a row query the same.
fn parsed(text: &str) -> Result<Arc<Config>, String> {
    /// The most texts that are kept: a configuration for each environment, and some.
    const KEPT: usize = 16;
    type Known = VecDeque<(String, Result<Arc<Config>, String>)>;
    static KNOWN: Mutex<Known> = Mutex::new(VecDeque::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, read)) = known().iter().find(|(other, _)| other == text) {
        return read.clone();
    }
    let read = Config::parse(text).map(Arc::new).map_err(|error| error.to_string());
    let mut known = known();
    known.truncate(KEPT - 1);
    known.push_front((text.to_owned(), read.clone()));
    read
}

fn fitting(text: &str, config: &str, relative: &str, how: How) -> Result<Option<Creation>, Fault> {
    let parsed = parsed(text)
        .map_err(|why| Fault::failed(format!("{config} cannot be used"), why, format!("mend it: {config}")))?;
    let rule = parsed.rule_for(relative).cloned();
    if let Some(refused) = rule.as_ref().and_then(|rule| rule.refused.as_ref()) {
        return Err(Fault::new(
            FaultKind::Refused,
            format!("nothing is encrypted by the rule for {relative} in {config}"),
            format!("line {}: {}", refused.line, refused.why),
            format!("mend the rule: {config}:{}", refused.line),
        ));
    }
    let matched = relative.to_owned();
    Ok(rule.map(|rule| Creation { config: config.to_owned(), rule, matched, how, indent: parsed.indent }))
}

#[cfg(test)]
mod tests {
    use super::How;
    use crate::repo::Snapshot;
    use crate::repo::git::tests::write;

    const RULE: &str = "    encrypted_regex: ^(data|stringData)$\n    age: age1";

    fn repository() -> (tempfile::TempDir, Snapshot) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for env in ["staging", "production"] {
            write(
                root,
                &format!("clusters/{env}/.sops.yaml"),
                &format!("creation_rules:\n  - path_regex: apps/{env}/.*\n{RULE}{env}\n"),
            );
            let kustomization = format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n  namespace: flux-system\nspec:\n  path: ./apps/{env}\n"
            );
            write(root, &format!("clusters/{env}/apps.yaml"), &kustomization);
            write(root, &format!("apps/{env}/kustomization.yaml"), "resources: [../base/shared]\n");
        }
        write(root, "apps/base/shared/kustomization.yaml", "resources: [a.yaml]\n");
        write(root, "apps/base/shared/a.yaml", "kind: ConfigMap\nmetadata: {name: a}\n");
        write(root, "monitoring/.sops.yaml", &format!("creation_rules:\n  - path_regex: ^staging/\n{RULE}mon\n"));
        let snapshot = Snapshot::load(root);
        (folder, snapshot)
    }

    #[test]
    fn a_configuration_above_the_file_wins_and_then_that_of_its_environment() {
        let (_folder, snapshot) = repository();
        let above = snapshot.creation("monitoring/staging/secret.yaml").unwrap();
        assert_eq!(
            (above.how, above.config.as_str(), above.matched.as_str()),
            (How::Above, "monitoring/.sops.yaml", "staging/secret.yaml")
        );
        let own = snapshot.creation("apps/staging/app/secret.yaml").unwrap();
        assert_eq!(
            (own.how.clone(), own.rule.recipients()),
            (How::Environment("staging".to_owned()), vec!["age1staging".to_owned()])
        );
        assert_eq!(
            own.explanation(),
            "rule 1 of clusters/staging/.sops.yaml (that of staging, as there is none above the file; sops needs --config to find it): apps/staging/.* fits apps/staging/app/secret.yaml"
        );
        assert_eq!(
            own.differences(&["age1other".to_owned()], "encrypted_regex: ^data$"),
            [
                "it lacks age1staging",
                "it is encrypted for age1other too",
                "it has encrypted_regex: ^data$, the configuration encrypted_regex: ^(data|stringData)$"
            ]
        );
    }

    #[test]
    fn the_key_of_another_environment_is_refused_unless_it_is_named() {
        let (_folder, snapshot) = repository();
        let key = |env: &str| format!("age1{env}");
        let file = "apps/staging/app/secret.yaml";
        snapshot.judge_recipients(file, &[key("staging"), key("laptop")], &[]).unwrap();
        let fault = snapshot.judge_recipients(file, &[key("production")], &[]).unwrap_err();
        assert!(fault.why.contains("staging reads it, and its key would not open it"), "{fault}");
        let both = [key("staging"), key("production")];
        let fault = snapshot.judge_recipients(file, &both, &[]).unwrap_err();
        assert!(fault.todo.contains("--for production"), "{fault}");
        snapshot.judge_recipients(file, &both, &["production".to_owned()]).unwrap();
        // A file that both read is for both.
        assert_eq!(snapshot.readers_of("apps/base/shared/a.yaml"), ["production", "staging"]);
        snapshot.judge_recipients("apps/base/shared/a.yaml", &both, &[]).unwrap();
        assert!(snapshot.judge_recipients("apps/base/shared/a.yaml", &[key("staging")], &[]).is_err());
    }

    #[test]
    fn where_no_rule_fits_it_says_what_was_tried() {
        let (_folder, snapshot) = repository();
        let fault = snapshot.creation("apps/base/shared/secret.yaml").unwrap_err();
        assert!(fault.why.contains("clusters/production/.sops.yaml is one of several environments'"), "{fault}");
        let fault = snapshot.creation("monitoring/production/secret.yaml").unwrap_err();
        assert!(fault.why.starts_with("no rule of monitoring/.sops.yaml fits production/secret.yaml"), "{fault}");
        let fault = snapshot.creation("elsewhere.yaml").unwrap_err();
        assert!(fault.why.contains("no environment reads it"), "{fault}");
    }
}
