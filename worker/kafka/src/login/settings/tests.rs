//! Keys and options, as tables.

use super::*;

const HANDLER_CLASS: &str =
    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler";
const ALLOWED: &str = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
const ADDRESS: &str = "https://id.example/token";

fn parse(more: &[(&str, &str)], options: &[(&str, &str)]) -> Result<LoginSettings, SettingsError> {
    let owned = |rows: &[(&str, &str)]| -> BTreeMap<String, String> {
        rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let mut keys = owned(&[(HANDLER, HANDLER_CLASS), (URL, ADDRESS), (ALLOWED, ADDRESS)]);
    keys.extend(owned(more));
    LoginSettings::parse(&keys, &owned(options))
}

fn endpoint(more: &[(&str, &str)], options: &[(&str, &str)]) -> Endpoint {
    match parse(more, options).unwrap_or_else(|error| panic!("{more:?}: {error}")).source {
        Source::Endpoint(endpoint) => *endpoint,
        _ => panic!("{more:?} is no endpoint"),
    }
}

#[test]
fn who_asks_is_said_by_keys_or_options() {
    let options = [("clientId", "a"), ("clientSecret", "b c"), ("scope", "x y")];
    for (more, header, form) in [
        (&[][..], "a:b c", "grant_type=client_credentials&scope=x y"),
        (&[(CLIENT_ID, "k")], "k:b c", "grant_type=client_credentials&scope=x y"),
        (
            &[("sasl.oauthbearer.header.urlencode", "true"), (CLIENT_SECRET, " \u{e4}+/ ")],
            "a:%C3%A4%2B%2F",
            "grant_type=client_credentials&scope=x+y",
        ),
    ] {
        let endpoint = endpoint(more, &options);
        let expected = format!("Basic {}", STANDARD.encode(header));
        assert_eq!(endpoint.authorization.unwrap().reveal(), expected, "{header}");
        assert_eq!(endpoint.form, form);
        assert!(endpoint.tls.is_some_and(|it| it.check_host));
    }
    let bare = endpoint(&[], &options[..2]);
    assert_eq!(bare.form, "grant_type=client_credentials");
}

#[test]
fn equal_settings_are_one_login() {
    let options = [("clientId", "a"), ("clientSecret", "b")];
    let logins = super::super::Logins::default();
    let of = |more: &[(&str, &str)]| logins.of(parse(more, &options).unwrap());
    let (one, same, other) = (of(&[]), of(&[]), of(&[(CLIENT_SECRET, "c")]));
    assert!(std::sync::Arc::ptr_eq(&one.0, &same.0));
    assert!(!std::sync::Arc::ptr_eq(&one.0, &other.0));
}

#[test]
fn files_are_named_by_urls() {
    let retriever = format!("{PACKAGE}FileJwtRetriever");
    for (url, retriever, expected) in [
        ("file:///a/b", None, Some("/a/b")),
        ("file:/a/b", None, Some("/a/b")),
        ("file:/a/b", Some(retriever.as_str()), Some("/a/b")),
        ("file://host/a", None, None),
        (ADDRESS, Some(retriever.as_str()), None),
    ] {
        let mut more = vec![(URL, url), (ALLOWED, url)];
        more.extend(retriever.map(|it| (RETRIEVER, it)));
        let path = match parse(&more, &[]).map(|it| it.source) {
            Ok(Source::File(file)) => Some(file.path.display().to_string()),
            _ => None,
        };
        assert_eq!(path.as_deref(), expected, "{url}");
    }
}

#[test]
fn what_cannot_be_used_is_named_without_secrets() {
    let client = [("clientId", "a"), ("clientSecret", "hunter2")];
    let rows: &[(&[(&str, &str)], &str)] = &[
        (&[(HANDLER, "io.example.Own")], "sasl.login.callback.handler.class: io.example.Own"),
        (&[(URL, "")], "sasl.oauthbearer.token.endpoint.url value is required"),
        (&[(URL, "nonsense")], "is malformed: no protocol: nonsense"),
        (&[(URL, "ftp://a")], "invalid protocol (ftp)"),
        (
            &[(ALLOWED, "")],
            "The URL cannot be accessed due to restrictions. Update the system property",
        ),
        (&[(URL, "http://a b"), (ALLOWED, "http://a b")], "is malformed"),
        (&[(URL, "http://u:p@a"), (ALLOWED, "http://u:p@a")], "a user or a password"),
        (&[(RETRIEVER, "JwtBearerJwtRetriever")], "sasl.oauthbearer.jwt.retriever.class"),
        (&[(VALIDATOR, "BrokerJwtValidator")], "sasl.oauthbearer.jwt.validator.class"),
        (&[("sasl.oauthbearer.assertion.file", "/x")], "sasl.oauthbearer.assertion.file"),
        (&[("sasl.oauthbearer.jwks.endpoint.url", "/x")], "sasl.oauthbearer.jwks.endpoint.url"),
        (&[("sasl.login.refresh.window.factor", "0.4")], "sasl.login.refresh.window.factor"),
        (&[("sasl.login.refresh.window.jitter", "NaN")], "sasl.login.refresh.window.jitter"),
        (&[("sasl.login.refresh.buffer.seconds", "x")], "between 0 and 3600"),
        (&[("sasl.login.read.timeout.ms", "-1")], "sasl.login.read.timeout.ms"),
        (&[("sasl.login.retry.backoff.ms", "20000")], "retryBackoffMaxMs"),
        (&[("sasl.oauthbearer.header.urlencode", "yes")], "true or false"),
    ];
    for (more, expected) in rows {
        let error = parse(more, &client).err().unwrap_or_else(|| panic!("{more:?} was taken"));
        let told = error.to_string();
        assert!(told.contains(expected) && !told.contains("hunter2"), "{told}");
    }
    let rows: &[(&[(&str, &str)], &str)] = &[
        (&client[1..], CLIENT_ID),
        (&client[..1], CLIENT_SECRET),
        (&[client[0], client[1], ("extension_auth", "x")], "Extension name auth is invalid"),
        (&[client[0], client[1], ("ssl.truststore.location", "/x.jks")], "token endpoint"),
    ];
    for (options, expected) in rows {
        let error = parse(&[], options).err().unwrap_or_else(|| panic!("{options:?} was taken"));
        assert!(error.to_string().contains(expected), "{error}");
    }
}
