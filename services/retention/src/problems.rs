//! Problem types of this service besides the chassis' own.

chassis::problem_types! {
    BEFORE_TERM = 409, "before-retention-term", "The term of retention is not over", "保存年限尚未屆滿";
    NO_TERM = 409, "no-retention-term", "No rule pack says how long these records are kept", "查無保存年限";
    UNDER_HOLD = 409, "under-legal-hold", "A hold keeps these records", "資料受保全，不得銷毀";
    WRONG_STATE = 409, "wrong-order-state", "The order does not stand at this step", "銷毀案尚未到此步驟";
    OWN_MATTER = 403, "own-matter", "Nobody decides in his own matter", "不得處理自己的案件";
    ENDORSEMENT_INVALID = 422, "endorsement-invalid", "The card signature does not hold", "憑證簽章無效";
    FOREIGN_CARD = 403, "foreign-card", "The card is not bound to the person", "憑證未綁定於本人";
    METHOD_UNFIT = 422, "method-unfit", "The method does not fit what is destroyed", "銷毀方式不符";
    WITNESS_UNFIT = 422, "witness-unfit", "The witness is missing or unfit", "見證人不符";
    NEED_NOT_CONFIRMED = 409, "need-not-confirmed", "It was not confirmed that it need not be kept", "尚未確認無保存必要";
    OTHER_CASE = 422, "other-case", "It may be filed into its own case alone", "僅得併入原審核案件歸檔";
    ALREADY_SETTLED = 409, "already-settled", "It was filed or destroyed before", "已歸檔或銷毀";
}
