//! Who may do what: the operator everything, others what the worker file says.

use axum::{
    extract::{RawPathParams, Request, rejection::RawPathParamsRejection},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use sluice_herder::{Handle, Request as Question};
use sluice_rest_model::{AccessRight, token_audience};

use crate::{
    answer::Failure,
    operator::{self, Operator},
    reviewer::{Reviewer, Silent},
    right::{Resource, Right, Verb},
    verdicts::Verdict,
};

/// What the worker file says of who may do what.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// Who may do everything.
    pub operator: Operator,
    /// The cluster in refusals, such as `shop/my-connect`; empty if it has no name.
    pub cluster: String,
    /// What others may do.
    pub rules: Rules,
}

/// What may be done by whom the operator is not.
#[derive(Debug, Clone)]
pub enum Rules {
    /// Read, by who shows a token that the reviewer knows; by everybody without one.
    ReadOnly(Option<Reviewer>),
    /// What Kubernetes' roles grant the user of the token that is shown.
    Kubernetes(Reviewer),
}

/// The way of one request.
type Parameters = Result<RawPathParams, RawPathParamsRejection>;

impl Authorization {
    /// Whether clients show tokens.
    pub(crate) const fn takes_tokens(&self) -> bool {
        matches!(self.rules, Rules::Kubernetes(_) | Rules::ReadOnly(Some(_)))
    }

    /// Answers a request for which somebody needs a right.
    pub(crate) async fn check(
        self,
        right: Right,
        herder: Handle,
        parameters: Parameters,
        request: Request,
        next: Next,
    ) -> Response {
        if !self.operator.asks(request.headers()) {
            let token = operator::bearer(request.headers()).map(str::to_owned);
            let judged = self.judge(right, named(&parameters), token.as_deref(), &herder).await;
            if let Err(refusal) = judged {
                return with_challenge(refusal);
            }
        }
        next.run(request).await
    }

    async fn judge(
        &self,
        right: Right,
        name: Option<String>,
        token: Option<&str>,
        herder: &Handle,
    ) -> Result<(), Failure> {
        match &self.rules {
            Rules::ReadOnly(reviewer) => {
                if let Some(reviewer) = reviewer {
                    review(reviewer, token, None).await?;
                }
                if right.only_reads() {
                    return Ok(());
                }
                Err(self.refusal(right))
            }
            Rules::Kubernetes(reviewer) => {
                let asked = right.of(name.as_deref(), reviewer.cluster().1);
                review(reviewer, token, Some(asked)).await?;
                // A configuration that is set creates the connector that is not there.
                let sets = right == Right { verb: Verb::Update, resource: Resource::Connectors };
                if let Some(name) = name.filter(|_| sets)
                    && herder.ask(Question::Connector(name)).await.is_err()
                {
                    let create = Right { verb: Verb::Create, ..right };
                    review(reviewer, token, Some(create.of(None, ""))).await?;
                }
                Ok(())
            }
        }
    }

    fn refusal(&self, right: Right) -> Failure {
        let cluster = Some(&self.cluster).filter(|it| !it.is_empty());
        let whose = cluster.map(|it| format!(" of KafkaConnect {it}")).unwrap_or_default();
        let instead = right.in_place();
        let message = format!(
            "The REST API{whose} is read-only, as resources in Kubernetes say what runs: {instead} instead"
        );
        Failure::new(StatusCode::FORBIDDEN, message)
    }
}

/// The connector that a path names.
fn named(parameters: &Parameters) -> Option<String> {
    let parameters = parameters.as_ref().ok()?;
    parameters.iter().find(|(key, _)| *key == "name").map(|(_, value)| value.to_owned())
}

/// Refuses who shows no good token, or may not.
async fn review(
    reviewer: &Reviewer,
    token: Option<&str>,
    right: Option<AccessRight>,
) -> Result<(), Failure> {
    let (namespace, cluster) = reviewer.cluster();
    let audience = token_audience(namespace, cluster);
    let Some(token) = token else {
        let message = format!("Show a token of Kubernetes for the audience {audience}");
        return Err(unauthorized(message));
    };
    match reviewer.ask(token, right.clone()).await {
        Ok(Verdict::Allowed) => Ok(()),
        Ok(Verdict::Unknown) => Err(unauthorized(format!(
            "Kubernetes does not know the token: it has expired, is not for the audience {audience}, or never was one"
        ))),
        Ok(Verdict::Forbidden) => {
            let what = right.map(|it| told(&it)).unwrap_or_default();
            let message = format!(
                "The user of the token may not {what} in namespace {namespace}: a Role has to grant it"
            );
            Err(Failure::new(StatusCode::FORBIDDEN, message))
        }
        Err(Silent) => {
            let message = "The operator, who knows tokens, cannot be asked; the log of this worker says why. Try again";
            Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, message))
        }
    }
}

/// What a right is to, as `kubectl auth can-i` has it.
fn told(right: &AccessRight) -> String {
    let AccessRight { verb, resource, subresource, name } = right;
    let sub = subresource.as_ref().map(|it| format!("/{it}")).unwrap_or_default();
    let name = Some(name).filter(|it| !it.is_empty());
    let name = name.map(|it| format!(" {it}")).unwrap_or_default();
    format!("{verb} {resource}.sluice.dev{sub}{name}")
}

fn unauthorized(message: String) -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, message)
}

/// Who is not known is told how to say who it is (RFC 6750).
fn with_challenge(refusal: Failure) -> Response {
    let is_unknown = refusal.status == StatusCode::UNAUTHORIZED;
    let mut response = refusal.into_response();
    if is_unknown {
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
