//! Problem details (RFC 9457) out of a catalogue: every code is declared once with its status and its titles.

use serde::Serialize;
use utoipa::ToSchema;

/// One kind of problem. `code` ends the type URI `urn:datawarden:problem:<code>`.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemType {
    /// Stable name, kebab-case.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// English title.
    pub title: &'static str,
    /// Traditional Chinese title.
    pub title_zh: &'static str,
}

/// Declares problem types and the list of them, `CATALOGUE`.
#[macro_export]
macro_rules! problem_types {
    ($($name:ident = $status:literal, $code:literal, $title:literal, $zh:literal;)+) => {
        $(
            #[doc = concat!("`", $code, "` (", stringify!($status), "): ", $title, ".")]
            pub static $name: $crate::problem::ProblemType = $crate::problem::ProblemType {
                code: $code, status: $status, title: $title, title_zh: $zh,
            };
        )+
        /// Every problem type declared here.
        pub static CATALOGUE: &[&$crate::problem::ProblemType] = &[$(&$name),+];
    };
}

problem_types! {
    MALFORMED = 400, "malformed-request", "The request is malformed", "請求格式錯誤";
    IDEMPOTENCY_KEY_MISSING = 400, "idempotency-key-missing", "A POST needs an Idempotency-Key header", "缺少 Idempotency-Key 標頭";
    IDEMPOTENCY_KEY_REUSED = 422, "idempotency-key-reused", "The Idempotency-Key was used for another request", "Idempotency-Key 已用於其他請求";
    UNAUTHENTICATED = 401, "unauthenticated", "A valid access token is needed", "需要有效的存取權杖";
    FORBIDDEN = 403, "forbidden", "The caller's roles do not allow this operation", "您的職務不得執行此作業";
    NOT_FOUND = 404, "not-found", "There is no such thing, or it is not for this caller", "查無資料";
    METHOD_NOT_ALLOWED = 405, "method-not-allowed", "The method is not allowed here", "不支援此方法";
    CONFLICT = 409, "conflict", "The request conflicts with the present state", "與目前狀態衝突";
    DEAD_LETTER_STAYS = 409, "dead-letter-stays", "The event still cannot be taken in", "事件仍無法接收";
    PRECONDITION_FAILED = 412, "precondition-failed", "Somebody changed it meanwhile: load it again", "資料已被他人更動，請重新載入";
    TOO_LARGE = 413, "too-large", "The request body is too large", "請求內容過大";
    UNSUPPORTED_MEDIA_TYPE = 415, "unsupported-media-type", "The body is not of a type that is taken here", "不支援此內容類型";
    TOO_MANY = 429, "too-many-requests", "Too many requests", "請求次數過多";
    INTERNAL = 500, "internal", "Something went wrong on our side", "系統發生錯誤";
    REVOCATIONS_UNKNOWN = 503, "revocations-unknown", "Whether the right was revoked cannot be known at the moment", "目前無法確認權限是否已撤銷，請稍後再試";
    UNAVAILABLE = 503, "unavailable", "A part that is needed is away: try again", "服務暫時無法使用，請稍後再試";
}

/// A problem as it is answered.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Its kind.
    pub kind: &'static ProblemType,
    /// What happened and what to do next; no personal data.
    pub detail: String,
    /// The clause of the regulation that stands in the way, e.g. `H4.2`.
    pub clause: Option<String>,
    /// Field errors with JSON pointers.
    pub errors: Vec<FieldError>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
    /// Further members of the answer (status, receipt …).
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// One fault in the request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body, or the name of a header or parameter.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// A problem of `kind` with a text that says what to do next.
    pub fn new(kind: &'static ProblemType, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            clause: None,
            errors: vec![],
            retry_after: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Names the clause that stands in the way.
    #[must_use]
    pub fn clause(mut self, id: impl Into<String>) -> Self {
        self.clause = Some(id.into());
        self
    }

    /// Adds a field error.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Adds a member to the answer.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.extra.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A malformed request with one field error.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(&MALFORMED, "See `errors` for each field.").field(pointer, detail)
    }

    /// The body of the answer (`application/problem+json`).
    pub fn body(&self) -> ProblemBody {
        // One text for what is not there and for what is another's: where existence is itself secret, no word tells it.
        let secret = self.kind.code == NOT_FOUND.code;
        let detail = if secret { "Check the id; /openapi.json has the paths." } else { &self.detail };
        ProblemBody {
            r#type: format!("urn:datawarden:problem:{}", self.kind.code),
            title: self.kind.title.to_owned(),
            title_zh: self.kind.title_zh.to_owned(),
            status: self.kind.status,
            detail: detail.to_owned(),
            clause: self.clause.clone(),
            errors: self.errors.clone(),
            extra: self.extra.clone(),
        }
    }
}

/// Problem details (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:datawarden:problem:<code>`; docs/ERRORS.md lists the codes.
    #[schema(example = "urn:datawarden:problem:forbidden")]
    pub r#type: String,
    /// English title.
    pub title: String,
    /// Traditional Chinese title.
    pub title_zh: String,
    /// HTTP status.
    #[schema(example = 403)]
    pub status: u16,
    /// What happened and what to do next.
    pub detail: String,
    /// The clause that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "H4.2")]
    pub clause: Option<String>,
    /// Faults of single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    #[serde(flatten)]
    #[schema(ignore)]
    extra: serde_json::Map<String, serde_json::Value>,
}
