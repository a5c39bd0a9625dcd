//! A report of races: tables and plots of the medians of all runs of a kind.
//!
//! Must never show a figure without what it was measured against, and never hide what failed: a
//! cell without a run is empty, and runs that failed are counted.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use self::plot::{Line, Plot};
use self::rows::Rows;

mod bars;
mod plot;
mod rows;

/// What all is compared with.
const BASE: &str = "corosync-aes256";

/// The engines in the order of the tables.
const ENGINES: [&str; 5] =
    ["clusterd-cpg", "clusterd", "corosync-aes256", "corosync-plain", "corosync-udpu"];

/// Writes `README.md` and its plots into a directory.
///
/// # Errors
/// A file cannot be read or written, or holds what is no record.
pub fn write(records: &[PathBuf], into: &Path) -> Result<(), String> {
    let mut text = String::new();
    for path in records {
        let failed = |error| format!("{}: {error}", path.display());
        text += &fs::read_to_string(path).map_err(failed)?;
    }
    let rows = Rows::read(&text)?;
    fs::create_dir_all(into).map_err(|error| format!("{}: {error}", into.display()))?;
    let mut report = Report { rows, into, text: String::new() };
    report.head();
    report.text += &bars::table(&report.rows);
    report.speed()?;
    report.latency();
    report.loss();
    report.failures()?;
    report.idle();
    let path = into.join("README.md");
    fs::write(&path, report.text).map_err(|error| format!("{}: {error}", path.display()))
}

struct Report<'a> {
    rows: Rows,
    into: &'a Path,
    text: String,
}

