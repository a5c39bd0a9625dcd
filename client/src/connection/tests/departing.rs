//! What programs say and are told about a node's end, and about the state that it has.

use super::*;
use crate::cman::Shutdown;

fn done(daemon: &mut Daemon) -> request::What {
    let proto::Request { id, what } = daemon.hear();
    daemon.reply(id, reply::What::Done(proto::Done {}));
    what.unwrap()
}

#[test]
fn a_program_that_may_object_is_asked_and_answers() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        let watch = proto::Watch { on: true, may_object: true };
        assert_eq!(done(daemon), request::What::Watch(watch));
        for (remove, force) in [(true, false), (false, true)] {
            let what = Some(notice::What::TryShutdown(proto::TryShutdown { remove, force }));
            daemon.say(from_daemon::What::Notice(proto::Notice { what }));
            let agree = force;
            let answer = request::What::ShutdownReply(proto::ShutdownReply { agree });
            assert_eq!(done(daemon), answer);
        }
    });
    let mut connection = fixture.open().unwrap();
    connection.watch_and_object().unwrap();
    for (remove, force) in [(true, false), (false, true)] {
        let asked = Some(Change::TryShutdown(Shutdown { remove, force }));
        assert_eq!(connection.change(None).unwrap(), asked);
        connection.answer_shutdown(force).unwrap();
    }
    fixture.end();
}

#[test]
fn a_node_is_asked_to_leave_as_was_said_and_an_objection_is_told() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        let proto::Request { id, what } = daemon.hear();
        let leave = proto::Leave { remove: true, force: false };
        assert_eq!(what, Some(request::What::Leave(leave)));
        let (reason, text) = (Reason::Busy.into(), "a program objects".to_owned());
        daemon.reply(id, reply::What::Refused(proto::Refused { reason, text }));
        let leave = proto::Leave { remove: false, force: true };
        assert_eq!(done(daemon), request::What::Leave(leave));
    });
    let mut connection = fixture.open().unwrap();
    let error = connection.leave(true, false).unwrap_err();
    assert!(matches!(error, Error::Refused { reason: Reason::Busy, .. }), "{error}");
    assert!(error.is_harmless(), "the conversation goes on");
    connection.leave(false, true).unwrap();
    fixture.end();
}

#[test]
fn state_that_outlives_a_partition_is_said_once_and_acknowledged() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        assert_eq!(done(daemon), request::What::SetDirty(proto::SetDirty {}));
        let proto::Request { id, .. } = daemon.hear();
        daemon.reply(id, reply::What::Pong(proto::Pong {}));
    });
    let mut connection = fixture.open().unwrap();
    connection.set_dirty().unwrap();
    let error = connection.set_dirty().unwrap_err();
    assert_eq!(error.to_string(), "protocol mismatch: the answer to set dirty is of another kind");
    fixture.end();
}

#[test]
fn what_a_daemon_goes_by_comes_as_it_is() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        for cluster_id in [46516, 1 << 16] {
            let proto::Request { id, what } = daemon.hear();
            assert_eq!(what, Some(request::What::Configuration(proto::GetConfiguration {})));
            let (text, node) = ("<cluster/>".into(), "iscsi1".to_owned());
            let running = proto::Running { version: 5, text, node, cluster_id };
            daemon.reply(id, reply::What::Running(running));
        }
    });
    let mut connection = fixture.open().unwrap();
    let running = connection.running().unwrap();
    assert_eq!((running.version, &running.text[..]), (5, b"<cluster/>".as_slice()));
    assert_eq!((running.node.as_str(), running.cluster_id), ("iscsi1", 46516));
    let error = connection.running().unwrap_err();
    assert_eq!(error.to_string(), "protocol mismatch: cluster id 65536 is above 65535");
    fixture.end();
}
