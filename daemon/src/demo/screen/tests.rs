use super::*;

fn printed(nodes: usize, print: impl FnOnce(&mut Screen<'_>, Instant) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    let begin = Instant::now();
    print(&mut Screen::new(&mut out, begin, nodes), begin).expect("memory takes everything");
    String::from_utf8(out).expect("it is text")
}

#[test]
fn columns_stand_under_their_heads() {
    let text = printed(3, |screen, begin| {
        screen.head()?;
        let at = begin + Duration::from_millis(131);
        let members = vec![1, 3];
        screen.row(&View {
            ring: 12,
            members,
            quorate: true,
            present: 2,
            needed: 2,
            expected: 3,
            at,
        })?;
        let members = vec![3];
        screen.row(&View {
            ring: 16,
            members,
            quorate: false,
            present: 1,
            needed: 2,
            expected: 3,
            at,
        })
    });
    assert_eq!(
        text,
        "      time   ring    1  2  3   votes       quorate\n   \
            0.131 s     12    M  .  M   2 of 3      yes\n   \
            0.131 s     16    .  .  M   1 of 3      no, needs 2\n"
    );
}

#[test]
fn sixteen_nodes_fit_a_terminal() {
    let text = printed(16, |screen, _| screen.head());
    assert!(text.len() <= 90, "{text}");
}

#[test]
fn times_are_told_in_a_unit_that_suits_them() {
    let told = |micros| short(Duration::from_micros(micros));
    assert_eq!(told(900), "0.9 ms");
    assert_eq!(told(12_345), "12 ms");
    assert_eq!(told(999_999), "999 ms");
    assert_eq!(told(29_720_000), "29.72 s");
    assert_eq!(seconds(Duration::from_millis(5)), "0.005 s");
}
