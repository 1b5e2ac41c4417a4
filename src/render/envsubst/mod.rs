//! The expansion of `${…}` in a text, as github.com/fluxcd/pkg/envsubst does it: the same grammar, results and errors.
//! The words of an error are its own, which appear in the Kustomization's status.

mod functions;
mod parse;
mod pattern;

use functions::apply;
pub(super) use parse::Refused;
use parse::{Function, Node, parse};

/// Describes a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known<'a> {
    /// Its value.
    Value(&'a str),
    /// It has a value, or may have one, which cannot be read here.
    Hidden,
    /// It may have a value, if an optional object exists: a default counts, and a form without one is left as it is.
    Perhaps,
    /// Nothing defines it.
    Missing,
}

/// Names an undefined variable, in a form without a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unset {
    pub(super) name: String,
    /// The form, as it is written.
    pub(super) form: String,
    /// Whether it is in a default that is not needed: only a strict Flux reports it.
    pub(super) idle: bool,
}

/// The most bytes of an expanded text: no API server accepts an object a tenth as large.
const LARGEST: usize = 32 * 1024 * 1024;

/// The error for a larger text.
const TOO_LARGE: &str = "it becomes more than 32 MiB, which no API server takes";

/// Holds an expanded text.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    pub(super) text: String,
    pub(super) unset: Vec<Unset>,
    /// Whether a form was left as it is written, because its value is unknown; `$${X}` becomes `${X}` and is none.
    pub(super) is_partial: bool,
    /// The replaced places, by their ends in the expanded text, each with its form.
    pub(super) places: Vec<(usize, String)>,
}

/// Expands a text. A form with an unreadable value is left as it is written.
///
/// # Errors
/// Names the refused form, and the reason.
pub(super) fn expand<'a>(text: &str, lookup: &dyn Fn(&str) -> Known<'a>) -> Result<Expansion, Refused> {
    let mut expansion = Expansion::default();
    for node in parse(text)? {
        match node {
            Node::Text(text) => expansion.text.push_str(&text),
            Node::Function(function) => {
                let mut unset = Vec::new();
                let (value, _) = evaluate(&function, lookup, false, &mut unset, &mut expansion.is_partial)?;
                // Positions count bytes, and a part of a letter is no text.
                if expansion.text.len().saturating_add(value.len()) > LARGEST {
                    return Err(Refused::new(&function.source, TOO_LARGE));
                }
                let refused = |_| Refused::new(&function.source, "it cuts a letter apart (YAMLToJSON: invalid UTF-8)");
                expansion.text.push_str(&String::from_utf8(value).map_err(refused)?);
                expansion.unset.extend(unset);
                expansion.places.push((expansion.text.len(), function.source));
            }
        }
    }
    Ok(expansion)
}

/// Lists the forms of a text with their variables, those in the defaults of others too.
///
/// # Errors
/// Names the refused form, and the reason.
pub(super) fn forms(text: &str) -> Result<Vec<(String, String)>, Refused> {
    fn take(node: Node, found: &mut Vec<(String, String)>) {
        if let Node::Function(function) = node {
            found.push((function.name, function.source));
            function.arguments.into_iter().for_each(|argument| take(argument, found));
        }
    }
    let mut found = Vec::new();
    parse(text)?.into_iter().for_each(|node| take(node, &mut found));
    Ok(found)
}

/// Tells whether a text is a form with a default.
pub(super) fn has_default(form: &str) -> bool {
    parse(form).is_ok_and(|nodes| matches!(nodes.as_slice(), [Node::Function(function)] if function.is_default()))
}

/// Evaluates a form; tells whether its value is unknown: then it is the form itself.
fn evaluate<'a>(
    function: &Function,
    lookup: &dyn Fn(&str) -> Known<'a>,
    is_idle: bool,
    unset: &mut Vec<Unset>,
    is_partial: &mut bool,
) -> Result<(Vec<u8>, bool), Refused> {
    let known = lookup(&function.name);
    let is_default = function.is_default();
    let value = match known {
        Known::Value(value) => value,
        Known::Hidden | Known::Perhaps | Known::Missing => "",
    };
    let mut arguments = Vec::new();
    let mut hidden = known == Known::Hidden || known == Known::Perhaps && !is_default;
    for argument in &function.arguments {
        let idle = is_idle || (is_default && !value.is_empty());
        let (bytes, is_hidden) = match argument {
            Node::Text(text) => (text.clone().into_bytes(), false),
            Node::Function(inner) => evaluate(inner, lookup, idle, unset, is_partial)?,
        };
        // A default is expanded with its unknown parts left in it.
        hidden |= is_hidden && !is_default;
        arguments.push(bytes);
    }
    if known == Known::Missing && !is_default {
        unset.push(Unset { name: function.name.clone(), form: function.source.clone(), idle: is_idle });
    }
    if hidden {
        *is_partial = true;
        return Ok((function.source.clone().into_bytes(), true));
    }
    // A replacement may multiply the size.
    let by = arguments.get(1).map_or(0, Vec::len);
    if value.len().saturating_mul(by) > LARGEST {
        return Err(Refused::new(&function.source, TOO_LARGE));
    }
    Ok((apply(&function.operation, value.as_bytes(), &arguments), false))
}

#[cfg(test)]
mod tests {
    use super::{Known, Unset, expand};

    fn lookup(name: &str) -> Known<'static> {
        match name {
            "Name" => Known::Value("linkding"),
            "empty" => Known::Value(""),
            "secret" => Known::Hidden,
            "perhaps" => Known::Perhaps,
            _ => Known::Missing,
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_as_it_is() {
        let text =
            "${perhaps}${perhaps:=d}${Name}.${secret}${secret:=a}${#secret}.${none:-b-${secret}}${Name/${secret}/a}";
        let expected = "${perhaps}dlinkding.${secret}${secret:=a}${#secret}.b-${secret}${Name/${secret}/a}";
        assert_eq!(expand(text, &lookup).unwrap().text, expected);
    }

    #[test]
    fn what_nothing_defines_is_told_once_for_each_form() {
        let expansion =
            expand("${none}${none^}${Name:=${other}}${empty:=${other}}${none:=a}${#none}", &lookup).unwrap();
        assert_eq!(expansion.text, "linkdinga0");
        let told: Vec<(&str, &str, bool)> =
            expansion.unset.iter().map(|Unset { name, form, idle }| (&**name, &**form, *idle)).collect();
        let expected = [
            ("none", "${none}", false),
            ("none", "${none^}", false),
            ("other", "${other}", true),
            ("other", "${other}", false),
            ("none", "${#none}", false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_refusal_names_the_form() {
        for (text, form, why) in [
            ("a: ${node-pool-id}\n", "${node-pool-id}", "missing closing brace"),
            ("a: ${}\n", "${}", "unable to parse variable name"),
            ("a: ${ x }\n", "${ x }", "unable to parse variable name"),
            ("a: ${x:-b\nc: d\n", "${x:-b", "unable to parse substitution within function"),
            ("a: ${Name:=${a.b}}\n", "${a.b}", "missing closing brace"),
        ] {
            let refused = expand(text, &lookup).unwrap_err();
            assert_eq!((&*refused.form, &*refused.why), (form, why), "{text}");
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_not_made() {
        let long = "a".repeat(10_000);
        let lookup = |_: &str| Known::Value(&long);
        for text in ["${A//a/${A//a/${A}}}".to_owned(), "${A}".repeat(4000)] {
            let refused = expand(&text, &lookup).unwrap_err();
            assert!(refused.why.contains("MiB"), "{refused:?}");
        }
    }
}
