//! The functions of a template: Go's own, and those of slim-sprig that depend on their arguments alone.

use std::cmp::Ordering;

use super::{Failed, Value, lists, print, texts};

/// The functions that keep an unresolved variable of a parent's substitution as it is.
const KEEPERS: [&str; 22] = [
    "quote",
    "squote",
    "default",
    "print",
    "printf",
    "toYaml",
    "mustToYaml",
    "nindent",
    "indent",
    "get",
    "dict",
    "list",
    "tuple",
    "index",
    "hasKey",
    "append",
    "prepend",
    "first",
    "last",
    "concat",
    "cat",
    "ternary",
];

/// The functions that flux-operator defines for a template: Go's own, those of slim-sprig that depend on their
/// arguments alone, and the operator's.
const DEFINED: &str = "add add1 adler32sum ago all and any append atoi b32dec b32enc b64dec b64enc base biggest call cat ceil chunk clean coalesce \
     compact concat contains deepEqual default dict dig dir div duration durationRound empty eq ext fail first float64 floor \
     fromJson ge get gt has hasKey hasPrefix hasSuffix hello html indent index initial inputs int int64 isAbs join js keys kindIs \
     kindOf last le len list lower lt max maxf min minf mod mul mustAppend mustChunk mustCompact mustDateModify mustFirst \
     mustFromJson mustHas mustInitial mustLast mustPrepend mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll \
     mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse mustSlice mustToDate mustToJson mustToPrettyJson \
     mustToRawJson mustToYaml mustUniq mustWithout must_date_modify ne nindent not omit or osBase osClean osDir osExt osIsAbs \
     pick pluck plural prepend print printf println quote randInt regexFind regexFindAll regexMatch regexQuoteMeta \
     regexReplaceAll regexReplaceAllLiteral regexSplit repeat replace rest reverse round seq set sha1sum sha256sum slice slugify \
     sortAlpha split splitList splitn squote sub substr ternary title toDate toDecimal toJson toPrettyJson toRawJson toString \
     toStrings toYaml trim trimAll trimPrefix trimSuffix trimall trunc tuple typeIs typeIsLike typeOf uniq unixEpoch unset until \
     untilStep upper urlJoin urlParse urlquery values without";

/// Tells whether a function of a name is defined: Go rejects a template that names another one anywhere.
pub(super) fn is_defined(name: &str) -> bool {
    DEFINED.split_whitespace().any(|known| known == name)
}

/// Returns the most bytes of a function's result, where it may exceed its arguments together.
pub(super) fn at_most(name: &str, arguments: &[Value]) -> usize {
    let is_multiplying = matches!(name, "repeat" | "replace" | "join" | "indent" | "nindent" | "wrapWith")
        || name.trim_start_matches("must").to_ascii_lowercase().starts_with("regexreplaceall");
    if !is_multiplying {
        return 0;
    }
    let weight = |value: &Value| match value {
        Value::Int(number) => usize::try_from(*number).unwrap_or_default().max(1),
        Value::Text(text) => text.len().saturating_add(1),
        Value::List(items) => items.len().saturating_add(1),
        _ => 1,
    };
    arguments.iter().map(weight).fold(1, usize::saturating_mul)
}

/// Calls a function.
pub(super) fn call(name: &str, arguments: Vec<Value>) -> Result<Value, Failed> {
    let hidden = arguments.iter().find_map(Value::unsettled);
    let is_kept = KEEPERS.contains(&name);
    if let Some(why) = hidden.filter(|_| !is_kept) {
        return Failed::unknown(why);
    }
    let arguments = Arguments { name, values: arguments };
    if let Some(made) = own(&arguments)? {
        return Ok(made);
    }
    if let Some(made) = texts::call(&arguments)? {
        return Ok(made);
    }
    if let Some(made) = lists::call(&arguments)? {
        return Ok(made);
    }
    Failed::unknown(format!("its function {name} is not known here"))
}

/// Holds the arguments of a function.
pub(super) struct Arguments<'a> {
    pub(super) name: &'a str,
    pub(super) values: Vec<Value>,
}

