//! The one place that names both languages: what programs say, and what the stack understands.
//!
//! Must never decide anything: every function is total and holds no state, and every struct of the
//! stack is taken apart field by field, so that what is added there cannot be forgotten here.

mod groups;
mod managers;
mod map;
mod ports;
mod tree;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use client::proto::{self, NodeState as State, Reason, reply, request};
use confdb::diff::Difference;
use quorum::{DeviceRefused, Step, Verdict, Votes};
use totem::{Configuration, Evidence, Guarantee, Instant, Kind, NodeId, NodeSet};

pub(super) use self::groups::said;
use super::session::{Key, VERSION};
use crate::stack::command::{
    Command, DeviceCommand, GroupCommand, Leave, ManageCommand, PortCommand, VoteCommand, Wanted,
};
use crate::stack::effect::{
    Departure, Device, KillReason, Node, NodeState, NotReloaded, Notice, Refusal, Reloaded, Reply,
    Running, Status, Trial,
};
use crate::stack::map::statistics;

/// Steps of one question that are taken.
const MOST_STEPS: usize = 64;

/// What replies say that the stack does not know.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Surroundings {
    /// Multicast or broadcast addresses in use, one per network.
    pub multicast: Vec<IpAddr>,
    /// Wall-clock time at `totem::Instant::ORIGIN`, since 1970-01-01 UTC.
    pub at_origin: Duration,
    /// Why this node goes by its copy of the directory's configuration, if it does.
    pub copy: Option<String>,
    /// Values that do not come from the configuration that all nodes share.
    pub origins: Vec<Origin>,
}

/// A value that one host has for itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Where it would stand in the configuration that all nodes share.
    pub path: String,
    /// What it is.
    pub value: String,
    /// Where it was said.
    pub from: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, value, from } = self;
        write!(f, "{from}: {path} is {value:?} on this host")
    }
}

/// What a program asks, sorted by who answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ask {
    /// The session: hello.
    Hello,
    /// The session: is somebody there?
    Ping,
    /// The sessions together: how many are you?
    Subsystems,
    /// The shell: open the files of the log again.
    ReopenLogs,
    /// The sessions together: carry the notices of the one with this key.
    Listen(Bytes),
    /// The stack.
    Command(Command),
}

/// A request has a value that means nothing; the text names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unreadable(pub(super) String);

