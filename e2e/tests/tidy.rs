//! The repository's own rules, checked without a server: crate arrows, file heads, names, nothing left undone.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Who may use whom; left may use right, nothing else. Mirrors the arrows in ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("sluice-model", &[]),
    ("sluice-config-derive", &[]),
    ("sluice-config", &["sluice-config-derive"]),
    ("sluice-plugin", &["sluice-model", "sluice-config"]),
    ("sluice-converters", &["sluice-plugin", "sluice-config", "sluice-model"]),
    ("sluice-avro", &["sluice-registry", "sluice-plugin", "sluice-config"]),
    (
        "sluice-json-schema",
        &["sluice-registry", "sluice-converters", "sluice-plugin", "sluice-config"],
    ),
    ("sluice-registry", &["sluice-kafka", "sluice-plugin", "sluice-config"]),
    ("sluice-protobuf", &["sluice-registry", "sluice-plugin", "sluice-config"]),
    ("sluice-transforms", &["sluice-plugin", "sluice-config", "sluice-model"]),
    ("sluice-connector-datagen", &["sluice-plugin", "sluice-config", "sluice-model"]),
    ("sluice-connector-file", &["sluice-plugin", "sluice-config", "sluice-model"]),
    ("sluice-jdbc", &["sluice-plugin", "sluice-config", "sluice-model"]),
    ("sluice-connector-null", &["sluice-plugin", "sluice-config", "sluice-model"]),
    ("sluice-connector-tools", &["sluice-plugin", "sluice-config", "sluice-model"]),
    (
        "sluice-catalog",
        &[
            "sluice-avro",
            "sluice-connector-datagen",
            "sluice-connector-file",
            "sluice-connector-null",
            "sluice-connector-tools",
            "sluice-converters",
            "sluice-jdbc",
            "sluice-json-schema",
            "sluice-plugin",
            "sluice-protobuf",
            "sluice-transforms",
        ],
    ),
    ("sluice-kafka", &["sluice-config", "sluice-model"]),
    ("sluice-group", &["sluice-kafka", "sluice-config"]),
    ("sluice-providers", &["sluice-config"]),
    ("sluice-broker", &[]),
    ("sluice-engine", &["sluice-kafka", "sluice-plugin", "sluice-config", "sluice-model"]),
    ("sluice-rest-model", &[]),
    (
        "sluice-herder",
        &[
            "sluice-catalog",
            "sluice-config",
            "sluice-engine",
            "sluice-group",
            "sluice-providers",
            "sluice-kafka",
            "sluice-plugin",
            "sluice-rest-model",
        ],
    ),
    ("sluice-rest", &["sluice-config", "sluice-herder", "sluice-rest-model"]),
    (
        "sluice-worker",
        &[
            "sluice-broker",
            "sluice-catalog",
            "sluice-config",
            "sluice-engine",
            "sluice-group",
            "sluice-providers",
            "sluice-herder",
            "sluice-kafka",
            "sluice-plugin",
            "sluice-rest",
            "sluice-rest-model",
        ],
    ),
    ("sluice-crds", &[]),
    ("sluice-operator", &["sluice-crds", "sluice-rest-model"]),
    ("sluice-kit", &[]),
    ("sluice-hanging-worker", &["sluice-plugin", "sluice-worker"]),
    (
        "sluice-bench",
        &[
            "sluice-kit",
            "sluice-crds",
            "sluice-kafka",
            "sluice-model",
            "sluice-plugin",
            "sluice-registry",
        ],
    ),
    ("sluice-e2e", &["sluice-kit", "sluice-crds", "sluice-rest-model"]),
];

