//! The frame around the views: header, lesson, notice, keys.
//!
//! ```text
//! fluxdeck  homelab  main +2 ~3   staging: live 6/6   production: live 7/9 PROTECTED   DEMO  1 running  ? help
//! +- the view on top ------------------------------------------------------------------------------------+
//! +- lesson ---------------------------------------------------------------------------------------------+
//! | flux get kustomizations --context staging                                                            |
//! | Why: …  Look for: …                                                                                  |
//! ~ what runs, how long, and its last step
//! a notice, until the next one or esc
//! enter open  R reconcile  l logs
//! ```

use std::fmt::Write as _;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::distance::brief_distance;
use super::health::{EnvironmentHealth, state_scope};
use super::motion::{Motion, MotionHint};
use super::{App, Command, OfferedTargets, Op, Scene};
use crate::model::{Connection, Env, ascii_sign};
use crate::repo::Snapshot;
use crate::theme::Scope;
use crate::widgets::{Paragraph, Span, StyledLine, fit, wrap};

/// The number of running operations on the screen; the list has them all.
const RUNNING_SHOWN: usize = 2;

impl App {
    /// Draws the whole screen.
    pub fn render(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        frame.buffer_mut().set_style(area, self.theme.style(Scope::Text));
        if area.width < 20 || area.height < 5 {
            frame.render_widget(Paragraph::new("too small"), area);
            return;
        }
        let footer = u16::from(area.height > 6);
        let mut notice = self.running_lines(area.width);
        notice.extend(self.notice_lines(area.width));
        let notice_height = u16::try_from(notice.len()).unwrap_or(0).min(area.height / 3);
        let lesson_height = self.lesson_height(area);
        let mut top = area.y;
        let mut take = |height: u16| {
            let taken = Rect { x: area.x, y: top, width: area.width, height };
            top = top.saturating_add(height);
            taken
        };
        let header = take(1);
        let body = take(area.height.saturating_sub(1 + footer + notice_height + lesson_height));
        let lesson_area = take(lesson_height);
        let notice_area = take(notice_height);
        let footer_area = take(footer);
        frame.render_widget(self.header(header.width), header);
        self.render_layers(frame, body);
        if lesson_height > 0 {
            self.render_lesson(frame, lesson_area);
        }
        frame.render_widget(Paragraph::new(notice), notice_area);
        frame.render_widget(self.footer(footer_area.width), footer_area);
        if self.theme.ascii {
            plain_signs(frame);
        }
    }

    fn render_layers(&self, frame: &mut Frame<'_>, body: Rect) {
        let base = self.layers.iter().rposition(|layer| !layer.view.overlay()).unwrap_or(0);
        let top = self.layers.len().saturating_sub(1);
        for (index, layer) in self.layers.iter().enumerate().skip(base) {
            let scene = self.scene(layer.ticket, index == top);
            layer.view.render(frame, body, &scene);
            if index == base
                && let Some((left, all)) = layer.view.filtered(&scene)
            {
                self.render_filter(
                    frame,
                    body,
                    &format!("{} {}", layer.view.filter_word(), layer.filter),
                    &format!("{left}/{all}"),
                );
            }
        }
    }

    /// Shows in the title of a screen that a filter hides some of its rows.
    fn render_filter(&self, frame: &mut Frame<'_>, body: Rect, filter: &str, count: &str) {
        let most = usize::from(body.width).saturating_sub(count.len() + 7);
        let text = format!(" {} {count} ", fit(filter, most));
        let width = u16::try_from(Span::raw(text.as_str()).width()).unwrap_or(u16::MAX).min(body.width);
        let place = Rect { x: (body.x + body.width - width).saturating_sub(1).max(body.x), width, height: 1, ..body };
        frame.render_widget(StyledLine::styled(text, self.theme.style(Scope::Input)), place);
    }

