//! The table of figures.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What was measured, in the unit that its figure is given in.
pub(crate) enum Measured {
    /// A time.
    Time(Duration),
    /// Bytes written to the terminal.
    Bytes(usize),
    /// Memory, in bytes.
    Memory(u64),
    /// Requests to an API server.
    Requests(usize),
}

impl Measured {
    fn number(&self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            #[allow(clippy::cast_precision_loss, reason = "a figure of some thousands")]
            Self::Bytes(count) | Self::Requests(count) => *count as f64,
            #[allow(clippy::cast_precision_loss, reason = "a figure of some millions")]
            Self::Memory(bytes) => *bytes as f64,
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Time(time) if *time >= Duration::from_secs(1) => format!("{:.2} s", time.as_secs_f64()),
            Self::Time(time) => format!("{:.1} ms", time.as_secs_f64() * 1e3),
            Self::Bytes(bytes) => format!("{bytes} bytes"),
            Self::Requests(count) => format!("{count} requests"),
            Self::Memory(_) => format!("{:.1} MiB", self.number() / 1024.0 / 1024.0),
        };
        formatter.pad(&text)
    }
}

struct Row {
    name: &'static str,
    measured: Result<Measured, String>,
    target: Option<Measured>,
}

impl Row {
    fn is_over(&self) -> bool {
        match (&self.measured, &self.target) {
            (Ok(measured), Some(target)) => measured.number() > target.number(),
            _ => false,
        }
    }
}

/// The figures in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Measures a figure; one that cannot be measured says why and does not end the others.
    pub(crate) fn measure(&mut self, name: &'static str, target: Measured, measure: impl FnOnce() -> Measured) {
        self.push(name, Some(target), measure);
    }

    /// Measures a floor: what the machine or the server takes by itself.
    pub(crate) fn floor(&mut self, name: &'static str, measure: impl FnOnce() -> Measured) {
        self.push(name, None, measure);
    }

    fn push(&mut self, name: &'static str, target: Option<Measured>, measure: impl FnOnce() -> Measured) {
        let measured = catch_unwind(AssertUnwindSafe(measure)).map_err(|panic| {
            let text =
                panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            text.unwrap_or("a panic").lines().next().unwrap_or_default().to_owned()
        });
        let row = Row { name, measured, target };
        // Told at once: what fails later takes no figure with it.
        print!("{row}");
        self.0.push(row);
    }

    /// Returns the names of the figures that could not be measured.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        self.0.iter().filter(|row| row.measured.is_err()).map(|row| row.name).collect()
    }

    /// Returns the names of the figures that are worse than their target.
    pub(crate) fn over(&self) -> Vec<&'static str> {
        self.0.iter().filter(|row| row.is_over()).map(|row| row.name).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\n{:<52} {:>14} {:>14}", "figure", "measured", "target")?;
        self.0.iter().try_for_each(|row| write!(formatter, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, measured, target } = self;
        let goal = target.as_ref().map_or_else(|| "(floor)".to_owned(), ToString::to_string);
        match measured {
            Ok(measured) => {
                let over = if self.is_over() { "  OVER" } else { "" };
                writeln!(formatter, "{name:<52} {measured:>14} {goal:>14}{over}")
            }
            Err(why) => writeln!(formatter, "{name:<52} {:>14} {goal:>14}  {why}", "not measured"),
        }
    }
}

/// Returns the middle one of some values.
pub(crate) fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}
