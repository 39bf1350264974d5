//! Options of JDBC URLs: those that mean something here, those that are refused, and those that have no meaning.

use std::time::Duration;

use sluice_plugin::config::Secret;

use super::{JdbcUrl, UrlError};
use crate::Dialect;

/// How a connection is secured, in PostgreSQL's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// If the server can, whoever it is.
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, and an authority that is trusted vouches for the server.
    VerifyCa,
    /// Always, and an authority that is trusted vouches for the server under its name.
    VerifyFull,
}

/// What becomes of MySQL's date of zeros (`zeroDateTimeBehavior`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroDates {
    /// An error that names table and column.
    Refuse,
    /// Null.
    Null,
    /// 0001-01-01.
    Round,
}

/// Options that mean something here.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the connection is secured.
    pub ssl_mode: SslMode,
    /// PEM file with the authorities to trust; the public ones without it.
    pub ssl_root_cert: Option<String>,
    /// PostgreSQL's `search_path`.
    pub current_schema: Option<String>,
    /// What the server shows of whom it serves.
    pub application_name: Option<String>,
    /// PostgreSQL's `options`, such as `-c statement_timeout=5min`.
    pub server_options: Option<String>,
    /// Whether a server that only reads is fit (`targetServerType`).
    pub writable: bool,
    /// MySQL's session variables, as `SET` takes them.
    pub session_variables: Option<String>,
    /// Time to wait for a connection.
    pub connect_timeout: Option<Duration>,
    /// What becomes of MySQL's date of zeros.
    pub zero_dates: ZeroDates,
    /// Whether MySQL's TINYINT(1) is a bit.
    pub tiny_int_is_bit: bool,
    /// Whether MySQL's YEAR is a date.
    pub year_is_date: bool,
    /// SQLite: how long a lock is waited for.
    pub busy_timeout: Option<Duration>,
    /// SQLite: pragmas to set, in the order of the URL.
    pub pragmas: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ssl_mode: SslMode::Prefer,
            ssl_root_cert: None,
            current_schema: None,
            application_name: None,
            server_options: None,
            writable: false,
            session_variables: None,
            connect_timeout: None,
            zero_dates: ZeroDates::Refuse,
            tiny_int_is_bit: true,
            year_is_date: true,
            busy_timeout: None,
            pragmas: Vec::new(),
        }
    }
}

const CODE: &str = "it loads code or files into the process";
const STORE: &str =
    "stores of keys in Java's formats cannot be read; name a PEM file with serverSslCert";
const ENCODED: &str = "the password belongs to connection.password";

/// Options that are refused whatever their value, in lower case.
const REFUSED: &[(&str, &str)] = &[
    ("socketfactory", CODE),
    ("socketfactoryarg", CODE),
    ("sslfactory", CODE),
    ("sslfactoryarg", CODE),
    ("sslpasswordcallback", CODE),
    ("sslhostnameverifier", CODE),
    ("authenticationpluginclassname", CODE),
    ("xmlfactoryfactory", CODE),
    ("loggerfile", CODE),
    ("jaasapplicationname", CODE),
    ("jaaslogin", CODE),
    ("gsslib", CODE),
    ("localsocketaddress", "the address of the worker is not for connectors to choose"),
    ("autodeserialize", CODE),
    ("queryinterceptors", CODE),
    ("statementinterceptors", CODE),
    ("exceptioninterceptors", CODE),
    ("connectionlifecycleinterceptors", CODE),
    ("propertiestransform", CODE),
    ("clientinfoprovider", CODE),
    ("authenticationplugins", CODE),
    ("defaultauthenticationplugin", CODE),
    ("disabledauthenticationplugins", CODE),
    ("logger", CODE),
    ("profilereventhandler", CODE),
    ("useconfigs", CODE),
    ("haloadbalancestrategy", CODE),
    ("loadbalancestrategy", CODE),
    ("serverconfigcachefactory", CODE),
    ("parseinfocachefactory", CODE),
    ("allowloadlocalinfile", CODE),
    ("allowloadlocalinfileinpath", CODE),
    ("allowurlinlocalinfile", CODE),
    ("allowlocalinfile", CODE),
    ("credentialtype", CODE),
    ("serverrsapublickeyfile", CODE),
    ("pooldatasource", CODE),
    ("enable_load_extension", CODE),
    ("date_class", "dates of SQLite are read by the type that the column declares"),
    ("truststore", STORE),
    ("keystore", STORE),
    ("trustcertificatekeystoreurl", STORE),
    ("clientcertificatekeystoreurl", STORE),
    ("sslcert", "certificates of clients are not supported; use a user and a password"),
    ("sslkey", "certificates of clients are not supported; use a user and a password"),
    ("sslpassword", ENCODED),
    ("passwordcharacterencoding", ENCODED),
];

const BOOLEAN: &str = "true, false";
const POSTGRES_SSL: &str = "disable, allow, prefer, require, verify-ca, verify-full";
const MYSQL_SSL: &str = "disable, disabled, preferred, required, trust, verify_ca, verify-ca, verify_identity, verify-full";

/// Takes one option.
pub(super) fn apply(url: &mut JdbcUrl, name: &str, value: String) -> Result<(), UrlError> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, reason)) = REFUSED.iter().find(|it| it.0 == lower) {
        return Err(UrlError::Refused { name: name.to_owned(), reason });
    }
    let is_known = match (url.dialect, &*lower) {
        (_, "user") if url.dialect != Dialect::Sqlite => {
            url.user = Some(value);
            true
        }
        (_, "password") if url.dialect != Dialect::Sqlite => {
            url.password = Some(Secret::new(value));
            true
        }
        (Dialect::Postgres, _) => postgres(&mut url.options, name, &lower, value)?,
        (Dialect::MySql, _) => mysql(&mut url.options, name, &lower, value)?,
        (Dialect::Sqlite, _) => sqlite(&mut url.options, name, &lower, value)?,
    };
    if !is_known {
        url.ignored.push(name.to_owned());
    }
    Ok(())
}

