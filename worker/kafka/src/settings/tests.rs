//! Settings of clients, as tables.

use super::*;

fn parse(rows: &[(&str, &str)]) -> Result<ClientSettings, SettingsError> {
    let rows = rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    ClientSettings::parse(&rows.collect())
}

#[test]
fn unset_keys_take_connects_defaults_where_librdkafkas_differ() {
    let settings = parse(&[("bootstrap.servers", "a:1, [::1]:2")]).expect("valid");
    let producer = settings.producer(64 << 20).expect("valid");
    for (name, value) in [
        ("bootstrap.servers", "a:1,[::1]:2"),
        ("partitioner", "murmur2_random"),
        ("acks", "all"),
        ("enable.idempotence", "false"),
        ("max.in.flight.requests.per.connection", "1"),
        ("linger.ms", "0"),
        ("message.timeout.ms", "0"),
        ("queue.buffering.max.kbytes", "65536"),
        ("queue.buffering.max.messages", "131072"),
        ("security.protocol", "plaintext"),
    ] {
        assert_eq!(producer[name], value, "{name}");
    }
}

#[test]
fn javas_keys_are_translated() {
    let rows: &[(&str, &str, &str, &str)] = &[
        ("delivery.timeout.ms", "2147483647", "message.timeout.ms", "0"),
        ("delivery.timeout.ms", "1000", "message.timeout.ms", "1000"),
        ("buffer.memory", "33554432", "queue.buffering.max.kbytes", "32768"),
        ("max.request.size", "2000000", "message.max.bytes", "2000000"),
        ("acks", "1", "acks", "1"),
        ("partitioner.ignore.keys", "true", "partitioner", "random"),
        ("receive.buffer.bytes", "65536", "socket.receive.buffer.bytes", "65536"),
        ("request.timeout.ms", "900000", "socket.timeout.ms", "300000"),
        ("metadata.max.age.ms", "1000", "metadata.max.age.ms", "1000"),
    ];
    for (key, value, name, expected) in rows {
        let native = parse(&[(key, value)]).expect(key).producer(64 << 20);
        assert_eq!(native.expect(key)[name], *expected, "{key}={value}");
    }
}

#[test]
fn what_cannot_be_honoured_is_refused_by_name() {
    let tls = ("security.protocol", "SSL");
    let sasl = ("security.protocol", "SASL_SSL");
    let scram = ("sasl.mechanism", "SCRAM-SHA-512");
    let oauth = ("sasl.mechanism", "OAUTHBEARER");
    let bearer = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;";
    let user = (
        "sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required username=a password=b;",
    );
    let rows: &[(&[(&str, &str)], &str)] = &[
        (&[("bootstrap.servers", "nonsense")], "bootstrap.servers"),
        (&[("bootstrap.servers", "a:99999")], "bootstrap.servers"),
        (&[("security.protocol", "SSH")], "security.protocol"),
        (&[("interceptor.classes", "a.B")], "interceptor.classes"),
        (&[tls, ("ssl.truststore.location", "/x")], "keytool"),
        (&[tls, ("ssl.truststore.location", "/x"), ("ssl.truststore.type", "PKCS12")], "openssl"),
        (&[tls, ("ssl.keystore.type", "PEM"), ("ssl.keystore.key", "k")], "certificate.chain"),
        (&[sasl], "GSSAPI"),
        (&[sasl, ("sasl.mechanism", "OAUTHBEARER")], "must be set for OAUTHBEARER"),
        (&[sasl, oauth, ("sasl.jaas.config", bearer)], "No OAuth Bearer tokens"),
        (&[sasl, scram, ("sasl.login.callback.handler.class", "a.B"), user], "a Java class"),
        (&[sasl, scram], "sasl.jaas.config"),
        (
            &[
                sasl,
                scram,
                (
                    "sasl.jaas.config",
                    "com.sun.security.auth.module.JndiLoginModule required user.provider.url=\"ldap://x\";",
                ),
            ],
            "JndiLoginModule is not allowed",
        ),
        (
            &[
                sasl,
                scram,
                (
                    "sasl.jaas.config",
                    "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"a\";",
                ),
            ],
            "has no password",
        ),
    ];
    for (settings, part) in rows {
        let error = parse(settings).err().unwrap_or_else(|| panic!("{settings:?} were taken"));
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn keys_of_librdkafka_are_unknown() {
    for (key, value) in [
        ("plugin.library.paths", "/evil.so"),
        ("ssl.engine.location", "/evil.so"),
        ("ssl.providers", "/evil.so"),
        ("ssl.ca.location", "/var/run/secrets/kubernetes.io/serviceaccount/token"),
        ("ssl.key.location", "/etc/shadow"),
        ("enable.ssl.certificate.verification", "false"),
        ("debug", "all"),
        ("log_cb", "x"),
    ] {
        let settings = parse(&[(key, value), ("acks", "all")]).expect("valid");
        assert_eq!(settings.unknown(), [key]);
        assert!(!settings.producer(1 << 20).expect("valid").contains_key(key), "{key}");
    }
}

#[test]
fn what_runs_code_or_commands_elsewhere_runs_nothing_here() {
    let jaas = |module: &str| format!("{module} required user.provider.url=\"ldap://hush/x\";");
    for module in [
        "com.sun.security.auth.module.JndiLoginModule",
        "com.sun.security.auth.module.LdapLoginModule",
        "com.sun.security.auth.module.Krb5LoginModule",
        "org.example.MyModule",
    ] {
        let text = jaas(module);
        let settings = [
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.jaas.config", text.as_str()),
        ];
        let told = parse(&settings).err().unwrap_or_else(|| panic!("{module}")).to_string();
        assert!(told.contains("LoginModule") || told.contains("MyModule"), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }
    for key in [
        "interceptor.classes",
        "metric.reporters",
        "sasl.client.callback.handler.class",
        "sasl.login.class",
        "security.providers",
        "ssl.engine.factory.class",
        "sasl.kerberos.kinit.cmd",
    ] {
        let known = parse(&[(key, "touch /tmp/x")]);
        let native = known.as_ref().map(|it| it.producer(1 << 20).expect("valid"));
        let reaches = native.is_ok_and(|it| it.values().any(|value| value.contains("touch")));
        assert!(!reaches, "{key}");
    }
}

#[test]
fn layers_override_each_other() {
    let of = |rows: &[(&str, &str)]| -> Properties {
        rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let worker = of(&[
        ("bootstrap.servers", "w:1"),
        ("security.protocol", "SSL"),
        ("group.id", "connect"),
        ("producer.acks", "1"),
        ("producer.linger.ms", "9"),
        ("rest.port", "8083"),
    ]);
    let producer = layered(&worker, "producer.", &of(&[("acks", "0")]));
    assert_eq!(producer, of(&[("bootstrap.servers", "w:1"), ("acks", "0"), ("linger.ms", "9")]));
    // A connector cannot let itself in anywhere.
    let guarded = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
    let own = layered(&worker, "producer.", &of(&[(guarded, "http://x")]));
    assert!(!own.contains_key(guarded));
    let mut listing = worker.clone();
    listing.insert(guarded.to_owned(), "http://a".to_owned());
    listing.insert(format!("producer.{guarded}"), "http://b".to_owned());
    assert_eq!(layered(&listing, "producer.", &of(&[(guarded, "http://x")]))[guarded], "http://a");
    let admin = layered(&worker, "admin.", &Properties::new());
    assert_eq!(admin["security.protocol"], "SSL");
    assert!(!admin.contains_key("rest.port"));
}
