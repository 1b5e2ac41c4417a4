//! A shell of a few commands, so that a container of the demonstration has one to open.

use serde_json::Value;

use crate::sim::json::{list, text};

/// The output and the result of a command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ShellOutput {
    /// The standard output.
    pub(crate) output: String,
    /// The error output.
    pub(crate) errors: String,
    /// Its exit code.
    pub(crate) code: u8,
    /// Whether the shell ends with it.
    pub(crate) ends: bool,
    /// The missing program of the container, if it was started without a shell.
    pub(crate) missing: Option<String>,
}

/// The prompt.
pub(crate) const PROMPT: &str = "/ # ";

/// Holds the data that the commands print.
pub(crate) struct Shell {
    host: String,
    image: String,
    address: String,
    last: u8,
}

impl Shell {
    /// Opens a shell in a pod.
    pub(crate) fn new(pod: &Value) -> Self {
        let image = list(pod, "/spec/containers").first().map(|first| text(first, "/image")).unwrap_or_default();
        Self {
            host: text(pod, "/metadata/name").to_owned(),
            image: image.to_owned(),
            address: text(pod, "/status/podIP").to_owned(),
            last: 0,
        }
    }

    /// Tells whether a command is a shell that reads its input.
    pub(crate) fn is_shell(command: &[String]) -> bool {
        let reads = |rest: &[String]| rest.iter().all(|one| matches!(one.as_str(), "-i" | "-l"));
        command.split_first().is_some_and(|(program, rest)| Self::is_a_shell(program) && reads(rest))
    }

    fn is_a_shell(program: &str) -> bool {
        matches!(program.rsplit('/').next(), Some("sh" | "ash" | "bash"))
    }

    /// Runs a command that was started without a shell, or `sh -c TEXT`.
    pub(crate) fn run_words(&mut self, command: &[String]) -> ShellOutput {
        match command {
            [shell, flag, script] if Self::is_a_shell(shell) && flag == "-c" => self.run(script),
            [program, ..] if self.answer(&command.join(" ")).is_none() => {
                ShellOutput { code: 126, missing: Some(program.clone()), ..ShellOutput::default() }
            }
            _ => self.run(&command.join(" ")),
        }
    }

    /// Runs a line.
    pub(crate) fn run(&mut self, line: &str) -> ShellOutput {
        let line = line.trim();
        let mut words = line.split_whitespace();
        let program = words.next().unwrap_or_default();
        let outcome = match (program, self.answer(line)) {
            ("exit", _) => {
                let code = words.next().map_or(self.last, |code| code.parse().unwrap_or(2));
                ShellOutput { code, ends: true, ..ShellOutput::default() }
            }
            ("cat", None) => ShellOutput {
                errors: format!("cat: can't open '{}': No such file or directory\n", words.next().unwrap_or("-")),
                code: 1,
                ..ShellOutput::default()
            },
            (_, Some(output)) => ShellOutput { output, ..ShellOutput::default() },
            (program, None) => {
                ShellOutput { errors: format!("sh: {program}: not found\n"), code: 127, ..ShellOutput::default() }
            }
        };
        self.last = outcome.code;
        outcome
    }

    fn answer(&self, line: &str) -> Option<String> {
        let (program, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let said = match (program, rest.trim()) {
            ("" | ":" | "true", _) => return Some(String::new()),
            ("echo", rest) => rest.replace("$?", &self.last.to_string()).replace(['"', '\''], ""),
            ("pwd", _) => "/".to_owned(),
            ("whoami", _) => "root".to_owned(),
            ("id", _) => "uid=0(root) gid=0(root) groups=0(root)".to_owned(),
            ("hostname", _) | ("cat", "/etc/hostname") => self.host.clone(),
            ("uname", _) => "Linux".to_owned(),
            ("ls", _) => "bin    dev    etc    home   proc   root   tmp    usr    var".to_owned(),
            ("env", _) => format!("HOSTNAME={}\nPOD_IP={}\nHOME=/root\nPATH=/usr/bin:/bin", self.host, self.address),
            ("ps", _) => "PID   USER     COMMAND\n    1 root     /app\n    7 root     sh".to_owned(),
            ("help", _) => format!(
                "This is the demonstration: a few commands of {} answer (echo, env, hostname, id, ls, ps, pwd, exit).",
                self.image
            ),
            _ => return None,
        };
        Some(said + "\n")
    }
}
