//! What a program may see of our environment: of what opens secrets or logs in anywhere, only what its kind is for.

use std::ffi::{OsStr, OsString};

use super::own::is_astray;

/// The variable by which gpg tells its agent where to ask.
pub(super) const GPG_TTY: &str = "GPG_TTY";

/// What gpg is told where there is no terminal: asking there fails at once, so that git says that it cannot sign.
pub(super) const NO_TERMINAL: &str = "/nonexistent/terminal";

/// Tells whether the value of a variable names a terminal, as those of `GPG_TTY` and `SSH_TTY` do.
pub(super) fn names_terminal(value: &OsStr) -> bool {
    let value = value.as_encoded_bytes();
    value.starts_with(b"/dev/pts/") || value.starts_with(b"/dev/tty") || value == b"/dev/console"
}

/// Says what a program is for, and with that what it may see and whether it has the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProgramKind {
    /// git that only reads: nothing that opens secrets or logs in anywhere.
    Git,
    /// git that commits, fetches or pushes: what logs in to a forge too, for its credential helpers and the operator's hooks.
    GitWrites,
    /// The same in the terminal, where it may ask.
    GitInTerminal,
    /// What renders a repository that nobody trusts: only PATH, HOME, the language and the folder for temporary files.
    Renderer,
    /// A command that prints private keys (`age_key_command`): all that it may need to get at them, but no private key itself.
    KeyCommand,
    /// A plug-in of age, which the operator agreed to: what it may need to get at a key that a store or a cloud has, but no private key, and
    /// not where those of sops and age are.
    AgePlugin,
    /// A credential plug-in of the kubeconfig: what logs in to clouds and forges.
    CredentialPlugin,
    /// An editor or a pager of the operator, in the terminal: nothing that opens secrets or logs in anywhere.
    Editor,
}

/// Says what a variable is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// It is a private key.
    PrivateKey,
    /// It opens secrets: sops's, age's, those of stores of keys.
    Secrets,
    /// It logs in to a cloud, or to anything else.
    Logins,
    /// It logs in to a forge.
    Forges,
    /// Nothing that we know of.
    Nothing,
}

/// How the variables begin by which secrets are opened.
const SECRETS: &[&str] = &["SOPS_", "AGE_", "AGE-", "VAULT_", "BAO_", "OP_", "BW_", "BWS_", "PASSWORD_STORE_"];

/// How the variables begin by which programs log in to forges.
const FORGES: &[&str] =
    &["GH_", "GITHUB_", "GITLAB_", "GL_", "GITEA_", "FORGEJO_", "CODEBERG_", "BITBUCKET_", "AZURE_DEVOPS_", "CI_"];

/// Words within the name of a variable that holds what must not be known.
const WORDS: &[&str] =
    &["TOKEN", "SECRET", "PASSW", "PASSPHRASE", "CREDENTIAL", "PRIVATE", "APIKEY", "ACCESSKEY", "SASKEY", "WEBHOOK"];

/// What only a private key has in it.
const KEYS: &[&str] = &["AGE-SECRET-KEY-", "AGE-PLUGIN-", "PRIVATE KEY-----"];

/// How the variables begin by which sops and age find their own keys: no plug-in's own setting.
const OTHER_KEYS: &[&str] = &["SOPS_", "AGE_KEY", "AGE_IDENTITY", "AGE_SECRET", "AGE_PASSPHRASE"];

/// What the renderer may see; LC_ with whatever follows, too.
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
        // GIT_CONFIG_KEY_0 is the name of a setting, and git fails without it; its value may log in to a forge.
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
    /// Tells whether nothing that it is for goes on in the background by design, as gpg's agent and ssh's masters do.
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

    /// Tells whether what it started itself ends with it. What git's hooks leave running is the operator's own.
    pub(super) fn ends_whole(self) -> bool {
        !matches!(self, Self::GitWrites | Self::GitInTerminal | Self::Editor)
    }

    /// Tells whether it is asked to end before it is killed: it may have locks to remove, or a terminal to put back.
    pub(super) fn is_asked(self) -> bool {
        !matches!(self, Self::Renderer | Self::KeyCommand | Self::AgePlugin | Self::CredentialPlugin)
    }

    /// Tells whether it may see a variable.
    fn may_see(self, name: &OsStr, value: &OsStr) -> bool {
        let opens = opens(name, value);
        match self {
            // A setting that was given by the environment is one of git's own, which reads it as any other.
            Self::Git => opens == Opens::Nothing || name.as_encoded_bytes().starts_with(b"GIT_CONFIG_"),
            // Without its values, git refuses the settings that were given so: then none of them.
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

    /// Returns which variables of an environment it must not see.
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
