use super::*;

const POLL: Duration = Duration::from_millis(500);

#[test]
fn each_poll_is_good_for_one_timeout() {
    let mut device = Device::default();
    device.register("d", Votes::new(2)).expect("the first");
    assert_eq!((device.votes(), device.deadline()), (Votes::ZERO, None));
    let now = Instant::ORIGIN;
    device.poll(now, true, POLL).expect("registered");
    assert_eq!((device.votes(), device.deadline()), (Votes::new(2), Some(now + POLL)));
    device.poll(now + POLL / 2, true, POLL).expect("registered");
    assert!(!device.is_silent(now + POLL));
    assert!(device.is_silent(now + POLL + POLL / 2));
    assert_eq!(device.registered().and_then(|it| it.alive_since), Some(now));
    assert!(device.lose());
    assert!(!device.lose(), "once");
    assert_eq!((device.votes(), device.deadline()), (Votes::ZERO, None));
}

#[test]
fn names_have_a_length() {
    let mut device = Device::default();
    let most = LONGEST_DEVICE_NAME;
    assert_eq!(device.register("", Votes::ONE), Err(DeviceRefused::Name { size: 0, most }));
    assert!(device.register(&"x".repeat(most), Votes::ONE).is_ok());
}
