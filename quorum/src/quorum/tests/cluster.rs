//! Whole clusters, as a network divides them again and again.

use super::*;

const WINDOW: core::time::Duration = core::time::Duration::from_secs(10);

/// Counters of all nodes, and which part of the network each is in.
pub(super) struct Cluster {
    pub(super) configs: Vec<Config>,
    pub(super) counters: Vec<Quorum>,
    pub(super) parts: Vec<u8>,
}

fn id(index: usize) -> NodeId {
    node(u32::try_from(index + 1).expect("small"))
}

impl Cluster {
    /// Nodes with these votes and rules, each expecting what it expects; everyone starts alone.
    pub(super) fn new(votes: &[u32], expected: &[Option<u32>], rules: &Rules) -> Self {
        let all: BTreeMap<NodeId, Votes> =
            votes.iter().enumerate().map(|(at, &votes)| (id(at), Votes::new(votes))).collect();
        let config = |at: usize| {
            let expected = expected.get(at).copied().flatten().map(Votes::new);
            let config = Config::new(id(at), all.clone(), expected, false).expect("valid");
            config.with_rules(rules.clone()).expect("valid rules")
        };
        let configs: Vec<Config> = (0..votes.len()).map(config).collect();
        let counters = configs.iter().map(Quorum::new).collect();
        let parts = (0..).take(votes.len()).collect();
        Self { configs, counters, parts }
    }

    fn all(&self) -> core::ops::Range<usize> {
        0..self.counters.len()
    }

    pub(super) fn members(&self, part: u8) -> Vec<usize> {
        self.all().filter(|&at| self.parts[at] == part).collect()
    }

    /// The network is divided anew, and each part exchanges states.
    pub(super) fn divide(&mut self, parts: &[u8], leaving: &BTreeSet<NodeId>) {
        for me in self.all() {
            let left =
                |other: &usize| self.parts[*other] == self.parts[me] && parts[*other] != parts[me];
            let gone: BTreeSet<NodeId> = self.all().filter(left).map(id).collect();
            let left = gone.intersection(leaving).copied().collect();
            let gone = Gone { all: gone, left, ..Gone::default() };
            if !gone.all.is_empty() {
                self.counters[me].on_departure(NOW, &gone);
            }
        }
        self.parts = parts.to_vec();
        let states: Vec<State> = self.counters.iter().map(Quorum::state).collect();
        for me in self.all() {
            let here = self.members(self.parts[me]);
            let said = here.iter().map(|&other| (id(other), states[other].clone())).collect();
            self.counters[me].on_states(NOW, &said);
            while self.counters[me].poll().is_some() {}
        }
    }

    /// A node is started anew and finds nobody.
    pub(super) fn restart(&mut self, at: usize) {
        let mut parts = self.parts.clone();
        parts[at] = u8::try_from(100 + at).expect("small");
        self.divide(&parts, &BTreeSet::new());
        self.counters[at] = Quorum::new(&self.configs[at]);
        self.divide(&parts, &BTreeSet::new());
    }

    /// A node leaves in good order and is started again, alone.
    pub(super) fn leave(&mut self, at: usize) {
        let mut parts = self.parts.clone();
        parts[at] = u8::try_from(100 + at).expect("small");
        self.divide(&parts, &[id(at)].into());
        self.counters[at] = Quorum::new(&self.configs[at]);
        self.divide(&parts, &BTreeSet::new());
    }

    /// All windows of time are over, everywhere; what is said then is heard by the whole part.
    pub(super) fn wait(&mut self) {
        for at in self.all() {
            self.counters[at].on_timeout(NOW + WINDOW);
            while let Some(output) = self.counters[at].poll() {
                let Output::Say(message) = output else { continue };
                for other in self.members(self.parts[at]) {
                    let _ = self.counters[other].on_message(id(at), &message);
                }
            }
        }
    }

    pub(super) fn quorate_parts(&self) -> BTreeSet<u8> {
        let quorate = |(counter, &part): (&Quorum, &u8)| counter.verdict().quorate.then_some(part);
        self.counters.iter().zip(&self.parts).filter_map(quorate).collect()
    }

