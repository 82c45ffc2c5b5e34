//! The table of secrets. A pattern begins where a word begins and is matched there only, so that a
//! text is read once: no expression runs over text in which another one may begin.

use super::checks::{self, Check};
use regex::{Regex, RegexSet};
use std::sync::LazyLock;

/// The names under which a value is a secret. Punctuation in names is optional.
const NAMES: &str = "(?i-u:password|passwd|pass[_-]*phrase|secret|token|api[_-]*key\
    |access[_-]*key|secret[_-]*key|private[_-]*key|authorization|credentials?|set[_-]*cookie)";
/// Names after which an unquoted value is a secret too.
const BARE_NAMES: &str = "(?i-u:api[_-]*key|secret[_-]*access[_-]*key|fal[_-]*key)";
/// The readable part of a Holly API key, then a credential. `=` is accepted only at its end:
/// otherwise each name in `a=a=a=…` would read the rest.
const OWN_ID: &str = "(?:holly_[0-9a-fA-F]{16}_)?";
const CREDENTIAL: &str = concat!(
    "(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}:[0-9a-fA-F]{32}",
    "|[A-Za-z0-9._~+/-]+=*)"
);
/// What a secret without spaces may continue with.
const WORD_REST: &str = "[!-~]*";
const SPACE: &str = "[ \\t]*";

/// What is in no user name, password or host of a URL.
const NO_HOST: &str = " \\t\\r\\n/?#\"'`<>\\\\";

/// Where a pattern begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// At a word, `://` or `-----BEGIN `.
    Anywhere,
    /// At a word after this text.
    After(&'static str),
    /// At the name of a URL's parameter.
    InQuery,
    /// At an option of the command `curl`.
    OfCurl,
}

/// One kind of secret.
#[derive(Debug)]
pub(super) struct Pattern {
    /// What it is.
    pub(super) name: &'static str,
    pub(super) begins: Begins,
    /// The text before the secret. Each place where it may be interrupted by the end of a chunk
    /// after a space begins a new part.
    lead: Vec<String>,
    secret: String,
    /// The text after the secret.
    tail: &'static str,
    /// What the text after the lead may consist of while the secret is incomplete.
    rest: String,
    pub(super) check: Check,
    /// Whether it is a secret where a mask follows; else the text is the readable part of one.
    pub(super) is_secret_before_mask: bool,
    /// What a secret of more than [`WINDOW`](super::scan::WINDOW) bytes continues with.
    pub(super) continues_with: fn(char) -> bool,
}

impl Pattern {
    fn expression(&self) -> String {
        let (lead, secret, tail) = (self.lead.concat(), &self.secret, self.tail);
        format!(r"\A{lead}({secret}){tail}")
    }

    /// Matches text that more text may complete to a secret.
    fn open_expression(&self) -> String {
        let open = self
            .lead
            .iter()
            .rev()
            .fold(self.rest.clone(), |inner, part| {
                format!("(?:{part})(?:{inner})?")
            });
        format!(r"\A(?:{open})\z")
    }
}

fn pattern(name: &'static str, secret: &str, check: Check) -> Pattern {
    Pattern {
        name,
        begins: Begins::Anywhere,
        lead: Vec::new(),
        secret: secret.to_owned(),
        tail: "",
        rest: WORD_REST.to_owned(),
        check,
        is_secret_before_mask: false,
        continues_with: |c| !c.is_whitespace() && !"\"'`<>".contains(c),
    }
}

fn after(name: &'static str, lead: &[&str], secret: &str, check: Check) -> Pattern {
    Pattern {
        lead: lead.iter().map(|part| (*part).to_owned()).collect(),
        ..pattern(name, secret, check)
    }
}

