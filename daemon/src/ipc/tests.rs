use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use client::frame::Decoder;
use client::proto::{Reason, from_daemon, notice, reply, request};
use quorum::{Verdict, Votes, Why};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use totem::NodeId;

use super::*;
use crate::stack::connections::Connection;
use crate::stack::effect::{Node, NodeState, Status};

/// Longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A directory that is removed at the end.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ipc-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join("clusterd.sock")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

pub(crate) fn settings(dir: &Dir) -> Settings {
    Settings {
        socket: dir.socket(),
        policy: Policy::own(),
        limits: Limits::default(),
        surroundings: Surroundings {
            multicast: vec!["239.192.181.106".parse().unwrap()],
            at_origin: Duration::from_secs(1_000),
            copy: None,
            origins: Vec::new(),
        },
    }
}

/// A program that speaks frames.
pub(crate) struct Program {
    stream: UnixStream,
    decoder: Decoder,
}

impl Program {
    pub(super) async fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).await.unwrap();
        Self { stream, decoder: Decoder::new(frame::MAX_FRAME) }
    }

    /// Connects and says hello. The shell must be listening meanwhile, or the test has one that is
    /// not asked for anything yet.
    pub(crate) async fn greet(socket: &Path) -> Self {
        Self::greet_for_key(socket).await.0
    }

    /// As [`Program::greet`], and returns the key of the session.
    pub(super) async fn greet_for_key(socket: &Path) -> (Self, Bytes) {
        let mut program = Self::connect(socket).await;
        let hello = proto::Hello { version: session::VERSION, name: "test".to_owned() };
        program.ask(0, request::What::Hello(hello)).await;
        let welcome = program.reply().await;
        let Some(reply::What::Welcome(welcome)) = welcome.what else { panic!("{welcome:?}") };
        (program, welcome.key)
    }

    pub(crate) async fn ask(&mut self, id: u64, what: request::What) {
        let request = proto::Request { id, what: Some(what) };
        let frame = frame::encode(&request, usize::MAX).unwrap();
        self.bytes(&frame).await;
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Its end of the connection, for another thread to write to.
    pub(crate) fn into_stream(self) -> std::os::unix::net::UnixStream {
        self.stream.into_std().unwrap()
    }

    /// As [`Program::bytes`], to a daemon that may have hung up.
    pub(super) async fn bytes_if_heard(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next message; `None` when the daemon hung up.
    pub(super) async fn hear(&mut self) -> Option<from_daemon::What> {
        let mut chunk = [0; 4096];
        loop {
            if let Some(content) = self.decoder.take().unwrap() {
                let message: proto::FromDaemon = frame::decode(content).unwrap();
                return Some(message.what.unwrap());
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut chunk)).await;
            match read.expect("the daemon says something in time") {
                Ok(0) => return None,
                Ok(size) => self.decoder.push(chunk.get(..size).unwrap()),
                // What the daemon left unread makes the end of the stream a reset.
                Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(why) => panic!("{why}"),
            }
        }
    }

    pub(super) async fn reply(&mut self) -> proto::Reply {
        match self.hear().await {
            Some(from_daemon::What::Reply(reply)) => reply,
            other => panic!("expected a reply, heard {other:?}"),
        }
    }

    /// Expects to be refused for this reason and returns the text.
    pub(super) async fn refusal(&mut self, reason: Reason) -> String {
        match self.reply().await.what {
            Some(reply::What::Refused(refused)) if refused.reason() == reason => refused.text,
            other => panic!("expected {reason:?}, heard {other:?}"),
        }
    }

    /// Expects that the daemon hangs up, whatever it says before.
    pub(super) async fn ends(&mut self) {
        while self.hear().await.is_some() {}
    }
}

pub(super) async fn next(ipc: &mut Ipc) -> Incoming {
    tokio::time::timeout(PATIENCE, ipc.next()).await.expect("something comes in time")
}

/// The command that comes next and its request.
pub(crate) async fn command(ipc: &mut Ipc) -> (RequestId, Command) {
    let incoming = next(ipc).await;
    let Incoming::Command { request, command } = incoming else { panic!("{incoming:?}") };
    (request, command)
}

