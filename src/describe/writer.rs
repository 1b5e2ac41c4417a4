//! Labelled lines, indented, with the values of neighbours in one column.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use crate::model::text::field;

/// Collects lines; `finish` aligns the values once a block is complete.
#[derive(Debug, Default)]
pub(super) struct Writer {
    lines: Vec<Line>,
    depth: usize,
}

#[derive(Debug)]
struct Line {
    depth: usize,
    label: String,
    value: Option<String>,
}

impl Writer {
    /// Writes `Label: value`; `<none>` for an empty value.
    pub fn field(&mut self, label: &str, value: impl AsRef<str>) {
        let value = value.as_ref();
        let value = if value.is_empty() { "<none>" } else { value };
        self.lines.push(Line { depth: self.depth, label: format!("{label}:"), value: Some(value.to_owned()) });
    }

    /// Writes a field if its value is not empty.
    pub fn some(&mut self, label: &str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            self.field(label, value);
        }
    }

    /// Writes a field with one value a line, aligned below the first.
    pub fn many(&mut self, label: &str, values: &[String]) {
        let mut values = values.iter();
        self.field(label, values.next().map_or("", String::as_str));
        for value in values {
            self.lines.push(Line { depth: self.depth, label: String::new(), value: Some(value.clone()) });
        }
    }

    /// Writes `Label:` above a block.
    pub fn heading(&mut self, label: &str) {
        self.lines.push(Line { depth: self.depth, label: format!("{label}:"), value: None });
    }

    /// Writes a line without a label.
    pub fn text(&mut self, text: impl Into<String>) {
        self.lines.push(Line { depth: self.depth, label: text.into(), value: None });
    }

    /// Writes the block below the last line.
    pub fn block(&mut self, write: impl FnOnce(&mut Self)) {
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    /// Writes rows in columns, the first underlined, as a block.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        let rows: Vec<Vec<Cow<'_, str>>> =
            rows.iter().map(|row| row.iter().map(|cell| field(cell)).collect()).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max())
            .map(Option::unwrap_or_default)
            .collect();
        let line = |cells: Vec<&str>| {
            let mut line = String::new();
            for (cell, width) in cells.into_iter().zip(&widths) {
                // Writing to a String cannot fail.
                let _ = write!(line, "{cell:width$}  ");
            }
            line.trim_end().to_owned()
        };
        self.block(|writer| {
            for (index, row) in rows.iter().enumerate() {
                writer.text(line(row.iter().map(|cell| &**cell).collect()));
                if index == 0 {
                    let rules: Vec<String> = row.iter().map(|cell| "-".repeat(cell.chars().count())).collect();
                    writer.text(line(rules.iter().map(String::as_str).collect()));
                }
            }
        });
    }

    /// Joins the lines: within a block, the values are in one column.
    pub fn finish(self) -> String {
        let mut out = String::new();
        for (index, line) in self.lines.iter().enumerate() {
            let indent = "  ".repeat(line.depth);
            match &line.value {
                None => {
                    let _ = writeln!(out, "{indent}{}", field(&line.label));
                }
                Some(value) => {
                    let width = self.label_width(index);
                    // The further lines of a value are below the first, never in the column of the labels.
                    let below = format!("\n{}", " ".repeat(indent.len() + width + 2));
                    let value = value.trim_end_matches('\n').replace('\n', &below);
                    let _ = writeln!(out, "{indent}{:width$}  {value}", field(&line.label));
                }
            }
        }
        out
    }

    /// Returns the widest label among the neighbours: lines of the same depth without a line of a smaller depth between
    /// them.
    fn label_width(&self, index: usize) -> usize {
        let depth = self.lines.get(index).map_or(0, |line| line.depth);
        let (before, after) = self.lines.split_at(index);
        let width = |line: &&Line| {
            if line.depth == depth && line.value.is_some() { field(&line.label).chars().count() } else { 0 }
        };
        let inside = |line: &&Line| line.depth >= depth;
        let up = before.iter().rev().take_while(inside).map(|line| width(&line)).max();
        let down = after.iter().take_while(inside).map(|line| width(&line)).max();
        up.max(down).unwrap_or(0)
    }
}

/// Returns the value at a JSON Pointer as kubectl prints it: text unchanged, nothing if there is no value.
pub(super) fn at(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).map(plain).unwrap_or_default()
}

/// Writes a value on one line.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Object(_) => value.to_string(),
    }
}

/// Iterates over a list at a JSON Pointer.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Returns a map at a JSON Pointer as `key=value` pairs, in the server's order.
pub(super) fn pairs(value: &Value, pointer: &str, between: &str) -> Vec<String> {
    let map = value.pointer(pointer).and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| format!("{key}{between}{}", plain(value))).collect()
}

/// Writes labels and annotations, without the copy of the manifest that `kubectl apply` keeps.
pub(super) fn marks(value: &Value, writer: &mut Writer) {
    writer.many("Labels", &pairs(value, "/metadata/labels", "="));
    let mut annotations = pairs(value, "/metadata/annotations", ": ");
    annotations.retain(|text| !text.starts_with("kubectl.kubernetes.io/last-applied-configuration"));
    writer.many("Annotations", &annotations);
}

/// Writes conditions as a table of type, status, reason and message.
pub(super) fn conditions(value: &Value, writer: &mut Writer) {
    let mut rows = vec![["Type", "Status", "Reason", "Message"].map(str::to_owned).to_vec()];
    rows.extend(
        list(value, "/status/conditions").map(|condition| {
            ["/type", "/status", "/reason", "/message"].map(|pointer| at(condition, pointer)).to_vec()
        }),
    );
    if rows.len() > 1 {
        writer.heading("Conditions");
        writer.table(&rows);
    }
}

/// Writes the controller of the object.
pub(super) fn controlled_by(value: &Value, writer: &mut Writer) {
    let controller = list(value, "/metadata/ownerReferences")
        .find(|owner| owner.get("controller").and_then(Value::as_bool).unwrap_or(false));
    if let Some(owner) = controller {
        writer.field("Controlled By", format!("{}/{}", at(owner, "/kind"), at(owner, "/name")));
    }
}

/// Writes a map as a block of its own; nothing for an empty one.
pub(super) fn map(value: &Value, pointer: &str, label: &str, writer: &mut Writer) {
    if let Some(Value::Object(map)) =
        value.pointer(pointer).filter(|map| map.as_object().is_some_and(|map| !map.is_empty()))
    {
        writer.heading(label);
        writer.block(|writer| {
            for (key, value) in map {
                writer.field(key, plain(value));
            }
        });
    }
}
