//! A daemon that shows what it is told to show, over a real socket in real frames.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use client::frame::{self, Decoder};
use client::proto::{self, NodeState, Reason, from_daemon, notice, reply, request};

/// What the daemon shows.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) status: proto::Status,
    pub(crate) nodes: Vec<proto::Node>,
    /// What the status becomes after it was asked for, one by one, each with a notice.
    pub(crate) changes: VecDeque<proto::Status>,
    /// The quorum device.
    pub(crate) device: Option<proto::Device>,
    /// What setting votes is refused with.
    pub(crate) refuses: Option<Reason>,
    /// What was set: the node or 0, and the votes.
    pub(crate) set: Vec<(u32, u32)>,
    /// What would happen.
    pub(crate) trial: proto::Trial,
    /// The steps that were asked for.
    pub(crate) steps: Vec<proto::Step>,
    /// How often leaving is refused before it is done.
    pub(crate) busy: u32,
    /// How `Reload` is answered.
    pub(crate) reloaded: Option<reply::What>,
    /// The last `Reload`.
    pub(crate) asked: Option<proto::Reload>,
    /// The text that it goes by; none of those without permission.
    pub(crate) text: Option<String>,
    /// How it was left: remove, force.
    pub(crate) left: Option<(bool, bool)>,
    /// Who was killed.
    pub(crate) killed: Vec<u32>,
    /// It logs everything, if it was asked to.
    pub(crate) debug: Option<bool>,
}

impl World {
    pub(crate) fn new(me: &str) -> Self {
        let me = node(1, me, Some((4, 0)));
        let quorum = proto::Quorum {
            quorate: true,
            present: 1,
            needed: 1,
            expected: 1,
            why: "two-node".to_owned(),
            device: 0,
        };
        Self {
            status: proto::Status {
                cluster: "iscsicluster".to_owned(),
                cluster_id: 46516,
                config_version: 5,
                me: Some(me.clone()),
                generation: 4,
                ring_members: vec![1],
                phase: "operational".to_owned(),
                synchronized: true,
                members: 1,
                quorum: Some(quorum),
                two_node: true,
                subsystems: 1,
                multicast_addresses: vec!["239.192.181.106".to_owned()],
                counters: vec![],
                shutdown: false,
                disallowed: false,
                disallowed_nodes: vec![],
                has_state: false,
                ports: Vec::new(),
                copy: String::new(),
                origins: vec![],
            },
            nodes: vec![me],
            changes: VecDeque::new(),
            device: None,
            refuses: None,
            set: Vec::new(),
            trial: proto::Trial::default(),
            steps: Vec::new(),
            busy: 0,
            reloaded: None,
            asked: None,
            text: None,
            left: None,
            killed: Vec::new(),
            debug: None,
        }
    }
}

impl World {
    fn reload(&mut self, asked: proto::Reload) -> reply::What {
        self.asked = Some(asked);
        self.reloaded.clone().expect("the test says how")
    }

    /// The status, and the verdict of the next one, which is shown from then on.
    fn show(&mut self) -> (reply::What, Option<proto::Quorum>) {
        let shown = reply::What::Status(Box::new(self.status.clone()));
        let Some(next) = self.changes.pop_front() else { return (shown, None) };
        self.status = next;
        (shown, self.status.quorum.clone())
    }

    fn leave(&mut self, leave: &proto::Leave) -> reply::What {
        if self.busy > 0 {
            self.busy -= 1;
            let reason = Reason::Busy.into();
            return reply::What::Refused(proto::Refused { reason, text: "busy".to_owned() });
        }
        self.left = Some((leave.remove, leave.force));
        reply::What::Done(proto::Done {})
    }

    fn set_debug(&mut self, on: bool) -> reply::What {
        self.debug = Some(on);
        reply::What::Done(proto::Done {})
    }

    fn configuration(&self) -> reply::What {
        let Some(text) = &self.text else {
            let (reason, text) = (Reason::Permission.into(), "only root may".to_owned());
            return reply::What::Refused(proto::Refused { reason, text });
        };
        reply::What::Running(proto::Running {
            version: self.status.config_version,
            text: text.clone().into(),
            node: self.status.me.as_ref().unwrap().name.clone(),
            cluster_id: self.status.cluster_id,
        })
    }

    fn kill(&mut self, node: u32) -> reply::What {
        let row = self.nodes.iter().find(|row| row.id == node).unwrap();
        if row.state() == NodeState::Member {
            self.killed.push(node);
            return reply::What::Done(proto::Done {});
        }
        let reason = Reason::NotThere.into();
        reply::What::Refused(proto::Refused { reason, text: "gone".to_owned() })
    }

    fn device(&self) -> reply::What {
        reply::What::Devices(proto::Devices { device: self.device.clone() })
    }

    fn what_if(&mut self, steps: &[proto::Step]) -> reply::What {
        self.steps = steps.to_vec();
        reply::What::Trial(self.trial.clone())
    }

    fn set(&mut self, node: u32, votes: u32) -> reply::What {
        if let Some(reason) = self.refuses {
            let (reason, text) = (reason.into(), "cannot be".to_owned());
            return reply::What::Refused(proto::Refused { reason, text });
        }
        self.set.push((node, votes));
        reply::What::Done(proto::Done {})
    }
}

