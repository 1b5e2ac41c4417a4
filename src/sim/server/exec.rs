//! Exec: a command in a container, its streams as numbered channels of one WebSocket (`v5.channel.k8s.io`).

use std::collections::HashMap;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::shell::{PROMPT, Shell, ShellOutput};
use super::upgrade::Socket;

/// The channels' numbers.
const INPUT: u8 = 0;
const OUTPUT: u8 = 1;
const ERRORS: u8 = 2;
const RESULT: u8 = 3;
/// The message for the end of a channel, in the fifth version of the protocol.
const CLOSE: u8 = 255;

/// Describes the command to run.
pub(crate) struct ExecSession {
    shell: Shell,
    command: Vec<String>,
    terminal: bool,
}

impl ExecSession {
    /// Reads the parameters of a request.
    pub(crate) fn new(pod: &Value, command: Vec<String>, parameters: &HashMap<String, String>) -> Self {
        let is_on = |name: &str| parameters.get(name).is_some_and(|value| matches!(value.as_str(), "true" | "1"));
        Self { shell: Shell::new(pod), command, terminal: is_on("tty") }
    }
}

/// Runs the command until it ends or the client is gone.
pub(crate) async fn serve(mut socket: Socket, mut session: ExecSession) {
    let result = if Shell::is_shell(&session.command) {
        talk(&mut socket, &mut session).await
    } else {
        let outcome = session.shell.run_words(&session.command);
        write(&mut socket, &outcome, session.terminal).await;
        Some(outcome)
    };
    if let Some(outcome) = result {
        let _ = send(&mut socket, RESULT, status(&outcome).to_string().as_bytes()).await;
        let _ = socket.close(None).await;
    }
}

/// Reads lines and runs each, echoing as a terminal does; `None` if the client is gone.
async fn talk(socket: &mut Socket, session: &mut ExecSession) -> Option<ShellOutput> {
    let mut line = Vec::new();
    if session.terminal {
        send(socket, OUTPUT, PROMPT.as_bytes()).await?;
    }
    let mut last = ShellOutput::default();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Binary(bytes) = message else { continue };
        let (channel, typed) = bytes.split_first()?;
        if *channel == CLOSE && typed == [INPUT] {
            return Some(last);
        }
        if *channel != INPUT {
            continue;
        }
        for byte in typed {
            match byte {
                b'\r' | b'\n' => {
                    if session.terminal {
                        send(socket, OUTPUT, b"\r\n").await?;
                    }
                    let outcome = session.shell.run(&String::from_utf8_lossy(&line));
                    line.clear();
                    write(socket, &outcome, session.terminal).await?;
                    let ended = outcome.ends;
                    last = outcome;
                    if ended {
                        return Some(last);
                    }
                    if session.terminal {
                        send(socket, OUTPUT, PROMPT.as_bytes()).await?;
                    }
                }
                // Ctrl-D on an empty line ends the shell.
                4 if line.is_empty() => return Some(last),
                3 => {
                    line.clear();
                    send(socket, OUTPUT, format!("^C\r\n{PROMPT}").as_bytes()).await?;
                }
                8 | 127 => {
                    if line.pop().is_some() {
                        send(socket, OUTPUT, b"\x08 \x08").await?;
                    }
                }
                byte => {
                    line.push(*byte);
                    if session.terminal {
                        send(socket, OUTPUT, &[*byte]).await?;
                    }
                }
            }
        }
    }
    None
}

async fn write(socket: &mut Socket, outcome: &ShellOutput, terminal: bool) -> Option<()> {
    for (channel, text) in [(OUTPUT, &outcome.output), (ERRORS, &outcome.errors)] {
        if !text.is_empty() {
            let channel = if terminal { OUTPUT } else { channel };
            let text = if terminal { text.replace('\n', "\r\n") } else { text.clone() };
            send(socket, channel, text.as_bytes()).await?;
        }
    }
    Some(())
}

async fn send(socket: &mut Socket, channel: u8, bytes: &[u8]) -> Option<()> {
    let mut message = Vec::with_capacity(bytes.len() + 1);
    message.push(channel);
    message.extend_from_slice(bytes);
    socket.send(Message::Binary(Bytes::from(message))).await.ok()
}

/// Returns the result of a command, in the kubelet's form.
fn status(outcome: &ShellOutput) -> Value {
    if let Some(missing) = &outcome.missing {
        return json!({
            "metadata": {},
            "status": "Failure",
            "message": format!("Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: \"{missing}\": executable file not found in $PATH: unknown"),
            "reason": "InternalError",
            "details": {"causes": [{"message": "error executing command in container"}]},
            "code": 500,
        });
    }
    if outcome.code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {},
        "status": "Failure",
        "message": format!("command terminated with non-zero exit code: exit status {}", outcome.code),
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": outcome.code.to_string()}]},
    })
}
