//! What the repository's own settings tell its rules: the table `[check]` of `.fluxdeck.toml`.
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
use crate::repo::contents;

/// Holds what rules are told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checks {
    /// The rules that are silenced, each with its reason; one without a reason is not meant.
    pub ignored: Vec<(String, String)>,
    /// The nodes of each environment that says them.
    pub nodes: BTreeMap<String, Nodes>,
}

/// Describes the nodes of an environment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Nodes {
    /// Their architectures, as Kubernetes names them: `amd64`, `arm64`; empty where nothing is said.
    pub architectures: Vec<String>,
    /// What the largest of them gives to pods, in cores.
    pub cpu: Option<f64>,
    /// What the largest of them gives to pods, in bytes.
    pub memory: Option<f64>,
    /// How many there are.
    pub count: Option<u32>,
}

/// Reads them from the repository's settings; what is not understood there is told where settings are read.
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
    let amount = |name: &str| value(name).and_then(DeValue::as_str).and_then(quantity);
    Nodes {
        architectures: architectures.unwrap_or_default(),
        cpu: amount("cpu"),
        memory: amount("memory"),
        count: value("count").and_then(DeValue::as_integer).and_then(|count| count.as_str().parse().ok()),
    }
}

/// Reads a quantity of Kubernetes, such as `500m`, `1.5`, `2Gi` or `1e3`; `None` where it is none.
///
/// The suffixes are those of the API reference: decimal (`n u m k M G T P E`), binary (`Ki` to `Ei`), and an exponent of ten.
pub fn quantity(text: &str) -> Option<f64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | '-' | '+'));
    let (number, suffix) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        exponent => 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        for (text, value) in
            [("4", 4.0), ("500m", 0.5), ("1.5", 1.5), ("2Gi", 2_147_483_648.0), ("1e3", 1000.0), ("1G", 1e9)]
        {
            let read = quantity(text).unwrap();
            assert!((read - value).abs() < 1e-6, "{text}: {read}");
        }
        for text in ["", "Gi", "4 cores", "8GB", "1e"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn what_rules_are_told_is_read() {
        let text = "[check.ignore]\na = ' because '\nb = ''\n[check.nodes.production]\narchitectures = 'arm64'\ncpu = '4'\nmemory = '8Gi'\ncount = 3\n[check.nodes.staging]\narchitectures = ['amd64', 'arm64']\n";
        let found = parse(text);
        assert_eq!(found.ignored, [("a".to_owned(), "because".to_owned())]);
        let production = Nodes {
            architectures: vec!["arm64".to_owned()],
            cpu: Some(4.0),
            memory: Some(8_589_934_592.0),
            count: Some(3),
        };
        assert_eq!(found.nodes["production"], production);
        assert_eq!(found.nodes["staging"].architectures, ["amd64", "arm64"]);
        assert_eq!(parse("[["), Checks::default());
    }
}
