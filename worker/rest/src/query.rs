//! Query parameters as Java's workers read them: what is no number or flag is taken for none.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};

use crate::answer::Failure;

/// The parameters of a request, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The first value of a parameter.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter says `true`, in any spelling (`Boolean.valueOf`); none if it is not there.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.first(name).map(|it| it.eq_ignore_ascii_case("true"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Query(pairs) = Query::try_from_uri(&parts.uri)
            .map_err(|error| Failure::new(error.status(), error.body_text()))?;
        Ok(Self(pairs))
    }
}
