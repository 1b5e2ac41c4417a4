//! The parts that subcommands share: global flags, the session, output.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::out;
use super::prompt::Terminal;
use crate::app::{App, Keymap};
use crate::commands::COMMANDS;
use crate::model::text::{field, json, json_lines, message, short_keys};
use crate::model::{Fault, FaultKind, Shown, without_keys};
use crate::programs::Leftovers;
use crate::render::{BuildProgress, Worker};
use crate::runtime::{self, Session};
use crate::sops::Prompts;
use crate::theme::{Depth, Theme};

/// Flags that every subcommand takes, before or after it.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The repository; by default the one that the working directory lies in
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// Only this environment
    #[arg(long, short = 'e', global = true, value_name = "NAME")]
    pub env: Option<String>,
    /// The kube context, in place of the environment's own; needs --env
    #[arg(long, global = true, value_name = "NAME", requires = "env")]
    pub context: Option<String>,
    /// The kubeconfig; by default $KUBECONFIG, else ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// How results are written
    #[arg(long, short = 'o', global = true, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// Refuse whatever would change something
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Agree to a write in a protected environment, by its name
    #[arg(long, global = true, value_name = "ENV")]
    pub confirm: Option<String>,
    /// Protect these environments beside those that are protected anyway
    #[arg(long, global = true, value_name = "ENV")]
    pub protect: Vec<String>,
    /// Take the protection from these environments
    #[arg(long, global = true, value_name = "ENV")]
    pub unprotect: Vec<String>,
    /// The personal configuration, in place of the one under `$XDG_CONFIG_HOME`
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The theme; `fluxdeck themes` lists them
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw ASCII signs only
    #[arg(long, global = true)]
    pub ascii: bool,
}

/// Says how results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// As JSON.
    Json,
    /// As YAML.
    Yaml,
    /// Findings, for code scanning.
    Sarif,
    /// Findings, as annotations of GitHub's checks.
    Github,
}

impl Output {
    /// Writes a value of a stream in this form: JSON on one line, or a document of YAML; `None` for the other forms.
    pub(super) fn item<T: Serialize + ?Sized>(self, value: &T) -> Option<Shown> {
        match self {
            Self::Json => Some(json_lines(value).unwrap_or_default()),
            Self::Yaml => Some(Shown::whole(&format!("---\n{}", yaml(value).unwrap_or_default().trim_end()))),
            Self::Text | Self::Sarif | Self::Github => None,
        }
    }

    /// Tells whether programs read it as data.
    pub(super) fn is_data(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// Holds one call of fluxdeck.
pub struct Call {
    /// The global flags.
    pub global: Global,
    /// The renderer of the repository, for this call.
    pub renderer: Worker,
    /// The leftovers of a killed fluxdeck; the first reader reports them.
    pub leftovers: Arc<Leftovers>,
}

/// The longest wait, at the end, for work whose result is not needed any more.
const PATIENCE: Duration = Duration::from_secs(1);

impl Call {
    /// Creates a call with the global flags.
    pub fn new(global: Global) -> Self {
        let renderer = Worker::default();
        if out::remarks_are_read() {
            renderer.tell_progress(|progress| {
                let BuildProgress { done, total } = progress;
                let text =
                    if done < total { format!("rendering {done} of {total} Kustomizations...") } else { String::new() };
                out::progress(&Shown::lines(&text));
            });
        }
        Self { global, renderer, leftovers: Arc::default() }
    }

    /// Opens the session on the repository and the real clusters; must be called inside tokio, and waits for no
    /// cluster.
    ///
    /// # Errors
    /// Fails when a setting is wrong, and when there is no environment: an empty answer would look as if all was well.
    pub fn session(&self) -> Result<Session, Fault> {
        let session = self.session_of_any()?;
        if session.environments.is_empty() { Err(session.nothing) } else { Ok(session) }
    }

    /// Opens the session for a subcommand that needs no environment, such as one about a single file.
    ///
    /// # Errors
    /// Fails when a setting is wrong.
    pub fn session_of_any(&self) -> Result<Session, Fault> {
        super::open::live(&self.global, Prompts::from_asker(Terminal))
    }

    /// Opens the session of the cockpit, which has the terminal to itself and asks on its own screen.
    ///
    /// # Errors
    /// As [`Call::session`].
    pub fn session_for_screen(&self) -> Result<Session, Fault> {
        super::open::live(&self.global, Prompts::default())
    }

    /// Returns the environments of the call: the one of `--env`, else all.
    pub fn environments<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = &'a crate::model::Environment> {
        let wanted = self.global.env.as_deref();
        session.environments.iter().filter(move |known| wanted.is_none_or(|name| name == known.name))
    }

    /// Runs a future to its end on its own runtime.
    ///
    /// # Errors
    /// Fails when the runtime cannot be created, or as the future does.
    pub fn block_on<T>(&self, future: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self::block_on_threads(builder.worker_threads(2), future)
    }

    /// Runs a future that needs no network and follows nothing; without further threads it ends sooner.
    ///
    /// # Errors
    /// As [`Call::block_on`].
    pub fn block_on_alone<T>(&self, future: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        Self::block_on_threads(&mut tokio::runtime::Builder::new_current_thread(), future)
    }

    fn block_on_threads<T>(
        builder: &mut tokio::runtime::Builder,
        future: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let runtime = builder.enable_all().build().map_err(|error| {
            Fault::failed("cannot start", error.to_string(), "the system refuses threads or sockets")
        })?;
        let done = runtime.block_on(future);
        // Running work ends in a moment; hanging work, such as a plug-in that waits for its key, is left behind.
        runtime.shutdown_timeout(PATIENCE);
        done
    }

    /// Builds the app of a session: its theme, keys and home, which shows the environment of `--env` alone.
    ///
    /// # Errors
    /// Fails when the theme or a key setting is wrong, and when there is no environment of the name of `--env`.
    pub fn app(&self, session: &Session, depth: Depth) -> Result<App, Fault> {
        let usage = |what: &str, why: String, todo: &str| Fault::new(FaultKind::Usage, what, why, todo);
        let name = self.global.theme.as_deref().or(session.theme.as_deref()).unwrap_or("terminal");
        let ascii = self.global.ascii || session.ascii || !locale_is_utf8();
        let theme = Theme::load(name, depth, ascii)
            .map_err(|error| usage("cannot use the theme", error.to_string(), "`fluxdeck themes` lists them"))?;
        let keymap = Keymap::new(COMMANDS, &session.keys)
            .map_err(|faults| usage("cannot use the keys", faults.join("; "), "mend [keys] in the configuration"))?;
        let mut app = runtime::cockpit(session, theme, keymap);
        if let Some(name) = &self.global.env {
            let env = session.environment(name)?;
            app.facts.focused = env;
            app.facts.only = Some(env);
        }
        Ok(app)
    }

    /// Writes a result: as JSON or YAML, or as the text of `text`.
    ///
    /// # Errors
    /// Fails when standard output cannot be written, other than by being closed.
    pub fn print<T: Serialize + ?Sized>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), Fault> {
        self.print_as(value, |value| Shown::lines(&text(value)))
    }

