//! Secrets of every kind, texts without secrets, and properties of any text.

use super::{
    samples::{HARMLESS, SECRETS},
    *,
};
use crate::domain::ENTRY_TITLE_MAX_CHARS;
use proptest::prelude::*;
use serde_json::json;

const OWN_ID: &str = "holly_0123456789abcdef_";
const HEX_64: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const KEY_BLOCK: &str =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nq+/abc==\n-----END RSA PRIVATE KEY-----";

/// One secret of each kind that is masked entirely.
fn canaries() -> Vec<String> {
    [
        "sk-proj-Ab3dEf6hIj9lMn2pQr5tUv8x",
        "sk-ant-api03-Ab3dEf6hIj9lMn2pQr5t_Uv8x-Yz",
        "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
        "gsk_Ab3dEf6hIj9lMn2pQr5tUv8xYz",
        "ghp_Ab3dEf6hIj9lMn2pQr5tUv8xYz0123456789",
        "gho_Ab3dEf6hIj9lMn2pQr5tUv8xYz0123456789",
        "github_pat_11ABCDEFG0_Ab3dEf6hIj9lMn2pQr5tUv8x",
        "glpat-Ab3dEf6hIj9lMn2pQr5t",
        "xoxb-123456789012-Ab3dEf6hIj9l",
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "550e8400-e29b-41d4-a716-446655440000:00112233445566778899aabbccddeeff",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl-_x",
        KEY_BLOCK,
    ]
    .map(str::to_owned)
    .to_vec()
}

fn entry(title: &str) -> WorkLogEntry {
    let id = "0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let at = "2026-11-24T09:30:00.000Z";
    let entry = json!({
        "id": id, "userId": id, "logType": "info", "status": "info", "title": title, "metadata": {},
        "timestamp": at, "updatedAt": at, "storageStatus": "hot", "rev": 1
    });
    serde_json::from_value(entry).unwrap()
}

fn masked(text: &str) -> String {
    mask(text).0
}

#[test]
fn each_kind_of_secret_is_masked_anywhere_in_a_text() {
    for secret in canaries() {
        for around in [
            "{}",
            "the key {} is wrong",
            "鍵{}、",
            "?key={}&x=1",
            "x-goog-api-key: {}\r\nHost: a",
            r#"{"a":"{}"}"#,
            r"a\n{}\n",
            "key%3D{}",
        ] {
            let (result, count) = mask(&around.replace("{}", &secret));
            assert_eq!(
                (result, count),
                (around.replace("{}", "[masked]"), 1),
                "{secret} in {around}"
            );
        }
    }
}

#[test]
fn no_secret_of_the_table_is_left_in_any_text() {
    for (sent, secret) in SECRETS {
        for around in ["{}", "see {} there", "鍵 {}、", "a\n{}\n", "- `{}`", "({})"] {
            let text = around.replace("{}", sent);
            let (result, count) = mask(&text);
            assert!(count > 0 && !result.contains(secret), "{text}: {result}");
        }
    }
}

#[test]
fn each_pattern_has_a_sample() {
    for (n, pattern) in patterns::PATTERNS.iter().enumerate() {
        let is_found = SECRETS.iter().any(|(sent, _)| {
            let mut begins = (0..sent.len()).filter(|at| sent.is_char_boundary(*at));
            begins.any(|at| patterns::EXPRESSIONS[n].is_match(&sent[at..]))
        });
        assert!(is_found, "{}", pattern.name);
    }
}

#[test]
fn texts_that_resemble_secrets_are_unchanged() {
    for text in HARMLESS {
        assert_eq!(mask(text), (text.to_owned(), 0));
    }
}

#[test]
fn a_secret_longer_than_the_window_is_masked_entirely() {
    for (before, part, after) in [
        ("sk_live_", "Ab3dEf6h", " end"),
        ("Bearer ", "Ab3dEf6h", "\nend"),
        ("-----BEGIN PRIVATE KEY-----\n", "MIIEpAIBAAKC\n", "-- end"),
        ("\"password\": \"", "Ab3dEf6h", "\" end"),
    ] {
        let text = format!("{before}{}{after}", part.repeat(3_000));
        let (result, count) = mask(&text);
        assert!(!result.contains(part.trim()) && count == 1, "{result}");
        assert!(result.ends_with(after), "{result}");
    }
}

