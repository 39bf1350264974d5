//! The topics that connectors use.

use super::*;

#[test]
fn topics_are_told_once_and_forgotten_with_their_connector() {
    let mut worker = running();
    let written = |worker: &mut Worker| -> Vec<(String, bool)> {
        let topic = |effect| match effect {
            Effect::WriteStatus(key, value) if key.starts_with("status-topic-") => {
                Some((key, value.is_some()))
            }
            _ => None,
        };
        worker.take().into_iter().filter_map(topic).collect()
    };
    let used = || Event::Task(TaskEvent::ActiveTopic(task("a", 0), "t".into()));
    let key = "status-topic-t:connector-a".to_owned();
    worker.step(used());
    worker.step(used());
    assert_eq!(written(&mut worker), [(key.clone(), true)]);
    worker.step(Event::Task(TaskEvent::ActiveTopic(task("b", 0), "t".into())));
    assert_eq!(written(&mut worker), [], "nobody runs it here");
    let id = worker.ask(Request::Topics("a".into()));
    let topics = Answer::Topics("a".into(), vec!["t".into()]);
    assert_eq!(worker.answer(id), Ok(topics));
    worker.ask(Request::ResetTopics("a".into()));
    assert_eq!(written(&mut worker), [(key.clone(), false)]);
    worker.step(used());
    worker.take();
    worker.ask(Request::Delete("a".into()));
    worker.perform_writes();
    assert!(written(&mut worker).contains(&(key, false)));
}