impl Report<'_> {
    fn line(&mut self, line: &str) {
        self.text += line;
        self.text.push('\n');
    }

    fn head(&mut self) {
        let (runs, failed) = (self.rows.len(), self.rows.failed());
        let (least, most) = self.rows.span("load");
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model.unwrap_or("unknown").trim_start_matches(['\t', ':', ' ']);
        let processors = cpu.lines().filter(|line| line.starts_with("processor")).count();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        self.line("# Speed, beside Corosync's\n");
        self.line(
            "Made by `bench report` from the records of `bench race`; see `docs/benchmarks.md` for \
             how to run both. Hosts are network namespaces on one bridge of one machine. Engines \
             take turns within a run; figures are medians, of the host where they were worst. \
             clusterd always encrypts. The generator of `clusterd` is a program of its client \
             library, that of the others one C program over `libcpg.so.4`.\n",
        );
        let text = format!(
            "Machine: {processors} processors ({model}), Linux {}. {runs} runs, of which {failed} \
             failed. Load average at their starts: {least} to {most}.\n",
            kernel.trim()
        );
        self.line(&text);
    }

    /// A table with a row for every key and a column per engine.
    fn table(&mut self, head: &str, keys: &[(String, Vec<(&str, String)>)], what: (&str, &str)) {
        let (bench, field) = what;
        let engines: Vec<&str> =
            ENGINES.into_iter().filter(|engine| self.rows.has(bench, engine)).collect();
        if engines.is_empty() {
            self.line("Not measured.\n");
            return;
        }
        let mut table = format!("| {head} | {} | ratio |\n|---|", engines.join(" | "));
        table += &"---|".repeat(engines.len() + 1);
        table.push('\n');
        for (name, key) in keys {
            let of = |engine: &str| self.rows.median((bench, engine), key, field);
            let cells: Vec<String> = engines.iter().map(|engine| cell(of(engine))).collect();
            let ours = ENGINES.into_iter().take(2).find_map(of);
            let ratio = ours.zip(of(BASE)).filter(|(_, base)| *base > 0.0);
            let ratio = ratio.map(|(ours, base)| format!("{:.2}", ours / base));
            let (cells, ratio) = (cells.join(" | "), ratio.unwrap_or_default());
            writeln!(table, "| {name} | {cells} | {ratio} |").expect("a string takes everything");
        }
        self.line(&table);
    }

    fn speed(&mut self) -> Result<(), String> {
        self.line("## Throughput\n");
        self.line(
            "MB/s delivered at each node; the ratio is ours to Corosync's with aes256. \"All\" and \
             \"one\" say who sends.\n",
        );
        let nodes = self.rows.values("throughput", "nodes");
        let sizes = self.rows.values("throughput", "size");
        for n in &nodes {
            let mut keys = Vec::new();
            for size in &sizes {
                for (who, senders) in [("all", n.as_str()), ("one", "1")] {
                    let key = vec![
                        ("nodes", n.clone()),
                        ("size", size.clone()),
                        ("senders", senders.to_owned()),
                    ];
                    keys.push((format!("{n} nodes, {size} B, {who}"), key));
                }
            }
            self.table("MB/s", &keys, ("throughput", "megabytes_per_second"));
            self.table("CPU ns per message", &keys, ("throughput", "cpu_ns_per_message"));
            self.plot_speed(n, &sizes)?;
        }
        self.line("The limit: datagrams to all over the same bridge, without a protocol.\n");
        let mut table = "| nodes | path | packets/s | MB/s |\n|---|---|---|---|\n".to_owned();
        for n in self.rows.values("limit", "nodes") {
            for path in ["plain", "segmented"] {
                let key = [("nodes", n.clone()), ("path", path.to_owned())];
                let of = |field| cell(self.rows.median_of("limit", &key, field));
                let (packets, speed) = (of("messages_per_second"), of("megabytes_per_second"));
                writeln!(table, "| {n} | {path} | {packets} | {speed} |")
                    .expect("a string takes everything");
            }
        }
        self.line(&table);
        Ok(())
    }

    fn plot_speed(&mut self, nodes: &str, sizes: &[String]) -> Result<(), String> {
        let mut plot = Plot::new(format!("MB/s by size, {nodes} nodes, all sending"), "bytes");
        for engine in ENGINES {
            let points = sizes.iter().filter_map(|size| {
                let key = [
                    ("nodes", nodes.to_owned()),
                    ("size", size.clone()),
                    ("senders", nodes.to_owned()),
                ];
                let speed = ("throughput", engine);
                let speed = self.rows.median(speed, &key, "megabytes_per_second")?;
                Some((size.parse().ok()?, speed))
            });
            plot.add(Line { name: engine, points: points.collect() });
        }
        self.draw(&plot, &format!("throughput-{nodes}.svg"))
    }

    fn draw(&mut self, plot: &Plot, name: &str) -> Result<(), String> {
        let Some(svg) = plot.svg() else { return Ok(()) };
        let path = self.into.join(name);
        fs::write(&path, svg).map_err(|error| format!("{}: {error}", path.display()))?;
        self.line(&format!("![{}]({name})\n", plot.title()));
        Ok(())
    }

    fn latency(&mut self) {
        self.line("## Delays\n");
        self.line("Nanoseconds, one sender, 1 KiB; rates in messages per second.\n");
        for n in self.rows.values("latency", "nodes") {
            for (name, rate) in [("100/s", "100"), ("half of what one sender can", "")] {
                for field in ["own_p50", "own_p99", "peer_p50", "peer_p99", "peer_p999"] {
                    let mut key = vec![("nodes", n.clone())];
                    if rate.is_empty() {
                        key.push(("rate>", "100".to_owned()));
                    } else {
                        key.push(("rate", rate.to_owned()));
                    }
                    let keys = [(format!("{n} nodes, {name}, {field}"), key)];
                    self.table("ns", &keys, ("latency", field));
                }
            }
        }
    }

    fn loss(&mut self) {
        self.line("## Loss\n");
        for n in self.rows.values("loss", "nodes") {
            let rates = self.rows.values("loss", "loss_per_cent");
            let keys: Vec<_> = rates
                .iter()
                .map(|rate| {
                    let key = vec![("nodes", n.clone()), ("loss_per_cent", rate.clone())];
                    (format!("{n} nodes, {rate} % lost"), key)
                })
                .collect();
            self.table("MB/s", &keys, ("loss", "megabytes_per_second"));
            self.table("longest silence, ns", &keys, ("loss", "silence"));
            self.line(
                "At full speed the system stops programs at real-time priority, which all of these \
                 are, for 50 ms in every second. So silence is measured at 1000 messages a second \
                 of each as well:\n",
            );
            self.table("longest silence at that pace, ns", &keys, ("silence", "silence"));
        }
    }

    fn failures(&mut self) -> Result<(), String> {
        self.line("## Failure and formation\n");
        self.line(
            "Milliseconds until the last survivor is told of the new members and of quorum; token \
             0 is the engine's default. Formation: from the start of all daemons.\n",
        );
        for (bench, blows) in
            [("failure", ["kill", "leave", "cut", "stop"].as_slice()), ("formation", &["start"])]
        {
            for blow in blows {
                for token in self.rows.values(bench, "token") {
                    let key = |n: &String| {
                        vec![
                            ("nodes", n.clone()),
                            ("blow", (*blow).to_owned()),
                            ("token", token.clone()),
                        ]
                    };
                    let nodes = self.rows.values(bench, "nodes");
                    let nodes: Vec<String> =
                        nodes.into_iter().filter(|n| self.rows.any(bench, &key(n))).collect();
                    if nodes.is_empty() {
                        continue;
                    }
                    let name = |n| format!("{blow}, token {token}, {n} nodes");
                    let keys: Vec<_> = nodes.iter().map(|n| (name(n), key(n))).collect();
                    self.table("ms", &keys, (bench, "ms"));
                    self.plot_times((bench, blow), (&token, &nodes), &key)?;
                }
            }
        }
        let nodes = self.rows.values("formation", "nodes");
        let keys: Vec<_> = nodes
            .iter()
            .map(|n| (format!("rings until formed, {n} nodes"), vec![("nodes", n.clone())]))
            .collect();
        self.table("rings", &keys, ("formation", "rings"));
        Ok(())
    }

    fn plot_times(
        &mut self,
        (bench, blow): (&str, &str),
        (token, nodes): (&str, &[String]),
        key: &impl Fn(&String) -> Vec<(&'static str, String)>,
    ) -> Result<(), String> {
        let mut plot = Plot::new(format!("{blow}: ms by nodes, token {token}"), "nodes");
        for engine in ENGINES {
            let points = nodes.iter().filter_map(|n| {
                let took = self.rows.median((bench, engine), &key(n), "ms")?;
                Some((n.parse().ok()?, took))
            });
            plot.add(Line { name: engine, points: points.collect() });
        }
        self.draw(&plot, &format!("{blow}-{token}.svg"))
    }

    fn idle(&mut self) {
        self.line("## Idle\n");
        let nodes = self.rows.values("idle", "nodes");
        let keys: Vec<_> =
            nodes.iter().map(|n| (format!("{n} nodes"), vec![("nodes", n.clone())])).collect();
        for (head, field) in [
            ("millionths of a processor per daemon", "cpu_millionths"),
            ("MiB per daemon", "resident_mib"),
            ("packets/s per daemon", "packets_per_second"),
        ] {
            self.table(head, &keys, ("idle", field));
        }
    }
}

fn cell(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests;
