//! Pages of the documentation, played on real hosts: what a reader types does what is printed.
//!
//! Must never show what was not run: `PAGES=rewrite` writes what is printed now into the page, and
//! without the variable a difference fails. A file that a page shows before anything has made it is
//! made from the page.

use std::fs;
use std::path::{Path, PathBuf};

use tests::lab::normal::normal;
use tests::lab::{Lab, Setup};

/// The directory that pages speak of; the test's own stands for it.
const PLACE: &str = "/srv/ldap";

/// A command and what it prints.
struct Step {
    host: String,
    command: String,
    printed: String,
}

/// A page in pieces: text as it is, and sessions.
enum Piece {
    Text(String),
    Step(Step),
}

fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut session = false;
    for line in page.lines() {
        if line.starts_with("```") {
            session = line == "```console";
        }
        let prompt = line.strip_prefix('[').and_then(|rest| rest.split_once("]# "));
        match (session, prompt, pieces.last_mut()) {
            (true, Some((host, command)), _) => pieces.push(Piece::Step(Step {
                host: host.to_owned(),
                command: command.to_owned(),
                printed: String::new(),
            })),
            (true, None, Some(Piece::Step(step))) => step.printed += &format!("{line}\n"),
            (_, _, Some(Piece::Text(text))) => *text += &format!("{line}\n"),
            (_, _, _) => pieces.push(Piece::Text(format!("{line}\n"))),
        }
    }
    pieces
}

/// The page as it is when it is played now.
fn play(lab: &Lab, page: &str, place: &str) -> String {
    let mut now = String::new();
    for piece in pieces(page) {
        let step = match piece {
            Piece::Text(text) => {
                now += &text;
                continue;
            }
            Piece::Step(step) => step,
        };
        let host = lab.host(&step.host).expect("pages speak of hosts that there are");
        lab.settle();
        let shown = step.command.strip_prefix("cat ").map(|file| file.replace(PLACE, place));
        if let Some(file) = shown.filter(|file| !Path::new(file).exists()) {
            fs::write(file, step.printed.replace(PLACE, place)).expect("the directory is ours");
        }
        let ran = lab.run(host, &step.command.replace(PLACE, place));
        let all = format!("{}{}", ran.stdout, ran.stderr);
        let printed = all.replace(place, PLACE);
        // What runs differ in is printed as the page has it.
        let same = normal(&printed) == normal(&step.printed);
        let printed = if same { &step.printed } else { &printed };
        now += &format!("[{}]# {}\n{printed}", step.host, step.command);
    }
    now
}

#[test]
fn the_chapter_on_directories_can_be_followed_line_by_line() {
    if !Path::new("/usr/sbin/slapd").exists() {
        eprintln!("SKIPPED: slapd is not installed");
        return;
    }
    let Some(lab) = Lab::new(&Setup::new("", 2)) else { return };
    for host in 0..2 {
        fs::remove_file(lab.home(host).config()).expect("the directory is ours");
    }
    let place = lab.scratch().join("ldap");
    fs::create_dir(&place).expect("the directory is ours");
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ldap.md");
    let page = fs::read_to_string(&file).expect("it is checked in");
    let now = play(&lab, &page, &place.display().to_string());
    if std::env::var("PAGES").as_deref() == Ok("rewrite") {
        fs::write(&file, now).expect("it can be written");
        return;
    }
    for (line, (now, page)) in now.lines().zip(page.lines()).enumerate() {
        assert_eq!(now, page, "line {} of {}", line + 1, file.display());
    }
    assert_eq!(now.lines().count(), page.lines().count());
}
