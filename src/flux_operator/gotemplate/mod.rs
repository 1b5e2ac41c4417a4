//! Go's text/template as flux-operator uses it: delimiters `<<` and `>>`, one function for the inputs, and the
//! functions of slim-sprig.
//!
//! ```text
//! lex        a text as tokens
//! parse      tokens as nodes
//! run        nodes as a text
//! print      values as Go prints them
//! functions  the functions that a template may call
//! texts      functions of texts
//! lists      functions of lists and maps
//! ```
//!
//! Go's behaviour is reproduced exactly, or not at all: [`Failed::Refused`] is only for templates that Go rejects in
//! any case, and [`Failed::Unknown`] for all that is not modelled here.

mod functions;
mod lex;
mod lists;
mod parse;
mod print;
mod run;
mod texts;

use std::collections::BTreeMap;

pub(super) use texts::adler32;

/// The greatest depth of a template.
const DEEPEST: usize = 60;

/// The most steps of a template.
const STEPS: usize = 200_000;

/// The most bytes of a template's output.
const LARGEST: usize = 8 * 1024 * 1024;

/// The most bytes of the arguments and results of one template's functions.
const MADE: usize = 64 * 1024 * 1024;

/// The approximate bytes of a value beside its text.
const OVERHEAD: usize = 32;

/// Says why there is no output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Go rejects the template too.
    Refused(String),
    /// The output is not known.
    Unknown(String),
}

impl Failed {
    fn refused<T>(why: impl Into<String>) -> Result<T, Self> {
        Err(Self::Refused(why.into()))
    }

    pub(super) fn unknown<T>(why: impl Into<String>) -> Result<T, Self> {
        Err(Self::Unknown(why.into()))
    }
}

/// Represents a value of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Nothing.
    Nil,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map with texts as keys.
    Map(BTreeMap<String, Value>),
    /// A value that only the cluster knows, with a description.
    Hidden(&'static str),
}

impl Value {
    /// Returns the approximate bytes of the value.
    pub(super) fn size(&self) -> usize {
        let inside = match self {
            Self::Text(text) => text.len(),
            Self::List(items) => items.iter().map(Self::size).fold(0, usize::saturating_add),
            Self::Map(fields) => {
                fields.iter().map(|(key, value)| key.len().saturating_add(value.size())).fold(0, usize::saturating_add)
            }
            _ => 0,
        };
        inside.saturating_add(OVERHEAD)
    }

    /// Converts JSON as Kubernetes does, with whole numbers as integers.
    pub(super) fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Nil,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(fields) => {
                Self::Map(fields.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect())
            }
        }
    }

    /// Converts the value to JSON.
    fn json(&self) -> Result<serde_json::Value, Failed> {
        Ok(match self {
            Self::Nil => serde_json::Value::Null,
            Self::Bool(flag) => (*flag).into(),
            Self::Int(whole) => (*whole).into(),
            // JSON has one kind of number, and Go writes a whole one without a point.
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                #[allow(clippy::cast_possible_truncation, reason = "it is whole and small")]
                let whole = *number as i64;
                whole.into()
            }
            Self::Float(number) => (*number).into(),
            Self::Text(text) => text.clone().into(),
            Self::List(items) => items.iter().map(Self::json).collect::<Result<_, _>>()?,
            Self::Map(fields) => {
                let fields: Result<serde_json::Map<_, _>, Failed> =
                    fields.iter().map(|(key, value)| Ok((key.clone(), value.json()?))).collect();
                serde_json::Value::Object(fields?)
            }
            Self::Hidden(what) => return Failed::unknown(*what),
        })
    }

    /// Tells whether a condition holds (`text/template.IsTrue`; sprig's `empty` is its opposite).
    fn truth(&self) -> Result<bool, Failed> {
        Ok(match self {
            Self::Nil => false,
            Self::Bool(flag) => *flag,
            Self::Int(whole) => *whole != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(fields) => !fields.is_empty(),
            Self::Hidden(what) => return Failed::unknown(*what),
        })
    }

    /// Finds an unresolved variable of a parent's substitution in the value, or a part that only the cluster knows: any
    /// result of it is unknown.
    fn unsettled(&self) -> Option<String> {
        match self {
            Self::Text(text) if text.contains("${") => Some(format!("the value of {text} is not known")),
            Self::Hidden(what) => Some((*what).to_owned()),
            Self::List(items) => items.iter().find_map(Self::unsettled),
            Self::Map(fields) => fields.values().find_map(Self::unsettled),
            _ => None,
        }
    }
}

