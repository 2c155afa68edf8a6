//! Typed ids: a UUID of one kind of thing never passes for another.

/// Declares newtypes over [`uuid::Uuid`] with the traits that ids need (serde, `Display`, `FromStr`, schema).
#[macro_export]
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = uuid::Uuid)]
        pub struct $name(pub uuid::Uuid);

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for uuid::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

typed_id! {
    /// An agency (機關): the bureau, a subordinate agency, a district office, a data provider.
    AgencyId;
    /// A unit (單位) inside an agency: a section, a welfare centre, the IT unit.
    UnitId;
    /// A person who holds posts; one person, one record.
    PersonId;
    /// A post (職務): a person's position in a unit, with its roles; acts name the post they were done in.
    PostId;
    /// The right of one post's holder to use one provider's data (帳號).
    AccountId;
    /// A registered agency system (系統), the welfare platform first.
    SystemId;
    /// A permission application (使用者權限申請表 / 申請表).
    PermissionApplicationId;
    /// A query application (查詢申請紀錄表, one row).
    QueryApplicationId;
    /// One query about one person; also the transaction number given to the provider.
    QueryId;
    /// A registered welfare case (案件).
    CaseId;
    /// An obligation: one statutory duty, due once.
    ObligationId;
    /// An audit plan (稽核計畫).
    PlanId;
    /// A finding of an audit or a control (查核發現).
    FindingId;
    /// A destruction order (銷毀).
    OrderId;
    /// A break-glass grant: roles for a few hours, given by two custodians.
    EmergencyGrantId;
    /// A session: from a login with the card until it ends.
    SessionId;
}