/// Module names that say nothing.
const EMPTY_NAMES: &[&str] =
    &["mod", "utils", "util", "common", "helpers", "types", "misc", "core", "base", "manager"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

#[test]
fn crates_use_only_what_their_arrows_allow() {
    let metadata =
        MetadataCommand::new().current_dir(root()).no_deps().exec().expect("cargo metadata");
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some(allowed) = allowed.get(package.name.as_str()) else {
            wrong.push(format!("{} is in no arrow", package.name));
            continue;
        };
        let used = package.dependencies.iter().filter(|it| it.kind != DependencyKind::Development);
        for dependency in used.filter(|it| it.name.starts_with("sluice-")) {
            if !allowed.contains(dependency.name.as_str()) {
                wrong.push(format!("{} must not use {}", package.name, dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every file that the repository holds.
fn files() -> Vec<PathBuf> {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let text = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    text.split('\0')
        .filter(|it| !it.is_empty())
        .map(|it| root().join(it))
        .filter(|it| it.is_file())
        .collect()
}

fn rust_files() -> Vec<(PathBuf, String)> {
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|it| it == "rs");
    let read = |path: PathBuf| std::fs::read_to_string(&path).ok().map(|text| (path, text));
    files().into_iter().filter(is_rust).filter_map(read).collect()
}

#[test]
fn rust_files_say_what_they_are_and_leave_nothing_undone() {
    let unfinished = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["todo", "!("].concat(),
        ["unimplemented", "!("].concat(),
    ];
    let mut wrong = Vec::new();
    for (path, text) in rust_files() {
        let name = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        if EMPTY_NAMES.contains(&name) {
            wrong.push(format!("{}: a module name that says nothing", path.display()));
        }
        let first = text.lines().find(|line| !line.starts_with("#!["));
        if !first.is_some_and(|line| line.starts_with("//!")) {
            wrong.push(format!("{}: the first line is no //! head", path.display()));
        }
        for word in &unfinished {
            if text.contains(word.as_str()) {
                wrong.push(format!("{}: holds {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_holds_a_path_of_the_machine_that_it_was_written_on() {
    let root = root();
    let home = root.to_str().expect("the path is UTF-8");
    let mut wrong = Vec::new();
    for path in files() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if home.len() > 3 && text.contains(home) {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_guide_to_plugins_shows_is_in_the_example() {
    let example = root().join("examples/custom-plugins");
    let in_example = |path: &PathBuf| path.starts_with(&example);
    let files: Vec<String> = files()
        .into_iter()
        .filter(in_example)
        .filter_map(|it| std::fs::read_to_string(it).ok())
        .collect();
    let guide =
        std::fs::read_to_string(root().join("docs/plugins.md")).expect("the guide is there");
    // Odd parts are between fences; the first line of each names its language.
    let blocks = guide.split("```").skip(1).step_by(2).filter_map(|it| it.split_once('\n'));
    let mut count = 0;
    for (language, code) in blocks {
        count += 1;
        let code = code.trim_end();
        let is_there = files.iter().any(|file| file.contains(code));
        assert!(is_there, "this {language} is in no file of the example:\n{code}");
    }
    assert!(count > 5, "the guide shows code");
}

#[test]
fn every_test_that_the_list_of_kafka_s_tests_names_is_there() {
    let sources: Vec<(String, String)> = rust_files()
        .into_iter()
        .map(|(path, text)| {
            (format!("/{}", path.strip_prefix(root()).unwrap_or(&path).display()), text)
        })
        .collect();
    let list =
        std::fs::read_to_string(root().join("docs/kafka-tests.md")).expect("the list is there");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for row in list.lines().filter(|it| it.starts_with('|')) {
        // What stands behind a file is a test in it, up to the next file.
        let mut files: Vec<&str> = Vec::new();
        for name in row.split('`').skip(1).step_by(2) {
            if Path::new(name).extension().is_some_and(|it| it == "rs") {
                let named = sources.iter().filter(|(path, _)| path.ends_with(&format!("/{name}")));
                files = named.map(|(_, text)| text.as_str()).collect();
                if files.is_empty() {
                    wrong.push(format!("there is no file {name}"));
                }
            } else if name.contains('_') {
                count += 1;
                if !files.iter().any(|it| it.contains(&format!("fn {name}("))) {
                    wrong.push(format!("{name} is no test of the file before it"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 50, "the list names tests");
}
