//! Widgets: they draw data and do not depend on the app.

mod command;
mod lines;
mod panel;
mod styled;
mod text;

pub use command::command_rows;
pub use lines::{Scroll, lines};
pub use panel::{centred, footed, panel, titled};
pub use styled::{Paragraph, Span, StyledLine, Text};
pub use text::{fit, fit_end, fit_middle, fit_unfinished, pad, rows, wrap};
