//! Tables of specs and the settings that come out of them.

use serde_json::{Value, json};

use super::*;

fn spec(change: &Value) -> KafkaConnectSpec {
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
        version: "u/1".into(),
    };
    [("ca", view(&["a.crt", "b.crt", "c.key"])), ("me", view(&["tls.crt", "tls.key", "password"]))]
        .map(|(name, view)| (name.to_owned(), view))
        .into()
}

fn settings(change: &Value) -> BTreeMap<String, String> {
    of(&spec(change), &secrets()).unwrap().settings
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
fn defaults_can_be_changed_and_decided_keys_cannot() {
    assert_eq!(settings(&json!({"config": {"key.converter": "X"}}))["key.converter"], "X");
    assert_eq!(
        settings(&json!({"config": {"ssl.protocol": "TLSv1.3"}}))["ssl.protocol"],
        "TLSv1.3"
    );
    for key in ["group.id", "ssl.keystore.key", "rest.port", "listeners", "plugin.path"] {
        let error = of(&spec(&json!({"config": {key: "x"}})), &secrets()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("spec.config[{key}]: ")), "{error}");
    }
}

#[test]
fn every_client_gets_the_security_settings_and_no_value_of_a_secret() {
    let file = of(
        &spec(&json!({
            "tls": {"trustedCertificates": [{"secretName": "ca", "pattern": "*.crt"}]},
            "authentication": {
                "type": "scram-sha-512",
                "username": "a\"b",
                "passwordSecret": {"secretName": "me", "password": "password"},
            },
        })),
        &secrets(),
    )
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
    assert_eq!(file.versions, ["u/1", "u/1"]);
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
        assert_eq!(of(&spec(&change), &secrets()).unwrap_err().to_string(), expected);
    }
}

#[test]
fn patterns_are_stars_and_question_marks() {
    for (pattern, key, expected) in [
        ("*.crt", "a.crt", true),
        ("*.crt", "a.crt.old", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*", "", true),
        ("ä*", "äö", true),
    ] {
        assert_eq!(fits(pattern, key), expected, "{pattern} {key}");
    }
}
