//! The words of `ccs_tool`, each with its letters.
//!
//! Must never act.

use super::usage;
use crate::getopt::{Found, Grammar, Scanner, Takes};

/// A command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    Create,
    Addnode,
    Delnode,
    Addfence,
    Delfence,
    Addnodeids,
    Lsnode,
    Lsfence,
    Query,
}

const WORDS: [(&str, Word); 9] = [
    ("create", Word::Create),
    ("addnode", Word::Addnode),
    ("delnode", Word::Delnode),
    ("addfence", Word::Addfence),
    ("delfence", Word::Delfence),
    ("addnodeids", Word::Addnodeids),
    ("lsnode", Word::Lsnode),
    ("lsfence", Word::Lsfence),
    ("query", Word::Query),
];

impl Word {
    pub(super) fn find(typed: &str) -> Option<Self> {
        WORDS.iter().find(|(word, _)| *word == typed).map(|(_, word)| *word)
    }

    const fn letters(self) -> &'static str {
        match self {
            Self::Create => "h2n:f:c:",
            Self::Addnode => "hn:v:a:f:o:c:",
            Self::Delnode | Self::Addfence | Self::Delfence => "ho:c:",
            Self::Addnodeids => "hvn:m:o:c:",
            Self::Lsnode | Self::Lsfence => "hvc:",
            Self::Query => "hnc:",
        }
    }

    pub(super) const fn usage(self) -> &'static str {
        match self {
            Self::Create => usage::CREATE,
            Self::Addnode => usage::ADDNODE,
            Self::Delnode => usage::DELNODE,
            Self::Addfence => usage::ADDFENCE,
            Self::Delfence => usage::DELFENCE,
            Self::Addnodeids => usage::ADDNODEIDS,
            Self::Lsnode => usage::LSNODE,
            Self::Lsfence => usage::LSFENCE,
            Self::Query => usage::QUERY,
        }
    }
}

/// What was typed after the command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Options {
    letters: Vec<(char, Option<String>)>,
    /// `--json`
    pub(super) json: bool,
    /// The words that are no options.
    pub(super) operands: Vec<String>,
}

impl Options {
    pub(super) fn parse(word: Word, words: &[String]) -> Result<Self, String> {
        let names = &[("json", Takes::Nothing)];
        let mut scanner = Scanner::new(Grammar { letters: word.letters(), names }, words);
        let mut options = Self::default();
        while let Some(found) = scanner.next()? {
            match found {
                Found::Short(letter, value) => options.letters.push((letter, value)),
                Found::Long(..) => options.json = true,
            }
        }
        options.operands = scanner.operands().into_iter().map(str::to_owned).collect();
        Ok(options)
    }

    pub(super) fn has(&self, letter: char) -> bool {
        self.letters.iter().any(|(found, _)| *found == letter)
    }

    /// The value of a letter; the last one counts.
    pub(super) fn value(&self, letter: char) -> Option<&str> {
        let mut found = self.letters.iter().rev().filter(|(found, _)| *found == letter);
        found.next().and_then(|(_, value)| value.as_deref())
    }
}
