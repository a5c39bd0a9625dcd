//! A node or a program ends at each single step of a membership change: nobody is told of a member
//! that is none, and none is forgotten.
//!
//! Must never skip a step: a change is cut at every occurrence, from its first join packet until
//! all have synchronized. What programs are told is judged on the way, by `tests::check::groups`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use core::time::Duration;

use tests::faults::Fault;
use tests::programs::Act;
use tests::script::{plain, play};
use tests::world::World;
use totem::Plant;

/// Changes, up to the first join packet of the one who comes.
const CHANGES: [(&str, &str); 3] = [
    (
        "a node comes back with a member",
        r#"nodes 1 2 3
           split 3
           run 2s
           program 1 joins "cib"
           program 2 joins "cib"
           program 3 joins "cib"
           run 50ms
           program 1 says
           program 3 says when 3 gathering
           join
           run until sprung"#,
    ),
    (
        "a node starts, and its program joins at once",
        r#"nodes 1 2 3
           down 3
           run until operational
           program 1 joins "cib"
           program 2 joins "cib"
           run 50ms
           program 2 says first
           program 3 joins "cib" when 3 gathering
           start 3
           run until sprung"#,
    ),
    (
        "two and two meet",
        r#"nodes 1 2 3 4
           split 1 2
           run 2s
           program 1 joins "cib"
           program 2 joins "locks"
           program 3 joins "cib"
           program 4 joins "cib"
           run 50ms
           program 3 says when 3 gathering
           join
           run until sprung"#,
    ),
];

/// Ways to cut, each some faults with so many occurrences before each.
type Cut = Vec<(usize, Fault)>;

/// Node 3, the one who comes.
const COMES: usize = 2;

fn cuts() -> Vec<(&'static str, Cut)> {
    let crash = |node| Fault::Crash { node, written: true };
    let program = |node, act| Fault::Program { node, act };
    let deaf = Fault::Cut { from: COMES, to: 0 };
    let mut cuts = vec![
        ("its node crashes", vec![(0, crash(COMES))]),
        (
            "so, without its disk's last write",
            vec![(0, Fault::Crash { node: COMES, written: false })],
        ),
        ("a node that was there crashes", vec![(0, crash(0))]),
        ("it dies", vec![(0, program(COMES, Act::Kill))]),
        ("it leaves", vec![(0, program(COMES, Act::Leave))]),
        ("one who was there dies", vec![(0, program(0, Act::Kill))]),
        ("its node is cut off", vec![(0, Fault::Split([COMES].into_iter().collect()))]),
        (
            "its node crashes and is started",
            vec![
                (0, crash(COMES)),
                (0, Fault::Start { node: COMES }),
                (1, program(COMES, Act::Join("cib".into()))),
            ],
        ),
    ];
    for after in [2, 7, 19] {
        cuts.push(("one does not hear the end", vec![(0, deaf.clone()), (after, crash(COMES))]));
    }
    cuts
}

/// Runs a change, cuts it after so many steps, and repairs all; whether it was over by then.
fn run(change: &str, cut: &Cut, steps: usize, plant: Plant) -> Result<bool, String> {
    let mut world = play(change, tests::plan::Plan { plant, ..plain() })?;
    let told = |world: &World, what: &dyn ToString| {
        format!("{}\n{}", what.to_string(), world.trace.tail(30).join("\n"))
    };
    let step =
        |world: &mut World| world.step().map(drop).map_err(|violation| told(world, &violation));
    (0..steps).try_for_each(|_| step(&mut world))?;
    let over = world.is_operational();
    for (after, fault) in cut {
        (0..*after).try_for_each(|_| step(&mut world))?;
        world.inject(fault);
    }
    let advance = |world: &mut World, millis| {
        let done = world.advance(Duration::from_millis(millis));
        done.map_err(|violation| told(world, &violation))
    };
    advance(&mut world, 3_500)?;
    world.inject(&Fault::Join);
    for node in 0..2 {
        let act = Act::Say(daemon::stack::effect::Part::Whole, totem::Guarantee::Agreed);
        world.inject(&Fault::Program { node, act });
    }
    for _ in 0..100 {
        advance(&mut world, 100)?;
        if world.is_operational() {
            advance(&mut world, 300)?;
        }
        if world.is_operational() {
            return world.groups_agree().map(|()| over).map_err(|it| told(&world, &it));
        }
    }
    Err(told(&world, &"not one ring again"))
}

/// Cuts all changes in all ways at all steps; so many runs, and the first that goes wrong.
fn cut_everywhere(plant: Plant) -> (usize, Option<String>) {
    let cuts = cuts();
    let all = CHANGES.iter().flat_map(|change| cuts.iter().map(move |cut| (change, cut)));
    let all: Vec<_> = all.collect();
    let (next, runs, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(((change, text), (what, cut))) =
                    all.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    for steps in 0.. {
                        if wrong.lock().expect("whole").is_some() {
                            return;
                        }
                        runs.fetch_add(1, Ordering::Relaxed);
                        match run(text, cut, steps, plant) {
                            Ok(true) => break,
                            Ok(false) => {}
                            Err(why) => {
                                let why = format!("{change}, step {steps}, {what}: {why}");
                                wrong.lock().expect("whole").get_or_insert(why);
                            }
                        }
                    }
                }
            });
        }
    });
    (runs.into_inner(), wrong.into_inner().expect("no thread panics while it writes"))
}

#[test]
fn no_ghost_remains_wherever_a_change_is_cut() {
    let (runs, wrong) = cut_everywhere(Plant::default());
    println!("{runs} runs");
    assert_eq!(wrong, None);
    assert!(runs > 1_000, "changes are over after a few steps: {runs} runs");
}

#[cfg(feature = "planted")]
#[test]
fn every_way_to_leave_a_ghost_is_found() {
    use totem::Planted;
    for bug in [
        Planted::GroupsKeepTheDead,
        Planted::GroupsForgetTheKilled,
        Planted::GroupsIgnoreLists,
        Planted::GroupsMistakeReasons,
    ] {
        let (runs, wrong) = cut_everywhere(Plant::new(Some(bug)));
        let wrong = wrong.unwrap_or_else(|| panic!("{bug:?} survives {runs} runs"));
        println!("{bug:?} {}", wrong.lines().take(1).collect::<String>());
    }
}
