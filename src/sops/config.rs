//! `.sops.yaml`: the recipients of new files, and the rule for their encrypted values (the format is sops's
//! `config/config.go`).
//!
//! sops ignores unknown fields, so a typo silently changes what is encrypted: here it gives a warning.

use regex::Regex;

use super::error::SopsError;
use super::merged;
use super::parsed::{Node, NodeKind, Parsed};
use super::path::{Path, Segment};
use super::rules::RuleKind;
use super::yaml;
use crate::yaml::expression;

/// The fields of a creation rule that are not rules for values.
const FIELDS: [&str; 13] = [
    "path_regex",
    "age",
    "key_groups",
    "shamir_threshold",
    "mac_only_encrypted",
    "pgp",
    "kms",
    "aws_profile",
    "gcp_kms",
    "hckms",
    "azure_keyvault",
    "hc_vault_transit_uri",
    "omit_extensions",
];
/// The fields of a group of keys.
const GROUP_FIELDS: [&str; 8] = ["merge", "age", "pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault"];
/// The fields of the file itself.
const TOP: [&str; 3] = ["creation_rules", "destination_rules", "stores"];
/// The formats with settings.
const STORES: [&str; 5] = ["yaml", "json", "json_binary", "dotenv", "ini"];

/// The most creation rules: each file is matched against them in a row.
const MOST_RULES: usize = 500;
/// The most letters of a configuration, 256 KiB.
const LONGEST: usize = 256 * 1024;
/// The letters of an expression that a message shows.
const SHOWN: usize = 200;

/// Warns of something that sops silently ignores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigWarning {
    /// The line, from one.
    pub line: usize,
    /// The fault, and its effect.
    pub message: String,
    /// Whether it affects neither the encrypted values nor the recipients.
    pub is_harmless: bool,
}

impl ConfigWarning {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), is_harmless: false }
    }
}

/// Parts of field names that select the encrypted files, values and recipients.
const WEIGHTY: [&str; 14] = [
    "encrypt",
    "crypt",
    "regex",
    "suffix",
    "path",
    "age",
    "pgp",
    "gpg",
    "kms",
    "key",
    "vault",
    "shamir",
    "mac",
    "recipient",
];

/// Holds one creation rule.
#[derive(Debug, Clone)]
pub struct CreationRule {
    /// Its position, from zero.
    pub index: usize,
    /// The line on which it begins, from one.
    pub line: usize,
    /// The expression for paths; empty if it matches all.
    pub path_regex: String,
    paths: Paths,
    /// The age and SSH recipients, group by group; several groups split the data key between them.
    pub groups: Vec<Vec<String>>,
    /// The number of groups that are needed.
    pub shamir_threshold: Option<usize>,
    /// The kinds of keys beside age that it names, which only sops itself can use.
    pub other_kinds: Vec<String>,
    /// The rule for the encrypted values; without one, all but those with the ending `_unencrypted`.
    pub values: Option<(RuleKind, String)>,
    /// Whether the MAC covers the encrypted values alone.
    pub mac_only_encrypted: bool,
    /// The reason that the rule cannot be used, if there is one.
    pub refused: Option<RefusedRule>,
}

/// Explains why a creation rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRule {
    /// The line, from one.
    pub line: usize,
    /// The reason.
    pub why: String,
    /// The remedy.
    pub todo: &'static str,
}

/// Selects the paths of a creation rule.
#[derive(Debug, Clone)]
enum Paths {
    All,
    Fitting(Regex),
    /// The paths are unknown: it may be any, so no later rule counts, as sops stops at it, too.
    Unknown,
}

impl CreationRule {
    /// Returns all age and SSH recipients, each once.
    pub fn recipients(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for recipient in self.groups.iter().flatten() {
            if !found.contains(recipient) {
                found.push(recipient.clone());
            }
        }
        found
    }

