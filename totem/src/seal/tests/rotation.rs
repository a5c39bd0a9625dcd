use std::collections::BTreeMap;

use super::*;

fn three() -> [ClusterKey; 3] {
    [key("first"), key("second"), key("third")]
}

/// Node 2 seals with the first key.
fn first_sealer(boot: u64) -> Sealer {
    Sealer::new(&three()[0], CLUSTER, node(2), boot)
}

/// Node 1 listens with the first key.
fn first_opener() -> Opener {
    Opener::new(three()[0].clone(), CLUSTER, node(1), BOOT)
}

#[test]
fn both_keys_are_understood_from_learning_to_retiring_and_the_counter_goes_on() {
    let [first, second, _] = three();
    let (mut sealer, mut opener) = (first_sealer(5), first_opener());
    let unknown = SealError::UnknownKey { sender: 2, key: second.id() };
    let members = NodeSet::from([node(1), node(2)]);

    let mut early = first_sealer(4);
    early.rekey(&second);
    assert_eq!(opener.open(seal(&mut early, b"x")), Err(unknown));
    opener.learn(second.clone()).expect("another key");
    assert_eq!(opener.open(seal(&mut sealer, b"x")).expect("the first").key, first.id());
    sealer.rekey(&second);
    let packet = seal(&mut sealer, b"x");
    assert_eq!(packet[20..28], 1_u64.to_be_bytes());
    assert_eq!(opener.open(packet.clone()).expect("the second").key, second.id());
    let replayed = SealError::Replayed { sender: node(2), counter: 1 };
    assert_eq!(opener.open(packet), Err(replayed));

    assert!(!opener.retire(&members), "nothing is old");
    assert_eq!(opener.activate(), Some(&second));
    assert_eq!(opener.activate(), None);
    // One that was sent before and comes late.
    sealer.rekey(&first);
    let late = seal(&mut sealer, b"x");
    sealer.rekey(&second);
    opener.open(seal(&mut sealer, b"x")).expect("the second");
    assert_eq!(opener.open(late).expect("still understood").key, first.id());
    assert!(opener.retire(&members));
    assert_eq!((opener.keys().current(), opener.keys().old()), (&second, None));
    sealer.rekey(&first);
    let unknown = SealError::UnknownKey { sender: 2, key: first.id() };
    assert_eq!(opener.open(seal(&mut sealer, b"x")), Err(unknown));
}

#[test]
fn old_key_is_kept_until_every_member_has_another() {
    let [_, second, _] = three();
    let mut opener = first_opener();
    let mut sealers = [2, 3].map(|id| Sealer::new(&three()[0], CLUSTER, node(id), 5));
    let members = NodeSet::from([node(1), node(2), node(3)]);
    opener.learn(second.clone()).expect("another key");
    opener.activate();
    for sealer in &mut sealers {
        assert!(!opener.retire(&members));
        sealer.rekey(&second);
        opener.open(seal(sealer, b"x")).expect("authentic");
    }
    assert!(opener.retire(&members));
}

#[test]
fn forged_key_number_costs_nothing_but_the_attempt() {
    let [first, second, _] = three();
    let (mut sealer, mut opener) = (first_sealer(5), first_opener());
    opener.learn(second.clone()).expect("another key");
    opener.open(seal(&mut sealer, b"x")).expect("authentic");
    let good = seal(&mut sealer, b"x");
    for number in 0..=u8::MAX {
        let mut packet = good.clone();
        packet[3] = number;
        let refused = match number {
            own if own == first.id().0 => continue,
            next if next == second.id().0 => SealError::Forged { sender: 2 },
            unknown => SealError::UnknownKey { sender: 2, key: KeyId(unknown) },
        };
        assert_eq!(opener.open(packet), Err(refused));
    }
    assert_eq!(opener.senders[&node(2)].ciphers.len(), 1);
    assert_eq!(opener.senders[&node(2)].newest, (0, first.id()));
    opener.open(good).expect("authentic");
}

#[test]
fn key_that_cannot_be_told_apart_or_comes_too_early_is_refused() {
    let [first, second, third] = three();
    let mut opener = first_opener();
    assert_eq!(opener.learn(first.clone()), Err(KeyError::InUse));
    let twin = (0..100_000_u32)
        .map(|n| key(&format!("{n}")))
        .find(|other| other.id() == first.id())
        .expect("one of 256 has the number");
    assert_eq!(opener.learn(twin), Err(KeyError::SameId(first.id())));
    opener.learn(second.clone()).expect("another key");
    opener.learn(third.clone()).expect("it takes the place of the other");
    assert_eq!(opener.keys().next(), Some(&third));
    opener.activate();
    assert_eq!(opener.learn(second), Err(KeyError::Changing));
    opener.learn(first.clone()).expect("back to the old one");
    assert_eq!(opener.keys().next(), Some(&first));
    assert!(!format!("{opener:?}").contains('['));
}

#[test]
fn whoever_hears_the_next_key_follows() {
    let [first, second, _] = three();
    let seal_of = |id| Seal::new(three()[0].clone(), CLUSTER, node(id), 5);
    let (mut one, mut two) = (seal_of(1), seal_of(2));
    let send = |from: &mut Seal, to: &mut Seal| {
        let mut packet = BytesMut::new();
        from.seal(b"x", &mut packet).expect("small");
        to.open(packet).map(|opened| opened.key)
    };
    let members = NodeSet::from([node(1), node(2)]);
    for seal in [&mut one, &mut two] {
        seal.learn(second.clone()).expect("another key");
    }
    assert!(one.activate());
    assert_eq!(send(&mut two, &mut one), Ok(first.id()));
    assert!(!one.retire(&members));
    assert_eq!(send(&mut one, &mut two), Ok(second.id()));
    assert_eq!(two.keys().current(), &second);
    assert!(!two.activate(), "it followed already");
    assert_eq!(send(&mut two, &mut one), Ok(second.id()));
    assert!(one.retire(&members) && two.retire(&members));
    // What is taken back is taken back; an old key is not.
    one.learn(first.clone()).expect("another key");
    one.unlearn();
    assert_eq!(one.keys().next(), None);
    two.learn(first.clone()).expect("another key");
    two.activate();
    two.unlearn();
    assert_eq!(two.keys().old(), Some(&second));
}

