//! Widgets: they draw data and know no app.

mod lines;
mod panel;
mod styled;
mod text;

pub use lines::{Scroll, lines};
pub use panel::{centred, panel, titled};
pub use styled::{Paragraph, Span, StyledLine, Text};
pub use text::{fit, fit_end, pad, rows, wrap};
