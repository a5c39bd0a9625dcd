use super::*;

fn identity() -> Identity {
    Identity { me: NodeId::new(1).expect("not zero"), boot: 1, weight: 1, seed: 0 }
}

#[test]
fn the_defaults_work() {
    Config::new(identity(), Timing::default(), Limits::for_packet(1400)).expect("valid");
}

#[test]
fn what_does_not_work_is_refused_by_name() {
    let limits = Limits::for_packet(1400);
    let token = Timing { token: Duration::from_millis(1), ..Timing::default() };
    let refused = Config::new(identity(), token, limits).expect_err("token below hold");
    assert!(alloc::format!("{refused}").contains("token"), "{refused}");
    let window = Limits { window: limits.span, ..limits };
    let refused = Config::new(identity(), Timing::default(), window).expect_err("window of span");
    assert!(alloc::format!("{refused}").contains("window"), "{refused}");
}
