//! What URLs are read as.

use super::*;

fn told(text: &str) -> String {
    JdbcUrl::parse(text).map_or_else(|error| error.to_string(), |url| url.to_string())
}

#[test]
fn addresses_are_read_as_the_drivers_document_them() {
    for (text, expected) in [
        ("jdbc:postgresql://db/shop", "PostgreSQL at db:5432/shop"),
        ("jdbc:postgresql://a:1,b:2/shop", "PostgreSQL at a:1,b:2/shop"),
        ("jdbc:postgresql://[::1]:5433/shop", "PostgreSQL at ::1:5433/shop"),
        ("jdbc:postgresql:shop", "PostgreSQL at localhost:5432/shop"),
        ("jdbc:postgresql:/", "PostgreSQL at localhost:5432/"),
        ("jdbc:postgresql://db", "PostgreSQL at db:5432/"),
        ("jdbc:postgresql://db/a%20b?user=u&password=p%40w", "PostgreSQL at db:5432/a b"),
        ("jdbc:mysql://u:p@db:3307/shop?useSSL=false", "MySQL at db:3307/shop"),
        ("jdbc:mariadb://db/shop", "MySQL at db:3306/shop"),
        ("jdbc:sqlite:/data/shop.db", "SQLite file /data/shop.db"),
        ("jdbc:sqlite:file:/data/shop.db?cache_size=10", "SQLite file /data/shop.db"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_told_without_what_is_secret() {
    for (text, expected) in [
        ("jdbc:oracle:thin:scott/tiger@db", "and not with jdbc:oracle:"),
        ("postgresql://u:tiger@db/x", "must begin with jdbc:postgresql:"),
        ("jdbc:postgresql://u:tiger@db:port/x", "the port of host db"),
        ("jdbc:postgresql://u:tiger@db:0/x", "the port of host db"),
        ("jdbc:postgresql://u:tiger%ff@db/x", "the password of the URL"),
        ("jdbc:mysql:loadbalance://u:tiger@a,b/x", "list the hosts behind //"),
        ("jdbc:mysql://address=(host=a)(port=1)/x", "addresses in brackets"),
        ("jdbc:sqlite::memory:", "belongs to one connection"),
        ("jdbc:sqlite::resource:http://tiger/x.db", "is refused"),
        ("jdbc:postgresql://db/x?sslmode=tiger", "option sslmode"),
        (
            "jdbc:postgresql://db/x?socketFactory=tiger",
            "option socketFactory of the URL is refused",
        ),
        ("jdbc:postgresql://db/x?loggerFile=/tmp/tiger", "option loggerFile of the URL is refused"),
        (
            "jdbc:mysql://db/x?allowLoadLocalInfile=true",
            "option allowLoadLocalInfile of the URL is refused",
        ),
        ("jdbc:mysql://db/x?AUTODESERIALIZE=true", "option AUTODESERIALIZE of the URL is refused"),
        (
            "jdbc:mysql://db/x?queryInterceptors=tiger",
            "option queryInterceptors of the URL is refused",
        ),
        ("jdbc:mysql://db/x?trustCertificateKeyStoreUrl=http://tiger", "serverSslCert"),
        ("jdbc:mysql://db/x?sessionVariables=time_zone='tiger'", "db.timezone"),
        ("jdbc:sqlite:/a.db?enable_load_extension=true", "is refused"),
        ("jdbc:sqlite:/a.db?journal_mode=x;tiger", "option journal_mode"),
    ] {
        let told = told(text);
        assert!(told.contains(expected) && !told.contains("tiger"), "{text}: {told}");
    }
}

#[test]
fn options_mean_what_the_drivers_document() {
    let url = JdbcUrl::parse(
        "jdbc:postgresql://db/x?currentSchema=a,b&sslmode=verify-ca&sslrootcert=/ca.pem&connectTimeout=5&prepareThreshold=0",
    )
    .expect("a URL");
    let options = &url.options;
    assert_eq!(options.current_schema.as_deref(), Some("a,b"));
    assert_eq!(
        (options.ssl_mode, options.ssl_root_cert.as_deref()),
        (SslMode::VerifyCa, Some("/ca.pem"))
    );
    assert_eq!(options.connect_timeout, Some(std::time::Duration::from_secs(5)));
    assert_eq!(url.ignored, ["prepareThreshold"]);

    let url = JdbcUrl::parse(
        "jdbc:mysql://db/x?sslMode=REQUIRED&serverTimezone=UTC&zeroDateTimeBehavior=CONVERT_TO_NULL&tinyInt1isBit=false&\
         sessionVariables=sql_mode='ANSI'&user=u&password=p",
    )
    .expect("a URL");
    let options = &url.options;
    assert_eq!(
        (options.ssl_mode, options.zero_dates, options.tiny_int_is_bit),
        (SslMode::Require, ZeroDates::Null, false)
    );
    assert_eq!(options.session_variables.as_deref(), Some("sql_mode='ANSI'"));
    assert_eq!(url.ignored, ["serverTimezone"]);
    assert_eq!(url.user.as_deref(), Some("u"));
    assert!(!format!("{url:?}").contains("\"p\""));
}