/// A node; a member since the given incarnation and moment, else dead.
pub(crate) fn node(id: u32, name: &str, member: Option<(u64, i64)>) -> proto::Node {
    let state = if member.is_some() { NodeState::Member } else { NodeState::Dead };
    proto::Node {
        id,
        name: name.to_owned(),
        state: state.into(),
        incarnation: member.map_or(0, |(incarnation, _)| incarnation),
        joined: member.map(|(_, joined)| joined),
        votes: 1,
        expected: 1,
        addresses: vec![format!("192.168.10.{}", 10 + id)],
        departure: None,
    }
}

/// The daemon; ends with the test.
pub(crate) struct Daemon {
    socket: PathBuf,
    world: Arc<Mutex<World>>,
}

impl Daemon {
    pub(crate) fn start(world: World) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cman-tool-{}-{number}.sock", std::process::id());
        let socket = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let world = Arc::new(Mutex::new(world));
        let shown = Arc::clone(&world);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if Session::new(stream.unwrap(), &shown).run() {
                    break;
                }
            }
        });
        Self { socket, world }
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        std::fs::remove_file(&self.socket).unwrap();
    }
}

struct Session<'a> {
    stream: UnixStream,
    world: &'a Mutex<World>,
}

impl<'a> Session<'a> {
    fn new(stream: UnixStream, world: &'a Mutex<World>) -> Self {
        Self { stream, world }
    }

    /// True when the daemon ends with this session.
    fn run(mut self) -> bool {
        let mut decoder = Decoder::new(frame::MAX_FRAME);
        let mut chunk = [0; 4096];
        loop {
            while let Some(content) = decoder.take().unwrap() {
                let request: proto::Request = frame::decode(content).unwrap();
                self.answer(request.id, &request.what.unwrap());
                if self.world.lock().unwrap().left.is_some() {
                    return true;
                }
            }
            match self.stream.read(&mut chunk) {
                Ok(0) | Err(_) => return false,
                Ok(size) => decoder.push(&chunk[..size]),
            }
        }
    }

    fn answer(&mut self, id: u64, what: &request::What) {
        let mut world = self.world.lock().unwrap();
        let mut change = None;
        let what = match what {
            request::What::Hello(_) => welcome(),
            request::What::Status(_) => {
                let shown;
                (shown, change) = world.show();
                shown
            }
            request::What::Nodes(_) => {
                reply::What::Nodes(proto::Nodes { nodes: world.nodes.clone() })
            }
            request::What::Reload(asked) => world.reload(*asked),
            request::What::Configuration(_) => world.configuration(),
            request::What::Watch(_) => reply::What::Done(proto::Done {}),
            request::What::Leave(leave) => world.leave(leave),
            request::What::Kill(proto::Kill { node }) => world.kill(*node),
            request::What::SetDebug(proto::SetDebug { on }) => world.set_debug(*on),
            request::What::SetExpected(proto::SetExpected { votes }) => world.set(0, *votes),
            request::What::SetVotes(proto::SetVotes { node, votes }) => world.set(*node, *votes),
            request::What::Device(_) => world.device(),
            request::What::WhatIf(proto::WhatIf { steps }) => world.what_if(steps),
            request::What::RegisterDevice(_)
            | request::What::PollDevice(_)
            | request::What::UpdateDevice(_)
            | request::What::UnregisterDevice(_)
            | request::What::SetDeviceVotes(_)
            | request::What::Ping(_)
            | request::What::ShutdownReply(_)
            | request::What::SetDirty(_)
            | request::What::Attach(_)
            | request::What::Multicast(_)
            | request::What::Listen(_)
            | request::What::JoinGroup(_)
            | request::What::LeaveGroup(_)
            | request::What::GroupMulticast(_)
            | request::What::GroupMembers(_)
            | request::What::Groups(_)
            | request::What::WatchRing(_)
            | request::What::Map(_)
            | request::What::Tree(_)
            | request::What::OpenPort(_)
            | request::What::ClosePort(_)
            | request::What::SendData(_)
            | request::What::IsListening(_)
            | request::What::Barrier(_)
            | request::What::Track(_)
            | request::What::Question(_)
            | request::What::Counting(_)
            | request::What::Stop(_)
            | request::What::ReopenLogs(_)
            | request::What::Subsystems(_) => panic!("no tool asks {what:?}"),
        };
        drop(world);
        self.send(from_daemon::What::Reply(proto::Reply { id, what: Some(what) }));
        if let Some(quorum) = change {
            let what = Some(notice::What::Quorum(quorum));
            self.send(from_daemon::What::Notice(proto::Notice { what }));
        }
    }

    fn send(&mut self, what: from_daemon::What) {
        let message = proto::FromDaemon { what: Some(what) };
        let frame = frame::encode(&message, frame::MAX_FRAME).unwrap();
        // The tool may have ended already.
        let _ = self.stream.write_all(&frame);
    }
}

fn welcome() -> reply::What {
    let frame = u32::try_from(frame::MAX_FRAME).unwrap();
    reply::What::Welcome(proto::Welcome {
        version: 1,
        daemon: "fake".to_owned(),
        max_frame: frame,
        max_reply: frame,
        permitted: true,
        key: vec![7; 16].into(),
    })
}
