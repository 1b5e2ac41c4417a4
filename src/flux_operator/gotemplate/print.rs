//! Values in Go's format (`fmt`).

use super::{Failed, Value};

/// Prints the value of an action.
pub(super) fn top(value: &Value) -> Result<String, Failed> {
    match value {
        Value::Nil => Ok("<no value>".to_owned()),
        value => plain(value),
    }
}

/// Prints by `%v`.
pub(super) fn plain(value: &Value) -> Result<String, Failed> {
    Ok(match value {
        Value::Nil => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(whole) => whole.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(text) => text.clone(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(plain).collect::<Result<_, _>>()?;
            format!("[{}]", items.join(" "))
        }
        Value::Map(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| Ok(format!("{key}:{}", plain(value)?)))
                .collect::<Result<_, Failed>>()?;
            format!("map[{}]", fields.join(" "))
        }
        Value::Hidden(what) => return Failed::unknown(*what),
    })
}

/// Writes a number in the shortest form, with an exponent where it is very large or small.
fn float(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        }
        .to_owned();
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let power: i32 = exponent.parse().unwrap_or_default();
    if number == 0.0 || (-4..21).contains(&power) {
        return format!("{number}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.unsigned_abs())
}

/// Prints by `%q`.
pub(super) fn quoted(text: &str) -> Result<String, Failed> {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(letter),
            letter if letter.is_alphanumeric() => out.push(letter),
            // Go has a table of its own for other printable characters.
            letter => return Failed::unknown(format!("how {letter:?} is quoted")),
        }
    }
    out.push('"');
    Ok(out)
}

/// Prints by a format.
pub(super) fn formatted(format: &str, arguments: &[Value]) -> Result<String, Failed> {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let zeroes = letters.next_if_eq(&'0').is_some();
        let mut width = 0_usize;
        while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
            width = width.saturating_mul(10).saturating_add(digit as usize).min(1000);
            letters.next();
        }
        let Some(verb) = letters.next() else { return Failed::unknown("a format that ends in %") };
        if verb == '%' && width == 0 && !zeroes {
            out.push('%');
            continue;
        }
        let Some(argument) = arguments.next() else { return Failed::unknown("a format without its value") };
        let printed = match (verb, argument) {
            ('v', value) => plain(value)?,
            ('s', Value::Text(text)) => text.clone(),
            ('q', Value::Text(text)) => quoted(text)?,
            ('d', Value::Int(whole)) => whole.to_string(),
            ('t', Value::Bool(flag)) => flag.to_string(),
            _ => return Failed::unknown(format!("the format %{verb}")),
        };
        let missing = width.saturating_sub(printed.chars().count());
        if zeroes && (!matches!(argument, Value::Int(_)) || printed.starts_with('-')) {
            return Failed::unknown("a format with zeroes");
        }
        out.extend(std::iter::repeat_n(if zeroes { '0' } else { ' ' }, missing));
        out.push_str(&printed);
    }
    if arguments.next().is_some() {
        return Failed::unknown("a format with more values than it names");
    }
    Ok(out)
}
