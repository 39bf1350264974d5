//! Tables of specs and the settings that come out of them.

use serde_json::{Value, json};

use super::super::references::{ConfigMapView, SecretView};
use super::*;

pub(crate) fn spec(change: &Value) -> KafkaConnectSpec {
    let mut spec = json!({
        "bootstrapServers": "kafka:9092",
        "groupId": "g",
        "configStorageTopic": "c",
        "statusStorageTopic": "s",
        "offsetStorageTopic": "o",
    });
    for (key, value) in change.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    serde_json::from_value(spec).unwrap()
}

fn secrets() -> References {
    let view = |keys: &[&str]| SecretView {
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
        digests: keys.iter().map(|&key| (key.to_owned(), format!("#{key}"))).collect(),
    };
    let map = ConfigMapView { digest: "#map".into(), ..ConfigMapView::default() };
    References {
        secrets: [
            ("ca", view(&["a.crt", "b.crt", "c.key"])),
            ("me", view(&["tls.crt", "tls.key", "password"])),
            ("rest", view(&["tls.crt", "tls.key", "ca.crt", "users"])),
        ]
        .map(|(name, view)| (name.to_owned(), view))
        .into(),
        config_maps: [("map".to_owned(), map)].into(),
    }
}

fn file(change: &Value) -> Result<WorkerFile, Error> {
    of(&spec(change), "shop", &secrets())
}

fn settings(change: &Value) -> BTreeMap<String, String> {
    file(change).unwrap().settings
}