/// Keys that are recognised by themselves: what they are, their expression, and a check.
const KEYS: [(&str, &str, Check); 24] = [
    ("Google key", "AIza[\\w-]{30,}", checks::any),
    ("Groq key", "gsk_[\\w-]{20,}", checks::any),
    ("GitHub token", "gh[pousr]_[\\w-]{20,}", checks::any),
    ("GitHub token", "github_pat_[\\w-]{20,}", checks::any),
    (
        "GitLab token",
        "gl(?:pat|dt|rt|ptt|cbt)-[\\w-]{16,}",
        checks::any,
    ),
    ("Slack token", "xox[a-z]-[\\w-]{10,}", checks::any),
    ("Slack app token", "xapp-[0-9][\\w-]{10,}", checks::any),
    ("Stripe key", "[sr]k_live_[\\w-]{16,}", checks::any),
    (
        "Stripe test key",
        "[sr]k_test_[\\w-]{16,}",
        checks::letters_and_digits,
    ),
    (
        "signing secret",
        "whsec_[\\w-]{20,}",
        checks::letters_and_digits,
    ),
    ("npm token", "npm_[\\w-]{20,}", checks::letters_and_digits),
    (
        "Hugging Face token",
        "hf_[\\w-]{20,}",
        checks::letters_and_digits,
    ),
    (
        "SendGrid key",
        "SG\\.[\\w-]{16,}\\.[\\w-]{16,}",
        checks::any,
    ),
    ("PyPI token", "pypi-[\\w-]{16,}", checks::dense),
    ("Docker token", "dckr_[po]at_[\\w-]{16,}", checks::any),
    ("Google access token", "ya29\\.[\\w.-]{16,}", checks::any),
    ("DigitalOcean token", "do[opr]_v1_[\\w-]{32,}", checks::any),
    (
        "Shopify token",
        "shp(?:at|ca|pa|ss)_[\\w-]{20,}",
        checks::letters_and_digits,
    ),
    ("Vault token", "hvs\\.[\\w-]{20,}", checks::any),
    ("bot token", "[0-9]{8,10}:AA[\\w-]{30,}", checks::any),
    ("key of many providers", "sk-[\\w-]{16,}", checks::sk),
    ("AWS access key id", "A[KS]IA[\\w-]{16,}", checks::aws_id),
    (
        "id and secret",
        "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}:[0-9a-fA-F]{32}\\b",
        checks::any,
    ),
    (
        "Slack webhook",
        "hooks\\.slack\\.com/services/[\\w/]{20,}",
        checks::any,
    ),
];

/// A private key block; one without an end includes the base64 that follows. A body ends before
/// the next five dashes.
const KEY_BLOCK: &str = concat!(
    "-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----",
    "(?:[^-]*(?:-{1,4}[^-]+)*-----END (?:[A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----)?",
    "|[A-Za-z0-9+/=\\r\\n\\\\]*)"
);
const OPEN_KEY_BLOCK: &str = concat!(
    "\\A-----BEGIN (?:[A-Z0-9 ]{0,48}-{0,5}",
    "|[A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-{1,4}[^-]+)*",
    "-{0,5}E?N?D? ?[A-Z0-9 ]{0,48}-{0,5})\\z"
);

/// Secrets that are recognised by their shape.
fn shapes() -> Vec<Pattern> {
    let own = "holly_[0-9a-fA-F]{16}_";
    vec![
        after("Holly API key", &[own], "[0-9A-Za-z_-]{16,}", checks::any),
        Pattern {
            is_secret_before_mask: true,
            ..pattern("web token", WEB_TOKEN, checks::any)
        },
        Pattern {
            is_secret_before_mask: true,
            continues_with: |c| c.is_ascii_alphanumeric() || "+/=\r\n\\".contains(c),
            ..pattern("private key", KEY_BLOCK, checks::any)
        },
    ]
}

/// Passwords in addresses and commands.
fn passwords() -> Vec<Pattern> {
    vec![
        Pattern {
            tail: "@",
            rest: format!("[^{NO_HOST}]*"),
            is_secret_before_mask: true,
            ..after(
                "password in a URL",
                &["://", "[!-~--:/?#\"'`<>\\\\\\[]*", ":"],
                &format!("[^{NO_HOST}]*"),
                checks::url_password,
            )
        },
        Pattern {
            begins: Begins::OfCurl,
            rest: "[^ \\t\\r\\n\"']*".to_owned(),
            ..after(
                "password of curl",
                &[
                    "(?:-u|--user|-U|--proxy-user)",
                    "[ \\t=]*",
                    "[\"']?",
                    "[!-~--:\"'$<]*",
                    ":",
                ],
                "[^ \\t\\r\\n\"'$<:][^ \\t\\r\\n\"']*",
                checks::any,
            )
        },
    ]
}

