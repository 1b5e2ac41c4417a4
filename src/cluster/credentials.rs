//! Credential plug-ins (`exec` in a kubeconfig): run once for all connections of a cluster, and again when their
//! credentials have expired.
//!
//! kube runs them on our terminal, several times for each client, and blocks everything else meanwhile. Here an
//! interactive one (`interactiveMode`) gets the terminal only where our own screen is not on it. In the cockpit it has
//! none; its output, such as a code and the address to enter it at, is reported while it runs and when it fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::config::{ExecConfig, ExecInteractiveMode};
use serde::{Deserialize, Serialize};

use super::connect::Broken;
use crate::programs::{Handle, ProgramCommand, ProgramKind};
use crate::secret::Secret;

/// The longest run of a plug-in that waits for a user: to read a code, to open a page, to log in there.
const PATIENCE: Duration = Duration::from_mins(5);

/// The longest run where there is no user: in a script or a build.
const PATIENCE_ALONE: Duration = Duration::from_mins(1);

/// The longest wait of a request before it reports the plug-in; shorter than its wait for an answer, so that the nearer
/// cause is reported.
const TOLD_AFTER: Duration = Duration::from_secs(8);

/// The most bytes of a plug-in's output that are reported, from its end.
const TOLD: usize = 400;

/// The longest wait for the last output after the plug-in has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The number of plug-ins that the caller of fluxdeck waits for, outside of the cockpit.
static WAITED_FOR: AtomicUsize = AtomicUsize::new(0);

/// The lock of the terminal: one plug-in asks at a time.
static ASKING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Tells whether a request waits for a plug-in: the API server is not silent, because it was not queried yet.
pub(crate) fn is_waited_for() -> bool {
    WAITED_FOR.load(Ordering::Relaxed) > 0
}

/// Counts a running plug-in that the caller waits for.
struct WaitedFor;

