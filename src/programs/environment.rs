//! The environment of a program: of the variables with secrets and logins, it gets only those that its kind needs.

use std::ffi::{OsStr, OsString};

use super::own::is_astray;

/// The variable with the terminal on which gpg's agent asks.
pub(super) const GPG_TTY: &str = "GPG_TTY";

/// The value of that variable where there is no terminal: asking fails at once, so that git reports that it cannot
/// sign.
pub(super) const NO_TERMINAL: &str = "/nonexistent/terminal";

/// Tells whether the value of a variable names a terminal, as in `GPG_TTY` and `SSH_TTY`.
pub(super) fn names_terminal(value: &OsStr) -> bool {
    let value = value.as_encoded_bytes();
    value.starts_with(b"/dev/pts/") || value.starts_with(b"/dev/tty") || value == b"/dev/console"
}

/// Names the purpose of a program, which decides its environment and whether it has the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProgramKind {
    /// git that only reads: without variables for secrets and logins.
    Git,
    /// git that commits, fetches or pushes: with the logins of forges, for its credential helpers and the user's hooks.
    GitWrites,
    /// git that commits, fetches or pushes in the terminal, where it may ask.
    GitInTerminal,
    /// The renderer of an untrusted repository: with only PATH, HOME, the language and the folder for temporary files.
    Renderer,
    /// A command that prints private keys (`age_key_command`): with all that it may need to get at them, but no private
    /// key itself.
    KeyCommand,
    /// A plug-in of age that the user approved: with all that it may need for a key in a store or a cloud, but without
    /// private keys and the places of those of sops and age.
    AgePlugin,
    /// A credential plug-in of the kubeconfig: with logins of clouds and forges.
    CredentialPlugin,
    /// The user's editor or pager, in the terminal: without variables for secrets and logins.
    Editor,
}

/// Classifies a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// A private key.
    PrivateKey,
    /// Access to secrets: of sops, of age, of key stores.
    Secrets,
    /// A login to a cloud, or to another service.
    Logins,
    /// A login to a forge.
    Forges,
    /// No known secret.
    Nothing,
}

/// Prefixes of variables that give access to secrets.
const SECRETS: &[&str] = &["SOPS_", "AGE_", "AGE-", "VAULT_", "BAO_", "OP_", "BW_", "BWS_", "PASSWORD_STORE_"];

/// Prefixes of variables with logins of forges.
const FORGES: &[&str] =
    &["GH_", "GITHUB_", "GITLAB_", "GL_", "GITEA_", "FORGEJO_", "CODEBERG_", "BITBUCKET_", "AZURE_DEVOPS_", "CI_"];

/// Words in the names of variables that hold secrets.
const WORDS: &[&str] =
    &["TOKEN", "SECRET", "PASSW", "PASSPHRASE", "CREDENTIAL", "PRIVATE", "APIKEY", "ACCESSKEY", "SASKEY", "WEBHOOK"];

/// Texts that only a private key contains.
const KEYS: &[&str] = &["AGE-SECRET-KEY-", "AGE-PLUGIN-", "PRIVATE KEY-----"];

/// Prefixes of variables with the keys of sops and age, which are not settings of a plug-in.
const OTHER_KEYS: &[&str] = &["SOPS_", "AGE_KEY", "AGE_IDENTITY", "AGE_SECRET", "AGE_PASSPHRASE"];

