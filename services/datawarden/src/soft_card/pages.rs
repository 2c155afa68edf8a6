//! The window that a page opens, and the page with the readers.

use std::fmt::Write as _;

use serde_json::json;

use super::codes::Code;
use super::sign::{Refused, SignAnswer};

/// The script of the window.
pub const POPUP_SCRIPT: &str = include_str!("popup.js");

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem;color:#222;max-width:40rem}\
    button,input{font:inherit;padding:.2rem .7rem}td{padding:.15rem 1rem .15rem 0}.note{color:#a40}";

/// What a page may do that is shown here: nothing from elsewhere, in nobody's frame.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The window. It knows the sites that may open it, and the two answers that it gives by itself.
pub fn popup(origins: &[String]) -> String {
    let answer =
        |code: Code| serde_json::to_string(&SignAnswer::from(Refused::from(code))).unwrap_or_default();
    let setup = json!({
        "origins": origins,
        "cancelled": answer(Code::Cancelled),
        "failed": answer(Code::SignatureFailed),
    });
    let body = "<p id=\"waiting\">請稍候 Please wait …</p>\
        <form id=\"pin-form\" hidden autocomplete=\"off\"><p><b id=\"asker\"></b><br>要求簽章，請輸入 PIN 碼 asks for a signature. \
        The card's PIN:</p><input name=\"pin\" type=\"password\" inputmode=\"numeric\" maxlength=\"8\"> \
        <button>確定 Sign</button> <button type=\"button\" id=\"cancel\">取消 Cancel</button></form>\
        <script src=\"/popupForm.js\"></script>";
    page("Soft card", &format!(" data-setup=\"{}\"", escape(&setup.to_string())), body)
}

/// The readers: what is in them, what could be.
pub fn readers(there: bool, inserted: &[String], others: &[String]) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, what: &str, action: &str, label: &str| {
        let name = escape(name);
        let _ = write!(
            rows,
            "<tr><td>{name}</td><td>{what}</td><td><form method=\"post\" action=\"/cards\">\
             <input type=\"hidden\" name=\"card\" value=\"{name}\"><button name=\"action\" value=\"{action}\">{label}</button>\
             </form></td></tr>"
        );
    };
    let (reader, action, label) = if there {
        ("已連接 connected", "unplug", "拔除 unplug")
    } else {
        ("未連接 not connected", "plug", "連接 plug in")
    };
    row("讀卡機 card reader", reader, action, label);
    for name in inserted {
        row(name, "已插入 inserted", "remove", "取出 remove");
    }
    for name in others {
        row(name, "", "insert", "插入 insert");
    }
    let note = "<p class=\"note\">開發用軟體卡，不得用於正式環境 Soft cards of a development PKI: not for production.</p>";
    page("Soft card", "", &format!("<h1>Soft card</h1>{note}<table>{rows}</table>"))
}

fn page(title: &str, attributes: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"zh-Hant\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\
         <body{attributes}>{body}</body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
