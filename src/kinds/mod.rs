//! One file per resource kind: its name, row, columns and lesson.
