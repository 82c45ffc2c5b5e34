//! Secrets of every kind that is masked, and harmless texts that resemble them.

/// What is sent, and the secret in it that nobody may find again.
pub(crate) const SECRETS: [(&str, &str); 42] = [
    ("sk-proj-Ab3dEf6hIj9lMn2pQr5tUv8x", "Ab3dEf6hIj9lMn2p"),
    (
        "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
        "A1b2C3d4E5f6G7h8",
    ),
    ("gsk_Ab3dEf6hIj9lMn2pQr5tUv8xYz", "Ab3dEf6hIj9lMn2p"),
    (
        "ghp_Ab3dEf6hIj9lMn2pQr5tUv8xYz0123456789",
        "Ab3dEf6hIj9lMn2p",
    ),
    (
        "github_pat_11ABCDEFG0_Ab3dEf6hIj9lMn2pQr5tUv8x",
        "Ab3dEf6hIj9lMn2p",
    ),
    ("glpat-Ab3dEf6hIj9lMn2pQr5t", "Ab3dEf6hIj9lMn2p"),
    ("xoxb-123456789012-Ab3dEf6hIj9l", "Ab3dEf6hIj9l"),
    ("xapp-1-A0123456789-Ab3dEf6hIj9l", "Ab3dEf6hIj9l"),
    ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    (
        "npm_Ab3dEf6hIj9lMn2pQr5tUv8xYz0123456789",
        "Ab3dEf6hIj9lMn2p",
    ),
    ("hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh", "AbCdEfGhIjKlMnOp"),
    (
        "SG.Ab3dEf6hIj9lMn2pQr5tUv.Ab3dEf6hIj9lMn2pQr5tUv8xYz0123456789-_Ab3d",
        "Ab3dEf6hIj9l",
    ),
    (
        "pypi-AgEIcHlwaS5vcmcCJDAb3dEf6hIj9lMn2pQr5tUv8x",
        "AgEIcHlwaS5vcmcC",
    ),
    ("dckr_pat_Ab3dEf6hIj9lMn2pQr5tUv8x", "Ab3dEf6hIj9lMn2p"),
    (
        "ya29.a0AfH6SMBx-Ab3dEf6hIj9lMn2pQr5tUv8x",
        "Ab3dEf6hIj9lMn2p",
    ),
    ("sk_live_Ab3dEf6hIj9lMn2pQr5tUv8x", "Ab3dEf6hIj9lMn2p"),
    ("sk_test_Ab3dEf6hIj9lMn2pQr5tUv8x", "Ab3dEf6hIj9lMn2p"),
    ("rk_test_Ab3dEf6hIj9lMn2pQr5tUv8x", "Ab3dEf6hIj9lMn2p"),
    ("whsec_Ab3dEf6hIj9lMn2pQr5tUv8x", "Ab3dEf6hIj9lMn2p"),
    (
        "dop_v1_00112233445566778899aabbccddeeff00112233",
        "00112233445566778899",
    ),
    ("hvs.CAESIAb3dEf6hIj9lMn2pQr5tUv8x", "Ab3dEf6hIj9lMn2p"),
    (
        "123456789:AAAb3dEf6hIj9lMn2pQr5tUv8xYz0123456",
        "Ab3dEf6hIj9lMn2p",
    ),
    (
        "hooks.slack.com/services/T01234567/B01234567/Ab3dEf6hIj9l",
        "Ab3dEf6hIj9l",
    ),
    (
        "550e8400-e29b-41d4-a716-446655440000:00112233445566778899aabbccddeeff",
        "00112233445566778899",
    ),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl-_x",
        "c2lnbmF0dXJl",
    ),
    (
        "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END PRIVATE KEY-----",
        "MIIEpAIBAAKCAQEA7",
    ),
    (
        "holly_0123456789abcdef_00112233445566778899aabbccddeeff",
        "00112233445566778899",
    ),
    (
        "Cookie: theme=dark; holly_session=Ab3dEf6hIj9lMn2p",
        "Ab3dEf6hIj9lMn2p",
    ),
    ("PHPSESSID=ab3def6hij9lmn2pqr5t", "ab3def6hij9lmn2p"),
    (
        "https://a.example/hook?secret=correct-horse",
        "correct-horse",
    ),
    ("/x?a=1&access_token=correct.horse&b=2", "correct.horse"),
    (
        "DefaultEndpointsProtocol=https;AccountKey=Ab3dEf6hIj9lMn2pQr5t+/x==",
        "Ab3dEf6hIj9l",
    ),
    (
        "curl -u ada:correct-horse https://a.example",
        "correct-horse",
    ),
    (
        "curl -s --user 'ada:correct-horse' https://a.example",
        "correct-horse",
    ),
    (
        "postgres://holly:correct-horse@db:5432/holly",
        "correct-horse",
    ),
    (
        "Authorization: Basic YWRtaW46aHVudGVyMg==",
        "YWRtaW46aHVudGVyMg",
    ),
    (
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "K7MDENG",
    ),
    (
        "{\"user\":\"ann\",\"password\":\"correct horse\"}",
        "correct horse",
    ),
    ("{'client_secret': 'correct-horse'}", "correct-horse"),
    (r#""{\"apiKey\": \"correct-horse\"}""#, "correct-horse"),
    (
        "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",
        "00112233445566778899",
    ),
    ("Bearer abc123def456", "abc123def456"),
];

/// Texts that stay as they are sent.
pub(crate) const HARMLESS: [&str; 20] = [
    "Set npm_config_registry and npm_package_version, or hf_hub_download_from_pretrained_model.",
    "npm_lifecycle_script hf_transformersgeneratetextfast sk_test_mode_is_enabled_for_all",
    "pip install pypi-simple-index-of-packages; dckr_pat_ SG. SG.1.2 ya29. xapp- whsec_",
    "The session=open and sid=12 of holly_session, holly_session= and holly_session=$SESSION",
    "https://a.example/docs?token=<token>&secret=$SECRET&key={key}&page=2&tokens=12",
    "const ok = a&&token=b; x?secret:password; next_token == token",
    "AccountKey=<key> AccountKey=$KEY SharedAccessKey=...",
    "curl -u $USER:$PASSWORD https://a.example; curl --user <name>:<password>",
    "curl -fsSL https://a.example/install.sh | sh; docker run -u 1000:1000 image",
    "docker run -u 1000:1000 -v /a:/b image",
    "The curl command takes -u for a user; see RFC 7617: Basic authentication.",
    "postgres://db:5432/holly and https://a.example:8080/x@y, ssh://git@example.org",
    "10:30:00 AA 123456789: AAA and 2026-11-24T09:30:00Z",
    "hooks.slack.com/services/ is where webhooks are; dop_v1_ and hvs.example are prefixes",
    "inside=abcdef1234567890 and aside=a1b2c3d4e5f6a7b8 and residue=a1b2c3d4e5f6a7b8",
    "{\"token\": 12, \"tokens\": \"many\", \"title\": \"My password manager\"}",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "src/server/base/masking/secret_names.rs: fn password_in_url(token: &str) -> bool",
    "commit 4e7a75a1f0c2d3b4a5968778695a4b3c2d1e0f00 of 0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    "| password | token |\n|---|---|\n| secret | `api_key` |",
];
