//! Walks a document and collects the values of its Secrets.

use std::collections::HashSet;
use std::fmt;

use super::super::Value;
use super::super::confidential::{
    is_confidential, is_confidential_data, is_mask, is_placeholder, is_surely_confidential,
    is_surely_confidential_data, is_surely_confidential_text,
};
use super::super::manifest::{self, is_word};
use super::inputs::{self, Use};
use super::lines::{in_lines, without_actions};
use super::node::{Scalar, ScalarKind, YamlNode, YamlStep};
use super::operators;
use super::targets::{PatchedKinds, patched_kinds};
use super::variables::ValueTemplate;
use super::{Held, SEALED, ValuePlacement};

/// The deepest nesting of texts in texts: real ones are not deeper, and each is parsed.
const DEEPEST_TEXT: usize = 4;

/// The group whose sets create objects from templates.
const OPERATOR: &str = crate::model::known::OPERATOR;

/// The fields of a document, or of a part of it.
type Fields<'a> = [(std::borrow::Cow<'a, str>, YamlNode<'a>)];

/// Names a place in a document.
#[derive(Clone, Copy)]
struct At<'p> {
    before: Option<&'p At<'p>>,
    step: Option<YamlStep<'p>>,
}

impl<'p> At<'p> {
    const TOP: At<'static> = At { before: None, step: None };

    fn key(&'p self, key: &'p str) -> Self {
        Self { before: Some(self), step: Some(YamlStep::Key(key)) }
    }

    fn index(&'p self, index: usize) -> Self {
        Self { before: Some(self), step: Some(YamlStep::Index(index)) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(before) = self.before {
            before.fmt(formatter)?;
        }
        match self.step {
            None => Ok(()),
            Some(YamlStep::Key(key)) if self.before.is_some_and(|before| before.step.is_some()) => {
                write!(formatter, ".{key}")
            }
            Some(YamlStep::Key(key)) => write!(formatter, "{key}"),
            Some(YamlStep::Index(index)) => write!(formatter, "[{index}]"),
        }
    }
}

/// Describes the surroundings of a place.
#[derive(Clone, Copy)]
struct Place<'t> {
    /// Whether an object here is one of the document's own: the document, or an item of its list.
    own: bool,
    /// Whether it is an item of a list of Secrets, which need not state its kind.
    of_secrets: bool,
    /// Whether it is a patch for Secrets.
    patch: PatchedKinds,
    /// The text around it, and its index among the caller's values.
    text: Option<(&'t str, usize)>,
    /// The number of texts around it.
    depth: usize,
}

const OWN: Place<'static> = Place { own: true, of_secrets: false, patch: PatchedKinds::Others, text: None, depth: 0 };

impl Place<'_> {
    fn within(self) -> Self {
        Self { own: false, of_secrets: false, ..self }
    }
}

pub(super) fn of(node: &YamlNode<'_>) -> Vec<Held> {
    let mut walk = Walk::default();
    walk.node(node, &At::TOP, OWN);
    walk.found
}

pub(super) fn of_patch(node: &YamlNode<'_>) -> Vec<Held> {
    let mut walk = Walk::default();
    walk.node(node, &At::TOP, Place { own: false, patch: PatchedKinds::Secrets, ..OWN });
    walk.found
}

/// Lists the values of Secrets with variables that Flux substitutes after the build. The values of a generator are
/// base64 by then, and have none.
pub(super) fn templates(node: &YamlNode<'_>) -> Vec<ValueTemplate> {
    let mut walk = Walk::default();
    walk.node(node, &At::TOP, OWN);
    walk.templates
}

/// Lists the inputs that the Secrets of a set use, and whether an encrypted template may use more of them.
pub(super) fn uses(node: &YamlNode<'_>) -> (Vec<Use>, bool) {
    let mut walk = Walk::default();
    walk.node(node, &At::TOP, OWN);
    (walk.of_sets, walk.may_take_more)
}