/// The variables that the renderer gets, beside those that begin with `LC_`.
const RENDERER: &[&str] = &["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "LOGNAME"];

fn opens(name: &OsStr, value: &OsStr) -> Opens {
    let value = value.to_string_lossy();
    let name = name.to_string_lossy().to_uppercase();
    let begins = |with: &[&str]| with.iter().any(|start| name.starts_with(start));
    let is_secret = WORDS.iter().any(|word| name.contains(word))
        || name.split('_').any(|word| matches!(word, "KEY" | "PAT" | "PASS" | "PIN" | "PASSWD" | "PWDS"));
    if name == "SOPS_AGE_KEY" || KEYS.iter().any(|mark| value.contains(mark)) {
        Opens::PrivateKey
    } else if begins(SECRETS) {
        Opens::Secrets
    } else if name.starts_with("GIT_CONFIG_") {
        // GIT_CONFIG_KEY_0 is the name of a setting, and git fails without it; its value may be a login of a forge.
        if name.starts_with("GIT_CONFIG_VALUE_") { Opens::Forges } else { Opens::Nothing }
    } else if is_secret && (begins(FORGES) || name.starts_with("GIT_")) {
        Opens::Forges
    } else if is_secret {
        Opens::Logins
    } else {
        Opens::Nothing
    }
}

impl ProgramKind {
    /// Tells whether its programs leave no process in the background by design, unlike gpg and ssh with their agents.
    pub(super) fn starts_no_daemon(self) -> bool {
        matches!(self, Self::CredentialPlugin | Self::Renderer)
    }

    /// All kinds.
    #[cfg(test)]
    pub(super) const ALL: [Self; 8] = [
        Self::Git,
        Self::GitWrites,
        Self::GitInTerminal,
        Self::Renderer,
        Self::KeyCommand,
        Self::AgePlugin,
        Self::CredentialPlugin,
        Self::Editor,
    ];

    /// Tells whether it has the terminal, and our process group with it.
    pub(super) fn has_terminal(self) -> bool {
        matches!(self, Self::GitInTerminal | Self::Editor)
    }

    /// Tells whether its child processes end with it. A process that git's hooks leave running is the user's own.
    pub(super) fn ends_whole(self) -> bool {
        !matches!(self, Self::GitWrites | Self::GitInTerminal | Self::Editor)
    }

    /// Tells whether it gets a request to end before it is killed: it may have locks to remove, or a terminal to
    /// restore.
    pub(super) fn is_asked(self) -> bool {
        !matches!(self, Self::Renderer | Self::KeyCommand | Self::AgePlugin | Self::CredentialPlugin)
    }

    /// Tells whether it gets a variable.
    fn may_see(self, name: &OsStr, value: &OsStr) -> bool {
        let opens = opens(name, value);
        match self {
            // git reads a setting from the environment like any other of its settings.
            Self::Git => opens == Opens::Nothing || name.as_encoded_bytes().starts_with(b"GIT_CONFIG_"),
            // Without its values, git rejects settings from the environment, so an editor gets none of them.
            Self::Editor => opens == Opens::Nothing && !name.as_encoded_bytes().starts_with(b"GIT_CONFIG_"),
            Self::GitWrites | Self::GitInTerminal => matches!(opens, Opens::Nothing | Opens::Forges),
            Self::Renderer => {
                opens == Opens::Nothing
                    && (RENDERER.iter().any(|known| name == *known) || name.as_encoded_bytes().starts_with(b"LC_"))
            }
            Self::CredentialPlugin => matches!(opens, Opens::Nothing | Opens::Forges | Opens::Logins),
            Self::KeyCommand => opens != Opens::PrivateKey,
            Self::AgePlugin => {
                let name = name.to_string_lossy().to_uppercase();
                opens != Opens::PrivateKey && !OTHER_KEYS.iter().any(|start| name.starts_with(start))
            }
        }
    }

    /// Returns the variables of an environment that it must not get.
    pub(super) fn hidden(self, environment: impl Iterator<Item = (OsString, OsString)>) -> Vec<OsString> {
        environment
            .filter(|(name, value)| !self.may_see(name, value) || is_astray(name, value))
            .map(|(name, _)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::ProgramKind;

    const ALL: [ProgramKind; 8] = ProgramKind::ALL;

    fn who_sees(name: &str, value: &str) -> Vec<ProgramKind> {
        ALL.into_iter().filter(|kind| kind.hidden([(name.into(), value.into())].into_iter()).is_empty()).collect()
    }

    #[test]
    fn a_private_key_is_for_nobody_whatever_its_name() {
        for (name, value) in [
            ("SOPS_AGE_KEY", ""),
            ("MINE", "AGE-SECRET-KEY-1QQQ"),
            ("NOTE", "-----BEGIN OPENSSH PRIVATE KEY-----\n"),
            ("IDENTITY", "# made today\nAGE-PLUGIN-YUBIKEY-1QQ"),
        ] {
            assert_eq!(who_sees(name, value), [], "{name}");
        }
    }

    #[test]
    fn what_opens_secrets_is_for_key_commands_alone() {
        for name in ["SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD", "AGE_KEY"] {
            assert_eq!(who_sees(name, "x"), [ProgramKind::KeyCommand], "{name}");
        }
        for name in ["VAULT_TOKEN", "OP_SESSION_me", "BW_SESSION", "AGE_THROWAWAY_HANGS"] {
            assert_eq!(who_sees(name, "x"), [ProgramKind::KeyCommand, ProgramKind::AgePlugin], "{name}");
        }
    }

    #[test]
    fn what_logs_in_is_for_those_that_log_in() {
        for name in
            ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS"]
        {
            assert_eq!(
                who_sees(name, "x"),
                [ProgramKind::KeyCommand, ProgramKind::AgePlugin, ProgramKind::CredentialPlugin],
                "{name}"
            );
        }
        for name in ["GH_TOKEN", "GITHUB_TOKEN", "GITLAB_PAT", "GIT_PASSWORD"] {
            let expected = [
                ProgramKind::GitWrites,
                ProgramKind::GitInTerminal,
                ProgramKind::KeyCommand,
                ProgramKind::AgePlugin,
                ProgramKind::CredentialPlugin,
            ];
            assert_eq!(who_sees(name, "x"), expected, "{name}");
        }
    }

    #[test]
    fn what_git_and_a_terminal_need_is_left() {
        for name in ["SSH_AUTH_SOCK", "SSH_ASKPASS", "GNUPGHOME", "TERM", "EDITOR", "https_proxy"] {
            let seen = who_sees(name, "x");
            assert!(!seen.contains(&ProgramKind::Renderer), "{name}");
            assert_eq!(seen.len(), ALL.len() - 1, "{name}: {seen:?}");
        }
        let gits = who_sees("GIT_CONFIG_VALUE_0", "x");
        assert!(
            gits.contains(&ProgramKind::Git)
                && gits.contains(&ProgramKind::GitWrites)
                && !gits.contains(&ProgramKind::Editor),
            "{gits:?}"
        );
        assert_eq!(who_sees("PATH", "/bin").len(), ALL.len());
        assert_eq!(who_sees("LC_ALL", "C").len(), ALL.len());
    }
}