pub(super) fn status() -> Status {
    let me = NodeId::new(1).unwrap();
    Status {
        cluster: "iscsicluster".to_owned(),
        cluster_id: 46516,
        config_version: 5,
        me: Node {
            id: me,
            name: "iscsi1".to_owned(),
            state: NodeState::Member,
            incarnation: 4,
            joined: Some(totem::Instant::from_nanos(2_500_000_000)),
            votes: 1,
            expected: 1,
            addresses: vec!["192.168.10.11".parse().unwrap()],
            departure: None,
        },
        generation: 8,
        ring_members: BTreeSet::from([me]),
        phase: "operational",
        synchronized: true,
        members: 1,
        verdict: verdict(),
        two_node: true,
        shutdown: false,
        disallowed: true,
        disallowed_nodes: vec!["iscsi3".to_owned()],
        has_state: true,
        ports: vec![11, 177],
        stats: totem::Stats { rings: 3, ..totem::Stats::default() },
        pace: pace(),
    }
}

const fn pace() -> totem::Pace {
    totem::Pace {
        rotation: Duration::from_micros(150),
        retransmit: Duration::from_millis(2),
        token: Duration::from_secs(10),
        consensus: Duration::from_secs(2),
        hold: Duration::from_millis(50),
        round: Duration::from_micros(100),
        window: 320,
        per_turn: 80,
        backlog: 0,
        most_backlog: 1 << 20,
    }
}

pub(super) fn verdict() -> Verdict {
    let vote = Votes::new(1);
    let device = Votes::ZERO;
    let (present, needed, expected) = (vote, vote, vote);
    Verdict { quorate: true, present, needed, expected, device, why: Why::TwoNode }
}

#[tokio::test]
async fn lone_program_asks_for_status_and_is_the_one_subsystem() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.ask(7, request::What::Status(proto::GetStatus {})).await;
    let (request, asked) = command(&mut ipc).await;
    assert_eq!(asked, Command::Status);
    ipc.reply(request, &Reply::Status(Box::new(status())));
    let reply = program.reply().await;
    assert_eq!(reply.id, 7);
    let Some(reply::What::Status(told)) = reply.what else { panic!("{reply:?}") };
    assert_eq!(told.subsystems, 1);
    assert_eq!(told.cluster, "iscsicluster");
    assert_eq!(told.multicast_addresses, ["239.192.181.106"]);
    assert_eq!(told.me.unwrap().joined, Some(1_002), "seconds at the origin and 2.5 after it");
}

#[tokio::test]
async fn subsystems_are_counted_without_the_shell_being_asked() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut first = Program::greet(&dir.socket()).await;
    let second = Program::greet(&dir.socket()).await;
    let asked = async {
        first.ask(1, request::What::Subsystems(proto::GetSubsystems {})).await;
        let two = first.reply().await;
        drop(second);
        two
    };
    let (two, gone) = tokio::join!(asked, next(&mut ipc));
    let count = |reply: proto::Reply| match reply.what {
        Some(reply::What::Subsystems(told)) => told.count,
        other => panic!("{other:?}"),
    };
    assert_eq!(count(two), 2);
    assert!(matches!(gone, Incoming::Gone(_)), "the second hung up: {gone:?}");
    assert_eq!(ipc.sessions(), 1);
}

#[tokio::test]
async fn what_went_through_a_session_is_shown_until_it_is_over() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.ask(7, request::What::Status(proto::GetStatus {})).await;
    let (request, _) = command(&mut ipc).await;
    ipc.reply(request, &Reply::Done);
    ipc.notify(request.session, &Notice::ConfigUpdate { version: 6 });
    program.reply().await;
    program.hear().await.unwrap();
    let seen = Connection {
        session: SessionId(1),
        name: "test".to_owned(),
        pid: std::process::id(),
        requests: 2,
        responses: 2,
        dispatched: 1,
        queued: 0,
        held: false,
        holds: 0,
    };
    assert_eq!(ipc.connections(), Connections { active: vec![seen], closed: 0 });
    drop(program);
    next(&mut ipc).await;
    assert_eq!(ipc.connections(), Connections { active: Vec::new(), closed: 1 });
}

#[tokio::test]
async fn shell_hears_once_that_a_session_is_gone() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    drop(Program::greet(&dir.socket()).await);
    drop(Program::greet(&dir.socket()).await);
    let gone = [next(&mut ipc).await, next(&mut ipc).await];
    assert_eq!(gone, [Incoming::Gone(SessionId(1)), Incoming::Gone(SessionId(2))]);
    assert_eq!(ipc.sessions(), 0);
}

