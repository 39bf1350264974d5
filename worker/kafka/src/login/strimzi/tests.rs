//! Options of Strimzi's handler, as tables.

use super::*;

const URL: &str = "http://id/token";
const ID: (&str, &str) = ("oauth.client.id", "a b");
const AT: (&str, &str) = (ENDPOINT, URL);

fn read(options: &[(&str, &str)]) -> Result<(Source, Reading), SettingsError> {
    let owned = |rows: &[(&str, &str)]| -> BTreeMap<String, String> {
        rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let allowed = owned(&[
        ("org.apache.kafka.sasl.oauthbearer.allowed.urls", URL),
        ("org.apache.kafka.sasl.oauthbearer.allowed.files", "/mnt/token"),
    ]);
    let retry = Retry { first: Duration::ZERO, most: Duration::ZERO };
    parse(&allowed, &owned(options), retry)
}

#[test]
fn grants_are_forms() {
    let secret = ("oauth.client.secret", "s");
    for (options, form, proof, is_basic) in [
        (&[secret][..], "grant_type=client_credentials", None, true),
        (
            &[secret, ("oauth.scope", "x y"), ("oauth.audience", "k&")],
            "grant_type=client_credentials&scope=x+y&audience=k%26",
            None,
            true,
        ),
        (
            &[("oauth.refresh.token", "r")],
            "grant_type=refresh_token&client_id=a+b",
            Some("refresh_token"),
            false,
        ),
        (
            &[secret, ("oauth.refresh.token.location", "/mnt/token")],
            "grant_type=refresh_token&client_id=a+b",
            Some("refresh_token"),
            true,
        ),
        (
            &[("oauth.password.grant.username", "u"), ("oauth.password.grant.password", "p")],
            "grant_type=password&username=u",
            Some("password"),
            true,
        ),
        (
            &[("oauth.client.assertion", "j"), ("oauth.client.assertion.type", "t:t")],
            "grant_type=client_credentials&client_id=a+b&client_assertion_type=t%3At",
            Some("client_assertion"),
            false,
        ),
    ] {
        let options = [&[ID, AT], options].concat();
        let Ok((Source::Endpoint(endpoint), _)) = read(&options) else { panic!("{options:?}") };
        assert_eq!(endpoint.form, form);
        assert_eq!(endpoint.proof.map(|it| it.0), proof, "{form}");
        assert_eq!(endpoint.authorization.is_some(), is_basic, "{form}");
        assert_eq!(
            (endpoint.connect, endpoint.read),
            (Duration::from_mins(1), Duration::from_mins(1))
        );
    }
}

#[test]
fn a_token_may_be_given() {
    let token = ("oauth.access.token", "opaque");
    let Ok((Source::Given(text), Reading::Lenient(opaque))) =
        read(&[token, ("oauth.access.token.is.jwt", "false"), ("oauth.username.claim", "who")])
    else {
        panic!("it is given");
    };
    assert_eq!(text.load().unwrap().reveal(), "opaque");
    assert_eq!((opaque.is_jwt, opaque.subject.as_str(), opaque.most), (false, "who", None));
    let file = read(&[token, ("oauth.access.token.location", "/mnt/token")]).unwrap().0;
    assert!(matches!(file, Source::Given(SecretText::File(_))));
}

#[test]
fn what_cannot_be_used_is_named() {
    for (options, expected) in [
        (&[][..], "should then be set"),
        (&[AT], "oauth.client.id"),
        (&[AT, ID], "No access token or location"),
        (&[(ENDPOINT, "http://other/"), ID], "allowed.urls"),
        (&[("oauth.access.token.location", "/etc/shadow")], "allowed.files"),
        (&[AT, ID, ("oauth.password.grant.username", "u")], "no password specified"),
        (&[AT, ID, ("oauth.max.token.expiry.seconds", "5")], "should be at least 60"),
        (&[AT, ID, ("oauth.access.token.is.jwt", "maybe")], "Bad boolean value"),
        (
            &[AT, ID, ("oauth.client.secret", "s"), ("oauth.read.timeout.seconds", "x")],
            "is not a number",
        ),
    ] {
        let error = read(options).err().unwrap_or_else(|| panic!("{options:?} were taken"));
        assert!(error.to_string().contains(expected), "{error}");
    }
}
