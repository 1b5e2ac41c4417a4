//! The functions of lists and maps.

use std::collections::BTreeMap;

use super::functions::{Arguments, whole};
use super::{Failed, Value, print};

/// Calls a function of lists or maps; `None` for another function.
pub(super) fn call(given: &Arguments<'_>) -> Result<Option<Value>, Failed> {
    let all = given.values.as_slice();
    let list = |items: Vec<Value>| Ok(Some(Value::List(items)));
    match (given.name.trim_start_matches("must"), given.name) {
        (_, "list" | "tuple") => list(all.to_vec()),
        (_, "join") => {
            given.exactly(2)?;
            Ok(Some(Value::Text(strings(given.at(1)?)?.join(given.text(0)?))))
        }
        (_, "toStrings") => {
            given.exactly(1)?;
            list(strings(given.at(0)?)?.into_iter().map(Value::Text).collect())
        }
        (_, "sortAlpha") => {
            given.exactly(1)?;
            let mut words = strings(given.at(0)?)?;
            words.sort();
            list(words.into_iter().map(Value::Text).collect())
        }
        (_, "splitList") => {
            given.exactly(2)?;
            let (separator, text) = (given.text(0)?, given.text(1)?);
            if separator.is_empty() {
                return Err(given.odd());
            }
            list(text.split(separator).map(|part| Value::Text(part.to_owned())).collect())
        }
        (_, "split") => {
            given.exactly(2)?;
            let (separator, text) = (given.text(0)?, given.text(1)?);
            if separator.is_empty() {
                return Err(given.odd());
            }
            let parts = text.split(separator).enumerate();
            Ok(Some(Value::Map(parts.map(|(at, part)| (format!("_{at}"), Value::Text(part.to_owned()))).collect())))
        }
        (_, "until") => {
            given.exactly(1)?;
            let count = i64::try_from(given.length(0)?).unwrap_or_default();
            list((0..count).map(Value::Int).collect())
        }
        (_, "untilStep") => {
            given.exactly(3)?;
            let (begin, end, step) = (given.int(0)?, given.int(1)?, given.int(2)?);
            let Ok(step) = usize::try_from(step) else { return Err(given.odd()) };
            if step == 0 || end.saturating_sub(begin) > 10_000 {
                return Err(given.odd());
            }
            list((begin..end).step_by(step).map(Value::Int).collect())
        }
        (_, "slice" | "mustSlice") => {
            let items = given.list(0)?;
            let bound = |at: usize, default: usize| match all.get(at) {
                None => Ok(default),
                Some(value) => usize::try_from(whole(value)?).map_err(|_| given.odd()),
            };
            let (start, end) = (bound(1, 0)?, bound(2, items.len())?);
            if items.is_empty() {
                return Ok(Some(Value::Nil));
            }
            list(items.get(start..end).ok_or_else(|| given.odd())?.to_vec())
        }
        ("has" | "Has", _) => {
            given.exactly(2)?;
            Ok(Some(Value::Bool(given.list(1)?.contains(given.at(0)?))))
        }
        ("without" | "Without", _) => {
            let rest = all.get(1..).unwrap_or_default();
            list(given.list(0)?.iter().filter(|item| !rest.contains(item)).cloned().collect())
        }
        ("append" | "push" | "Append" | "Push", _) => {
            given.exactly(2)?;
            list(given.list(0)?.iter().chain([given.at(1)?]).cloned().collect())
        }
        ("prepend" | "Prepend", _) => {
            given.exactly(2)?;
            list([given.at(1)?].into_iter().chain(given.list(0)?).cloned().collect())
        }
        (_, "concat") => {
            let mut items = Vec::new();
            for at in 0..given.count() {
                items.extend_from_slice(given.list(at)?);
            }
            list(items)
        }
        (name, _) => match of_maps(given)? {
            Some(made) => Ok(Some(made)),
            None => of_one(name, given),
        },
    }
}