#[test]
fn a_plain_cluster_has_connects_keys_and_sound_defaults() {
    let settings = settings(&json!({"config": {"key.converter.schemas.enable": false}}));
    for (key, value) in [
        ("bootstrap.servers", "kafka:9092"),
        ("group.id", "g"),
        ("config.storage.topic", "c"),
        ("status.storage.topic", "s"),
        ("offset.storage.topic", "o"),
        ("config.storage.replication.factor", "-1"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("key.converter.schemas.enable", "false"),
        ("rest.advertised.port", "8083"),
        ("listeners", "http://:8083"),
    ] {
        assert_eq!(settings[key], value, "{key}");
    }
    assert!(!settings.keys().any(|key| key.contains("security.protocol")));
}

#[test]
fn traces_are_on_by_their_field_alone() {
    const KEY: &str = "sluice.tracing";
    assert_eq!(settings(&json!({"tracing": {"type": "opentelemetry"}}))[KEY], "opentelemetry");
    let file = file(&json!({"config": {KEY: "opentelemetry"}})).unwrap();
    assert_eq!(file.settings, settings(&json!({})));
    assert_eq!(file.warnings, ["spec.config[sluice.tracing] has no effect: set spec.tracing"]);
}

#[test]
fn defaults_can_be_changed_and_decided_keys_are_told() {
    assert_eq!(settings(&json!({"config": {"key.converter": "X"}}))["key.converter"], "X");
    assert_eq!(
        settings(&json!({"config": {"ssl.protocol": "TLSv1.3"}}))["ssl.protocol"],
        "TLSv1.3"
    );
    let keys = [
        "group.id",
        "ssl.keystore.key",
        "rest.port",
        "listeners",
        "plugin.path",
        "sluice.rest.authorization.path",
    ];
    let config: BTreeMap<&str, &str> = keys.map(|key| (key, "x")).into();
    let file = file(&json!({"config": config})).unwrap();
    assert_eq!(file.settings, settings(&json!({})));
    assert_eq!(file.warnings.len(), keys.len());
    for key in keys {
        let line = format!("spec.config[{key}] has no effect: ");
        assert!(file.warnings.iter().any(|it| it.starts_with(&line)), "{:?}", file.warnings);
    }
}

#[test]
fn every_client_gets_the_security_settings_and_no_value_of_a_secret() {
    let file = file(&json!({
        "tls": {"trustedCertificates": [{"secretName": "ca", "pattern": "*.crt"}]},
        "authentication": {
            "type": "scram-sha-512",
            "username": "a\"b",
            "passwordSecret": {"secretName": "me", "password": "password"},
        },
    }))
    .unwrap();
    for client in ["", "producer.", "consumer.", "admin."] {
        let setting = |key: &str| file.settings[&format!("{client}{key}")].as_str();
        assert_eq!(setting("security.protocol"), "SASL_SSL");
        assert_eq!(setting("sasl.mechanism"), "SCRAM-SHA-512");
        assert_eq!(
            setting("ssl.truststore.certificates"),
            "${sluice:/etc/sluice-credentials/ca:a.crt}\n${sluice:/etc/sluice-credentials/ca:b.crt}"
        );
        assert_eq!(
            setting("sasl.jaas.config"),
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"a\\\"b\" password=\"${sluice-quoted:/etc/sluice-credentials/me:password}\";"
        );
    }
    let mounted: Vec<(&str, usize)> =
        file.mounts.iter().map(|(name, keys)| (name.as_str(), keys.len())).collect();
    assert_eq!(mounted, [("ca", 2), ("me", 1)]);
    assert_eq!(file.versions, ["#a.crt", "#b.crt", "#password"]);
}

#[test]
fn the_provider_of_placeholders_comes_before_those_of_the_user() {
    let authentication = json!({"type": "plain", "username": "u", "passwordSecret": {"secretName": "me", "password": "password"}});
    let users = json!({"config.providers": "env", "config.providers.env.class": "X"});
    let both = settings(&json!({"authentication": authentication, "config": users}));
    assert_eq!(both["config.providers"], "sluice,sluice-quoted,env");
    assert_eq!(
        both["config.providers.sluice.class"],
        "org.apache.kafka.common.config.provider.DirectoryConfigProvider"
    );
    assert_eq!(settings(&json!({"config": users}))["config.providers"], "env");
}

#[test]
fn protocols_follow_from_encryption_and_identity() {
    let plain = json!({"type": "plain", "username": "u", "passwordSecret": {"secretName": "me", "password": "password"}});
    let client = json!({"type": "tls", "certificateAndKey": {"secretName": "me", "certificate": "tls.crt", "key": "tls.key"}});
    let table = [
        (json!({"tls": {}}), "SSL"),
        (json!({"tls": {}, "authentication": client}), "SSL"),
        (json!({"authentication": plain}), "SASL_PLAINTEXT"),
        (json!({"tls": {}, "authentication": plain}), "SASL_SSL"),
    ];
    for (change, protocol) in table {
        assert_eq!(settings(&change)["security.protocol"], protocol);
    }
}

#[test]
fn missing_secrets_and_keys_are_named_with_their_field() {
    let table = [
        (
            json!({"tls": {"trustedCertificates": [{"secretName": "x", "certificate": "a"}]}}),
            "spec.tls.trustedCertificates[0]: Secret x does not exist in this namespace; create it",
        ),
        (
            json!({"tls": {"trustedCertificates": [{"secretName": "ca", "pattern": "*.pem"}]}}),
            "spec.tls.trustedCertificates[0]: Secret ca has no key *.pem; add it",
        ),
        (
            json!({"authentication": {"type": "plain", "username": "u", "passwordSecret": {"secretName": "me", "password": "p"}}}),
            "spec.authentication.passwordSecret: Secret me has no key p; add it",
        ),
    ];
    for (change, expected) in table {
        assert_eq!(file(&change).unwrap_err().to_string(), expected);
    }
}

#[test]
fn oauth_becomes_the_options_of_a_login_that_may_ask_its_server() {
    let file = file(&json!({
        "config": {"org.apache.kafka.sasl.oauthbearer.allowed.urls": "https://other/token"},
        "authentication": {
            "type": "oauth",
            "tokenEndpointUri": "https://id/token",
            "clientId": "connect",
            "clientSecret": {"secretName": "me", "key": "password"},
            "scope": "a \"b\"",
            "tlsTrustedCertificates": [{"secretName": "ca", "pattern": "*.crt"}],
            "disableTlsHostnameVerification": true,
            "httpRetryPauseMs": 500,
            "httpRetries": 3,
        },
    }))
    .unwrap();
    for client in ["", "producer.", "consumer.", "admin."] {
        let setting = |key: &str| file.settings[&format!("{client}{key}")].as_str();
        assert_eq!(setting("security.protocol"), "SASL_PLAINTEXT");
        assert_eq!(setting("sasl.mechanism"), "OAUTHBEARER");
        assert_eq!(setting("sasl.login.retry.backoff.ms"), "500");
        assert_eq!(
            setting("sasl.jaas.config"),
            concat!(
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required ",
                "oauth.token.endpoint.uri=\"https://id/token\" oauth.client.id=\"connect\" oauth.scope=\"a \\\"b\\\"\" ",
                "oauth.client.secret=\"${sluice-quoted:/etc/sluice-credentials/me:password}\" ",
                "oauth.ssl.truststore.type=\"PEM\" ",
                "oauth.ssl.truststore.certificates=\"${sluice-quoted:/etc/sluice-credentials/ca:a.crt}\\n",
                "${sluice-quoted:/etc/sluice-credentials/ca:b.crt}\" ",
                "oauth.ssl.endpoint.identification.algorithm=\"\";"
            )
        );
    }
    let allowed = &file.settings["org.apache.kafka.sasl.oauthbearer.allowed.urls"];
    assert_eq!(allowed, "https://other/token,https://id/token");
    let told =
        "spec.authentication.httpRetries has no effect: workers ask until there is an answer";
    assert_eq!(file.warnings, [told]);
}

#[test]
fn oauth_that_lacks_something_is_refused_with_the_field() {
    let table = [
        (json!({}), "spec.authentication.tokenEndpointUri: is required without accessToken"),
        (
            json!({"tokenEndpointUri": "https://id"}),
            "spec.authentication.clientId: is required without accessToken",
        ),
        (
            json!({"tokenEndpointUri": "https://id", "clientId": "c", "username": "u"}),
            "spec.authentication.passwordSecret: is required with username",
        ),
        (
            json!({"tokenEndpointUri": "https://id", "clientId": "c"}),
            "spec.authentication.clientSecret: is required; or give clientAssertion, refreshToken, accessToken, or username and passwordSecret",
        ),
    ];
    for (mut authentication, expected) in table {
        authentication["type"] = json!("oauth");
        let refused = file(&json!({"authentication": authentication})).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    let given = json!({"type": "oauth", "accessTokenLocation": "/mnt/token"});
    let settings = settings(&json!({"authentication": given}));
    assert_eq!(settings["org.apache.kafka.sasl.oauthbearer.allowed.files"], "/mnt/token");
}

#[test]
fn custom_settings_reach_every_client_and_name_secrets() {
    let custom = |sasl: bool, config: &Value| json!({"tls": {}, "authentication": {"type": "custom", "sasl": sasl, "config": config}});
    let config = json!({
        "sasl.mechanism": "AWS_MSK_IAM",
        "sasl.jaas.config": "x.Module required a=\"${secret:me:password}\" b=\"${strimzisecrets:shop/me:tls.key}\";",
        "ssl.keystore.location": "/mnt/store",
        "bootstrap.servers": "x",
    });
    let file = file(&custom(true, &config)).unwrap();
    for client in ["", "producer.", "consumer.", "admin."] {
        let setting = |key: &str| file.settings[&format!("{client}{key}")].as_str();
        assert_eq!(setting("security.protocol"), "SASL_SSL");
        assert_eq!(setting("sasl.mechanism"), "AWS_MSK_IAM");
        assert_eq!(setting("ssl.keystore.location"), "/mnt/store");
        assert_eq!(
            setting("sasl.jaas.config"),
            "x.Module required a=\"${sluice-quoted:/etc/sluice-credentials/me:password}\" b=\"${sluice-quoted:/etc/sluice-credentials/me:tls.key}\";"
        );
    }
    assert_eq!(file.settings["bootstrap.servers"], "kafka:9092");
    assert_eq!(file.mounts["me"].len(), 2);
    let expected = ["#password", "#tls.key"];
    assert_eq!(file.versions, expected, "what is named is part of what pods start with");
    let told = "spec.authentication.config[bootstrap.servers] has no effect: only sasl. and ssl.keystore. are taken from here";
    assert_eq!(file.warnings, [told]);
    let names = references::names(&spec(&custom(true, &config)));
    assert_eq!(names.secrets, [String::from("me")].into());
    assert_eq!(settings(&custom(false, &json!({})))["security.protocol"], "SSL");
    for (value, expected) in [
        ("${secret:you:p}", "Secret you does not exist in this namespace; create it"),
        ("${secret:me:p}", "Secret me has no key p; add it"),
        ("${secret:me}", "names a Secret in another form than ${secret:NAME:KEY}"),
        (
            "${strimzisecrets:other/me:password}",
            "names Secret me of another namespace; only those of this one can be used",
        ),
    ] {
        let refused =
            super::of(&spec(&custom(true, &json!({"sasl.password": value}))), "shop", &secrets());
        let field = "spec.authentication.config[sasl.password]";
        assert_eq!(refused.unwrap_err().to_string(), format!("{field}: {expected}"));
    }
}

#[test]
fn the_rest_api_is_encrypted_and_guarded_by_what_secrets_hold() {
    let users = json!({"type": "basic", "users": {"secretName": "rest", "key": "users"}});
    let tls = json!({"secretName": "rest", "clientAuthentication": "required"});
    let file = file(&json!({"rest": {"tls": tls, "authentication": users}})).unwrap();
    let folder = "/etc/sluice-credentials/rest";
    for (key, value) in [
        ("listeners", "https://:8083"),
        ("rest.advertised.listener", "https"),
        ("rest.advertised.port", "8083"),
        (
            "listeners.https.ssl.keystore.certificate.chain",
            &format!("${{sluice:{folder}:tls.crt}}"),
        ),
        ("listeners.https.ssl.keystore.key", &format!("${{sluice:{folder}:tls.key}}")),
        ("listeners.https.ssl.truststore.certificates", &format!("${{sluice:{folder}:ca.crt}}")),
        ("listeners.https.ssl.client.auth", "required"),
        ("sluice.rest.jaas.file", "/etc/sluice/rest-jaas.conf"),
    ] {
        assert_eq!(file.settings[key], value, "{key}");
    }
    assert_eq!(file.versions, [""; 0], "workers read it while they run");
    assert_eq!(file.renewed, ["#ca.crt", "#tls.crt", "#tls.key", "#users"]);
    let jaas = file.rest_jaas.unwrap();
    assert!(jaas.contains(&format!("file=\"{folder}/users\";")), "{jaas}");
    assert!(!file.settings.contains_key("security.protocol"), "that is for brokers");
}

#[test]
fn a_read_only_rest_api_says_so_whoever_may_use_it() {
    let users = json!({"type": "basic", "users": {"secretName": "rest", "key": "users"}});
    for mut rest in [json!({}), json!({"authentication": users})] {
        rest["authorization"] = json!({"type": "readOnly"});
        let settings = settings(&json!({"rest": rest}));
        assert_eq!(settings["sluice.rest.authorization"], "readOnly");
        assert_eq!(settings["sluice.rest.authorization.path"], "/etc/sluice-rest");
    }
    assert!(!settings(&json!({"rest": {}})).contains_key("sluice.rest.authorization"));
}

#[test]
fn what_variables_come_from_is_part_of_what_pods_start_with() {
    let env =
        json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "me", "key": "password"}}}]);
    let container = json!({"env": env, "envFrom": [{"configMapRef": {"name": "map"}}]});
    let file = file(&json!({"template": {"connectContainer": container}})).unwrap();
    assert_eq!(file.versions, ["#password", "#tls.crt", "#tls.key", "#map"]);
    assert!(file.mounts.is_empty());
}