/// A request as the daemon understands it.
pub(super) fn request(what: request::What) -> Result<Ask, Unreadable> {
    Ok(Ask::Command(match what {
        request::What::Hello(proto::Hello { version: _, name: _ }) => return Ok(Ask::Hello),
        request::What::Ping(proto::Ping {}) => return Ok(Ask::Ping),
        request::What::Subsystems(proto::GetSubsystems {}) => return Ok(Ask::Subsystems),
        request::What::ReopenLogs(proto::ReopenLogs {}) => return Ok(Ask::ReopenLogs),
        request::What::Listen(proto::Listen { key }) => return Ok(Ask::Listen(key)),
        request::What::Status(proto::GetStatus {}) => Command::Status,
        request::What::Nodes(proto::GetNodes {}) => Command::Nodes,
        request::What::Watch(proto::Watch { on, may_object }) => {
            Command::Watch { on, objects: may_object }
        }
        request::What::Leave(proto::Leave { remove, force }) => {
            Command::Leave(Leave { remove, force })
        }
        request::What::Configuration(proto::GetConfiguration {}) => Command::Configuration,
        request::What::Reload(proto::Reload { least, dry_run }) => {
            Command::Reload(Wanted { least, dry_run })
        }
        request::What::Kill(proto::Kill { node }) => Command::Kill(node_id(node)?),
        request::What::ShutdownReply(proto::ShutdownReply { agree }) => Command::Agree(agree),
        request::What::SetDirty(proto::SetDirty {}) => Command::SetDirty,
        request::What::SetDebug(proto::SetDebug { on }) => Command::Debug(on),
        request::What::Attach(proto::Attach {}) => Command::Attach,
        request::What::Multicast(proto::Multicast { guarantee, payload }) => {
            Command::Multicast { guarantee: wanted(guarantee)?, payload }
        }
        request::What::SetExpected(set) => set_expected(set),
        request::What::SetVotes(set) => set_votes(set)?,
        request::What::SetDeviceVotes(set) => device_votes(set),
        request::What::RegisterDevice(register) => register_device(register),
        request::What::PollDevice(poll) => managers::poll(poll),
        request::What::UpdateDevice(update) => update_device(update),
        request::What::UnregisterDevice(_) => device(DeviceCommand::Unregister),
        request::What::Map(request) => Command::Map(map::request(request)?),
        request::What::Tree(request) => Command::Tree(tree::request(request)?),
        request::What::OpenPort(asked) => ports::open(&asked)?,
        request::What::ClosePort(proto::ClosePort {}) => Command::Port(PortCommand::StopListening),
        request::What::SendData(asked) => ports::send(asked)?,
        request::What::IsListening(asked) => ports::is_listening(&asked)?,
        request::What::Barrier(asked) => ports::barrier(asked)?,
        request::What::Device(proto::GetDevice {}) => Command::Vote(VoteCommand::ShowDevice),
        request::What::WhatIf(proto::WhatIf { steps }) => what_if(&steps)?,
        request::What::JoinGroup(join) => groups::join(join)?,
        request::What::LeaveGroup(proto::LeaveGroup {}) => Command::Group(GroupCommand::Leave),
        request::What::GroupMulticast(multicast) => groups::multicast(multicast)?,
        request::What::GroupMembers(of) => groups::members_of(of),
        request::What::Groups(get) => groups::all(get),
        request::What::WatchRing(watch) => groups::watch(watch),
        request::What::Track(track) => managers::track(track)?,
        request::What::Question(question) => managers::question(question),
        request::What::Counting(_) => Command::Manage(ManageCommand::Counting),
        request::What::Stop(_) => Command::Manage(ManageCommand::Stop),
    }))
}

fn wanted(guarantee: i32) -> Result<Guarantee, Unreadable> {
    match proto::Guarantee::try_from(guarantee) {
        Ok(proto::Guarantee::Agreed) => Ok(Guarantee::Agreed),
        Ok(proto::Guarantee::Safe) => Ok(Guarantee::Safe),
        Err(_) => Err(Unreadable(format!("no guarantee has number {guarantee}"))),
    }
}

const fn device_votes(set: proto::SetDeviceVotes) -> Command {
    Command::Vote(VoteCommand::DeviceVotes(Votes::new(set.votes)))
}

fn set_votes(set: proto::SetVotes) -> Result<Command, Unreadable> {
    let (node, votes) = (node_id(set.node)?, Votes::new(set.votes));
    Ok(Command::Vote(VoteCommand::Votes { node, votes }))
}

fn what_if(steps: &[proto::Step]) -> Result<Command, Unreadable> {
    if steps.len() > MOST_STEPS {
        let text = format!("{} steps, at most {MOST_STEPS} are taken", steps.len());
        return Err(Unreadable(text));
    }
    let steps = steps.iter().map(step).collect::<Result<_, _>>()?;
    Ok(Command::Vote(VoteCommand::WhatIf(steps)))
}

const fn set_expected(set: proto::SetExpected) -> Command {
    Command::Vote(VoteCommand::Expected(Votes::new(set.votes)))
}

const fn device(command: DeviceCommand) -> Command {
    Command::Vote(VoteCommand::Device(command))
}

fn register_device(register: proto::RegisterDevice) -> Command {
    let proto::RegisterDevice { name, votes } = register;
    device(DeviceCommand::Register { name, votes: Votes::new(votes) })
}

fn update_device(update: proto::UpdateDevice) -> Command {
    let proto::UpdateDevice { name, votes } = update;
    device(DeviceCommand::Update { name, votes: Votes::new(votes) })
}