    /// Writes a result to standard output whose text contains keys to copy.
    ///
    /// # Errors
    /// As [`Call::print`].
    pub fn print_whole<T: Serialize + ?Sized>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), Fault> {
        self.print_as(value, |value| Shown::whole(&text(value)))
    }

    fn print_as<T: Serialize + ?Sized>(&self, value: &T, shown: impl FnOnce(&T) -> Shown) -> Result<(), Fault> {
        let written = match self.global.output {
            Output::Text => shown(value),
            Output::Sarif | Output::Github => {
                return Err(Fault::new(
                    FaultKind::Usage,
                    "cannot write the result so",
                    "sarif and github are formats for findings, and this command has none",
                    "use -o text, -o json or -o yaml",
                ));
            }
            Output::Json => as_json(value)?,
            Output::Yaml => Shown::whole(&yaml(value).map_err(unwritten)?),
        };
        out::write(&written.ended()).map(|_| ())
    }

    /// Writes formatted text to standard output.
    ///
    /// # Errors
    /// Fails when standard output cannot be written, other than by a closed reader, such as `head`.
    pub fn write(&self, text: &Shown) -> Result<(), Fault> {
        out::write(text).map(|_| ())
    }

    /// Writes a line to standard error, in text form.
    pub fn remark(&self, text: &str) {
        out::remark(&Shown::lines(text).ended());
    }

    /// Writes a fault to standard error: what, why, what to do.
    pub fn complain(&self, fault: &Fault) {
        let todo = without_keys(&fault.todo);
        let [what, why, todo] = [&fault.what, &fault.why, &*todo].map(|text| message(text));
        out::remark(&Shown::lines(&format!("fluxdeck: {what}\n  why: {why}\n  what to do: {todo}\n")));
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// Fails where a value has no JSON form, which is a defect.
pub(super) fn as_json<T: Serialize + ?Sized>(value: &T) -> Result<Shown, Fault> {
    json(value).map_err(unwritten)
}

/// Writes a value as JSON on one line.
///
/// # Errors
/// As [`as_json`].
pub(super) fn as_json_line<T: Serialize + ?Sized>(value: &T) -> Result<Shown, Fault> {
    json_lines(value).map_err(unwritten)
}

/// Writes a value as YAML, with its keys in the order of the alphabet, as kubectl does.
fn yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    Ok(crate::yaml::sigs::write(&serde_json::to_value(value)?))
}

fn unwritten(error: serde_json::Error) -> Fault {
    Fault::failed("cannot write the result", error.to_string(), "this is a defect of fluxdeck")
}

/// Tells whether the locale can show more than ASCII, by the rules of POSIX: `LC_ALL` before `LC_CTYPE` before `LANG`.
pub(super) fn locale_is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    set.is_some_and(|value| {
        let value = value.to_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

/// Formats rows in columns of equal width, two spaces apart.
pub fn columns(rows: &[Vec<String>]) -> String {
    // Returns a cell in its displayed form, which determines the width of its column.
    fn seen(cell: &str) -> Cow<'_, str> {
        match short_keys(cell) {
            Cow::Borrowed(cell) => field(cell),
            Cow::Owned(cell) => Cow::Owned(field(&cell).into_owned()),
        }
    }
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let rows: Vec<Vec<Cow<'_, str>>> = rows.iter().map(|row| row.iter().map(|cell| seen(cell)).collect()).collect();
    let widths: Vec<usize> = (0..count)
        .map(|index| {
            rows.iter()
                .filter_map(|row| row.get(index))
                .map(|cell| unicode_width::UnicodeWidthStr::width(&**cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&crate::widgets::pad(cell, *width));
            line.push_str("  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
