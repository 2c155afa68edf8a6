//! Broken packs: each error names file, key and reason.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use rule_pack::{PackError, RulePack};

const HOUSEHOLD: &str = include_str!("../../../rules/household-2017.toml");

/// The error's text after `from` became `to`; fails if the pack has no `from`.
fn error(from: &str, to: &str) -> String {
    assert!(HOUSEHOLD.contains(from), "the pack has no `{from}`");
    RulePack::from_toml("rules/x.toml", &HOUSEHOLD.replacen(from, to, 1)).unwrap_err().to_string()
}

#[track_caller]
fn names(error: &str, key: &str, reason: &str) {
    assert!(error.starts_with("rules/x.toml: "), "no file: {error}");
    assert!(error.contains(&format!("{key}: ")), "no key {key}: {error}");
    assert!(error.contains(reason), "no reason {reason}: {error}");
}

#[test]
fn text_that_is_no_toml_is_refused() {
    let error = RulePack::from_toml("rules/x.toml", "id = [").unwrap_err();
    assert!(
        matches!(&error, PackError::Syntax { .. }) && error.to_string().starts_with("rules/x.toml: not TOML")
    );
}

#[test]
fn wrong_types_unknown_and_missing_keys_are_named() {
    names(&error("every = 3\n", "every = \"three\"\n"), "rhythms.account_inventory.every", "u32");
    names(
        &error("every = 3\n", "every = 3\noften = 1\n"),
        "rhythms.account_inventory.often",
        "unknown field",
    );
    names(&error("idle_minutes = 15\n", ""), "session", "idle_minutes");
    names(&error("mode = \"before\"", "mode = \"never\""), "endorsement.mode", "never");
}

#[test]
fn an_id_used_twice_is_refused() {
    let text = error("id = \"middle-low-income\"", "id = \"low-income\"");
    names(&text, "programmes[1].id", "used twice");
}

#[test]
fn names_that_nothing_has_are_refused() {
    names(
        &error("programmes = [\"disability-care\"]", "programmes = [\"x\"]"),
        "permission_items[4].programmes[0]",
        "`x` is no programme",
    );
    names(&error("form = \"H-A1\"", "form = \"H-A9\""), "paths[0].form", "`H-A9` is no form");
    names(
        &error("deadline = \"correction_report\"", "deadline = \"anomaly_close\""),
        ".deadline",
        "is no deadline",
    );
    names(
        &error("addition = \"H9+lock-out\"", "addition = \"H9+x\""),
        "deadlines.stop_confirmation.addition",
        "no addition",
    );
    names(
        &error("legal_bases = [\"social-assistance-44-3\"", "legal_bases = [\"household-data-rules-9\""),
        "programmes[0].legal_bases[0]",
        "no citable legal basis",
    );
}

#[test]
fn ratios_and_numbers_out_of_range_are_refused() {
    names(
        &error("parts = 5, of = 100", "parts = 105, of = 100"),
        "sampling.accounts",
        "at most 1, is 105/100",
    );
    names(&error("parts = 5, of = 100", "parts = 0, of = 100"), "sampling.accounts", "more than 0");
    names(&error("least_records = 10", "least_records = 0"), "sampling.least_records", "1 or more");
    names(&error("every = 3\n", "every = 0\n"), "rhythms.account_inventory.every", "1 or more");
    names(&error("years = 3", "years = 0"), "retention.query_log.years", "1 or more");
    names(&error("night_from_hour = 20", "night_from_hour = 24"), "misuse.night_from_hour", "at most 23");
}

#[test]
fn dates_out_of_order_are_refused() {
    let from = "effective_from = \"2017-01-19\"";
    names(
        &error(from, &format!("{from}\neffective_to = \"2016-01-01\"")),
        "effective_to",
        "before it begins",
    );
    let basis = "in_force_from = \"2011-07-01\"";
    names(
        &error(basis, &format!("{basis}\nin_force_to = \"2010-01-01\"")),
        "legal_bases[0].in_force_to",
        "2010-01-01",
    );
}

#[test]
fn an_endorsement_afterwards_needs_a_legal_basis() {
    for mode in ["after", "emergency"] {
        let text = error("mode = \"before\"", &format!("mode = \"{mode}\""));
        names(&text, "endorsement.legal_basis", "must cite a legal basis");
        assert!(text.contains("late_endorsement"), "and a deadline: {text}");
    }
}

#[test]
fn a_duty_names_its_clause_its_actors_and_what_makes_it_due() {
    let duty = "clause = \"H8.5\"\nactors = [\"bureau\", \"user\"]";
    names(&error(duty, "clause = \" \"\nactors = [\"bureau\"]"), ".clause", "must name the clause");
    names(&error(duty, "clause = \"H8.5\"\nactors = []"), ".actors", "must not be empty");
    names(&error("event = \"violation_found\"\n", ""), ".trigger", "needs `event`");
    names(&error("rhythm = \"usage_audit\"\n", ""), ".trigger", "needs `rhythm`");
}

#[test]
fn a_path_starts_with_the_applicant_and_ends_with_a_decision() {
    let broken = HOUSEHOLD.replace("action = \"decide\"", "action = \"review\"");
    let text = RulePack::from_toml("rules/x.toml", &broken).unwrap_err().to_string();
    names(&text, "paths[0].stages", "has no stage that grants");
}

#[test]
fn all_faults_are_told_at_once() {
    let broken =
        HOUSEHOLD.replace("least_records = 10", "least_records = 0").replace("years = 3", "years = 0");
    let Err(PackError::Invalid { faults, .. }) = RulePack::from_toml("rules/x.toml", &broken) else {
        panic!()
    };
    assert!(faults.len() > 2);
}
