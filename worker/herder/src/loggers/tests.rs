//! Levels as `LoggersTest` has them, and those of this program's modules.

use super::*;

fn loggers() -> Loggers {
    Loggers::new(Level::Info, [("com.example".to_owned(), Level::Warn)])
}

#[test]
fn a_level_counts_for_all_below() {
    let sink = "sluice_engine::sink::commit";
    for (set, expected) in [
        (vec![], Level::Info),
        (vec![("root", "debug")], Level::Debug),
        (vec![("", "ERROR")], Level::Error),
        (vec![("org.apache.kafka.connect", "TRACE")], Level::Trace),
        (vec![("org.apache.kafka.connect.runtime.rest", "TRACE")], Level::Info),
        (vec![("sluice_engine", "WARN"), ("org.apache.kafka.connect", "TRACE")], Level::Trace),
        (vec![("org.apache.kafka.connect", "TRACE"), ("sluice_engine", "WARN")], Level::Warn),
        (vec![("sluice_engine::sink", "WARN"), ("root", "ALL")], Level::All),
        (vec![("sluice_engine::sink", "nonsense")], Level::Info),
        (
            vec![
                ("org.apache.kafka.connect.runtime.WorkerSinkTask", "TRACE"),
                ("sluice_engine", "OFF"),
            ],
            Level::Off,
        ),
    ] {
        let loggers = loggers();
        for (name, level) in &set {
            loggers.set(name, level, 1);
        }
        assert_eq!(loggers.register(sink), expected, "{set:?}");
        assert_eq!(loggers.effective(sink), expected, "{set:?}");
    }
}

#[test]
fn what_has_changed_is_told() {
    let loggers = loggers();
    let told = |name: &str| loggers.level(name).map(|it| (it.level, it.last_modified));
    assert_eq!(told("com.example"), Some(("WARN".to_owned(), None)));
    assert_eq!(told("com"), None);
    assert_eq!(loggers.set("com", "INFO", 2), Vec::<String>::from(["com.example".to_owned()]));
    assert_eq!(told("com"), Some(("INFO".to_owned(), None)), "it had this level already");
    assert_eq!(told("com.example"), Some(("INFO".to_owned(), Some(2))));
    assert_eq!(loggers.set("com.example.it", "OFF", 3), ["com.example.it"]);
    assert_eq!(loggers.set("com.example.it", "OFF", 4), ["com.example.it"]);
    assert!(!loggers.all().contains_key("com.example.it"));
    let changed = loggers.set("ROOT", "DEBUG", 5);
    assert!(changed.contains(&"root".to_owned()) && changed.contains(&"com".to_owned()));
    assert_eq!(told("Root"), Some(("DEBUG".to_owned(), Some(5))));
    assert_eq!(loggers.most(), Level::Debug);
}

#[test]
fn levels_of_a_file_replace_what_was_set_meanwhile() {
    let loggers = loggers();
    let load = |levels: &[(&str, Level)]| {
        let levels = levels.iter().map(|(name, level)| ((*name).to_owned(), *level));
        loggers.load(&levels.collect(), 1);
    };
    loggers.set("com.example.it", "TRACE", 0);
    // Those below count, in whatever order the names sort.
    let sink = "org.apache.kafka.connect.runtime.WorkerSinkTask";
    load(&[(sink, Level::Debug), ("root", Level::Error), ("sluice_engine", Level::Warn)]);
    for (name, expected) in [
        ("com.example.it", Level::Error),
        ("sluice_engine::sink", Level::Debug),
        ("sluice_engine::ledger", Level::Warn),
        ("other", Level::Error),
    ] {
        assert_eq!(loggers.effective(name), expected, "{name}");
    }
    load(&[]);
    assert_eq!(loggers.effective("com.example.it"), Level::Warn);
    assert_eq!(loggers.effective("other"), Level::Info);
}
