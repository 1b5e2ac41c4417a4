//! Runs a command in a container, with the streams of a terminal or of a pipe.

use std::pin::pin;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::api::{AttachParams, AttachedProcess, TerminalSize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};

use super::failure::Failure;
use super::{Cluster, pod};
use crate::model::{Fault, ObjectRef, Permit};

/// The longest wait for the rest of the output after the connection broke.
const REST: Duration = Duration::from_millis(500);

/// The number of bytes that are read from the container at once.
const PIECE: usize = 16 * 1024;

/// Describes a command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecRequest {
    /// The container; the pod's default one when `None`.
    pub container: Option<String>,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// Whether the command gets a terminal.
    pub terminal: bool,
}

/// Holds the near ends of the command's streams.
#[derive(Debug)]
pub struct Streams {
    /// The command's input; it ends when the channel closes.
    pub input: mpsc::Receiver<Vec<u8>>,
    /// The command's output.
    pub output: mpsc::Sender<Vec<u8>>,
    /// The command's error output; with a terminal, both are one stream.
    pub errors: mpsc::Sender<Vec<u8>>,
    /// The columns and rows of its terminal, now and whenever they change.
    pub size: watch::Receiver<(u16, u16)>,
}

/// Holds a running command.
pub struct ExecConnection {
    process: AttachedProcess,
    environment: String,
    tried: String,
    /// The container and pod, such as `web of Pod/web-1`.
    pub place: String,
}

impl Cluster {
    /// Starts a command in a container of a pod, or of a pod behind a workload.
    ///
    /// # Errors
    /// Fails when there is no such container, or the server refuses.
    pub async fn exec(
        &self,
        object: &ObjectRef,
        order: &ExecRequest,
        _permit: &Permit,
    ) -> Result<ExecConnection, Fault> {
        let tried = format!("run {} in {object}", order.command.first().map_or("nothing", String::as_str));
        let chosen = pod::choose(self, object, &tried).await?;
        let container = chosen
            .container(order.container.as_deref())
            .map_err(|why| Fault::failed(format!("cannot {tried} in {}", self.name), why, "name one of them"))?;
        let parameters = AttachParams {
            container: Some(container.clone()),
            stdin: true,
            stdout: true,
            stderr: !order.terminal,
            tty: order.terminal,
            max_stdin_buf_size: Some(PIECE),
            max_stdout_buf_size: Some(PIECE),
            max_stderr_buf_size: Some(PIECE),
        };
        let process = chosen
            .api(self)
            .exec(&chosen.name, order.command.iter(), &parameters)
            .await
            .map_err(|error| Failure::from(error).fault(&self.name, &tried))?;
        let place = format!("{container} of Pod/{}", chosen.name);
        Ok(ExecConnection { process, environment: self.name.clone(), tried, place })
    }
}

