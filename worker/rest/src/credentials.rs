//! Basic authentication (`BasicAuthSecurityRestExtension` with `PropertyFileLoginModule`): each request names a user with
//! the password that stands in a file.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ring::digest::{SHA256, digest};

use crate::operator::Operator;

/// Users and what their passwords hash to. Without users, everybody is let in, as in Kafka Connect. Clones are the same
/// users.
#[derive(Clone)]
pub struct Credentials(Arc<RwLock<Users>>);

type Users = BTreeMap<String, Vec<u8>>;

impl Credentials {
    /// From users with their passwords.
    pub fn new(users: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Arc::new(RwLock::new(hashed(users))))
    }

    /// Lets in these users and no others from now on.
    pub fn replace(&self, users: impl IntoIterator<Item = (String, String)>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = hashed(users);
    }

    /// Whether there is such a user with such a password.
    pub fn knows(&self, user: &str, password: &str) -> bool {
        let users = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // Hashes are compared, so that time does not tell how much of a password is right.
        users.get(user).is_some_and(|it| *it == hash(password.as_bytes()))
    }

    fn count(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether the headers of a request name a user and its password.
    fn lets_in(&self, headers: &HeaderMap) -> bool {
        self.count() == 0
            || named(headers).is_some_and(|(user, password)| self.knows(&user, &password))
    }

    /// Answers a request, if its user is known or it is the operator's. Requests of workers among themselves are signed in
    /// another way.
    pub(crate) async fn check(self, operator: Operator, request: Request, next: Next) -> Response {
        if is_internal(request.method(), request.uri().path())
            || self.lets_in(request.headers())
            || operator.asks(request.headers())
        {
            return next.run(request).await;
        }
        let json = [(header::CONTENT_TYPE, "application/json")];
        (StatusCode::UNAUTHORIZED, json, "User cannot access the resource.").into_response()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Credentials of {} users", self.count())
    }
}

fn hashed(users: impl IntoIterator<Item = (String, String)>) -> Users {
    users.into_iter().map(|(user, password)| (user, hash(password.as_bytes()))).collect()
}

fn hash(text: &[u8]) -> Vec<u8> {
    digest(&SHA256, text).as_ref().to_vec()
}

fn named(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| BASE64.decode(encoded).ok())??;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (user, password) = text.split_once(':').filter(|(user, _)| !user.is_empty())?;
    Some((user.to_owned(), password.to_owned()))
}

/// `JaasBasicAuthFilter.INTERNAL_REQUEST_MATCHERS`.
fn is_internal(method: &Method, path: &str) -> bool {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts[..] {
        ["connectors", name, "tasks"] => *method == Method::POST && !name.is_empty(),
        ["connectors", name, "fence"] => *method == Method::PUT && !name.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_user_needs_its_password() {
        let some = Credentials::new([("alice".to_owned(), "p:w".to_owned())]);
        let basic = |text: &str| format!("Basic {}", BASE64.encode(text));
        for (header, expected) in [
            (basic("alice:p:w"), true),
            (basic("alice:p:w").replace("Basic", "BASIC"), true),
            (basic("alice:p"), false),
            (basic("alice"), false),
            (basic(":p:w"), false),
            (basic("bob:p:w"), false),
            ("Bearer x".to_owned(), false),
            ("Basic ?".to_owned(), false),
            ("Basic".to_owned(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&header).unwrap());
            assert_eq!(some.lets_in(&headers), expected, "{header}");
            assert!(Credentials::new([]).lets_in(&headers));
        }
        assert!(!some.lets_in(&HeaderMap::new()));
        assert_eq!(format!("{some:?}"), "Credentials of 1 users");
    }

    #[test]
    fn requests_between_workers_need_no_user() {
        for (method, path, expected) in [
            (Method::POST, "/connectors/a/tasks", true),
            (Method::POST, "/connectors/a%2Fb/tasks/", true),
            (Method::PUT, "/connectors/a/fence", true),
            (Method::GET, "/connectors/a/tasks", false),
            (Method::POST, "/connectors//tasks", false),
            (Method::POST, "/connectors/a/b/tasks", false),
            (Method::PUT, "/connectors/a/pause", false),
        ] {
            assert_eq!(is_internal(&method, path), expected, "{method} {path}");
        }
    }
}
