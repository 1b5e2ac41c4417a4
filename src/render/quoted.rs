//! Quotations of files in the messages of a program, cut out: a patch or a line of a file may hold a secret value.
//!
//! kustomize quotes whole patches, the configuration of a transformer, lines of an env file and single values. Names,
//! paths and line numbers, which an operator needs, stay.

/// The text in place of a quotation.
const CUT: &str = "…";

/// Cuts quotations that may hold values out of an error.
pub(super) fn without_values(said: &str) -> String {
    let mut out = String::with_capacity(said.len());
    let mut rest = said;
    while let Some(at) = rest.find(['`', '[', '{', '"', '\'']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let Some(open) = from.chars().next() else { break };
        let inside = from.get(1..).unwrap_or_default();
        let is_word = |letter: char| letter.is_alphanumeric();
        // An apostrophe within a word is no quotation mark.
        let opens = open != '\'' || !before.chars().next_back().is_some_and(is_word);
        let length = if opens { end_of(open, inside) } else { None };
        match length {
            Some(length) => {
                let quoted = inside.get(..length).unwrap_or_default();
                let after = inside.get(length..).unwrap_or_default();
                out.push(open);
                out.push_str(if holds_values(open, quoted, before) { CUT } else { quoted });
                let close = after.chars().next().map_or(0, char::len_utf8);
                out.push_str(after.get(..close).unwrap_or_default());
                rest = after.get(close..).unwrap_or_default();
            }
            // A quotation without an end is cut to the end of the text, if it is more than a word.
            None if opens && open != '\'' && holds_values(open, inside, before) => {
                out.push(open);
                out.push_str(CUT);
                rest = "";
            }
            None => {
                out.push(open);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    literals(&out)
}

/// Finds the length of a quotation, up to its closing sign.
fn end_of(open: char, inside: &str) -> Option<usize> {
    let close = match open {
        '[' => ']',
        '{' => '}',
        same => same,
    };
    let mut depth: usize = 0;
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' && open == '"' {
            escaped = true;
        } else if letter == close && depth == 0 {
            return Some(at);
        } else if letter == open && open != close {
            depth = depth.saturating_add(1);
        } else if letter == close {
            depth = depth.saturating_sub(1);
        }
    }
    None
}

/// Tells whether a quotation may hold a value: it is a piece of YAML or JSON, or the words before it announce a value.
fn holds_values(open: char, quoted: &str, before: &str) -> bool {
    let is_value = before.trim_end().rsplit([' ', '\n']).next().is_some_and(|word| word.starts_with("!!"));
    let is_piece = quoted.contains(['\n', '{', '=', ';'])
        || quoted.contains("\\n")
        || quoted.contains(": ")
        || quoted.ends_with(':')
        || (matches!(open, '[' | '{') && quoted.contains(':'));
    is_value || is_piece
}

/// Cuts a generator's message about an unreadable line: the whole line may be a value.
fn literals(said: &str) -> String {
    let mut out = said.to_owned();
    for (begin, end) in
        [("invalid literal source ", ", expected"), ("invalid line: ", "\n"), ("a valid key name for ", "\n")]
    {
        let mut done = String::with_capacity(out.len());
        let mut rest = out.as_str();
        while let Some((before, after)) = rest.split_once(begin) {
            done.extend([before, begin, CUT]);
            rest = after.find(end).and_then(|at| after.get(at..)).unwrap_or_default();
        }
        done.push_str(rest);
        out = done;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn what_may_be_a_value_is_cut_and_the_rest_stays() {
        for said in [
            "trouble configuring builtin PatchTransformer with config: `\npatch: '[{op: add, value: MARK}]'\n`: unable to parse SM or JSON patch from [[{op: add, value: MARK}]]",
            "accumulating resources: trouble configuring builtin PatchTransformer with config: `\npatch: |-\n  kind: Secret\n  stringData: {a: 'MARK'}\n`: x",
            "unable to parse SM or JSON patch from [stringData:\n  a: MARK\n",
            "cannot unmarshal !!str `MARK` into int",
            "invalid literal source MARK, expected key=value",
            "unmarshal error: {\"stringData\": {\"a\": \"MARK\"}}",
            "no matches for map[a:MARK b:c] here",
            "bad document \"kind: Secret\\na: MARK\"",
        ] {
            let cut = without_values(said);
            assert!(!cut.contains("MARK") && cut.contains('…'), "{said}\n{cut}");
        }
        for said in [
            "accumulating resources from 'cm.yaml': open /dev/shm/a/cm.yaml: no such file or directory",
            "no matches for Id Deployment.v1.apps/web.[noNs]; failed to find unique target for patch Deployment.v1.apps/web.[noNs]",
            "yaml: line 5: mapping values aren't allowed in this context",
            "json: unknown field \"resource\"",
            "may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.b",
        ] {
            assert_eq!(without_values(said), said);
        }
    }
}
