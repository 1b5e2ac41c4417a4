//! A text file of the repository, to be read: its findings, its objects in each environment, and its text.
//!
//! ```text
//! +> apps/base/linkding/deployment.yaml  read by apps in staging, production ------+
//! | plain text  Secret web/app: password  enter encrypts it (a plain Secret only)   |
//! | becomes in staging     = Deployment/linkding/linkding  ready 1/1                |
//! | becomes in production  ~ Deployment/linkding/linkding  progressing 0/1          |
//! |                                                                                 |
//! |>  1  apiVersion: apps/v1                                                       |
//! |   2  kind: Deployment                                                          |
//! +--------------------------------------------------------------------------------+
//! ```

mod becomes;
mod document;

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};

pub(in crate::views) use becomes::look_of;
use becomes::{Becomes, Lives};
use document::Jump;
pub(in crate::views) use document::is_document;

use crate::app::{Action, Ask, CommandTarget, Facts, Notice, Scene, Task, TaskContext, View};
use crate::model::{Env, Fault};
use crate::repo::secrets::plain_secrets;
use crate::repo::{EntryKind, Snapshot};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::{Paged, follow};
use crate::views::parts::tabs;

/// The largest file on the screen: Flux reads no larger one, as Kubernetes' own limit for an object is the same.
const LARGEST: u64 = 1024 * 1024;
/// The drawn form of a tab: the terminal's own tabs would break the panel.
const TAB: &str = "    ";

/// Shows a file: its findings and objects, then its text; a Markdown document without its marks.
#[derive(Debug)]
pub struct FileView {
    env: Option<Env>,
    path: String,
    page: Page,
    becomes: Becomes,
    /// The Secrets in plain text.
    plain: Vec<String>,
    /// The lines above the text.
    head: Vec<PageLine>,
    body: Vec<PageLine>,
    /// Both, as the page shows them.
    lines: SharedLines,
    jumps: Vec<Option<Jump>>,
    /// The place to go to once the text is read.
    start: Option<Start>,
    is_read: bool,
    /// The repository at the last read: a newer one may have another text.
    seen: Weak<Snapshot>,
}

/// Names the place at which a file opens.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Start {
    /// At a line, from one.
    Line(usize),
    /// At a heading.
    Anchor(String),
}

/// The answer of the task.
type Answer = Result<String, Fault>;

/// Opens a file that is not encrypted.
pub fn open(target: &CommandTarget, ask: &Ask<'_>) -> Option<Box<dyn View>> {
    let CommandTarget::File(env, path) = target else { return None };
    is_text(ask.facts, path).then(|| Box::new(FileView::new(*env, path)) as Box<dyn View>)
}

/// Opens a file at a line, from one; `None` if it is not shown as text.
pub fn open_at(target: &CommandTarget, line: usize, facts: &Facts) -> Option<Box<dyn View>> {
    let CommandTarget::File(env, path) = target else { return None };
    is_text(facts, path)
        .then(|| Box::new(FileView { start: Some(Start::Line(line)), ..FileView::new(*env, path) }) as Box<dyn View>)
}

fn is_text(facts: &Facts, path: &str) -> bool {
    let entry = facts.repository.as_ref().and_then(|snapshot| snapshot.scan.get(path));
    !entry.is_some_and(|entry| entry.lock.is_some() || entry.kind == EntryKind::Directory)
}

impl FileView {
    /// Opens a file by its path below the repository's root.
    pub fn new(env: Option<Env>, path: &str) -> Self {
        Self {
            env,
            path: path.to_owned(),
            page: Page::new(SearchKey::Searches),
            becomes: Becomes::default(),
            plain: Vec::new(),
            head: Vec::new(),
            body: Vec::new(),
            lines: vec![PageLine::cut("reading...", Scope::Dim)].into(),
            jumps: Vec::new(),
            start: None,
            is_read: false,
            seen: Weak::new(),
        }
    }

    /// Joins head and body, with the cursor on its line.
    fn compose(&mut self, facts: &Facts) {
        let before = self.head.len();
        self.head = self.written_head(facts);
        self.lines = self.head.iter().chain(&self.body).cloned().collect::<Vec<_>>().into();
        self.page.head_changed(before, self.head.len());
    }

    /// Writes the lines above the text: plain Secrets first, with the remedy.
    fn written_head(&self, facts: &Facts) -> Vec<PageLine> {
        let offer = |secret: &String| {
            let text = format!(
                "Secret {secret}: ‹key:open› encrypts it as .sops.yaml says; change the values if it was ever pushed"
            );
            PageLine::wrapped(text, Scope::Error)
                .after("plain text  ", Scope::Failed)
                .runs("secret-encrypt", vec![CommandTarget::File(self.env, self.path.clone())])
        };
        self.plain.iter().map(offer).chain(self.becomes.lines(&self.path, facts)).collect()
    }