#[tokio::test]
async fn notices_come_in_their_order_and_before_a_later_reply() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.ask(3, request::What::Watch(proto::Watch { on: true, may_object: false })).await;
    let (request, asked) = command(&mut ipc).await;
    assert_eq!(asked, Command::Watch { on: true, objects: false });
    for from in [1, 2] {
        ipc.notify(request.session, &message(from, Bytes::from_static(b"hello")));
    }
    ipc.reply(request, &Reply::Done);
    for from in [1, 2] {
        let heard = program.hear().await;
        let Some(from_daemon::What::Notice(proto::Notice { what })) = heard else {
            panic!("{heard:?}");
        };
        let Some(notice::What::Message(message)) = what else { panic!("{what:?}") };
        assert_eq!((message.from, &message.payload[..]), (from, &b"hello"[..]));
    }
    assert_eq!(program.reply().await.what, Some(reply::What::Done(proto::Done {})));
}

fn message(from: u32, payload: Bytes) -> Notice {
    let from = NodeId::new(from).unwrap();
    Notice::Message { from, guarantee: totem::Guarantee::Agreed, payload }
}

#[tokio::test]
async fn program_that_does_not_read_is_cut_off_and_no_other_notices() {
    let dir = Dir::new();
    let mut settings = settings(&dir);
    settings.limits.queued_bytes = 256 << 10;
    let mut ipc = Ipc::listen(settings).unwrap();
    let mut deaf = Program::greet(&dir.socket()).await;
    let mut other = Program::greet(&dir.socket()).await;
    deaf.ask(1, request::What::Attach(proto::Attach {})).await;
    let (request, _) = command(&mut ipc).await;
    ipc.reply(request, &Reply::Done);
    let payload = Bytes::from(vec![7; 16 << 10]);
    let mut told = 0;
    while ipc.sessions() == 2 {
        ipc.notify(request.session, &message(1, payload.clone()));
        told += 1;
        assert!(told < 10_000, "the queue has a bound");
        tokio::task::yield_now().await;
    }
    assert_eq!(next(&mut ipc).await, Incoming::Gone(request.session));
    deaf.ends().await;
    other.ask(2, request::What::Ping(proto::Ping {})).await;
    assert_eq!(other.reply().await.what, Some(reply::What::Pong(proto::Pong {})));
}

mod behind;

#[tokio::test]
async fn last_reply_leaves_before_the_daemon_ends() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.ask(9, request::What::Leave(proto::Leave { remove: true, force: false })).await;
    let (request, _) = command(&mut ipc).await;
    ipc.reply(request, &Reply::Done);
    ipc.close(PATIENCE).await;
    assert_eq!(program.reply().await.what, Some(reply::What::Done(proto::Done {})));
    assert_eq!(program.hear().await, None);
    assert!(!dir.socket().exists(), "the socket goes with the daemon");
}

#[tokio::test]
async fn end_does_not_wait_for_a_program_that_does_not_read() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut deaf = Program::greet(&dir.socket()).await;
    deaf.ask(1, request::What::Attach(proto::Attach {})).await;
    let (request, _) = command(&mut ipc).await;
    for _ in 0..7 {
        ipc.notify(request.session, &message(1, Bytes::from(vec![7; 1 << 20])));
    }
    tokio::time::timeout(PATIENCE, ipc.close(Duration::from_millis(20))).await.unwrap();
}

mod listening;

#[tokio::test]
async fn who_is_admitted_is_permitted_from_the_next_connection_on() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(Settings { policy: Policy::nobody(), ..settings(&dir) }).unwrap();
    let permitted = async || {
        let mut program = Program::connect(&dir.socket()).await;
        let hello = proto::Hello { version: session::VERSION, name: "test".to_owned() };
        program.ask(0, request::What::Hello(hello)).await;
        let reply = program.reply().await;
        let Some(reply::What::Welcome(welcome)) = reply.what else { panic!("{reply:?}") };
        welcome.permitted
    };
    assert!(!permitted().await);
    let groups = [nix::unistd::getegid().as_raw()].into();
    ipc.admit(&Admitted { users: BTreeSet::new(), groups });
    assert!(permitted().await);
    ipc.admit(&Admitted::default());
    assert!(!permitted().await);
}
