//! Rule packs compiled for decisions: what is looked up per query is looked up by key.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use rule_pack::{OutsideCase, ProviderKind, Regulation, RulePack};

/// A pack with its look-up tables.
#[derive(Debug)]
pub struct Rules {
    /// The pack.
    pub pack: Arc<RulePack>,
    /// Its reference, as the log and records name it.
    pub reference: String,
    /// Programme → permission items that open it (H2.3).
    opens: HashMap<String, HashSet<String>>,
    systems: HashSet<String>,
}

impl Rules {
    fn new(pack: Arc<RulePack>) -> Self {
        let mut opens: HashMap<String, HashSet<String>> = HashMap::new();
        for item in &pack.permission_items {
            for programme in &item.programmes {
                opens.entry(programme.clone()).or_default().insert(item.id.clone());
            }
        }
        let systems = pack.systems.iter().map(|s| s.id.clone()).collect();
        Self { reference: pack.reference(), opens, systems, pack }
    }

    /// Whether queries of this data pass the gate.
    pub fn passes_gate(&self) -> bool {
        self.pack.provider.kind == ProviderKind::Gate
    }

    /// Whether the system `code` may ask (H3.1).
    pub fn system_may_ask(&self, code: &str) -> bool {
        self.systems.contains(code)
    }

    /// Whether one of the permission items opens the programme (H2.3).
    pub fn permits<'a>(&self, items: impl IntoIterator<Item = &'a String>, programme: &str) -> bool {
        self.opens.get(programme).is_some_and(|opening| items.into_iter().any(|item| opening.contains(item)))
    }

    /// Whether `basis` is in force on `day` and one of the programme's (H2.1).
    pub fn basis_holds(&self, basis: &str, programme: &str, day: NaiveDate) -> bool {
        self.pack.legal_basis_in_force(basis, day).is_some()
            && self.pack.programme(programme).is_some_and(|p| p.legal_bases.iter().any(|b| b == basis))
    }

    /// Whether a person outside the case is refused (H2.3).
    pub fn refuses_outside_case(&self) -> bool {
        self.pack.query.person_outside_case == OutsideCase::Refuse
    }

    /// Whether a programme that the account may not handle is refused (H2.3).
    pub fn refuses_other_programme(&self) -> bool {
        self.pack.query.programme_not_permitted == OutsideCase::Refuse
    }

    /// Fields of the provider that `items` cover, once each, sorted.
    pub fn fields_of<'a>(&self, items: impl IntoIterator<Item = &'a String>) -> Vec<String> {
        let mut fields: Vec<String> = vec![];
        for item in items {
            fields.extend(self.pack.fields_of([item.as_str()]).into_iter().map(str::to_owned));
        }
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// The reminder of liability as printed on annex 2.
    pub fn reminder(&self) -> String {
        self.annex_two().map(|form| form.notes.join("\n")).unwrap_or_default()
    }

    /// The form of the query register, where the pack has one.
    pub fn annex_two(&self) -> Option<&rule_pack::Form> {
        self.pack.forms.iter().find(|form| form.annex == 2 && form.clause == "H4.2")
    }

    /// Where entries of this regulation go: the log of its retention class.
    pub fn log(&self) -> &'static str {
        match self.pack.regulation {
            Regulation::Household | Regulation::Tax => THREE_YEARS,
            Regulation::Immigration => FIVE_YEARS,
        }
    }
}

/// The log of entries that are kept three years (H6.6); tax queries go with it.
pub const THREE_YEARS: &str = "three-year";
/// The log of entries that are kept five years (I3.8).
pub const FIVE_YEARS: &str = "five-year";

/// All packs, compiled.
#[derive(Debug, Default)]
pub struct RuleBook {
    rules: Vec<Rules>,
}

impl RuleBook {
    /// Compiles `packs`, which come ordered by the day on which they take effect.
    pub fn new<'a>(packs: impl IntoIterator<Item = &'a Arc<RulePack>>) -> Self {
        Self { rules: packs.into_iter().cloned().map(Rules::new).collect() }
    }

    /// The rules of `regulation` that are followed on `day`.
    pub fn on(&self, regulation: Regulation, day: NaiveDate) -> Option<&Rules> {
        self.rules.iter().rev().find(|r| r.pack.regulation == regulation && r.pack.in_force(day))
    }

    /// As [`Self::on`], by the regulation's name.
    pub fn named(&self, regulation: &str, day: NaiveDate) -> Option<&Rules> {
        self.on(regulation.parse().ok()?, day)
    }

    /// Whether any pack in force on `day` lists the system.
    pub fn any_lists(&self, system: &str, day: NaiveDate) -> bool {
        self.rules.iter().any(|r| r.pack.in_force(day) && r.system_may_ask(system))
    }

    /// The widest windows of misuse detection on `day`: sequence length and days of repetition.
    pub fn windows(&self, day: NaiveDate) -> (u32, u32) {
        self.rules.iter().filter(|r| r.pack.in_force(day)).fold((0, 0), |(sequence, days), r| {
            (sequence.max(r.pack.misuse.sequence_length), days.max(r.pack.misuse.repetition_days))
        })
    }
}