    /// Shows the text of the file.
    fn show(&mut self, text: &str, facts: &Facts) {
        self.plain = plain_secrets(text);
        let (mut anchors, mut sources) = (BTreeMap::new(), Vec::new());
        if document::is_document(&self.path) {
            let page = document::Page::new(&self.path, text, facts);
            (self.body, self.jumps) = (page.lines, page.jumps);
            (anchors, sources) = (page.anchors, page.sources);
        } else {
            (self.body, self.jumps) = (numbered(text), Vec::new());
        }
        let line = match self.start.take() {
            Some(Start::Line(line)) if sources.is_empty() => Some(line.saturating_sub(1)),
            Some(Start::Line(line)) => {
                sources.iter().rev().find(|(source, _)| *source <= line).map(|(_, place)| *place)
            }
            Some(Start::Anchor(anchor)) => anchors.get(&anchor.to_lowercase()).copied(),
            None => None,
        };
        self.compose(facts);
        if let Some(line) = line {
            self.page.go_to(self.head.len().saturating_add(line));
        }
    }

    /// Returns the link target of the cursor's line.
    fn jump(&self) -> Option<&Jump> {
        let line = self.page.index(&self.lines)?.checked_sub(self.head.len())?;
        self.jumps.get(line)?.as_ref()
    }

    /// Follows the link of the cursor's line.
    fn follow(&mut self, scene: &Scene<'_>) -> Option<Vec<Action>> {
        match self.jump()?.clone() {
            Jump::Here(line) => {
                self.page.go_to(self.head.len().saturating_add(line));
                Some(Vec::new())
            }
            Jump::File(path, anchor) => {
                if !is_text(scene.facts, &path) {
                    return None;
                }
                let env = scene.facts.environment_of(&path);
                let start = anchor.map(Start::Anchor);
                Some(vec![Action::Push(Box::new(Self { start, ..Self::new(env, &path) }))])
            }
            Jump::Elsewhere(url) => {
                let notice = Notice::info(scene.facts.now, format!("{url} is on the clipboard: it opens in a browser"));
                Some(vec![Action::Copy(url), Action::Tell(notice)])
            }
        }
    }

    fn read(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.seen = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        let path = self.path.clone();
        vec![Action::Task(Task::blocking(format!("read {path}"), move |task_context| text(&task_context, &path)))]
    }
}

/// Reads the text of a file, if it can be shown.
fn text(task_context: &TaskContext, path: &str) -> Answer {
    let refuse = |why: String, todo: &str| Err(Fault::failed(format!("cannot show {path}"), why, todo));
    let file = task_context.file(path)?;
    let outside = || refuse("it leads out of the repository".to_owned(), "look at it with a pager");
    // A link of the repository could point to any file of the account; the screen may end in a snapshot or a recording.
    match (file.canonicalize(), task_context.root.as_deref().map(Path::canonicalize)) {
        (Err(error), _) => return refuse(error.to_string(), "was it moved? the tree follows the files by itself"),
        (Ok(real), Some(Ok(root))) if real.starts_with(&root) => {}
        _ => return outside(),
    }
    match file.metadata() {
        Ok(data) if !data.is_file() => {
            return refuse("it is not a regular file".to_owned(), "nothing can be read there");
        }
        Ok(data) if data.len() > LARGEST => {
            return refuse(
                format!("it has {} KiB", data.len() / 1024),
                "look at it with a pager; 1 MiB is shown at most",
            );
        }
        Ok(_) => {}
        Err(error) => return refuse(error.to_string(), "may you read it?"),
    }
    let bytes = match crate::files::read(&file, LARGEST) {
        Ok(bytes) => bytes,
        Err(error) => return refuse(error.to_string(), "may you read it?"),
    };
    String::from_utf8(bytes).or_else(|_| refuse("it is not text in UTF-8".to_owned(), "`file` tells what it is"))
}

/// Writes the readers of a file: `read by apps in staging, production`.
fn readers(facts: &Facts, path: &str) -> String {
    let Some(snapshot) = &facts.repository else { return String::new() };
    let mut readers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for feed in snapshot.fed_by(path) {
        readers.entry(&feed.name).or_default().push(&feed.env);
    }
    if readers.is_empty() {
        return "read by no Kustomization".to_owned();
    }
    let told: Vec<String> = readers.iter().map(|(name, envs)| format!("{name} in {}", envs.join(", "))).collect();
    format!("read by {}", told.join("; "))
}

/// Numbers the lines of a text.
fn numbered(text: &str) -> Vec<PageLine> {
    if text.is_empty() {
        return vec![PageLine::cut("the file is empty", Scope::Dim)];
    }
    let width = text.lines().count().to_string().len();
    let line = |(index, line): (usize, &str)| {
        PageLine::cut(line.replace('\t', TAB), Scope::Text).after(format!("{:>width$}  ", index + 1), Scope::Dim)
    };
    text.lines().enumerate().map(line).collect()
}

