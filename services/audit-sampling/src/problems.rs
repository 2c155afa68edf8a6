//! Problem types of this service besides the chassis' own, and how the rules' faults become problems.

use chassis::{Error, Problem, ProblemType};

use crate::domain::Fault;

chassis::problem_types! {
    WRONG_STATE = 409, "wrong-state", "It is not the turn of this act", "尚未輪到此步驟";
    OWN_MATTER = 403, "own-matter", "Nobody acts in his own matter", "不得處理自己的案件";
    OPENED_BY_AUDITOR = 403, "account-opened-by-auditor", "Nobody audits an account that he opened", "不得稽核自己開立之帳號";
    INSIDER = 403, "audited-unit-insider", "The audit is by outsiders of the audited unit", "受稽核單位人員不得稽核本單位";
    NOT_AUDITOR = 422, "not-an-auditor", "The person is no auditor in service", "非現職稽核人員";
    NOT_ASSIGNED = 403, "not-assigned", "It is assigned to somebody else", "非指派之承辦人";
    SOURCE_TOO_EARLY = 422, "randomness-source-too-early", "The source must be published after the population is frozen", "亂數來源須於母體凍結後公布";
    RANDOMNESS_TOO_EARLY = 409, "randomness-too-early", "The randomness is not published yet", "亂數尚未公布";
    PERIOD_RUNNING = 409, "period-running", "The period is not over", "稽核期間尚未結束";
    SECOND_PERSON_NEEDED = 403, "second-person-needed", "A second person is needed", "須由另一人辦理";
    NUMBERS_DIFFER = 409, "numbers-differ", "The numbers differ from those recorded", "兩次輸入之號碼不符";
    NUMBERS_MALFORMED = 422, "numbers-malformed", "The numbers hold other characters than allowed", "號碼格式不符";
    RECORDS_INCOMPLETE = 422, "records-incomplete", "The drawn records are not all recorded", "抽查紀錄未填齊";
    WORKSHEETS_OPEN = 409, "worksheets-open", "Worksheets wait for their results", "尚有稽核底稿未完成";
    PARTY_TWICE = 409, "party-endorsed-already", "This party has endorsed already", "此單位已核章";
    PARTY_MISSING = 409, "party-missing", "Not all three parties have endorsed", "三單位尚未全部核章";
    NOT_A_PARTY = 403, "not-a-party", "The caller's unit takes no part in this step", "非共同調查單位";
    ANSWERS_INCOMPLETE = 422, "answers-incomplete", "The form is not filled in completely", "稽核紀錄表未填齊";
    OTHER_AGENCY = 403, "other-agency", "Another agency does this", "應由他機關辦理";
    REFERRAL_UNKNOWN = 404, "referral-unknown", "There is no such referral", "查無此移送紀錄";
    UNDER_INVESTIGATION = 409, "under-investigation", "A joint investigation runs", "共同調查進行中";
    COURSE_MISSING = 422, "course-missing", "Cause, effect and containment are not recorded", "因果及影響尚未記錄";
    ENDORSEMENT_INVALID = 422, "endorsement-invalid", "The card signature does not hold", "憑證簽章無效";
    CARD_NOT_BOUND = 403, "card-not-bound", "The card is not bound to the caller", "憑證非本人所有";
    CLAUSE_UNKNOWN = 422, "clause-unknown", "No rule of this kind is in force", "查無適用之規定";
}

fn kind_of(fault: Fault) -> (&'static ProblemType, &'static str) {
    match fault {
        Fault::WrongState => (&WRONG_STATE, "H8.3"),
        Fault::OwnMatter => (&OWN_MATTER, "H8.2"),
        Fault::OpenedByAuditor => (&OPENED_BY_AUDITOR, "H8.2"),
        Fault::Insider => (&INSIDER, "H8.2"),
        Fault::NotAuditor => (&NOT_AUDITOR, "H8.2"),
        Fault::NotAssigned => (&NOT_ASSIGNED, "H8.2"),
        Fault::SourceTooEarly => (&SOURCE_TOO_EARLY, "H8.2"),
        Fault::RandomnessTooEarly => (&RANDOMNESS_TOO_EARLY, "H8.2"),
        Fault::PeriodRunning => (&PERIOD_RUNNING, "H8.2"),
        Fault::SamePerson | Fault::OnePersonTwoParties => (&SECOND_PERSON_NEEDED, "H8.2"),
        Fault::NumbersDiffer => (&NUMBERS_DIFFER, "H8.2"),
        Fault::BadNumbers => (&NUMBERS_MALFORMED, "H8.2"),
        Fault::RecordsIncomplete => (&RECORDS_INCOMPLETE, "H8.2"),
        Fault::WorksheetsOpen => (&WORKSHEETS_OPEN, "H8.2"),
        Fault::PartyTwice => (&PARTY_TWICE, "H8.3"),
        Fault::PartyMissing => (&PARTY_MISSING, "H8.3"),
        Fault::NotAParty => (&NOT_A_PARTY, "H8.3"),
        Fault::AnswersIncomplete => (&ANSWERS_INCOMPLETE, "I4.1.1"),
        Fault::OtherAgency => (&OTHER_AGENCY, "I4.1.1"),
        Fault::NoReferral => (&REFERRAL_UNKNOWN, "H9"),
        Fault::UnderInvestigation => (&UNDER_INVESTIGATION, "H8.3"),
        Fault::CourseMissing => (&COURSE_MISSING, "I4.1.2"),
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let (kind, clause) = kind_of(fault);
        Problem::new(kind, fault.to_string()).clause(clause).into()
    }
}

impl From<crate::domain::draw::DrawError> for Error {
    fn from(error: crate::domain::draw::DrawError) -> Self {
        Self::Internal(error.into())
    }
}