/// Finds the values of Secrets in the inputs of a provider for a set.
pub(super) fn provided(defaults: &YamlNode<'_>, uses: &[Use], may_take_more: bool) -> Vec<Held> {
    let mut walk = Walk::default();
    let (spec, at) = (At::TOP.key("spec"), "defaultValues");
    let at = spec.key(at);
    for one in uses {
        walk.input(one, &one.keys, defaults, &at, OWN);
    }
    if may_take_more {
        walk.doubtful(defaults, "", &at, OWN);
    }
    walk.found
}

#[derive(Default)]
struct Walk {
    found: Vec<Held>,
    /// The values with variables.
    templates: Vec<ValueTemplate>,
    /// The inputs that the Secrets of all sets use.
    of_sets: Vec<Use>,
    /// Whether one of those has a ciphertext.
    may_take_more: bool,
    /// The inputs that the Secrets of a set use.
    uses: Vec<Use>,
    /// The places of the inputs that are found already: several Secrets may use one.
    inputs: HashSet<String>,
    /// Whether a Secret of the set has a ciphertext, whose inputs are unknown.
    is_sealed: bool,
}

/// Describes a value of a Secret.
struct StatedValue<'v> {
    form: ValuePlacement,
    owner: &'v dyn fmt::Display,
    block: &'v str,
    key: &'v str,
}