impl Paged for FileView {
    fn id(&self) -> &'static str {
        "file"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("{}  {}", self.path, readers(scene.facts, &self.path))
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, _scene: &Scene<'_>) -> SharedLines {
        self.lines.clone()
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.becomes.forget();
        let mut actions = self.read(scene);
        self.compose(scene.facts);
        actions.extend(self.becomes.ask(&self.path, scene.facts).map(Action::Task));
        actions
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if self.head != self.written_head(scene.facts) {
            self.compose(scene.facts);
        }
        let now = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        let mut actions = if Weak::ptr_eq(&now, &self.seen) { Vec::new() } else { self.read(scene) };
        actions.extend(self.becomes.ask(&self.path, scene.facts).map(Action::Task));
        actions
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        if self.jump().is_some() {
            return self.follow(scene);
        }
        if let Some(line) = line.filter(|line| line.command().is_some()) {
            return Some(follow(line, scene).into_iter().collect());
        }
        // The command opens the object of a line; the file itself is open already.
        if line.is_some_and(|line| line.link().is_some()) { None } else { Some(Vec::new()) }
    }

    fn opens(&self, line: Option<&PageLine>, _lines: &[PageLine]) -> bool {
        self.jump().is_some() || line.is_some_and(|line| line.command().is_some() || line.link().is_some())
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let object = line.and_then(PageLine::link);
        vec![object.cloned().unwrap_or_else(|| CommandTarget::File(self.env, self.path.clone()))]
    }

    fn subject(&self) -> Option<CommandTarget> {
        Some(CommandTarget::File(self.env, self.path.clone()))
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        match payload.downcast::<Answer>() {
            Ok(answer) => {
                match *answer {
                    Ok(text) => self.show(&text, scene.facts),
                    Err(fault) => {
                        (self.body, self.jumps) = (tabs::fault(&fault), Vec::new());
                        self.compose(scene.facts);
                    }
                }
                self.is_read = true;
            }
            Err(payload) => {
                if let Ok(lives) = payload.downcast::<Lives>() {
                    self.becomes.take(*lives);
                    self.compose(scene.facts);
                }
            }
        }
        Vec::new()
    }

    fn filters(&self) -> bool {
        self.is_read
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{FileView, text};
    use crate::app::{CommandTarget, TaskContext};
    use crate::model::{Clock, Env, PerEnv};

    fn task_context(root: &std::path::Path) -> TaskContext {
        TaskContext {
            clusters: Arc::new(PerEnv::default()),
            root: Some(root.to_owned()),
            identities: Arc::default(),
            journal: None,
            clock: Clock::fixed(jiff::Timestamp::UNIX_EPOCH),
            terminal: crate::app::Lender::default(),
            renderer: crate::render::Worker::default(),
            away: |work| work(),
        }
    }

    #[test]
    fn a_plain_secret_offers_to_be_encrypted() {
        let facts = crate::app::test_support::facts();
        let mut view = FileView::new(Some(Env(0)), "apps/web/secret.yaml");
        view.show(
            "kind: Secret\nmetadata: {name: app, namespace: web}\nstringData:\n  password: hunter2\n  user: \"\"\n",
            &facts,
        );
        let line = view.lines.first().unwrap();
        let target = CommandTarget::File(Some(Env(0)), "apps/web/secret.yaml".to_owned());
        assert_eq!(line.command(), Some(("secret-encrypt", [target].as_slice())));
        assert!(format!("{line:?}").contains("Secret web/app: password: ‹key:open› encrypts it"), "{line:?}");
        for harmless in ["kind: Secret\nmetadata: {name: a}\n", "kind: ConfigMap\nstringData: {password: hunter2}\n"] {
            view.show(harmless, &facts);
            assert!(view.lines.iter().all(|line| line.command().is_none()), "{harmless}");
        }
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repository");
        std::fs::create_dir(&root).unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(root.join(name), bytes).unwrap();
        write("plain.yaml", b"kind: ConfigMap\n");
        write("latin", b"caf\xe9");
        write("large", &vec![b'a'; 1024 * 1024 + 1]);
        std::fs::write(folder.path().join("outside"), "hunter2").unwrap();
        std::os::unix::fs::symlink("../outside", root.join("link")).unwrap();
        let task_context = task_context(&root);
        assert_eq!(text(&task_context, "plain.yaml").unwrap(), "kind: ConfigMap\n");
        let why = |path: &str| text(&task_context, path).unwrap_err().why;
        assert!(why("latin").contains("UTF-8"));
        assert!(why("large").contains("1024 KiB"));
        assert!(why("link").contains("out of the repository"));
        assert!(why("gone").contains("No such file"));
        assert!(why("../outside").contains("out of the repository"));
    }
}
