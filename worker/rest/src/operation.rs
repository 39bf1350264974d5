//! What can be asked of a path, and all that `/openapi.json` says of it: one definition for router and document.

use axum::{
    handler::Handler,
    http::{Method, StatusCode},
    routing::{MethodFilter, MethodRouter, on},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::{
    right::{Resource, Right, Verb},
    server::Worker,
};

/// The schema of a type, whose definition goes into the generator.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// One method of a path.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// What it does, in one line.
    pub(crate) summary: &'static str,
    /// Its query parameters.
    pub(crate) query: &'static [Query],
    /// What its body has to be; none where no body is read.
    pub(crate) body: Option<Shape>,
    /// What it answers when all is well, each status with its body.
    pub(crate) answers: Vec<(StatusCode, Option<Shape>)>,
    /// What it answers for reasons of its own; other failures come from the worker as a whole.
    pub(crate) failures: &'static [StatusCode],
    pub(crate) asker: Asker,
    /// What it takes of a client; none of what workers ask of each other.
    pub(crate) right: Option<Right>,
    pub(crate) handler: MethodRouter<Worker>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A client, with a name and a password where the worker file wants them.
    Client,
    /// Another worker of the group, which signs what it asks.
    Worker,
}

/// One query parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query {
    pub(crate) name: &'static str,
    /// What it does, in one line.
    pub(crate) means: &'static str,
    pub(crate) takes: Takes,
}

/// What a query parameter takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// Any text.
    Text,
    /// `true`, in any spelling; all else is false. What it is when it is not there.
    Flag(bool),
    /// One of these words; the first one when it is not there.
    Word(&'static [&'static str]),
    /// Any of these words, each in a parameter of its own.
    Words(&'static [&'static str]),
}

impl Operation {
    fn new<H: Handler<T, Worker>, T: 'static>(
        (method, filter): (Method, MethodFilter),
        summary: &'static str,
        handler: H,
    ) -> Self {
        Self {
            method,
            summary,
            query: &[],
            body: None,
            answers: Vec::new(),
            failures: &[],
            asker: Asker::Client,
            right: None,
            handler: on(filter, handler),
        }
    }

    /// Has query parameters.
    pub(crate) fn with(mut self, query: &'static [Query]) -> Self {
        self.query = query;
        self
    }

    /// Reads a body.
    pub(crate) fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// May answer with a body.
    pub(crate) fn answers<T: JsonSchema>(mut self, status: StatusCode) -> Self {
        self.answers.push((status, Some(SchemaGenerator::subschema_for::<T>)));
        self
    }

    /// May answer with a status alone.
    pub(crate) fn says(mut self, status: StatusCode) -> Self {
        self.answers.push((status, None));
        self
    }

    /// May fail for reasons of its own.
    pub(crate) fn fails(mut self, failures: &'static [StatusCode]) -> Self {
        self.failures = failures;
        self
    }

    /// Takes a right of the client.
    pub(crate) const fn takes_right(mut self, verb: Verb, resource: Resource) -> Self {
        self.right = Some(Right { verb, resource });
        self
    }

    /// Is asked by other workers alone.
    pub(crate) fn signed(mut self) -> Self {
        self.asker = Asker::Worker;
        self
    }
}

pub(crate) fn get<H: Handler<T, Worker>, T: 'static>(
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new((Method::GET, MethodFilter::GET.or(MethodFilter::HEAD)), summary, handler)
}

pub(crate) fn post<H: Handler<T, Worker>, T: 'static>(
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new((Method::POST, MethodFilter::POST), summary, handler)
}

pub(crate) fn put<H: Handler<T, Worker>, T: 'static>(
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new((Method::PUT, MethodFilter::PUT), summary, handler)
}

pub(crate) fn patch<H: Handler<T, Worker>, T: 'static>(
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new((Method::PATCH, MethodFilter::PATCH), summary, handler)
}

pub(crate) fn delete<H: Handler<T, Worker>, T: 'static>(
    summary: &'static str,
    handler: H,
) -> Operation {
    Operation::new((Method::DELETE, MethodFilter::DELETE), summary, handler)
}
