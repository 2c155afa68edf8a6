//! The problem types of this service, and how domain faults become problems.

use chassis::Problem;
use chassis::problem_types;

use crate::domain::application::ReviewFault;
use crate::domain::control_item::ItemFault;
use crate::domain::copying::CopyFault;
use crate::domain::refusal::Refusal;
use crate::domain::report::ReportFault;

problem_types! {
    SYSTEM_NOT_REGISTERED = 403, "system-not-registered", "The asking system is not registered for this data", "查詢系統未登錄";
    OUTSIDE_OFFICE_NETWORK = 403, "outside-office-network", "Queries are made at the office alone", "僅能於辦公處所查詢";
    APPLICATION_UNKNOWN = 404, "application-unknown", "The caller has no such query application", "查無您的查詢申請";
    NOT_AT_GATE = 422, "not-at-gate", "Queries of this data do not pass this gate", "此類資料不經本查調閘道";
    CONFIGURATION_NOT_APPROVED = 503, "configuration-not-approved", "What the gate runs on was not approved by two persons", "查調閘道組態尚未經雙人核准";
    NO_ACCOUNT = 403, "no-account", "The caller has no such account in this post", "您於本職務無此帳號";
    ACCOUNT_NOT_ACTIVE = 403, "account-not-active", "The account is not active", "帳號未啟用或已停用";
    RIGHT_REVOKED = 403, "right-revoked", "A right was taken away since the token was issued", "權限已撤銷，請重新登入";
    PERMISSION_MISSING = 403, "permission-missing", "The account's permissions do not open this programme", "帳號權限未涵蓋此業務";
    APPLICATION_INCOMPLETE = 422, "application-incomplete", "The query application is not filled in completely", "查詢申請紀錄未詳填";
    REASON_MISSING = 422, "reason-missing", "The reason of the query is missing", "未填查調事由";
    APPLICATION_NOT_ENDORSED = 403, "application-not-endorsed", "The responsible supervisor has not endorsed the application", "權責主管尚未核章";
    APPLICATION_EXPIRED = 403, "application-expired", "The application is past its day", "查詢申請已逾期";
    LEGAL_BASIS_NOT_IN_FORCE = 403, "legal-basis-not-in-force", "The legal basis is not in force for this programme", "法規依據未生效或不適用";
    CASE_CLOSED = 403, "case-closed", "The case is closed", "案件已結案";
    OUTSIDE_CASE = 403, "outside-case", "The person does not belong to the case", "查詢對象不屬本案件";
    PERSON_NOT_COVERED = 403, "person-not-covered", "The application does not name this person", "申請未涵蓋此查詢對象";
    ITEMS_NOT_COVERED = 403, "items-not-covered", "The application does not name these items", "申請未涵蓋此查詢項目";
    QUERY_ALREADY_ANSWERED = 409, "query-already-answered", "This query was answered already", "此查詢已答復";
    DELIVERIES_USED_UP = 409, "deliveries-used-up", "The answer was delivered as often as is allowed", "已達補送次數上限";
    OWN_MATTER = 403, "own-matter", "Nobody decides on his own matter", "不得審核本人案件";
    OTHER_OFFICE = 403, "other-office", "Another agency or unit decides on this", "非所屬機關或單位權責";
    ALREADY_SETTLED = 409, "already-settled", "It was decided already", "已核章或已退回";
    COPY_NOT_APPROVED = 403, "copy-not-approved", "Copies need the unit supervisor's approval first", "複製資料未經單位主管核准";
    ENDORSEMENT_INVALID = 422, "endorsement-invalid", "The endorsement does not hold", "核章無效";
    CARD_NOT_BOUND = 403, "card-not-bound", "The card is not bound to the caller", "憑證非本人所有";
    PROVIDER_FAILED = 502, "provider-failed", "The data provider failed; nothing was handed over", "資料提供機關系統異常";
    PROVIDER_UNAVAILABLE = 503, "provider-unavailable", "The data provider is away; nothing was handed over", "資料提供機關系統無法連線";
    LOG_UNAVAILABLE = 503, "log-unavailable", "The query log cannot be written: no query without a log entry", "查詢日誌無法寫入，暫停查詢";
    IMPORT_REFUSED = 422, "import-refused", "The file has faults; nothing of it was imported", "檔案內容有誤，未匯入任何資料";
    CASE_EXISTS = 409, "case-exists", "The agency registered a case of this number already", "案號已登錄";
}