impl WaitedFor {
    fn new() -> Self {
        WAITED_FOR.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for WaitedFor {
    fn drop(&mut self) {
        WAITED_FOR.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The longest output of a plug-in: a token and a certificate are some kilobytes.
const LARGEST: usize = 1 << 20;

/// The time before the expiry at which credentials are renewed, so that no request arrives with expired ones.
const EARLY: SignedDuration = SignedDuration::from_secs(30);

/// Holds the credentials from a plug-in.
#[derive(Debug)]
pub(crate) struct Credential {
    /// A bearer token.
    pub(crate) token: Option<Secret>,
    /// A client certificate and its key, PEM.
    pub(crate) certificate: Option<(String, Secret)>,
    /// The time of expiry.
    pub(crate) until: Option<Timestamp>,
}

impl Credential {
    /// Tells whether it may still be used.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until - EARLY > now)
    }
}

/// Runs a context's plug-in and keeps its credentials.
#[derive(Debug)]
pub(crate) struct Plugin {
    config: ExecConfig,
    kept: tokio::sync::Mutex<Option<Arc<Credential>>>,
    /// Its messages for the user since its start; nothing while none runs.
    says: Arc<Mutex<Option<Vec<u8>>>>,
    /// Whether the user stopped it; it is not run again until the user allows it.
    stopped: tokio::sync::watch::Sender<bool>,
    /// Whether it failed without a terminal.
    failed_alone: AtomicBool,
    /// The failure of the last login on the terminal: until the user asks for another one, the plug-in is not run by
    /// itself, which would hide that failure, or take the terminal that is about to be given back.
    failed_login: Mutex<Option<Broken>>,
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
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    status: Option<AnswerStatus>,
}

impl Answer {
    /// Checks an answer as client-go does: it has the requested kind and version, and credentials.
    fn status(self, wanted: &str) -> Result<AnswerStatus, String> {
        let Self { api_version, kind, status } = self;
        if kind != KIND {
            return Err(format!("what it printed is no {KIND}, and kubectl refuses it too"));
        }
        if api_version != wanted {
            let said: String = api_version.chars().take(LONGEST_VERSION).collect();
            return Err(format!("the kubeconfig wants {wanted}, and it answered {said}"));
        }
        let status = status.ok_or("what it printed has no status")?;
        let is_there = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        match (is_there(&status.client_certificate_data), is_there(&status.client_key_data)) {
            (false, false) if !is_there(&status.token) => Err("it gave neither a token nor a certificate".to_owned()),
            (true, false) | (false, true) => Err("it gave a certificate or its key alone, not both".to_owned()),
            _ => Ok(status),
        }
    }
}

/// The kind of the input and of the answer of a plug-in.
const KIND: &str = "ExecCredential";

/// The versions that client-go knows.
const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// The most characters of an answer's version in an error.
const LONGEST_VERSION: usize = 100;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AnswerStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

impl Plugin {
    /// Creates the plug-in of a user in the kubeconfig.
    pub(crate) fn new(config: ExecConfig) -> Self {
        Self {
            config,
            kept: tokio::sync::Mutex::default(),
            says: Arc::default(),
            stopped: tokio::sync::watch::Sender::new(false),
            failed_alone: AtomicBool::new(false),
            failed_login: Mutex::default(),
        }
    }

    /// Tells whether it requires a terminal, or may want one.
    pub(crate) fn wants_terminal(&self) -> bool {
        self.must_ask() || self.failed_alone.load(Ordering::Relaxed)
    }

    /// Tells whether the kubeconfig declares that it always asks.
    fn must_ask(&self) -> bool {
        self.config.interactive_mode == Some(ExecInteractiveMode::Always)
    }

    /// Runs it now that the user is there to answer, and keeps its credentials. A running one is stopped first.
    pub(crate) async fn log_in(&self) -> Result<(), Broken> {
        self.stopped.send_replace(true);
        let mut kept = self.kept.lock().await;
        self.stopped.send_replace(false);
        self.tell_failure(None);
        match self.run(Lent::Yes).await {
            Ok(credential) => {
                *kept = Some(Arc::new(credential));
                Ok(())
            }
            Err(broken) => {
                // Whoever waits for the credential gets this failure: they come after this lock.
                *kept = None;
                self.failed_alone.store(true, Ordering::Relaxed);
                self.tell_failure(Some(broken.clone()));
                Err(broken)
            }
        }
    }

    fn tell_failure(&self, failed: Option<Broken>) {
        *self.failed_login.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }

    /// Stops it while it runs; otherwise allows it to run again.
    pub(crate) fn stop_or_run(&self) {
        self.tell_failure(None);
        let runs = self.says.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        self.stopped.send_replace(runs);
    }

    /// Returns a credential that has not expired, running the plug-in where needed; concurrent callers wait for the
    /// same run. `now` is the time by the server's clock, by which credentials expire.
    pub(crate) async fn credential(&self, now: Timestamp) -> Result<Arc<Credential>, Broken> {
        let mut kept = self.kept.lock().await;
        if let Some(credential) = kept.as_ref().filter(|credential| credential.is_fresh(now)) {
            return Ok(credential.clone());
        }
        if *self.stopped.borrow() {
            return Err(self.was_stopped());
        }
        if let Some(failed) = self.failed_login.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(failed);
        }
        let credential = Arc::new(self.run(Lent::No).await?);
        *kept = Some(credential.clone());
        Ok(credential)
    }

    /// Waits for work that may run the plug-in, and reports the plug-in when that takes long; it continues for the next
    /// caller.
    pub(crate) async fn told_of<T>(&self, work: impl Future<Output = Result<T, Broken>>) -> Result<T, Broken> {
        let mut work = std::pin::pin!(work);
        loop {
            match tokio::time::timeout(TOLD_AFTER, &mut work).await {
                Ok(done) => return done,
                Err(_) if is_waited_for() => {}
                Err(_) => {
                    // Without a running plug-in, the connection is what takes long; it has its own limit.
                    if let Some(broken) = self.running() {
                        return Err(broken);
                    }
                }
            }
        }
    }

    /// Reports the plug-in while it runs.
    fn running(&self) -> Option<Broken> {
        let says = self.says.lock().unwrap_or_else(PoisonError::into_inner);
        let words = last_words(says.as_deref()?);
        let name = self.config.command.as_deref().unwrap_or("(no command)");
        let minutes = PATIENCE.as_secs() / 60;
        Some(if words.is_empty() {
            let why = format!("the credential plug-in {name} has not ended yet: the API server was not asked so far");
            Broken::new(why, format!("it is waited for, up to {minutes} minutes; ‹key:log-in|ctrl-c› stops it"))
        } else {
            let why = format!("the credential plug-in {name} says: {words}");
            Broken::new(
                why,
                format!("do what it says: it is waited for, up to {minutes} minutes; ‹key:log-in|ctrl-c› stops it"),
            )
        })
    }

    /// Forgets a credential that the server rejected.
    pub(crate) async fn forget(&self, refused: &Arc<Credential>) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|credential| Arc::ptr_eq(credential, refused)) {
            *kept = None;
        }
    }

