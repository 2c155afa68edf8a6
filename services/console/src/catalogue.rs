//! What the pages show: sections, each a list of one service, with its columns. Pages are data, not code.

/// The services that are asked: name, title.
pub const SERVICES: [(&str, &str); 4] = [
    ("account", "帳號權限"),
    ("query-registry", "查詢登記"),
    ("audit-sampling", "稽核抽查"),
    ("retention", "保存銷毀"),
];

/// The title of a service; none for one that is not asked.
pub fn service_title(name: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(n, _)| *n == name).map(|(_, title)| *title)
}

/// A column: where its value stands in a row (dots between members), and its label.
pub type Column = (&'static str, &'static str);

/// A list of one service.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Its part of the URL.
    pub slug: &'static str,
    /// Heading.
    pub title: &'static str,
    /// The service.
    pub service: &'static str,
    /// Last part of the path under `/v1/`.
    pub collection: &'static str,
    /// Fixed query parameters.
    pub query: &'static [(&'static str, &'static str)],
    /// Columns; the first one leads to the row's own page when `detail` is set.
    pub columns: &'static [Column],
    /// Where the id stands that leads to the row's own page.
    pub detail: Option<&'static str>,
}

/// A page of sections.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Its part of the URL.
    pub slug: &'static str,
    /// Heading and entry of the menu.
    pub title: &'static str,
    /// Its sections.
    pub sections: &'static [Section],
}

const fn section(
    slug: &'static str,
    title: &'static str,
    service: &'static str,
    collection: &'static str,
    columns: &'static [Column],
) -> Section {
    Section { slug, title, service, collection, query: &[], columns, detail: Some("id") }
}