#[test]
fn a_configuration_names_keys_and_each_step_of_the_change_follows() {
    let [first, second, third] = three();
    let mut seal = Seal::new(first.clone(), CLUSTER, node(1), 5);
    let change = |seal: &Seal, current: &ClusterKey, next: Option<&ClusterKey>| {
        seal.keys().change(current, next)
    };
    assert_eq!(change(&seal, &first, None), Ok(KeyChange::Nothing));
    assert_eq!(change(&seal, &second, None), Err(KeyError::Unknown));
    assert_eq!(change(&seal, &first, Some(&second)), Ok(KeyChange::Learn));
    seal.follow(&first, Some(second.clone())).expect("a next key");
    assert_eq!(change(&seal, &first, Some(&second)), Ok(KeyChange::Nothing));
    assert_eq!(change(&seal, &first, Some(&third)), Ok(KeyChange::Learn));
    assert_eq!(change(&seal, &first, None), Ok(KeyChange::Unlearn));
    assert_eq!(change(&seal, &second, Some(&third)), Err(KeyError::Changing));
    assert_eq!(change(&seal, &third, None), Err(KeyError::Unknown));
    assert_eq!(seal.follow(&third, None), Err(KeyError::Unknown));
    assert_eq!(seal.keys().next(), Some(&second));
    seal.follow(&second, None).expect("it was next");
    assert_eq!((seal.keys().current(), seal.keys().old()), (&second, Some(&first)));
    // The version before this one, to one that has gone ahead, and to none else.
    assert_eq!(change(&seal, &first, Some(&second)), Ok(KeyChange::Nothing));
    assert_eq!(change(&seal, &first, None), Err(KeyError::Unknown));
    assert_eq!(change(&seal, &second, Some(&third)), Err(KeyError::Changing));
    assert!(seal.retire(&NodeSet::from([node(1)])));
    seal.follow(&second, Some(third.clone())).expect("a next key");
    seal.follow(&second, None).expect("given up");
    assert_eq!(seal.keys().next(), None);
}

/// What a node does with its keys, or a packet on its way.
#[derive(Clone, Copy, Debug)]
enum Step {
    Learn(usize),
    Activate,
    Forget,
    Send { key: usize, boot: u64 },
    Repeat,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_usize).prop_map(Step::Learn),
        Just(Step::Activate),
        Just(Step::Forget),
        ((0..3_usize), 5..7_u64).prop_map(|(key, boot)| Step::Send { key, boot }),
        Just(Step::Repeat),
    ]
}

proptest! {
    /// Whatever the order of things: a packet opens if its key is held, its boot is not an old
    /// one, and it is new; and it never opens twice.
    #[test]
    fn packets_open_by_the_keys_held_and_only_once(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let keys = three();
        let mut opener = first_opener();
        let (mut current, mut second): (usize, Option<(bool, usize)>) = (0, None);
        let mut sealers = BTreeMap::from([(5, first_sealer(5)), (6, first_sealer(6))]);
        let (mut newest, mut last) = (0, None);
        for step in steps {
            match step {
                Step::Learn(next) => {
                    let old = second.filter(|(is_next, old)| !is_next && *old != next);
                    let taken = next == current || old.is_some();
                    prop_assert_eq!(opener.learn(keys[next].clone()).is_err(), taken);
                    second = if taken { second } else { Some((true, next)) };
                }
                Step::Activate => {
                    let next = second.filter(|(is_next, _)| *is_next);
                    prop_assert_eq!(opener.activate().is_some(), next.is_some());
                    if let Some((_, next)) = next {
                        second = Some((false, current));
                        current = next;
                    }
                }
                Step::Forget => {
                    opener.forget();
                    second = None;
                }
                Step::Send { key, boot } => {
                    let sealer = sealers.get_mut(&boot).expect("one of two");
                    sealer.rekey(&keys[key]);
                    let packet = seal(sealer, b"x");
                    let held = key == current || second.is_some_and(|(_, other)| other == key);
                    let opened = opener.open(packet.clone());
                    prop_assert_eq!(opened.is_ok(), held && boot >= newest, "{:?}", opened);
                    if opened.is_ok() {
                        newest = boot;
                        last = Some(packet);
                    }
                }
                Step::Repeat => {
                    if let Some(packet) = last.clone() {
                        prop_assert!(opener.open(packet).is_err());
                    }
                }
            }
            prop_assert!(opener.senders.values().all(|sender| sender.ciphers.len() <= 2));
        }
    }
}

#[test]
fn a_mark_stands_for_one_key_at_one_use() {
    let [first, second, _] = three();
    let mark = first.mark(CLUSTER, 6);
    assert_eq!(mark, three()[0].mark(CLUSTER, 6));
    let others = [second.mark(CLUSTER, 6), first.mark(CLUSTER, 7), first.mark(CLUSTER + 1, 6)];
    assert!(!others.contains(&mark), "{mark} among {others:?}");
}
