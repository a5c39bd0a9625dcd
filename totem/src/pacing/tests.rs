use super::*;

const RETRANSMIT: Duration = Duration::from_millis(2);
const MICRO: Duration = Duration::from_micros(1);

/// A ring in arithmetic: how long a round takes by itself, and what is there to be sent after it.
struct Model {
    pacing: Pacing,
    now: Instant,
    seq: Seq,
    round: Duration,
}

impl Model {
    fn new(round: Duration) -> Self {
        let now = Instant::ORIGIN;
        Self { pacing: Pacing::new(RETRANSMIT), now, seq: Seq::new(u32::MAX - 1000), round }
    }

    /// Plays rounds for so long. `frames` says how many are sent in a round that took so long.
    fn play(&mut self, span: Duration, mut frames: impl FnMut(Duration) -> u32) -> u64 {
        let end = self.now + span;
        let mut sent = 0;
        while self.now < end {
            let began = self.now;
            self.pacing.pass(self.now);
            self.now = self.now + self.round;
            if let Some(at) = self.pacing.rest(self.now, self.seq) {
                assert!(at > self.now && at.since(began) <= RETRANSMIT / PART);
                self.now = at;
            }
            let carried = frames(self.now.since(began));
            self.seq = Seq::new(self.seq.get().wrapping_add(carried));
            sent += u64::from(carried);
        }
        sent
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_round_takes_longer_where_that_costs_nothing() {
    let mut model = Model::new(60 * MICRO);
    // Fifty thousand frames a second, however often the token comes.
    let mut owed = Duration::ZERO;
    let offered = |span: Duration| {
        owed += span;
        let due = u32::try_from(owed.as_nanos() / 20_000).expect("few");
        owed -= 20 * MICRO * due;
        due
    };
    model.play(SECOND, offered);
    assert_eq!(model.pacing.period(), RETRANSMIT / PART);
}

#[test]
fn who_waits_for_his_own_message_is_not_slowed_down() {
    let free = 9_000;
    let mut model = Model::new(110 * MICRO);
    // One message of each of three programs in a round, and the next only after it.
    let sent = model.play(SECOND, |_| 3) / 3;
    assert!(sent > free * 9 / 10, "{sent} rounds");
    let later = model.play(10 * SECOND, |_| 3) / 3;
    assert!(later > 10 * free * 19 / 20, "{later} rounds");
}

#[test]
fn a_full_ring_goes_round_as_fast_as_it_can() {
    let mut model = Model::new(300 * MICRO);
    let sent = model.play(SECOND, |_| 512);
    assert!(sent > 3_333 * 512 * 9 / 10, "{sent} frames");
}

#[test]
fn a_ring_with_little_to_do_is_never_kept() {
    let mut model = Model::new(60 * MICRO);
    let mut rounds = 0;
    model.play(SECOND, |_| {
        rounds += 1;
        u32::from(rounds % 3 == 0)
    });
    assert!(rounds > 16_000, "{rounds}");
    assert_eq!(model.pacing.period(), Duration::ZERO);
}

#[test]
fn rest_ends_with_what_it_was_for() {
    let mut model = Model::new(60 * MICRO);
    model.play(SECOND, |span| u32::try_from(span.as_micros() / 10).expect("few"));
    assert!(!model.pacing.period().is_zero());
    model.play(SECOND / 10, |_| 0);
    assert_eq!(model.pacing.period(), Duration::ZERO);
    assert_eq!(model.pacing.rest(model.now, model.seq), None, "it carried nothing");
}

#[test]
fn the_longest_follows_the_time_after_which_a_token_is_sent_again() {
    let mut model = Model::new(60 * MICRO);
    model.play(SECOND, |span| u32::try_from(span.as_micros() / 10).expect("few"));
    assert_eq!(model.pacing.period(), RETRANSMIT / PART);
    model.pacing.retune(RETRANSMIT / 2);
    assert_eq!(model.pacing.period(), RETRANSMIT / 2 / PART);
}
