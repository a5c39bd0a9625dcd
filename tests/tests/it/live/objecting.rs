//! Programs that object to a node's leaving, as operators meet them.

use std::time::{Duration, Instant};

use client::{Change, Connection, Shutdown};
use tests::lab::{Lab, Ran, Setup};

use super::LISTING1;

/// Waits until this program is asked, and answers; returns what it was asked.
fn answer(program: &mut Connection, agree: bool) -> Shutdown {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let change = program.change(Some(end)).expect("the daemon lives");
        if let Change::TryShutdown(asked) = change.expect("it is asked in time") {
            program.answer_shutdown(agree).expect("it may answer");
            return asked;
        }
    }
}

fn seen(ran: &Ran) -> (Option<i32>, &str, &str) {
    (ran.code, ran.stdout.as_str(), ran.stderr.as_str())
}

#[test]
fn a_program_that_objects_keeps_the_node_in() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    let mut program = lab.connect(0).expect("it runs");
    program.watch_and_object().expect("it may");
    let busy = "cman_tool: Error leaving cluster: Device or resource busy\n";
    std::thread::scope(|scope| {
        let no = scope.spawn(|| answer(&mut program, false));
        assert_eq!(seen(&lab.run(0, "cman_tool leave")), (Some(1), "", busy));
        assert_eq!(no.join().expect("asked"), Shutdown { remove: false, force: false });
    });
    std::thread::scope(|scope| {
        let yes = scope.spawn(|| answer(&mut program, true));
        assert_eq!(seen(&lab.run(0, "cman_tool leave remove -w -t 30")), (Some(0), "", ""));
        assert_eq!(yes.join().expect("asked"), Shutdown { remove: true, force: false });
    });
    assert!(lab.ended(0).success());
}

#[test]
fn force_does_not_heed_who_objects() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 1)) else { return };
    lab.start(0, &[]);
    let mut program = lab.connect(0).expect("it runs");
    program.watch_and_object().expect("it may");
    std::thread::scope(|scope| {
        let no = scope.spawn(|| answer(&mut program, false));
        assert_eq!(seen(&lab.run(0, "cman_tool leave force")), (Some(0), "", ""));
        assert_eq!(no.join().expect("asked"), Shutdown { remove: false, force: true });
    });
    assert!(lab.ended(0).success());
}

#[test]
fn a_program_that_does_not_answer_keeps_the_node_in() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 1)) else { return };
    lab.start(0, &[]);
    let mut program = lab.connect(0).expect("it runs");
    program.watch_and_object().expect("it may");
    // The daemon is asked again with -w, until the time is over. Meanwhile everybody can see that
    // programs are being asked, and a second question is refused.
    let line = "cman_tool leave -w -t 2; cman_tool status | grep Flags; cman_tool leave";
    let said = "Timed-out waiting for cluster\n\
                cman_tool: Error leaving cluster: Operation already in progress\n";
    assert_eq!(seen(&lab.run(0, line)), (Some(1), "Flags: 2node Shutdown \n", said));
    // It hangs up, and so agrees.
    drop(program);
    assert!(lab.ended(0).success());
}