    fn header(&self, width: u16) -> StyledLine<'static> {
        let theme = &self.theme;
        // These can be left out, the least needed first: on a narrow screen the environments come before all of them.
        let mut spare = vec![Span::styled("fluxdeck", theme.style(Scope::Header))];
        if let Some(snapshot) = &self.facts.repository {
            let name = snapshot.root.file_name().unwrap_or_default().to_string_lossy();
            spare.push(Span::raw(format!("  {name}")));
            spare.push(Span::styled(format!("  {}", git_line(snapshot, self.facts.now)), theme.style(Scope::Git)));
        } else if self.facts.repository_fault.is_some() {
            spare.push(Span::styled("  no repository", theme.style(Scope::Dim)));
        }
        let mut left = Vec::new();
        for (env, environment) in self.facts.environments.iter() {
            left.push(Span::styled(format!("  {}: ", environment.name), theme.style(Scope::Title)));
            let (word, scope) = self.link_word(env);
            left.push(Span::styled(word, theme.style(scope)));
            if environment.protected {
                left.push(Span::styled(" PROTECTED", theme.style(Scope::Protected)));
            }
            if let Some(word) = self.facts.exposure(env) {
                left.push(Span::styled(format!(" {}", word.to_uppercase()), theme.style(Scope::Failed)));
            }
        }
        let mut right = Vec::new();
        if self.facts.demo {
            let word = match &self.facts.exercise {
                Some(progress) if progress.is_mended => "DEMO MENDED ",
                Some(_) => "DEMO EXERCISE ",
                None => "DEMO ",
            };
            right.push(Span::styled(word, theme.style(Scope::Demo)));
        }
        if self.facts.read_only {
            right.push(Span::styled("READ-ONLY ", theme.style(Scope::Protected)));
        }
        let running = self.facts.begun().count();
        if running > 0 {
            right.push(Span::styled(format!("{running} running "), theme.style(Scope::Progressing)));
        }
        if let Some(progress) = self.facts.building {
            let word = format!("rendering {}/{} ", progress.done, progress.total);
            right.push(Span::styled(word, theme.style(Scope::Progressing)));
        }
        right.push(Span::styled(self.keymap.written("‹key:help› help").into_owned(), theme.style(Scope::Dim)));
        let taken: usize = left.iter().chain(&right).map(Span::width).sum::<usize>() + 1;
        while !spare.is_empty() && spare.iter().map(Span::width).sum::<usize>() + taken > usize::from(width) {
            spare.remove(0);
        }
        spare.append(&mut left);
        if let Some(first) = spare.first_mut() {
            *first = Span::styled(first.content.trim_start().to_owned(), first.style);
        }
        join(spare, right, width)
    }

    /// Returns a word on the connection of an environment: that of its worst watch, which the user must know.
    fn link_word(&self, env: Env) -> (String, Scope) {
        if self.facts.unconnected.get(env).is_some_and(Option::is_some) {
            return ("no cluster".to_owned(), Scope::Dim);
        }
        let tables = || self.facts.judged(env);
        if tables().next().is_none() {
            return ("connecting".to_owned(), Scope::Dim);
        }
        let links: Vec<&Connection> =
            tables().map(|table| &table.link).filter(|link| **link != Connection::Absent).collect();
        let count = |wanted: fn(&Connection) -> bool| links.iter().filter(|link| wanted(link)).count();
        if count(|link| matches!(link, Connection::Unreachable(_))) > 0 {
            ("unreachable".to_owned(), Scope::Failed)
        } else if count(|link| matches!(link, Connection::Degraded(_))) > 0 {
            ("degraded".to_owned(), Scope::Waiting)
        } else if count(|link| matches!(link, Connection::Connecting)) == links.len() {
            ("connecting".to_owned(), Scope::Dim)
        } else if count(|link| !link.is_settled()) > 0 {
            ("syncing".to_owned(), Scope::Progressing)
        } else if count(|link| matches!(link, Connection::Partial(_))) > 0 {
            ("some namespaces only".to_owned(), Scope::Waiting)
        } else if count(|link| matches!(link, Connection::Polled(_))) > 0 {
            ("not watched".to_owned(), Scope::Waiting)
        } else if let Some(forbidden) = self.forbidden(env) {
            (format!("{forbidden} forbidden"), Scope::Waiting)
        } else if self
            .facts
            .table(env, crate::kinds::KUSTOMIZATION)
            .is_some_and(|table| table.link == Connection::Absent)
        {
            ("no Flux".to_owned(), Scope::Waiting)
        } else {
            let health = self.facts.health(env);
            let scope = health.map_or(Scope::Unknown, |health| state_scope(health.state()));
            (health.map(EnvironmentHealth::word).unwrap_or_default(), scope)
        }
    }

    /// Counts the Flux kinds that the server forbids to list; `None` for zero.
    fn forbidden(&self, env: Env) -> Option<usize> {
        let tables = crate::kinds::watched().filter_map(|kind| self.facts.table(env, kind));
        Some(tables.filter(|table| matches!(table.link, Connection::Forbidden(_))).count()).filter(|count| *count > 0)
    }

    /// Shows the running operations, the newest last, each with its last step and duration.
    fn running_lines(&self, width: u16) -> Vec<StyledLine<'static>> {
        let mut running: Vec<&Op> = self.facts.begun().collect();
        let more = running.len().saturating_sub(RUNNING_SHOWN);
        running.drain(..more);
        let line = |(index, operation): (usize, &Op)| {
            let place = operation.env.map_or_else(String::new, |env| format!(" in {}", self.facts.name(env)));
            let others = if index == 0 && more > 0 { format!("  (and {more} more)") } else { String::new() };
            let (elapsed, summary) = (operation.elapsed(self.facts.now), operation.summary());
            let text = format!("~ {}{place}  {elapsed}  {summary}{others}", operation.title);
            StyledLine::styled(fit(&text, usize::from(width)), self.theme.style(Scope::Progressing))
        };
        running.into_iter().enumerate().map(line).collect()
    }

    fn notice_lines(&self, width: u16) -> Vec<StyledLine<'static>> {
        if let Some(filter) = &self.filtering {
            return vec![StyledLine::from(vec![
                Span::styled("/", self.theme.style(Scope::Key)),
                Span::styled(format!("{filter}_"), self.theme.style(Scope::Input)),
                Span::styled("   enter keep   esc show all", self.theme.style(Scope::Dim)),
            ])];
        }
        let Some(notice) = self.facts.notices.last().filter(|_| self.notice_of == Some(self.top_ticket())) else {
            return Vec::new();
        };
        let scope = if notice.fault.is_some() { Scope::Error } else { Scope::Notice };
        wrap(&notice.line(), usize::from(width))
            .into_iter()
            .take(4)
            .map(|text| StyledLine::styled(text, self.theme.style(scope)))
            .collect()
    }

    fn footer(&self, width: u16) -> StyledLine<'static> {
        self.keys(self.footer_keys().into_iter(), width)
    }

    /// Lists all keys of the footer with their effects, those of the view on top first.
    pub fn footer_keys(&self) -> Vec<(String, String)> {
        if let Some(layer) = self.layers.last().filter(|layer| layer.view.takes_text()) {
            let hints = layer.view.text_keys().iter().map(|(key, title)| ((*key).to_owned(), (*title).to_owned()));
            return hints.collect();
        }
        let view = self.view_id();
        let scene = self.scene(self.top_ticket(), true);
        let (selected, targets, subject) = (self.selected(), self.targets(), self.subject());
        let has_selection = !selected.is_empty();
        let offered = OfferedTargets { marked: &targets, selected: &selected, subject: subject.as_slice() };
        let opens = self.layers.last().is_some_and(|layer| layer.view.is_openable(&scene));
        let is_filtered = || self.layers.last().is_some_and(|layer| layer.view.filtered(&scene).is_some());
        let back = match scene.marks {
            Some(_) => Some("unmark"),
            None if is_filtered() => Some("show all"),
            None => (self.layers.len() > 1).then_some("back"),
        };
        let back = back.map(|title| (self.keymap.written("‹key:back›").into_owned(), title.to_owned()));
        let motions: Vec<MotionHint> =
            self.layers.last().map(|layer| layer.view.motions()).unwrap_or_default().to_vec();
        let motions = motions.into_iter().filter(|hint| self.is_offered(hint, has_selection)).collect::<Vec<_>>();
        // Below the root q goes back, as esc does, which stands first.
        let is_lower = self.layers.len() > 1;
        let is_refused = |command: &Command| (is_lower && command.id == "quit") || self.refusal(command).is_some();
        let own = self.layers.last().map_or(&[][..], |layer| layer.view.own_keys());
        back.into_iter()
            .chain(own.iter().map(|(key, title)| ((*key).to_owned(), (*title).to_owned())))
            .chain(hints(&scene, view, (&motions, opens), &offered, is_refused))
            .collect()
    }

    /// Writes keys and their effects, as many as there is room for.
    fn keys(&self, hints: impl Iterator<Item = (String, String)>, width: u16) -> StyledLine<'static> {
        let mut spans = Vec::new();
        let mut used = 0;
        for (key, title) in hints {
            let length = key.chars().count() + title.chars().count() + 3;
            if used + length > usize::from(width) {
                break;
            }
            used += length;
            spans.push(Span::styled(key, self.theme.style(Scope::Key)));
            spans.push(Span::styled(format!(" {title}  "), self.theme.style(Scope::Dim)));
        }
        StyledLine::from(spans)
    }
}

