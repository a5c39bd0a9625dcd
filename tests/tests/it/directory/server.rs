//! A real directory server, for one test.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use tools::ldif::to_ldif;

/// Where its content begins.
pub(crate) const BASE: &str = "dc=tuxgeek,dc=de";
/// Who may do everything.
pub(crate) const ADMIN: &str = "cn=admin,dc=tuxgeek,dc=de";
/// With this.
pub(crate) const PASSWORD: &str = "secret";

/// A server, and what it lives on.
pub(crate) struct Server {
    pub(crate) dir: PathBuf,
    slapd: Child,
}

impl Server {
    /// A running server with our schema, and `more` lines in its configuration, those after a line
    /// `AFTER` about its database; `None` when there is no slapd.
    pub(crate) fn start(name: &str, more: &str) -> Option<Self> {
        Self::start_at(name, more, "")
    }

    /// The same, listening at a further URL.
    pub(crate) fn start_at(name: &str, more: &str, at: &str) -> Option<Self> {
        let found =
            ["/usr/sbin/slapd", "/usr/bin/ldapadd"].iter().all(|file| Path::new(file).exists());
        if !found {
            eprintln!("SKIPPED: slapd or ldapadd is not installed");
            return None;
        }
        let dir = std::env::temp_dir().join(format!("directory-{name}-{}", std::process::id()));
        fs::create_dir_all(dir.join("db")).expect("a directory of our own");
        let schema = super::tool(to_ldif, &["--schema", "openldap"]);
        fs::write(dir.join("cluster.schema"), schema).expect("it can be written");
        let here = dir.display();
        let (more, after) = more.split_once("AFTER").unwrap_or((more, ""));
        let conf = format!(
            "include /etc/ldap/schema/core.schema\ninclude {here}/cluster.schema\n\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\n{}\ndatabase mdb\nsuffix \"{BASE}\"\nrootdn \"{ADMIN}\"\n\
             rootpw {PASSWORD}\ndirectory {here}/db\nmaxsize 67108864\ndbnosync{after}\n",
            more.replace("HERE", &here.to_string())
        );
        fs::write(dir.join("slapd.conf"), conf).expect("it can be written");
        let server = Self { slapd: slapd(&dir, at), dir };
        let root = format!(
            "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: tuxgeek\n"
        );
        server.add(&root);
        Some(server)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    pub(crate) fn url(&self) -> String {
        url(&self.dir)
    }

    /// What an administrator types: no `-c`, nothing repaired by hand.
    pub(crate) fn add(&self, ldif: &str) {
        let file = self.file("add.ldif");
        fs::write(&file, ldif).expect("it can be written");
        let words = ["-x", "-D", ADMIN, "-w", PASSWORD, "-H", &self.url(), "-f", &file];
        run(Command::new("ldapadd").args(words));
    }

    /// Adds very much, faster than a running server takes it.
    pub(crate) fn add_offline(&mut self, ldif: &str) {
        self.stop();
        let file = self.file("add.ldif");
        fs::write(&file, ldif).expect("it can be written");
        let conf = self.file("slapd.conf");
        run(Command::new("/usr/sbin/slapadd").args(["-q", "-f", &conf, "-b", BASE, "-l", &file]));
        self.slapd = slapd(&self.dir, "");
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        let _ = self.slapd.kill();
        let _ = self.slapd.wait();
        let _ = fs::remove_file(self.file("sock"));
    }

    /// Runs it again, with what it has.
    pub(crate) fn resume(&mut self) {
        self.slapd = slapd(&self.dir, "");
    }

    /// Changes one attribute of an entry below the base.
    pub(crate) fn set(&self, entry: &str, attribute: &str, value: &str) {
        let change = format!(
            "dn: {entry},{BASE}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        );
        let file = self.file("change.ldif");
        fs::write(&file, change).expect("it can be written");
        let words = ["-x", "-D", ADMIN, "-w", PASSWORD, "-H", &self.url(), "-f", &file];
        run(Command::new("ldapmodify").args(words));
    }

    pub(crate) fn search(&self) -> String {
        let words = ["-LLL", "-x", "-H", &self.url(), "-b", BASE];
        let file = self.file("found.ldif");
        fs::write(&file, run(Command::new("ldapsearch").args(words))).expect("it can be written");
        file
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn url(dir: &Path) -> String {
    format!("ldapi://{}", dir.join("sock").display().to_string().replace('/', "%2F"))
}

/// A server in the foreground, back when it takes connections. That it does so is told nowhere
/// (what it logs comes before), so there is no event to wait for; it is a matter of milliseconds.
fn slapd(dir: &Path, at: &str) -> Child {
    let mut command = Command::new("/usr/sbin/slapd");
    command.arg("-f").arg(dir.join("slapd.conf")).args([
        "-h",
        &format!("{} {at}", url(dir)),
        "-d",
        "0",
    ]);
    let mut slapd = command.spawn().expect("it can be run");
    let end = Instant::now() + Duration::from_secs(30);
    while UnixStream::connect(dir.join("sock")).is_err() {
        let ended = slapd.try_wait().expect("it is our child");
        assert!(ended.is_none() && Instant::now() < end, "slapd does not serve: {ended:?}");
        thread::yield_now();
    }
    slapd
}

/// Runs a program that must succeed, and returns what it prints.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().expect("it can be run");
    let (out, err) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {err}");
    String::from_utf8_lossy(out).into_owned()
}
