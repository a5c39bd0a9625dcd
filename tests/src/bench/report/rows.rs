//! The records of a race, and medians of them.

use std::collections::BTreeMap;

/// All records.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Rows(Vec<BTreeMap<String, Value>>);

#[derive(Clone, PartialEq, Debug)]
enum Value {
    Number(f64),
    Text(String),
}

impl Value {
    fn says(&self, wanted: &str) -> bool {
        match self {
            Self::Number(number) => wanted.parse() == Ok(*number),
            Self::Text(text) => text == wanted,
        }
    }

    const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }

    fn plain(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Names of fields and what they must say; a name that ends with `>` must be a larger number.
type Key<'a> = [(&'a str, String)];

impl Rows {
    /// Reads lines of JSON objects.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let row = |line: &str| {
            let object: BTreeMap<String, serde_json::Value> =
                serde_json::from_str(line).map_err(|error| format!("{line:?}: {error}"))?;
            let fields = object.into_iter().filter_map(|(name, value)| {
                let number = value.as_f64().map(Value::Number);
                Some((name, number.or_else(|| value.as_str().map(|s| Value::Text(s.into())))?))
            });
            Ok(fields.collect())
        };
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .map(row)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Runs that failed.
    pub(super) fn failed(&self) -> usize {
        self.0.iter().filter(|row| row.contains_key("failure")).count()
    }

    /// The least and the most of a field.
    pub(super) fn span(&self, field: &str) -> (f64, f64) {
        let of = || self.0.iter().filter_map(|row| row.get(field)?.number());
        let least = of().fold(f64::INFINITY, f64::min);
        (if least.is_finite() { least } else { 0.0 }, of().fold(0.0, f64::max))
    }

    fn of<'a>(
        &'a self,
        bench: &'a str,
        key: &'a Key<'a>,
    ) -> impl Iterator<Item = &'a BTreeMap<String, Value>> {
        self.0.iter().filter(move |row| {
            let says = |name: &str, wanted: &str| match name.strip_suffix('>') {
                None => row.get(name).is_some_and(|value| value.says(wanted)),
                Some(name) => {
                    let number = row.get(name).and_then(Value::number);
                    number.zip(wanted.parse().ok()).is_some_and(|(n, least)| n > least)
                }
            };
            says("bench", bench) && key.iter().all(|(name, wanted)| says(name, wanted))
        })
    }

    /// There is a run of this engine.
    pub(super) fn has(&self, bench: &str, engine: &str) -> bool {
        self.any(bench, &[("engine", engine.to_owned())])
    }

    /// There is a run of this kind.
    pub(super) fn any(&self, bench: &str, key: &Key<'_>) -> bool {
        self.of(bench, key).next().is_some()
    }

    /// What a field says in the runs of a kind, each once, by number where they are numbers.
    pub(super) fn values(&self, bench: &str, field: &str) -> Vec<String> {
        let mut values: Vec<&Value> =
            self.of(bench, &[]).filter_map(|row| row.get(field)).collect();
        values.sort_by(|a, b| match (a.number(), b.number()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (_, _) => a.plain().cmp(&b.plain()),
        });
        let mut values: Vec<String> = values.into_iter().map(Value::plain).collect();
        values.dedup();
        values
    }

    /// The median of a field over the runs of an engine.
    pub(super) fn median(
        &self,
        (bench, engine): (&str, &str),
        key: &Key<'_>,
        field: &str,
    ) -> Option<f64> {
        let mut key = key.to_vec();
        key.push(("engine", engine.to_owned()));
        self.median_of(bench, &key, field)
    }

    /// The median of a field over the runs of a kind.
    pub(super) fn median_of(&self, bench: &str, key: &Key<'_>, field: &str) -> Option<f64> {
        let mut values: Vec<f64> =
            self.of(bench, key).filter_map(|row| row.get(field)?.number()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }
}
