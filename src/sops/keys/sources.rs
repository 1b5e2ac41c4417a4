//! The origins of private keys: the environment's own file or command, and all places that sops itself reads. All of
//! them count.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::identities::Identities;
use super::prompts::Prompts;
use crate::model::{Env, Fault, FaultKind, PerEnv};
use crate::programs::{CommandLine, ProgramKind, XdgFolder, whole};
use crate::secret::Secret;

/// The size, in bytes, above which a file holds no keys.
const LARGEST: u64 = 1024 * 1024;

/// Names the sources of an environment's identities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentitySources {
    /// A file with age keys, from the operator's own configuration.
    pub key_file: Option<PathBuf>,
    /// A command that prints age keys, from the operator's own configuration; it is split like a shell line but runs
    /// without a shell.
    pub key_command: Option<CommandLine>,
    /// Whether to read sops's places, too: `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY_CMD`, SSH keys,
    /// `sops/age/keys.txt`.
    pub environment: bool,
    /// The prompts for a passphrase or a plug-in's answer.
    pub prompts: Prompts,
}

impl IdentitySources {
    /// Returns the same sources without prompts: for background work.
    #[must_use]
    pub fn quietly(&self) -> Self {
        Self { prompts: self.prompts.quietly(), ..self.clone() }
    }
}

/// Names the sources of each environment's identities.
#[derive(Debug, Default)]
pub struct KeySources {
    environments: PerEnv<IdentitySources>,
    /// The sources for a file of no environment, if there are no environments.
    elsewhere: IdentitySources,
}

impl KeySources {
    /// Builds it from the sources of each environment, and those without an environment.
    pub fn new(environments: PerEnv<IdentitySources>, elsewhere: IdentitySources) -> Self {
        Self { environments, elsewhere }
    }

    /// Returns those of an environment.
    pub fn get(&self, env: Env) -> Option<&IdentitySources> {
        self.environments.get(env)
    }

    /// Returns the sources for a file: of its environment, or of all environments if it belongs to none alone.
    pub fn for_environment(&self, env: Option<Env>) -> Vec<IdentitySources> {
        match env {
            Some(env) => self.get(env).into_iter().cloned().collect(),
            None if self.environments.iter().next().is_none() => vec![self.elsewhere.clone()],
            None => self.environments.iter().map(|(_, sources)| sources.clone()).collect(),
        }
    }
}

