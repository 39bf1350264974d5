//! Asks every group how it is, again and again, with one request for all of its connectors; what has changed is looked at
//! by the controllers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use sluice_crds::{KafkaConnect, KafkaConnector};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Group;
use super::digest::{Digest, Digester};
use crate::context::{Context, Key, jittered};

/// Groups that are asked at the same time.
const AT_ONCE: usize = 32;
/// How many times longer the pause is after no answer.
const PATIENCE: u32 = 8;
/// Shortest time between two looks at a cluster because its numbers have changed. While a thousand connectors come, they
/// change with each answer, and each look costs three requests to the API server.
const CALM: Duration = Duration::from_secs(10);

type Reference<K> = ObjectRef<DeserializeGuard<K>>;

/// The resources of one scope, and where to say that they should be looked at.
pub(crate) struct Polled {
    pub(crate) clusters: Store<DeserializeGuard<KafkaConnect>>,
    pub(crate) connectors: Store<DeserializeGuard<KafkaConnector>>,
    pub(crate) changed_clusters: mpsc::Sender<Reference<KafkaConnect>>,
    pub(crate) changed_connectors: mpsc::Sender<Reference<KafkaConnector>>,
}

/// What is known of one group.
#[derive(Debug, Default)]
struct Known {
    /// When to ask next; none while it is being asked.
    due: Option<Instant>,
    /// Whether the last question was answered; none before the first answer of a group that was there already when this
    /// operator began.
    answers: Option<bool>,
    digest: Digest,
    /// When the cluster was last to be looked at for its numbers.
    told: Option<Instant>,
    /// Whether its numbers have changed since.
    untold: bool,
}

/// One answer, or none.
type Answer = (usize, Key, Option<Digest>);

/// Asks until it is dropped.
pub(crate) async fn run(ctx: Arc<Context>, polled: Vec<Polled>) {
    let digester = Arc::new(Digester::default());
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut groups: Vec<HashMap<Key, Known>> = polled.iter().map(|_| HashMap::new()).collect();
    let mut begins = true;
    let mut generations = HashMap::new();
    let mut looks: JoinSet<Answer> = JoinSet::new();
    let mut tick = interval(ctx.settings.watch / 4);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {
                for key in changed(&polled, &mut generations) {
                    wake(&polled, &key, |_| true).await;
                }
                for (scope, (polled, groups)) in polled.iter().zip(&mut groups).enumerate() {
                    for key in due(polled, groups, begins, &ctx) {
                        let (ctx, permits) = (Arc::clone(&ctx), Arc::clone(&permits));
                        looks.spawn(ask(ctx, permits, Arc::clone(&digester), (scope, key)));
                    }
                }
                begins = false;
            }
            Some(Ok((scope, key, digest))) = looks.join_next() => {
                let answered = digest.is_some();
                ctx.silence.note(&key, !answered);
                let pause = ctx.settings.watch * if answered { 1 } else { PATIENCE };
                let Some(known) = groups[scope].get_mut(&key) else { continue };
                known.due = Some(Instant::now() + jittered(pause));
                let news = known.learn(digest, Instant::now());
                tell(&polled, scope, &key, news).await;
            }
        }
    }
}

/// Groups to ask now: of clusters that have ready workers, where the way to them is known. Others are forgotten.
fn due(polled: &Polled, groups: &mut HashMap<Key, Known>, begins: bool, ctx: &Context) -> Vec<Key> {
    let has_workers = |cluster: &DeserializeGuard<KafkaConnect>| {
        let status = cluster.0.as_ref().ok().and_then(|it| it.status.as_ref());
        status.and_then(|status| status.ready_replicas).is_some_and(|ready| ready > 0)
    };
    let clusters = polled.clusters.state_filter(has_workers);
    let keys = clusters.iter().map(|it| (it.namespace().unwrap_or_default(), it.name_any()));
    let keys: HashSet<Key> = keys.filter(|key| ctx.workers(&key.0, &key.1).is_some()).collect();
    groups.retain(|key, _| keys.contains(key));
    let now = Instant::now();
    let mut due = Vec::new();
    for key in keys {
        let known = groups.entry(key.clone()).or_insert_with(|| Known {
            due: Some(now),
            answers: (!begins).then_some(false),
            ..Known::default()
        });
        if known.due.is_some_and(|at| at <= now) {
            known.due = None;
            due.push(key);
        }
    }
    due
}

async fn ask(
    ctx: Arc<Context>,
    permits: Arc<Semaphore>,
    digester: Arc<Digester>,
    (scope, key): (usize, Key),
) -> Answer {
    let permit = permits.acquire_owned().await;
    let answer = match ctx.workers(&key.0, &key.1) {
        Some(workers) => workers.statuses().await.ok(),
        None => None,
    };
    drop(permit);
    (scope, key, answer.map(|answer| digester.digest(&Group::new(answer))))
}

/// What to look at.
#[derive(Debug, Default, PartialEq, Eq)]
struct News {
    /// The cluster.
    cluster: bool,
    /// All of its connectors.
    all: bool,
    /// Some of them, in order.
    connectors: Vec<String>,
}

