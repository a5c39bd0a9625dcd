use super::*;

fn no() -> Answer {
    Err(Unanswered::No("the time is over".to_owned()))
}

/// This ear has heard this; does it tell of a change?
async fn hears(ear: &mut Ear, answer: Answer) -> bool {
    ear.hears.try_send(answer).expect("one at a time");
    tokio::select! {
        biased;
        () = ear.changes() => true,
        () = std::future::ready(()) => false,
    }
}

#[tokio::test]
async fn one_waits_at_a_time_and_again_when_it_is_over() {
    let mut ear = Ear::default();
    assert!(ear.begin(5).is_some());
    assert!(ear.begin(5).is_none(), "somebody waits");
    assert!(!hears(&mut ear, no()).await);
    assert!(ear.begin(5).is_some());
    assert!(hears(&mut ear, Ok(Vec::new())).await);
    assert!(ear.begin(6).is_some(), "it was found");
}

#[tokio::test]
async fn what_is_told_and_not_found_waits_for_its_time() {
    let mut ear = Ear::default();
    assert!(ear.begin(5).is_some());
    assert!(hears(&mut ear, Ok(Vec::new())).await);
    assert!(ear.begin(5).is_none(), "the same is there as before");
    assert!(ear.begin(5).is_some(), "it was looked at once more since");
}

#[tokio::test]
async fn where_nobody_tells_nobody_waits() {
    let mut ear = Ear::default();
    assert!(ear.begin(5).is_some());
    assert!(!hears(&mut ear, Err(Unanswered::Unusable("mute".to_owned()))).await);
    assert!(ear.begin(5).is_none() && ear.begin(6).is_none());
}
