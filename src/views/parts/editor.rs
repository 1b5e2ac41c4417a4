//! The screen while a file is open in the user's own editor, which has the terminal.
//!
//! ```text
//! +- editor ---------------------------------------------+
//! | apps/base/homepage/configmap.yaml is open in vi       |
//! +-------------------------------------------------------+
//! ```

use std::any::Any;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::terminal::Ended;
use crate::app::{Action, Facts, Notice, Program, Scene, Task, View};
use crate::model::{Fault, FaultKind};
use crate::programs;
use crate::widgets::{Paragraph, StyledLine, centred, fit, panel};

/// The end of the editor, or the reason that none started.
type Answer = Result<Ended, Fault>;

/// Opens a file of the working tree in the user's editor; refused in read-only mode.
pub fn open(path: &str, facts: &Facts) -> Vec<Action> {
    if facts.read_only {
        return vec![Action::Tell(Notice::fault(
            facts.now,
            Fault::new(
                FaultKind::Refused,
                format!("editing {path} is refused"),
                "fluxdeck was started with --read-only",
                "‹key:open› shows the file; start fluxdeck without --read-only to change it",
            ),
        ))];
    }
    vec![Action::Push(Box::new(Editor { path: path.to_owned() }))]
}

/// Waits for the editor.
#[derive(Debug)]
struct Editor {
    path: String,
}

impl View for Editor {
    fn id(&self) -> &'static str {
        "editor"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        format!("{} in the editor", self.path)
    }

    fn overlay(&self) -> bool {
        true
    }

    fn render(&self, frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>) {
        let inside = panel(frame, centred(area, 72, 3), "editor", true, scene.theme);
        let text = fit(&format!("{} is open in your editor", self.path), usize::from(inside.width));
        frame.render_widget(Paragraph::new(StyledLine::from(text)), inside);
    }

    fn opened(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        let path = self.path.clone();
        vec![Action::Task(Task::once(format!("edit {path}"), |task_context| async move {
            let file = task_context.file(&path)?;
            let program = Program::editor(&programs::preferred_editor(), &file);
            let folder = task_context.root.clone().unwrap_or_default();
            task_context.terminal.run(program.inside(folder)).await
        }))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, scene: &Scene<'_>) -> Vec<Action> {
        let Ok(answer) = payload.downcast::<Answer>() else { return Vec::new() };
        let path = &self.path;
        let failed = |why: String| {
            let todo = "set VISUAL or EDITOR to an editor that is installed here";
            Notice::fault(scene.facts.now, Fault::failed(format!("{path} was not edited"), why, todo))
        };
        let notice = match *answer {
            Ok(ended) if ended.is_good() => return vec![Action::Pop, Action::Rescan],
            Ok(ended) => failed(format!("the editor: {}", ended.word())),
            Err(fault) => Notice::fault(scene.facts.now, fault),
        };
        vec![Action::Pop, Action::Tell(notice)]
    }
}
