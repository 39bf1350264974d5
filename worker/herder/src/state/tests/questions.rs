//! Configurations that plugins look at beside the loop.

use super::*;

fn change(key: &str, value: Option<&str>) -> Request {
    let patch = [(key.to_owned(), value.map(str::to_owned))].into_iter().collect();
    Request::PatchConfig { name: "a".into(), patch: SettingsPatch(patch) }
}

#[test]
fn a_patch_changes_some_keys_and_is_refused_as_a_whole() {
    let mut worker = running();
    let before = worker.state.config().config("a").cloned().unwrap_or_default();
    for (key, value) in [("new", Some("1")), ("new", Some("2")), ("new", None), ("never", None)] {
        let id = worker.ask(change(key, value));
        worker.perform_writes();
        let Ok(Answer::Connector(info, false)) = worker.answer(id) else { panic!("{key}") };
        assert_eq!(info.config.get(key).map(String::as_str), value);
        assert_eq!(Some(&info.config), worker.state.config().config("a"));
    }
    assert_eq!(worker.state.config().config("a"), Some(&before));
    let id = worker.ask(change("bad", Some("1")));
    assert!(matches!(worker.answer(id), Err(Error::BadRequest(_))));
    assert_eq!(worker.state.config().config("a"), Some(&before));
}

#[test]
fn a_plugin_that_hangs_holds_up_its_client_alone_and_does_nothing_later() {
    let create = Request::Create {
        name: "b".into(),
        config: patch(&[("name", "b"), ("connector.class", "Hangs")]),
        initial: None,
    };
    let validate = Request::Validate {
        plugin: "Hangs".into(),
        config: patch(&[("connector.class", "Hangs")]),
    };
    for request in [create, validate] {
        let mut worker = running();
        worker.take();
        worker.step(Event::Request(7, request));
        let (mut asked, mut timer) = (None, None);
        for effect in worker.take() {
            match effect {
                Effect::Ask(id, Question::Validate(config)) => asked = Some((id, config)),
                Effect::After(pause, it @ Timer::Question(_)) => timer = Some((pause, it)),
                other => panic!("{other:?}"),
            }
        }
        let (id, config) = asked.expect("plugins are asked");
        let (pause, timer) = timer.expect("the answer is not waited for without end");
        assert_eq!(pause, Duration::from_secs(1));
        let other = worker.ask(Request::Connector("a".into()));
        assert!(worker.answer(other).is_ok(), "others are answered meanwhile");
        worker.step(Event::Timer(timer));
        let error = worker.answer(7).expect_err("the plugin hangs").to_string();
        assert_eq!(
            error,
            "Request timed out. The worker is currently validating the configuration with the connector Hangs, which began at 1970-01-01T00:00:01Z."
        );
        worker.step(Event::Told(id, AnySink.validate(&config).map(Told::Infos)));
        assert!(worker.take().is_empty(), "what comes too late changes nothing");
    }
}

#[test]
fn a_follower_refuses_what_is_invalid_and_names_the_leader_for_the_rest() {
    for (key, expected) in [("bad", true), ("good", false)] {
        let mut worker = Worker::started();
        worker.join(false, &[], &[]);
        let id = worker.ask(Request::PutConfig {
            name: "a".into(),
            config: patch(&[("name", "a"), ("connector.class", "Sink"), (key, "1")]),
        });
        let answer = worker.answer(id);
        assert_eq!(matches!(answer, Err(Error::BadRequest(_))), expected, "{answer:?}");
        assert_eq!(matches!(answer, Err(Error::Elsewhere(Some(_)))), !expected, "{answer:?}");
    }
}
