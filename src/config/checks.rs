//! The repository's own settings of rules: the table `[check]` of `.fluxdeck.toml`.
//!
//! ```toml
//! [check.ignore]
//! flux-no-prune = "the storage must outlive its Kustomization"
//!
//! [check.nodes.production]
//! architectures = ["arm64"]
//! cpu = "4"                    # of the largest node, allocatable
//! memory = "7800Mi"
//! count = 3
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::settings;
use crate::model::{Amount, Nodes, quantity};
use crate::repo::contents;

/// Holds the settings of rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checks {
    /// The silenced rules, each with its reason; an entry without a reason has no effect.
    pub ignored: Vec<(String, String)>,
    /// The nodes of each environment that the settings describe.
    pub nodes: BTreeMap<String, Nodes>,
}

/// Reads them from the repository's settings; reading the settings reports what cannot be parsed.
pub fn checks(root: &Path) -> Checks {
    parse(&contents::text(root, settings::SHARED).unwrap_or_default())
}

fn parse(text: &str) -> Checks {
    let Ok(table) = DeTable::parse(text) else { return Checks::default() };
    let check = table.get_ref().get("check").and_then(|check| check.get_ref().as_table());
    let part = |name: &str| check.and_then(|check| check.get(name)).and_then(|part| part.get_ref().as_table());
    let reason = |value: &DeValue<'_>| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let ignored = part("ignore").into_iter().flatten();
    let ignored = ignored.filter_map(|(rule, value)| Some((rule.get_ref().to_string(), reason(value.get_ref())?)));
    let nodes = part("nodes").into_iter().flatten();
    let nodes =
        nodes.filter_map(|(env, value)| Some((env.get_ref().to_string(), nodes_of(value.get_ref().as_table()?))));
    Checks { ignored: ignored.collect(), nodes: nodes.collect() }
}

fn nodes_of(table: &DeTable<'_>) -> Nodes {
    let value = |name: &str| table.get(name).map(toml::Spanned::get_ref);
    let text = |value: &DeValue<'_>| value.as_str().map(str::to_owned);
    let architectures = value("architectures").map(|value| match value.as_array() {
        Some(list) => list.iter().filter_map(|one| text(one.get_ref())).collect(),
        None => text(value).into_iter().collect(),
    });
    let count: Option<u32> = value("count").and_then(DeValue::as_integer).and_then(|count| count.as_str().parse().ok());
    let amount = |name: &str| {
        let largest = value(name).and_then(DeValue::as_str).and_then(quantity)?;
        Some(Amount { largest, together: count.map(|count| largest * f64::from(count)) })
    };
    let (cpu, memory) = (amount("cpu"), amount("memory"));
    Nodes { architectures: architectures.unwrap_or_default(), cpu, memory, are_told: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_are_told_is_read() {
        let text = "[check.ignore]\na = ' because '\nb = ''\n[check.nodes.production]\narchitectures = 'arm64'\ncpu = '4'\nmemory = '8Gi'\ncount = 3\n[check.nodes.staging]\narchitectures = ['amd64', 'arm64']\n";
        let found = parse(text);
        assert_eq!(found.ignored, [("a".to_owned(), "because".to_owned())]);
        let production = Nodes {
            architectures: vec!["arm64".to_owned()],
            cpu: Some(Amount { largest: 4.0, together: Some(12.0) }),
            memory: Some(Amount { largest: 8_589_934_592.0, together: Some(25_769_803_776.0) }),
            are_told: true,
        };
        assert_eq!(found.nodes["production"], production);
        assert_eq!(found.nodes["staging"].architectures, ["amd64", "arm64"]);
        assert_eq!(parse("[["), Checks::default());
    }
}
