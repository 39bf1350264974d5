//! Providers over real files.

use std::fs;

use super::*;

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn providers(
    worker: &[(&str, &str)],
    environment: &[(&str, &str)],
) -> Result<Providers, ProviderError> {
    let environment = properties(environment);
    Configured { worker: &properties(worker), environment: &environment, hidden: Hidden::default() }
        .providers()
}

fn resolve(providers: &Providers, text: &str) -> Result<String, String> {
    let settings = properties(&[("k", text)]);
    providers
        .resolve(&settings)
        .map(|it| it.settings["k"].clone())
        .map_err(|error| error.to_string())
}

const FILE: &str = "org.apache.kafka.common.config.provider.FileConfigProvider";
const DIRECTORY: &str = "org.apache.kafka.common.config.provider.DirectoryConfigProvider";
const ENVIRONMENT: &str = "org.apache.kafka.common.config.provider.EnvVarConfigProvider";

#[test]
fn values_come_from_files_folders_and_variables() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    fs::write(folder.path().join("p.properties"), "user=ål\\u0069ce\nempty=\n").unwrap();
    fs::write(folder.path().join("password"), "hush\n").unwrap();
    fs::write(folder.path().join("odd"), r#"a"\"#).unwrap();
    let worker = [
        ("config.providers", "f, d,q,e"),
        ("config.providers.f.class", FILE),
        ("config.providers.f.param.allowed.paths", &at),
        ("config.providers.d.class", DIRECTORY),
        ("config.providers.q.class", "dev.sluice.config.provider.QuotedDirectoryConfigProvider"),
        ("config.providers.e.class", ENVIRONMENT),
        ("config.providers.e.param.allowlist.pattern", "APP_.*"),
    ];
    let environment = [("APP_TOKEN", "t0ken"), ("HOME", "/root")];
    let providers = providers(&worker, &environment).unwrap();
    for (text, expected) in [
        (format!("${{f:{at}/p.properties:user}}!"), Ok("ålice!".to_owned())),
        (format!("<${{f:{at}/p.properties:empty}}>"), Ok("<>".to_owned())),
        (format!("${{f:{at}/p.properties:none}}"), Ok(format!("${{f:{at}/p.properties:none}}"))),
        (
            format!("${{f:{at}/none:user}}"),
            Err(format!("Could not read properties from file {at}/none")),
        ),
        ("${f:/etc/hostname:a}".to_owned(), Ok("${f:/etc/hostname:a}".to_owned())),
        ("${f:key}".to_owned(), Ok("${f:key}".to_owned())),
        (format!("${{d:{at}:password}}"), Ok("hush\n".to_owned())),
        (format!("${{d:{at}:../password}}"), Ok(format!("${{d:{at}:../password}}"))),
        (format!("${{d:{at}/none:a}}"), Ok(format!("${{d:{at}/none:a}}"))),
        (format!("${{q:{at}:odd}}"), Ok(r#"a\"\\"#.to_owned())),
        (format!("${{q:{at}:password}}"), Ok(r"hush\n".to_owned())),
        ("${e:APP_TOKEN}${e:HOME}".to_owned(), Ok("t0ken${e:HOME}".to_owned())),
        (
            "${e:/p:APP_TOKEN}".to_owned(),
            Err("Path is not supported for EnvVarConfigProvider, invalid value '/p'".to_owned()),
        ),
        ("${other:a}".to_owned(), Ok("${other:a}".to_owned())),
    ] {
        assert_eq!(resolve(&providers, &text), expected, "{text}");
    }
    assert_eq!(providers.hidden().mask("t0ken, hush"), "[hidden], [hidden]");
}

#[test]
fn what_cannot_be_configured_is_told() {
    let allowed = ("KAFKA_OPTS", "-Xmx1g -Dorg.apache.kafka.automatic.config.providers=a.B, -Dx=y");
    for (worker, environment, expected) in [
        (
            vec![("config.providers", "v"), ("config.providers.v.class", "x.Vault")],
            vec![],
            "config provider v has the class x.Vault",
        ),
        (
            vec![
                ("config.providers", "f"),
                ("config.providers.f.class", FILE),
                ("config.providers.f.param.allowed.paths", "a"),
            ],
            vec![],
            "Path a is not absolute",
        ),
        (
            vec![
                ("config.providers", "e"),
                ("config.providers.e.class", ENVIRONMENT),
                ("config.providers.e.param.allowlist.pattern", "("),
            ],
            vec![],
            "allowlist.pattern ( is no pattern",
        ),
        (
            vec![("config.providers", "f"), ("config.providers.f.class", FILE)],
            vec![allowed],
            "org.apache.kafka.common.config.provider.FileConfigProvider is not allowed. Update System property \
             'org.apache.kafka.automatic.config.providers' to allow",
        ),
        (
            vec![
                ("config.providers", "secrets"),
                ("config.providers.secrets.class", FILE),
                ("sluice.secrets.path", "/s"),
            ],
            vec![],
            "sluice.secrets.path is set",
        ),
    ] {
        let error = providers(&worker, &environment).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn secrets_are_files_of_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("db_password"), "first").unwrap();
    let at = folder.path().display().to_string();
    let providers = providers(&[("sluice.secrets.path", &at)], &[]).unwrap();
    assert_eq!(resolve(&providers, "u:${secrets:db:password}"), Ok("u:first".to_owned()));
    fs::write(folder.path().join("db_password"), "second").unwrap();
    assert_eq!(resolve(&providers, "${secrets:db:password}"), Ok("second".to_owned()));
    for (text, expected) in [
        (
            "${secrets:db:user}",
            "the key user of the secret db is not in the folder of sluice.secrets.path",
        ),
        ("${secrets:password}", "${secrets::password} names no secret: write ${secrets:NAME:KEY}"),
        ("${secrets:..:/etc}", "${secrets:..:/etc} names no secret: write ${secrets:NAME:KEY}"),
        ("${secrets:d_b:a}", "${secrets:d_b:a} names no secret: write ${secrets:NAME:KEY}"),
    ] {
        assert_eq!(resolve(&providers, text), Err(expected.to_owned()));
    }
}

/// Gives every key the same value, which holds for as many seconds as the path says.
struct Leased;

impl Provider for Leased {
    fn find(&self, path: &str, keys: &BTreeSet<String>) -> Result<Found, ProviderError> {
        let values = keys.iter().map(|key| (key.clone(), "leased".to_owned())).collect();
        Ok(Found { values, ttl: path.parse().ok().map(Duration::from_secs) })
    }
}

#[test]
fn the_shortest_lease_counts() {
    let providers = Providers::default().with("l", Leased);
    for (text, expected) in [
        ("${l:60:a}${l:5:b}${l:c}", Some(Duration::from_secs(5))),
        ("${l:c}", None),
        ("plain", None),
    ] {
        let resolved = providers.resolve(&properties(&[("k", text)])).unwrap();
        assert_eq!(resolved.ttl, expected, "{text}");
    }
}