/// Finds a variable of the process's environment; a parameter, so that tests need not change the real one.
type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Identities {
    /// Loads all identities of the sources; a command runs once for each recipient (`SOPS_AGE_RECIPIENT`).
    ///
    /// A source that fails is noted in [`Identities::problems`] as long as another has a key.
    ///
    /// # Errors
    /// If there is no identity at all: the fault names the searched places.
    pub fn load(sources: &IdentitySources, recipients: &[String]) -> Result<Self, Fault> {
        Self::load_with(sources, recipients, &|name| std::env::var_os(name))
    }

    fn load_with(sources: &IdentitySources, recipients: &[String], variables: Variables<'_>) -> Result<Self, Fault> {
        let mut found = Self::asking(&sources.prompts);
        let mut places = Vec::new();
        if let Some(file) = &sources.key_file {
            places.push(file.display().to_string());
            found.add_file(file, true);
        }
        if let Some(command) = &sources.key_command {
            places.push("age_key_command".to_owned());
            found.add_command("age_key_command", command, recipients);
        }
        if sources.environment {
            found.add_surroundings(recipients, variables, &mut places);
        }
        for (source, key) in sources.prompts.given() {
            found.read(&source, key.expose().as_bytes());
        }
        if found.is_empty() {
            let why = match found.problems() {
                [] => format!("nothing was found in {}", places.join(", ")),
                problems => problems.join("; "),
            };
            let todo =
                "set age_key_file under [env.NAME] in your configuration, set SOPS_AGE_KEY_FILE, or paste the key";
            return Err(Fault::new(FaultKind::Undecryptable, "no age key is at hand", why, todo));
        }
        Ok(found)
    }

    fn add_surroundings(&mut self, recipients: &[String], variables: Variables<'_>, places: &mut Vec<String>) {
        let text =
            |name: &str| variables(name).filter(|value| !value.is_empty()).and_then(|value| value.into_string().ok());
        places.extend(["SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD"].map(str::to_owned));
        if let Some(keys) = text("SOPS_AGE_KEY") {
            let keys = Secret::new(keys);
            self.read("SOPS_AGE_KEY", keys.expose().as_bytes());
        }
        if let Some(file) = text("SOPS_AGE_KEY_FILE") {
            self.add_file(Path::new(&file), true);
        }
        if let Some(command) = text("SOPS_AGE_KEY_CMD") {
            self.add_command("SOPS_AGE_KEY_CMD", &CommandLine::new(command), recipients);
        }
        let home = text("HOME").and_then(whole);
        if let Some(folder) = XdgFolder::Config.path_from(|name| text(name).map(Into::into)) {
            let file = folder.join("sops/age/keys.txt");
            places.push(file.display().to_string());
            self.add_file(&file, false);
        }
        if let Some(command) = text("SOPS_AGE_SSH_PRIVATE_KEY_CMD") {
            self.add_command("SOPS_AGE_SSH_PRIVATE_KEY_CMD", &CommandLine::new(command), recipients);
        }
        if let Some(file) = text("SOPS_AGE_SSH_PRIVATE_KEY_FILE") {
            self.add_file(Path::new(&file), true);
        }
        if let Some(home) = home {
            for name in ["id_ed25519", "id_rsa"] {
                let file = home.join(".ssh").join(name);
                places.push(file.display().to_string());
                self.add_file(&file, false);
            }
        }
    }

    /// Adds the keys of a file; a missing file is reported only if the user named it.
    fn add_file(&mut self, file: &Path, named: bool) {
        match crate::files::own(file, LARGEST) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                self.read(&file.display().to_string(), &bytes);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => {}
            Err(error) => self.note(format!("{} cannot be read: {error}", file.display())),
        }
    }

    fn add_command(&mut self, place: &str, line: &CommandLine, recipients: &[String]) {
        let wanted = if recipients.is_empty() { vec![None] } else { recipients.iter().map(Some).collect() };
        for recipient in wanted {
            let Some(mut run) = line.command(ProgramKind::KeyCommand) else {
                self.note(format!("{place} is not a command line: a quote is not closed, or it is empty"));
                return;
            };
            if let Some(recipient) = recipient {
                run.env("SOPS_AGE_RECIPIENT", recipient);
            }
            match run.output() {
                Ok(output) if output.status.success() => self.read(place, &Zeroizing::new(output.stdout)),
                // Its output may hold part of a key, so only its exit status is reported.
                Ok(output) => self.note(format!("{place} failed ({})", output.status)),
                Err(error) => self.note(format!("{place} cannot be run: {error}")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{CommandLine, IdentitySources};
    use crate::model::FaultKind;
    use crate::sops::Prompts;
    use crate::sops::keys::identities::{Identities, generate};

    #[test]
    fn all_sources_are_united() {
        let folder = tempfile::tempdir().unwrap();
        let keys: Vec<_> = (0..4).map(|_| generate()).collect();
        let write = |name: &str, key: usize| {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, keys[key].0.expose()).unwrap();
            file
        };
        let own = write("own keys.txt", 0);
        let printed = write("printed.txt", 1);
        write("config/sops/age/keys.txt", 2);
        let variables = |name: &str| match name {
            "SOPS_AGE_KEY" => Some(OsString::from(keys[3].0.expose())),
            "SOPS_AGE_KEY_FILE" => Some(OsString::from("/nonexistent/keys.txt")),
            "XDG_CONFIG_HOME" => Some(folder.path().join("config").into_os_string()),
            _ => None,
        };
        let sources = IdentitySources {
            key_file: Some(own),
            key_command: Some(CommandLine::new(format!("cat '{}'", printed.display()))),
            environment: true,
            prompts: Prompts::default(),
        };
        let found = Identities::load_with(&sources, &[], &variables).unwrap();
        let mut recipients = found.recipients().to_vec();
        let mut expected: Vec<_> = keys.iter().map(|(_, recipient)| recipient.clone()).collect();
        recipients.sort();
        expected.sort();
        assert_eq!(recipients, expected);
        assert!(found.problems()[0].starts_with("/nonexistent/keys.txt cannot be read"), "{:?}", found.problems());
    }

    #[test]
    fn a_command_is_told_the_recipient() {
        let (key, recipient) = generate();
        let command = format!("sh -c '[ \"$SOPS_AGE_RECIPIENT\" = {recipient} ] && echo {}'", key.expose());
        let sources = IdentitySources { key_command: Some(CommandLine::new(command)), ..IdentitySources::default() };
        let found = Identities::load_with(&sources, std::slice::from_ref(&recipient), &|_| None).unwrap();
        assert_eq!(found.recipients(), [recipient]);
    }

    #[test]
    fn no_key_at_all_names_the_places() {
        let sources = IdentitySources { environment: true, ..IdentitySources::default() };
        let fault = Identities::load_with(&sources, &[], &|_| None).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Undecryptable);
        assert!(fault.why.contains("SOPS_AGE_KEY_FILE"), "{}", fault.why);
    }
}
