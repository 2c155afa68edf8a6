//! The running suite and its callers.

use std::path::Path;

use datawarden::stack::{AUDIENCE, ISSUER, Stack, StackOptions};
use identity::{AccessGrant, Confirmation, Credential, DevPki, PrincipalKind, Role, TokenIssuer};
use kernel::{Clock as _, SystemClock};
use uuid::Uuid;

/// The suite on a fresh folder.
pub async fn start(folder: &Path) -> Stack {
    Stack::start(StackOptions { data: folder.to_owned(), start: None, any_port: true }).await.unwrap()
}

/// What a token says.
pub struct Token<'a> {
    pub roles: &'a [Role],
    /// Whether its agency oversees the others.
    pub oversees: bool,
    /// The regulations whose data its agency provides.
    pub provides: &'a [&'a str],
    pub audience: &'a str,
    pub issuer: &'a str,
    pub age: chrono::Duration,
    /// The TLS certificate (`x5t#S256`) that it is bound to.
    pub bound_to: Option<&'a str>,
}

impl Default for Token<'_> {
    fn default() -> Self {
        Self {
            roles: &[],
            oversees: true,
            provides: &["household", "tax", "immigration"],
            audience: AUDIENCE,
            issuer: ISSUER,
            age: chrono::Duration::zero(),
            bound_to: None,
        }
    }
}

/// The account service's signing credential in the suite's folder.
pub fn account_credential(stack: &Stack) -> Credential {
    service_credential(stack, "account")
}

/// A service's signing credential in the suite's folder.
pub fn service_credential(stack: &Stack, name: &str) -> Credential {
    let services = stack.data.join("pki/services");
    let file = |end: &str| services.join(format!("{name}{end}"));
    Credential::from_pem_files(&file(".pem"), &file(".key.pem")).unwrap()
}

/// A credential of the same name under an authority that the suite does not know.
pub fn foreign_credential() -> Credential {
    DevPki::generate().unwrap().issue_service("account", SystemClock.now()).unwrap()
}

/// A token signed with `credential`, for nobody whom the suite knows.
pub fn token(credential: Credential, token: &Token<'_>) -> String {
    let nobody = Uuid::new_v5(&Uuid::NAMESPACE_OID, b"nobody");
    let grant = AccessGrant {
        kind: PrincipalKind::Person { person: nobody.into(), post: nobody.into() },
        subject: nobody.to_string(),
        client_id: "test".into(),
        token_id: format!("{:?}", token.roles),
        as_of: 0,
        name: None,
        agency: Some(nobody.into()),
        oversees: token.oversees,
        provides: token.provides.iter().map(|name| (*name).to_owned()).collect(),
        unit: Some(nobody.into()),
        roles: token.roles.iter().copied().collect(),
        system: None,
        place: None,
        acting_for: None,
        emergency: None,
        cnf: token.bound_to.map(|thumbprint| Confirmation { x5t_s256: thumbprint.to_owned() }),
        session: None,
    };
    let issuer = TokenIssuer::new(credential, token.issuer).unwrap();
    issuer
        .issue(&grant, &[token.audience], SystemClock.now() - token.age, chrono::Duration::minutes(10))
        .unwrap()
}