fn node_id(id: u32) -> Result<NodeId, Unreadable> {
    NodeId::new(id).ok_or_else(|| Unreadable("no node has id 0".to_owned()))
}

fn step(step: &proto::Step) -> Result<Step, Unreadable> {
    let proto::Step { kind, nodes, votes } = step;
    let ids = || nodes.iter().map(|&id| node_id(id)).collect::<Result<NodeSet, _>>();
    let votes = Votes::new(*votes);
    Ok(match proto::StepKind::try_from(*kind) {
        Ok(proto::StepKind::Fail) => Step::Fail(ids()?),
        Ok(proto::StepKind::Leave) => Step::Leave(ids()?),
        Ok(proto::StepKind::Join) => Step::Join(ids()?),
        Ok(proto::StepKind::Votes) => match nodes.as_slice() {
            &[node] => Step::Votes { node: node_id(node)?, votes },
            _ => return Err(Unreadable(format!("votes of {} nodes at once", nodes.len()))),
        },
        Ok(proto::StepKind::Expected) => Step::Expected(votes),
        Ok(proto::StepKind::Unspecified) | Err(_) => {
            return Err(Unreadable(format!("no kind of step has number {kind}")));
        }
    })
}

/// The refusal of a request whose kind this daemon does not know.
pub(super) fn unknown_request(field: Option<u32>) -> reply::What {
    let text = match field {
        Some(field) => format!("version {VERSION} knows no request {field}"),
        None => "the request asks nothing".to_owned(),
    };
    refused(Reason::UnknownRequest, text)
}

/// The answer to hello.
pub(super) fn welcome(permitted: bool, key: Key, frame: usize, reply: usize) -> reply::What {
    reply::What::Welcome(proto::Welcome {
        version: VERSION,
        daemon: env!("CARGO_PKG_VERSION").to_owned(),
        max_frame: narrow(frame),
        max_reply: narrow(reply),
        permitted,
        key: Bytes::copy_from_slice(&key),
    })
}

/// How many sessions there are.
pub(super) fn subsystems(sessions: usize) -> reply::What {
    reply::What::Subsystems(proto::Subsystems { count: narrow(sessions) })
}

/// An answer of the stack.
pub(super) fn reply(reply: &Reply, around: &Surroundings, sessions: usize) -> reply::What {
    match reply {
        Reply::Done => reply::What::Done(proto::Done {}),
        Reply::Refused(refusal) => refused_by_stack(refusal),
        Reply::Status(status) => {
            reply::What::Status(Box::new(self::status(status, around, sessions)))
        }
        Reply::Running(running) => self::running(running),
        Reply::Reload(result) => reloaded(result),
        Reply::Nodes(nodes) => reply::What::Nodes(proto::Nodes {
            nodes: nodes.iter().map(|node| self::node(node, around)).collect(),
        }),
        Reply::Device(device) => {
            let device = device.as_ref().map(|device| quorum_device(device, around));
            reply::What::Devices(proto::Devices { device })
        }
        Reply::WhatIf(trial) => reply::What::Trial(self::trial(trial)),
        Reply::JoinedGroup(prefix) => groups::joined(prefix),
        Reply::GroupMembers(members) => groups::group_members(members),
        Reply::Groups(list) => groups::list(list),
        Reply::Map(result) => map::reply(result),
        Reply::Objects(result) => tree::reply(result),
        Reply::Listening(on) => reply::What::Listening(proto::Listening { on: *on }),
        Reply::Counting(counting) => managers::counting(counting),
    }
}