/// Replaces every sign of fluxdeck by ASCII; text from outside stays unchanged.
fn plain_signs(frame: &mut Frame<'_>) {
    for cell in &mut frame.buffer_mut().content {
        let mut signs = cell.symbol().chars();
        if let (Some(sign), None) = (signs.next(), signs.next())
            && let Some(plain) = ascii_sign(sign)
        {
            cell.set_char(plain);
        }
    }
}

/// Writes the branch, the uncommitted changes, and the distance to the followed branch: `main +2 ~3 !1 2 ahead`.
fn git_line(snapshot: &Snapshot, now: Timestamp) -> String {
    let Ok(git) = &snapshot.git else { return "no git".to_owned() };
    let mut line = git.head_word().to_owned();
    if let Some(operation) = git.operation {
        let _ = write!(line, " ({} in progress)", operation.word());
    }
    for (sign, count) in
        [("+", git.counts.staged), ("~", git.counts.modified), ("?", git.counts.untracked), ("!", git.counts.conflicts)]
    {
        if count > 0 {
            let _ = write!(line, " {sign}{count}");
        }
    }
    let apart = git.upstream.as_ref().map(|upstream| brief_distance(upstream, now)).unwrap_or_default();
    if !apart.is_empty() {
        let _ = write!(line, " {apart}");
    }
    line
}

