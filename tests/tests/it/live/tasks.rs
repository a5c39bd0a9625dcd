//! The client for tasks, at real daemons: members of a group on one thread, and a node that dies.

use std::time::Duration;

use client::tasks::Daemon;
use client::{Change, Error, GroupEvent, Guarantee};
use tests::lab::{Lab, PATIENCE, Setup};

use super::THREE;

async fn member(lab: &Lab, host: usize) -> Daemon {
    let daemon = Daemon::open(lab.home(host).socket(), "tasks").await.expect("it runs");
    daemon.ask(|daemon| daemon.join_group(b"tasks", 1, false)).await.expect("it may");
    daemon
}

/// Waits for a message, and says whose it is and what.
async fn heard(member: &Daemon) -> (u32, Vec<u8>) {
    loop {
        match member.group_event().await.expect("the daemon lives") {
            GroupEvent::Message(message) => return (message.from.node, message.payload.to_vec()),
            GroupEvent::View(_) | GroupEvent::Ring(_) => {}
        }
    }
}

async fn views(member: &Daemon, size: usize) {
    loop {
        if let GroupEvent::View(view) = member.group_event().await.expect("the daemon lives")
            && view.members.len() == size
        {
            return;
        }
    }
}

async fn story(lab: &mut Lab) {
    let (one, two) = (member(lab, 0).await, member(lab, 1).await);
    tokio::join!(views(&one, 2), views(&two, 2));
    let says = |member| async move {
        let member: &Daemon = member;
        member.ask(|daemon| daemon.group_send(Guarantee::Safe, b"hello")).await
    };
    let (said, first, second) = tokio::join!(says(&one), heard(&one), heard(&two));
    said.expect("it is a member");
    assert_eq!((first, second), ((1, b"hello".to_vec()), (1, b"hello".to_vec())));
    let watch = Daemon::open(lab.home(1).socket(), "tasks").await.expect("it runs");
    watch.ask(|daemon| daemon.watch(true)).await.expect("it may");
    lab.kill(2);
    loop {
        if let Change::Membership(ring) = watch.change().await.expect("the daemon lives") {
            assert_eq!(ring.members, [1, 2]);
            break;
        }
    }
    lab.kill(0);
    views(&two, 1).await;
    assert!(matches!(one.next().await, Err(Error::Lost)));
}

#[test]
fn tasks_share_a_thread_and_are_told_of_all() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3).token(1000)) else { return };
    lab.start_all();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("there is room for one");
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, story(&mut lab)).await.expect("in time");
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
}
