//! What a verifier trusts (C2SP tlog-policy): logs, witnesses, and the quorum of witnesses that makes a checkpoint count.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::checkpoint::Checkpoint;
use crate::cosignature::{self, Cosignature};
use crate::note::{Algorithm, Note, NoteError, Verifier};

/// Most lines of a policy.
const MOST_LINES: usize = 1_000;

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Verifier>,
    witnesses: BTreeMap<String, Verifier>,
    groups: BTreeMap<String, Group>,
    /// `None`: no cosignature is wanted.
    quorum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<String>,
}

/// A line of a policy that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {what}")]
pub struct PolicyError {
    /// Its number, from 1; 0: the policy as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: &'static str,
}

/// Why a checkpoint does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// No signature of a log of the policy whose name is the origin, or a signature that does not hold.
    #[error("the checkpoint does not hold")]
    Note(#[from] NoteError),
    /// Fewer witnesses than the quorum wants.
    #[error("the quorum of witnesses is not met")]
    Quorum,
}

/// A checkpoint that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// The head.
    pub checkpoint: Checkpoint,
    /// What the policy's witnesses said of it.
    pub cosignatures: Vec<Cosignature>,
    /// The moment by which the quorum had seen it, in seconds since 1970; `None` where none is wanted.
    pub witnessed_at: Option<u64>,
}

impl Policy {
    /// Trusts `logs` and wants no witness.
    pub fn unwitnessed(logs: Vec<Verifier>) -> Self {
        Self { logs, witnesses: BTreeMap::new(), groups: BTreeMap::new(), quorum: None }
    }

    /// The keys of the logs.
    pub fn logs(&self) -> &[Verifier] {
        &self.logs
    }

    /// Whether cosignatures are wanted.
    pub fn wants_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Checks a checkpoint against the policy.
    pub fn judge(&self, note: &str) -> Result<Trusted, Distrust> {
        let note = Note::parse(note)?;
        let checkpoint = Checkpoint::from_text(&note.text)?;
        let keys: Vec<Verifier> =
            self.logs.iter().filter(|key| key.name() == checkpoint.origin).cloned().collect();
        note.verify(&keys)?;
        let witnesses: Vec<Verifier> = self.witnesses.values().cloned().collect();
        let cosignatures = cosignature::of_note(&note, &witnesses)?;
        let Some(quorum) = &self.quorum else {
            return Ok(Trusted { checkpoint, cosignatures, witnessed_at: None });
        };
        let mut times: Vec<u64> = cosignatures.iter().map(|c| c.at).collect();
        times.sort_unstable();
        // The first moment at which those who had signed by then were enough.
        let met = times.into_iter().find(|time| {
            let names = cosignatures.iter().filter(|c| c.at <= *time).map(|c| c.witness.as_str());
            self.holds(quorum, &names.collect())
        });
        let witnessed_at = Some(met.ok_or(Distrust::Quorum)?);
        Ok(Trusted { checkpoint, cosignatures, witnessed_at })
    }

    /// Whether the witness or group `name` is satisfied by those who signed, known by their key names.
    fn holds(&self, name: &str, signed: &BTreeSet<&str>) -> bool {
        if let Some(witness) = self.witnesses.get(name) {
            return signed.contains(witness.name());
        }
        self.groups.get(name).is_some_and(|group| {
            group.members.iter().filter(|member| self.holds(member, signed)).count() >= group.threshold
        })
    }

    fn is_defined(&self, name: &str) -> bool {
        self.witnesses.contains_key(name) || self.groups.contains_key(name)
    }

    fn add(
        &mut self,
        words: &[&str],
        quorums: &mut usize,
        listed: &mut BTreeSet<String>,
    ) -> Result<(), &'static str> {
        match words {
            ["log", key] | ["log", key, _] => {
                let key = verifier(key, Algorithm::Ed25519)?;
                if self.logs.contains(&key) {
                    return Err("this log is listed already");
                }
                self.logs.push(key);
            }
            ["witness", name, key] | ["witness", name, key, _] => {
                let key = verifier(key, Algorithm::Cosignature)?;
                if *name == "none" || self.is_defined(name) || self.witnesses.values().any(|w| *w == key) {
                    return Err("this name or key is used already");
                }
                self.witnesses.insert((*name).to_owned(), key);
            }
            ["group", name, threshold, members @ ..] if !members.is_empty() => {
                if *name == "none" || self.is_defined(name) {
                    return Err("this name is used already");
                }
                let threshold = match *threshold {
                    "any" => 1,
                    "all" => members.len(),
                    number => number.parse().map_err(|_| "not a threshold")?,
                };
                if threshold < 1 || threshold > members.len() {
                    return Err("the threshold does not fit the members");
                }
                for member in members {
                    if !self.is_defined(member) {
                        return Err("a member is not defined above");
                    }
                    if !listed.insert((*member).to_owned()) {
                        return Err("a member counts already elsewhere");
                    }
                }
                let members = members.iter().map(|member| (*member).to_owned()).collect();
                self.groups.insert((*name).to_owned(), Group { threshold, members });
            }
            ["quorum", name] => {
                *quorums += 1;
                if *name != "none" && !self.is_defined(name) {
                    return Err("the quorum is not defined above");
                }
                self.quorum = (*name != "none").then(|| (*name).to_owned());
            }
            _ => return Err("not a line of a policy"),
        }
        Ok(())
    }
}

fn verifier(text: &str, algorithm: Algorithm) -> Result<Verifier, &'static str> {
    let key = Verifier::parse(text).map_err(|_| "not a verifier key")?;
    if key.algorithm() == algorithm { Ok(key) } else { Err("a key for something else") }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let (mut policy, mut quorums, mut listed) = (Self::unwitnessed(vec![]), 0, BTreeSet::new());
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |what| PolicyError { line: number, what };
            if number > MOST_LINES {
                return Err(wrong("too many lines"));
            }
            let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            if words.first().is_none_or(|word| word.starts_with('#')) {
                continue;
            }
            policy.add(&words, &mut quorums, &mut listed).map_err(wrong)?;
        }
        if quorums == 1 {
            Ok(policy)
        } else {
            Err(PolicyError { line: 0, what: "exactly one quorum line is needed" })
        }
    }
}