impl Walk {
    fn node(&mut self, node: &YamlNode<'_>, at: &At<'_>, place: Place<'_>) {
        match node {
            YamlNode::Map(fields) => self.map(fields, at, place),
            YamlNode::List(items) if is_json_patch(items) => self.json_patch(items, at, place),
            YamlNode::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.node(item, &at.index(index), place.within());
                }
            }
            YamlNode::Scalar(scalar) => self.text(scalar, at, place),
        }
    }

    fn map(&mut self, fields: &Fields<'_>, at: &At<'_>, place: Place<'_>) {
        let kind = word(fields, "kind");
        let is_secret = is_of_kind(fields, place.own, manifest::is_secret_kind)
            || place.of_secrets && kind.is_empty()
            || place.patch == PatchedKinds::Secrets;
        if is_secret && is_core(fields) {
            return self.secret(fields, at, place);
        }
        if kind.eq_ignore_ascii_case(manifest::GENERATOR) {
            self.generator(fields, at, place);
        }
        for way in operators::ways(word(fields, "apiVersion"), kind) {
            self.made(way, fields, at, place);
        }
        if kind == "ResourceSet"
            && word(fields, "apiVersion").split_once('/').is_some_and(|(group, _)| group == OPERATOR)
        {
            return self.set(fields, at, place);
        }
        self.fields(fields, at, place);
    }

    /// Walks the fields of an object that is no Secret.
    fn fields(&mut self, fields: &Fields<'_>, at: &At<'_>, place: Place<'_>) {
        let of_secrets = is_of_kind(fields, false, manifest::is_secret_list);
        let within = place.within();
        for (key, node) in fields {
            let at = at.key(key);
            match node {
                YamlNode::List(items) if key.eq_ignore_ascii_case(manifest::GENERATOR) => {
                    for (index, item) in items.iter().enumerate() {
                        if let YamlNode::Map(fields) = item {
                            self.generator(fields, &at.index(index), within);
                        }
                    }
                }
                // Only an item of the document's list, or of a list in it, may be an object of the document.
                YamlNode::List(items) if place.own && is_word(key, "items") => {
                    for (index, item) in items.iter().enumerate() {
                        self.node(item, &at.index(index), Place { of_secrets, ..place });
                    }
                }
                YamlNode::Scalar(scalar) if key.eq_ignore_ascii_case("patch") => {
                    let patch =
                        target(fields).map_or(PatchedKinds::Others, |target| patched_kinds(word_in(target, "kind")));
                    self.text(scalar, &at, Place { patch, ..within });
                }
                YamlNode::Scalar(scalar) if key == "sourceValue" => {
                    if let Some(path) = replaced(fields) {
                        let (block, key) = path.split_once('.').unwrap_or((path, ""));
                        let value = StatedValue { form: ValuePlacement::Patch, owner: &at, block, key };
                        self.hold(&value, scalar, &at, place);
                    }
                    self.text(scalar, &at, within);
                }
                // Values of charts that create a Secret from them; an object of another kind has fields of its own.
                YamlNode::Map(values) if key == "stringData" && word(fields, "kind").is_empty() => {
                    for (key, value) in values {
                        self.template(key, value, &at.key(key), place);
                    }
                    self.node(node, &at, within);
                }
                _ => self.node(node, &at, within),
            }
        }
    }

    /// Collects the source of an operator's Secret, at the end of a path through its object.
    fn made(&mut self, way: &[&str], fields: &Fields<'_>, at: &At<'_>, place: Place<'_>) {
        let Some((first, rest)) = way.split_first() else {
            return fields.iter().for_each(|(key, value)| self.template(key, value, &at.key(key), place));
        };
        for (key, node) in fields.iter().filter(|(key, _)| key == first) {
            let at = at.key(key);
            match node {
                YamlNode::Map(fields) => self.made(rest, fields, &at, place),
                YamlNode::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        let YamlNode::Map(fields) = item else { continue };
                        let at = at.index(index);
                        match rest.split_first() {
                            Some((&"*", rest)) => self.made(rest, fields, &at, place),
                            _ => self.pair(fields, &at, place),
                        }
                    }
                }
                YamlNode::Scalar(_) => self.template(key, node, &at, place),
            }
        }
    }

    /// Collects an item that names its key and its value, or has several of both.
    fn pair(&mut self, fields: &Fields<'_>, at: &At<'_>, place: Place<'_>) {
        let name = word(fields, "key");
        for (key, node) in fields {
            match node {
                YamlNode::Scalar(_) if key == "value" => self.template(name, node, &at.key(key), place),
                YamlNode::Map(values) if key == "valueMap" => {
                    let at = at.key(key);
                    for (key, value) in values {
                        self.template(key, value, &at.key(key), place);
                    }
                }
                _ => {}
            }
        }
    }

    /// Collects a value that becomes one of a Secret, and may be public.
    fn template(&mut self, key: &str, node: &YamlNode<'_>, at: &At<'_>, place: Place<'_>) {
        let Some(scalar) = node.text() else { return };
        let text = scalar.text.as_ref();
        let path = at.to_string();
        // The path of an operator may end at the values of a chart.
        if self.found.iter().any(|held| held.form == ValuePlacement::Template && held.path == path) {
            return;
        }
        let owner = at.before.map_or(String::new(), ToString::to_string);
        let block = owner.rsplit('.').next().unwrap_or_default().to_owned();
        let sealed = text.starts_with(SEALED);
        self.found.push(Held {
            form: ValuePlacement::Template,
            path,
            owner,
            shown: format!("{block}.{key}"),
            key: key.to_owned(),
            leaf: place.text.map_or(scalar.leaf, |(_, leaf)| leaf),
            filled: !text.is_empty(),
            sealed,
            placeholder: is_placeholder(text),
            confidential: !sealed && is_surely_confidential_text(key, text),
            doubtful: false,
        });
    }

    /// Collects the values of a Secret.
    fn secret(&mut self, fields: &Fields<'_>, at: &At<'_>, place: Place<'_>) {
        let form = match (place.text, place.own) {
            _ if place.patch == PatchedKinds::Secrets => ValuePlacement::Patch,
            (Some(_), _) => ValuePlacement::Text,
            (None, true) => ValuePlacement::Secret,
            (None, false) => ValuePlacement::Within,
        };
        for block in manifest::BLOCKS {
            // The API server reads no value from a key in another case; the value is in the file all the same.
            let is_block = |key: &str| is_word(key, block) || manifest::is_same_name(key, block);
            for (key, node) in fields.iter().filter(|(key, _)| is_block(key)) {
                let at_block = at.key(key);
                match node {
                    YamlNode::Map(values) => {
                        let is_value = |(_, value): &(_, YamlNode<'_>)| matches!(value, YamlNode::Scalar(_));
                        // A policy that creates Secrets has the whole object below `data`.
                        let is_object = || manifest::is_secret_kind(word(values, "kind"));
                        if form != ValuePlacement::Secret && (!values.iter().all(is_value) || is_object()) {
                            self.node(node, &at_block, Place { patch: PatchedKinds::Others, ..place.within() });
                            continue;
                        }
                        for (key, value) in values {
                            let said = StatedValue { form, owner: at, block, key };
                            self.value(&said, value, &at_block.key(key), place);
                        }
                    }
                    YamlNode::Scalar(scalar) => {
                        self.hold(&StatedValue { form, owner: at, block, key: "" }, scalar, &at_block, place);
                    }
                    YamlNode::List(_) => {
                        self.value(&StatedValue { form, owner: at, block, key: "" }, node, &at_block, place);
                    }
                }
            }
        }
        self.copies(fields, at, place);
    }

    /// Collects everything below a key of a Secret: more than one value is a mistake, and no less secret.
    fn value(&mut self, said: &StatedValue<'_>, node: &YamlNode<'_>, at: &At<'_>, place: Place<'_>) {
        match node {
            YamlNode::Scalar(scalar) => self.hold(said, scalar, at, place),
            YamlNode::Map(fields) => fields.iter().for_each(|(key, node)| self.odd(said, node, &at.key(key), place)),
            YamlNode::List(items) => {
                items.iter().enumerate().for_each(|(index, node)| self.odd(said, node, &at.index(index), place));
            }
        }
    }

    /// Collects a value in an invalid place of a Secret: it counts as confidential, unless it is a placeholder.
    fn odd(&mut self, said: &StatedValue<'_>, node: &YamlNode<'_>, at: &At<'_>, place: Place<'_>) {
        let before = self.found.len();
        self.value(said, node, at, place);
        for held in self.found.iter_mut().skip(before) {
            held.confidential |= held.filled && !held.placeholder;
        }
    }

    /// Collects the copies of a whole Secret that programs keep in its annotations.
    fn copies(&mut self, fields: &Fields<'_>, owner: &At<'_>, place: Place<'_>) {
        let below = |node: &'_ YamlNode<'_>, name: &str| -> Vec<usize> {
            let YamlNode::Map(fields) = node else { return Vec::new() };
            (0_usize..).zip(fields).filter(|(_, (key, _))| is_word(key, name)).map(|(index, _)| index).collect()
        };
        for (key, metadata) in fields.iter().filter(|(key, _)| is_word(key, "metadata")) {
            let at = owner.key(key);
            for index in below(metadata, "annotations") {
                let YamlNode::Map(of_metadata) = metadata else { continue };
                let Some((key, YamlNode::Map(annotations))) = of_metadata.get(index) else { continue };
                let at = at.key(key);
                for (name, node) in
                    annotations.iter().filter(|(name, _)| manifest::COPIES.iter().any(|copy| name == copy))
                {
                    if let Some(scalar) = node.text() {
                        self.copy(owner, name, scalar, &at.key(name), place);
                    }
                }
            }
        }
    }

    fn copy(&mut self, owner: &At<'_>, name: &str, scalar: &Scalar<'_>, at: &At<'_>, place: Place<'_>) {
        let text = scalar.text.as_ref();
        let sealed = text.starts_with(SEALED);
        let holds = || manifest::BLOCKS.iter().any(|block| text.contains(&format!("\"{block}\":")));
        if !sealed && !holds() {
            return;
        }
        let inner = super::super::from_str::<Value>(text).ok().map(|object| super::of_patch(&object));
        let confidential = inner.is_none_or(|inner| inner.iter().any(|held| held.confidential || held.sealed));
        let shown = format!("metadata.annotations.{name}");
        self.found.push(Held {
            form: if place.text.is_some() { ValuePlacement::Text } else { ValuePlacement::Copy },
            path: at.to_string(),
            owner: owner.to_string(),
            key: name.to_owned(),
            shown,
            leaf: place.text.map_or(scalar.leaf, |(_, leaf)| leaf),
            filled: true,
            sealed,
            placeholder: false,
            confidential: confidential && !sealed,
            doubtful: false,
        });
    }

    /// Collects the literals of a generator of kustomize.
    fn generator(&mut self, fields: &Fields<'_>, at: &At<'_>, place: Place<'_>) {
        for (key, node) in fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case("literals")) {
            let YamlNode::List(items) = node else { continue };
            for (index, item) in items.iter().enumerate() {
                let Some(scalar) = item.text() else { continue };
                let (name, value) = scalar.text.split_once('=').unwrap_or(("", scalar.text.as_ref()));
                let literal =
                    Scalar { text: value.trim_matches(['"', '\'']).into(), kind: ScalarKind::Text, leaf: scalar.leaf };
                let value = StatedValue { form: ValuePlacement::Generator, owner: at, block: "stringData", key: name };
                let sealed = scalar.text.starts_with(SEALED);
                let literal = if sealed { Scalar { text: scalar.text.as_ref().into(), ..literal } } else { literal };
                self.hold(&value, &literal, &at.key(key).index(index), place);
            }
        }
    }

    /// Collects the values that the operations of a JSON patch write into a Secret. No other kind has `stringData`.
    fn json_patch(&mut self, items: &[YamlNode<'_>], at: &At<'_>, place: Place<'_>) {
        for (index, item) in items.iter().enumerate() {
            let YamlNode::Map(fields) = item else { continue };
            let at = at.index(index);
            let path = word(fields, "path").replace("~1", "/").replace("~0", "~");
            let mut steps = path.trim_start_matches('/').splitn(2, '/');
            let (block, key) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
            let is_block =
                block == "stringData" || place.patch != PatchedKinds::Others && manifest::BLOCKS.contains(&block);
            let before = self.found.len();
            for (name, node) in fields.iter().filter(|(key, _)| key == "value") {
                let at_value = at.key(name);
                match node {
                    YamlNode::Map(values) if is_block && key.is_empty() => {
                        for (key, node) in values {
                            let said = StatedValue { form: ValuePlacement::Patch, owner: &at, block, key };
                            self.value(&said, node, &at_value.key(key), place);
                        }
                    }
                    node if is_block => {
                        let said = StatedValue { form: ValuePlacement::Patch, owner: &at, block, key };
                        self.value(&said, node, &at_value, place);
                    }
                    node => self.node(node, &at_value, Place { patch: PatchedKinds::Others, ..place.within() }),
                }
            }
            // In another kind, `data` holds anything.
            if place.patch == PatchedKinds::Any && block == "data" {
                for held in self.found.iter_mut().skip(before) {
                    let value = fields.iter().find(|(key, _)| key == "value").map(|(_, node)| node);
                    let text = match value {
                        Some(YamlNode::Map(values)) => {
                            values.iter().find(|(key, _)| *key == held.key).map(|(_, node)| node.word())
                        }
                        other => other.map(YamlNode::word),
                    };
                    held.confidential &= text.is_some_and(|text| is_surely_confidential_data(&held.key, text));
                }
            }
        }
    }

    /// Searches a text: a manifest, a template of one, a patch.
    fn text(&mut self, scalar: &Scalar<'_>, at: &At<'_>, place: Place<'_>) {
        let text = scalar.text.as_ref();
        let may = place.patch != PatchedKinds::Others && text.contains("ata") || manifest::may_hold_secrets(text);
        if scalar.kind != ScalarKind::Text || place.depth >= DEEPEST_TEXT || !may {
            return;
        }
        let leaf = place.text.map_or(scalar.leaf, |(_, leaf)| leaf);
        let inside = Place {
            own: false,
            of_secrets: false,
            patch: place.patch,
            text: Some((text, leaf)),
            depth: place.depth.saturating_add(1),
        };
        let documents = manifest::documents(text).or_else(|_| manifest::documents(&without_actions(text)));
        let Ok(documents) = documents else {
            if let Some((_, shown)) = in_lines(text) {
                let (block, key) = shown.split_once('.').unwrap_or((&shown, ""));
                let said = StatedValue { form: ValuePlacement::Text, owner: at, block, key };
                let marked = Scalar { text: "in plain text".into(), kind: ScalarKind::Other, leaf };
                self.hold(&said, &marked, at, inside);
            }
            return;
        };
        for document in documents.iter().filter(|document| document.is_mapping() || document.is_sequence()) {
            let document = super::merged(document);
            self.node(&YamlNode::of_yaml(&document), at, inside);
        }
    }

    /// Searches a set of flux-operator, whose templates insert inputs into its objects.
    fn set(&mut self, fields: &Fields<'_>, at: &At<'_>, place: Place<'_>) {
        let around = (std::mem::take(&mut self.uses), std::mem::take(&mut self.is_sealed));
        self.fields(fields, at, place);
        let (uses, is_sealed) = (std::mem::take(&mut self.uses), self.is_sealed);
        (self.uses, self.is_sealed) = around;
        self.of_sets.extend(uses.iter().cloned());
        self.may_take_more |= is_sealed;
        for (key, spec) in fields.iter().filter(|(key, _)| key == "spec") {
            let at = at.key(key);
            let YamlNode::Map(spec) = spec else { continue };
            for (key, node) in spec.iter().filter(|(key, _)| key == "inputs") {
                let at = at.key(key);
                let YamlNode::List(items) = node else { continue };
                for (index, item) in items.iter().enumerate() {
                    let at = at.index(index);
                    for one in &uses {
                        self.input(one, &one.keys, item, &at, place);
                    }
                    if is_sealed {
                        self.doubtful(item, "", &at, place);
                    }
                }
            }
        }
    }

    /// Collects the values of an input that a template inserts into a Secret.
    fn input(&mut self, one: &Use, keys: &[String], node: &YamlNode<'_>, at: &At<'_>, place: Place<'_>) {
        match node {
            YamlNode::Map(fields) => {
                let next = keys.first();
                for (key, node) in fields.iter().filter(|(key, _)| next.is_none_or(|next| key == next)) {
                    self.input(one, keys.get(1..).unwrap_or_default(), node, &at.key(key), place);
                }
            }
            YamlNode::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.input(one, keys, item, &at.index(index), place);
                }
            }
            YamlNode::Scalar(scalar) => {
                let path = at.to_string();
                if !self.inputs.insert(path) {
                    return;
                }
                let own = match at.step {
                    Some(YamlStep::Key(key)) => key,
                    _ => one.keys.last().map_or("", String::as_str),
                };
                let (block, key) =
                    one.whole.as_ref().map_or(("stringData", own), |(block, key)| (block.as_str(), key.as_str()));
                let said = StatedValue { form: ValuePlacement::Input, owner: at, block, key };
                self.hold(&said, scalar, at, place);
                if let Some(held) = self.found.last_mut() {
                    held.confidential &= one.whole.is_some() || is_surely_confidential(own, &scalar.text);
                    own.clone_into(&mut held.key);
                    one.shown.clone_into(&mut held.shown);
                }
            }
        }
    }

    /// Collects the inputs that mark themselves as secret, if the encrypted template's inputs are unknown.
    fn doubtful(&mut self, node: &YamlNode<'_>, key: &str, at: &At<'_>, place: Place<'_>) {
        match node {
            YamlNode::Map(fields) => {
                for (key, node) in fields {
                    self.doubtful(node, key, &at.key(key), place);
                }
            }
            YamlNode::List(items) => {
                items.iter().enumerate().for_each(|(index, node)| self.doubtful(node, key, &at.index(index), place));
            }
            YamlNode::Scalar(scalar) => {
                let path = at.to_string();
                let is_known = self.inputs.contains(&path);
                let is_sealed = scalar.text.starts_with(SEALED);
                if scalar.kind == ScalarKind::Text
                    && !is_known
                    && !is_sealed
                    && is_surely_confidential(key, &scalar.text)
                {
                    let said = StatedValue { form: ValuePlacement::Input, owner: at, block: "stringData", key };
                    self.hold(&said, scalar, at, place);
                    if let Some(held) = self.found.last_mut() {
                        held.doubtful = true;
                    }
                }
            }
        }
    }

    fn hold(&mut self, said: &StatedValue<'_>, scalar: &Scalar<'_>, at: &At<'_>, place: Place<'_>) {
        let text = scalar.text.as_ref();
        let StatedValue { form, owner, block, key } = *said;
        let sealed = scalar.kind == ScalarKind::Text && text.starts_with(SEALED);
        let is_data = block == "data";
        let confidential = match scalar.kind {
            ScalarKind::Null | ScalarKind::Boolean => false,
            ScalarKind::Other => true,
            ScalarKind::Text if is_mask(text) => false,
            ScalarKind::Text if is_data => is_confidential_data(key, text),
            ScalarKind::Text => is_confidential(key, text),
        };
        let (template, leaf) = place.text.map_or((None, scalar.leaf), |(text, leaf)| (Some(text), leaf));
        if form != ValuePlacement::Input {
            self.is_sealed |= sealed;
            self.uses.extend(inputs::of_value(block, key, text, template));
        }
        if !matches!(form, ValuePlacement::Generator | ValuePlacement::Copy) {
            self.templates.extend(ValueTemplate::of(block, key, text));
        }
        self.found.push(Held {
            form,
            path: at.to_string(),
            owner: owner.to_string(),
            shown: if key.is_empty() { block.to_owned() } else { format!("{block}.{key}") },
            key: if key.is_empty() { block.to_owned() } else { key.to_owned() },
            leaf,
            filled: scalar.kind != ScalarKind::Null && !text.is_empty(),
            sealed,
            placeholder: is_placeholder(text),
            confidential,
            doubtful: false,
        });
    }
}

