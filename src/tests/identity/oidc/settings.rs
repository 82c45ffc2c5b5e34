//! OpenID Connect settings: all invalid values are reported at once, and `holly check` contacts the
//! provider.

use crate::{
    server::{
        serve::check::check,
        state::config::{Config, Settings},
    },
    tests::support::{provider::TestProvider, test_config},
};
use clap::Parser;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
}

fn read(arguments: &[&str]) -> Result<Config, Vec<String>> {
    Cli::try_parse_from(std::iter::once(&"holly").chain(arguments))
        .unwrap()
        .settings
        .check()
}

#[test]
fn invalid_settings_are_all_reported_at_once() {
    let problems = read(&[
        "--local-accounts",
        "maybe",
        "--oidc-issuer",
        "id.example.org",
        "--oidc-client-id",
        "holly",
        "--oidc-scopes",
        "email",
        "--oidc-admin-claim",
        "roles",
        "--oidc-admins",
        "ada",
        "--oidc-trust-unverified-email",
        "yes",
        "--oidc-leeway-seconds",
        "301",
        "--addr",
        "0.0.0.0:3000",
    ])
    .unwrap_err();
    for name in [
        "LOCAL_ACCOUNTS",
        "ISSUER",
        "PUBLIC_URL",
        "SCOPES",
        "ADMIN_CLAIM",
        "ADMINS",
        "LEEWAY_SECONDS",
        "TRUST_UNVERIFIED_EMAIL",
    ] {
        assert!(
            problems.iter().any(|problem| problem.contains(name)),
            "{name} in {problems:?}"
        );
    }
    assert_eq!(problems.len(), 8, "{problems:?}");
    for (arguments, expected) in [
        (&["--local-accounts", "off"][..], "no user could sign in"),
        (
            &["--oidc-client-id", "x", "--oidc-admins", "a@b"],
            "set without HOLLY_OIDC_ISSUER",
        ),
        (
            &["--oidc-client-secret", "s"],
            "HOLLY_OIDC_CLIENT_SECRET set without HOLLY_OIDC_ISSUER",
        ),
        (
            &["--oidc-issuer", "https://x", "--oidc-client-secret", "s"],
            "without HOLLY_OIDC_CLIENT_ID",
        ),
        (
            &[
                "--oidc-issuer",
                "http://x",
                "--public-url",
                "https://holly.example.org",
            ],
            "https://",
        ),
        (&["--oidc-issuer", "https://x?y=z"], "HOLLY_OIDC_ISSUER"),
    ] {
        let problems = read(arguments).unwrap_err();
        assert!(
            problems.len() == 1 && problems[0].contains(expected),
            "{arguments:?}: {problems:?}"
        );
    }
}

#[test]
fn valid_settings_are_parsed() {
    let config = read(&[
        "--oidc-issuer",
        "https://id.example.org/realms/home",
        "--oidc-client-id",
        "holly",
        "--oidc-client-secret",
        "s3cret-canary",
        "--oidc-audience",
        "holly, other",
        "--oidc-allowed",
        "@Example.org",
        "--oidc-admins",
        "Boss@Example.org",
        "--oidc-admin-claim",
        "realm_access.roles=admin",
        "--public-url",
        "https://holly.example.org/",
        "--local-accounts",
        "off",
    ])
    .unwrap();
    let rules = config.oidc.provider.clone().unwrap();
    let client = rules.client.clone().unwrap();
    assert_eq!(
        (rules.name.as_str(), config.oidc.local_accounts),
        ("id.example.org", false)
    );
    assert_eq!(
        (
            rules.audiences.len(),
            rules.allowed[0].as_str(),
            rules.admins[0].as_str()
        ),
        (2, "example.org", "boss@example.org")
    );
    assert_eq!(
        rules.admin_claim,
        Some(("realm_access.roles".into(), "admin".into()))
    );
    assert_eq!(
        client.redirect_uri,
        "https://holly.example.org/sign-in/oidc/callback"
    );
    assert!(!format!("{config:?}").contains("s3cret-canary"));
    assert_eq!(
        read(&["--oidc-issuer", "", "--oidc-audience", " "])
            .unwrap()
            .oidc,
        Default::default()
    );
}

#[tokio::test]
async fn the_check_reports_what_is_wrong_with_the_provider() {
    let (provider, folder) = (TestProvider::start().await, tempfile::tempdir().unwrap());
    let check_result = async |change: &dyn Fn(&mut Config)| {
        let mut config = Config {
            models: Vec::new(),
            ..test_config(folder.path())
        };
        config.oidc.provider = Some(provider.config(Some(([127, 0, 0, 1], 3000).into())));
        change(&mut config);
        check(&config)
            .await
            .into_iter()
            .find(|finding| finding.what.starts_with("sign-in provider"))
            .unwrap()
            .result
    };
    let result = check_result(&|_| {}).await.unwrap();
    assert_eq!(
        result,
        "reachable, signs with RS256; redirects to http://127.0.0.1:3000/sign-in/oidc/callback"
    );
    let wrong_issuer = check_result(&|config| {
        config.oidc.provider.as_mut().unwrap().issuer = provider.issuer.replace("/realm", "/other")
    })
    .await;
    assert!(
        wrong_issuer
            .unwrap_err()
            .ends_with("/other/.well-known/openid-configuration: it answered 404")
    );
    provider.inside().keys.clear();
    assert!(
        check_result(&|_| {})
            .await
            .unwrap_err()
            .contains("no key that signs")
    );
    provider.inside().down = true;
    assert!(
        check_result(&|_| {})
            .await
            .unwrap_err()
            .contains("it answered 503")
    );
}