    async fn run(&self, lent: Lent) -> Result<Credential, Broken> {
        let name = self.config.command.as_deref().unwrap_or_default();
        let api_version = self.usable().map_err(|why| self.unusable(&why))?;
        // client-go resolves a relative path against the kubeconfig's folder; reading the file did so already.
        let mut command = ProgramCommand::new(ProgramKind::CredentialPlugin, name);
        let interactive = self.config.interactive_mode != Some(ExecInteractiveMode::Never) && command.may_ask();
        // Below the cockpit's screen it is tried without a terminal: its output is shown, which is enough for some.
        if self.must_ask() && !interactive && !crate::programs::screen_is_ours() {
            return Err(self.needs_terminal(""));
        }
        let _alone = if interactive { Some(ASKING.lock().await) } else { None };
        let _waited = (!crate::programs::screen_is_ours()).then(WaitedFor::new);
        let patience = if interactive || crate::programs::screen_is_ours() { PATIENCE } else { PATIENCE_ALONE };
        let call =
            Call { api_version, kind: KIND, spec: CallSpec { interactive, cluster: self.config.cluster.as_ref() } };
        let info = serde_json::to_string(&call).map_err(|error| self.failed(&error.to_string()))?;
        command.args(self.config.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", info);
        for variable in self.config.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                command.env(name, value);
            }
        }
        let ran = match command.spawn() {
            Ok(mut running) => {
                let _ended = Ended(running.handle());
                let said = self.listen(running.stderr());
                let ended = tokio::task::spawn_blocking(move || running.finish_within(Some(patience), LARGEST));
                let mut stopped = self.stopped.subscribe();
                let ran = tokio::select! {
                    ran = ended => Some(ran),
                    Ok(_) = stopped.wait_for(|stopped| *stopped) => None,
                };
                let Some(ran) = ran else {
                    *self.says.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    return Err(self.was_stopped());
                };
                if let Some(said) = said {
                    // A process that it left running may hold the pipe open.
                    let _late = tokio::time::timeout(LAST_WORDS, said).await;
                }
                ran.unwrap_or_else(|error| Err(std::io::Error::other(error)))
            }
            Err(error) => Err(error),
        };
        let said = self.says.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let said = last_words(&said);
        let output = match ran {
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                let after = if said.is_empty() { String::new() } else { format!("; it said: {said}") };
                return Err(self.failed(&format!("it did not end within {} s{after}", patience.as_secs())));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(self.missing()),
            Err(error) => return Err(self.failed(&error.to_string())),
            Ok(output) => output,
        };
        if !output.status.success() {
            if self.must_ask() && !interactive {
                return Err(self.needs_terminal(&said));
            }
            let said = match said.as_str() {
                "" if interactive && lent == Lent::Yes => "its words are on the terminal",
                "" if interactive => "its words are above",
                "" => "it said nothing",
                said => said,
            };
            let broken = self.failed(&format!("{said} ({})", output.status));
            if lent == Lent::Yes {
                return Err(Broken::new(
                    broken.why,
                    "‹key:stop› shows the terminal, and fg comes back; ‹key:log-in› lends it to the plug-in again",
                ));
            }
            let may_ask = self.config.interactive_mode != Some(ExecInteractiveMode::Never);
            if interactive || !may_ask || !crate::programs::screen_is_ours() {
                return Err(broken);
            }
            self.failed_alone.store(true, Ordering::Relaxed);
            return Err(Broken::new(
                broken.why,
                format!("{}; where it asks something, ‹key:log-in› lends it this terminal", broken.todo),
            ));
        }
        self.failed_alone.store(false, Ordering::Relaxed);
        // The answer holds secrets, so an error reports only its position.
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .ok()
            .or_else(|| crate::yaml::from_str(&String::from_utf8_lossy(&output.stdout)).ok())
            .ok_or_else(|| self.failed("what it printed is no ExecCredential"))?;
        let status = answer.status(api_version).map_err(|why| self.failed(&why))?;
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Credential {
            token: filled(status.token).map(Secret::new),
            certificate: filled(status.client_certificate_data).zip(filled(status.client_key_data).map(Secret::new)),
            until: status.expiration_timestamp,
        })
    }

    /// Collects the messages of the plug-in as they arrive.
    fn listen(&self, stderr: Option<std::process::ChildStderr>) -> Option<tokio::task::JoinHandle<()>> {
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
        let (says, mut stderr) = (self.says.clone(), stderr?);
        Some(tokio::task::spawn_blocking(move || {
            let mut piece = [0; 4096];
            // The pipe ends with its last holder; a read error is ignored.
            while let Ok(count @ 1..) = std::io::Read::read(&mut stderr, &mut piece) {
                if let Some(says) = says.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                    says.extend_from_slice(piece.get(..count).unwrap_or_default());
                    let beyond = says.len().saturating_sub(LARGEST);
                    says.drain(..beyond);
                }
            }
        }))
    }

    /// Returns the version of the request, where kubectl would run the plug-in at all.
    fn usable(&self) -> Result<&str, String> {
        let version = self.config.api_version.as_deref().unwrap_or_default();
        if !VERSIONS.contains(&version) {
            return Err(format!("its apiVersion is {version:?}, and kubectl knows {} alone", VERSIONS.join(" and ")));
        }
        // Only the older version has a default.
        if self.config.interactive_mode.is_none() && VERSIONS.first() == Some(&version) {
            return Err(format!("it lacks interactiveMode, which {version} wants: Never, IfAvailable or Always"));
        }
        Ok(version)
    }

    fn unusable(&self, why: &str) -> Broken {
        let name = self.config.command.as_deref().unwrap_or("(no command)");
        Broken::new(
            format!("the credential plug-in {name} is not run: {why}"),
            "correct `exec` of this user in the kubeconfig; kubectl refuses it as it is",
        )
    }

    fn needs_terminal(&self, said: &str) -> Broken {
        let name = self.config.command.as_deref().unwrap_or("(no command)");
        let todo = if crate::programs::screen_is_ours() {
            "‹key:log-in› lends it this one"
        } else {
            "run fluxdeck in a terminal"
        };
        let said = if said.is_empty() { String::new() } else { format!("; without one it said: {said}") };
        Broken::new(format!("the credential plug-in {name} needs a terminal (interactiveMode: Always){said}"), todo)
    }

    fn was_stopped(&self) -> Broken {
        let name = self.config.command.as_deref().unwrap_or("(no command)");
        Broken::new(format!("the credential plug-in {name} was stopped"), "‹key:log-in|fluxdeck login› runs it again")
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

/// Tells whether a plug-in runs because the user lent it the cockpit's terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lent {
    Yes,
    No,
}

