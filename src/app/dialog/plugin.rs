//! Asks once whether a plug-in of age may run that a recipient names.
//!
//! ```text
//! +- Run age-plugin-yubikey? -------------------------+
//! | program      /usr/bin/age-plugin-yubikey          |
//! | asked by     age1yubikey1…, of rule 1 of .sops... |
//! | it sees      the key that opens secret.yaml, ...  |
//! |                                                   |
//! | Type age-plugin-yubikey and press enter; ...      |
//! +---------------------------------------------------+
//! ```

use std::any::Any;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::remember;
use crate::app::action::Action;
use crate::app::command::{Command, CommandTarget};
use crate::app::facts::Facts;
use crate::app::key::Key;
use crate::app::notice::Notice;
use crate::app::task::Task;
use crate::app::view::{Scene, View};
use crate::config::Agreement;
use crate::model::{Fault, WantedPlugin};
use crate::repo::Snapshot;
use crate::sops::unagreed_plugin;
use crate::theme::Scope;
use crate::widgets::{Span, StyledLine, centred, panel, wrap};

/// The width of the column of labels.
const LABELS: usize = 13;

/// The commands that encrypt data keys for recipients, and so start their plug-ins; all other writes of secrets keep
/// the existing data keys.
pub const WRAPPING: [&str; 9] = [
    "secret-new",
    "secret-encrypt",
    "secret-encrypt-anew",
    "secret-rotate",
    "secret-rotate-all",
    "secret-recipients",
    "secret-recipients-all",
    "secret-update-keys",
    "secret-update-keys-all",
];

/// Asks about one plug-in.
#[derive(Debug)]
pub struct AskPlugin {
    wanted: WantedPlugin,
    typed: String,
    found: Option<Found>,
    fault: Option<Fault>,
    /// The command that waits for the answer and continues after any answer: if it starts the plug-in without
    /// permission, it is refused.
    then: Option<WaitingCommand>,
}

/// Holds a command that may start a plug-in, with its targets and its answers.
struct WaitingCommand {
    command: &'static Command,
    targets: Vec<CommandTarget>,
    answers: Vec<(String, String)>,
}

impl std::fmt::Debug for WaitingCommand {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("WaitingCommand").field(&self.command.id).finish()
    }
}

/// Holds the path of the program, and the origin of the recipient that names it.
#[derive(Debug)]
struct Found {
    program: Option<String>,
    by: String,
}

/// Reports that the user agreed, and that the answer is saved if there is a place for it.
pub(in crate::app) struct Allowed(pub(in crate::app) Result<(), Fault>);

impl AskPlugin {
    /// Asks about a plug-in that was refused.
    pub fn new(wanted: WantedPlugin) -> Self {
        Self { wanted, typed: String::new(), found: None, fault: None, then: None }
    }

    /// Asks about a plug-in before the first command that starts it; `None` if the recipients of the command's files
    /// and environments and those that the user typed name no new plug-in, or if the question was `asked` before.
    pub(in crate::app) fn before(
        command: &'static Command,
        targets: &[CommandTarget],
        answers: &[(String, String)],
        facts: &Facts,
        asked: &BTreeSet<String>,
    ) -> Option<Self> {
        if facts.read_only || !WRAPPING.contains(&command.id) {
            return None;
        }
        let open = |recipient: &str, file: &str| {
            let name = unagreed_plugin(recipient).filter(|name| !asked.contains(name))?;
            Some(WantedPlugin { name, recipient: recipient.to_owned(), file: file.to_owned() })
        };
        let of_file = |file: &str| {
            let scan = &facts.repository.as_ref()?.scan;
            scan.get(file)?.lock.as_ref()?.recipients.iter().find_map(|recipient| open(recipient, file))
        };
        let of_files = |env: &str| {
            let snapshot = facts.repository.as_ref()?;
            let sealed = snapshot.scan.entries.iter().filter(|entry| entry.lock.is_some());
            let own = |path: &&str| snapshot.readers_of(path).iter().any(|reader| reader == env);
            sealed.map(|entry| &*entry.path).filter(own).find_map(of_file)
        };
        let wanted = |target: &CommandTarget| {
            let known = target.env().and_then(|env| facts.environment(env));
            let file = match target {
                CommandTarget::File(_, file) | CommandTarget::Worktree(file) => Some(file.as_str()),
                _ => None,
            };
            let by = file.map_or_else(
                || known.map(|known| format!("the .sops.yaml of {}", known.name)),
                |file| Some(file.to_owned()),
            );
            let by = by.unwrap_or_default();
            let of_env = || known.and_then(|known| known.recipients.iter().find_map(|recipient| open(recipient, &by)));
            let of_whole = || known.filter(|_| file.is_none()).and_then(|known| of_files(&known.name));
            let typed = || {
                let words = answers.iter().flat_map(|(_, answer)| answer.split([',', ' ', '\n']));
                words.map(str::trim).find_map(|word| open(word, &by))
            };
            file.and_then(of_file).or_else(of_env).or_else(of_whole).or_else(typed)
        };
        let wanted = targets.iter().find_map(wanted)?;
        let then = Some(WaitingCommand { command, targets: targets.to_vec(), answers: answers.to_vec() });
        Some(Self { then, ..Self::new(wanted) })
    }

