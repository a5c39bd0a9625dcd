use super::listening::pair;
use super::*;

fn say(payload: &'static [u8]) -> request::What {
    let guarantee = proto::Guarantee::Agreed.into();
    request::What::Multicast(proto::Multicast { guarantee, payload: payload.into() })
}

/// A daemon that lets 256 KiB wait, and a program that is told more than a sixty-fourth of that on
/// the second of its connections.
async fn behind(dir: &Dir) -> (Ipc, (Program, Program), RequestId, usize) {
    let mut settings = settings(dir);
    settings.limits.queued_bytes = 256 << 10;
    let mut ipc = Ipc::listen(settings).unwrap();
    let (mut asks, hears, request) = pair(dir, &mut ipc).await;
    ipc.reply(request, &Reply::Done);
    asks.reply().await;
    let payload = Bytes::from(vec![7; 16 << 10]);
    let mut told = 0;
    while !ipc.sessions.values().any(Outlet::lags) {
        ipc.notify(request.session, &message(1, payload.clone()));
        told += 1;
        assert!(told < 1000, "it gets behind");
        tokio::task::yield_now().await;
    }
    (ipc, (asks, hears), request, told)
}

#[tokio::test]
async fn who_is_behind_is_told_to_try_again_or_waits_until_it_has_read() {
    let dir = Dir::new();
    let (mut ipc, (mut asks, mut hears), attach, told) = behind(&dir).await;
    asks.ask(2, say(b"answered")).await;
    asks.ask(0, say(b"unanswered")).await;
    asks.ask(3, request::What::Status(proto::GetStatus {})).await;
    // Nothing of it reaches the shell before the program reads.
    let reads = async {
        let text = asks.refusal(Reason::TryAgain).await;
        assert!(text.contains("it must read before it sends more"), "{text}");
        for _ in 0..told {
            let heard = hears.hear().await;
            assert!(matches!(heard, Some(from_daemon::What::Notice(_))), "{heard:?}");
        }
    };
    let ((), first) = tokio::join!(reads, next(&mut ipc));
    assert_eq!(first, Incoming::Eased);
    let Some(Incoming::Command { request, command }) = ipc.resume(usize::MAX) else { panic!() };
    assert!(matches!(command, Command::Multicast { payload, .. } if payload == "unanswered"));
    assert_eq!(request.session, attach.session);
    ipc.reply(request, &Reply::Done);
    let Some(Incoming::Command { command, .. }) = ipc.resume(usize::MAX) else { panic!() };
    assert_eq!(command, Command::Status);
    assert_eq!(ipc.resume(usize::MAX), None);
}

#[tokio::test]
async fn who_is_cut_off_reads_why_behind_what_was_begun() {
    let dir = Dir::new();
    let (mut ipc, (mut asks, mut hears), attach, _) = behind(&dir).await;
    let payload = Bytes::from(vec![7; 16 << 10]);
    while ipc.sessions() == 1 {
        ipc.notify(attach.session, &message(1, payload.clone()));
    }
    assert!(matches!(next(&mut ipc).await, Incoming::Gone(_)));
    assert!(asks.refusal(Reason::Overrun).await.starts_with("it does not read: "));
    let mut notices = 0;
    let why = loop {
        match hears.hear().await {
            Some(from_daemon::What::Notice(_)) => notices += 1,
            other => break other,
        }
    };
    let Some(from_daemon::What::Reply(proto::Reply { id: 0, what })) = why else {
        panic!("{why:?}")
    };
    let Some(reply::What::Refused(why)) = what else { panic!("{what:?}") };
    assert_eq!(why.reason(), Reason::Overrun);
    assert!(why.text.starts_with("it does not read: "), "{}", why.text);
    assert!(notices > 0);
    hears.ends().await;
}
