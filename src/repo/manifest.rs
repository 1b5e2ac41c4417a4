//! Kubernetes manifests in YAML files: the identity of each document, and its first line.

use crate::model::known;
use crate::yaml::{self, Value};

/// The size above which only the first lines of each document are read instead of parsing it: `gotk-components.yaml` is
/// half a megabyte of schemas in each environment, and only its names are needed.
const PARSE_LIMIT: usize = 64 * 1024;

/// Holds the known facts of one document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Manifest {
    /// The line that the document starts on, counted from 1.
    pub line: usize,
    /// `apiVersion`; empty if it is missing.
    pub api_version: String,
    /// `kind`; empty if it is missing.
    pub kind: String,
    /// `metadata.namespace`; empty if it is missing.
    pub namespace: String,
    /// `metadata.name`; empty if it is missing.
    pub name: String,
    /// The document itself, kept for Flux objects and kustomization files, whose content the graph needs.
    pub body: Option<Value>,
}

impl Manifest {
    /// Returns the API group; empty for the core group.
    pub fn group(&self) -> &str {
        crate::model::api_group(&self.api_version)
    }

    /// Tells whether the document is an object that can be applied.
    pub fn is_object(&self) -> bool {
        !self.kind.is_empty() && !self.name.is_empty()
    }

    fn is_flux(&self) -> bool {
        let group = self.group();
        known::is_flux(group) || group == known::OPERATOR || group == known::EXTENSIONS
    }

    fn is_kustomization_file(&self) -> bool {
        self.group() == "kustomize.config.k8s.io" || self.kind.is_empty()
    }
}

/// Explains why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDocument {
    /// The line of the error in the file, counted from 1.
    pub line: usize,
    /// The parser's words.
    pub why: String,
}

/// Holds the documents of a file, and the faults of the unreadable ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// The documents that can be read.
    pub manifests: Vec<Manifest>,
    /// The documents that cannot.
    pub broken: Vec<InvalidDocument>,
}

/// Selects how closely a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Care {
    /// Kind and name are read from the lines, without checking the YAML, except for Flux objects and kustomization
    /// files.
    Glance,
    /// Everything is parsed, but for files of half a megabyte.
    Parse,
}

/// Reads the documents of a file; an invalid one does not hide the others.
pub fn parse(text: &str, care: Care) -> Parsed {
    let mut parsed = Parsed::default();
    let brief = care == Care::Glance || text.len() > PARSE_LIMIT;
    for (line, document) in split(text) {
        if brief
            && let Some(manifest) = glance(line, document)
            && !manifest.is_flux()
            && !manifest.is_kustomization_file()
        {
            parsed.manifests.push(manifest);
            continue;
        }
        match yaml::from_str::<Value>(document) {
            Ok(value) => take(line, value, &mut parsed.manifests),
            Err(error) => {
                let at = error.line().map_or(line, |at| line + at.saturating_sub(1));
                // The library ends its message with a position in this document alone; `line` has that of the file.
                let said = error.to_string();
                let why = said.split(" at line ").next().unwrap_or(&said).to_owned();
                parsed.broken.push(InvalidDocument { line: at, why });
            }
        }
    }
    parsed
}

/// Splits a stream at its document markers; a marker stays with the text after it, because content may be on its line.
pub(super) fn split(text: &str) -> Vec<(usize, &str)> {
    let mut documents = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 1, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_marker =
            line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if is_marker && offset > start {
            documents.push((start_line, text.get(start..offset).unwrap_or_default()));
            (start, start_line) = (offset, index + 1);
        }
        offset += line.len();
    }
    documents.push((start_line, text.get(start..).unwrap_or_default()));
    documents
}

/// Adds a document, or the items of a `List`.
fn take(line: usize, value: Value, manifests: &mut Vec<Manifest>) {
    if !value.is_mapping() {
        return;
    }
    let word = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let metadata = value.get("metadata").cloned().unwrap_or_default();
    let mut manifest = Manifest {
        line,
        api_version: word(&value, "apiVersion"),
        kind: word(&value, "kind"),
        namespace: word(&metadata, "namespace"),
        name: word(&metadata, "name"),
        body: None,
    };
    if manifest.kind == "List" && manifest.name.is_empty() {
        for item in value.get("items").and_then(Value::as_sequence).into_iter().flatten() {
            take(line, item.clone(), manifests);
        }
        return;
    }
    if manifest.is_flux() || manifest.is_kustomization_file() {
        manifest.body = Some(value);
    }
    manifests.push(manifest);
}

