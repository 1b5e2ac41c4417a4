//! Reads YAML into values with their spans, as go-yaml v3 would understand them.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Parser, Placement, ScalarStyle, ScanError, Span, StructureStyle};

use super::extent;
use super::extent::{block_scalar, document_end, whole_lines, with_comma};
use super::resolve;
use crate::secret::Secret;
use crate::sops::error::SopsError;
use crate::sops::parsed::{BLOCK, Comment, Document, Leaf, Node, NodeKind, Parsed, Style};
use crate::sops::path::{Path, Segment};
use crate::sops::value::ValueType;

/// The most values of a file with its aliases expanded; a few nested aliases can become billions.
const MOST_LEAVES: usize = 200_000;

/// Reads all documents of a YAML text.
pub(in crate::sops) fn read(text: &str) -> Result<Parsed, SopsError> {
    crate::yaml::within_bounds(text).map_err(|beyond| SopsError::Shape { line: beyond.line, message: beyond.why })?;
    let options = granit_parser::options! {
        // libyaml, from which go-yaml comes, reads a block at the very end of a file so.
        block_scalar_eof_without_line_feed: true,
        // A licence header of a thousand lines is no reason to refuse a file.
        max_buffered_comment_events: 100_000,
    };
    let mut reader =
        Reader { text, parsed: Parsed::default(), frames: Vec::new(), anchors: HashMap::new(), last_end: 0 };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| syntax(&error))?;
        reader.take(event, span)?;
    }
    Ok(reader.parsed)
}

fn syntax(error: &ScanError) -> SopsError {
    let marker = error.marker();
    SopsError::Yaml { line: marker.line(), column: marker.col().saturating_add(1), message: error.info() }
}

/// A mapping or list in progress.
struct Frame {
    path: Path,
    kind: FrameKind,
    flow: bool,
    column: usize,
    anchor: usize,
    /// The number of leaves before it.
    first_leaf: usize,
    decorated: bool,
    /// Its own node; `None` at the top.
    node: Option<usize>,
}

enum FrameKind {
    Map { pending: Option<Key>, seen: HashSet<String> },
    List { next: usize },
}

struct Key {
    name: String,
    bytes: Range<usize>,
    column: usize,
    line: usize,
}

/// The place of a node.
struct Place {
    path: Path,
    column: usize,
    flow: bool,
    decorated: bool,
    /// Its node, whose end is still unknown.
    node: usize,
}

