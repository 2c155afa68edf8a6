//! The packs of this repository: valid, complete, as published.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use chrono::NaiveDate;
use rule_pack::{
    ApplicationKind, DeadlineKind, PackError, PackSet, ProviderKind, RecordKind, Regulation, ResultKind,
    RhythmKind, RulePack, TickItems, working_calendar,
};

const HOUSEHOLD: &str = include_str!("../../../rules/household-2017.toml");
const IMMIGRATION: &str = include_str!("../../../rules/immigration-2018.toml");
const TAX: &str = include_str!("../../../rules/tax.toml");

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn pack(regulation: Regulation) -> RulePack {
    let set = PackSet::embedded().unwrap();
    RulePack::clone(set.on(regulation, day("2026-06-01")).unwrap())
}

#[test]
fn every_pack_validates_against_the_committed_schema() {
    let schema = serde_json::from_str(include_str!("../../../rules/pack.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for text in [HOUSEHOLD, IMMIGRATION, TAX] {
        let value: serde_json::Value = toml::from_str(text).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        // What the types write is in the schema too: a field cannot be added to one of them alone.
        let typed = serde_json::to_value(RulePack::from_toml("pack", text).unwrap()).unwrap();
        assert!(validator.is_valid(&typed));
    }
    let broken: serde_json::Value = toml::from_str(&HOUSEHOLD.replace("every = 3", "evry = 3")).unwrap();
    assert!(!validator.is_valid(&broken));
}

#[test]
fn the_numbers_of_the_household_rule_are_those_of_the_text() {
    let pack = pack(Regulation::Household);
    let sampling = pack.sampling.as_ref().unwrap();
    assert_eq!([0, 1, 20, 21, 100, 101].map(|n| sampling.accounts_to_draw(n)), [0, 1, 1, 2, 5, 6]);
    assert_eq!([3, 10, 11].map(|n| sampling.records_to_draw(n)), [3, 10, 10]);
    assert_eq!(pack.rhythm(RhythmKind::AccountInventory).unwrap().every, 3);
    assert_eq!(pack.deadline(DeadlineKind::CorrectionReport).unwrap().days, 10);
    assert_eq!(pack.retention_years(RecordKind::QueryLog), Some(3));
    assert_eq!(pack.systems.iter().map(|s| s.title.zh.as_str()).collect::<Vec<_>>(), ["社福平台"]);
    assert!(pack.system_may_ask("welfare-platform") && !pack.system_may_ask("console"));
}

#[test]
fn the_immigration_rule_imports_its_log_and_keeps_it_five_years() {
    let pack = pack(Regulation::Immigration);
    assert_eq!(pack.provider.kind, ProviderKind::ImportedLog);
    assert_eq!(pack.retention_years(RecordKind::QueryLog), Some(5));
    assert_eq!(pack.query_items.len(), 7);
    let ordinals: Vec<_> = pack.query_items.iter().filter_map(|i| i.ordinal.as_deref()).collect();
    assert_eq!(ordinals, ["一", "二", "三", "四", "五", "六", "七"]);
    let form = pack.form("I-A2").unwrap();
    assert_eq!(form.title_for("district-office"), "高雄市_____區公所應用移民資訊內部稽核紀錄表");
    assert_eq!(form.title_for("bureau"), "高雄市政府社會局應用移民資訊內部稽核紀錄表");
    assert_eq!(pack.form("I-A3").unwrap().table.as_ref().unwrap().rows.len(), 6);
    let officers = pack.path_for("district-office", ApplicationKind::Add).unwrap();
    assert!(officers.stages.iter().any(|s| s.id == "letter"));
    let own = pack.path_for("bureau", ApplicationKind::Add).unwrap();
    assert!(!own.stages.iter().any(|s| s.id == "letter"));
}

#[test]
fn annex_one_lists_its_fifty_four_functions_in_published_order() {
    let pack = pack(Regulation::Household);
    let column =
        |n| pack.permission_items.iter().filter(|i| i.column == n).map(|i| i.label.as_str()).collect();
    let (left, right): (Vec<&str>, Vec<&str>) = (column(1), column(2));
    assert_eq!((left.len(), right.len()), (27, 27));
    assert_eq!((left[0], left[26]), ("公用功能", "非本市立案團體管理"));
    assert_eq!((right[0], right[11], right[26]), ("低收入戶管理", "重陽敬老 - 發放資格管理", "福利總歸戶"));
    assert_eq!(pack.programme_of("low-income-management"), ["low-income"]);
    assert!(pack.programme_of("calendar").is_empty() && pack.programme_of("unheard-of").is_empty());
    assert_eq!(pack.form("H-A1").unwrap().tick_items, TickItems::PermissionItems);
}

#[test]
fn all_of_annex_two_but_the_remarks_must_be_filled_in() {
    let pack = pack(Regulation::Household);
    let form = pack.form("H-A2").unwrap();
    let optional: Vec<_> = form.all_fields().filter(|f| !f.required).map(|f| f.label.as_str()).collect();
    assert_eq!(optional, ["備註"]);
    assert_eq!(form.table.as_ref().unwrap().columns.len(), 8);
    assert!(form.notes[0].starts_with("說明：資料使用者謹依個人資料保護法"));
}

#[test]
fn every_kind_of_agency_has_a_path_for_every_kind_of_application() {
    for regulation in Regulation::ALL {
        let pack = pack(*regulation);
        for kind in &pack.agency_kinds {
            for asked in [ApplicationKind::Add, ApplicationKind::Change, ApplicationKind::Cancel] {
                let path =
                    pack.path_for(&kind.id, asked).unwrap_or_else(|| panic!("{regulation} {}", kind.id));
                assert!(path.stages.iter().any(|s| s.results.contains(&ResultKind::Granted)));
            }
        }
    }
}

#[test]
fn tax_shares_the_functions_and_programmes_of_household_data() {
    let (household, tax) = (pack(Regulation::Household), pack(Regulation::Tax));
    assert_eq!(household.permission_items, tax.permission_items);
    assert_eq!(household.programmes, tax.programmes);
}

#[test]
fn only_a_citable_basis_in_force_counts() {
    let pack = pack(Regulation::Household);
    assert!(pack.legal_basis_in_force("social-assistance-44-3", day("2026-06-01")).is_some());
    assert!(pack.legal_basis_in_force("social-assistance-44-3", day("1999-06-01")).is_none());
    assert!(pack.legal_basis_in_force("household-data-rules-9", day("2026-06-01")).is_none());
    let ended = pack.changed(|p| p.legal_bases[0].in_force_to = Some(day("2026-05-31"))).unwrap();
    assert!(ended.legal_basis_in_force("social-assistance-44-3", day("2026-05-31")).is_some());
    assert!(ended.legal_basis_in_force("social-assistance-44-3", day("2026-06-01")).is_none());
    assert!(pack.addition_enabled("H2.1+case-basis") && !pack.addition_enabled("H5.1.5+training-for-access"));
    assert_eq!(pack.obligation("H8.5.correction").unwrap().clause, "H8.5");
}

#[test]
fn a_new_version_is_followed_from_its_day_and_never_before() {
    let newer = HOUSEHOLD
        .replace("version = 1\n", "version = 2\n")
        .replace("effective_from = \"2017-01-19\"", "effective_from = \"2027-01-01\"");
    let set = PackSet::from_texts([("new.toml", newer.as_str()), ("old.toml", HOUSEHOLD)]).unwrap();
    let on = |text| set.on(Regulation::Household, day(text)).map(|p| p.version);
    assert_eq!(on("2017-01-18"), None);
    assert_eq!(on("2026-12-31"), Some(1));
    assert_eq!(on("2027-01-01"), Some(2));
    let reference = set.on(Regulation::Household, day("2026-12-31")).unwrap().reference();
    assert!(reference.starts_with("household-2017@1#"));
    assert_eq!(set.by_reference(&reference).map(|p| p.version), Some(1));
}

#[test]
fn the_digest_follows_the_content_not_the_layout() {
    let pack = RulePack::from_toml("a", HOUSEHOLD).unwrap();
    let spaced =
        RulePack::from_toml("b", &HOUSEHOLD.replace("version = 1\n", "version   =   1 # note\n")).unwrap();
    assert_eq!(pack.digest(), spaced.digest());
    assert_eq!(pack.digest().len(), 64);
    let changed = pack.changed(|p| p.session.idle_minutes += 1).unwrap();
    assert_ne!(pack.digest(), changed.digest());
}

#[test]
fn a_folder_is_read_without_its_calendar() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(PackSet::load(dir.path()), Err(PackError::Empty { .. })));
    std::fs::write(dir.path().join("household.toml"), HOUSEHOLD).unwrap();
    std::fs::write(dir.path().join("calendar-tw.toml"), "holidays = []").unwrap();
    assert_eq!(PackSet::load(dir.path()).unwrap().iter().count(), 1);
    std::fs::write(dir.path().join("twice.toml"), HOUSEHOLD).unwrap();
    let error = PackSet::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("twice.toml") && error.contains("household-2017@1"), "{error}");
    assert!(matches!(PackSet::load(&dir.path().join("none")), Err(PackError::Read { .. })));
}

#[test]
fn the_calendar_knows_holidays_and_worked_saturdays() {
    let calendar = working_calendar().unwrap();
    assert!(!calendar.is_working_day(day("2026-02-17")), "Lunar New Year");
    assert!(calendar.is_working_day(day("2024-02-17")), "a Saturday worked in exchange");
    assert!(!calendar.is_working_day(day("2025-09-29")), "Teachers' Day moved off a Sunday");
    assert!(calendar.is_working_day(day("2026-11-23")));
}