/// Renders a template with inputs.
pub(super) fn render(text: &str, inputs: &Value) -> Result<String, Failed> {
    run::run(&parse::parse(lex::lex(text)?)?, inputs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Failed, Value, render};

    fn rendered(text: &str) -> Result<String, Failed> {
        let inputs = json!({
            "name": "Team One", "count": 3, "part": 0.5, "on": true, "no": null, "list": ["b", "a"], "map": {"y": 1, "x": "z"},
            "words": "a,b", "odd": "${X}"
        });
        render(text, &Value::from_json(&inputs))
    }

    #[test]
    fn templates_become_what_go_makes_of_them() {
        for (text, expected) in [
            ("a << inputs.name >> b", "a Team One b"),
            ("<< inputs.name | quote >>", "\"Team One\""),
            ("<< inputs.name | slugify >>", "team-one"),
            ("<< inputs.count | int >> << inputs.part >> << inputs.on >> << inputs.no >>", "3 0.5 true <no value>"),
            ("<< inputs.map >> << inputs.list >>", "map[x:z y:1] [b a]"),
            ("a:<< inputs.map | toYaml | nindent 2 >>", "a:\n  x: z\n  \"y\": 1\n  "),
            ("<< if eq inputs.count 3 >>yes<< else >>no<< end >>", "yes"),
            ("<< if eq inputs.count 1 >>a<< else if inputs.on >>b<< else >>c<< end >>", "b"),
            ("x\n<<- range $i, $v := inputs.list >>\n<< $i >>=<< $v >>\n<<- end >>", "x\n0=b\n1=a"),
            ("<< range inputs.map >>[<< . >>]<< end >>", "[z][1]"),
            ("<< range $k, $v := inputs.map >><< $k >><< end >>", "xy"),
            ("<< with inputs.map >><< .x >><< end >>", "z"),
            ("<< $a := inputs.name >><< $a | lower >>", "team one"),
            ("<< $a := 1 >><< if true >><< $a = 2 >><< end >><< $a >>", "2"),
            ("<< get inputs \"other\" | default inputs.name >>", "Team One"),
            ("<</* a comment */ -->>b", ""),
            ("<<- /* a comment */ ->> b", "b"),
            ("<< printf \"%s-%d-%v\" inputs.name inputs.count inputs.on >>", "Team One-3-true"),
            ("<< range splitList \",\" inputs.words >><< . >>;<< end >>", "a;b;"),
            ("<< (index inputs.list 1) | upper >>", "A"),
            ("<< and inputs.on (not inputs.no) >>", "true"),
            ("<< or inputs.no \"else\" >>", "else"),
            ("<< ternary \"a\" \"b\" inputs.on >>", "a"),
            ("<< join \"-\" (list \"a\" 1 true) >>", "a-1-true"),
            ("<< range $i := until 3 >><< $i >><< end >>", "012"),
            ("<< inputs.odd >>", "${X}"),
            ("<< if hasKey inputs \"name\" >>a<< end >>", "a"),
            ("<< add 1 2 >> << trunc 4 inputs.name >>", "3 Team"),
            ("<< define \"a\" >>[<< . >>]<< end >>x<< template \"a\" inputs.name >>", "x[Team One]"),
            ("<< template \"a\" >><< define \"a\" >><< $ >><< end >>", "<no value>"),
            ("<< $n := 1 >><< block \"a\" inputs.map >><< .x >><< end >><< template \"a\" dict \"x\" $n >>", "z1"),
            (
                "<< define \"a\" >><< if gt . 0 >><< . >><< template \"a\" sub . 1 >><< end >><< end >><< template \"a\" 3 >>",
                "321",
            ),
            (
                "<< define \"a\" >> << end >><< define \"a\" >>b<< end >><< define \"a\" >>\n<< end >><< template `a` >>",
                "b",
            ),
            ("<< range inputs.list >><< if eq . \"a\" >><< break >><< end >><< . >><< end >>", "b"),
        ] {
            if text.contains("-->>") {
                assert!(rendered(text).is_err(), "{text}");
                continue;
            }
            assert_eq!(rendered(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused_and_all_else_is_unknown() {
        for text in [
            "<< inputs.missing >>",
            "<< inputs.no.field >>",
            "<< inputs.name",
            "<< if inputs.on >>",
            "<< end >>",
            "<< $a >>",
            "<< eq inputs.count \"3\" >>",
            "<< fail \"so\" >>",
            "<< if false >><< unheard inputs.name >><< end >>",
            "<< if true >><< define \"a\" >>b<< end >><< end >>",
            "<< define \"a\" >>b<< end >><< define \"a\" >>c<< end >>",
            "<< define \"a\" >>b",
            "<< define a >>b<< end >>",
            "<< define \"a\" >>b<< else >>c<< end >>",
            "<< block \"a\" >>b<< end >>",
            "<< template \"a\" >>",
            "<< $n := 1 >><< define \"a\" >><< $n >><< end >>",
            "<< range inputs.list >><< block \"a\" . >><< break >><< end >><< end >>",
            "<< define \"a\" >><< .x >><< end >><< template \"a\" >>",
            "<< .name >>",
        ] {
            assert!(matches!(rendered(text), Err(Failed::Refused(_))), "{text}: {:?}", rendered(text));
        }
        for text in [
            "<< regexSplit \",\" inputs.words 2 >>",
            "<< define \"a\" >><< template \"a\" >><< end >><< template \"a\" >>",
            "<< if eq inputs.odd \"a\" >>b<< end >>",
            "<< inputs.odd | upper >>",
            "<< sha1sum inputs.name >>",
            "<< inputs.count | upper >>",
            "<< slugify \"Ünder\" >>",
        ] {
            assert!(matches!(rendered(text), Err(Failed::Unknown(_))), "{text}: {:?}", rendered(text));
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_not_made() {
        for text in [
            "<< \"a\" | repeat 10000 | repeat 10000 | repeat 10000 >>",
            "<< $y := repeat 10000 \"a\" >><< $y | replace \"a\" $y | replace \"a\" $y >>",
            "<< $l := list 1 >><< range until 60 >><< $l = concat $l $l >><< end >>",
            "<< $d := dict >><< range until 9000 >><< $d = dict \"a\" $d \"b\" $d >><< end >>",
            "<< $t := repeat 1000000 \"a\" >><< range until 9000 >><< $u := upper $t >><< end >>",
            "<< until 9000 | join (repeat 100000 \"a\") >>",
        ] {
            assert!(matches!(rendered(text), Err(Failed::Unknown(_))), "{text}");
        }
    }
}
