//! A real OpenLDAP server takes what we write, all of it and in one go, and gives it back.
//!
//! Must never talk over a network: the server listens on a socket in a directory of its own, and
//! ends with the test. Without `slapd` on the machine these tests say that they were skipped;
//! `tests/run` installs it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use tools::ldif::{Streams, from_ldif, to_ldif};

const BASE: &str = "dc=tuxgeek,dc=de";
const ADMIN: &str = "cn=admin,dc=tuxgeek,dc=de";
const PASSWORD: &str = "secret";

/// Everything that a configuration may be made of.
const FULL: &str = include_str!("directory/full.conf");

struct Server {
    dir: PathBuf,
    slapd: Child,
}

impl Server {
    /// A running server with our schema; `None` when there is no slapd.
    fn start(name: &str) -> Option<Self> {
        let found =
            ["/usr/sbin/slapd", "/usr/bin/ldapadd"].iter().all(|file| Path::new(file).exists());
        if !found {
            eprintln!("SKIPPED: slapd or ldapadd is not installed");
            return None;
        }
        let dir = std::env::temp_dir().join(format!("directory-{name}-{}", std::process::id()));
        fs::create_dir_all(dir.join("db")).expect("a directory of our own");
        let schema = tool(to_ldif, &["--schema", "openldap"]);
        fs::write(dir.join("cluster.schema"), schema).expect("it can be written");
        let here = dir.display();
        let conf = format!(
            "include /etc/ldap/schema/core.schema\ninclude {here}/cluster.schema\n\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix \"{BASE}\"\nrootdn \"{ADMIN}\"\n\
             rootpw {PASSWORD}\ndirectory {here}/db\nmaxsize 67108864\n"
        );
        fs::write(dir.join("slapd.conf"), conf).expect("it can be written");
        let server = Self { slapd: slapd(&dir), dir };
        let root = format!(
            "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: tuxgeek\n"
        );
        server.add(&root);
        Some(server)
    }

    fn file(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn url(&self) -> String {
        url(&self.dir)
    }

    /// What an administrator types: no `-c`, nothing repaired by hand.
    fn add(&self, ldif: &str) {
        let file = self.file("add.ldif");
        fs::write(&file, ldif).expect("it can be written");
        let words = ["-x", "-D", ADMIN, "-w", PASSWORD, "-H", &self.url(), "-f", &file];
        run(Command::new("ldapadd").args(words));
    }

    fn search(&self) -> String {
        let words = ["-LLL", "-x", "-H", &self.url(), "-b", BASE];
        let file = self.file("found.ldif");
        fs::write(&file, run(Command::new("ldapsearch").args(words))).expect("it can be written");
        file
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.slapd.kill();
        let _ = self.slapd.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn url(dir: &Path) -> String {
    format!("ldapi://{}", dir.join("sock").display().to_string().replace('/', "%2F"))
}

/// A server in the foreground, back when it takes connections. That it does so is told nowhere
/// (what it logs comes before), so there is no event to wait for; it is a matter of milliseconds.
fn slapd(dir: &Path) -> Child {
    let mut command = Command::new("/usr/sbin/slapd");
    command.arg("-f").arg(dir.join("slapd.conf")).args(["-h", &url(dir), "-d", "0"]);
    let mut slapd = command.spawn().expect("it can be run");
    let end = Instant::now() + Duration::from_secs(30);
    while UnixStream::connect(dir.join("sock")).is_err() {
        let ended = slapd.try_wait().expect("it is our child");
        assert!(ended.is_none() && Instant::now() < end, "slapd does not serve: {ended:?}");
        thread::yield_now();
    }
    slapd
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it can be run");
    let (out, err) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {err}");
    String::from_utf8_lossy(out).into_owned()
}

fn tool(tool: fn(Vec<OsString>, &mut Streams<'_>) -> u8, words: &[&str]) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = std::iter::once("tool").chain(words.iter().copied()).map(OsString::from);
    let code = tool(words.collect(), &mut Streams { out: &mut out, err: &mut err });
    assert_eq!((code, String::from_utf8_lossy(&err).as_ref()), (0, ""), "no complaint");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_server_gives_back_the_configuration_that_was_loaded_with_plain_ldapadd() {
    let Some(server) = Server::start("full") else { return };
    let conf = server.file("full.conf");
    fs::write(&conf, FULL).expect("it can be written");
    server.add(&tool(to_ldif, &[BASE, "--from", &conf, "--fold"]));
    let back = tool(from_ldif, &[BASE, "--from", &server.search()]);
    let again = server.file("again.conf");
    fs::write(&again, &back).expect("it can be written");
    let there = tool(to_ldif, &[BASE, "--from", &conf, "--json"]);
    assert_eq!(tool(to_ldif, &[BASE, "--from", &again, "--json"]), there, "{back}");
}

#[test]
fn the_schema_can_be_added_to_a_servers_configuration() {
    let Some(server) = Server::start("config") else { return };
    let conf = server.file("plain.conf");
    let plain = "include /etc/ldap/schema/core.schema\ndatabase config\n";
    fs::write(&conf, plain).expect("it can be written");
    let tree = server.file("slapd.d");
    fs::create_dir(&tree).expect("a directory of our own");
    run(Command::new("/usr/sbin/slaptest").args(["-f", &conf, "-F", &tree]));
    let schema = server.file("schema.ldif");
    fs::write(&schema, tool(to_ldif, &["--schema", "config"])).expect("it can be written");
    run(Command::new("/usr/sbin/slapadd").args(["-F", &tree, "-n", "0", "-l", &schema]));
    let all = run(Command::new("/usr/sbin/slapcat").args(["-F", &tree, "-n", "0"]));
    assert!(all.contains("rhcsClusternode"), "{all}");
}
