//! The closed vocabularies of packs.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        // By way of a text, so that as a key of a table it stands in the path of an error.
        #[serde(try_from = "String")]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every word of this vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as it stands in packs and messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|w| w.as_str() == text)
                    .ok_or_else(|| {
                        let words: Vec<&str> = Self::ALL.iter().map(|w| w.as_str()).collect();
                        format!("`{text}` is none of {}", words.join(", "))
                    })
            }
        }
    )+};
}

words! {
    /// The regulations; each has its packs, accounts, applications and logs.
    Regulation {
        /// H: household-registration data (戶役政).
        Household = "household",
        /// I: immigration data (移民).
        Immigration = "immigration",
        /// T: tax data (財稅); governed by neither, needed by H8.1.2.
        Tax = "tax",
    }
    /// How queries reach the provider.
    ProviderKind {
        /// Through the suite's gate.
        Gate = "gate",
        /// In the provider's own system; its log is imported.
        ImportedLog = "imported_log",
    }
    /// Whose part an agency takes (H2.2, I2).
    AgencyPart {
        /// The governing agency: the bureau.
        Governing = "governing",
        /// Subordinate to the governing agency.
        Subordinate = "subordinate",
        /// An office of another agency: the district offices.
        Office = "office",
    }
    /// What a legal basis is.
    LegalBasisKind {
        /// A named statute.
        Statute = "statute",
        /// "Others that expressly allow it": the citation names which.
        Other = "other",
        /// A parent rule (H1, H10; I1, I7): not citable for a query.
        Parent = "parent",
    }
    /// Who acts: stages of paths and duties name these.
    Actor {
        /// 使用者, also as applicant.
        User = "user",
        /// 單位主管.
        UnitSupervisor = "unit_supervisor",
        /// 機關首長 or a delegate.
        AgencyHead = "agency_head",
        /// 權責主管.
        ResponsibleSupervisor = "responsible_supervisor",
        /// 業務單位 (seal of the applicant's own business unit under I; the bureau's under H).
        BusinessUnit = "business_unit",
        /// 承辦人員 of the bureau's business unit.
        BusinessUnitHandler = "business_unit_handler",
        /// 單位主管 of the bureau's business unit.
        BusinessUnitSupervisor = "business_unit_supervisor",
        /// 會辦科: another section that is asked.
        JointUnit = "joint_unit",
        /// 資訊小組.
        ItUnit = "it_unit",
        /// 政風單位.
        EthicsOffice = "ethics_office",
        /// 專責人員.
        DesignatedOfficer = "designated_officer",
        /// 稽核人員.
        Auditor = "auditor",
        /// 管理者, 承辦人 of a data link.
        LinkManager = "link_manager",
        /// 社會局.
        Bureau = "bureau",
        /// 區公所.
        DistrictOffice = "district_office",
        /// 資料提供機關.
        Provider = "provider",
        /// 市府資訊中心.
        CityItCentre = "city_it_centre",
        /// The suite itself.
        System = "system",
    }
    /// When the supervisor's endorsement must be there (H4.2).
    EndorsementMode {
        /// Before the query; the only one that H knows.
        Before = "before",
        /// Afterwards, within the pack's deadline, flagged and reviewed.
        After = "after",
        /// Before, but an emergency may be endorsed afterwards, flagged and reviewed.
        Emergency = "emergency",
    }
    /// What happens to a query for a person or programme outside the case (H2.3).
    OutsideCase {
        /// Refused.
        Refuse = "refuse",
        /// Answered and flagged.
        Flag = "flag",
    }
    /// What happens when a date passes.
    Consequence {
        /// It is shown as overdue, nothing else.
        None = "none",
        /// The next superior is told and owns it too.
        Escalate = "escalate",
        /// Escalated, and the accounts concerned are suspended.
        Suspend = "suspend",
    }
    /// How days of a deadline are counted.
    DayUnit {
        /// Calendar days of 行政程序法 §48: the end moves off days off.
        Calendar = "calendar",
        /// Working days.
        Working = "working",
        /// Days that simply pass; the end does not move.
        Elapsed = "elapsed",
    }
    /// Unit of a rhythm.
    RhythmUnit {
        /// Working days.
        WorkingDay = "working_day",
        /// Weeks.
        Week = "week",
        /// Calendar months.
        Month = "month",
        /// Calendar years.
        Year = "year",
    }
    /// What recurs.
    RhythmKind {
        /// 帳號清查 (H5.1.3, I4.1.3).
        AccountInventory = "account_inventory",
        /// 資訊安全教育宣導 (H5.1.5).
        SecurityTraining = "security_training",
        /// Reminder to change PIN and platform password (H5.2.3).
        PinChangeReminder = "pin_change_reminder",
        /// Review of data links (H6.5).
        LinkReview = "link_review",
        /// Daily report (H8.1.1).
        DailyReport = "daily_report",
        /// Weekly report (H8.1.2).
        WeeklyReport = "weekly_report",
        /// Audit with a sample (H8.2).
        UsageAudit = "usage_audit",
        /// Internal audit of the imported log on annex 2 (I4.1.1).
        InternalAudit = "internal_audit",
        /// Audit on annex 3 (I4.1.3).
        AnnexThreeAudit = "annex_three_audit",
        /// Reminder of prints and files not yet filed or destroyed (H3.2, H7).
        DisposalReminder = "disposal_reminder",
        /// Attestation that users log out when done (I3.5).
        LogoutAttestation = "logout_attestation",
    }
    /// What must be done within a time after an event.
    DeadlineKind {
        /// Report on a violation (H8.5).
        CorrectionReport = "correction_report",
        /// Tax query after a household query (H8.1.2).
        TaxFollowUp = "tax_follow_up",
        /// Change or stop after a personnel change (H5.2.2, I3.6).
        PersonnelChangeStop = "personnel_change_stop",
        /// Decision on each account of an inventory (H5.1.3).
        InventoryDecision = "inventory_decision",
        /// Letter to the city IT centre on a new link manager (H5.1.4).
        LinkManagerLetter = "link_manager_letter",
        /// Confirmation of that letter (H5.1.4 ＋).
        LinkManagerConfirmation = "link_manager_confirmation",
        /// Letter that asks to end a link (H6.5).
        LinkEndLetter = "link_end_letter",
        /// The link is ended (H6.5).
        LinkEndConfirmation = "link_end_confirmation",
        /// Explanation of a line of a daily or weekly report (H8.1).
        ReportExplanation = "report_explanation",
        /// Prints and files filed or destroyed (H3.2, H7, I5).
        Disposal = "disposal",
        /// Audit record of a joint investigation (H8.3).
        InvestigationRecord = "investigation_record",
        /// Cooperation asked of a user for an external audit (H8.4).
        AuditCooperation = "audit_cooperation",
        /// Endorsement afterwards, where a pack allows it (H4.2).
        LateEndorsement = "late_endorsement",
        /// Notice of a lost card to the provider (I3.7).
        LostCardNotice = "lost_card_notice",
        /// Confirmation of an end or stop by the provider's system (I3.6, I3.7).
        StopConfirmation = "stop_confirmation",
        /// An anomaly followed to its close (I4.1.2).
        AnomalyClose = "anomaly_close",
        /// Review of an emergency access by the suite's own operators.
        BreakGlassReview = "break_glass_review",
    }
    /// Kinds of records with a term of retention.
    RecordKind {
        /// Query log, refusals included (H6.6); the log of acts and imported lines (I3.8).
        QueryLog = "query_log",
        /// Query register: annex 2 of H with its endorsements (H4.3).
        QueryRegister = "query_register",
        /// Results of daily and weekly checks (H8.3).
        ControlResult = "control_result",
        /// Results of audits and spot checks, worksheets (H8.3, I4.1.2).
        AuditResult = "audit_result",
        /// Joint investigations and their audit records (H8.3).
        Investigation = "investigation",
        /// Violations, corrective reports, referrals (H8.5, H9, I6).
        Violation = "violation",
        /// Permission applications (annex 1).
        PermissionApplication = "permission_application",
        /// Accounts, permissions and their inventories.
        AccountRecord = "account_record",
        /// Letters to other agencies and their confirmations.
        Correspondence = "correspondence",
        /// Training and attestations.
        Training = "training",
        /// Register of destroyed prints, files and media (H7, I5).
        DisposalRegister = "disposal_register",
        /// Certificates of destruction of the suite's own records.
        DestructionCertificate = "destruction_certificate",
    }
    /// The day from which retention counts.
    CountedFrom {
        /// The day of the record.
        Made = "made",
        /// The day on which the matter was closed.
        Closed = "closed",
    }
    /// What makes a duty due.
    TriggerKind {
        /// A rhythm.
        Periodic = "periodic",
        /// Something that happens.
        Event = "event",
        /// A term of retention.
        Retention = "retention",
        /// Always: a rule that is kept, without due dates.
        Continuous = "continuous",
        /// A power that may be used (I4.2.1): planned, never overdue.
        Power = "power",
    }
    /// For how many a duty is raised at a time.
    Scope {
        /// Once for the whole suite.
        Suite = "suite",
        /// Once for each agency in scope, the bureau included.
        EachAgency = "each_agency",
        /// Once for each district office.
        EachOffice = "each_office",
        /// Once for each account.
        EachAccount = "each_account",
        /// Once for each data link.
        EachLink = "each_link",
        /// Once for each event.
        EachEvent = "each_event",
    }
    /// The service that holds a rule.
    Owner {
        /// Accounts, permissions, certificates, links, training.
        Account = "account",
        /// Applications, gate, log, reports, imports.
        QueryRegistry = "query_registry",
        /// Audits, findings, investigations.
        AuditSampling = "audit_sampling",
        /// Retention and destruction.
        Retention = "retention",
        /// Pages.
        Console = "console",
    }
}
