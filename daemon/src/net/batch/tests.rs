use proptest::prelude::*;

use super::*;

fn shape(sizes: &[usize]) -> Vec<(usize, usize, usize)> {
    plan(sizes).into_iter().map(|run| (run.segment, run.count, run.bytes.len())).collect()
}

#[test]
fn equal_frames_leave_together_and_a_shorter_one_ends_the_run() {
    assert_eq!(shape(&[1400, 1400, 1400]), [(1400, 3, 4200)]);
    assert_eq!(shape(&[1400, 1400, 300]), [(1400, 3, 3100)]);
    assert_eq!(shape(&[1400, 300, 300]), [(1400, 2, 1700), (300, 1, 300)]);
    assert_eq!(shape(&[300, 1400]), [(300, 1, 300), (1400, 1, 1400)]);
    assert_eq!(shape(&[]), []);
}

#[test]
fn a_run_is_bounded_in_frames_and_bytes() {
    assert_eq!(shape(&[100; 130]), [(100, 64, 6400), (100, 64, 6400), (100, 2, 200)]);
    let most = MOST_BYTES / 9000;
    assert_eq!(shape(&vec![9000; most + 1]), [(9000, most, most * 9000), (9000, 1, 9000)]);
}

#[test]
fn a_frame_that_cannot_be_sealed_leaves_no_trace() {
    let mut burst = Burst::default();
    let seal = |out: &mut BytesMut| {
        out.extend_from_slice(b"half");
        Err("no")
    };
    assert_eq!(burst.push(seal), Err("no"));
    assert!(burst.is_empty() && burst.bytes().is_empty());
}

#[test]
fn a_burst_says_when_it_should_leave() {
    let mut burst = Burst::default();
    let mut frames = 0;
    while !burst.is_full() {
        let seal = |out: &mut BytesMut| -> Result<(), ()> {
            out.extend_from_slice(&[0; 1450]);
            Ok(())
        };
        burst.push(seal).expect("sealing works");
        frames += 1;
    }
    assert_eq!(burst.runs().len(), 1, "all {frames} frames leave in one call");
    burst.clear();
    assert!(burst.is_empty());
}

proptest! {
    #[test]
    fn runs_keep_every_frame_its_size_and_the_order(
        sizes in proptest::collection::vec(1_usize..3000, 0..200),
    ) {
        let mut place = 0;
        let expected: Vec<Range<usize>> = sizes
            .iter()
            .map(|size| {
                place += size;
                place - size..place
            })
            .collect();
        let runs = plan(&sizes);
        let frames: Vec<Range<usize>> = runs.iter().flat_map(Run::frames).collect();
        prop_assert_eq!(frames, expected);
        for run in runs {
            prop_assert!(run.count <= MOST_SEGMENTS && run.bytes.len() <= MOST_BYTES);
        }
    }
}