/// The problem type of a refusal. Its code stands in the log.
pub fn kind_of(refusal: Refusal) -> &'static chassis::ProblemType {
    match refusal {
        Refusal::SystemNotRegistered => &SYSTEM_NOT_REGISTERED,
        Refusal::OutsideOfficeNetwork => &OUTSIDE_OFFICE_NETWORK,
        Refusal::ApplicationUnknown => &APPLICATION_UNKNOWN,
        Refusal::NotAtGate => &NOT_AT_GATE,
        Refusal::ConfigurationNotApproved => &CONFIGURATION_NOT_APPROVED,
        Refusal::NoAccount => &NO_ACCOUNT,
        Refusal::AccountNotActive => &ACCOUNT_NOT_ACTIVE,
        Refusal::RightRevoked => &RIGHT_REVOKED,
        Refusal::PermissionMissing => &PERMISSION_MISSING,
        Refusal::ApplicationIncomplete => &APPLICATION_INCOMPLETE,
        Refusal::ReasonMissing => &REASON_MISSING,
        Refusal::ApplicationNotEndorsed => &APPLICATION_NOT_ENDORSED,
        Refusal::ApplicationExpired => &APPLICATION_EXPIRED,
        Refusal::LegalBasisNotInForce => &LEGAL_BASIS_NOT_IN_FORCE,
        Refusal::CaseClosed => &CASE_CLOSED,
        Refusal::OutsideCase => &OUTSIDE_CASE,
        Refusal::PersonNotCovered => &PERSON_NOT_COVERED,
        Refusal::ItemsNotCovered => &ITEMS_NOT_COVERED,
        Refusal::AlreadyAnswered => &QUERY_ALREADY_ANSWERED,
        Refusal::DeliveriesUsedUp => &DELIVERIES_USED_UP,
    }
}

/// The problem that a refusal is answered with.
pub fn refused(refusal: Refusal) -> Problem {
    Problem::new(kind_of(refusal), refusal.to_string()).clause(refusal.clause())
}

impl From<Refusal> for chassis::Error {
    fn from(refusal: Refusal) -> Self {
        refused(refusal).into()
    }
}

impl From<ReviewFault> for chassis::Error {
    fn from(fault: ReviewFault) -> Self {
        let kind = match fault {
            ReviewFault::OwnApplication => &OWN_MATTER,
            ReviewFault::OtherAgency => &OTHER_OFFICE,
            ReviewFault::Settled => &ALREADY_SETTLED,
            ReviewFault::Expired => &APPLICATION_EXPIRED,
        };
        Problem::new(kind, fault.to_string()).clause("H4.2").into()
    }
}

impl From<CopyFault> for chassis::Error {
    fn from(fault: CopyFault) -> Self {
        let kind = match fault {
            CopyFault::OwnRequest => &OWN_MATTER,
            CopyFault::OtherUnit => &OTHER_OFFICE,
            CopyFault::Settled => &ALREADY_SETTLED,
            CopyFault::NotApproved => &COPY_NOT_APPROVED,
        };
        Problem::new(kind, fault.to_string()).clause("H6.4").into()
    }
}

/// The log refused or failed (invariant 2).
pub fn log_unavailable(error: &query_log::LogError) -> Problem {
    tracing::error!(?error, "the query log, or its key store, does not answer");
    Problem::new(&LOG_UNAVAILABLE, "Try again; the operators are told.").clause("H6.6").retry_after(1)
}

impl From<ReportFault> for chassis::Error {
    fn from(fault: ReportFault) -> Self {
        let kind = match fault {
            ReportFault::OtherAgency => &OTHER_OFFICE,
            ReportFault::Endorsed => &ALREADY_SETTLED,
            ReportFault::OwnQueries => &OWN_MATTER,
        };
        Problem::new(kind, fault.to_string()).clause("H8.1").into()
    }
}

impl From<ItemFault> for chassis::Error {
    fn from(fault: ItemFault) -> Self {
        let kind = match fault {
            ItemFault::OwnQueries => &OWN_MATTER,
            ItemFault::OtherAgency => &OTHER_OFFICE,
            ItemFault::Settled => &ALREADY_SETTLED,
        };
        Problem::new(kind, fault.to_string()).clause("H8.1").into()
    }
}
