//! What the component answers when something is wrong. The numbers are those of the real one, by which pages choose
//! their words.

/// The main code, `ret_code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Done.
    Good,
    /// Nothing to sign.
    NoContent,
    /// No card in the reader.
    NoCard,
    /// No JSON.
    BadJson,
    /// A field says what it cannot say.
    BadParameter,
    /// A command that is not known.
    Unsupported,
    /// The page that asks for a signature is not on the list.
    ForbiddenDomain,
    /// The page that asks for cards is not on the list.
    UntrustedSite,
    /// No PIN was given.
    NoPin,
    /// The holder does not want to.
    Cancelled,
    /// There is no card reader.
    NoReader,
    /// There is no reader of this name.
    UnknownReader,
    /// The PIN was refused; the minor code says more.
    LoginRefused,
    /// The card has no such key.
    NoKey,
    /// The key cannot make such a signature.
    SignatureType,
    /// Making the signature failed.
    SignatureFailed,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate has expired.
    Expired,
    /// What should be base64 is none.
    BadBase64,
    /// A citizen's card where another is wanted.
    CitizenCard,
    /// A company's card where another is wanted.
    CompanyCard,
    /// An agency's card where another is wanted.
    AgencyCard,
    /// An organisation's card where another is wanted.
    OrganisationCard,
}

impl Code {
    /// The number, as the component writes it: with a sign, so that those from 0x80000000 on are negative.
    pub fn number(self) -> i32 {
        let code: u32 = match self {
            Self::Good => 0,
            Self::NoContent => 0x7600_0003,
            Self::NoCard => 0x7600_0006,
            Self::BadJson => 0x7600_000B,
            Self::BadParameter => 0x7600_000C,
            Self::Unsupported => 0x7600_000E,
            Self::ForbiddenDomain => 0x7600_000F,
            Self::UntrustedSite => 0x7600_0031,
            Self::NoPin => 0x7600_0998,
            Self::Cancelled => 0x7600_0999,
            Self::NoReader => 0x7610_0003,
            Self::UnknownReader => 0x7610_0004,
            Self::LoginRefused => 0x7610_0006,
            Self::NoKey => 0x7610_000D,
            Self::SignatureType => 0x7630_0002,
            Self::SignatureFailed => 0x7630_0004,
            Self::NotYetValid => 0x7650_0001,
            Self::Expired => 0x7650_0002,
            Self::BadBase64 => 0x7660_0002,
            Self::CitizenCard => 0x8300_0101,
            Self::CompanyCard => 0x8300_0102,
            Self::AgencyCard => 0x8300_0103,
            Self::OrganisationCard => 0x8300_0104,
        };
        code.cast_signed()
    }

    /// In words.
    pub fn message(self) -> &'static str {
        match self {
            Self::Good => "",
            Self::NoContent => "沒有待簽資料 nothing to sign",
            Self::NoCard => "讀卡機中沒有卡片 no card in the reader",
            Self::BadJson => "不是 JSON no JSON",
            Self::BadParameter => "參數不正確 a field cannot be understood",
            Self::Unsupported => "不支援的指令 unknown command",
            Self::ForbiddenDomain => "此網域不得要求簽章 this site may not ask for signatures",
            Self::UntrustedSite => "此網站未列入信任 this site is not trusted",
            Self::NoPin => "沒有輸入 PIN 碼 no PIN",
            Self::Cancelled => "持卡人取消 the holder cancelled",
            Self::NoReader => "沒有讀卡機 no card reader",
            Self::UnknownReader => "沒有這個讀卡機 no such card reader",
            Self::LoginRefused => "PIN 碼未被接受 the PIN was refused",
            Self::NoKey => "卡片沒有這把金鑰 no such key on the card",
            Self::SignatureType => "金鑰不能作此種簽章 the key cannot make such a signature",
            Self::SignatureFailed => "簽章失敗 the card did not sign",
            Self::NotYetValid => "憑證尚未生效 the certificate is not valid yet",
            Self::Expired => "憑證已過期 the certificate has expired",
            Self::BadBase64 => "不是 base64 no base64",
            Self::CitizenCard => "插入的是自然人憑證 a citizen's card is in the reader",
            Self::CompanyCard => "插入的是工商憑證 a company's card is in the reader",
            Self::AgencyCard => "插入的是機關憑證 an agency's card is in the reader",
            Self::OrganisationCard => "插入的是組織團體憑證 an organisation's card is in the reader",
        }
    }
}

/// The minor code, `last_error`: what the card itself said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Minor {
    /// Nothing.
    None,
    /// Wrong PIN, and that was the last try.
    WrongPin,
    /// No PIN has this length; it counted for nothing.
    PinLength,
    /// The card was locked before.
    Locked,
    /// Wrong PIN, one try left.
    OneLeft,
    /// Wrong PIN, two tries left.
    TwoLeft,
}

impl Minor {
    /// The number.
    pub fn number(self) -> i32 {
        match self {
            Self::None => 0,
            Self::WrongPin => 0xA0,
            Self::PinLength => 0xA2,
            Self::Locked => 0xA4,
            Self::OneLeft => -2_147_483_647,
            Self::TwoLeft => -2_147_483_646,
        }
    }
}