fn word<'n>(fields: &'n Fields<'_>, name: &str) -> &'n str {
    fields.iter().find(|(key, _)| is_word(key, name)).map_or("", |(_, node)| node.word())
}

fn word_in<'n>(node: &'n YamlNode<'_>, name: &str) -> &'n str {
    match node {
        YamlNode::Map(fields) => word(fields, name),
        _ => "",
    }
}

/// Tells whether one of the stated kinds passes a test; an encrypted kind is unknown.
fn is_of_kind(fields: &Fields<'_>, or_sealed: bool, test: impl Fn(&str) -> bool) -> bool {
    let is_kind = |key: &str| is_word(key, "kind") || manifest::is_same_name(key, "kind");
    let mut kinds = fields.iter().filter(|(key, _)| is_kind(key)).map(|(_, node)| node.word());
    kinds.any(|kind| test(kind) || or_sealed && kind.starts_with(SEALED))
}

/// Tells whether it is of the core group: other groups have kinds of this name, with fields of their own.
fn is_core(fields: &Fields<'_>) -> bool {
    let mut versions =
        fields.iter().filter(|(key, _)| is_word(key, "apiVersion")).map(|(_, node)| node.word()).peekable();
    versions.peek().is_none() || versions.any(|version| manifest::is_core(version) || version.starts_with(SEALED))
}

