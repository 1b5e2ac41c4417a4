//! The form of a new Secret: its type, its place, and its values, which are encrypted before anything touches the disk.
//!
//! ```text
//! +> new secret  staging ------------------------------------------------------------+
//! |  environment  < staging >                                                         |
//! |  type         < Opaque >                                                          |
//! |  namespace    linkding                                                            |
//! |  name         linkding-smtp                                                       |
//! |  folder                        where the namespace's objects live                  |
//! |  .env file                     its keys and values                                |
//! |  key          SMTP_PASSWORD                                                       |
//! |> value        ********         empty: a new password; @FILE: what a file holds    |
//! |                                                                                   |
//! |  ctrl-s make it   tab, up, down next   left, right another type   esc leave        |
//! +-----------------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::path::PathBuf;

use ratatui::Frame;
use ratatui::layout::Rect;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::app::{Action, CommandTarget, Key, Motion, Notice, Permit, Scene, Task, View};
use crate::model::signs;
use crate::model::{Env, Fault, FaultKind};
use crate::programs::own_folder;
use crate::repo::new_secret::{NewSecret, NewValue, SecretPlace, SecretType, docker_config, env_file};
use crate::repo::{Loader, NewReader};
use crate::secret::Secret;
use crate::sops;
use crate::theme::Scope;
use crate::views::secret::editor::Editor;
use crate::widgets::{Paragraph, Span, StyledLine, fit, pad, panel, wrap};
use crate::workflows::new_secret::{CreationContext, operation, targets};

/// The types, in the order of the form.
const TYPES: [SecretType; 5] =
    [SecretType::Opaque, SecretType::DockerRegistry, SecretType::Tls, SecretType::BasicAuth, SecretType::SshAuth];

/// The registry if the user names none (Docker Hub).
const REGISTRY: &str = "https://index.docker.io/v1/";

/// The lines before the fields, with a choice: the environment and the type.
const CHOICES: usize = 2;

/// The width of labels, and of a field before its hint.
const LABEL: usize = 13;
const FIELD: usize = 34;

/// The largest file that is read, in bytes: a Secret has 1 MiB at most.
const LARGEST: u64 = crate::files::VALUE_LIMIT;

/// Reports that the guard permits the new Secret.
pub struct Make(pub Option<Permit>);

/// The answer of the task that waits until the Secret is written; `None` if it was not.
struct SavedSecret(Option<String>);

/// One line of the form.
#[derive(Debug)]
struct Field {
    label: &'static str,
    hint: &'static str,
    editor: Editor,
    hidden: bool,
}

impl Field {
    fn new(label: &'static str, hint: &'static str, text: &str) -> Self {
        Self { label, hint, editor: Editor::new(&Secret::new(text)), hidden: false }
    }

    fn hidden(label: &'static str, hint: &'static str) -> Self {
        Self { label, hint, editor: Editor::new(&Secret::default()).masked(), hidden: true }
    }

    fn text(&self) -> Secret {
        self.editor.text()
    }

    /// Writes its content, masked if it is secret.
    fn shown(&self) -> String {
        let text = self.text();
        match (self.hidden, self.editor.lines()) {
            (_, lines) if lines > 1 => format!("{lines} lines"),
            (true, _) => "*".repeat(text.expose().chars().count().min(FIELD)),
            (false, _) => text.expose().to_owned(),
        }
    }

    fn word(&self) -> String {
        self.text().expose().trim().to_owned()
    }
}

/// The form.
#[derive(Debug)]
pub struct NewSecretForm {
    env: Env,
    kind: usize,
    /// The line that is edited; the first are the environment and the type.
    at: usize,
    fields: Vec<Field>,
    problem: Option<Fault>,
    making: bool,
    /// Whether the next esc drops the typed text.
    leaving: bool,
    /// Whether the search for its readers runs.
    looking: bool,
    /// The new readers that no user has agreed to; shown once, so that the next submit creates the Secret.
    readers: Option<Vec<String>>,
    /// Its place, and the environments that read that, once they are known.
    place: Option<SecretPlace>,
}

/// The answer on the place and the new readers of the Secret.
struct FoundPlace(Result<(SecretPlace, Vec<NewReader>), Fault>);

/// The source of a value, until it is read.
enum Given {
    Text(Secret),
    File(PathBuf),
    Password,
}

impl Given {
    /// Parses a field: empty is a new password, `@FILE` is the content of a file.
    fn parse(text: &Secret) -> Self {
        match text.expose().strip_prefix('@') {
            Some(file) => Self::File(home(file.trim())),
            None if text.is_empty() => Self::Password,
            None => Self::Text(text.duplicate()),
        }
    }