/// A notice of the stack.
pub(super) fn notice(notice: &Notice) -> proto::notice::What {
    use proto::notice::What;
    match notice {
        Notice::Membership { ring, members, joined, left } => What::Membership(proto::Membership {
            generation: ring.seq.get(),
            representative: ring.representative.get(),
            members: ids(members),
            joined: ids(joined),
            left: ids(left),
        }),
        Notice::Quorum(verdict) => What::Quorum(quorum(verdict)),
        Notice::State { node, state } => What::StateChange(proto::StateChange {
            node: node.get(),
            state: self::state(*state).into(),
        }),
        Notice::TryShutdown(Leave { remove, force }) => {
            What::TryShutdown(proto::TryShutdown { remove: *remove, force: *force })
        }
        Notice::ConfigUpdate { version } => {
            What::ConfigUpdate(proto::ConfigUpdate { version: *version })
        }
        Notice::Configuration(configuration) => {
            What::Configuration(self::configuration(configuration))
        }
        Notice::Data { from, from_port, payload } => What::Data(proto::Data {
            from: from.get(),
            port: (*from_port).into(),
            payload: payload.clone(),
        }),
        Notice::Port { node, port, open } => What::PortChange(proto::PortChange {
            node: node.get(),
            port: (*port).into(),
            open: *open,
        }),
        Notice::Message { from, guarantee, payload } => What::Message(proto::Message {
            from: from.get(),
            guarantee: self::guarantee(*guarantee).into(),
            payload: payload.clone(),
        }),
        Notice::Group(told) => groups::told(told),
        Notice::Key(change) => What::MapChange(map::change(change)),
        Notice::View(view) => managers::view(view),
        Notice::Object(change) => What::TreeChange(tree::change(change)),
    }
}

fn status(status: &Status, around: &Surroundings, sessions: usize) -> proto::Status {
    let Status {
        cluster,
        cluster_id,
        config_version,
        me,
        generation,
        ring_members,
        phase,
        synchronized,
        members,
        verdict,
        two_node,
        shutdown,
        disallowed,
        disallowed_nodes,
        has_state,
        ports,
        stats,
        pace,
    } = status;
    proto::Status {
        cluster: cluster.clone(),
        cluster_id: (*cluster_id).into(),
        config_version: *config_version,
        me: Some(node(me, around)),
        generation: *generation,
        ring_members: ids(ring_members),
        phase: (*phase).to_owned(),
        synchronized: *synchronized,
        members: narrow(*members),
        quorum: Some(quorum(verdict)),
        two_node: *two_node,
        subsystems: narrow(sessions),
        multicast_addresses: around.multicast.iter().map(IpAddr::to_string).collect(),
        counters: counters(stats, pace),
        shutdown: *shutdown,
        disallowed: *disallowed,
        disallowed_nodes: disallowed_nodes.clone(),
        has_state: *has_state,
        ports: ports.iter().map(|port| u32::from(*port)).collect(),
        copy: around.copy.clone().unwrap_or_default(),
        origins: around.origins.iter().map(origin).collect(),
    }
}

fn origin(origin: &Origin) -> proto::Origin {
    let Origin { path, value, from } = origin.clone();
    proto::Origin { path, value, from }
}

fn node(node: &Node, around: &Surroundings) -> proto::Node {
    let Node { id, name, state, incarnation, joined, votes, expected, addresses, departure } = node;
    proto::Node {
        id: id.get(),
        name: name.clone(),
        state: self::state(*state).into(),
        incarnation: *incarnation,
        joined: joined.map(|at| unix_seconds(at, around.at_origin)),
        votes: *votes,
        expected: *expected,
        addresses: addresses.iter().map(IpAddr::to_string).collect(),
        departure: departure.map(|departure| self::departure(departure).into()),
    }
}

