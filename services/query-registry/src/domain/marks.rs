//! Marks on queries and reasons (design.md, flow 9): what an auditor should look at. None of them refuses a query.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Instant, NationalId, days};
use rule_pack::{MisuseRules, QueryRules};

/// What is at hand when a query happens.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// When.
    pub now: Instant,
    /// Earlier queries of the account about the person in the window of repetition.
    pub repeated: i64,
    /// Earlier queries of the account in the last hour.
    pub hourly: i64,
    /// Keyed hashes of the ids below this one, nearest first, and above it.
    pub below: &'a [String],
    /// Above it, nearest first.
    pub above: &'a [String],
    /// Those of them that the account asked about lately.
    pub asked: &'a BTreeSet<String>,
    /// Whether the person is declared as the official's own or a relative.
    pub declared: bool,
}

/// The marks of a query.
pub fn of_query(rules: &MisuseRules, facts: &Facts<'_>) -> BTreeMap<String, i64> {
    let mut marks = BTreeMap::new();
    let mut mark = |name: &str, value: i64| marks.insert(name.to_owned(), value);
    let run = 1 + run_length(facts.below, facts.asked) + run_length(facts.above, facts.asked);
    if run >= i64::from(rules.sequence_length) {
        mark("sequential-ids", run);
    }
    if facts.repeated + 1 >= i64::from(rules.repetition_count) {
        mark("repeated-subject", facts.repeated + 1);
    }
    if facts.hourly + 1 >= i64::from(rules.hourly_count) {
        mark("many-in-an-hour", facts.hourly + 1);
    }
    if facts.declared {
        mark("declared-relative", 1);
    }
    let hour = days::taipei_hour(facts.now);
    if is_night(hour, rules) {
        mark("night", i64::from(hour));
    }
    marks
}

fn is_night(hour: u32, rules: &MisuseRules) -> bool {
    let (from, to) = (rules.night_from_hour, rules.night_to_hour);
    if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to }
}

fn run_length(neighbours: &[String], asked: &BTreeSet<String>) -> i64 {
    i64::try_from(neighbours.iter().take_while(|n| asked.contains(*n)).count()).unwrap_or(i64::MAX)
}

/// The valid ids next to `id` by serial number: up to `count` below (nearest first) and above. Letter and kind stay.
pub fn neighbours(id: &NationalId, count: u32) -> (Vec<NationalId>, Vec<NationalId>) {
    let text = id.expose();
    let (Some(head), Some(Ok(serial))) = (text.get(..2), text.get(2..9).map(str::parse::<i64>)) else {
        return (vec![], vec![]);
    };
    let at = |offset: i64| {
        let number = Some(serial + offset).filter(|n| (0..10_000_000).contains(n))?;
        // The check digit follows from the others: one of ten fits.
        (0..10).find_map(|check| NationalId::parse(&format!("{head}{number:07}{check}"), true).ok())
    };
    let reach = i64::from(count);
    ((1..=reach).map_while(|o| at(-o)).collect(), (1..=reach).map_while(at).collect())
}

/// The marks of a reason, given the reasons of the same user's earlier applications in the window.
pub fn of_reason<'a>(
    query: &QueryRules,
    misuse: &MisuseRules,
    reason: &str,
    earlier: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<String, i64> {
    let mut marks = BTreeMap::new();
    if is_meaningless(reason, query.reason_least_chars) {
        marks.insert("meaningless-reason".to_owned(), 1);
    }
    let bigrams = bigrams(reason);
    let copies = earlier
        .into_iter()
        .filter(|other| {
            let (part, whole) = likeness(&bigrams, &self::bigrams(other));
            misuse.reason_likeness.is_reached_by(part, whole)
        })
        .count();
    if copies + 1 >= usize::try_from(misuse.reason_copies).unwrap_or(usize::MAX) {
        marks.insert("copied-reason".to_owned(), i64::try_from(copies + 1).unwrap_or(i64::MAX));
    }
    marks
}

/// Too short, without letters, or one or two characters again and again.
fn is_meaningless(reason: &str, least_chars: u32) -> bool {
    let letters: Vec<char> = reason.chars().filter(|c| c.is_alphabetic()).collect();
    let kinds: BTreeSet<&char> = letters.iter().collect();
    letters.len() < usize::try_from(least_chars).unwrap_or(usize::MAX) || kinds.len() <= 2
}

