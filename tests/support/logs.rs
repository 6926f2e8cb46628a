//! Captures all log output of this process, at every level.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// One event, or the fields of one span.
#[derive(Clone, Debug)]
pub struct Line {
    /// The level.
    pub level: Level,
    /// The target.
    pub target: String,
    /// Names and values, including `message`.
    pub fields: Vec<(String, String)>,
}

impl Line {
    /// Returns the value of a field. Empty if the field is missing.
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

/// Starts capturing. Tests that read the log must call it first.
pub fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Keep(AtomicU64::new(1))).unwrap());
}

/// Returns all lines so far, of all tests in this process.
pub fn lines() -> Vec<Line> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Returns the events of `auth_actix` above debug level about handlers whose path ends with this name.
pub fn of_handler(name: &str) -> Vec<Line> {
    let is_of =
        |line: &Line| line.target == "auth_actix" && line.level < Level::DEBUG && line.field("handler").ends_with(name);
    lines().into_iter().filter(is_of).collect()
}

struct Keep(AtomicU64);

struct Fields(Vec<(String, String)>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name().to_owned(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name().to_owned(), format!("{value:?}")));
    }
}

impl Keep {
    fn keep(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(Vec::new());
        record(&mut fields);
        let line = Line { level: *metadata.level(), target: metadata.target().to_owned(), fields: fields.0 };
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Subscriber for Keep {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.keep(span.metadata(), |fields| span.record(fields));
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields(Vec::new());
        values.record(&mut fields);
        let line = Line { level: Level::TRACE, target: "a span".to_owned(), fields: fields.0 };
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.keep(event.metadata(), |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
