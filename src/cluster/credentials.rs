//! Credential plug-ins (`exec` in a kubeconfig): run once for all connections of a cluster, again when what they gave has expired.
//!
//! kube runs them with our terminal as theirs, several times for each client and while nothing else can run. Here they have no input,
//! and what they print is told when they fail, instead of tearing the screen.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::config::ExecConfig;
use serde::{Deserialize, Serialize};

use super::connect::Broken;
use crate::programs::{Handle, ProgramCommand, ProgramKind};
use crate::secret::Secret;

/// How long a plug-in may take: cloud logins take seconds; one that waits for a person must be run by that person, in a terminal.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most that a plug-in may say: a token and a certificate are some kilobytes.
const LARGEST: usize = 1 << 20;

/// Credentials are renewed so long before they expire, so that no request arrives with one that has just expired.
const EARLY: SignedDuration = SignedDuration::from_secs(30);

/// Holds what a plug-in gave.
#[derive(Debug)]
pub(crate) struct Credential {
    /// A bearer token.
    pub(crate) token: Option<Secret>,
    /// A client certificate and its key, PEM.
    pub(crate) certificate: Option<(String, Secret)>,
    /// When it expires.
    pub(crate) until: Option<Timestamp>,
}

impl Credential {
    /// Tells whether it may still be used.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until - EARLY > now)
    }
}

/// Runs a context's plug-in and keeps what it gave.
#[derive(Debug)]
pub(crate) struct Plugin {
    config: ExecConfig,
    kept: tokio::sync::Mutex<Option<Arc<Credential>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    api_version: &'a str,
    kind: &'static str,
    spec: CallSpec<'a>,
}

#[derive(Serialize)]
struct CallSpec<'a> {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a kube::config::ExecAuthCluster>,
}

#[derive(Deserialize)]
struct Answer {
    status: Option<AnswerStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

impl Plugin {
    /// Takes the plug-in of a user out of the kubeconfig.
    pub(crate) fn new(config: ExecConfig) -> Self {
        Self { config, kept: tokio::sync::Mutex::default() }
    }

    /// Returns a credential that has not expired, running the plug-in where needed; callers that come meanwhile wait for the same run.
    /// `now` is the time by the server's clock, as credentials expire by it.
    pub(crate) async fn credential(&self, now: Timestamp) -> Result<Arc<Credential>, Broken> {
        let mut kept = self.kept.lock().await;
        if let Some(credential) = kept.as_ref().filter(|credential| credential.is_fresh(now)) {
            return Ok(credential.clone());
        }
        let credential = Arc::new(self.run().await?);
        *kept = Some(credential.clone());
        Ok(credential)
    }

