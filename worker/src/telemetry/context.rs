//! What a line of the log is about, as Kafka Connect writes it in front (`LoggingContext`, KIP-449): `[orders|task-0] ` for a
//! task, `[orders|task-0|offsets] ` while it commits, `[orders|worker] ` for the connector itself.

use std::fmt::Debug;

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer, registry::LookupSpan};

/// The fields `connector`, `task` and `scope` of an event or a span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Context {
    connector: Option<String>,
    task: Option<String>,
    /// What a task does beside moving records.
    scope: Option<String>,
}

impl Context {
    /// That of an event: its own, or else that of the innermost span that has one. A task need not say which one it is.
    pub(super) fn of<S>(event: &Event<'_>, spans: &layer::Context<'_, S>) -> Self
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut own = Self::default();
        event.record(&mut own);
        let mut scope = spans.event_scope(event).into_iter().flatten();
        let around = scope.find_map(|it| it.extensions().get::<Self>().cloned());
        let around = around.unwrap_or_default();
        let is_around =
            own.connector.is_none() || own.task.is_none() && own.connector == around.connector;
        if is_around { around } else { own }
    }

    /// What stands in front of the message; nothing for lines that are about no connector.
    pub(super) fn prefix(&self) -> String {
        match (&self.connector, &self.task) {
            (Some(connector), Some(task)) => {
                let scope = self.scope.iter().map(|it| format!("|{it}")).collect::<String>();
                format!("[{connector}|task-{task}{scope}] ")
            }
            (Some(connector), None) => format!("[{connector}|worker] "),
            (None, _) => String::new(),
        }
    }
}

impl Visit for Context {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "connector" => self.connector = Some(value.to_owned()),
            "task" => self.task = Some(value.to_owned()),
            "scope" => self.scope = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if matches!(field.name(), "connector" | "task" | "scope") {
            self.record_str(field, &format!("{value:?}"));
        }
    }
}

/// Keeps the contexts of spans for the events inside.
pub(super) struct Contexts;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Contexts {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, spans: layer::Context<'_, S>) {
        let mut context = Context::default();
        attributes.record(&mut context);
        if let Some(span) = spans.span(id).filter(|_| context.connector.is_some()) {
            span.extensions_mut().insert(context);
        }
    }
}
