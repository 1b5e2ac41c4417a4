//! The lesson panel below the views: the commands as they run, the reason, the expected result, and the keys that copy
//! them.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{Action, App, Effect, Notice};
use crate::app::dialog::WholeLesson;
use crate::model::{Lesson, LessonHabits, LessonMode, ShellLine};
use crate::theme::Scope;
use crate::widgets::{Paragraph, StyledLine, command_rows, fit, panel, wrap};

/// The lowest height with a lesson panel; below it the view gets its room.
const FROM_HEIGHT: u16 = 20;

/// The lowest height at which it has one more row.
const ROOMY_HEIGHT: u16 = 30;

/// The most rows by which it grows for commands that do not fit into one.
const MORE_ROWS: u16 = 3;

/// The commands that the panel names beside its title, with their effects.
const KEYS: [(&str, &str); 2] = [("lesson-copy", "copies it"), ("lesson-open", "opens it")];

/// The beginning of the title of a selection's lesson.
pub(super) const LOOK: &str = "Look at ";

/// Returns the lesson about a commit; opening one teaches it, too.
pub fn lesson_of_commit(hash: &str) -> Lesson {
    Lesson {
        shell: ShellLine::new("git show {}", &[hash]),
        place: String::new(),
        why: "A commit says who changed what, when and why; the screen adds what it changes in each environment."
            .to_owned(),
        look_for: "the lines with + and - of the files that feed what you look at.".to_owned(),
        docs: "https://git-scm.com/docs/git-show".into(),
    }
}

/// Returns the name under which a lesson is counted: its title; that of a selection names the object, so that its page
/// stands for all of the kind.
fn habit_of<'a>(title: &'a str, lesson: &'a Lesson) -> &'a str {
    if title.starts_with(LOOK) { &lesson.docs } else { title }
}

impl App {
    /// Returns the height of the panel on a screen; 0 if it is not shown.
    pub(super) fn lesson_height(&self, area: Rect) -> u16 {
        let Some((_, lesson)) = self.lesson.as_ref().filter(|_| self.lesson_shown && area.height >= FROM_HEIGHT) else {
            return 0;
        };
        // The whole lesson is on the screen already, or help needs the room for all the keys.
        if matches!(self.view_id(), WholeLesson::ID | "help") {
            return 0;
        }
        let width = usize::from(area.width.saturating_sub(2));
        let rows: usize = lesson.commands().map(|command| command_rows(command, width).len()).sum();
        if self.met_often().is_some() {
            return u16::try_from(rows).unwrap_or(MORE_ROWS).min(MORE_ROWS + 1) + 2;
        }
        let more = u16::try_from(rows.saturating_sub(1)).unwrap_or(MORE_ROWS).min(MORE_ROWS);
        more + if area.height >= ROOMY_HEIGHT { 6 } else { 5 }
    }

    pub(super) fn render_lesson(&self, frame: &mut Frame<'_>, area: Rect) {
        let Some((title, lesson)) = &self.lesson else { return };
        let often = self.met_often();
        let keys = often.map_or_else(|| self.lesson_keys(), |count| self.shrunk_word(count));
        let title =
            if keys.is_empty() { heading(title, lesson) } else { format!("{}  ({keys})", heading(title, lesson)) };
        let inside = panel(frame, area, &title, false, &self.theme);
        let (width, room) = (usize::from(inside.width), usize::from(inside.height));
        let for_commands = if often.is_some() { room } else { room.saturating_sub(1).max(1) };
        let shown = shown(lesson, width, for_commands);
        let mut lines: Vec<StyledLine<'_>> = shown
            .into_iter()
            .map(|(text, is_command)| {
                let scope = if is_command { Scope::Shell } else { Scope::Dim };
                StyledLine::styled(fit(&text, width), self.theme.style(scope))
            })
            .collect();
        let left = if often.is_some() { 0 } else { room.saturating_sub(lines.len()) };
        let words = wrap(&format!("Why: {}  Look for: {}", lesson.why, lesson.look_for), width);
        let documented = left > words.len();
        let words_room = left.saturating_sub(usize::from(documented));
        let cut = words_room > 0 && words.len() > words_room;
        for (index, text) in words.into_iter().take(words_room).enumerate() {
            let last = cut && index + 1 == words_room;
            lines.push(StyledLine::from(if last { fit(&format!("{text} ~"), width) } else { text }));
        }
        if documented {
            lines.push(StyledLine::styled(fit(&lesson.docs, width), self.theme.style(Scope::Dim)));
        }
        frame.render_widget(Paragraph::new(lines), inside);
    }

    /// Returns how often the shown lesson was met, if that is why it is its command lines alone.
    fn met_often(&self) -> Option<u32> {
        let (title, lesson) = self.lesson.as_ref().filter(|_| !self.lesson_whole)?;
        self.habits.often(habit_of(title, lesson))
    }

