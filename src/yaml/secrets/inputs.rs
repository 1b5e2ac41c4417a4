//! The inputs of a `ResourceSet` that its templates insert into the values of Secrets.

/// Names an input that becomes the value of a Secret, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    /// The keys from the input on: `credentials.password`.
    pub(super) keys: Vec<String>,
    /// The value of the Secret: `stringData.password`.
    pub(super) shown: String,
    /// The block and the key of the Secret's value, if the input is the whole value.
    pub(super) whole: Option<(String, String)>,
}

/// Lists the inputs in a value of a Secret; `template` is the text around it, which may define variables of its own.
pub(super) fn of_value(block: &str, key: &str, value: &str, template: Option<&str>) -> Vec<Use> {
    let trimmed = value.trim();
    let is_whole = trimmed.starts_with("<<") && trimmed.ends_with(">>") && trimmed.matches("<<").count() == 1;
    let whole = is_whole.then(|| (block.to_owned(), key.to_owned()));
    let named = |action: &str| -> Vec<Vec<String>> {
        let variables = variables(action).into_iter();
        let of_variable = |name: String| {
            let sets =
                |action: &&str| action.contains(&format!("${name} :=")) || action.contains(&format!("${name} ="));
            actions(template.unwrap_or_default()).into_iter().filter(sets).flat_map(inputs).collect::<Vec<_>>()
        };
        inputs(action).into_iter().chain(variables.flat_map(of_variable)).collect()
    };
    let of_action = |action: &str| {
        named(action)
            .into_iter()
            .map(|keys| Use { keys, shown: format!("{block}.{key}"), whole: whole.clone() })
            .collect::<Vec<_>>()
    };
    actions(value).into_iter().flat_map(of_action).collect()
}

/// Returns the actions of a template: the text between `<<` and `>>`.
fn actions(text: &str) -> Vec<&str> {
    text.split("<<").skip(1).filter_map(|behind| behind.split_once(">>").map(|(action, _)| action)).collect()
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Lists the inputs that an action names, as `inputs.a.b`, `index inputs "a"` or `get inputs "a"`.
fn inputs(action: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, word) in action.match_indices("inputs") {
        let before = action.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(is_name) {
            continue;
        }
        let behind = action.get(at.saturating_add(word.len())..).unwrap_or_default();
        let keys: Vec<String> = if let Some(dotted) = behind.strip_prefix('.') {
            let end = dotted.find(|letter: char| !is_name(letter) && letter != '.').unwrap_or(dotted.len());
            let dotted = dotted.get(..end).unwrap_or_default();
            dotted.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect()
        } else {
            let quoted = behind.trim_start().split('"').collect::<Vec<_>>();
            let keys = quoted
                .chunks(2)
                .take_while(|pair| pair.len() == 2 && pair.first().is_some_and(|gap| gap.trim().is_empty()));
            keys.filter_map(|pair| pair.get(1)).map(|key| (*key).to_owned()).collect()
        };
        if !keys.is_empty() {
            found.push(keys);
        }
    }
    found
}

/// Lists the variables that an action names.
fn variables(action: &str) -> Vec<String> {
    let name = |behind: &str| behind.chars().take_while(|letter| is_name(*letter)).collect::<String>();
    action.split('$').skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::of_value;

    #[test]
    fn an_input_is_found_in_whatever_way_a_template_names_it() {
        let template = "<<- $pw := inputs.creds.pw | b64enc >>\n<<- range $key, $value := inputs.all >>\n";
        for (value, expected) in [
            ("<< inputs.pw >>", vec!["pw"]),
            ("<< inputs.creds.pw | quote >>", vec!["creds.pw"]),
            ("postgres://<< inputs.user >>:<<- inputs.pw ->>@db", vec!["user", "pw"]),
            ("<< index inputs \"pw\" >>", vec!["pw"]),
            ("<< (get inputs \"creds\").pw >>", vec!["creds"]),
            ("<< $pw >>", vec!["creds.pw"]),
            ("<< $value >>", vec!["all"]),
            ("<< myinputs.pw >>", vec![]),
            ("inputs.pw", vec![]),
        ] {
            let found: Vec<_> =
                of_value("stringData", "p", value, Some(template)).iter().map(|one| one.keys.join(".")).collect();
            assert_eq!(found, expected, "{value}");
        }
        assert!(of_value("data", "p", "<< inputs.pw >>", None)[0].whole.is_some());
        assert!(of_value("data", "p", "a << inputs.pw >>", None)[0].whole.is_none());
    }
}
