use super::*;

/// A directory of its own for every test, gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("clusterd-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a temporary directory");
        Self(dir)
    }

    fn store(&self) -> Store {
        Store::open(&self.0.join("lib"), node()).expect("can be made")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn node() -> NodeId {
    NodeId::new(7).expect("positive")
}

#[test]
fn a_ring_sequence_is_found_again() {
    let scratch = Scratch::new("found");
    assert_eq!(scratch.store().ring_seq().expect("readable"), RingSeq::new(0));
    scratch.store().store_ring_seq(RingSeq::new(748)).expect("writable");
    assert_eq!(scratch.store().ring_seq().expect("readable"), RingSeq::new(748));
    let content = fs::read_to_string(scratch.0.join("lib/ringid_7")).expect("it is there");
    assert_eq!(content, "748\n");
}

#[test]
fn a_torn_or_foreign_file_is_refused_by_name_and_content() {
    let scratch = Scratch::new("torn");
    let store = scratch.store();
    let contents: [&[u8]; 8] = [
        b"",
        b"\n",
        b"748",
        b"+748\n",
        b"748\nand more\n",
        b"99999999999999999999\n",
        b"00000000000000000000000000000000000007\n",
        b"\xff\xfe\n",
    ];
    for content in contents {
        fs::write(&store.ring, content).expect("writable");
        let error = store.ring_seq().expect_err("not a sequence");
        let text = error.to_string();
        assert!(matches!(error, DiskError::Garbage { .. }), "{text}");
        assert!(text.contains("ringid_7"), "{text}");
    }
    fs::write(&store.ring, b"74x\n").expect("writable");
    let text = store.ring_seq().expect_err("not a sequence").to_string();
    assert!(text.contains(r#"holds "74x\n""#), "{text}");
}

#[test]
fn a_leftover_of_a_crash_does_no_harm() {
    let scratch = Scratch::new("crash");
    let store = scratch.store();
    store.store_ring_seq(RingSeq::new(8)).expect("writable");
    fs::write(store.ring.with_extension("new"), b"1").expect("writable");
    assert_eq!(store.ring_seq().expect("readable"), RingSeq::new(8));
    store.store_ring_seq(RingSeq::new(12)).expect("writable");
    assert_eq!(store.ring_seq().expect("readable"), RingSeq::new(12));
}

#[test]
fn boot_epochs_grow_even_when_the_clock_goes_back() {
    let scratch = Scratch::new("boot");
    let store = scratch.store();
    let boots = [100, 50, 50, 200]
        .map(|nanos| store.next_boot(Duration::from_nanos(nanos)).expect("a next one"));
    assert_eq!(boots, [100, 101, 102, 200]);
    fs::write(store.dir.join("boot"), format!("{}\n", u64::MAX)).expect("writable");
    assert!(matches!(
        store.next_boot(Duration::ZERO),
        Err(DiskError::Exhausted { value: u64::MAX, .. })
    ));
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let scratch = Scratch::new("dir");
    fs::write(scratch.0.join("file"), b"").expect("writable");
    let error = Store::open(&scratch.0.join("file/lib"), node()).expect_err("below a file");
    assert!(error.to_string().contains("file/lib"), "{error}");
}

#[tokio::test]
async fn the_newest_of_several_sequences_is_written_last() {
    let scratch = Scratch::new("newest");
    let mut disk = Disk::new(scratch.store());
    for seq in [4, 12, 8] {
        disk.store(RingSeq::new(seq));
    }
    assert_eq!(disk.stored().await.expect("writable"), RingSeq::new(4));
    assert_eq!(disk.stored().await.expect("writable"), RingSeq::new(12));
    assert_eq!(scratch.store().ring_seq().expect("readable"), RingSeq::new(12));
}
