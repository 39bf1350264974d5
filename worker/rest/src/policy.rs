//! What holds for each request, whatever it asks: media types, who may ask, and headers of answers.

use std::time::SystemTime;

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
};

use crate::{
    answer::Failure, authorization::Authorization, cors::Cors, credentials::Credentials,
    headers::HeaderRules, media, pages, server::Worker,
};

/// What the worker file says of requests and answers.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Which pages may ask.
    pub cors: Option<Cors>,
    /// Headers of answers.
    pub headers: HeaderRules,
    /// Who may ask; none for anybody.
    pub credentials: Option<Credentials>,
    /// Who may do what; none for everybody who may ask.
    pub authorization: Option<Authorization>,
}

impl Policy {
    /// Has routes answer so. Like Jersey, looks whether there is such a path and method first, then at media types, then
    /// at who asks.
    pub(crate) fn around(self, mut router: Router<Worker>) -> Router<Worker> {
        let Self { cors, headers, credentials, authorization } = self;
        let operator = authorization.map(|it| it.operator).unwrap_or_default();
        // What is added later is asked earlier.
        if let Some(credentials) = credentials.filter(|_| router.has_routes()) {
            router = router.route_layer(middleware::from_fn(move |request: Request, next| {
                credentials.clone().check(operator.clone(), request, next)
            }));
        }
        if router.has_routes() {
            router = router.route_layer(middleware::from_fn(media::check));
            let cors = cors.clone();
            router = router.route_layer(middleware::from_fn(move |request: Request, next| {
                pages::check(cors.clone(), request, next)
            }));
        }
        router = router
            .fallback(|| async { Failure::no_resource() })
            .method_not_allowed_fallback(|| async { Failure::no_method() });
        if cors.is_some() || !headers.is_empty() {
            router = router.layer(middleware::from_fn(move |request: Request, next| {
                with_headers(cors.clone(), headers.clone(), request, next)
            }));
        }
        router
    }
}

/// Answers a request with headers beside those of the API itself, which come last and so count most.
async fn with_headers(
    cors: Option<Cors>,
    rules: HeaderRules,
    request: Request,
    next: Next,
) -> Response {
    let cors = cors.map(|it| it.headers(request.method(), request.headers()));
    let mut told = cors.unwrap_or_default();
    rules.put(&mut told, SystemTime::now());
    let mut response = next.run(request).await;
    told.extend(std::mem::take(response.headers_mut()));
    *response.headers_mut() = told;
    response
}