    /// Members of one part that do not count the same.
    pub(super) fn disagreement(&self) -> Option<(Verdict, Verdict)> {
        let pairs = self.all().flat_map(|a| self.all().map(move |b| (a, b)));
        let mut here = pairs.filter(|&(a, b)| self.parts[a] == self.parts[b]);
        let verdicts =
            |(a, b): (usize, usize)| (*self.counters[a].verdict(), *self.counters[b].verdict());
        here.find(|&(a, b)| verdicts((a, b)).0 != verdicts((a, b)).1).map(verdicts)
    }
}

/// Something that happens to a cluster.
#[derive(Clone, Debug)]
enum Event {
    Divide(Vec<u8>),
    Restart(usize),
    Leave(usize),
    Wait,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => prop::collection::vec(0_u8..4, 8).prop_map(Event::Divide),
        2 => (0_usize..8).prop_map(Event::Restart),
        1 => (0_usize..8).prop_map(Event::Leave),
        2 => Just(Event::Wait),
    ];
    prop::collection::vec(event, 1..24)
}

fn happens(cluster: &mut Cluster, event: &Event) {
    let count = cluster.counters.len();
    match event {
        Event::Divide(parts) => cluster.divide(&parts[..count], &BTreeSet::new()),
        Event::Restart(at) => cluster.restart(at % count),
        Event::Leave(at) => cluster.leave(at % count),
        Event::Wait => cluster.wait(),
    }
}

fn some_rules() -> impl Strategy<Value = Rules> {
    let list = prop::sample::subsequence((1..=3).collect::<Vec<u32>>(), 1..=3);
    let list = list.prop_map(|ids| TieBreaker::List(ids.into_iter().map(node).collect()));
    let tie = prop_oneof![Just(TieBreaker::Lowest), Just(TieBreaker::Highest), list];
    (prop::option::of(tie), 0_u8..5).prop_map(|(tie_breaker, kind)| Rules {
        wait_for_all: kind > 0,
        tie_breaker,
        last_man_standing: (kind % 2 == 0 && kind > 0).then_some(WINDOW),
        allow_downscale: kind > 2,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn however_the_network_divides_at_most_one_part_is_quorate(
        votes in prop::collection::vec(0..=u32::MAX / 8, 1..=8),
        events in events(),
    ) {
        let mut cluster = Cluster::new(&votes, &[], &Rules::default());
        for event in &events {
            happens(&mut cluster, event);
            prop_assert!(cluster.quorate_parts().len() <= 1, "{:?}", cluster.parts);
            prop_assert_eq!(cluster.disagreement(), None);
        }
        cluster.divide(&std::vec![0; votes.len()], &BTreeSet::new());
        let total: u64 = votes.iter().copied().map(u64::from).sum();
        prop_assert_eq!(cluster.quorate_parts().len(), usize::from(total > 0));
    }

    #[test]
    fn whatever_rules_are_in_force_at_most_one_part_is_quorate(
        nodes in 3_usize..=7,
        rules in some_rules(),
        events in events(),
    ) {
        let mut cluster = Cluster::new(&std::vec![1; nodes], &[], &rules);
        for event in &events {
            happens(&mut cluster, event);
            prop_assert!(cluster.quorate_parts().len() <= 1, "{:?}", cluster.parts);
            prop_assert_eq!(cluster.disagreement(), None);
        }
        cluster.divide(&std::vec![0; nodes], &BTreeSet::new());
        prop_assert_eq!(cluster.quorate_parts().len(), 1);
    }

    #[test]
    fn a_join_never_takes_the_quorum_from_those_who_had_it(
        votes in prop::collection::vec(0_u32..4, 1..=7),
        expected in prop::collection::vec(prop::option::of(1_u32..20), 7),
        events in events(),
    ) {
        let mut cluster = Cluster::new(&votes, &expected, &Rules::default());
        for event in &events {
            let before: Vec<Vec<usize>> =
                cluster.quorate_parts().iter().map(|&part| cluster.members(part)).collect();
            let Event::Divide(parts) = event else {
                happens(&mut cluster, event);
                continue;
            };
            happens(&mut cluster, event);
            prop_assert_eq!(cluster.disagreement(), None);
            for members in before {
                let first = parts[members[0]];
                if members.iter().all(|&at| parts[at] == first) {
                    prop_assert!(cluster.quorate_parts().contains(&first), "{:?}", members);
                }
            }
        }
    }
}
