//! The session: the caller's access token in cookies that scripts cannot read, ended with the browser, by signing out,
//! or with the token. Tokens never stand in URLs. A token that carries certificates may be longer than one cookie.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HOST, HeaderMap, ORIGIN};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Name of the cookies, followed by their number.
const NAME: &str = "datawarden_session_";
/// Characters of one cookie: browsers keep 4,096 bytes with name and attributes.
const PART: usize = 3_600;
/// Cookies at most.
const PARTS: usize = 4;

/// The token of a request, if it has one.
pub fn token(request: &HttpRequest) -> Option<String> {
    let cookies: Vec<&str> = request
        .headers()
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .collect();
    let mut token = String::new();
    for part in 0..PARTS {
        let name = format!("{NAME}{part}=");
        let value = cookies.iter().find_map(|c| c.strip_prefix(name.as_str())).unwrap_or_default();
        token.push_str(value);
    }
    is_token(&token).then_some(token)
}

/// Whether `text` has the shape of a JWT that fits into the cookies.
pub fn is_token(text: &str) -> bool {
    text.len() <= PART * PARTS
        && text.split('.').count() == 3
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// `Set-Cookie` values that keep `token`; an empty one ends the session.
pub fn cookies(token: &str, https: bool) -> Vec<String> {
    let secure = if https { "; Secure" } else { "" };
    let parts: Vec<&str> = (0..PARTS)
        .map(|n| token.get(n * PART..token.len().min((n + 1) * PART)).unwrap_or_default())
        .collect();
    let cookie = |(n, part): (usize, &&str)| {
        let end = if part.is_empty() { "; Max-Age=0" } else { "" };
        format!("{NAME}{n}={part}; Path=/; HttpOnly; SameSite=Strict{secure}{end}")
    };
    parts.iter().enumerate().map(cookie).collect()
}

/// Whether a form was sent from our own pages: browsers name the origin of each POST.
pub fn is_own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN).and_then(|v| v.to_str().ok()) else { return true };
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    origin.split_once("://").is_some_and(|(_, authority)| authority == host)
}

/// Whom the token names, for the watermark alone: services check tokens, the console does not.
pub fn viewer(token: &str) -> String {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: serde_json::Value =
        payload.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    claims.get("sub").and_then(serde_json::Value::as_str).unwrap_or("—").to_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_long_token_comes_back_from_its_cookies() {
        let token = format!("{}.{}.{}", "a".repeat(5_000), "b".repeat(2_000), "c".repeat(90));
        let mut header = String::from("other=1");
        for cookie in cookies(&token, true) {
            assert!(cookie.len() < 4_096 && cookie.contains("HttpOnly") && cookie.contains("; Secure"));
            header.push_str("; ");
            header.push_str(cookie.split(';').next().unwrap());
        }
        let request = TestRequest::default().insert_header((COOKIE, header)).to_http_request();
        assert_eq!(super::token(&request), Some(token));
    }

    #[test]
    fn what_is_no_token_is_no_session() {
        for text in ["", "a.b", "a.b.c.d", "a.b.c; Path=/", "甲.乙.丙"] {
            assert!(!is_token(text), "{text}");
        }
        assert!(cookies("", false).iter().all(|c| c.contains("Max-Age=0")));
    }

    #[test]
    fn a_form_of_another_site_is_not_our_own() {
        let from = |origin: &'static str| {
            let request = TestRequest::default()
                .insert_header((HOST, "console.example"))
                .insert_header((ORIGIN, origin))
                .to_http_request();
            is_own_origin(request.headers())
        };
        assert!(from("https://console.example"));
        assert!(!from("https://evil.example"));
        assert!(!from("null"));
    }
}