impl Known {
    /// The first answer to an operator that begins is no news: it looks at all resources anyway.
    fn learn(&mut self, digest: Option<Digest>, now: Instant) -> News {
        let before = self.answers.replace(digest.is_some());
        let turned = before.is_some_and(|it| it != digest.is_some());
        let mut news = News { cluster: turned, ..News::default() };
        let Some(digest) = digest else { return news };
        if before.is_some() {
            // Who could not be reached has waiting connectors.
            news.all = turned;
            self.untold |= digest.tells_other_than(&self.digest);
            news.cluster |= self.untold && self.told.is_none_or(|told| now >= told + CALM);
            news.connectors = digest.changed(&self.digest).into_iter().map(str::to_owned).collect();
        }
        if news.cluster {
            (self.told, self.untold) = (Some(now), false);
        }
        self.digest = digest;
        news
    }
}

/// Connectors of a cluster may be of another scope.
async fn tell(polled: &[Polled], scope: usize, key: &Key, news: News) {
    if news.cluster {
        // Fails only when the controllers end.
        let reference = ObjectRef::new(&key.1).within(&key.0);
        let _ended = polled[scope].changed_clusters.send(reference).await;
    }
    if !news.all && news.connectors.is_empty() {
        return;
    }
    let is_news = |name: &String| news.all || news.connectors.binary_search(name).is_ok();
    wake(polled, key, is_news).await;
}

/// Has connectors of a cluster looked at.
async fn wake(polled: &[Polled], (namespace, cluster): &Key, which: impl Fn(&String) -> bool) {
    for Polled { connectors, changed_connectors, .. } in polled {
        let meant = connectors.state_filter(|connector| {
            crate::reconcile::place(connector).is_some_and(|place| {
                place.cluster == *cluster && place.namespace == *namespace && which(&place.name)
            })
        });
        for connector in meant {
            let reference = ObjectRef::from_obj(connector.as_ref());
            let _ended = changed_connectors.send(reference).await;
        }
    }
}

/// Clusters of which another thing is wanted than at the last call, or that came or went. In one scope watches tell that
/// to the connectors; those of another scope hear of it here.
fn changed(polled: &[Polled], known: &mut HashMap<Key, Option<i64>>) -> Vec<Key> {
    if polled.len() < 2 {
        return Vec::new();
    }
    let clusters = polled.iter().flat_map(|it| it.clusters.state());
    let now: HashMap<Key, Option<i64>> =
        clusters.map(|it| (crate::reconcile::key(it.as_ref()), it.meta().generation)).collect();
    let gone = known.keys().filter(|key| !now.contains_key(*key));
    let other = now.iter().filter(|(key, generation)| known.get(*key) != Some(*generation));
    let changed = gone.chain(other.map(|(key, _)| key)).cloned().collect();
    *known = now;
    changed
}

/// Pause between two questions to a group: what fails there shows within five seconds.
pub(crate) const PAUSE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::super::tests::group;
    use super::*;

    #[test]
    fn what_changes_is_news_and_the_first_answer_is_not() {
        let digester = Digester::default();
        let look = |task: &str| Some(digester.digest(&group(&[("a", "RUNNING", &[task])])));
        let news = |cluster, all, connectors: &[&str]| {
            let connectors = connectors.iter().map(|it| (*it).to_owned()).collect();
            News { cluster, all, connectors }
        };
        let (mut known, begin) = (Known::default(), Instant::now());
        let table = [
            (look("RUNNING"), news(false, false, &[])),
            (look("RUNNING"), news(false, false, &[])),
            (look("FAILED"), news(true, false, &["a"])),
            (None, news(true, false, &[])),
            (None, news(false, false, &[])),
            // What changed meanwhile is not missed, and who waited for an answer goes on.
            (look("RUNNING"), news(true, true, &["a"])),
            (look("RUNNING"), news(false, false, &[])),
        ];
        for (step, (answer, expected)) in table.into_iter().enumerate() {
            let now = begin + CALM * step as u32;
            assert_eq!(known.learn(answer, now), expected, "step {step}");
        }
        let mut new = Known { answers: Some(false), ..Known::default() };
        assert!(
            new.learn(look("RUNNING"), begin).all,
            "connectors wait for a cluster that becomes ready"
        );
    }

    #[test]
    fn numbers_that_change_all_the_time_are_told_now_and_then_and_at_last() {
        let digester = Digester::default();
        let look = |tasks: &[&str]| Some(digester.digest(&group(&[("a", "RUNNING", tasks)])));
        let begin = Instant::now();
        let mut known = Known { answers: Some(true), ..Known::default() };
        let all = ["RUNNING"; 9];
        let told: Vec<u64> = (0..7)
            .chain([6, 6, 6])
            .enumerate()
            .map(|(step, tasks)| (step as u64 * 3, tasks))
            .filter(|(second, tasks)| {
                let now = begin + Duration::from_secs(*second);
                known.learn(look(&all[..*tasks]), now).cluster
            })
            .map(|(second, _)| second)
            .collect();
        assert_eq!(told, [0, 12, 24], "the last change too, once it is calm");
    }
}
