//! `fluxdeck order`: the waves in which Flux brings an environment up.

use clap::Args;

use super::Call;
use crate::model::Fault;
use crate::model::text::field;
use crate::repo::{Named, Order, Snapshot};

// Flags of `order`.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

/// Lists the waves of every environment; ends with 1 where Kustomizations never start: in a circle, or without their
/// dependency.
///
/// # Errors
/// Fails when there is no repository.
pub(super) fn run(_arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::effective(call)?;
    let wanted = |order: &&Order| call.global.env.as_ref().is_none_or(|env| *env == order.env);
    let orders: Vec<&Order> = snapshot.orders.iter().filter(wanted).collect();
    call.print(&orders, |orders| orders.iter().map(|order| text(order, &snapshot)).collect())?;
    Ok(u8::from(orders.iter().any(|order| !order.stuck.is_empty())))
}

fn text(order: &Order, snapshot: &Snapshot) -> String {
    let shown = |named: &Named| {
        let known = snapshot.kustomizations_of(&order.env).find(|one| named.is(one));
        let elsewhere = known.and_then(|one| one.elsewhere.as_ref()).map(|_| " (elsewhere)").unwrap_or_default();
        format!("{}{elsewhere}", field(&named.to_string()))
    };
    let names = |names: &[Named]| names.iter().map(shown).collect::<Vec<_>>().join("  ");
    let mut lines = vec![field(&order.env).into_owned()];
    lines.extend(order.waves.iter().enumerate().map(|(index, wave)| format!("  {}  {}", index + 1, names(wave))));
    let (circle, lost): (Vec<Named>, Vec<Named>) = order.stuck.iter().cloned().partition(|one| order.is_in_circle(one));
    if !circle.is_empty() {
        lines.push(format!("  never: they wait in a circle: {}", names(&circle)));
    }
    let told = |one: &Named| format!("  never: {}: {}", shown(one), field(&order.why_stuck(one)));
    lines.extend(lost.iter().map(told));
    let open = order.not_known();
    lines.extend(open.map(|(one, what)| {
        format!("  not known: whether {}, for which {} waits, is declared", field(&what), shown(one))
    }));
    lines.join("\n") + "\n"
}