    fn value(self) -> Result<NewValue, Fault> {
        Ok(match self {
            Self::Text(text) => NewValue::Text(text),
            Self::Password => NewValue::Text(sops::password()),
            Self::File(file) => NewValue::from_bytes(read(&file)?),
        })
    }
}

/// The sources of the values, to be read away from the screen.
struct Values {
    env_file: Option<PathBuf>,
    given: Vec<(String, Given)>,
    docker: Option<(String, String, Secret, Option<String>)>,
}

impl Values {
    /// Reads the named files. It blocks.
    fn values(self, mut new: NewSecret) -> Result<NewSecret, Fault> {
        if let Some(file) = self.env_file {
            let bytes = read(&file)?;
            let named = |why: String| wrong(format!("{}: {why}", file.display()), "write it as KEY=value, a line each");
            let text = Secret::new(std::str::from_utf8(&bytes).map_err(|_| named("it is not text".to_owned()))?);
            let found = env_file(&text).map_err(named)?;
            new.values.extend(found.into_iter().map(|(key, value)| (key, NewValue::Text(value))));
        }
        for (key, given) in self.given {
            new.values.push((key, given.value()?));
        }
        if let Some((server, user, password, email)) = self.docker {
            let config = docker_config(&server, &user, &password, email.as_deref());
            new.values.push((".dockerconfigjson".to_owned(), NewValue::Text(config)));
        }
        Ok(new)
    }
}

fn wrong(why: impl Into<String>, todo: &str) -> Fault {
    Fault::new(FaultKind::Usage, "no Secret was made", why, todo)
}

fn read(file: &std::path::Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let cannot = |why: String| wrong(format!("{}: {why}", file.display()), "name a file that you may read");
    let size = std::fs::metadata(file).map_err(|error| cannot(error.to_string()))?.len();
    if size > LARGEST {
        return Err(cannot("it has more than 1 MiB, the most that a Secret takes".to_owned()));
    }
    crate::files::own(file, LARGEST).map(Zeroizing::new).map_err(|error| cannot(error.to_string()))
}

/// Resolves `~/` as a shell does.
fn home(words: &str) -> PathBuf {
    match (words.strip_prefix("~/"), own_folder("HOME")) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(words),
    }
}

impl NewSecretForm {
    /// Opens the form for an environment, and a namespace if one is known.
    pub fn new(env: Env, namespace: &str) -> Self {
        let mut form = Self {
            env,
            kind: 0,
            at: CHOICES,
            fields: Vec::new(),
            problem: None,
            making: false,
            leaving: false,
            looking: false,
            readers: None,
            place: None,
        };
        form.fields = vec![
            Field::new("namespace", "", namespace),
            Field::new("name", "", ""),
            Field::new("folder", "empty: where the namespace's objects live", ""),
        ];
        if !namespace.is_empty() {
            form.at = CHOICES + 1;
        }
        form.lay_out();
        form
    }

    fn kind(&self) -> SecretType {
        TYPES.get(self.kind).copied().unwrap_or(SecretType::Opaque)
    }

    /// Adds the fields of the type after the common ones.
    fn lay_out(&mut self) {
        self.fields.truncate(3);
        let made = "empty: a new password; @FILE: what a file holds";
        self.fields.extend(match self.kind() {
            SecretType::Opaque => vec![
                Field::new(".env file", "its keys and values, as Docker Compose reads them", ""),
                Field::new("key", "letters, digits, - _ .", ""),
                Field::hidden("value", made),
            ],
            SecretType::DockerRegistry => vec![
                Field::new("server", "", REGISTRY),
                Field::new("username", "", ""),
                Field::hidden("password", "a token of the registry rather than a password"),
                Field::new("email", "may be empty", ""),
            ],
            SecretType::Tls => vec![
                Field::new("certificate", "a file in PEM, with its chain", ""),
                Field::new("key", "a file in PEM, without a passphrase", ""),
            ],
            SecretType::BasicAuth => vec![Field::new("username", "", ""), Field::hidden("password", made)],
            SecretType::SshAuth => vec![Field::new("private key", "a file, such as ~/.ssh/deploy_key", "")],
        });
    }

    /// Adds room for one more value once the last has a key.
    fn grow(&mut self) {
        let last_key = self.fields.len().checked_sub(2).and_then(|at| self.fields.get(at));
        if self.kind() == SecretType::Opaque && last_key.is_some_and(|field| !field.word().is_empty()) {
            self.fields.push(Field::new("key", "one more, or empty", ""));
            self.fields.push(Field::hidden("value", "empty: a new password; @FILE: what a file holds"));
        }
    }