fn unix_seconds(at: Instant, at_origin: Duration) -> i64 {
    let since = at_origin.saturating_add(at.since(Instant::ORIGIN));
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn state(state: NodeState) -> State {
    match state {
        NodeState::Joining => State::Joining,
        NodeState::Member => State::Member,
        NodeState::Leaving => State::Leaving,
        NodeState::Dead => State::Dead,
        NodeState::Disallowed => State::Disallowed,
    }
}

fn departure(departure: Departure) -> proto::Departure {
    match departure {
        Departure::Found(Evidence::Left) => proto::Departure::Left,
        Departure::Found(Evidence::Refused) => proto::Departure::Refused,
        Departure::Found(Evidence::Restarted) => proto::Departure::Restarted,
        Departure::Found(Evidence::Deaf) => proto::Departure::Deaf,
        Departure::Found(Evidence::Silent) => proto::Departure::Silent,
        Departure::Found(Evidence::Unreachable) => proto::Departure::Unreachable,
        Departure::Killed(KillReason::Rejoined) => proto::Departure::Rejoined,
        Departure::Killed(KillReason::Rejected | KillReason::Operator | KillReason::Other(_)) => {
            proto::Departure::Killed
        }
    }
}

fn guarantee(guarantee: Guarantee) -> proto::Guarantee {
    match guarantee {
        Guarantee::Agreed => proto::Guarantee::Agreed,
        Guarantee::Safe => proto::Guarantee::Safe,
    }
}

fn configuration(configuration: &Configuration) -> proto::Configuration {
    // Why the ring changed is the log's; where it came from follows from what was told before.
    let Configuration { kind, ring, previous: _, members, joined, left, change: _ } = configuration;
    proto::Configuration {
        transitional: match kind {
            Kind::Transitional => true,
            Kind::Regular => false,
        },
        generation: ring.seq.get(),
        representative: ring.representative.get(),
        members: ids(members),
        joined: ids(joined),
        left: ids(left),
    }
}

fn quorum(verdict: &Verdict) -> proto::Quorum {
    let Verdict { quorate, present, needed, expected, device, why } = verdict;
    proto::Quorum {
        quorate: *quorate,
        present: present.get(),
        needed: needed.get(),
        expected: expected.get(),
        why: why.to_string(),
        device: device.get(),
    }
}

fn quorum_device(device: &Device, around: &Surroundings) -> proto::Device {
    let Device { name, votes, alive_since } = device;
    proto::Device {
        name: name.clone(),
        votes: *votes,
        alive_since: alive_since.map(|at| unix_seconds(at, around.at_origin)),
    }
}

fn trial(trial: &Trial) -> proto::Trial {
    let Trial { outlook: quorum::Outlook { now, each, any }, verdicts } = trial;
    let alone = |(node, verdict): &(NodeId, Verdict)| proto::Alone {
        node: node.get(),
        quorum: Some(quorum(verdict)),
    };
    proto::Trial {
        now: Some(quorum(now)),
        each: each.iter().map(alone).collect(),
        any: narrow(*any),
        steps: verdicts.iter().map(quorum).collect(),
    }
}

fn refused_by_stack(refusal: &Refusal) -> reply::What {
    match refusal {
        Refusal::TryAgain => {
            refused(Reason::TryAgain, "no room for the message: try again".to_owned())
        }
        Refusal::TooLarge { size, most } => refused(
            Reason::TooLarge,
            format!("message of {size} bytes, at most {most} are possible"),
        ),
        Refusal::Leaving => refused(Reason::Leaving, "this node is leaving".to_owned()),
        Refusal::AlreadyMember => groups::already_member(),
        Refusal::NotInGroup => groups::not_in_group(),
        Refusal::TooManyMembers(most) => groups::too_many(*most),
        Refusal::NotItsOwn => groups::not_its_own(),
        Refusal::Interrupted => groups::interrupted(),
        Refusal::OtherRing(ring) => refused(Reason::OtherRing, managers::other_ring(ring)),
        Refusal::Busy => refused(Reason::Busy, "a program objects".to_owned()),
        Refusal::Already => {
            let text = "programs are being asked already whether this node may leave";
            refused(Reason::Already, text.to_owned())
        }
        Refusal::UnknownNode(node) => {
            refused(Reason::UnknownNode, format!("there is no node {node}"))
        }
        Refusal::NotThere(node) => {
            refused(Reason::NotThere, format!("node {node} is not in the cluster"))
        }
        Refusal::Disallowed => {
            let text = "nodes are kept out with their state: votes cannot be set meanwhile";
            refused(Reason::Invalid, text.to_owned())
        }
        Refusal::Votes(why) => refused(votes_reason(why), why.to_string()),
        Refusal::Device(why) => refused(device_reason(why), why.to_string()),
        Refusal::Port(why) => refused(ports::reason(why), why.to_string()),
        Refusal::Step { step, why } => {
            refused(votes_reason(why), format!("step {}: {why}", step + 1))
        }
    }
}

const fn votes_reason(why: &quorum::Refused) -> Reason {
    match why {
        quorum::Refused::NotMember => Reason::NotMember,
        quorum::Refused::Unknown(_) => Reason::NoSuchNode,
        quorum::Refused::Zero
        | quorum::Refused::Present(_)
        | quorum::Refused::Absent(_)
        | quorum::Refused::TooFew { .. }
        | quorum::Refused::TooMany { .. } => Reason::Invalid,
    }
}

const fn device_reason(why: &DeviceRefused) -> Reason {
    match why {
        DeviceRefused::NotMember => Reason::NotMember,
        DeviceRefused::Other | DeviceRefused::InUse => Reason::DeviceBusy,
        DeviceRefused::NameOfNode => Reason::NameTaken,
        DeviceRefused::Name { .. } | DeviceRefused::None | DeviceRefused::Rules => Reason::Invalid,
    }
}

fn running(running: &Running) -> reply::What {
    let Running { version, text, node, cluster_id } = running;
    reply::What::Running(proto::Running {
        version: *version,
        text: text.to_vec().into(),
        node: node.clone(),
        cluster_id: (*cluster_id).into(),
    })
}

fn reloaded(result: &Result<Reloaded, NotReloaded>) -> reply::What {
    match result {
        Ok(Reloaded { version, warnings, unwritten, difference }) => {
            let told = |difference: &Difference| proto::Difference {
                text: difference.to_string(),
                json: serde_json::to_string(difference).unwrap_or_default(),
            };
            reply::What::Reloaded(proto::Reloaded {
                version: *version,
                warnings: warnings.clone(),
                unwritten: unwritten.clone().unwrap_or_default(),
                difference: difference.as_deref().map(told),
            })
        }
        Err(why) => refused(reloaded_reason(why), why.to_string()),
    }
}

const fn reloaded_reason(why: &NotReloaded) -> Reason {
    match why {
        NotReloaded::Unreadable(_) | NotReloaded::Invalid(_) | NotReloaded::Size(_) => {
            Reason::InvalidConfiguration
        }
        NotReloaded::NotNewer { .. } => Reason::NotNewer,
        NotReloaded::Busy { .. } => Reason::TryAgain,
        NotReloaded::NotYet { .. }
        | NotReloaded::Restart(_)
        | NotReloaded::NotQuorate
        | NotReloaded::NotCurrent
        | NotReloaded::Contradicts(_)
        | NotReloaded::Refused { .. }
        | NotReloaded::Interrupted
        | NotReloaded::Undecided => Reason::NotReloaded,
    }
}

pub(super) fn refused(reason: Reason, text: String) -> reply::What {
    reply::What::Refused(proto::Refused { reason: reason.into(), text })
}

fn ids(nodes: &NodeSet) -> Vec<u32> {
    nodes.iter().copied().map(NodeId::get).collect()
}

/// Counts and sizes here are far below the limit; a larger one says "very many".
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn counters(stats: &totem::Stats, pace: &totem::Pace) -> Vec<proto::Counter> {
    let counter = |(name, value): (&str, u64)| proto::Counter { name: name.to_owned(), value };
    statistics::counters(stats).into_iter().chain(statistics::gauges(pace)).map(counter).collect()
}

#[cfg(test)]
mod tests;
