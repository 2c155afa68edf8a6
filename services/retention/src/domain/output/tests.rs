use proptest::prelude::*;

use super::*;

const METHODS: [DestructionMethod; 5] = [
    DestructionMethod::Shredded,
    DestructionMethod::Burnt,
    DestructionMethod::DeletedIrrecoverably,
    DestructionMethod::Degaussed,
    DestructionMethod::MediumDestroyed,
];
const KINDS: [OutputKind; 4] = [OutputKind::Paper, OutputKind::File, OutputKind::System, OutputKind::Media];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

pub(crate) fn output(kind: OutputKind) -> Output {
    Output {
        id: Uuid::nil(),
        kind,
        count: 1,
        regulation: "household".into(),
        query: None,
        case: CaseId(Uuid::from_u128(1)),
        person: person(1),
        agency_id: AgencyId(Uuid::nil()),
        unit: None,
        made_on: day("2026-03-02"),
        from_gate: true,
        due_on: day("2026-04-01"),
        rule_pack: "household-2017@1".into(),
        state: OutputState::Open,
        not_needed: None,
        settled_on: None,
        settled_by: None,
        destruction: None,
    }
}

fn act(method: DestructionMethod, witness: Option<PersonId>) -> DestructionAct {
    DestructionAct {
        by: person(1),
        on: day("2026-03-03"),
        destruction: Destruction { method, witness, witness_endorsement: None },
        witness_needed: true,
        witness_known: true,
    }
}

#[test]
fn each_kind_has_its_methods() {
    use DestructionMethod as M;
    let table: Vec<(OutputKind, Vec<DestructionMethod>)> =
        KINDS.map(|k| (k, METHODS.into_iter().filter(|m| fits(k, *m)).collect())).into();
    assert_eq!(
        table,
        [
            (OutputKind::Paper, vec![M::Shredded, M::Burnt]),
            (OutputKind::File, vec![M::DeletedIrrecoverably]),
            (OutputKind::System, vec![M::DeletedIrrecoverably]),
            (OutputKind::Media, vec![M::Degaussed, M::MediumDestroyed]),
        ]
    );
}

#[test]
fn it_is_filed_into_its_own_case_alone() {
    let mut it = output(OutputKind::Paper);
    let today = day("2026-03-05");
    assert_eq!(it.file(person(1), CaseId(Uuid::from_u128(2)), today, today), Err(OutputError::OtherCase));
    assert_eq!(it.file(person(1), it.case, day("2026-03-06"), today), Err(OutputError::WrongDay));
    assert_eq!(it.file(person(1), it.case, day("2026-03-01"), today), Err(OutputError::WrongDay));
    it.file(person(1), it.case, today, today).unwrap();
    assert_eq!(
        it.confirm_no_need(person(1), DateTime::UNIX_EPOCH),
        Err(OutputError::Settled(OutputState::Filed))
    );
}

#[test]
fn it_is_destroyed_after_the_need_was_denied_before_a_witness() {
    let mut it = output(OutputKind::Media);
    let (today, method) = (day("2026-03-05"), DestructionMethod::Degaussed);
    assert_eq!(it.destroy(act(method, Some(person(2))), today), Err(OutputError::NeedNotConfirmed));
    it.confirm_no_need(person(1), DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(
        it.destroy(act(DestructionMethod::Shredded, Some(person(2))), today),
        Err(OutputError::MethodUnfit)
    );
    assert_eq!(it.destroy(act(method, None), today), Err(OutputError::WitnessUnfit));
    assert_eq!(it.destroy(act(method, Some(person(1))), today), Err(OutputError::WitnessUnfit));
    let unknown = DestructionAct { witness_known: false, ..act(method, Some(person(2))) };
    assert_eq!(it.destroy(unknown, today), Err(OutputError::WitnessUnfit));
    it.destroy(act(method, Some(person(2))), today).unwrap();
    assert_eq!((it.state, it.settled_on), (OutputState::Destroyed, Some(day("2026-03-03"))));
}

proptest! {
    #[test]
    fn a_destroyed_output_always_has_a_fitting_method_and_another_witness(
        kind in 0usize..4, method in 0usize..5, by in 1u128..4, witness in prop::option::of(1u128..4),
        confirmed: bool, known: bool,
    ) {
        let mut it = output(KINDS[kind]);
        if confirmed {
            it.confirm_no_need(person(1), DateTime::UNIX_EPOCH).unwrap();
        }
        let act = DestructionAct { by: person(by), witness_known: known, ..act(METHODS[method], witness.map(person)) };
        if it.destroy(act, day("2026-03-05")).is_ok() {
            prop_assert!(confirmed && known && fits(KINDS[kind], METHODS[method]));
            prop_assert!(witness.is_some_and(|w| w != 1 && w != by));
        } else {
            prop_assert!(it.is_unsettled());
        }
    }
}