/// Every page with lists.
pub const PAGES: &[Page] = &[
    Page {
        slug: "accounts",
        title: "帳號",
        sections: &[
            section(
                "accounts",
                "帳號",
                "account",
                "accounts",
                &[
                    ("number", "帳號"),
                    ("regulation", "資料別"),
                    ("status", "狀態"),
                    ("valid_from", "啟用日"),
                    ("valid_until", "到期日"),
                    ("agency_id", "機關"),
                ],
            ),
            section(
                "personnel-changes",
                "人事異動",
                "account",
                "personnel-changes",
                &[("key", "異動"), ("kind", "類別"), ("effective_on", "生效日"), ("status", "狀態")],
            ),
            section(
                "agency-acts",
                "機關憑證作業",
                "account",
                "agency-acts",
                &[("kind", "作業"), ("status", "狀態"), ("agency_id", "機關")],
            ),
            section(
                "data-links",
                "連結作業",
                "account",
                "data-links",
                &[("name", "連結作業"), ("status", "狀態"), ("agency_id", "機關")],
            ),
        ],
    },
    Page {
        slug: "applications",
        title: "權限申請",
        sections: &[section(
            "permission-applications",
            "使用者權限申請",
            "account",
            "permission-applications",
            &[
                ("filed_at", "申請日期"),
                ("regulation", "資料別"),
                ("kind", "申請類別"),
                ("status", "狀態"),
                ("next_stage", "下一階段"),
                ("agency_id", "機關"),
            ],
        )],
    },
    Page {
        slug: "register",
        title: "查詢申請紀錄",
        sections: &[
            section(
                "query-applications",
                "查詢申請紀錄",
                "query-registry",
                "query-applications",
                &[
                    ("register_number", "登記號"),
                    ("date", "日期"),
                    ("account_number", "作業帳號"),
                    ("programme", "業務"),
                    ("persons", "人數"),
                    ("state", "狀態"),
                    ("endorsed_at", "核章時間"),
                ],
            ),
            section(
                "queries",
                "查詢",
                "query-registry",
                "queries",
                &[
                    ("at", "時間"),
                    ("regulation", "資料別"),
                    ("decision", "結果"),
                    ("refusal", "拒絕事由"),
                    ("records", "筆數"),
                ],
            ),
            section(
                "copy-requests",
                "複製核准",
                "query-registry",
                "copy-requests",
                &[("requested_at", "申請時間"), ("count", "份數"), ("state", "狀態")],
            ),
        ],
    },
    Page {
        slug: "reports",
        title: "每日報表",
        sections: &[
            section(
                "control-reports",
                "每日及每週報表",
                "query-registry",
                "control-reports",
                &[
                    ("day", "日期"),
                    ("kind", "類別"),
                    ("regulation", "資料別"),
                    ("lines", "列數"),
                    ("unmatched", "不符"),
                    ("state", "狀態"),
                    ("due_on", "期限"),
                ],
            ),
            section(
                "control-items",
                "待說明事項",
                "query-registry",
                "control-items",
                &[
                    ("kind", "事項"),
                    ("day", "日期"),
                    ("clause", "條款"),
                    ("state", "狀態"),
                    ("due_on", "期限"),
                ],
            ),
        ],
    },
    Page {
        slug: "audits",
        title: "稽核",
        sections: &[
            section(
                "audit-plans",
                "稽核計畫",
                "audit-sampling",
                "audit-plans",
                &[
                    ("period_start", "期間起"),
                    ("period_end", "期間迄"),
                    ("regulation", "資料別"),
                    ("state", "狀態"),
                    ("due_on", "期限"),
                ],
            ),
            section(
                "findings",
                "查核發現",
                "audit-sampling",
                "findings",
                &[
                    ("kind", "事項"),
                    ("clause", "條款"),
                    ("state", "狀態"),
                    ("raised_on", "發現日"),
                    ("due_on", "期限"),
                ],
            ),
            section(
                "internal-audits",
                "內部稽核（附表二、三）",
                "audit-sampling",
                "internal-audits",
                &[
                    ("form", "附表"),
                    ("period_start", "期間起"),
                    ("period_end", "期間迄"),
                    ("state", "狀態"),
                    ("due_on", "期限"),
                ],
            ),
            section(
                "investigations",
                "會同調查",
                "audit-sampling",
                "investigations",
                &[("id", "調查"), ("state", "狀態"), ("due_on", "期限")],
            ),
            section(
                "spot-checks",
                "實地抽查",
                "audit-sampling",
                "spot-checks",
                &[("id", "抽查"), ("state", "狀態"), ("agency_id", "機關")],
            ),
            section(
                "audit-packages",
                "外部稽核資料",
                "audit-sampling",
                "audit-packages",
                &[("id", "封存資料"), ("state", "狀態"), ("digest", "摘要")],
            ),
        ],
    },
    Page {
        slug: "inventories",
        title: "清查",
        sections: &[section(
            "inventories",
            "帳號清查",
            "account",
            "inventories",
            &[
                ("period_end", "期間迄"),
                ("regulation", "資料別"),
                ("status", "狀態"),
                ("due_on", "期限"),
                ("agency_id", "機關"),
            ],
        )],
    },
    Page {
        slug: "retention",
        title: "保存與銷毀",
        sections: &[
            Section {
                query: &[("unsettled", "true")],
                ..section("unsettled-outputs", "未歸檔未銷毀之查得資料", "retention", "outputs", OUTPUTS)
            },
            section("outputs", "查得資料登記簿", "retention", "outputs", OUTPUTS),
            section(
                "holdings",
                "保存清單",
                "retention",
                "holdings",
                &[
                    ("record_kind", "紀錄類別"),
                    ("regulation", "資料別"),
                    ("month", "月份"),
                    ("count", "筆數"),
                    ("term.clause", "條款"),
                    ("term.ends_on", "保存至"),
                    ("state", "狀態"),
                ],
            ),
            section(
                "destruction-orders",
                "銷毀案",
                "retention",
                "destruction-orders",
                &[
                    ("record_kind", "紀錄類別"),
                    ("regulation", "資料別"),
                    ("month", "月份"),
                    ("term.clause", "條款"),
                    ("state", "狀態"),
                ],
            ),
            Section {
                detail: Some("content.order"),
                ..section(
                    "certificates",
                    "銷毀證明",
                    "retention",
                    "certificates",
                    &[
                        ("content.record_kind", "紀錄類別"),
                        ("content.regulation", "資料別"),
                        ("content.month", "月份"),
                        ("content.count", "筆數"),
                        ("content.issued_at", "核發時間"),
                        ("digest", "摘要"),
                    ],
                )
            },
            section(
                "holds",
                "資料保全",
                "retention",
                "holds",
                &[
                    ("placed_at", "保全時間"),
                    ("scope.regulation", "資料別"),
                    ("scope.record_kind", "紀錄類別"),
                    ("active", "有效"),
                ],
            ),
        ],
    },
];

const OUTPUTS: &[Column] = &[
    ("made_on", "產製日"),
    ("kind", "型態"),
    ("count", "份數"),
    ("regulation", "資料別"),
    ("due_on", "期限"),
    ("state", "狀態"),
    ("agency_id", "機關"),
];

/// The page `slug`.
pub fn page(slug: &str) -> Option<&'static Page> {
    PAGES.iter().find(|p| p.slug == slug)
}

/// The path under `/v1/` of a row's own page: certificates stand under their orders.
pub fn detail_path(collection: &str, id: &str) -> String {
    if collection == "certificates" {
        format!("destruction-orders/{id}/certificate")
    } else {
        format!("{collection}/{id}")
    }
}
