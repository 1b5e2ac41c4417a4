//! A text file of the repository, to be read.
//!
//! ```text
//! +> apps/base/linkding/deployment.yaml  read by apps in staging, production ------+
//! |>  1  apiVersion: apps/v1                                                       |
//! |   2  kind: Deployment                                                          |
//! +--------------------------------------------------------------------------------+
//! ```

use std::any::Any;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Weak};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::{Action, Ask, Facts, Motion, Reach, Scene, Target, Task, View};
use crate::model::{Env, Fault};
use crate::repo::{EntryKind, Snapshot};
use crate::theme::Scope;
use crate::views::page::{Page, PageLine, Slash};
use crate::views::tabs;
use crate::widgets::{panel, wrap};

/// Larger files are not shown: nothing that Flux reads is so large, as Kubernetes' own limit for an object is the same.
const LARGEST: u64 = 1024 * 1024;
/// What a tab is drawn as: the terminal's own tabs would break the panel.
const TAB: &str = "    ";

/// Shows a file.
#[derive(Debug)]
pub struct File {
    env: Option<Env>,
    path: String,
    page: Page,
    lines: Vec<PageLine>,
    read: bool,
    /// The repository when the file was read last: a newer one may have another text.
    seen: Weak<Snapshot>,
}

/// What the task answers.
type Answer = Result<String, Fault>;

/// Opens a file that is not encrypted.
pub fn open(target: &Target, ask: &Ask<'_>) -> Option<Box<dyn View>> {
    let Target::File(env, path) = target else { return None };
    let entry = ask.facts.repository.as_ref().and_then(|snapshot| snapshot.scan.get(path));
    if entry.is_some_and(|entry| entry.lock.is_some() || entry.kind == EntryKind::Directory) {
        return None;
    }
    Some(Box::new(File::new(*env, path)))
}

impl File {
    /// Opens a file by its path below the repository's root.
    pub fn new(env: Option<Env>, path: &str) -> Self {
        Self {
            env,
            path: path.to_owned(),
            page: Page::new(Slash::Searches),
            lines: vec![PageLine::cut("reading...", Scope::Dim)],
            read: false,
            seen: Weak::new(),
        }
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.seen = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        let path = self.path.clone();
        vec![Action::Task(Task::blocking(format!("read {path}"), move |reach| text(&reach, &path)))]
    }
}

/// Reads the text of a file, where it is one that can be shown.
fn text(reach: &Reach, path: &str) -> Answer {
    let refuse = |why: String, todo: &str| Err(Fault::failed(format!("cannot show {path}"), why, todo));
    let file = reach.file(path)?;
    let outside = || refuse("it leads out of the repository".to_owned(), "look at it with a pager");
    // A link of the repository could point at any file of the account; what is shown may end in a snapshot or a recording.
    match (file.canonicalize(), reach.root.as_deref().map(Path::canonicalize)) {
        (Err(error), _) => return refuse(error.to_string(), "was it moved? the tree follows the files by itself"),
        (Ok(real), Some(Ok(root))) if real.starts_with(&root) => {}
        _ => return outside(),
    }
    match file.metadata() {
        Ok(data) if !data.is_file() => return refuse("it is no regular file".to_owned(), "nothing can be read there"),
        Ok(data) if data.len() > LARGEST => {
            return refuse(
                format!("it has {} KiB", data.len() / 1024),
                "look at it with a pager; 1 MiB is shown at most",
            );
        }
        Ok(_) => {}
        Err(error) => return refuse(error.to_string(), "may you read it?"),
    }
    let mut bytes = Vec::new();
    let read = std::fs::File::open(&file).and_then(|open| open.take(LARGEST).read_to_end(&mut bytes));
    if let Err(error) = read {
        return refuse(error.to_string(), "may you read it?");
    }
    String::from_utf8(bytes).or_else(|_| refuse("it is not text in UTF-8".to_owned(), "`file` tells what it is"))
}

/// Writes who reads a file: `read by apps in staging, production`.
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

/// Writes what is wrong with a file, wrapped to a width.
fn wrong(facts: &Facts, path: &str, width: usize) -> Vec<String> {
    let findings = facts.repository.iter().flat_map(|snapshot| &snapshot.findings);
    let told = findings.filter(|finding| finding.file == path).map(|finding| {
        let line = finding.line.map_or_else(String::new, |line| format!("line {line}: "));
        let fault = &finding.fault;
        format!("{line}{}: {}; {}", fault.what, fault.why, fault.todo)
    });
    told.flat_map(|text| wrap(&text, width)).collect()
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

impl View for File {
    fn id(&self) -> &'static str {
        "file"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("{}  {}", self.path, readers(scene.facts, &self.path))
    }

    fn opened(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.load(scene)
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let now = scene.facts.repository.as_ref().map(Arc::downgrade).unwrap_or_default();
        if Weak::ptr_eq(&now, &self.seen) { Vec::new() } else { self.load(scene) }
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let title = self.title(scene) + &tabs::found(self.page.found(&self.lines));
        let inside = panel(frame, area, &title, scene.focus, scene.theme);
        let wrong = wrong(scene.facts, &self.path, usize::from(inside.width));
        let height = u16::try_from(wrong.len()).unwrap_or(0).min(inside.height / 2);
        let [told, body] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(inside);
        tabs::text(frame, told, &wrong, Scope::Error, scene.theme);
        self.page.render(frame, body, &self.lines, scene.theme);
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Option<Vec<Action>> {
        match motion {
            // The file is open already.
            Motion::Open => Some(Vec::new()),
            Motion::Redraw => {
                let mut actions = self.load(scene);
                actions.push(Action::Redraw);
                Some(actions)
            }
            _ => self.page.motion(motion, &self.lines).then(Vec::new),
        }
    }

    fn targets(&self, _scene: &Scene<'_>) -> Vec<Target> {
        vec![Target::File(self.env, self.path.clone())]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(answer) = payload.downcast::<Answer>() {
            self.lines = match *answer {
                Ok(text) => numbered(&text),
                Err(fault) => tabs::fault(&fault),
            };
            self.read = true;
        }
        Vec::new()
    }

    fn filter(&mut self, text: &str, _scene: &Scene<'_>) -> bool {
        self.page.search(text, &self.lines);
        self.read
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::text;
    use crate::app::Reach;
    use crate::model::{Clock, PerEnv};

    fn reach(root: &std::path::Path) -> Reach {
        Reach {
            clusters: Arc::new(PerEnv::default()),
            root: Some(root.to_owned()),
            identities: Arc::default(),
            journal: None,
            clock: Clock::fixed(jiff::Timestamp::UNIX_EPOCH),
            terminal: crate::app::Lender::default(),
            away: |work| work(),
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
        let reach = reach(&root);
        assert_eq!(text(&reach, "plain.yaml").unwrap(), "kind: ConfigMap\n");
        let why = |path: &str| text(&reach, path).unwrap_err().why;
        assert!(why("latin").contains("UTF-8"));
        assert!(why("large").contains("1024 KiB"));
        assert!(why("link").contains("out of the repository"));
        assert!(why("gone").contains("No such file"));
        assert!(why("../outside").contains("out of the repository"));
    }
}