    /// Forgets a credential that the server did not accept.
    pub(crate) async fn forget(&self, refused: &Arc<Credential>) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|credential| Arc::ptr_eq(credential, refused)) {
            *kept = None;
        }
    }

    async fn run(&self) -> Result<Credential, Broken> {
        let name = self.config.command.as_deref().unwrap_or_default();
        let api_version = self.config.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1");
        let call = Call {
            api_version,
            kind: "ExecCredential",
            spec: CallSpec { interactive: false, cluster: self.config.cluster.as_ref() },
        };
        let info = serde_json::to_string(&call).map_err(|error| self.failed(&error.to_string()))?;
        // A relative path has been made to count from the kubeconfig's folder when that was read, as client-go does.
        let mut command = ProgramCommand::new(ProgramKind::CredentialPlugin, name);
        command.args(self.config.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", info);
        for variable in self.config.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                command.env(name, value);
            }
        }
        let ran = match command.spawn() {
            Ok(running) => {
                let _ended = Ended(running.handle());
                let ran = tokio::task::spawn_blocking(move || running.finish_within(Some(PATIENCE), LARGEST)).await;
                ran.unwrap_or_else(|error| Err(std::io::Error::other(error)))
            }
            Err(error) => Err(error),
        };
        let output = match ran {
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                return Err(self.failed(&format!("it did not end within {} s", PATIENCE.as_secs())));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(self.missing()),
            Err(error) => return Err(self.failed(&error.to_string())),
            Ok(output) => output,
        };
        if !output.status.success() {
            let said = plain(&String::from_utf8_lossy(&output.stderr));
            let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing");
            return Err(self.failed(&format!("{last} ({})", output.status)));
        }
        // The answer holds secrets: of an error only its place is told.
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .ok()
            .or_else(|| crate::yaml::from_str(&String::from_utf8_lossy(&output.stdout)).ok())
            .ok_or_else(|| self.failed("what it printed is no ExecCredential"))?;
        let status = answer.status.ok_or_else(|| self.failed("what it printed has no status"))?;
        Ok(Credential {
            token: status.token.map(Secret::new),
            certificate: status.client_certificate_data.zip(status.client_key_data.map(Secret::new)),
            until: status.expiration_timestamp,
        })
    }

    fn missing(&self) -> Broken {
        let name = self.config.command.as_deref().unwrap_or("(no command)");
        let hint = self.config.install_hint.as_deref().map(str::trim).filter(|hint| !hint.is_empty());
        Broken::new(
            format!("the credential plug-in {name} is not installed, or not in PATH"),
            hint.map_or_else(|| format!("install {name}, or name its whole path in the kubeconfig"), ToOwned::to_owned),
        )
    }

    fn failed(&self, why: &str) -> Broken {
        let name = self.config.command.as_deref().unwrap_or("(no command)");
        Broken::new(
            format!("the credential plug-in {name} failed: {why}"),
            "log in with it in a terminal (`kubectl get namespaces` runs it too), then try again",
        )
    }
}

/// Ends a plug-in when nobody waits for it any more; one that has ended is left alone.
struct Ended(Handle);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Drops escape sequences: programs colour what they say even where nobody sees it.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\u{1b}' {
            plain.push(character);
        } else if rest.next() == Some('[') {
            // A control sequence ends with its first letter (ECMA-48: 0x40 to 0x7e).
            rest.find(|end| ('@'..='~').contains(end));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Plugin, plain};
    use jiff::Timestamp;

    fn plugin(script: &str) -> Plugin {
        let config = serde_json::json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
            "env": [{"name": "EXTRA", "value": "yes"}],
        });
        Plugin::new(serde_json::from_value(config).unwrap())
    }

    #[tokio::test]
    async fn a_credential_is_kept_until_it_expires() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        let script = |expiry: &str| {
            format!(
                "echo run >> {0}; test \"$EXTRA\" = yes || exit 1; echo '{{\"status\": {{\"token\": \"t\"{expiry}}}}}'",
                count.display()
            )
        };
        let lasting = plugin(&script(""));
        let first = lasting.credential(Timestamp::now()).await.unwrap();
        assert_eq!(first.token.as_ref().unwrap().expose(), "t");
        lasting.credential(Timestamp::now()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 1);
        lasting.forget(&first).await;
        lasting.credential(Timestamp::now()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 2);

        let expired = plugin(&script(", \"expirationTimestamp\": \"2020-01-01T00:00:00Z\""));
        expired.credential(Timestamp::now()).await.unwrap();
        expired.credential(Timestamp::now()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 4);
    }

    #[tokio::test]
    async fn a_failure_tells_what_the_plugin_said() {
        let broken =
            plugin("echo 'token expired, run: corp login' >&2; exit 3").credential(Timestamp::now()).await.unwrap_err();
        assert!(broken.why.contains("token expired, run: corp login"), "{broken}");
        let none = plugin("cat; echo secret").credential(Timestamp::now()).await.unwrap_err();
        assert!(none.why.contains("no ExecCredential") && !none.why.contains("secret"), "{none}");
        assert_eq!(plain("\u{1b}[1;31mexpired\u{1b}[0m: \u{1b}[2Klog in"), "expired: log in");
    }
}