/// Values of names and headers.
fn values() -> Vec<Pattern> {
    let authorization = "(?i-u:(?:proxy[_-]*)?authorization[_-]*)";
    let scheme = format!("(?:(?i-u:basic|bearer|token|key)(?:[ \\t]+|%20))?{OWN_ID}");
    let bare = format!("[0-9A-Za-z_-]*{BARE_NAMES}[_-]*");
    let quote = "(?:\\\\?[\"'])?";
    let bare_start = format!("\"?{OWN_ID}");
    vec![
        after(
            "bearer token",
            &["(?i-u:bearer)", &format!("(?:[ \\t]+|%20){OWN_ID}")],
            CREDENTIAL,
            checks::opaque,
        ),
        after(
            "authorization",
            &[authorization, quote, SPACE, "[:=]", SPACE, &scheme],
            CREDENTIAL,
            checks::opaque,
        ),
        quoted("\"", &["\""], "(?:\\\\(?s:.)|[^\"\\\\\\n])"),
        quoted("'", &["'"], "(?:\\\\(?s:.)|[^'\\\\\\n])"),
        quoted("\\\"", &["\\\\", "\""], "(?:\\\\[^\"]|[^\\\\\\n])"),
        after(
            "value of a name",
            &[&bare, quote, SPACE, "[:=]", SPACE, &bare_start],
            CREDENTIAL,
            checks::bare_value,
        ),
    ]
}

/// Values in URLs, cookies and connection strings.
fn parameters() -> Vec<Pattern> {
    let query = format!("[0-9A-Za-z_-]*(?:{NAMES}|(?i-u:signature|sig))[_-]*=");
    let session = "(?:__(?:Host|Secure)-)?holly_session=";
    let any_session = concat!(
        "(?:[0-9A-Za-z_.-]*[_.-])?(?i-u:php|j)?(?i-u:session|sess|sid)",
        "(?i-u:[_-]?id)?="
    );
    vec![
        Pattern {
            begins: Begins::InQuery,
            ..after(
                "parameter of a URL",
                &[&query, OWN_ID],
                "[0-9A-Za-z%._~+/:@!*=-]{4,}",
                checks::any,
            )
        },
        after(
            "session",
            &[session],
            "[0-9A-Za-z%._~+/=-]{8,}",
            checks::any,
        ),
        after(
            "session",
            &[any_session],
            "[0-9A-Za-z%._~+/=-]{16,}",
            checks::dense,
        ),
        after(
            "storage key",
            &[
                "(?i-u:AccountKey|SharedAccessKey|SharedSecretKey)",
                SPACE,
                "=",
                SPACE,
            ],
            "[0-9A-Za-z+/%]{16,}={0,2}",
            checks::any,
        ),
    ]
}

/// A JSON Web Token: the first two parts are base64 JSON objects, the signature may be empty.
const WEB_TOKEN: &str = concat!(
    "eyJ[0-9A-Za-z_-]{7,}\\.eyJ[0-9A-Za-z_-]{7,}\\.",
    "[0-9A-Za-z_-]*"
);

/// The value of a name in quotes; without a closing quote, the rest of the line.
fn quoted(quote: &'static str, parts: &[&str], part: &str) -> Pattern {
    let name = format!("[0-9A-Za-z_-]*{NAMES}[_-]*");
    let mut lead = vec![name.as_str()];
    lead.extend(parts);
    lead.extend([SPACE, "[:=]", SPACE]);
    lead.extend(parts);
    Pattern {
        begins: Begins::After(quote),
        rest: format!("{part}*\\\\?"),
        is_secret_before_mask: true,
        ..after("value in quotes", &lead, &format!("{part}+"), checks::any)
    }
}

/// Every kind of secret; the first that matches counts.
pub(super) static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let keys = KEYS.map(|(name, secret, check)| pattern(name, &format!("(?-u:{secret})"), check));
    let others = [shapes(), passwords(), values(), parameters()];
    keys.into_iter()
        .chain(others.into_iter().flatten())
        .collect()
});

/// Tells which patterns match at the beginning of a text.
pub(super) static MATCHING: LazyLock<RegexSet> =
    LazyLock::new(|| set(PATTERNS.iter().map(Pattern::expression)));

/// The expressions of [`PATTERNS`], in their order.
pub(super) static EXPRESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    PATTERNS
        .iter()
        .map(|pattern| Regex::new(&pattern.expression()).expect(pattern.name))
        .collect()
});

/// Tells whether more text may complete a text to a secret.
pub(super) static OPEN: LazyLock<RegexSet> = LazyLock::new(|| {
    let of_leads = PATTERNS.iter().filter(|pattern| !pattern.lead.is_empty());
    let expressions = of_leads.map(Pattern::open_expression);
    set(expressions.chain([OPEN_KEY_BLOCK.to_owned()]))
});

static SECRET_NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!("(?:{NAMES})$")).expect("the names are a valid expression")
});

/// Whether a value under `name` is a secret. Case and punctuation are ignored: `api_key`, `apiKey`,
/// `X-Api-Key`.
pub(super) fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    SECRET_NAME.is_match(&plain)
}

fn set(expressions: impl Iterator<Item = String>) -> RegexSet {
    RegexSet::new(expressions).expect("the expressions of the table are valid")
}
