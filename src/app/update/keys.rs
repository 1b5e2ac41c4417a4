//! The effects of keys, motions and pasted text: text goes to inputs, keys to commands and motions.

use zeroize::Zeroizing;

use crate::app::motion::Motion;
use crate::app::refusal::without_effect;
use crate::app::{App, Command, Consent, Effect, Key, Notice, NoticeEnd, OnScreen};

impl App {
    /// Handles a key; the answer to the one before goes.
    pub(super) fn pressed(&mut self, key: Key, effects: &mut Vec<Effect>) {
        if self.notice_end == NoticeEnd::Key {
            self.notice_of = None;
        }
        let told = self.facts.notices.len();
        self.key(key, effects);
        if self.facts.notices.get(told..).and_then(<[Notice]>::last).is_some_and(|last| last.fault.is_none()) {
            self.notice_end = NoticeEnd::Key;
        }
    }

    pub(super) fn key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        self.resting = false;
        self.keep_focus();
        effects.push(Effect::OnScreen(OnScreen::Rest));
        if self.filtering.is_some() {
            self.filter_key(key);
            return;
        }
        let Some(top) = self.layers.len().checked_sub(1) else { return };
        let ticket = self.top_ticket();
        if self.layers.last().is_some_and(|layer| layer.view.takes_text()) {
            // Who goes back has read it, or does not need it any more.
            self.notice_of.take_if(|told| *told == ticket && key.is("esc"));
            let actions = self.with_view(top, |view, scene| view.text(key, scene));
            self.apply(ticket, actions, effects);
            return;
        }
        let selected = self.selected();
        let value = self.layers.last().and_then(|layer| layer.view.selected_value(&self.scene(layer.ticket, true)));
        self.facts.note_cursor(self.view_id(), selected, value);
        let subject = self.subject();
        self.facts.note_subject(subject);
        let view = self.view_id();
        let own = self.keymap.commands(key).find(|command| command.scope_is(view));
        if let Some(command) = own {
            self.dispatch(command, self.targets_of(command), Vec::new(), Consent::None, effects);
            return;
        }
        if let Some(motion) = self.keymap.motion(key) {
            self.moves(motion, effects);
            return;
        }
        let bound: Vec<&'static Command> = self.keymap.commands(key).collect();
        match bound.iter().find(|command| command.applies(view, &self.targets_of(command))) {
            Some(command) => self.dispatch(command, self.targets_of(command), Vec::new(), Consent::None, effects),
            None if bound.is_empty() => {
                self.tell(Notice::info(self.facts.now, format!("{key} does nothing here; ‹key:help› lists the keys")));
            }
            None => {
                let what = bound.first().map_or("", |command| command.title);
                self.tell(Notice::info(
                    self.facts.now,
                    format!("{what} does not work on what is selected; ‹key:help› lists the keys that do"),
                ));
            }
        }
    }

    /// Performs a motion: marks and the filter go before the screen does.
    pub(super) fn moves(&mut self, motion: Motion, effects: &mut Vec<Effect>) {
        let Some(top) = self.layers.len().checked_sub(1) else { return };
        let ticket = self.top_ticket();
        self.lesson_follows();
        if motion == Motion::Back {
            self.notice_of = None;
            if self.marks.take_if(|marks| marks.are_of(ticket)).is_some() || self.lift_filter() {
                return;
            }
        }
        if motion == Motion::Open
            && let Some(why) = self.opening_refusal()
        {
            self.tell(Notice::info(self.facts.now, why));
            return;
        }
        match self.with_view_option(top, |view, scene| view.motion(motion, scene)) {
            Some(actions) => self.apply(ticket, actions, effects),
            None => self.motion(motion, effects),
        }
    }

    fn motion(&mut self, motion: Motion, effects: &mut Vec<Effect>) {
        match motion {
            Motion::Back => self.pop(effects),
            Motion::Filter => self.filtering = Some(String::new()),
            // The focus is below this screen: moved out of sight it would choose a cluster for the next command.
            Motion::NextEnvironment | Motion::PreviousEnvironment => {
                self.tell(Notice::info(self.facts.now, "this screen is of no single environment, or cannot change it"));
            }
            Motion::Redraw => effects.push(Effect::OnScreen(OnScreen::Redraw)),
            Motion::Open => {
                if let Some(command) = self.command("open") {
                    let targets = self.selected();
                    self.dispatch(command, targets, Vec::new(), Consent::None, effects);
                }
            }
            // The view on top did not handle them: they have no effect here.
            Motion::Up
            | Motion::Down
            | Motion::Left
            | Motion::Right
            | Motion::Top
            | Motion::Bottom
            | Motion::HalfUp
            | Motion::HalfDown
            | Motion::NextPanel
            | Motion::PreviousPanel
            | Motion::Panel(_)
            | Motion::NextTab
            | Motion::PreviousTab
            | Motion::Mark
            | Motion::NextMatch
            | Motion::PreviousMatch => {
                if let Some(why) = without_effect(motion) {
                    self.tell(Notice::info(self.facts.now, why));
                }
            }
        }
    }

    fn filter_key(&mut self, key: Key) {
        let Some(text) = self.filtering.as_mut() else { return };
        let mut done = false;
        if key.is("enter") {
            done = true;
        } else if key.is("esc") {
            text.clear();
            done = true;
        } else if key.is("backspace") {
            text.pop();
        } else if let Some(character) = key.typed() {
            text.push(character);
        }
        let text = text.clone();
        if done {
            self.filtering = None;
        }
        self.filter_top(&text);
    }

    /// Shows all rows of the screen on top again; tells whether its filter hid some.
    pub(super) fn lift_filter(&mut self) -> bool {
        let Some(top) = self.layers.len().checked_sub(1) else { return false };
        let hides = self.with_view_option(top, |view, scene| view.filtered(scene)).is_some();
        if hides {
            self.filter_top("");
        }
        hides
    }

    /// Filters the screen on top.
    pub(super) fn filter_top(&mut self, text: &str) {
        let Some(top) = self.layers.len().checked_sub(1) else { return };
        if let Some(layer) = self.layers.last_mut() {
            text.clone_into(&mut layer.filter);
        }
        if !self.with_view_option(top, |view, scene| Some(view.filter(text, scene))).unwrap_or(false) {
            self.filtering = None;
            self.tell(Notice::info(self.facts.now, "there is nothing to filter here"));
        }
    }

    /// Pastes text into an input or nowhere: it never runs commands.
    ///
    /// Most terminals, tmux too, end the lines of a pasted text with a carriage return, as the enter key does.
    pub(super) fn paste(&mut self, text: &str) {
        // The text may be a secret, so that its copy is wiped.
        let lines = text.contains('\r').then(|| Zeroizing::new(with_line_feeds(text)));
        let text = lines.as_ref().map_or(text, |lines| lines.as_str());
        if let Some(filter) = self.filtering.as_mut() {
            filter.push_str(text.lines().next().unwrap_or(""));
            let text = filter.clone();
            self.filter_top(&text);
            return;
        }
        let Some(top) = self.layers.len().checked_sub(1) else { return };
        if self.layers.last().is_some_and(|layer| layer.view.takes_text()) {
            self.with_view(top, |view, scene| {
                view.paste(text, scene);
                Vec::new()
            });
        } else {
            self.tell(Notice::info(self.facts.now, "pasted text was dropped: no input is open"));
        }
    }
}

/// Returns a text whose lines end with line feeds, whatever ended them.
fn with_line_feeds(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\r' {
            let _ = rest.next_if_eq(&'\n');
            lines.push('\n');
        } else {
            lines.push(character);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_lines_of_a_pasted_text_end_with_line_feeds() {
        for (pasted, lines) in [
            ("a\rb\r", "a\nb\n"),
            ("a\r\nb", "a\nb"),
            ("a\n\rb", "a\n\nb"),
            ("a\r\rb", "a\n\nb"),
            ("ab", "ab"),
            ("\r", "\n"),
        ] {
            assert_eq!(super::with_line_feeds(pasted), lines, "{pasted:?}");
        }
    }
}