    /// Counts the lesson of a selection, once a session for each kind of object: the same one comes with every line that
    /// is selected.
    pub(super) fn meet_selection(&mut self, title: &str, lesson: &Lesson, effects: &mut Vec<Effect>) {
        let habit = habit_of(title, lesson);
        if self.looked.insert(habit.to_owned()) {
            self.habits.meet(habit);
            effects.push(Effect::KeepLessons(self.habits.clone()));
        }
    }

    /// Writes the keys into a lesson's texts.
    pub(super) fn with_lesson_keys(&self, mut lesson: Lesson) -> Lesson {
        for text in [&mut lesson.why, &mut lesson.look_for] {
            *text = self.keymap.written(text).into_owned();
        }
        lesson
    }

    /// Says why the lesson is short, and which key shows all of it.
    fn shrunk_word(&self, count: u32) -> String {
        let key = self.keymap.keys_of("lesson").first().map_or_else(|| "lesson".to_owned(), ToString::to_string);
        format!("met {count} times: {key} shows all of it")
    }

    /// Shows the lesson, all of it where it is short, or hides it.
    pub(super) fn toggle_lesson(&mut self) {
        if self.lesson_shown && self.met_often().is_some() {
            self.lesson_whole = true;
        } else {
            (self.lesson_shown, self.lesson_whole) = (!self.lesson_shown, false);
        }
    }

    /// Counts a lesson that a command showed, and has that kept.
    pub(super) fn meet_lesson(&mut self, title: &str, lesson: &Lesson, effects: &mut Vec<Effect>) {
        if lesson.shell.is_empty() {
            return;
        }
        self.lesson_whole = false;
        self.habits.meet(title);
        effects.push(Effect::KeepLessons(self.habits.clone()));
    }

    /// Switches to the next mode of lessons, and has that kept.
    pub(super) fn next_lesson_mode(&mut self) -> LessonMode {
        let mode = self.habits.mode.unwrap_or_default().next();
        self.show_lessons(mode);
        mode
    }

    /// Takes what earlier runs counted.
    pub(super) fn remember_lessons(&mut self, before: LessonHabits) {
        self.habits.add(before);
        if self.habits.mode == Some(LessonMode::Never) {
            self.lesson_shown = false;
        }
    }

    /// Names the keys that act on the lesson, unless the view on top uses them.
    fn lesson_keys(&self) -> String {
        let Some(layer) = self.layers.last().filter(|layer| !layer.view.takes_text()) else { return String::new() };
        let free = |(id, what): &(&str, &str)| {
            let keys = self.keymap.keys_of(id);
            let key = keys.iter().find(|key| !self.keymap.commands(**key).any(|one| one.scope_is(layer.view.id())))?;
            Some(format!("{key} {what}"))
        };
        KEYS.iter().filter_map(free).collect::<Vec<_>>().join(", ")
    }

    /// Puts the commands of the lesson on the clipboard.
    pub(super) fn copy_lesson(&self) -> Vec<Action> {
        match &self.lesson {
            Some((_, lesson)) => copied(lesson.shell.as_str(), self.facts.now),
            None => vec![Action::Tell(Notice::info(self.facts.now, "there is no lesson here"))],
        }
    }

    /// Opens the whole lesson.
    pub(super) fn open_lesson(&self) -> Vec<Action> {
        match &self.lesson {
            Some((title, lesson)) => {
                vec![Action::Push(Box::new(WholeLesson::new(heading(title, lesson), lesson.clone())))]
            }
            None => vec![Action::Tell(Notice::info(self.facts.now, "there is no lesson here"))],
        }
    }
}

/// Copies commands, with a notice.
pub(super) fn copied(commands: &str, now: jiff::Timestamp) -> Vec<Action> {
    let told = match commands.lines().count() {
        0 | 1 => format!("copied {commands}"),
        count => format!("copied {count} commands, the first: {}", commands.lines().next().unwrap_or_default()),
    };
    vec![Action::Copy(commands.to_owned()), Action::Tell(Notice::info(now, told))]
}

/// Writes the title of a lesson, with the environments that its commands do not name.
fn heading(title: &str, lesson: &Lesson) -> String {
    if lesson.place.is_empty() || lesson.shell.contains(&lesson.place) || title.contains(&lesson.place) {
        title.to_owned()
    } else {
        format!("{title}, {}", lesson.place)
    }
}

/// Returns the rows of whole commands that have room, and the number of the others.
fn shown(lesson: &Lesson, width: usize, room: usize) -> Vec<(String, bool)> {
    let all: Vec<Vec<String>> = lesson.commands().map(|command| command_rows(command, width)).collect();
    let needed: usize = all.iter().map(Vec::len).sum();
    let mut rows: Vec<(String, bool)> = Vec::new();
    for (index, command) in all.iter().enumerate() {
        let kept = usize::from(needed > room);
        if index > 0 && rows.len() + command.len() + kept > room {
            rows.push((format!("and {} more commands", all.len() - index), false));
            break;
        }
        rows.extend(command.iter().take(room).map(|row| (row.clone(), true)));
    }
    rows
}