/// Reads kind and name from a document in block style without parsing it; `None` if that is not safe.
fn glance(line: usize, document: &str) -> Option<Manifest> {
    let mut manifest = Manifest { line, ..Manifest::default() };
    let (mut in_metadata, mut indent) = (false, 0);
    for text in document.lines() {
        let trimmed = text.trim_start();
        let depth = text.len() - trimmed.len();
        if depth == 0 {
            in_metadata = false;
            match text.split_once(':') {
                Some(("apiVersion", value)) => manifest.api_version = scalar(value)?,
                Some(("kind", value)) => manifest.kind = scalar(value)?,
                Some(("metadata", value)) => {
                    if !value.trim().is_empty() {
                        return None;
                    }
                    (in_metadata, indent) = (true, 0);
                }
                _ => {}
            }
        } else if in_metadata {
            if indent == 0 {
                indent = depth;
            }
            if depth == indent {
                match trimmed.split_once(':') {
                    Some(("name", value)) => manifest.name = scalar(value)?,
                    Some(("namespace", value)) => manifest.namespace = scalar(value)?,
                    _ => {}
                }
            }
        }
    }
    (manifest.is_object() && manifest.kind != "List").then_some(manifest)
}

fn scalar(text: &str) -> Option<String> {
    let text = text.trim();
    // Nearly all names and kinds are plain words; only the others need a parser. (It also gets the words of YAML 1.1
    // that are no text.)
    let is_word = text.len() > 5
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/'));
    if is_word || text == "v1" {
        return Some(text.to_owned());
    }
    yaml::from_str::<Value>(text).ok()?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Care, PARSE_LIMIT, Parsed};

    fn parse(text: &str) -> Parsed {
        super::parse(text, Care::Parse)
    }

    #[test]
    fn documents_know_their_lines_and_one_bad_one_hides_no_other() {
        let text = "# head\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n---\nkind: [\n---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: n}\n";
        let parsed = parse(text);
        let found: Vec<_> = parsed.manifests.iter().map(|m| (m.line, m.kind.as_str(), m.name.as_str())).collect();
        assert_eq!(found, [(2, "Namespace", "a"), (9, "Service", "b")]);
        assert_eq!(parsed.manifests[1].namespace, "n");
        assert_eq!(parsed.broken.len(), 1);
        assert!((8..=9).contains(&parsed.broken[0].line), "{:?}", parsed.broken);
    }

    #[test]
    fn lists_are_their_items_and_markers_inside_texts_are_none() {
        let list = parse(
            "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  apiVersion: v1\n  metadata: {name: a}\n- kind: ConfigMap\n  apiVersion: v1\n  metadata: {name: b}\n",
        );
        assert_eq!(list.manifests.len(), 2);
        let text =
            parse("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata:\n  a: |\n    ---\n    b\n  c: ----\n");
        assert_eq!(text.manifests.len(), 1);
        assert!(text.broken.is_empty());
    }

    #[test]
    fn a_glance_finds_what_parsing_finds() {
        let text = "---\napiVersion: v1\nkind: Secret\nmetadata:\n    name: a # b\n    namespace: 'n'\nstringData:\n    name: c\n\
                    ---\n{apiVersion: v1, kind: Service, metadata: {name: d}}\n\
                    ---\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata:\n  name: e\nresources: [f]\n\
                    ---\napiVersion: v1\nkind: Namespace\nmetadata: {name: g}\n";
        let glance = super::parse(text, Care::Glance);
        assert_eq!(glance, parse(text));
        assert!(glance.manifests[2].body.is_some(), "a kustomization file is read whole whatever it is called");
    }

    #[test]
    fn large_files_are_told_apart_by_a_glance() {
        let filler = "  # a schema\n".repeat(PARSE_LIMIT / 12 + 1);
        let text = format!(
            "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  labels:\n    name: no\n  name: \"flux-system\" # yes\nspec:\n{filler}---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: flux-system\n"
        );
        let parsed = parse(&text);
        assert_eq!(parsed.manifests[0].name, "flux-system");
        assert!(parsed.manifests[0].body.is_none());
        assert!(parsed.manifests[1].body.is_some(), "Flux objects are read whole");
    }
}