impl Arguments<'_> {
    /// Returns the number of arguments.
    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// Returns an argument.
    pub(super) fn at(&self, at: usize) -> Result<&Value, Failed> {
        self.values.get(at).ok_or_else(|| self.odd())
    }

    /// Returns an argument that is a text; conversions by Go are not modelled.
    pub(super) fn text(&self, at: usize) -> Result<&str, Failed> {
        match self.at(at)? {
            Value::Text(text) => Ok(text),
            _ => Err(self.odd()),
        }
    }

    /// Returns an argument that is a whole number.
    pub(super) fn int(&self, at: usize) -> Result<i64, Failed> {
        match self.at(at)? {
            Value::Int(whole) => Ok(*whole),
            _ => Err(self.odd()),
        }
    }

    /// Returns an argument that is a reasonable length.
    pub(super) fn length(&self, at: usize) -> Result<usize, Failed> {
        usize::try_from(self.int(at)?).ok().filter(|length| *length <= 10_000).ok_or_else(|| self.odd())
    }

    /// Returns an argument that is a list.
    pub(super) fn list(&self, at: usize) -> Result<&[Value], Failed> {
        match self.at(at)? {
            Value::List(items) => Ok(items),
            _ => Err(self.odd()),
        }
    }

    /// Returns an argument that is a map.
    pub(super) fn map(&self, at: usize) -> Result<&std::collections::BTreeMap<String, Value>, Failed> {
        match self.at(at)? {
            Value::Map(fields) => Ok(fields),
            _ => Err(self.odd()),
        }
    }

    /// Fails unless there is this number of arguments.
    pub(super) fn exactly(&self, count: usize) -> Result<(), Failed> {
        if self.count() == count { Ok(()) } else { Err(self.odd()) }
    }

    /// Builds the error of an argument that is not modelled for the function.
    pub(super) fn odd(&self) -> Failed {
        Failed::Unknown(format!("its function {} is given what it is not known to take", self.name))
    }
}

/// Converts a value to a whole number (`cast` of sprig).
pub(super) fn whole(value: &Value) -> Result<i64, Failed> {
    Ok(match value {
        Value::Int(whole) => *whole,
        Value::Text(text) => text.parse().unwrap_or_default(),
        #[allow(clippy::cast_possible_truncation, reason = "as Go does")]
        Value::Float(number) if number.abs() < 9e15 => *number as i64,
        Value::Float(_) => return Failed::unknown("a number that is too large"),
        Value::Bool(flag) => i64::from(*flag),
        Value::Nil | Value::List(_) | Value::Map(_) => 0,
        Value::Hidden(what) => return Failed::unknown(*what),
    })
}

fn float(value: &Value) -> Result<f64, Failed> {
    Ok(match value {
        Value::Float(number) => *number,
        Value::Text(text) => match text.parse() {
            Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-') => number,
            _ => return Failed::unknown("a text as a number"),
        },
        #[allow(clippy::cast_precision_loss, reason = "as Go does")]
        other => whole(other)? as f64,
    })
}

