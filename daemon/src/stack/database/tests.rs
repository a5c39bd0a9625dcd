use proptest::prelude::*;
use quorum::Votes;
use totem::{Identity, Limits, Timing};

use super::super::Held;
use super::super::command::NodeEntry;
use super::super::effect::Reply;
use super::super::lookup::Shown;
use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn ring(seq: u64) -> RingId {
    RingId { seq: RingSeq::new(seq), representative: node(1) }
}

fn database() -> Database {
    let identity = Identity { me: node(1), boot: 1, weight: 1, seed: 1 };
    let limits = Limits::for_packet(1400);
    let votes = [(node(1), Votes::ONE)].into();
    Database::new(&Config {
        ring: totem::Config::new(identity, Timing::default(), limits).expect("defaults work"),
        last: RingSeq::new(0),
        cluster: "c".to_owned(),
        cluster_id: 1,
        config_version: 5,
        nodes: Vec::<NodeEntry>::new(),
        voting: quorum::Config::new(node(1), votes, None, false).expect("valid"),
        disallowed: false,
        shutdown_timeout: std::time::Duration::from_secs(5),
        held: Held {
            text: b"text".as_slice().into(),
            accepted: Vec::new(),
            mark: 0,
            copied: false,
        },
        shown: Shown::default(),
    })
}

/// What a database says, without the two bytes that name the service.
fn said(database: &Database, kind: u8, content: &[u8]) -> Bytes {
    let mut outbox = Outbox::default();
    database.say(kind, Guarantee::Agreed, content, &mut outbox);
    let pending = outbox.next_message(totem::Lane::Sync).expect("it is on a ring");
    pending.message.slice(2..)
}

#[test]
fn an_introduction_is_what_a_node_holds_and_its_hello() {
    let mut database = database();
    database.on_ended(false, ring(8));
    let holding = database.replica.holding();
    let content = [&holding.encode()[..], b"hello"].concat();
    let message = said(&database, INTRODUCTION, &content);
    let expected = Said::Introduction(holding, Bytes::from_static(b"hello"));
    assert_eq!(database.on_message(node(2), message.clone()), Ok(expected));
    database.on_ended(false, ring(12));
    assert_eq!(database.on_message(node(2), message), Ok(Said::Nothing), "of a ring that ended");
}

#[test]
fn the_first_member_that_can_read_the_directory_looks() {
    let mut database = database();
    database.on_ended(false, ring(8));
    let members: NodeSet = [node(1), node(2), node(3)].into();
    let says = |database: &mut Database, who, sees: bool| {
        let message = said(database, LOOKED, &[u8::from(sees)]);
        assert_eq!(database.on_message(node(who), message), Ok(Said::Nothing));
    };
    assert_eq!(database.looks(&members), Some(node(1)));
    says(&mut database, 1, false);
    says(&mut database, 2, false);
    assert_eq!(database.looks(&members), Some(node(3)));
    says(&mut database, 3, false);
    assert_eq!(database.looks(&members), Some(node(1)), "somebody must");
    says(&mut database, 2, true);
    assert_eq!(database.looks(&members), Some(node(2)));
    database.on_ended(false, ring(12));
    assert_eq!(database.looks(&members), Some(node(1)), "who still cannot says so again");
    assert_eq!(database.looks(&NodeSet::new()), None);
    let wrong = said(&database, LOOKED, &[2]);
    let error = database.on_message(node(2), wrong).expect_err("neither yes nor no");
    assert_eq!(error.to_string(), "sight of a message about a directory is 2");
    let long = said(&database, LOOKED, &[0, 0]);
    database.on_message(node(2), long).expect_err("one byte");
}

#[test]
fn what_a_node_sees_is_said_when_it_changes_and_on_each_ring_while_it_is_blind() {
    let mut database = database();
    database.on_ended(false, ring(8));
    let mut outbox = Outbox::default();
    let mut said = |database: &mut Database, sees| {
        database.looked(sees, &mut outbox);
        outbox.next_message(totem::Lane::Sync).is_some()
    };
    assert!(!said(&mut database, true), "nothing new");
    assert!(said(&mut database, false));
    assert!(!said(&mut database, false));
    database.on_ended(false, ring(12));
    let mut outbox = Outbox::default();
    database.on_synced(core::iter::empty(), &States::default(), &mut outbox);
    assert!(outbox.next_message(totem::Lane::Sync).is_some(), "the others may not have heard it");
}

#[test]
fn what_no_database_writes_is_refused_by_name() {
    let mut database = database();
    database.on_ended(false, ring(8));
    let unknown = said(&database, 9, b"");
    let error = database.on_message(node(2), unknown).expect_err("there is no such kind");
    assert_eq!(error.to_string(), "kind of a message of the configuration is 9");
    let short = said(&database, REPLICA, b"");
    let error = database.on_message(node(2), short).expect_err("it says nothing");
    assert_eq!(error.to_string(), "message of the configuration ends 1 bytes too early");
}

#[test]
fn a_program_that_is_gone_is_not_answered() {
    let mut database = database();
    let mut outbox = Outbox::default();
    let session = SessionId(3);
    let request = RequestId { session, number: 1 };
    database.reload(request, Wanted::default(), &mut outbox);
    assert_eq!(outbox.poll(), Some(Effect::File(FileJob::Fetch(request))));
    database.gone(session);
    database.fetched(request, Err("no file".to_owned()), &mut outbox);
    assert_eq!(outbox.poll(), None);
}

#[test]
fn a_file_that_cannot_be_read_or_used_is_refused_with_the_reason() {
    let mut database = database();
    let mut outbox = Outbox::default();
    let mut refused = |fetched| {
        let request = RequestId { session: SessionId(3), number: 1 };
        database.reload(request, Wanted::default(), &mut outbox);
        outbox.poll();
        database.fetched(request, fetched, &mut outbox);
        match outbox.poll() {
            Some(Effect::Reply { reply: Reply::Reload(Err(why)), .. }) => why,
            other => panic!("no refusal: {other:?}"),
        }
    };
    let why = refused(Err("cannot read it".to_owned()));
    assert_eq!(why, NotReloaded::Unreadable("cannot read it".to_owned()));
    let text = "<cluster name=\"c\" config_version=\"x\">\n<bogus/></cluster>";
    let why = refused(Ok(("cluster.conf".to_owned(), text.into())));
    assert!(matches!(why, NotReloaded::Invalid(_)));
    let lines = why.to_string();
    assert!(lines.contains("cluster.conf:1: cluster.config_version"), "{lines}");
    assert!(lines.lines().count() > 1, "all that is wrong: {lines}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, kind in 0..4_u8) {
        let mut database = database();
        database.on_ended(false, ring(8));
        let _ = database.on_message(node(2), bytes.clone().into());
        let message = said(&database, kind, &bytes);
        let _ = database.on_message(node(2), message);
    }
}