struct Reader<'a> {
    text: &'a str,
    parsed: Parsed,
    frames: Vec<Frame>,
    /// For each anchor of the document: the length of its path and its leaves.
    anchors: HashMap<usize, (usize, Range<usize>)>,
    /// The end of the last read part.
    last_end: usize,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), SopsError> {
        let bytes = span.byte_range().unwrap_or_default();
        match event {
            Event::DocumentStart(..) => {
                self.parsed.documents.push(Document::default());
                // A document may hold only comments, and still ends after its own mark.
                self.last_end = self.last_end.max(bytes.end);
                self.anchors.clear();
            }
            Event::DocumentEnd => {
                let end = document_end(self.text, self.last_end);
                if let Some(document) = self.parsed.documents.last_mut() {
                    document.end = end;
                }
            }
            Event::MappingStart(style, anchor, tag) => {
                self.open(&span, style, anchor, tag.is_some(), FrameKind::Map { pending: None, seen: HashSet::new() })?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.open(&span, style, anchor, tag.is_some(), FrameKind::List { next: 0 })?;
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(&bytes),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
                self.scalar(&Secret::new(text), style, anchor, tag.as_deref(), &span)?;
            }
            Event::Alias(anchor) => self.alias(anchor, &bytes, span.start.line())?,
            Event::Comment(text, placement) => self.comment(&text, placement, &span),
            _ => {}
        }
        Ok(())
    }

    fn document(&self) -> usize {
        self.parsed.documents.len().saturating_sub(1)
    }

    /// Takes the next place: that of the pending key, or of the next item. `None` at the top.
    fn place(&mut self, start: usize, line: usize, kind: NodeKind) -> Result<Option<Place>, SopsError> {
        let (document, top) = (self.document(), self.frames.len() == 1);
        let Some(frame) = self.frames.last_mut() else { return Ok(None) };
        let (segment, key, column, line) = match &mut frame.kind {
            FrameKind::Map { pending, .. } => {
                let Some(key) = pending.take() else {
                    return Err(shape(line, "a key is not a plain text; SOPS knows only such keys"));
                };
                (Segment::Key(key.name), key.bytes, key.column, key.line)
            }
            FrameKind::List { next } => {
                let index = *next;
                *next = next.saturating_add(1);
                (Segment::Index(index), start..start, frame.column, line)
            }
        };
        let (path, flow, decorated) = (frame.path.child(segment), frame.flow, frame.decorated);
        if let (true, Some(document)) = (top, self.parsed.documents.last_mut()) {
            // The key's own column may be wrong: a tag may be before it, and the mapping begins at the start of its
            // lines.
            let before = self.text.get(..key.start).unwrap_or_default();
            // YAML ends lines at a lone carriage return, too.
            let line = before.rfind(['\n', '\r']).map_or(0, |at| at.saturating_add(1));
            let blanks = self.text.get(line..).unwrap_or_default();
            document.column = blanks.len().saturating_sub(blanks.trim_start_matches(' ').len());
        }
        let node = self.parsed.nodes.len();
        let end = key.end;
        self.parsed.nodes.push(Node {
            document,
            path: path.clone(),
            kind,
            key,
            end,
            column,
            line,
            in_flow: flow,
            braces: false,
        });
        Ok(Some(Place { path, column, flow, decorated, node }))
    }

    /// Notes the end of an entry.
    fn ends(&mut self, node: usize, end: usize) {
        if let Some(node) = self.parsed.nodes.get_mut(node) {
            node.end = end;
        }
    }

    fn open(
        &mut self,
        span: &Span,
        style: StructureStyle,
        anchor: usize,
        tagged: bool,
        kind: FrameKind,
    ) -> Result<(), SopsError> {
        let flow = matches!(style, StructureStyle::Flow);
        let line = span.start.line();
        // In the `sops` block the key must stay pending for its range, so it is read before the place is taken.
        let block_start = self.block_start();
        let is_list = matches!(kind, FrameKind::List { .. });
        let start = span.byte_range().unwrap_or_default().start;
        let place = self.place(start, line, if is_list { NodeKind::List } else { NodeKind::Mapping })?;
        if place.is_none() {
            if matches!(kind, FrameKind::List { .. }) {
                return Err(shape(line, "a list stands at the top; SOPS wants keys there"));
            }
            if let Some(document) = self.parsed.documents.last_mut() {
                document.braces = flow;
            }
        }
        if let (Some(start), Some(document)) = (block_start, self.parsed.documents.last_mut()) {
            document.block = Some(start..start);
        }
        let node = place.as_ref().map(|place| place.node);
        if let Some(node) = node.and_then(|node| self.parsed.nodes.get_mut(node)) {
            node.braces = flow;
        }
        let (path, outer_flow, decorated) =
            place.map_or((Path::default(), false, false), |place| (place.path, place.flow, place.decorated));
        self.frames.push(Frame {
            path,
            kind,
            flow: flow || outer_flow,
            column: span.start.col(),
            anchor,
            first_leaf: self.parsed.leaves.len(),
            decorated: decorated || anchor != 0 || tagged,
            node,
        });
        Ok(())
    }

    /// Returns the start of the key `sops`, if that is the key at the top whose value comes next.
    fn block_start(&self) -> Option<usize> {
        let [Frame { kind: FrameKind::Map { pending: Some(key), .. }, .. }] = self.frames.as_slice() else {
            return None;
        };
        (key.name == BLOCK).then_some(key.bytes.start)
    }

    fn close(&mut self, bytes: &Range<usize>) {
        let Some(frame) = self.frames.pop() else { return };
        // The end of a block mapping is reported at the next token; only a bracket is written text.
        if frame.flow {
            self.last_end = bytes.end;
        }
        if frame.anchor != 0 {
            let leaves = frame.first_leaf..self.parsed.leaves.len();
            self.anchors.insert(frame.anchor, (frame.path.len(), leaves));
        }
        if let Some(node) = frame.node {
            self.ends(node, self.last_end);
        }
        if frame.path.is_keys(&[BLOCK])
            && let Some(document) = self.parsed.documents.last_mut()
            && let Some(block) = &mut document.block
        {
            let written = block.start..self.last_end;
            *block = if document.braces { with_comma(self.text, &written) } else { whole_lines(self.text, &written) };
        }
    }

    fn scalar(
        &mut self,
        text: &Secret,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&str>,
        span: &Span,
    ) -> Result<(), SopsError> {
        let line = span.start.line();
        let bytes = span.byte_range().unwrap_or_default();
        // The parser reports an empty plain value as `~` without bytes.
        let missing = matches!(style, ScalarStyle::Plain) && bytes.is_empty();
        let style = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
            ScalarStyle::Plain => Style::Plain,
        };
        let content = if missing { "" } else { text.expose() };
        let value = resolve::scalar(content, tag, style == Style::Plain)
            .map_err(|_| shape(line, "a whole number is larger than SOPS can hold (64 bits with a sign); quote it"))?;
        let (span_written, writable) = match style {
            Style::Block => (block_scalar(self.text, &bytes), true),
            _ if missing => extent::missing(self.text, bytes.start),
            _ => (bytes.clone(), true),
        };
        if !missing {
            self.last_end = span_written.end;
        }
        if let Some(Frame { kind: FrameKind::Map { pending: pending @ None, seen }, .. }) = self.frames.last_mut() {
            // `<<` is a string to sops, which keeps it in the path.
            if value.kind != ValueType::Text {
                return Err(shape(line, "a key is not a text; SOPS knows only such keys, so quote it"));
            }
            if !seen.insert(content.to_owned()) {
                return Err(shape(line, &format!("the key {content} stands there twice")));
            }
            *pending = Some(Key { name: content.to_owned(), bytes, column: span.start.col(), line });
            return Ok(());
        }
        let Some(place) = self.place(bytes.start, line, NodeKind::Scalar)? else {
            return if value.kind == ValueType::Null {
                Ok(())
            } else {
                Err(shape(line, "a single value stands at the top; SOPS wants keys there"))
            };
        };
        if anchor != 0 {
            let first = self.parsed.leaves.len();
            self.anchors.insert(anchor, (place.path.len(), first..first.saturating_add(1)));
        }
        let decorated = place.decorated || anchor != 0 || tag.is_some() || !writable;
        let Place { path, column, flow, node, .. } = place;
        let document = self.document();
        self.ends(node, span_written.end);
        self.push(Leaf {
            document,
            path,
            value,
            span: span_written,
            style,
            in_flow: flow,
            column,
            line,
            alias: false,
            decorated,
        })
    }

    fn push(&mut self, leaf: Leaf) -> Result<(), SopsError> {
        let leaves =
            if leaf.path.keys().next() == Some(BLOCK) { &mut self.parsed.metadata } else { &mut self.parsed.leaves };
        if leaves.len() >= MOST_LEAVES {
            return Err(SopsError::Unsupported(format!("it holds more than {MOST_LEAVES} values")));
        }
        leaves.push(leaf);
        Ok(())
    }

    /// Repeats the leaves of an anchor at its alias: SOPS has no aliases.
    fn alias(&mut self, anchor: usize, bytes: &Range<usize>, line: usize) -> Result<(), SopsError> {
        self.last_end = bytes.end;
        let Some(place) = self.place(bytes.start, line, NodeKind::Scalar)? else { return Ok(()) };
        self.ends(place.node, bytes.end);
        let Some((depth, leaves)) = self.anchors.get(&anchor).cloned() else {
            return Err(shape(line, "an alias stands inside its own anchor"));
        };
        for position in leaves {
            let Some(leaf) = self.parsed.leaves.get(position) else { continue };
            let (path, value) = (leaf.path.rebased(depth, &place.path), leaf.value.duplicate());
            let (style, document) = (leaf.style, self.document());
            let span = bytes.clone();
            let Place { column, flow: in_flow, .. } = place;
            self.push(Leaf {
                document,
                path,
                value,
                span,
                style,
                in_flow,
                column,
                line,
                alias: true,
                decorated: true,
            })?;
        }
        Ok(())
    }

    fn comment(&mut self, text: &str, placement: Placement, span: &Span) {
        let Some(bytes) = span.byte_range() else { return };
        let column = span.start.col();
        let beside = matches!(placement, Placement::Right);
        let parent = match self.frames.last() {
            None => Path::default(),
            Some(frame) if beside || frame.flow => frame.path.clone(),
            Some(Frame { path, kind: FrameKind::Map { pending: Some(key), .. }, .. }) if column > key.column => {
                path.child(Segment::Key(key.name.clone()))
            }
            Some(_) => self
                .frames
                .iter()
                .rev()
                .find(|frame| frame.column <= column)
                .map(|frame| frame.path.clone())
                .unwrap_or_default(),
        };
        // A comment before the first document belongs to it.
        let document = self.document();
        let line = span.start.line();
        let (text, sign) = (Secret::new(text), "#".to_owned());
        self.parsed.comments.push(Comment { document, parent, line, text, sign, span: bytes });
    }
}

fn shape(line: usize, message: &str) -> SopsError {
    SopsError::Shape { line, message: message.to_owned() }
}
