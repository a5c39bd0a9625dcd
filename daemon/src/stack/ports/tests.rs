use super::super::effect::Effect;
use super::*;

const ONE: SessionId = SessionId(1);
const OTHER: SessionId = SessionId(2);

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

/// Node 1 and what it wants done.
struct Desk {
    ports: Ports,
    outbox: Outbox,
}

impl Desk {
    fn new() -> Self {
        Self { ports: Ports::new(node(1)), outbox: Outbox::default() }
    }

    fn listen(&mut self, session: SessionId, port: u8) -> Result<(), PortRefused> {
        self.ports.listen(session, port, &mut self.outbox)
    }

    /// What this node says next.
    fn says(&mut self) -> Option<Message> {
        let pending = self.outbox.next_message(totem::Lane::Data)?;
        Some(Message::decode(pending.message.slice(2..)).expect("it was encoded"))
    }

    fn hear(&mut self, from: u32, message: &Message) -> Vec<(SessionId, Notice)> {
        let body = Bytes::from(message.encode()).slice(2..);
        let members = [1, 2, 3].map(node).into();
        let done = self.ports.on_message(node(from), body, Some(&members), &mut self.outbox);
        done.expect("it was encoded");
        self.told()
    }

    fn told(&mut self) -> Vec<(SessionId, Notice)> {
        let mut told = Vec::new();
        while let Some(effect) = self.outbox.poll() {
            let Effect::Notify { to, notice } = effect else { panic!("{effect:?}") };
            told.push((to, notice));
        }
        told
    }

    fn sync(&mut self, said: &[(u32, &[u8])]) -> Vec<(SessionId, Notice)> {
        let own = |ports: &[u8]| Own { open: ports.iter().copied().collect(), arrived: vec![] };
        let chunk = |&(id, ports): &(u32, &[u8])| {
            ((Service::Ports, node(id)), Bytes::from(own(ports).encode()))
        };
        let members: NodeSet = said.iter().map(|(id, _)| node(*id)).collect();
        let states = States { chunks: said.iter().map(chunk).collect(), ..States::default() };
        self.ports.on_synced(&states, (&members, &members), &mut self.outbox);
        self.told()
    }
}

fn open(ports: &[u8]) -> Message {
    Message::Open(ports.iter().copied().collect())
}

fn data(to: Option<u32>, port: u8) -> Message {
    Message::Data { to: to.map(node), from_port: 9, port, payload: "hello".into() }
}

#[test]
fn a_port_is_for_one_program_and_a_program_for_one_port() {
    let mut desk = Desk::new();
    assert_eq!(desk.listen(ONE, 11), Ok(()));
    assert_eq!(desk.listen(OTHER, 11), Err(PortRefused::InUse(11)));
    assert_eq!(desk.listen(ONE, 12), Err(PortRefused::Listening(11)));
    assert_eq!(desk.listen(OTHER, 0), Err(PortRefused::NoPort));
    assert_eq!(desk.ports.bound(), [11]);
    desk.ports.gone(ONE, &mut desk.outbox);
    assert_eq!(desk.listen(OTHER, 11), Ok(()));
    desk.ports.stop_listening(OTHER, &mut desk.outbox);
    assert!(desk.ports.bound().is_empty());
}

#[test]
fn what_a_node_says_of_itself_is_under_way_once() {
    let mut desk = Desk::new();
    desk.listen(ONE, 11).expect("it is free");
    desk.listen(OTHER, 12).expect("it is free");
    assert_eq!(desk.says(), Some(open(&[11])));
    assert_eq!(desk.says(), None);
    desk.hear(1, &open(&[11]));
    assert_eq!(desk.says(), Some(open(&[11, 12])));
    desk.hear(1, &open(&[11, 12]));
    assert_eq!(desk.says(), None);
}

#[test]
fn data_comes_to_who_listens_at_the_right_node() {
    let mut desk = Desk::new();
    desk.listen(ONE, 11).expect("it is free");
    desk.listen(OTHER, 12).expect("it is free");
    let notice = || Notice::Data { from: node(2), from_port: 9, payload: "hello".into() };
    assert_eq!(desk.hear(2, &data(None, 11)), [(ONE, notice())]);
    assert_eq!(desk.hear(2, &data(Some(1), 12)), [(OTHER, notice())]);
    assert_eq!(desk.hear(2, &data(Some(3), 12)), []);
    assert_eq!(desk.hear(2, &data(None, 13)), []);
    let body = Bytes::from(data(None, 11).encode()).slice(2..);
    desk.ports.on_message(node(2), body, None, &mut desk.outbox).expect("it was encoded");
    assert_eq!(desk.told(), [], "its sender is no member");
}

#[test]
fn port_0_is_the_sender_s_own() {
    let mut desk = Desk::new();
    assert_eq!(desk.ports.message(ONE, (None, 0), "x".into()), Err(PortRefused::NoPort));
    desk.listen(ONE, 11).expect("it is free");
    let own = desk.ports.message(ONE, (None, 0), "x".into());
    let named = desk.ports.message(ONE, (None, 11), "x".into());
    assert_eq!(own, named);
    let message = Message::decode(own.expect("it has one").slice(2..)).expect("encoded");
    let payload = "x".into();
    assert_eq!(message, Message::Data { to: None, from_port: 11, port: 11, payload });
}

#[test]
fn who_listens_is_told_who_else_does() {
    let mut desk = Desk::new();
    desk.listen(ONE, 11).expect("it is free");
    let told = |id, open| [(ONE, Notice::Port { node: node(id), port: 11, open })];
    assert_eq!(desk.hear(2, &open(&[11, 12])), told(2, true));
    assert_eq!(desk.hear(2, &open(&[11])), []);
    assert_eq!(desk.hear(2, &open(&[])), told(2, false));
    // A node that is lost listens no more; one that comes says where it does.
    desk.hear(2, &open(&[11]));
    desk.ports.on_ring(&[node(2)].into(), &mut desk.outbox);
    assert_eq!(desk.told(), told(2, false));
    assert_eq!(desk.sync(&[(1, &[]), (3, &[11])]), told(3, true));
    assert_eq!(desk.sync(&[(1, &[]), (3, &[11])]), []);
}

#[test]
fn what_nobody_says_is_reported() {
    let mut desk = Desk::new();
    let chunks = [((Service::Ports, node(2)), Bytes::from_static(b"short"))].into();
    let states = States { chunks, ..States::default() };
    let members = [1, 2].map(node).into();
    desk.ports.on_synced(&states, (&members, &members), &mut desk.outbox);
    let error = MessageError::Truncated { what: "state of ports", missing: 27 };
    let report = Effect::Report(Report::Malformed { node: node(2), error });
    assert_eq!(desk.outbox.poll(), Some(report));
}