impl ExecConnection {
    /// Carries the streams until the command ends, and returns its exit status.
    ///
    /// # Errors
    /// Fails when it could not be started, or the connection broke.
    pub async fn talk(mut self, streams: Streams) -> Result<i32, Fault> {
        let Streams { mut input, output, errors, mut size } = streams;
        let (stdout, stderr) = (self.process.stdout(), self.process.stderr());
        let (stdin, resize, status) = (self.process.stdin(), self.process.terminal_size(), self.process.take_status());
        let typed = async {
            if let Some(mut stdin) = stdin {
                while let Some(piece) = input.recv().await {
                    if stdin.write_all(&piece).await.is_err() || stdin.flush().await.is_err() {
                        return;
                    }
                }
                // Closing our half tells the command that its input has ended.
                let _gone = stdin.shutdown().await;
            }
        };
        let sized = async {
            if let Some(mut resize) = resize {
                loop {
                    let (width, height) = *size.borrow_and_update();
                    if resize.try_send(TerminalSize { width, height }).is_err() || size.changed().await.is_err() {
                        return;
                    }
                }
            }
        };
        let said = async { tokio::join!(carry(stdout, output), carry(stderr, errors)) };
        let ended = async {
            match status {
                Some(status) => status.await,
                None => None,
            }
        };
        let (mut said, mut ended) = (pin!(said), pin!(ended));
        let ended = tokio::select! {
            ended = &mut ended => {
                // The output comes before the status; without a status, the streams have no end either.
                match &ended {
                    Some(_) => drop(said.await),
                    None => drop(tokio::time::timeout(REST, said).await),
                }
                ended
            }
            _ = &mut said => ended.await,
            () = async { tokio::join!(typed, sized); std::future::pending().await } => None,
        };
        let cannot = |why: String, todo: &str| {
            Err(Fault::failed(format!("cannot {} in {}", self.tried, self.environment), why, todo))
        };
        match ended.as_ref().map(exit_status) {
            Some(Ok(code)) => Ok(code),
            Some(Err(why)) if why.contains("executable file not found") || why.contains("no such file") => {
                let todo = "the image has no such program: kubectl debug -it POD --image=busybox --target=CONTAINER brings one";
                cannot(why, todo)
            }
            Some(Err(why)) => cannot(why, "‹key:describe|fluxdeck describe› on the pod shows how its containers are"),
            None => {
                cannot("the connection broke before it ended".to_owned(), "try again; the command may have gone on")
            }
        }
    }
}

async fn carry(from: Option<impl AsyncRead + Unpin>, to: mpsc::Sender<Vec<u8>>) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; PIECE];
    while let Ok(count) = from.read(&mut buffer).await {
        let piece = buffer.get(..count).unwrap_or_default().to_vec();
        if piece.is_empty() || to.send(piece).await.is_err() {
            return;
        }
    }
}

/// Reads the exit status from the server's last message; the form is that of
/// `k8s.io/apimachinery/pkg/util/remotecommand`.
fn exit_status(status: &Status) -> Result<i32, String> {
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let message = || status.message.clone().unwrap_or_else(|| "the server does not say why".to_owned());
    if status.reason.as_deref() != Some("NonZeroExitCode") {
        return Err(message());
    }
    let causes = status.details.iter().filter_map(|details| details.causes.as_ref()).flatten();
    let code =
        causes.filter(|cause| cause.reason.as_deref() == Some("ExitCode")).find_map(|cause| cause.message.as_ref());
    let code = code.and_then(|code| code.parse().ok());
    match (code, status.message.as_deref()) {
        // The container runtime reports a missing program as a status of 126 or 127 with its own message.
        (Some(126 | 127), Some(said)) if said.contains("exec failed") || said.contains("OCI runtime") => {
            Err(said.to_owned())
        }
        (Some(code), _) => Ok(code),
        (None, _) => Err(message()),
    }
}

#[cfg(test)]
mod tests {
    use super::exit_status;
    use serde_json::json;

    #[test]
    fn the_last_word_tells_the_exit_status_or_why_there_is_none() {
        let read = |value| exit_status(&serde_json::from_value(value).unwrap());
        assert_eq!(read(json!({"status": "Success"})), Ok(0));
        let ended = |code: &str, message: &str| {
            json!({"status": "Failure", "reason": "NonZeroExitCode", "message": message,
                "details": {"causes": [{"reason": "ExitCode", "message": code}]}})
        };
        assert_eq!(read(ended("3", "command terminated with non-zero exit code")), Ok(3));
        assert_eq!(read(ended("127", "sh: nope: not found")), Ok(127), "a shell's own last status");
        let missing = "OCI runtime exec failed: exec failed: unable to start container process: exec: \"sh\": executable file not found in $PATH";
        assert_eq!(read(ended("127", missing)), Err(missing.to_owned()));
        let refused = json!({"status": "Failure", "reason": "InternalError", "message": "error executing command"});
        assert_eq!(read(refused), Err("error executing command".to_owned()));
    }
}
