//! Options as the C library has always read them: short ones bundled, before, after and between
//! the words of a command.
//!
//! Must never reorder: options come in the order they were typed, and the words that are none are
//! kept aside in theirs. Long options are ours; the reference had none.

/// One option.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// A letter and its argument.
    Short(char, Option<String>),
    /// A long name and its argument.
    Long(&'static str, Option<String>),
}

/// How an option takes an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Takes {
    /// Not at all.
    Nothing,
    /// The rest of its word, else the next word.
    Value,
    /// The rest of its word, if any.
    Attached,
    /// The rest of its word, else the next word if that begins like a number.
    Number,
}

/// What options there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grammar {
    /// Letters, each followed by nothing, `:` for a value, `::` for an attached one, `#` for a
    /// number that may be missing.
    pub(crate) letters: &'static str,
    /// Long names.
    pub(crate) names: &'static [(&'static str, Takes)],
}

/// Reads words one option at a time.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    grammar: Grammar,
    words: std::slice::Iter<'a, String>,
    /// Letters of the present word that are not read yet.
    bundle: Option<&'a str>,
    operands: Vec<&'a str>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(grammar: Grammar, words: &'a [String]) -> Self {
        Self { grammar, words: words.iter(), bundle: None, operands: Vec::new() }
    }

    /// The next option; an error names the option that makes no sense.
    pub(crate) fn next(&mut self) -> Result<Option<Found>, String> {
        loop {
            if let Some(bundle) = self.bundle.take() {
                return self.letter(bundle).map(Some);
            }
            let Some(word) = self.words.next() else { return Ok(None) };
            if word == "--" {
                self.operands.extend(self.words.by_ref().map(String::as_str));
                return Ok(None);
            }
            if let Some(name) = word.strip_prefix("--") {
                return self.name(name).map(Some);
            }
            match word.strip_prefix('-') {
                Some(bundle) if !bundle.is_empty() => self.bundle = Some(bundle),
                _ => self.operands.push(word),
            }
        }
    }

    /// The words that are no options, once `next` came to the end.
    pub(crate) fn operands(self) -> Vec<&'a str> {
        self.operands
    }

    fn letter(&mut self, bundle: &'a str) -> Result<Found, String> {
        let mut letters = bundle.chars();
        let letter = letters.next().expect("a bundle is kept only while letters are left");
        let rest = letters.as_str();
        let attached = (!rest.is_empty()).then_some(rest);
        let argument = match self.takes(letter) {
            None => return Err(format!("invalid option -- '{letter}'")),
            Some(Takes::Nothing) => {
                self.bundle = attached;
                None
            }
            Some(Takes::Attached) => attached.map(str::to_owned),
            Some(Takes::Number) => attached.or_else(|| self.number()).map(str::to_owned),
            Some(Takes::Value) => {
                let next = attached.or_else(|| self.words.next().map(String::as_str));
                let missing = || format!("option requires an argument -- '{letter}'");
                Some(next.ok_or_else(missing)?.to_owned())
            }
        };
        Ok(Found::Short(letter, argument))
    }

    /// The next word, if it begins like a number.
    fn number(&mut self) -> Option<&'a str> {
        let next = self.words.as_slice().first()?;
        next.starts_with(|first: char| first.is_ascii_digit()).then(|| self.words.next())??;
        Some(next)
    }

    fn takes(&self, letter: char) -> Option<Takes> {
        if matches!(letter, ':' | '#') {
            return None;
        }
        let (_, after) = self.grammar.letters.split_once(letter)?;
        Some(match (after.starts_with("::"), after.starts_with(':')) {
            (true, _) => Takes::Attached,
            (false, true) => Takes::Value,
            (false, false) if after.starts_with('#') => Takes::Number,
            (false, false) => Takes::Nothing,
        })
    }

    fn name(&mut self, word: &'a str) -> Result<Found, String> {
        let (typed, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let known = self.grammar.names.iter().find(|(name, _)| *name == typed);
        let Some((name, takes)) = known else {
            return Err(format!("unrecognized option '--{typed}'"));
        };
        let argument = match takes {
            Takes::Nothing if attached.is_some() => {
                return Err(format!("option '--{name}' doesn't allow an argument"));
            }
            Takes::Nothing | Takes::Attached | Takes::Number => attached,
            Takes::Value => {
                let next = attached.or_else(|| self.words.next().map(String::as_str));
                Some(next.ok_or_else(|| format!("option '--{name}' requires an argument"))?)
            }
        };
        Ok(Found::Long(name, argument.map(str::to_owned)))
    }
}

#[cfg(test)]
mod tests;