    /// Returns the name of the plug-in.
    pub(in crate::app) fn plugin(&self) -> &str {
        &self.wanted.name
    }

    /// Closes the question, and continues the waiting command.
    fn close(&mut self) -> Vec<Action> {
        let again = |waiting: WaitingCommand| Action::Dispatch(waiting.command, waiting.targets, waiting.answers);
        [Action::Pop].into_iter().chain(self.then.take().map(again)).collect()
    }

    fn program(&self) -> String {
        format!("age-plugin-{}", self.wanted.name)
    }

    /// Saves the permission for this repository, and lets the plug-in run from now on.
    fn allow(&self) -> Vec<Action> {
        let name = self.wanted.name.clone();
        vec![Action::Task(Task::blocking("remember the plug-in", move |task_context| {
            let remembered = remember(&task_context, |root| Agreement::of_plugin(root, &name));
            Allowed(remembered.map(|()| crate::sops::agree_to_plugins([name])))
        }))]
    }
}

/// Names the origin of a recipient: the creation rule of the file, or the file itself.
fn by_whom(wanted: &WantedPlugin, snapshot: Option<&Snapshot>) -> String {
    let of_file = format!("{} itself", wanted.file);
    let Some(snapshot) = snapshot else { return of_file };
    let file = Path::new(&wanted.file);
    let file = file.strip_prefix(&snapshot.root).unwrap_or(file).to_string_lossy();
    match snapshot.creation(&file) {
        Ok(creation) if creation.rule.recipients().contains(&wanted.recipient) => creation.name(),
        _ => of_file,
    }
}

impl View for AskPlugin {
    fn id(&self) -> &'static str {
        "plugin"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("Run {}?", self.program())
    }

    fn overlay(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        &[("enter", "let it run once its name is typed"), ("esc", "leave it refused")]
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let (program, wanted) = (self.program(), self.wanted.clone());
        let snapshot = scene.facts.repository.as_ref().map(Arc::clone);
        vec![Action::Task(Task::blocking("find the plug-in", move |_| Found {
            program: crate::programs::find(&program).map(|path| path.display().to_string()),
            by: by_whom(&wanted, snapshot.as_deref()),
        }))]
    }

    fn text(&mut self, key: Key, _scene: &Scene<'_>) -> Vec<Action> {
        if key.is("esc") {
            return self.close();
        }
        if key.is("enter") && self.typed == self.program() {
            return self.allow();
        }
        if key.is("backspace") {
            self.typed.pop();
        } else if let Some(character) = key.typed() {
            self.typed.push(character);
        }
        Vec::new()
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<Found>() {
            Ok(found) => {
                self.found = Some(*found);
                return Vec::new();
            }
            Err(payload) => payload,
        };
        match payload.downcast::<Allowed>().map(|allowed| allowed.0) {
            Ok(Ok(())) => {
                let again = if self.then.is_some() { "" } else { ": do it again" };
                let what = format!("{} may run for this repository from now on{again}", self.program());
                let told = Action::Tell(Notice::info(scene.facts.now, what));
                [told].into_iter().chain(self.close()).collect()
            }
            Ok(Err(fault)) => {
                self.fault = Some(fault);
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let width = area.width.saturating_sub(8).clamp(20, 90);
        let inner = usize::from(width.saturating_sub(4));
        let mut lines = Vec::new();
        let mut row = |label: &str, text: &str, scope: Scope| {
            for (index, text) in wrap(text, inner.saturating_sub(LABELS)).into_iter().enumerate() {
                let label = if index == 0 { label } else { "" };
                lines.push(StyledLine::from(vec![
                    Span::styled(format!("{label:<LABELS$}"), theme.style(Scope::Dim)),
                    Span::styled(text, theme.style(scope)),
                ]));
            }
        };
        let program = self.program();
        let (place, by) = match &self.found {
            None => (program.clone(), self.wanted.file.clone()),
            Some(Found { program: Some(path), by }) => (path.clone(), by.clone()),
            Some(Found { program: None, by }) => {
                (format!("{program}, which is not in the absolute parts of your PATH"), by.clone())
            }
        };
        row("program", &place, Scope::Title);
        row("asked by", &format!("the recipient {}, which {by} names", self.wanted.recipient), Scope::Text);
        let sees = "the key that opens each file that is encrypted for this recipient; it runs as you, and may read and write what you may. Private keys are taken out of its environment.";
        row("it sees", sees, Scope::Text);
        let why = "Anyone who can write to the repository can name one. Your answer is remembered for this repository.";
        row("", why, Scope::Dim);
        if let Some(fault) = &self.fault {
            row("", &format!("{}: {}; {}", fault.what, fault.why, scene.keymap.written(&fault.todo)), Scope::Failed);
        }
        lines.push(StyledLine::default());
        lines.push(StyledLine::from(format!("Type {program} and press enter; esc leaves it refused.")));
        lines.push(StyledLine::from(vec![
            Span::raw("> "),
            Span::styled(format!("{}_", self.typed), theme.style(Scope::Input)),
        ]));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = panel(frame, centred(area, width, height), &self.title(scene), true, theme);
        frame.render_widget(crate::widgets::Paragraph::new(lines), inside);
    }
}