fn postgres(
    options: &mut Options,
    name: &str,
    lower: &str,
    value: String,
) -> Result<bool, UrlError> {
    match lower {
        "sslmode" => {
            options.ssl_mode = match &*value.to_ascii_lowercase() {
                "disable" => SslMode::Disable,
                "allow" | "prefer" => SslMode::Prefer,
                "require" => SslMode::Require,
                "verify-ca" => SslMode::VerifyCa,
                "verify-full" => SslMode::VerifyFull,
                _ => return Err(unknown(name, POSTGRES_SSL)),
            }
        }
        "ssl" if boolean(name, &value)? => options.ssl_mode = SslMode::VerifyFull,
        "ssl" => options.ssl_mode = SslMode::Disable,
        "sslrootcert" => options.ssl_root_cert = Some(value),
        "currentschema" => options.current_schema = Some(value),
        "applicationname" => options.application_name = Some(value),
        "options" => options.server_options = Some(value),
        "connecttimeout" | "logintimeout" => options.connect_timeout = seconds(name, &value)?,
        "targetservertype" => {
            options.writable = match &*value.to_ascii_lowercase() {
                "any" => false,
                "primary" | "master" => true,
                _ => return Err(unknown(name, "any, primary")),
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn mysql(options: &mut Options, name: &str, lower: &str, value: String) -> Result<bool, UrlError> {
    match lower {
        "sslmode" => {
            options.ssl_mode = match &*value.to_ascii_lowercase() {
                "disable" | "disabled" => SslMode::Disable,
                "preferred" => SslMode::Prefer,
                "required" | "trust" => SslMode::Require,
                "verify_ca" | "verify-ca" => SslMode::VerifyCa,
                "verify_identity" | "verify-full" => SslMode::VerifyFull,
                _ => return Err(unknown(name, MYSQL_SSL)),
            }
        }
        "usessl" | "requiressl" => {
            let wanted = boolean(name, &value)?;
            let is_verified = matches!(options.ssl_mode, SslMode::VerifyCa | SslMode::VerifyFull);
            options.ssl_mode = match (wanted, is_verified) {
                (true, true) => options.ssl_mode,
                (true, false) => SslMode::Require,
                (false, _) => SslMode::Disable,
            };
        }
        "verifyservercertificate" if boolean(name, &value)? => options.ssl_mode = SslMode::VerifyCa,
        "trustservercertificate" if boolean(name, &value)? => options.ssl_mode = SslMode::Require,
        "verifyservercertificate" | "trustservercertificate" => {}
        "serversslcert" => options.ssl_root_cert = Some(value),
        "sessionvariables" => {
            if value.to_ascii_lowercase().contains("time_zone") {
                return Err(UrlError::Refused {
                    name: name.to_owned(),
                    reason: "sessions are in UTC, so that TIMESTAMP columns are exact; db.timezone says the zone of DATETIME \
                             columns",
                });
            }
            options.session_variables = Some(value);
        }
        "connecttimeout" => options.connect_timeout = milliseconds(name, &value)?,
        "zerodatetimebehavior" => {
            options.zero_dates = match &*value.to_ascii_lowercase() {
                "exception" => ZeroDates::Refuse,
                "converttonull" | "convert_to_null" => ZeroDates::Null,
                "round" => ZeroDates::Round,
                _ => return Err(unknown(name, "exception, convertToNull, round")),
            }
        }
        "tinyint1isbit" => options.tiny_int_is_bit = boolean(name, &value)?,
        "yearisdatetype" => options.year_is_date = boolean(name, &value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Pragmas that only say how this connection works.
const PRAGMAS: &[&str] = &[
    "cache_size",
    "case_sensitive_like",
    "foreign_keys",
    "journal_mode",
    "recursive_triggers",
    "synchronous",
    "temp_store",
];

fn sqlite(options: &mut Options, name: &str, lower: &str, value: String) -> Result<bool, UrlError> {
    match lower {
        "busy_timeout" => options.busy_timeout = milliseconds(name, &value)?,
        pragma if PRAGMAS.contains(&pragma) => {
            let is_word = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
            if value.is_empty() || !value.chars().all(is_word) {
                return Err(unknown(name, "words and numbers that SQLite documents for it"));
            }
            options.pragmas.push((pragma.to_owned(), value));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn unknown(name: &str, known: &'static str) -> UrlError {
    UrlError::Value { name: name.to_owned(), known }
}

fn boolean(name: &str, value: &str) -> Result<bool, UrlError> {
    match &*value.to_ascii_lowercase() {
        "" | "true" | "yes" => Ok(true),
        "false" | "no" => Ok(false),
        _ => Err(unknown(name, BOOLEAN)),
    }
}

/// A time; zero stands for none.
fn seconds(name: &str, value: &str) -> Result<Option<Duration>, UrlError> {
    let number: u32 = value.parse().map_err(|_| unknown(name, "whole seconds"))?;
    Ok((number > 0).then(|| Duration::from_secs(number.into())))
}

fn milliseconds(name: &str, value: &str) -> Result<Option<Duration>, UrlError> {
    let number: u32 = value.parse().map_err(|_| unknown(name, "whole milliseconds"))?;
    Ok((number > 0).then(|| Duration::from_millis(number.into())))
}