/// Pairs of neighbouring letters with their counts; digits, spaces and punctuation do not make a reason another one.
fn bigrams(text: &str) -> BTreeMap<(char, char), u64> {
    let letters: Vec<char> =
        text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let mut counts = BTreeMap::new();
    for pair in letters.windows(2) {
        if let [a, b] = pair {
            *counts.entry((*a, *b)).or_insert(0) += 1;
        }
    }
    counts
}

/// Dice's coefficient of two texts as a fraction.
fn likeness(a: &BTreeMap<(char, char), u64>, b: &BTreeMap<(char, char), u64>) -> (u64, u64) {
    let shared: u64 = a.iter().map(|(pair, n)| (*n).min(b.get(pair).copied().unwrap_or(0))).sum();
    (2 * shared, a.values().sum::<u64>() + b.values().sum::<u64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rule_pack::{PackSet, Regulation};

    fn pack() -> std::sync::Arc<rule_pack::RulePack> {
        let day = "2026-05-04".parse().unwrap();
        PackSet::embedded().unwrap().on(Regulation::Household, day).unwrap().clone()
    }

    fn facts<'a>(at: &str, below: &'a [String], asked: &'a BTreeSet<String>) -> Facts<'a> {
        let now = at.parse().unwrap();
        Facts { now, repeated: 0, hourly: 0, below, above: &[], asked, declared: false }
    }

    const NOON: &str = "2026-05-04T04:00:00Z";

    #[test]
    fn an_ordinary_query_has_no_mark() {
        assert!(of_query(&pack().misuse, &facts(NOON, &[], &BTreeSet::new())).is_empty());
    }

    #[test]
    fn each_habit_of_misuse_has_its_mark() {
        let rules = pack().misuse.clone();
        let below: Vec<String> = ["c", "b", "a", "z"].map(str::to_owned).into();
        let asked: BTreeSet<String> = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!(of_query(&rules, &facts(NOON, &below, &asked))["sequential-ids"], 4);
        let two: BTreeSet<String> = ["a", "b"].map(str::to_owned).into();
        assert!(of_query(&rules, &facts(NOON, &below, &two)).is_empty(), "a gap ends the run");
        let none = BTreeSet::new();
        assert_eq!(of_query(&rules, &facts("2026-05-04T14:00:00Z", &[], &none))["night"], 22);
        assert_eq!(
            of_query(&rules, &Facts { repeated: 4, ..facts(NOON, &[], &none) })["repeated-subject"],
            5
        );
        assert_eq!(of_query(&rules, &Facts { hourly: 59, ..facts(NOON, &[], &none) })["many-in-an-hour"], 60);
        assert_eq!(
            of_query(&rules, &Facts { declared: true, ..facts(NOON, &[], &none) })["declared-relative"],
            1
        );
    }

    #[test]
    fn neighbours_are_the_next_valid_ids() {
        let id = NationalId::sample('S', 1).unwrap();
        let (below, above) = neighbours(&id, 3);
        assert_eq!(below, [NationalId::sample('S', 0).unwrap()]);
        assert_eq!(above.len(), 3);
        assert_eq!(above[2], NationalId::sample('S', 4).unwrap());
    }

    #[test]
    fn a_reason_is_marked_when_it_says_nothing_or_is_always_the_same() {
        let pack = pack();
        let marks = |reason: &str, earlier: &[&str]| {
            of_reason(&pack.query, &pack.misuse, reason, earlier.iter().copied())
        };
        assert!(marks("審查低收入戶申請案件之家庭人口", &[]).is_empty());
        assert!(marks("查查查查查查查查", &[]).contains_key("meaningless-reason"));
        assert!(marks("查詢", &[]).contains_key("meaningless-reason"));
        assert!(marks("1234567890", &[]).contains_key("meaningless-reason"));
        let same = ["審查低收入戶申請案件之家庭人口 (案號12)"; 9];
        assert_eq!(marks("審查低收入戶申請案件之家庭人口(案號13)", &same)["copied-reason"], 10);
        assert!(marks("審查身心障礙者租屋補助之戶籍地址", &same).is_empty());
    }
}