/// Ends a plug-in when no request waits for it any more, unless it has ended.
struct Ended(Handle);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Returns the last messages of a plug-in, in one line.
fn last_words(said: &[u8]) -> String {
    let said = plain(&String::from_utf8_lossy(said));
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut words = String::new();
    for line in lines.iter().rev() {
        if !words.is_empty() && words.len() + line.len() > TOLD {
            break;
        }
        words = if words.is_empty() { (*line).to_owned() } else { format!("{line}; {words}") };
    }
    words
}

/// Removes escape sequences: some programs write colours even into a pipe.
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

    const ANSWER: &str = "\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", ";

    fn plugin(script: &str) -> Plugin {
        let config = serde_json::json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
            "env": [{"name": "EXTRA", "value": "yes"}], "interactiveMode": "IfAvailable",
        });
        Plugin::new(serde_json::from_value(config).unwrap())
    }

    #[tokio::test]
    async fn a_credential_is_kept_until_it_expires() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        let script = |expiry: &str| {
            format!(
                "echo run >> {0}; test \"$EXTRA\" = yes || exit 1; echo '{{{ANSWER}\"status\": {{\"token\": \"t\"{expiry}}}}}'",
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
    async fn what_kubectl_refuses_is_refused() {
        let said = |text: &str| format!("printf '%s' '{text}'");
        for (answer, why) in [
            ("{ANSWER\"status\": {}}", "neither a token nor a certificate"),
            ("{ANSWER\"status\": {\"token\": \"\"}}", "neither a token nor a certificate"),
            ("{ANSWER\"status\": {\"clientCertificateData\": \"c\"}}", "not both"),
            ("{ANSWER\"status\": {\"token\": \"t\", \"clientKeyData\": \"k\"}}", "not both"),
            ("{ANSWER\"spec\": {}}", "no status"),
            ("{\"status\": {\"token\": \"t\"}}", "no ExecCredential"),
            (
                "{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"Foo\", \"status\": {\"token\": \"t\"}}",
                "no ExecCredential",
            ),
            (
                "{\"apiVersion\": \"client.authentication.k8s.io/v1beta1\", \"kind\": \"ExecCredential\", \"status\": {\"token\": \"t\"}}",
                "answered client.authentication.k8s.io/v1beta1",
            ),
        ] {
            let told = plugin(&said(&answer.replace("ANSWER", ANSWER))).credential(Timestamp::now()).await.unwrap_err();
            assert!(told.why.contains(why), "{answer}: {told}");
        }
        let of = |fields: &str| {
            let script = said(&format!("{{{ANSWER}\"status\": {{\"token\": \"t\"}}}}"));
            let mut config = serde_json::json!({"command": "sh", "args": ["-c", script]});
            let more: serde_json::Value = serde_json::from_str(fields).unwrap();
            config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Plugin::new(serde_json::from_value(config).unwrap())
        };
        for (fields, why) in [
            ("{\"apiVersion\": \"client.authentication.k8s.io/v1alpha1\", \"interactiveMode\": \"Never\"}", "v1alpha1"),
            ("{\"apiVersion\": \"client.authentication.k8s.io/v1\"}", "interactiveMode"),
            ("{\"interactiveMode\": \"Never\"}", "apiVersion"),
        ] {
            let told = of(fields).credential(Timestamp::now()).await.unwrap_err();
            assert!(told.why.contains(why), "{fields}: {told}");
        }
        let good = of("{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"interactiveMode\": \"Never\"}");
        assert!(good.credential(Timestamp::now()).await.is_ok());
    }

    #[test]
    fn what_is_told_of_a_plugin_that_runs_is_what_it_says() {
        let plugin = plugin("true");
        assert!(plugin.running().is_none(), "none runs");
        *plugin.says.lock().unwrap() = Some(Vec::new());
        assert!(plugin.running().unwrap().why.contains("has not ended yet"));
        *plugin.says.lock().unwrap() = Some(b"\x1b[1mTo sign in\x1b[0m\n\nuse the code ABCD\n".to_vec());
        assert!(plugin.running().unwrap().why.ends_with("says: To sign in; use the code ABCD"));
    }

    #[tokio::test]
    async fn one_that_runs_is_stopped_and_not_run_again_before_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go");
        let script =
            format!("test -e {} || sleep 600; echo '{{{ANSWER}\"status\": {{\"token\": \"t\"}}}}'", go.display());
        let plugin = std::sync::Arc::new(plugin(&script));
        let asked = tokio::spawn({
            let plugin = plugin.clone();
            async move { plugin.credential(Timestamp::now()).await.map(drop) }
        });
        while plugin.says.lock().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        plugin.stop_or_run();
        let told = asked.await.unwrap().unwrap_err();
        assert!(told.why.ends_with("was stopped") && told.todo.contains("runs it again"), "{told:?}");
        std::fs::write(&go, "").unwrap();
        assert!(plugin.credential(Timestamp::now()).await.is_err(), "it is not run again by itself");
        plugin.stop_or_run();
        assert_eq!(plugin.credential(Timestamp::now()).await.unwrap().token.as_ref().unwrap().expose(), "t");
    }

    #[tokio::test]
    async fn a_login_that_failed_on_the_terminal_is_told_and_not_run_again_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (count, go) = (folder.path().join("count"), folder.path().join("go"));
        let script = format!(
            "echo run >> {}; test -e {} || exit 7; echo '{{{ANSWER}\"status\": {{\"token\": \"t\"}}}}'",
            count.display(),
            go.display()
        );
        let plugin = std::sync::Arc::new(plugin(&script));
        let told = plugin.log_in().await.unwrap_err();
        assert!(told.why.contains("exit status: 7") && told.todo.contains("‹key:log-in›"), "{told:?}");
        // Those that wait for a credential get this failure, and Z lends the terminal again.
        let again = plugin.credential(Timestamp::now()).await.map(drop).unwrap_err();
        assert_eq!(again.why, told.why);
        assert!(plugin.wants_terminal());
        assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 1);
        std::fs::write(&go, "").unwrap();
        plugin.log_in().await.unwrap();
        assert_eq!(plugin.credential(Timestamp::now()).await.unwrap().token.as_ref().unwrap().expose(), "t");
        assert!(!plugin.wants_terminal());
    }

    #[tokio::test]
    async fn a_failure_tells_what_the_plugin_said() {
        let broken =
            plugin("echo 'token expired, run: corp login' >&2; exit 3").credential(Timestamp::now()).await.unwrap_err();
        assert!(broken.why.contains("token expired, run: corp login"), "{broken}");
        let asks =
            "printf 'Code ABCD at https://login.example\\n' >&2; read -r x || { echo 'no terminal' >&2; exit 1; }";
        let asking = plugin(asks).credential(Timestamp::now()).await.unwrap_err();
        assert!(asking.why.contains("Code ABCD at https://login.example; no terminal"), "{asking}");
        let none = plugin("cat; echo secret").credential(Timestamp::now()).await.unwrap_err();
        assert!(none.why.contains("no ExecCredential") && !none.why.contains("secret"), "{none}");
        assert_eq!(plain("\u{1b}[1;31mexpired\u{1b}[0m: \u{1b}[2Klog in"), "expired: log in");
    }
}