/// Calls a function of maps.
fn of_maps(given: &Arguments<'_>) -> Result<Option<Value>, Failed> {
    let all = given.values.as_slice();
    match given.name {
        "dict" => {
            let mut fields = BTreeMap::new();
            for pair in all.chunks(2) {
                let key = print::plain(pair.first().unwrap_or(&Value::Nil))?;
                fields.insert(key, pair.get(1).cloned().unwrap_or_else(|| Value::Text(String::new())));
            }
            Ok(Some(Value::Map(fields)))
        }
        "get" => {
            given.exactly(2)?;
            let found = given.map(0)?.get(given.text(1)?).cloned();
            Ok(Some(found.unwrap_or_else(|| Value::Text(String::new()))))
        }
        "hasKey" => {
            given.exactly(2)?;
            Ok(Some(Value::Bool(given.map(0)?.contains_key(given.text(1)?))))
        }
        "pick" | "omit" => {
            let mut names = Vec::new();
            for at in 1..given.count() {
                names.push(given.text(at)?);
            }
            let picks = given.name == "pick";
            let mut fields = given.map(0)?.clone();
            fields.retain(|key, _| names.contains(&key.as_str()) == picks);
            Ok(Some(Value::Map(fields)))
        }
        "keys" => {
            given.exactly(1)?;
            let fields = given.map(0)?;
            if fields.len() > 1 {
                return Failed::unknown("its function keys has no order");
            }
            Ok(Some(Value::List(fields.keys().cloned().map(Value::Text).collect())))
        }
        "dig" => {
            let Some((Value::Map(fields), rest)) = all.split_last() else { return Err(given.odd()) };
            let Some((default, path)) = rest.split_last() else { return Err(given.odd()) };
            let mut fields = fields;
            for (at, step) in path.iter().enumerate() {
                let Value::Text(step) = step else { return Err(given.odd()) };
                match fields.get(step) {
                    None => return Ok(Some(default.clone())),
                    Some(found) if at.saturating_add(1) == path.len() => return Ok(Some(found.clone())),
                    Some(Value::Map(inner)) => fields = inner,
                    Some(_) => return Err(given.odd()),
                }
            }
            Err(given.odd())
        }
        _ => Ok(None),
    }
}

/// Calls a function of one list.
fn of_one(name: &str, given: &Arguments<'_>) -> Result<Option<Value>, Failed> {
    let name = name.to_ascii_lowercase();
    if !["first", "last", "rest", "initial", "reverse", "compact", "uniq"].contains(&name.as_str()) {
        return Ok(None);
    }
    given.exactly(1)?;
    let items = given.list(0)?;
    let list = |items: &[Value]| Value::List(items.to_vec());
    Ok(Some(match name.as_str() {
        "first" => items.first().cloned().unwrap_or(Value::Nil),
        "last" => items.last().cloned().unwrap_or(Value::Nil),
        "rest" => items.split_first().map_or(Value::Nil, |(_, rest)| list(rest)),
        "initial" => items.split_last().map_or(Value::Nil, |(_, rest)| list(rest)),
        "reverse" => Value::List(items.iter().rev().cloned().collect()),
        "compact" => {
            let mut kept = Vec::new();
            for item in items {
                if item.truth()? {
                    kept.push(item.clone());
                }
            }
            Value::List(kept)
        }
        _ => {
            let mut kept: Vec<Value> = Vec::new();
            for item in items {
                if !kept.contains(item) {
                    kept.push(item.clone());
                }
            }
            Value::List(kept)
        }
    }))
}

/// Converts a list to texts, without its nil items (`strslice` of sprig).
fn strings(value: &Value) -> Result<Vec<String>, Failed> {
    match value {
        Value::List(items) => items.iter().filter(|item| **item != Value::Nil).map(print::plain).collect(),
        Value::Nil => Ok(Vec::new()),
        other => Ok(vec![print::plain(other)?]),
    }
}
