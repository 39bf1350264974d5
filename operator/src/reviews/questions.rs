//! The two questions to the API server.

use std::collections::BTreeMap;

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};
use sluice_crds::GROUP;
use sluice_rest_model::{AccessReview, AccessRight, AccessVerdict, token_audience};

/// Whose a token is, and whether that user may.
pub(super) async fn ask(client: &Client, review: AccessReview) -> kube::Result<AccessVerdict> {
    let AccessReview { namespace, cluster, token, right } = review;
    if token.is_empty() {
        return Ok(AccessVerdict { user: None, allowed: false });
    }
    let audience = token_audience(&namespace, &cluster);
    let tokens: Api<TokenReview> = Api::all(client.clone());
    let spec = TokenReviewSpec { token: Some(token), audiences: Some(vec![audience.clone()]) };
    let question = TokenReview { spec, ..TokenReview::default() };
    let answer = tokens.create(&PostParams::default(), &question).await?;
    let Some(user) = user(answer, &audience) else {
        return Ok(AccessVerdict { user: None, allowed: false });
    };
    let name = user.username.clone();
    let Some(right) = right else { return Ok(AccessVerdict { user: name, allowed: true }) };
    let access: Api<SubjectAccessReview> = Api::all(client.clone());
    let question = question_about(user, namespace, right);
    let answer = access.create(&PostParams::default(), &question).await?;
    let allowed = answer.status.is_some_and(|it| it.allowed && it.denied != Some(true));
    Ok(AccessVerdict { user: name, allowed })
}

/// The user of a token that is for the audience. What knows of no audiences takes tokens for the API server for those of
/// anybody, and says so by leaving them out.
fn user(review: TokenReview, audience: &str) -> Option<UserInfo> {
    let status = review.status.filter(|it| it.authenticated == Some(true))?;
    let is_ours = status.audiences.iter().flatten().any(|it| it == audience);
    status.user.filter(|it| is_ours && it.username.as_ref().is_some_and(|it| !it.is_empty()))
}

fn question_about(user: UserInfo, namespace: String, right: AccessRight) -> SubjectAccessReview {
    let AccessRight { verb, resource, subresource, name } = right;
    let attributes = ResourceAttributes {
        namespace: Some(namespace),
        group: Some(GROUP.to_owned()),
        version: Some("*".to_owned()),
        verb: Some(verb),
        resource: Some(resource),
        subresource,
        name: Some(name).filter(|it| !it.is_empty()),
        ..ResourceAttributes::default()
    };
    let UserInfo { username, uid, groups, extra } = user;
    let extra: Option<BTreeMap<String, Vec<String>>> = extra;
    let spec = SubjectAccessReviewSpec {
        resource_attributes: Some(attributes),
        user: username,
        uid,
        groups,
        extra,
        ..SubjectAccessReviewSpec::default()
    };
    SubjectAccessReview { spec, ..SubjectAccessReview::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_somebody_s_only_for_our_audience() {
        for (status, expected) in [
            (json!({"authenticated": true, "audiences": ["a"], "user": {"username": "u"}}), true),
            (json!({"authenticated": true, "audiences": ["b"], "user": {"username": "u"}}), false),
            (json!({"authenticated": true, "user": {"username": "u"}}), false),
            (json!({"authenticated": false, "audiences": ["a"], "user": {"username": "u"}}), false),
            (json!({"audiences": ["a"], "user": {"username": "u"}}), false),
            (json!({"authenticated": true, "audiences": ["a"], "user": {"username": ""}}), false),
            (json!({"authenticated": true, "audiences": ["a"]}), false),
            (json!(null), false),
        ] {
            let review = serde_json::from_value(json!({"spec": {}, "status": status})).unwrap();
            assert_eq!(user(review, "a").is_some(), expected, "{status}");
        }
    }

    #[test]
    fn what_is_asked_is_about_our_resources_in_the_cluster_s_namespace() {
        let user = UserInfo {
            username: Some("u".to_owned()),
            groups: Some(vec!["g".to_owned()]),
            ..UserInfo::default()
        };
        let right = AccessRight {
            verb: "update".to_owned(),
            resource: "kafkaconnectors".to_owned(),
            subresource: Some("restart".to_owned()),
            name: String::new(),
        };
        let question = json!(question_about(user, "shop".to_owned(), right));
        let expected = json!({
            "user": "u",
            "groups": ["g"],
            "resourceAttributes": {
                "namespace": "shop", "group": "sluice.dev", "version": "*", "verb": "update",
                "resource": "kafkaconnectors", "subresource": "restart",
            },
        });
        assert_eq!(question["spec"], expected);
    }
}