    fn word(&self, at: usize) -> String {
        self.fields.get(at).map(Field::word).unwrap_or_default()
    }

    fn field(&self, at: usize) -> Secret {
        self.fields.get(at).map(Field::text).unwrap_or_default()
    }

    /// Reads the form.
    fn order(&self, scene: &Scene<'_>) -> Result<(NewSecret, Values), Fault> {
        let (namespace, name, folder) = (self.word(0), self.word(1), self.word(2));
        if namespace.is_empty() || name.is_empty() {
            return Err(wrong("it needs a namespace and a name", "fill both in"));
        }
        let file = |at: usize, what: &str| match self.word(at).trim_start_matches('@') {
            "" => Err(wrong(format!("it needs a file with the {what}"), "name one; ~/ is your home")),
            word => Ok(Given::File(home(word))),
        };
        let (mut values, mut docker, mut env_file) = (Vec::new(), None, None);
        match self.kind() {
            SecretType::Opaque => {
                env_file = Some(self.word(3)).filter(|word| !word.is_empty()).map(|word| home(&word));
                for at in (4..self.fields.len()).step_by(2) {
                    let key = self.word(at);
                    if !key.is_empty() {
                        values.push((key, Given::parse(&self.field(at.saturating_add(1)))));
                    }
                }
            }
            SecretType::DockerRegistry => {
                let (server, user, email) = (self.word(3), self.word(4), self.word(6));
                if server.is_empty() || user.is_empty() || self.field(5).is_empty() {
                    return Err(wrong("a registry wants a server, a username and a password", "fill them in"));
                }
                docker = Some((server, user, self.field(5), Some(email).filter(|email| !email.is_empty())));
            }
            SecretType::Tls => {
                values.push(("tls.crt".to_owned(), file(3, "certificate")?));
                values.push(("tls.key".to_owned(), file(4, "private key")?));
            }
            SecretType::BasicAuth => {
                values.push(("username".to_owned(), Given::Text(Secret::new(self.word(3)))));
                values.push(("password".to_owned(), Given::parse(&self.field(4))));
            }
            SecretType::SshAuth => values.push(("ssh-privatekey".to_owned(), file(3, "private key")?)),
        }
        let new = NewSecret {
            env: scene.facts.name(self.env).to_owned(),
            namespace,
            name,
            kind: self.kind(),
            values: Vec::new(),
            folder: Some(folder).filter(|folder| !folder.is_empty()),
            allowed: Vec::new(),
            agreed: self.place.iter().flat_map(|place| place.readers.clone()).collect(),
        };
        Ok((new, Values { env_file, given: values, docker }))
    }

    /// Requests the guard's permission to create the Secret.
    fn submit(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.making {
            return Vec::new();
        }
        match self.order(scene) {
            Err(fault) => {
                self.problem = Some(fault);
                Vec::new()
            }
            Ok((new, _)) => {
                self.problem = None;
                let Some(place) = self.place.as_ref().filter(|_| self.readers.is_some()) else {
                    self.looking = true;
                    return Self::find_place(new, scene).into_iter().collect();
                };
                let Some(command) = scene.command("secret-new") else { return Vec::new() };
                let answers = vec![("name".to_owned(), format!("{}/{}", new.namespace, new.name))];
                vec![Action::Dispatch(command, targets(self.env, place, scene.facts), answers)]
            }
        }
    }

    /// Finds its place and readers before the Secret is created.
    fn find_place(new: NewSecret, scene: &Scene<'_>) -> Option<Action> {
        let root = scene.facts.repository.as_ref()?.root.clone();
        Some(Action::Task(Task::once("find new readers", move |task_context| async move {
            let look = move || {
                let snapshot = Loader::open(&root).feeds();
                Ok((new.place(&snapshot)?, new.new_readers(&snapshot)?))
            };
            FoundPlace(task_context.away(look).await.and_then(|looked| looked))
        })))
    }

    /// Continues once the readers are known: at once if none is new.
    fn looked(&mut self, looked: FoundPlace, scene: &Scene<'_>) -> Vec<Action> {
        // An edit during the search has made another Secret of it.
        if !std::mem::take(&mut self.looking) {
            return Vec::new();
        }
        match looked.0 {
            Ok((place, readers)) => {
                self.place = Some(place);
                let is_news = !readers.is_empty();
                self.readers = Some(readers.iter().map(ToString::to_string).collect());
                if is_news { Vec::new() } else { self.submit(scene) }
            }
            Err(fault) => {
                self.problem = Some(fault);
                Vec::new()
            }
        }
    }