    /// Tells whether the rule is, or may be, for a path relative to the folder of the configuration.
    pub fn fits(&self, path: &str) -> bool {
        match &self.paths {
            Paths::All | Paths::Unknown => true,
            Paths::Fitting(regex) => regex.is_match(path),
        }
    }

    /// Returns the rule for the encrypted values, in the form of a configuration.
    pub fn values_text(&self) -> String {
        match &self.values {
            Some((kind, text)) => format!("{}: {text}", kind.key()),
            None => "unencrypted_suffix: _unencrypted".to_owned(),
        }
    }
}

/// Holds a configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The creation rules in their order: the first match counts.
    pub rules: Vec<CreationRule>,
    /// The indentation of YAML, if it is set.
    pub indent: Option<usize>,
    /// The fields that sops silently ignores.
    pub warnings: Vec<ConfigWarning>,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// If it is not YAML, has more than one rule for values in one creation rule, or an expression for values that sops
    /// would treat as one that never matches.
    pub fn parse(text: &str) -> Result<Self, SopsError> {
        if text.len() > LONGEST {
            let message = format!("it is longer than {} KiB, which is not read", LONGEST / 1024);
            return Err(SopsError::Shape { line: 1, message });
        }
        let parsed = merged::written_out(yaml::read(text)?);
        let mut config = Self::default();
        config.top(&parsed);
        let stores = key("stores");
        config.unknown(&parsed, &stores, &STORES);
        config.indent = number(&parsed, &Path::parse("stores.yaml.indent"));
        if parsed.documents.len() > 1 {
            config.warn(1, "it has several documents, of which sops reads the first alone");
        }
        let list = key("creation_rules");
        for (index, node) in parsed.children(0, &list).enumerate() {
            if index >= MOST_RULES {
                let message = format!("it has more than {MOST_RULES} creation rules, which are not read");
                return Err(SopsError::Shape { line: node.line, message });
            }
            let rule = config.rule(&parsed, index, node)?;
            config.rules.push(rule);
        }
        if config.rules.is_empty() {
            config.warn(1, "it has no creation_rules, so sops passes over it");
        }
        // A rule after one that matches everything is never reached.
        if let Some(all) = config.rules.iter().find(|rule| rule.path_regex.is_empty())
            && let Some(behind) = config.rules.get(all.index.saturating_add(1))
        {
            let message = format!("it is never reached: the rule on line {} fits every path", all.line);
            config.warnings.push(ConfigWarning::new(behind.line, message));
        }
        config.warnings.sort_by_key(|warning| warning.line);
        Ok(config)
    }

    /// Finds the rule for a path relative to the folder of the configuration.
    pub fn rule_for(&self, path: &str) -> Option<&CreationRule> {
        self.rules.iter().find(|rule| rule.fits(path))
    }

    fn warn(&mut self, line: usize, message: &str) {
        self.warnings.push(ConfigWarning::new(line, message));
    }

    fn rule(&mut self, parsed: &Parsed, index: usize, node: &Node) -> Result<CreationRule, SopsError> {
        let base = &node.path;
        let kinds = RuleKind::ALL.map(RuleKind::key);
        self.unknown(parsed, base, &[FIELDS.as_slice(), kinds.as_slice()].concat());
        let at = |name: &str| base.child(Segment::Key(name.to_owned()));
        let line = |name: &str| parsed.node(0, &at(name)).map_or(node.line, |node| node.line);
        let path_regex = text(parsed, &at("path_regex")).unwrap_or_default();
        let wrong = |name: &str, message: String| SopsError::Shape { line: line(name), message };
        let shown = |text: &str| text.chars().take(SHOWN).collect::<String>();
        let mut unknown = None;
        let paths = match expression::compile(&path_regex) {
            _ if path_regex.is_empty() => Paths::All,
            Ok(regex) => Paths::Fitting(regex),
            Err(why) => {
                let regex = shown(&path_regex);
                unknown = Some(RefusedRule {
                    line: line("path_regex"),
                    why: format!("{regex} is not a regular expression that can be used: {why}"),
                    todo: "correct the expression: until then neither this rule nor those behind it count for any file",
                });
                Paths::Unknown
            }
        };
        let mut values: Option<(RuleKind, String)> = None;
        for kind in RuleKind::ALL {
            let Some(expression) = text(parsed, &at(kind.key())).filter(|text| !text.is_empty()) else { continue };
            if let Some((other, _)) = values {
                let later = if line(other.key()) > line(kind.key()) { other } else { kind };
                return Err(wrong(later.key(), "a rule can say in one way only which values are encrypted".to_owned()));
            }
            if kind.is_expression()
                && let Err(why) = expression::compile(&expression)
            {
                let expression = shown(&expression);
                let message =
                    format!("{expression} is not a regular expression, {why}: sops would encrypt nothing by it");
                return Err(wrong(kind.key(), message));
            }
            values = Some((kind, expression));
        }
        let mut other_kinds: Vec<String> = Vec::new();
        let groups = at("key_groups");
        let mut found: Vec<Vec<String>> = Vec::new();
        for group in parsed.children(0, &groups) {
            let mut recipients = Vec::new();
            self.group(parsed, &group.path, &mut recipients, &mut other_kinds);
            found.push(recipients);
        }
        if found.is_empty() {
            found.push(list(parsed, &at("age")));
            for name in FIELDS.iter().skip(5).filter(|name| !matches!(**name, "aws_profile" | "omit_extensions")) {
                if parsed.node(0, &at(name)).is_some() {
                    other_kinds.push((*name).to_owned());
                }
            }
        }
        if found.iter().all(Vec::is_empty) && other_kinds.is_empty() {
            self.warn(node.line, "it names no keys, so nothing can be encrypted by it");
        }
        let threshold = text(parsed, &at("shamir_threshold")).filter(|text| !text.is_empty());
        let refused = threshold.as_deref().and_then(|text| {
            let number: Option<i64> = text.parse().ok();
            let Some(number) = number else { return Some(format!("shamir_threshold: {text} is not a whole number")) };
            // 0 means unset: all groups are needed.
            let fits =
                usize::try_from(number).is_ok_and(|number| super::keys::shamir::is_possible(found.len(), number));
            (found.len() > 1 && number != 0 && !fits).then(|| {
                let groups = found.len();
                format!("a threshold of {number} of {groups} groups of keys cannot be: sops wants 2 to {groups}")
            })
        });
        let empty = |group: &[String]| group.is_empty() && other_kinds.is_empty();
        let refused = refused.or_else(|| {
            let number = found.iter().position(|group| empty(group)).filter(|_| found.len() > 1)?;
            Some(format!("group {} of its {} groups of keys names no key", number.saturating_add(1), found.len()))
        });
        let refused = refused.map(|why| RefusedRule {
            line: line(if threshold.is_some() { "shamir_threshold" } else { "key_groups" }),
            why,
            todo: "give each group its keys, and a shamir_threshold from 2 to the number of groups",
        });
        Ok(CreationRule {
            index,
            line: node.line,
            path_regex,
            paths,
            groups: found,
            shamir_threshold: number(parsed, &at("shamir_threshold")).filter(|number| *number > 0),
            other_kinds,
            values,
            mac_only_encrypted: text(parsed, &at("mac_only_encrypted")).as_deref() == Some("True"),
            refused: unknown.or(refused),
        })
    }

    fn group(&mut self, parsed: &Parsed, base: &Path, recipients: &mut Vec<String>, others: &mut Vec<String>) {
        self.unknown(parsed, base, &GROUP_FIELDS);
        let at = |name: &str| base.child(Segment::Key(name.to_owned()));
        let merged = at("merge");
        for one in parsed.children(0, &merged) {
            self.group(parsed, &one.path, recipients, others);
        }
        recipients.extend(list(parsed, &at("age")));
        for name in GROUP_FIELDS.iter().skip(2) {
            if parsed.node(0, &at(name)).is_some() && !others.iter().any(|known| known == name) {
                others.push((*name).to_owned());
            }
        }
    }

    /// Warns of keys at the top that look like typos. sops ignores any key there, and many users keep their anchors
    /// under one.
    fn top(&mut self, parsed: &Parsed) {
        let root = Path::default();
        let is_used = |node: &Node| parsed.nodes.iter().any(|other| other.path.parent().as_ref() == Some(&node.path));
        for node in parsed.children(0, &root) {
            let Some(name) = node.path.last_key().filter(|name| !TOP.contains(name)) else { continue };
            let meant = TOP.into_iter().find(|known| distance(name, known) <= 2);
            // `store: {}` is a typo, too; a list of keys under a user's own word is none.
            if let Some(meant) =
                meant.filter(|meant| *meant != "stores" || !is_used(node) || has(parsed, node, &STORES))
            {
                let message = format!("sops passes over {name}, which it does not know; {meant} was meant?");
                self.warnings.push(ConfigWarning::new(node.line, message));
            }
        }
    }

    /// Warns of keys that sops does not know.
    fn unknown(&mut self, parsed: &Parsed, base: &Path, known: &[&str]) {
        for node in parsed.children(0, base) {
            // `<<` is YAML's own, and the merged fields are beside it.
            let others = |name: &&str| !known.contains(name) && *name != "<<";
            let Some(name) = node.path.last_key().filter(others) else { continue };
            let nearest = known.iter().map(|one| (distance(name, one), *one)).min().filter(|(away, _)| *away <= 3);
            let meant = nearest.map(|(_, one)| format!("; {one} was meant?")).unwrap_or_default();
            let message = format!("sops passes over {name}, which it does not know{meant}");
            let is_harmless = nearest.is_none() && !WEIGHTY.iter().any(|part| name.to_lowercase().contains(part));
            self.warnings.push(ConfigWarning { is_harmless, ..ConfigWarning::new(node.line, message) });
        }
    }
}

