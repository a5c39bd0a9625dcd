use super::*;

fn listen(key: impl Into<Bytes>) -> request::What {
    request::What::Listen(proto::Listen { key: key.into() })
}

/// Does what the shell does while programs only talk to the sessions.
async fn serve<T>(ipc: &mut Ipc, talk: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        told = talk => told,
        incoming = ipc.next() => panic!("{incoming:?}"),
    }
}

/// A program with a connection for its requests and one for its notices, and the request by which
/// it is known.
pub(super) async fn pair(dir: &Dir, ipc: &mut Ipc) -> (Program, Program, RequestId) {
    let (mut asks, key) = Program::greet_for_key(&dir.socket()).await;
    let mut hears = Program::greet(&dir.socket()).await;
    let done = serve(ipc, async {
        hears.ask(1, listen(key)).await;
        hears.reply().await
    });
    assert_eq!(done.await.what, Some(reply::What::Done(proto::Done {})));
    asks.ask(2, request::What::Watch(proto::Watch { on: true, may_object: false })).await;
    let (request, _) = command(ipc).await;
    (asks, hears, request)
}

/// The text of the refusal after which the session ended.
async fn refused(ipc: &mut Ipc, program: &mut Program, what: request::What) -> String {
    let refused = serve(ipc, async {
        program.ask(9, what).await;
        let text = program.refusal(Reason::Invalid).await;
        program.ends().await;
        text
    });
    let text = refused.await;
    assert!(matches!(next(ipc).await, Incoming::Gone(_)));
    text
}

#[tokio::test]
async fn notices_come_on_the_one_connection_and_replies_on_the_other() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let (mut asks, mut hears, request) = pair(&dir, &mut ipc).await;
    ipc.notify(request.session, &message(1, Bytes::from_static(b"first")));
    ipc.reply(request, &Reply::Done);
    assert_eq!(asks.reply().await.id, 2);
    let heard = hears.hear().await;
    assert!(matches!(heard, Some(from_daemon::What::Notice(_))), "{heard:?}");
    assert_eq!(ipc.sessions(), 1, "the two are one program");
}

#[tokio::test]
async fn each_half_ends_with_the_other() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    for first_to_end in [true, false] {
        let (asks, hears, _) = pair(&dir, &mut ipc).await;
        let (ends, mut other) = if first_to_end { (asks, hears) } else { (hears, asks) };
        drop(ends);
        let gone = [next(&mut ipc).await, next(&mut ipc).await];
        assert!(gone.iter().all(|gone| matches!(gone, Incoming::Gone(_))), "{gone:?}");
        other.ends().await;
        assert_eq!(ipc.sessions(), 0);
    }
}

#[tokio::test]
async fn whoever_names_no_key_or_its_own_is_sent_away_and_nobody_else_is_hurt() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let (mut asks, mut hears, request) = pair(&dir, &mut ipc).await;
    let mut guesser = Program::greet(&dir.socket()).await;
    let text = refused(&mut ipc, &mut guesser, listen(vec![0; 16])).await;
    assert_eq!(text, "no connection of this user has this key");
    let (mut vain, key) = Program::greet_for_key(&dir.socket()).await;
    let text = refused(&mut ipc, &mut vain, listen(key)).await;
    assert_eq!(text, "a connection cannot carry its own notices apart");
    ipc.notify(request.session, &message(1, Bytes::new()));
    ipc.reply(request, &Reply::Done);
    asks.reply().await;
    assert!(hears.hear().await.is_some());
}

#[tokio::test]
async fn nobody_carries_the_notices_of_a_connection_that_has_another_for_it() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let (_asks, key) = Program::greet_for_key(&dir.socket()).await;
    let (mut first, first_key) = Program::greet_for_key(&dir.socket()).await;
    serve(&mut ipc, async {
        first.ask(1, listen(key.clone())).await;
        first.reply().await
    })
    .await;
    let mut second = Program::greet(&dir.socket()).await;
    let text = refused(&mut ipc, &mut second, listen(key)).await;
    assert_eq!(text, "another connection carries its notices already");
    let mut third = Program::greet(&dir.socket()).await;
    let text = refused(&mut ipc, &mut third, listen(first_key)).await;
    assert_eq!(text, "it carries the notices of another connection");
}

#[tokio::test]
async fn connection_for_notices_is_asked_nothing_before_and_after() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let (_asks, mut hears, _) = pair(&dir, &mut ipc).await;
    hears.ask(3, request::What::Ping(proto::Ping {})).await;
    let text = hears.refusal(Reason::Protocol).await;
    assert_eq!(text, "a connection that carries notices asks nothing");
    let (_asks, key) = Program::greet_for_key(&dir.socket()).await;
    let mut late = Program::greet(&dir.socket()).await;
    late.ask(1, request::What::Ping(proto::Ping {})).await;
    late.reply().await;
    late.ask(2, listen(key)).await;
    let text = late.refusal(Reason::Protocol).await;
    assert_eq!(text, "listen must be the first request after hello");
}

#[tokio::test]
async fn program_that_does_not_read_its_notices_is_told_so_where_it_is_answered() {
    let dir = Dir::new();
    let mut settings = settings(&dir);
    settings.limits.queued_bytes = 256 << 10;
    let mut ipc = Ipc::listen(settings).unwrap();
    let (mut asks, mut hears, request) = pair(&dir, &mut ipc).await;
    let payload = Bytes::from(vec![7; 16 << 10]);
    for _ in 0..1000 {
        ipc.notify(request.session, &message(1, payload.clone()));
        tokio::task::yield_now().await;
    }
    let text = asks.refusal(Reason::Overrun).await;
    assert!(text.starts_with("it does not read: "), "{text}");
    asks.ends().await;
    hears.ends().await;
}