/// Lists the keys that work now: those of the view and the selection first.
fn hints(
    scene: &Scene<'_>,
    view: &str,
    (motions, opens): (&[MotionHint], bool),
    offered: &OfferedTargets<'_>,
    is_refused: impl Fn(&Command) -> bool,
) -> Vec<(String, String)> {
    let applies = |command: &Command| command.applies(view, command.targets_among(view, offered));
    let mut commands: Vec<&&'static Command> =
        scene.commands.iter().filter(|command| applies(command) && command.id != "open").collect();
    commands.sort_by_key(|command| match command.scope {
        super::KeyScope::View(_) => 0,
        super::KeyScope::Object(_) | super::KeyScope::File(_) => 1,
        super::KeyScope::Everywhere | super::KeyScope::While(_) | super::KeyScope::Environment => 2,
    });
    let opens = opens && !scene.command("open").is_some_and(&is_refused);
    let open = opens
        .then(|| scene.keymap.keys_of_motion(Motion::Open).first().map(|key| (key.to_string(), "open".to_owned())))
        .flatten();
    // The key of a screen's own command means that command, even while it has no effect.
    let is_hidden = |command: &Command| command.scope_is(view) && is_refused(command);
    let hidden =
        commands.iter().filter(|command| is_hidden(command)).flat_map(|command| scene.keymap.keys_of(command.id));
    let mut shown: Vec<String> = hidden.map(|key| key.to_string()).collect();
    commands.retain(|command| !is_refused(command));
    let command = |command: &&'static Command| {
        let key = scene.keymap.keys_of(command.id).first()?.to_string();
        Some((key, command.title.to_lowercase()))
    };
    let motion = |hint: &MotionHint| {
        // The arrows are a pair, the letters for the same motions are not.
        let key = |motion: &Motion| {
            let keys = scene.keymap.keys_of_motion(*motion);
            if matches!(motion, Motion::Left | Motion::Right) { keys.last().copied() } else { keys.first().copied() }
        };
        let keys = hint.motions.iter().filter_map(key);
        let keys: Vec<String> = keys.map(|key| key.to_string()).collect();
        (!keys.is_empty()).then(|| (keys.join(" "), hint.what.to_owned()))
    };
    // The commands of this screen alone come before those of many screens.
    let own = commands.iter().take_while(|command| matches!(command.scope, super::KeyScope::View(_))).count();
    let (own, others) = commands.split_at_checked(own).unwrap_or_default();
    open.into_iter()
        .chain(own.iter().copied().filter_map(command))
        .chain(motions.iter().filter_map(motion))
        .chain(others.iter().copied().filter_map(command))
        // A view's own key hides the same key of the others.
        .filter(|(key, _)| {
            !shown.contains(key) && {
                shown.push(key.clone());
                true
            }
        })
        .collect()
}

/// Puts spans to the left and to the right of a line, cutting the left if there is no room for both.
fn join(left: Vec<Span<'static>>, right: Vec<Span<'static>>, width: u16) -> StyledLine<'static> {
    let width = usize::from(width);
    let right_width: usize = right.iter().map(Span::width).sum();
    let room = width.saturating_sub(right_width + 1);
    let mut spans = Vec::new();
    let mut used = 0;
    for span in left {
        let text = fit(&span.content, room.saturating_sub(used));
        let cut = text.len() != span.content.len();
        let span = Span::styled(text, span.style);
        used += span.width();
        spans.push(span);
        if cut {
            break;
        }
    }
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used + right_width))));
    spans.extend(right);
    StyledLine::from(spans)
}