/// Tells whether one of these keys is below a node.
fn has(parsed: &Parsed, node: &Node, keys: &[&str]) -> bool {
    parsed.children(0, &node.path).any(|child| child.path.last_key().is_some_and(|name| keys.contains(&name)))
}

fn key(name: &str) -> Path {
    Path::new(vec![Segment::Key(name.to_owned())])
}

fn text(parsed: &Parsed, path: &Path) -> Option<String> {
    let leaf = parsed.leaves.iter().find(|leaf| leaf.document == 0 && leaf.path == *path)?;
    Some(leaf.value.canonical.expose().to_owned())
}

fn number(parsed: &Parsed, path: &Path) -> Option<usize> {
    text(parsed, path)?.parse().ok()
}

/// Reads recipients: a text with commas, or a list of texts.
fn list(parsed: &Parsed, path: &Path) -> Vec<String> {
    let texts = match parsed.node(0, path).map(|node| node.kind) {
        Some(NodeKind::List) => parsed.children(0, path).filter_map(|node| text(parsed, &node.path)).collect(),
        _ => text(parsed, path).into_iter().collect::<Vec<_>>(),
    };
    let split = texts.iter().flat_map(|text| text.split(','));
    split.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// Returns the edit distance of two words (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut next = vec![index.saturating_add(1)];
        for (place, against) in other.iter().enumerate() {
            let value = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let replaced = value(&row, place).saturating_add(usize::from(letter != *against));
            let added = value(&next, place).saturating_add(1);
            let dropped = value(&row, place.saturating_add(1)).saturating_add(1);
            next.push(replaced.min(added).min(dropped));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Config, RefusedRule, SopsError};
    use crate::sops::RuleKind;

    #[test]
    fn rules_are_read_in_every_form_and_the_first_that_fits_counts() {
        let config = Config::parse(
            "stores:\n  yaml:\n    indent: 2\ncreation_rules:\n  - path_regex: clusters/staging/.*\\.yaml$\n    encrypted_regex: ^(data|stringData)$\n    age: >-\n      age1a,\n      age1b\n  - path_regex: \\.env$\n    age: [age1c, 'age1d,age1e']\n    mac_only_encrypted: true\n  - shamir_threshold: 2\n    key_groups:\n      - age: [age1f]\n        pgp: [ABCD]\n      - merge:\n          - age: [age1g]\n          - age: [age1h]\n",
        )
        .unwrap();
        assert_eq!(
            (config.rules.len(), config.indent, config.warnings.len()),
            (3, Some(2), 0),
            "{:?}",
            config.warnings
        );
        let first = config.rule_for("clusters/staging/a.yaml").unwrap();
        assert_eq!((first.index, first.line, first.recipients()), (0, 5, vec!["age1a".to_owned(), "age1b".to_owned()]));
        assert_eq!(first.values, Some((RuleKind::EncryptedRegex, "^(data|stringData)$".to_owned())));
        let second = config.rule_for("a.env").unwrap();
        assert_eq!(second.recipients(), ["age1c", "age1d", "age1e"]);
        assert!(second.mac_only_encrypted && second.values.is_none());
        let third = config.rule_for("anything").unwrap();
        assert_eq!(third.groups, [vec!["age1f".to_owned()], vec!["age1g".to_owned(), "age1h".to_owned()]]);
        assert_eq!((third.shamir_threshold, third.other_kinds.clone()), (Some(2), vec!["pgp".to_owned()]));
    }

    #[test]
    fn aliases_and_merges_are_read_as_go_yaml_reads_them() {
        let config = Config::parse(
            "keys:\n  - &admin age1a\n  - &cluster age1b\nall: &all [*admin, *cluster]\nbase: &base\n  encrypted_regex: ^data$\n  age: *all\n  path_regex: base\ngroups: &groups\n  - age: [*admin]\n  - age: *all\ncreation_rules:\n  - path_regex: one\n    key_groups:\n      - age: [*admin, *cluster]\n  - path_regex: two\n    age: *all\n  - <<: *base\n    path_regex: three\n  - path_regex: four\n    key_groups: *groups\n  - <<: [*base]\n    age: [age1c]\n    path_regex: five\n",
        )
        .unwrap();
        assert_eq!(config.warnings, []);
        let of = |path: &str| config.rule_for(path).unwrap();
        let both = vec!["age1a".to_owned(), "age1b".to_owned()];
        for path in ["one", "two", "three"] {
            assert_eq!(of(path).recipients(), both, "{path}");
        }
        assert_eq!(of("three").values, Some((RuleKind::EncryptedRegex, "^data$".to_owned())));
        assert_eq!(of("four").groups, [vec!["age1a".to_owned()], both.clone()]);
        assert_eq!(of("five").recipients(), ["age1c"]);
        assert_eq!(config.rules.len(), 5);
    }

    #[test]
    fn a_threshold_or_a_group_that_sops_refuses_is_refused_with_its_line() {
        let rule = |threshold: &str, groups: &str| {
            let text = format!("creation_rules:\n  - shamir_threshold: {threshold}\n    key_groups:\n{groups}");
            Config::parse(&text).unwrap().rules.remove(0)
        };
        let two = "      - age: [age1a]\n      - age: [age1b]\n";
        for fits in ["2", "0"] {
            assert_eq!(rule(fits, two).refused, None, "{fits}");
        }
        for wrong in ["1", "3", "-1", "many"] {
            let RefusedRule { line, why, .. } = rule(wrong, two).refused.unwrap();
            assert!(line == 2 && why.contains(wrong) && why.contains("threshold"), "{line} {why}");
        }
        assert_eq!(rule("1", "      - age: [age1a]\n").refused, None, "one group is not split");
        let refused = rule("2", "      - age: [age1a]\n      - age: []\n").refused.unwrap();
        assert_eq!(refused.why, "group 2 of its 2 groups of keys names no key");
    }

    #[test]
    fn what_sops_passes_over_is_told_with_its_line() {
        let config = Config::parse(
            "creation_rules:\n  - encrypted_regx: ^data$\n    age: age1a\n  - path_regex: x\n    age: age1b\nstore: {}\n",
        )
        .unwrap();
        let told: Vec<(usize, &str)> = config.warnings.iter().map(|one| (one.line, one.message.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "sops passes over encrypted_regx, which it does not know; encrypted_regex was meant?"),
                (4, "it is never reached: the rule on line 2 fits every path"),
                (6, "sops passes over store, which it does not know; stores was meant?"),
            ]
        );
        // A field for the form of files, such as a flag of the program, is no typo of one for their readers.
        let flag = |key: &str| {
            let text = format!("creation_rules:\n  - {key}: yaml\n    age: age1a\n");
            Config::parse(&text).unwrap().warnings[0].is_harmless
        };
        assert!(flag("input_type") && flag("description"));
        assert!(!flag("encrypted_regx") && !flag("recipients") && !flag("my_path_expression"));
        let empty = Config::parse("creation_rules:\n  - path_regex: a\n").unwrap();
        assert_eq!(empty.warnings[0].message, "it names no keys, so nothing can be encrypted by it");
        assert_eq!(Config::parse("a: b\n").unwrap().warnings.len(), 1);
        let typo = Config::parse("creation-rules:\n  - age: a\n").unwrap().warnings;
        assert!(typo.iter().any(|one| one.message.ends_with("creation_rules was meant?")), "{typo:?}");
    }

    #[test]
    fn a_rule_whose_paths_nobody_knows_takes_those_before_it_nothing() {
        for wrong in ["(", "(x{500}){40}", "a**", "(?=a)"] {
            let text = format!(
                "creation_rules:\n  - path_regex: one\n    age: age1a\n  - path_regex: '{wrong}'\n    age: age1b\n  - age: age1c\n"
            );
            let config = Config::parse(&text).unwrap();
            assert_eq!(config.rule_for("one").unwrap().refused, None, "{wrong}");
            let refused = config.rule_for("two").unwrap().refused.as_ref().unwrap();
            assert!(refused.line == 4 && refused.why.contains("regular expression"), "{refused:?}");
        }
        let config = Config::parse("creation_rules:\n  - path_regex: \\Qapps/a.b\\E\n    age: age1a\n  - path_regex: apps\\057c\n    age: age1b\n").unwrap();
        let index = |path: &str| config.rule_for(path).map(|rule| (rule.index, rule.refused.is_none()));
        assert_eq!([index("apps/a.b/x"), index("apps/axb"), index("apps/c")], [Some((0, true)), None, Some((1, true))]);
    }

    #[test]
    fn what_sops_would_misread_is_an_error_with_its_line() {
        let line = |text: &str| match Config::parse(text).unwrap_err() {
            SopsError::Shape { line, .. } | SopsError::Yaml { line, .. } => line,
            other => panic!("{other}"),
        };
        assert_eq!(line("creation_rules:\n  - age: a\n    encrypted_regex: ^(data\n"), 3);
        assert_eq!(line("creation_rules:\n  - encrypted_regex: a\n    encrypted_suffix: b\n    age: a\n"), 3);
        assert_eq!(line("creation_rules: [\n"), 1);
        // A configuration that would take long to read is refused.
        assert_eq!(line("creation_rules:\n  - age: a\n    encrypted_regex: '(x{1000}){1000}'\n"), 3);
        let many = format!("creation_rules:\n{}", "  - age: a\n".repeat(501));
        assert_eq!(line(&many), 502);
        assert_eq!(line(&format!("creation_rules: []\n{}", "# a\n".repeat(70_000))), 1);
    }
}