/// Tells whether a list holds the operations of a JSON patch (RFC 6902).
fn is_json_patch(items: &[YamlNode<'_>]) -> bool {
    let is_one = |item: &YamlNode<'_>| !word_in(item, "op").is_empty() && word_in(item, "path").starts_with('/');
    !items.is_empty() && items.iter().all(is_one)
}

fn target<'n, 'a>(fields: &'n Fields<'a>) -> Option<&'n YamlNode<'a>> {
    fields.iter().find(|(key, _)| key.eq_ignore_ascii_case("target")).map(|(_, node)| node)
}

/// Returns the field of a Secret that a replacement of kustomize writes to.
fn replaced<'n>(fields: &'n Fields<'_>) -> Option<&'n str> {
    let list = |fields: &'n Fields<'_>, name: &str| -> &'n [YamlNode<'_>] {
        match fields.iter().find(|(key, _)| key == name) {
            Some((_, YamlNode::List(items))) => items,
            _ => &[],
        }
    };
    let of_target = |target: &'n YamlNode<'_>| {
        let YamlNode::Map(fields) = target else { return None };
        let select = fields.iter().find(|(key, _)| key == "select").map(|(_, node)| word_in(node, "kind"))?;
        let mut paths = list(fields, "fieldPaths").iter().map(YamlNode::word);
        paths.find(|path| {
            let block = path.split('.').next().unwrap_or_default();
            block == "stringData" || patched_kinds(select) == PatchedKinds::Secrets && manifest::BLOCKS.contains(&block)
        })
    };
    list(fields, "targets").iter().find_map(of_target)
}
