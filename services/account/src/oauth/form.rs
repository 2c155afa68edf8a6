//! Parameters of OAuth endpoints (RFC 6749 §3.2): form-encoded, each once, unknown ones ignored, empty ones as if they
//! were not there.

use std::collections::BTreeMap;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;

use super::OAuthError;

/// The parameters of a request with these headers and this body.
pub fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, OAuthError> {
    let refuse = |text| Err(OAuthError::InvalidRequest(text));
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return refuse("Send the parameters as application/x-www-form-urlencoded.");
    }
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        if !value.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
            return refuse("A parameter holds characters that none may hold.");
        }
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return refuse("A parameter is there more than once.");
        }
    }
    parameters.retain(|_, value| !value.is_empty());
    let object = parameters.into_iter().map(|(name, value)| (name, value.into())).collect();
    serde_json::from_value(serde_json::Value::Object(object))
        .or_else(|_| refuse("A parameter is missing or has another form."))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Parameters {
        grant_type: String,
        post: Option<uuid::Uuid>,
    }

    fn parse(kind: &'static str, body: &str) -> Result<Parameters, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        read(&headers, body.as_bytes()).map_err(|error| error.parts().1)
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn each_parameter_comes_once_in_its_form_and_what_is_unknown_or_empty_is_passed_over() {
        let good = Ok(Parameters { grant_type: "a b".into(), post: None });
        assert_eq!(parse(FORM, "grant_type=a+b"), good);
        assert_eq!(
            parse("Application/X-WWW-Form-Urlencoded; charset=utf-8", "grant_type=a%20b&x=1&post="),
            good
        );
        for (body, text) in [
            ("grant_type=a&grant_type=a", "A parameter is there more than once."),
            ("grant_type=a&x=1&x=", "A parameter is there more than once."),
            ("grant_type=", "A parameter is missing or has another form."),
            ("post=1&grant_type=a", "A parameter is missing or has another form."),
            ("grant_type=a%00", "A parameter holds characters that none may hold."),
            ("grant_type=%E7%94%B2", "A parameter holds characters that none may hold."),
        ] {
            assert_eq!(parse(FORM, body), Err(text), "{body}");
        }
        let kind = Err("Send the parameters as application/x-www-form-urlencoded.");
        assert_eq!(parse("application/json", "grant_type=a"), kind);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail_otherwise_than_by_a_refusal(body in proptest::collection::vec(0..=255_u8, 0..300)) {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
            let read: Result<Parameters, OAuthError> = read(&headers, &body);
            if let Err(error) = read {
                proptest::prop_assert_eq!(error.parts().0, "invalid_request");
            }
        }
    }
}
