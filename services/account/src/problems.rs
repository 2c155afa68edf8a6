//! Problem types of this service besides the chassis' own.

chassis::problem_types! {
    OWN_MATTER = 403, "own-matter", "Nobody decides in his own matter", "不得處理自己的案件";
    NOT_THE_ACTOR = 403, "not-the-actor", "This step is for somebody else", "此步驟應由他人辦理";
    FOREIGN_CARD = 403, "foreign-card", "The card is not bound to the caller", "憑證未綁定於呼叫者";
    ENDORSEMENT_MISSING = 422, "endorsement-missing", "A card signature is needed", "需要憑證簽章";
    ENDORSEMENT_INVALID = 422, "endorsement-invalid", "The card signature does not hold", "憑證簽章無效";
    WRONG_STAGE = 409, "wrong-stage", "It is not the turn of this step", "尚未到此步驟";
    STAGE_INCOMPLETE = 422, "stage-incomplete", "Something that the step asks for is missing", "此步驟應備資料不全";
    NOT_APPROVED = 409, "not-approved", "The application has not passed every stage", "申請尚未完成各階段核章";
    APPLICATION_NEEDED = 409, "application-needed", "This takes a permission application", "須填具權限申請表";
    ACCOUNT_STOPPED = 409, "account-stopped", "The account has ended", "帳號已終止";
    NOT_SUSPENDED = 409, "not-suspended", "The account is not suspended for this reason", "帳號並非因此停用";
    PERSON_UNFIT = 409, "person-unfit", "The person or post does not fit this act", "人員或職務不符";
    OFFICER_MISSING = 409, "designated-officer-missing", "The agency has no designated officer", "機關尚未設置專責人員";
    TRAINING_MISSING = 409, "training-missing", "Valid security training is missing", "缺少有效之資安教育訓練";
    INVENTORY_UNDECIDED = 409, "inventory-undecided", "Accounts still wait for a decision", "尚有帳號未決定";
    IMPORT_REFUSED = 422, "import-refused", "The file has faults; nothing was imported", "檔案有誤，未匯入任何資料";
    CLAUSE_UNKNOWN = 422, "clause-unknown", "No rule of this kind is in force", "查無適用之規定";
    PROPOSAL_EXPIRED = 409, "proposal-expired", "The proposal waited too long", "提案已逾期";
    BEYOND_EMERGENCY = 403, "beyond-emergency", "A break-glass grant does not reach this far", "緊急授權不及於此";
    NOT_CUSTODIAN = 403, "not-a-custodian", "Two custodians named beforehand are needed", "須由兩位緊急授權保管人辦理";
    EMERGENCY_TERMS = 422, "emergency-terms", "These terms of a break-glass grant cannot be", "緊急授權條件不符";
    EMERGENCY_SETTLED = 409, "emergency-settled", "The grant is no longer where this step begins", "緊急授權狀態不符";
    REVIEWED_BY_PARTICIPANT = 403, "reviewed-by-participant", "Nobody who took part reviews it", "參與者不得覆核";
    LOADED_BEFORE = 409, "loaded-before", "Master data were loaded before", "主檔資料已載入";
}