/// Calls one of Go's own functions, or of sprig's defaults.
fn own(given: &Arguments<'_>) -> Result<Option<Value>, Failed> {
    let all = given.values.as_slice();
    let value = match (given.name, all) {
        ("not" | "empty", [one]) => Value::Bool(!one.truth()?),
        ("len", [one]) => match one {
            Value::Text(text) => Value::Int(text.len().try_into().unwrap_or_default()),
            Value::List(items) => Value::Int(items.len().try_into().unwrap_or_default()),
            Value::Map(fields) => Value::Int(fields.len().try_into().unwrap_or_default()),
            _ => return Err(given.odd()),
        },
        ("index", [first, path @ ..]) => {
            let mut value = first;
            for step in path {
                value = match (value, step) {
                    (Value::Map(fields), Value::Text(key)) => fields.get(key).unwrap_or(&Value::Nil),
                    (Value::List(items), Value::Int(at)) => {
                        match usize::try_from(*at).ok().and_then(|at| items.get(at)) {
                            Some(item) => item,
                            None => return Failed::refused(format!("error calling index: index out of range: {at}")),
                        }
                    }
                    _ => return Err(given.odd()),
                };
            }
            value.clone()
        }
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            let mut found = false;
            for other in others {
                found = found || equal(first, other)?;
            }
            Value::Bool(found)
        }
        ("ne", [a, b]) => Value::Bool(!equal(a, b)?),
        ("lt", [a, b]) => Value::Bool(ordered(a, b)? == Ordering::Less),
        ("le", [a, b]) => Value::Bool(ordered(a, b)? != Ordering::Greater),
        ("gt", [a, b]) => Value::Bool(ordered(a, b)? == Ordering::Greater),
        ("ge", [a, b]) => Value::Bool(ordered(a, b)? != Ordering::Less),
        ("fail", [Value::Text(why)]) => return Failed::refused(format!("error calling fail: {why}")),
        ("default", [default]) => default.clone(),
        ("default", [default, given]) => {
            if given.truth()? {
                given.clone()
            } else {
                default.clone()
            }
        }
        ("coalesce", all) => {
            let mut found = Value::Nil;
            for value in all {
                if value.truth()? {
                    found = value.clone();
                    break;
                }
            }
            found
        }
        ("all" | "any", all) => {
            let mut found = given.name == "all";
            for value in all {
                let truth = value.truth()?;
                found = if given.name == "all" { found && truth } else { found || truth };
            }
            Value::Bool(found)
        }
        ("ternary", [yes, no, Value::Bool(which)]) => {
            if *which {
                yes.clone()
            } else {
                no.clone()
            }
        }
        ("kindIs", [Value::Text(kind), value]) => Value::Bool(kind_of(value)? == kind),
        ("kindOf", [value]) => Value::Text(kind_of(value)?.to_owned()),
        ("deepEqual", [a, b]) => Value::Bool(a == b),
        ("print", all) => {
            let mut out = String::new();
            let mut before_is_text = true;
            for (at, value) in all.iter().enumerate() {
                let is_text = matches!(value, Value::Text(_));
                if at > 0 && !is_text && !before_is_text {
                    out.push(' ');
                }
                out.push_str(&print::plain(value)?);
                before_is_text = is_text;
            }
            Value::Text(out)
        }
        ("printf", [Value::Text(format), rest @ ..]) => Value::Text(print::formatted(format, rest)?),
        _ => return of_numbers(given),
    };
    Ok(Some(value))
}

fn of_numbers(given: &Arguments<'_>) -> Result<Option<Value>, Failed> {
    let all = given.values.as_slice();
    let value = match (given.name, all) {
        ("int" | "int64", [one]) => Value::Int(whole(one)?),
        ("float64", [one]) => Value::Float(float(one)?),
        ("atoi", [Value::Text(text)]) => Value::Int(text.parse().unwrap_or_default()),
        ("add1", [one]) => Value::Int(whole(one)?.wrapping_add(1)),
        ("add", all) => Value::Int(numbers(all)?.into_iter().fold(0, i64::wrapping_add)),
        ("sub", [a, b]) => Value::Int(whole(a)?.wrapping_sub(whole(b)?)),
        ("mul", [_, ..]) => Value::Int(numbers(all)?.into_iter().fold(1, i64::wrapping_mul)),
        ("div" | "mod", [a, b]) => {
            let (a, b) = (whole(a)?, whole(b)?);
            let made = if given.name == "div" { a.checked_div(b) } else { a.checked_rem(b) };
            Value::Int(made.ok_or_else(|| given.odd())?)
        }
        ("max" | "biggest", [_, ..]) => Value::Int(numbers(all)?.into_iter().max().unwrap_or_default()),
        ("min", [_, ..]) => Value::Int(numbers(all)?.into_iter().min().unwrap_or_default()),
        ("ceil", [one]) => Value::Float(float(one)?.ceil()),
        ("floor", [one]) => Value::Float(float(one)?.floor()),
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn numbers(all: &[Value]) -> Result<Vec<i64>, Failed> {
    all.iter().map(whole).collect()
}

/// Names a kind as `reflect` does; a whole number has more kinds than are modelled.
fn kind_of(value: &Value) -> Result<&'static str, Failed> {
    Ok(match value {
        Value::Bool(_) => "bool",
        Value::Float(_) => "float64",
        Value::Text(_) => "string",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Int(_) | Value::Nil | Value::Hidden(_) => return Failed::unknown("the kind of a value"),
    })
}

fn equal(a: &Value, b: &Value) -> Result<bool, Failed> {
    match (a, b) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a.total_cmp(b) == Ordering::Equal),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        (Value::Map(_) | Value::List(_), _) | (_, Value::Map(_) | Value::List(_)) => {
            Failed::refused("error calling eq: non-comparable types")
        }
        _ => Failed::refused("error calling eq: incompatible types for comparison"),
    }
}

fn ordered(a: &Value, b: &Value) -> Result<Ordering, Failed> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => Ok(a.total_cmp(b)),
        (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b)),
        _ => Failed::refused("error calling lt: incompatible types for comparison"),
    }
}
