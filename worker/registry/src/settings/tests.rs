//! What settings make of a client, and which are refused.

use hyper::header::AUTHORIZATION;

use super::*;

fn read(entries: &[(&str, &str)]) -> Result<RegistrySettings> {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    RegistrySettings::read(&entries.iter().map(pair).collect(), ConverterRole::Value)
}

const URL: (&str, &str) = ("schema.registry.url", "http://a:8081/, https://u:p%40s@b/apis/v7/");

#[test]
fn users_come_from_urls_or_from_their_own_key() {
    let settings = read(&[URL]).unwrap();
    let Address::Server { base, user } = &settings.connection.addresses[1] else { panic!() };
    assert_eq!(base, "https://b/apis/v7");
    let header = user.as_ref().and_then(connection::UserInfo::header).unwrap();
    assert_eq!(header.to_str().unwrap(), "Basic dTpwQHM=");
    assert!(!format!("{:?}", settings.connection.addresses).contains("p@s"));
    assert!(settings.connection.headers.is_empty());

    let info =
        [("basic.auth.credentials.source", "user_info"), ("basic.auth.user.info", "me:secret")];
    let settings = read(&[URL, info[0], info[1]]).unwrap();
    assert_eq!(settings.connection.headers[AUTHORIZATION], "Basic bWU6c2VjcmV0");
    assert!(matches!(&settings.connection.addresses[1], Address::Server { user: None, .. }));
    assert!(!format!("{:?}", settings.connection.headers).contains("bWU6"));

    let token = [("bearer.auth.credentials.source", "STATIC_TOKEN"), ("bearer.auth.token", "abc")];
    let settings = read(&[URL, token[0], token[1], ("request.header.X-A", "1")]).unwrap();
    assert_eq!(settings.connection.headers[AUTHORIZATION], "Bearer abc");
    assert_eq!(settings.connection.headers["x-a"], "1");
}

#[test]
fn what_cannot_be_used_is_told_without_secrets() {
    let all = |entries: &[(&str, &str)]| read(entries).err().map(|it| it.to_string());
    for (entries, expected) in [
        (&[][..], "schema.registry.url"),
        (&[("schema.registry.url", " , ")], "names no URL"),
        (&[("schema.registry.url", "u:secret@host")], "begins with http://"),
        (&[("schema.registry.url", "ftp://u:secret@host")], "begins with http://"),
        (&[("schema.registry.url", "http://u:secret@")], "names no host"),
        (&[("schema.registry.url", "http://h?a=secret")], "has no query"),
        (&[("schema.registry.url", "mock://a,http://b")], "beside others"),
        (&[URL, ("basic.auth.credentials.source", "SASL_INHERIT")], "USER_INFO"),
        (&[URL, ("basic.auth.credentials.source", "USER_INFO")], "basic.auth.user.info"),
        (&[URL, ("bearer.auth.credentials.source", "OAUTHBEARER")], "STATIC_TOKEN"),
        (&[URL, ("value.subject.name.strategy", "com.example.Mine")], "TopicNameStrategy"),
        (&[URL, ("use.latest.with.metadata", "a=b")], "use.schema.id"),
        (&[URL, ("max.schemas.per.subject", "0")], "max.schemas.per.subject"),
    ] {
        let error = all(entries).unwrap_or_else(|| panic!("{entries:?} is taken"));
        assert!(error.contains(expected) && !error.contains("secret"), "{entries:?}: {error}");
    }
}

#[test]
fn the_first_of_the_ways_counts() {
    let off = ("auto.register.schemas", "false");
    for (entries, expected) in [
        (&[URL][..], Way::Register),
        (&[URL, ("use.latest.version", "true")], Way::Register),
        (&[URL, off], Way::Find),
        (&[URL, off, ("use.latest.version", "true")], Way::UseLatest),
        (&[URL, off, ("use.latest.version", "true"), ("use.schema.id", "7")], Way::Use(7)),
    ] {
        assert_eq!(read(entries).unwrap().way(), expected);
    }
}