#[test]
fn the_id_of_a_holly_key_stays_readable() {
    let key = format!("{OWN_ID}{HEX_64}");
    assert_eq!(
        masked(&format!("curl -H 'Authorization: Bearer {key}'")),
        format!("curl -H 'Authorization: Bearer {OWN_ID}[masked]'")
    );
    assert_eq!(
        masked(&format!("api_key={key}")),
        format!("api_key={OWN_ID}[masked]")
    );
    assert_eq!(masked(&key[..60]), format!("{OWN_ID}[masked]"));
}

#[test]
fn credentials_after_a_name_are_masked_and_the_name_stays() {
    for (text, expected) in [
        (
            "Authorization: Bearer abc123def456",
            "Authorization: Bearer [masked]",
        ),
        (
            "authorization: basic YWRtaW46aHVudGVyMg==\n",
            "authorization: basic [masked]\n",
        ),
        (
            "sent bearer ya29.a0AfH6SMBx-_~+/x= to them",
            "sent bearer [masked] to them",
        ),
        (
            "authorization=Bearer%20abc123def456,x=1",
            "authorization=Bearer%20[masked],x=1",
        ),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "aws_secret_access_key = [masked]",
        ),
        (
            "AWS_SECRET_ACCESS_KEY=\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"",
            "AWS_SECRET_ACCESS_KEY=\"[masked]\"",
        ),
        ("x-api-key: 0f1e2d3c4b5a69788796a5b4", "x-api-key: [masked]"),
        (
            r#"{"user":"ann","password":"cor\"rect horse"}"#,
            r#"{"user":"ann","password":"[masked]"}"#,
        ),
        (
            r#""{\"apiKey\": \"abcdefgh\"}""#,
            r#""{\"apiKey\": \"[masked]\"}""#,
        ),
        (
            "{'client_secret': 'abcdefgh'}",
            "{'client_secret': '[masked]'}",
        ),
        (r#"{"password":"cut off he"#, r#"{"password":"[masked]"#),
        (r#"{"password":"pin4"}"#, r#"{"password":"***"}"#),
    ] {
        assert_eq!(mask(text), (expected.to_owned(), 1), "{text}");
    }
}

#[test]
fn the_password_in_a_url_is_masked() {
    assert_eq!(
        masked("postgres://holly:hunter2hunter2@db:5432/holly"),
        "postgres://holly:[masked]@db:5432/holly"
    );
    assert_eq!(masked("redis://:p@ss:w@rd-long@h"), "redis://:[masked]@h");
    assert_eq!(
        masked("postgres://holly:holly@db"),
        "postgres://holly:***@db"
    );
    assert_eq!(
        masked("https://ghp_Ab3dEf6hIj9lMn2pQr5tUv8x:x-oauth-basic@github.com"),
        "https://[masked]:[masked]@github.com"
    );
}

#[test]
fn a_truncated_key_block_is_masked() {
    assert_eq!(masked(&KEY_BLOCK[..50]), "[masked]");
    assert_eq!(masked(&KEY_BLOCK.replace('\n', "\\n")), "[masked]");
    assert_eq!(
        mask(&format!("{KEY_BLOCK} and {KEY_BLOCK}")),
        ("[masked] and [masked]".to_owned(), 2)
    );
}

#[test]
fn texts_without_secrets_are_unchanged() {
    let image = format!(
        "data:image/png;base64,iVBORw0KGgo{}AAAASUVORK5CYII=",
        "AKsk/eyJhbGciOi+Jx9Q".repeat(50)
    );
    for text in [
        "The bearer of this letter asks for a password; the secret is patience.",
        "Use `Authorization: Bearer <token>` or Bearer $TOKEN, and Basic authentication.",
        "let token = next_token(input); // token: Token, password: &str",
        "apiKey: process.env.OPENAI_API_KEY, password=os.environ['PASSWORD']",
        "class=\"sk-toggleable__content sk-estimator-doc-link-2\" task-1234567890abcdef risk-averse2000000000",
        "550e8400-e29b-41d4-a716-446655440000 and 0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b:12",
        "commit 4e7a75a1f0c2d3b4a5968778695a4b3c2d1e0f00, sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "http://localhost:3000/a@b, mailto:me@example.org, ssh://git@example.org:22/x, https://[::1]:80/",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "holly_run_all_of_the_tests_in_this_folder eyJ.eyJ. AKIA sk- gsk_ \"token\": \"\"",
        "日本語のテキスト、秘密なし。 🔑",
        &image,
    ] {
        assert_eq!(mask(text), (text.to_owned(), 0));
    }
}

#[test]
fn values_of_secret_names_are_masked_and_numbers_stay() {
    let mut value = json!({
        "inputTokens": 12, "timeToFirstTokenMs": 3, "token": 7, "model": "gemini", "api_key": "short-one", "pin": {"password": "x"},
        "list": ["Bearer abc123def456", {"clientSecret": "[masked]"}], "AKIAIOSFODNN7EXAMPLE": true
    });
    assert_eq!(mask_value(&mut value), 4);
    let expected = json!({
        "inputTokens": 12, "timeToFirstTokenMs": 3, "token": 7, "model": "gemini", "api_key": "[masked]", "pin": {"password": "*"},
        "list": ["Bearer [masked]", {"clientSecret": "[masked]"}], "[masked]": true
    });
    assert_eq!(value, expected);
    assert_eq!(mask_value(&mut value), 0);
}

#[test]
fn an_entry_counts_its_masked_secrets() {
    let mut entry = entry(&format!("{} sk-ant-0123456789abcdef", "é".repeat(177)));
    entry.details = Some("key AKIAIOSFODNN7EXAMPLE refused".into());
    entry.metadata = entry
        .metadata
        .with("error", "Bearer abc123def456")
        .with("inputTokens", 5)
        .with("maskedValues", 2);
    mask_entry(&mut entry);
    assert_eq!(entry.title, format!("{} [masked]", "é".repeat(177)));
    assert_eq!(entry.details.as_deref(), Some("key [masked] refused"));
    assert_eq!(entry.metadata.text("error"), Some("Bearer [masked]"));
    assert_eq!(
        (
            entry.metadata.number("maskedValues"),
            entry.metadata.number("inputTokens")
        ),
        (Some(5), Some(5))
    );
    let once = entry.clone();
    mask_entry(&mut entry);
    assert_eq!(entry, once);
}

#[test]
fn a_secret_inside_the_name_of_another_is_masked_too() {
    let text = r"\nsk-proj-Ab3dEf6hIj9lMn2pQr5tUv8x-api_key=ab1ab1ab1ab1ab1ab1";
    assert_eq!(mask(text), (r"\n[masked]=[masked]".to_owned(), 2));
}

/// Random concatenations of secrets and parts of secrets.
pub(super) fn pieces() -> impl Strategy<Value = String> {
    let glue = [
        "://",
        ":",
        "@",
        "/",
        "=",
        "==",
        "-",
        "_",
        ".",
        " ",
        "\n",
        "\\n",
        "\"",
        "\\\"",
        "'",
        "é",
        "鍵",
        "%20",
        "Bearer ",
        "Authorization: Basic ",
        "\"password\":\"",
        "api_key=",
        "aws_secret_access_key:",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "eyJhbGciOiJI",
        "[masked]",
        "***",
        OWN_ID,
        HEX_64,
        "sk-",
        "ab1",
        "0123456789ABCDEF",
        "curl ",
        " -u ada:",
        "?secret=",
        "holly_session=",
        "AccountKey=",
        "[mas",
    ];
    let all: Vec<String> = glue
        .map(str::to_owned)
        .into_iter()
        .chain(canaries())
        .chain(SECRETS.map(|(sent, _)| sent.to_owned()))
        .collect();
    prop::collection::vec(prop::sample::select(all), 0..14).prop_map(|parts| parts.concat())
}

fn check_masking(text: &str) -> Result<(), TestCaseError> {
    let (once, count) = mask(text);
    prop_assert!(once.len() <= text.len() && once.chars().count() <= text.chars().count());
    prop_assert!(count > 0 || once == text);
    prop_assert!(text.is_empty() == once.is_empty());
    prop_assert_eq!(mask(&once), (once.clone(), 0), "of {:?}", text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn masking_is_idempotent_and_never_grows_text(text in pieces()) {
        check_masking(&text)?;
    }

    #[test]
    fn any_text_is_masked_without_panic_or_growth(text in any::<String>()) {
        check_masking(&text)?;
    }

    #[test]
    fn a_secret_in_any_prose_is_masked(before in "[a-zé ,.(]{0,20}", after in "[ ,)\n][a-z ]{0,20}", n in 0..14usize) {
        let secret = canaries().swap_remove(n);
        let result = masked(&format!("{before} {secret}{after}"));
        prop_assert_eq!(result, format!("{before} [masked]{after}"));
    }

    #[test]
    fn a_masked_title_stays_valid(text in pieces()) {
        let title: String = format!("x{text}").chars().take(ENTRY_TITLE_MAX_CHARS).collect();
        let mut entry = entry(&title);
        mask_entry(&mut entry);
        prop_assert!((1..=ENTRY_TITLE_MAX_CHARS).contains(&entry.title.chars().count()));
    }
}