    /// Drops the answers about the form before the edit.
    fn changed(&mut self) {
        (self.looking, self.readers, self.place) = (false, None, None);
    }

    /// Creates the Secret.
    fn make(&mut self, permit: Permit, scene: &Scene<'_>) -> Vec<Action> {
        let (Some(snapshot), Ok((new, values))) = (&scene.facts.repository, self.order(scene)) else {
            return Vec::new();
        };
        self.making = true;
        let (sender, receiver) = oneshot::channel();
        let at = CreationContext { env: self.env, root: snapshot.root.clone(), now: scene.facts.now };
        // The form may be closed by then.
        let told = |made: &crate::repo::new_secret::WrittenSecret| drop(sender.send(made.file.clone()));
        let work = operation(new, |new| values.values(new), at, permit, told);
        let waiting =
            Task::once("wait until it is made", move |_reach| async move { SavedSecret(receiver.await.ok()) });
        vec![Action::Operate(work), Action::Task(waiting)]
    }

    fn step(&mut self, forward: bool) {
        let count = self.fields.len().saturating_add(CHOICES);
        self.at = if forward { self.at.saturating_add(1) } else { self.at.saturating_add(count - 1) } % count;
    }

    /// Chooses the next environment, or the one before; with a single environment there is no choice.
    fn move_to(&mut self, forward: bool, scene: &Scene<'_>) {
        let motion = if forward { Motion::NextEnvironment } else { Motion::PreviousEnvironment };
        self.env = scene.facts.environment_by(motion, self.env).unwrap_or(self.env);
    }

    fn turn(&mut self, forward: bool) {
        let count = TYPES.len();
        self.kind = (self.kind + if forward { 1 } else { count - 1 }) % count;
        self.lay_out();
    }
}

