//! Whole validations, against the plugins of this build.

use super::*;

fn plugins(worker: &[(&str, &str)]) -> CatalogPlugins {
    let worker: Properties = [("group.id", "workers"), ("value.converter", "JsonConverter")]
        .iter()
        .chain(worker)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let environment = [
        ("TOPICS", "hush,hush"),
        ("TASKS", "7x"),
        ("CLASS", "FileStreamSink"),
        ("NO", "secret.Class"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let configured = sluice_providers::Configured {
        worker: &worker,
        environment: &environment,
        hidden: sluice_providers::Hidden::default(),
    };
    let providers = Arc::new(configured.providers().unwrap());
    CatalogPlugins::new(Arc::new(sluice_catalog::builtin()), worker, providers).unwrap()
}

fn validate(
    plugins: &CatalogPlugins,
    pairs: &[(&str, Option<&str>)],
) -> Result<ConfigInfos, Error> {
    let config =
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect();
    plugins.validate(&SettingsPatch(config))
}

/// All errors, each with its key.
fn errors(infos: &ConfigInfos) -> Vec<String> {
    let of = |it: &sluice_rest_model::ConfigInfo| {
        let name = it.value.name.clone();
        it.value.errors.iter().map(move |error| format!("{name}: {error}")).collect::<Vec<_>>()
    };
    infos.configs.iter().flat_map(of).collect()
}

const SINK: [(&str, Option<&str>); 4] = [
    ("name", Some("a")),
    ("connector.class", Some("FileStreamSink")),
    ("file", Some("/f")),
    ("topics", Some("t")),
];

// A flat table.
#[allow(clippy::too_many_lines)]
#[test]
fn errors_of_all_parts_are_told() {
    let plugins = plugins(&[("connector.client.config.override.policy", "Principal")]);
    for (more, expected) in [
        (vec![], vec![]),
        (
            vec![("tasks.max", Some("0"))],
            vec![
                "tasks.max: Invalid value 0 for configuration tasks.max: Value must be at least 1",
            ],
        ),
        (
            vec![("value.converter", Some("nonsense"))],
            vec![
                "value.converter: Invalid value nonsense for configuration value.converter: Class nonsense could not be found.",
            ],
        ),
        (
            vec![("value.converter", Some("FileStreamSink"))],
            vec![
                "value.converter: Class class org.apache.kafka.connect.file.FileStreamSinkConnector does not implement the \
                 Converter interface",
            ],
        ),
        (
            vec![
                ("value.converter", Some("JsonConverter")),
                ("value.converter.schemas.enable", Some("x")),
            ],
            vec![
                "value.converter.schemas.enable: Invalid value x for configuration schemas.enable: Expected value to be either \
                 true or false",
            ],
        ),
        (
            vec![("other", None)],
            vec!["other: Null value can not be supplied as the configuration value."],
        ),
        // The connector's own keys may be null, and Java says nothing.
        (vec![("file", None)], vec![]),
        (
            vec![("transforms", Some("a"))],
            vec![
                "transforms.a.type: Missing required configuration \"transforms.a.type\" which has no default value.",
            ],
        ),
        (
            vec![("consumer.override.client.id", Some("a"))],
            vec![
                "consumer.override.client.id: The 'Principal' policy does not allow 'client.id' to be overridden in the \
                 connector configuration.",
            ],
        ),
        (
            vec![
                ("consumer.override.group.id", Some("workers")),
                ("consumer.override.sasl.mechanism", Some("PLAIN")),
            ],
            vec![
                "consumer.override.group.id: Consumer group workers conflicts with Connect worker group workers",
                "consumer.override.group.id: The 'Principal' policy does not allow 'group.id' to be overridden in the \
                 connector configuration.",
            ],
        ),
    ] {
        let infos = validate(&plugins, &[&SINK[..], &more].concat()).unwrap();
        assert_eq!(errors(&infos), expected, "{more:?}");
        assert_eq!(infos.error_count, expected.len(), "{more:?}");
    }
}

#[test]
fn parts_stand_in_javas_order() {
    let more = [
        ("value.converter", Some("JsonConverter")),
        ("key.converter", Some("StringConverter")),
        ("consumer.override.max.poll.records", Some("5")),
        ("consumer.override.own", Some("1")),
        ("unknown", None),
    ];
    let infos = validate(&plugins(&[]), &[&SINK[..], &more].concat()).unwrap();
    let names: Vec<&str> = infos.configs.iter().map(|it| it.value.name.as_str()).collect();
    assert_eq!(names[..2], ["unknown", "name"]);
    assert_eq!(
        names[names.len() - 11..],
        [
            "file",
            "consumer.override.max.poll.records",
            "consumer.override.own",
            "key.converter.converter.type",
            "key.converter.converter.encoding",
            "value.converter.decimal.format",
            "value.converter.converter.type",
            "value.converter.schemas.cache.size",
            "value.converter.replace.null.with.default",
            "value.converter.schemas.enable",
            "value.converter.schema.content",
        ]
    );
    assert_eq!(
        infos.groups,
        ["Common", "Transforms", "Predicates", "Error Handling", "Serialization", "Schemas"]
    );
}

#[test]
fn the_worker_gives_converters_their_defaults() {
    let infos = validate(&plugins(&[]), &SINK).unwrap();
    let of = |name: &str| infos.configs.iter().find(|it| it.value.name == name).unwrap();
    let value = of("value.converter");
    let json = "org.apache.kafka.connect.json.JsonConverter";
    assert_eq!(value.value.value.as_deref(), Some(json));
    assert!(value.value.recommended_values.iter().any(|it| it == json));
    let definition = value.definition.as_ref().unwrap();
    assert_eq!(definition.default_value.as_deref(), Some(json));
    assert_eq!(definition.width, "SHORT");
    assert!(of("value.converter.plugin.version").value.visible);
    assert!(!of("key.converter.plugin.version").value.visible);
}

#[test]
fn a_class_that_is_not_there_is_told_with_those_that_are() {
    for (class, version, expected) in [
        ("x.Y", None, "Failed to find any class"),
        ("FileStreamSink", Some("[1"), "Unbounded range: [1"),
    ] {
        let pairs = [("connector.class", Some(class)), ("connector.plugin.version", version)];
        let given: Vec<_> = pairs.into_iter().filter(|it| it.1.is_some()).collect();
        let error = validate(&plugins(&[]), &given).unwrap_err();
        assert!(matches!(&error, Error::BadRequest(text) if text.starts_with(expected)), "{error}");
    }
}

#[test]
fn a_version_that_is_not_there_is_told_at_class_and_version() {
    let infos = validate(
        &plugins(&[]),
        &[&SINK[..], &[("connector.plugin.version", Some("0.0.1"))]].concat(),
    )
    .unwrap();
    let told = errors(&infos);
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with(
            "connector.class: Plugin org.apache.kafka.connect.file.FileStreamSinkConnector not found that matches the \
             version range [0.0.1,0.0.1], available versions: ["
        ),
        "{}",
        told[0]
    );
    assert!(told[1].starts_with("connector.plugin.version: Plugin "));
}

#[test]
fn values_of_providers_are_checked_and_do_not_show() {
    let plugins = plugins(&[
        ("config.providers", "env"),
        (
            "config.providers.env.class",
            "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
        ),
    ]);
    let pairs = [
        ("name", Some("a")),
        ("connector.class", Some("${env:CLASS}")),
        ("topics", Some("${env:TOPICS}")),
        ("tasks.max", Some("${env:TASKS}")),
        ("errors.tolerance", Some("<${env:TOPICS}>")),
        ("file", Some("${env:NONE}")),
    ];
    let infos = validate(&plugins, &pairs).unwrap();
    assert_eq!(infos.name, "${env:CLASS}");
    assert_eq!(
        errors(&infos),
        [
            "tasks.max: Invalid value ${env:TASKS} for configuration tasks.max: Not a number of type INT",
            "tasks.max: Invalid value null for configuration tasks.max: Value must be non-null",
            "errors.tolerance: Invalid value <${env:TOPICS}> for configuration errors.tolerance: String must be one of: none, \
             all",
            "topics: Configuration 'topics' values must not be duplicated.",
        ]
    );
    let answer = format!("{infos:?}");
    assert!(!answer.contains("hush") && !answer.contains("7x"), "{answer}");
    let error = validate(&plugins, &[("connector.class", Some("${env:NO}"))]).unwrap_err();
    assert!(!error.to_string().contains("secret.Class"), "{error}");
}
