//! The roles that the regulations name. A role says what a post may do; a person acts in a post.

use std::fmt;
use std::str::FromStr;

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role of this name")]
pub struct UnknownRole;

/// Declares the roles with their codes and titles once, so that none of them can drift apart.
macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $zh:literal, $en:literal;)+) => {
        /// What a principal may do, by the terms of the regulations. Travels as its code in snake_case.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum Role {$($(#[$doc])* $name,)+}

        impl Role {
            /// Every role, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable code, as in tokens, rule packs and the API.
            pub fn code(self) -> &'static str {
                match self {$(Self::$name => $code,)+}
            }

            /// The title that officials read, in Traditional Chinese.
            pub fn title_zh(self) -> &'static str {
                match self {$(Self::$name => $zh,)+}
            }

            /// The title in English.
            pub fn title_en(self) -> &'static str {
                match self {$(Self::$name => $en,)+}
            }
        }

        impl FromStr for Role {
            type Err = UnknownRole;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {$($code => Ok(Self::$name),)+ _ => Err(UnknownRole)}
            }
        }
    };
}

roles! {
    /// 使用者: an official of the bureau or a district office who queries (H4, H5.2.3, I3.4).
    User = "user", "使用者", "User";
    /// 單位主管: endorses permission applications of the unit and copies of results (H5.2.1, H6.4).
    UnitSupervisor = "unit_supervisor", "單位主管", "Unit supervisor";
    /// 機關首長 or the delegate: endorses permission applications of the agency (H5.2.1, H5.2.2, I3.3).
    AgencyHead = "agency_head", "機關首長（或授權代理人）", "Agency head or delegate";
    /// 權責主管: endorses query applications and makes the daily checks (H4.2, H8.1.1).
    ResponsibleSupervisor = "responsible_supervisor", "權責主管", "Responsible supervisor";
    /// 業務單位承辦人: proposes the result of a permission application (H5.2.1, I3.3).
    BusinessHandler = "business_handler", "業務單位承辦人", "Business unit handler";
    /// 業務單位主管: signs the result that the handler proposed; leads joint investigations (H5.2.1, H8.3).
    BusinessSupervisor = "business_supervisor", "業務單位主管", "Business unit supervisor";
    /// 資訊小組: opens, changes and stops accounts, keeps inventories and data links (H5.1, H6.2, H6.5, H8.4).
    ItUnit = "it_unit", "資訊小組", "IT unit";
    /// 市府資訊中心: operates the platform, is told of link changes, ends links (H5.1.4, H6.5).
    ItCentre = "it_centre", "市府資訊中心", "City IT centre";
    /// 專責人員: accounts and audits for immigration data, in the bureau and each district office (I3.2, I3.6, I3.7).
    DesignatedOfficer = "designated_officer", "專責人員", "Designated officer";
    /// 管理者: the official who applied for a data link (H5.1.4, H5.2.3).
    LinkManager = "link_manager", "連結作業管理者", "Link manager";
    /// 稽核人員: section chief or above, or designated by the agency head (H8.2, I4.1).
    Auditor = "auditor", "稽核人員", "Auditor";
    /// 政風單位: takes part in joint investigations (H8.3).
    EthicsOfficer = "ethics_officer", "政風人員", "Ethics officer";
    /// 資料提供機關稽核人員: the provider's auditor; reads the register and packages (H4.3, H8.4, I4.2.2).
    ExternalAuditor = "external_auditor", "資料提供機關稽核人員", "External auditor";
    /// 檔案管理人員: plans retention, asks for or approves destruction (H4.3, H6.6, H7, I3.8, I5).
    RecordsOfficer = "records_officer", "檔案管理人員", "Records officer";
    /// 系統管理者: one of the two persons for changes of what guards the guards (design, invariant 11; ours).
    Administrator = "administrator", "系統管理者", "Administrator";
    /// 機關資訊系統: a registered system of an agency, the welfare platform first (H3.1).
    AgencySystem = "agency_system", "機關資訊系統", "Agency system";
    /// 本套件服務: another service of the suite (ours).
    Service = "service", "本套件服務", "Service of the suite";
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_travels_as_its_code_and_comes_back() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), serde_json::json!(role.code()));
            assert_eq!(role.to_string().parse::<Role>(), Ok(*role));
            assert!(!role.title_zh().is_ascii() && role.title_en().is_ascii());
        }
        assert_eq!("root".parse::<Role>(), Err(UnknownRole));
    }
}