impl View for NewSecretForm {
    fn id(&self) -> &'static str {
        "new-secret"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        let protected = scene.facts.environment(self.env).is_some_and(|known| known.protected);
        format!("new secret  {}{}", scene.facts.name(self.env), if protected { " PROTECTED" } else { "" })
    }

    fn secret(&self) -> bool {
        true
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text_keys(&self) -> &'static [(&'static str, &'static str)] {
        match self.at {
            0 => &[("left right", "another environment"), ("tab", "next"), ("ctrl-s", "make it"), ("esc", "leave")],
            1 => &[("left right", "another type"), ("tab", "next"), ("ctrl-s", "make it"), ("esc", "leave")],
            _ => &[("tab", "next"), ("backtab", "before"), ("ctrl-s", "make it"), ("esc", "leave")],
        }
    }

    fn targets(&self, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        vec![CommandTarget::Environment(self.env)]
    }

    fn text(&mut self, key: Key, scene: &Scene<'_>) -> Vec<Action> {
        let leaving = std::mem::take(&mut self.leaving);
        if key.is("esc") {
            let typed = self.fields.iter().skip(1).any(|field| !field.word().is_empty() && field.word() != REGISTRY);
            if typed && !leaving {
                self.leaving = true;
                return vec![Action::Tell(Notice::info(scene.facts.now, "esc once more drops what was typed"))];
            }
            return vec![Action::Pop];
        }
        if "ctrl-s".parse() == Ok(key) {
            return self.submit(scene);
        }
        let is_last = self.at + 1 == self.fields.len() + CHOICES;
        if !(key.is("enter") && is_last) {
            self.changed();
        }
        if key.is("tab") || key.is("down") {
            self.step(true);
        } else if key.is("backtab") || key.is("up") || key.to_string() == "shift-tab" {
            self.step(false);
        } else if key.is("enter") {
            if is_last {
                return self.submit(scene);
            }
            self.step(true);
        } else if self.at < CHOICES {
            if key.is("left") || key.is("right") || key.is("space") {
                let forward = !key.is("left");
                if self.at == 0 { self.move_to(forward, scene) } else { self.turn(forward) }
            }
        } else if let Some(field) = self.fields.get_mut(self.at.saturating_sub(CHOICES)) {
            field.editor.key(key);
            self.grow();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _scene: &Scene<'_>) {
        self.changed();
        if let Some(field) = self.at.checked_sub(CHOICES).and_then(|at| self.fields.get_mut(at)) {
            field.editor.paste(text.trim_end_matches('\n'));
            self.grow();
        }
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let payload = match payload.downcast::<Make>() {
            Ok(make) => return make.0.map(|permit| self.make(permit, scene)).unwrap_or_default(),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<FoundPlace>() {
            Ok(looked) => return self.looked(*looked, scene),
            Err(payload) => payload,
        };
        let Ok(made) = payload.downcast::<SavedSecret>() else { return Vec::new() };
        self.making = false;
        self.changed();
        match made.0 {
            Some(_file) => vec![Action::Pop, Action::Rescan],
            // The operation has reported the fault; the typed text stays.
            None => Vec::new(),
        }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let inside = panel(frame, area, &self.title(scene), scene.focus, theme);
        let width = usize::from(inside.width);
        // The edited line stays in sight if there are more lines than rows.
        let room = usize::from(inside.height.saturating_sub(4)).max(1);
        let above = self.at.saturating_sub(room.saturating_sub(1));
        let sign = |index: usize| if self.at == index { signs::SELECTED.sign } else { " " };
        let mut lines: Vec<StyledLine<'_>> = Vec::new();
        let protected = scene.facts.environment(self.env).is_some_and(|known| known.protected);
        let environment = format!("{} >{}", scene.facts.name(self.env), if protected { "  PROTECTED" } else { "" });
        let choices = [("environment", environment), ("type", format!("{} >", self.kind().word()))];
        for (index, (label, chosen)) in choices.into_iter().enumerate().skip(above) {
            let line = format!("{} {}< {chosen}", sign(index), pad(label, LABEL - 1));
            lines.push(StyledLine::styled(fit(&line, width), theme.style(Scope::Heading)));
        }
        let mut edited = None;
        let seen = room.saturating_sub(lines.len());
        for (field, index) in self.fields.iter().zip(CHOICES..).skip(above.saturating_sub(CHOICES)).take(seen) {
            let lead = format!("{} {}", sign(index), pad(field.label, LABEL - 1));
            let mut spans = vec![Span::styled(lead, theme.style(Scope::Heading))];
            if self.at == index {
                edited = Some((lines.len(), field));
            } else {
                spans.push(Span::styled(pad(&fit(&field.shown(), FIELD), FIELD), theme.style(Scope::Text)));
                let hint = fit(field.hint, width.saturating_sub(LABEL + 3 + FIELD));
                spans.push(Span::styled(format!("  {hint}"), theme.style(Scope::Dim)));
            }
            lines.push(StyledLine::from(spans));
        }
        lines.push(StyledLine::default());
        // Beside the field there may be no room for all of its hint.
        let hint = self.at.checked_sub(CHOICES).and_then(|at| self.fields.get(at)).map(|field| field.hint);
        let beside = width.saturating_sub(LABEL + 3 + FIELD);
        for text in hint.filter(|hint| hint.chars().count() > beside).into_iter().flat_map(|hint| wrap(hint, width)) {
            lines.push(StyledLine::styled(text, theme.style(Scope::Dim)));
        }
        let new = self.readers.iter().flatten().map(|reader| format!("A new reader: {reader}"));
        for text in new.flat_map(|text| wrap(&text, width)) {
            lines.push(StyledLine::styled(text, theme.style(Scope::Error)));
        }
        let foot = if self.making {
            "being made"
        } else if self.readers.as_ref().is_some_and(|readers| !readers.is_empty()) {
            "ctrl-s once more makes it, for these readers too   esc leave"
        } else {
            "ctrl-s make it   tab, up, down: next   left, right: another environment or type   esc leave"
        };
        lines.extend(wrap(foot, width).into_iter().map(|text| StyledLine::styled(text, theme.style(Scope::Dim))));
        let problem = self
            .problem
            .iter()
            .map(|fault| format!("{}: {}; {}", fault.what, fault.why, scene.keymap.written(&fault.todo)));
        for text in problem.flat_map(|text| wrap(&text, width)) {
            lines.push(StyledLine::styled(text, theme.style(Scope::Error)));
        }
        frame.render_widget(Paragraph::new(lines), inside);
        let Some((row, field)) = edited else { return };
        let row = inside.y.saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
        let left = inside.x.saturating_add(u16::try_from(LABEL + 1).unwrap_or(0));
        let room = inside.right().saturating_sub(left);
        let wide = room.min(u16::try_from(FIELD).unwrap_or(room));
        if row < inside.bottom() {
            field.editor.render(frame, Rect { x: left, y: row, width: wide, height: 1 }, theme);
            let hint =
                Rect { x: left.saturating_add(wide + 2), y: row, width: room.saturating_sub(wide + 2), height: 1 };
            frame.render_widget(
                StyledLine::styled(fit(field.hint, usize::from(hint.width)), theme.style(Scope::Dim)),
                hint,
            );
        }
    }
}
