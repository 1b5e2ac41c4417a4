//! The resources that the nodes of an environment offer to pods.

/// Describes the nodes of an environment: from the settings, or from its cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Nodes {
    /// Their architectures, as Kubernetes names them: `amd64`, `arm64`; empty if unknown.
    pub architectures: Vec<String>,
    /// The number of cores.
    pub cpu: Option<Amount>,
    /// The memory in bytes.
    pub memory: Option<Amount>,
    /// Whether the settings state it; else it was read from the cluster.
    pub are_told: bool,
}

/// Describes the amount of one resource for pods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount {
    /// The amount on the largest node.
    pub largest: f64,
    /// The amount on all nodes, if their number is known.
    pub together: Option<f64>,
}

/// Reads a quantity of Kubernetes, such as `500m`, `1.5`, `2Gi` or `1e3`; `None` if it is none.
///
/// The suffixes are those of the API reference: decimal (`n u m k M G T P E`), binary (`Ki` to `Ei`), and an exponent
/// of ten.
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
        for text in ["", "Gi", "4 cores", "8GB", "1e", "1GB", "100 m", "128mb", "1gi", "1K", "10%"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }
}
