//! Schedules of `CronJobs`: the longest time between two runs. The hour of a run depends on a time zone that the API does
//! not tell; the time between two does not.

use jiff::SignedDuration;
use jiff::civil::{Date, date};

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Returns the longest time between two runs of a schedule; `None` if it is none, or never runs.
pub(super) fn longest_gap(schedule: &str) -> Option<SignedDuration> {
    let schedule = schedule.trim();
    let schedule = match schedule.split_once(' ') {
        Some((zone, rest)) if zone.starts_with("TZ=") || zone.starts_with("CRON_TZ=") => rest.trim(),
        _ => schedule,
    };
    let schedule = match schedule {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    };
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
    let (minutes, hours) = (values(minute, 0, 59, &[])?, values(hour, 0, 23, &[])?);
    let (days, months) = (values(day, 1, 31, &[])?, values(month, 1, 12, MONTHS)?);
    // Sunday is 0, and 7 too.
    let weekdays = values(weekday, 0, 7, DAYS)?;
    let is_star = |field: &str| field.starts_with('*') || field == "?";
    let times: Vec<i64> = (0..24_i64)
        .filter(|hour| has(hours, *hour))
        .flat_map(|hour| (0..60_i64).filter(move |minute| has(minutes, *minute)).map(move |minute| hour * 60 + minute))
        .collect();
    let (first, last) = (*times.first()?, *times.last()?);
    let runs_on = |date: Date| {
        let number = i64::from(date.weekday().to_sunday_zero_offset());
        let on_weekday = has(weekdays, number) || (number == 0 && has(weekdays, 7));
        let on_day = has(days, i64::from(date.day()));
        let fits = if is_star(day) || is_star(weekday) { on_day && on_weekday } else { on_day || on_weekday };
        fits && has(months, i64::from(date.month()))
    };
    let dates = date(2024, 1, 1).series(jiff::Span::new().days(1)).take(366 * 5);
    let (mut longest, mut before) = (None, None);
    for (number, _) in dates.enumerate().filter(|(_, date)| runs_on(*date)) {
        let number = i64::try_from(number).ok()?;
        longest = longest.max(before.map(|before: i64| number - before));
        before = Some(number);
    }
    let within = times.windows(2).filter_map(|pair| Some(pair.last()? - pair.first()?)).max().unwrap_or_default();
    Some(SignedDuration::from_mins((longest? * 1440 - (last - first)).max(within)))
}

fn has(set: u64, value: i64) -> bool {
    u32::try_from(value).is_ok_and(|value| set.checked_shr(value).is_some_and(|rest| rest & 1 == 1))
}

/// Reads a field: `*`, `*/5`, `1-5`, `1,3`, `mon-fri`.
fn values(field: &str, least: i64, most: i64, names: &[&str]) -> Option<u64> {
    let number = |word: &str| {
        let word = word.to_ascii_lowercase();
        let month_or_day = names.iter().position(|name| *name == word).and_then(|at| i64::try_from(at).ok());
        let found = month_or_day.map(|at| at + least).or_else(|| word.parse().ok())?;
        (least..=most).contains(&found).then_some(found)
    };
    let mut set = 0_u64;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if step > 1 => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        for value in (from..=to).step_by(step) {
            set |= 1_u64.checked_shl(u32::try_from(value).ok()?)?;
        }
    }
    (set != 0).then_some(set)
}

#[cfg(test)]
mod tests {
    use super::longest_gap;

    #[test]
    fn the_longest_time_between_two_runs_is_found() {
        let hours = |schedule: &str| longest_gap(schedule).map(|gap| gap.as_secs_f64() / 3600.0);
        assert_eq!(longest_gap("*/5 * * * *").map(|gap| gap.as_mins()), Some(5));
        assert_eq!(longest_gap("*/7 * * * *").map(|gap| gap.as_mins()), Some(7));
        assert_eq!(hours("@hourly"), Some(1.0));
        assert_eq!(hours("0 3 * * *"), Some(24.0));
        assert_eq!(hours("0 8-18 * * *"), Some(14.0));
        assert_eq!(hours("0 3 * * mon-fri"), Some(72.0));
        assert_eq!(hours("0 3 * * 7"), Some(168.0));
        assert_eq!(hours("0 0 1 * *"), Some(31.0 * 24.0));
        assert_eq!(hours("CRON_TZ=Europe/Berlin 0 3 * * *"), Some(24.0));
        for wrong in ["", "* * * *", "61 * * * *", "x * * * *", "0 0 31 2 *", "*/0 * * * *"] {
            assert_eq!(longest_gap(wrong), None, "{wrong}");
        }
    }
}
