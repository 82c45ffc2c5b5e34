//! Settings of models. Those of the services are in `tools::services::settings`.

use crate::server::{
    assistant::link::{LinkSpec, ProviderKind, parse_links},
    base::secret::Secret,
};
use clap::Args;
use reqwest::Url;
use std::time::Duration;

/// Longest timeout of a model, in seconds.
const TIMEOUT_MAX_S: u64 = 3_600;

/// Settings of models as given.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Models")]
pub struct ModelSettings {
    /// Models, tried in order [default: gemini and groq if they have a key, else demo]
    ///
    /// A list such as gemini:gemini-2.5-flash,anthropic:claude-sonnet-4-5,ollama:llama3.2; also
    /// groq, openai, openrouter, mistral, deepseek and xai. Use openai:MODEL@http://host/v1/ for
    /// any OpenAI-compatible server. A context window in tokens may follow, as in
    /// ollama:llama3.2;window=32768
    #[arg(long, env = "HOLLY_MODELS")]
    pub models: Option<String>,
    /// Seconds to wait for a model's first output
    ///
    /// Half of it applies between later outputs. A local model that must be loaded first may need
    /// more.
    #[arg(long, env = "HOLLY_MODEL_TIMEOUT", default_value = "60")]
    pub model_timeout: String,
    /// API key of Gemini; GOOGLE_AI_API_KEY is read too
    #[arg(long, env = "GEMINI_API_KEY", hide_env_values = true)]
    pub gemini_api_key: Option<Secret>,
    /// API key of Gemini under the name that Google AI Studio uses
    #[arg(long, env = "GOOGLE_AI_API_KEY", hide = true, hide_env_values = true)]
    pub google_ai_api_key: Option<Secret>,
    /// API key of Groq
    #[arg(long, env = "GROQ_API_KEY", hide_env_values = true)]
    pub groq_api_key: Option<Secret>,
    /// API key of OpenAI, or of the server at OPENAI_BASE_URL
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    pub openai_api_key: Option<Secret>,
    /// API key of Anthropic
    #[arg(long, env = "ANTHROPIC_API_KEY", hide_env_values = true)]
    pub anthropic_api_key: Option<Secret>,
    /// API key of OpenRouter
    #[arg(long, env = "OPENROUTER_API_KEY", hide_env_values = true)]
    pub openrouter_api_key: Option<Secret>,
    /// API key of Mistral
    #[arg(long, env = "MISTRAL_API_KEY", hide_env_values = true)]
    pub mistral_api_key: Option<Secret>,
    /// API key of DeepSeek
    #[arg(long, env = "DEEPSEEK_API_KEY", hide_env_values = true)]
    pub deepseek_api_key: Option<Secret>,
    /// API key of xAI
    #[arg(long, env = "XAI_API_KEY", hide_env_values = true)]
    pub xai_api_key: Option<Secret>,
    /// URL of Gemini [default: https://generativelanguage.googleapis.com/v1beta/]
    #[arg(long, env = "GEMINI_BASE_URL")]
    pub gemini_base_url: Option<String>,
    /// URL of Groq [default: https://api.groq.com/openai/v1/]
    #[arg(long, env = "GROQ_BASE_URL")]
    pub groq_base_url: Option<String>,
    /// URL of OpenAI or a compatible server [default: https://api.openai.com/v1/]
    #[arg(long, env = "OPENAI_BASE_URL")]
    pub openai_base_url: Option<String>,
    /// URL of Ollama [default: http://localhost:11434/v1/]
    #[arg(long, env = "OLLAMA_BASE_URL")]
    pub ollama_base_url: Option<String>,
    /// URL of Anthropic [default: https://api.anthropic.com/v1/]
    #[arg(long, env = "ANTHROPIC_BASE_URL")]
    pub anthropic_base_url: Option<String>,
    /// URL of OpenRouter [default: https://openrouter.ai/api/v1/]
    #[arg(long, env = "OPENROUTER_BASE_URL")]
    pub openrouter_base_url: Option<String>,
    /// URL of Mistral [default: https://api.mistral.ai/v1/]
    #[arg(long, env = "MISTRAL_BASE_URL")]
    pub mistral_base_url: Option<String>,
    /// URL of DeepSeek [default: https://api.deepseek.com/v1/]
    #[arg(long, env = "DEEPSEEK_BASE_URL")]
    pub deepseek_base_url: Option<String>,
    /// URL of xAI [default: https://api.x.ai/v1/]
    #[arg(long, env = "XAI_BASE_URL")]
    pub xai_base_url: Option<String>,
}

/// A model of the chain with its address and key.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Provider, model and context window.
    pub spec: LinkSpec,
    /// Base URL with a trailing slash; `None` for the demo.
    pub base: Option<Url>,
    /// API key, if one is sent.
    pub key: Option<Secret>,
}

/// Validated settings of models.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// The chain, in order; never empty.
    pub links: Vec<Link>,
    /// Timeout of a model's first output.
    pub timeout: Duration,
}

impl ModelSettings {
    /// Validates the settings and adds their problems to `problems`.
    pub fn check(&self, problems: &mut Vec<String>) -> ModelConfig {
        let seconds = self
            .model_timeout
            .parse()
            .ok()
            .filter(|seconds| (1..=TIMEOUT_MAX_S).contains(seconds));
        if seconds.is_none() {
            problems.push(format!(
                "HOLLY_MODEL_TIMEOUT is {:?}; it must be a number of seconds from 1 to \
                 {TIMEOUT_MAX_S}",
                self.model_timeout
            ));
        }
        let specs = match &self.models {
            Some(text) => parse_links(text, problems),
            None => self.default_chain(),
        };
        let links = specs
            .into_iter()
            .filter_map(|spec| self.link(spec, problems))
            .collect();
        ModelConfig {
            links,
            timeout: Duration::from_secs(seconds.unwrap_or(TIMEOUT_MAX_S)),
        }
    }

    /// API key of a provider.
    pub fn key(&self, provider: ProviderKind) -> Option<&Secret> {
        let key = match provider {
            ProviderKind::Gemini => self
                .gemini_api_key
                .as_ref()
                .or(self.google_ai_api_key.as_ref()),
            ProviderKind::Groq => self.groq_api_key.as_ref(),
            ProviderKind::OpenAi => self.openai_api_key.as_ref(),
            ProviderKind::Anthropic => self.anthropic_api_key.as_ref(),
            ProviderKind::OpenRouter => self.openrouter_api_key.as_ref(),
            ProviderKind::Mistral => self.mistral_api_key.as_ref(),
            ProviderKind::DeepSeek => self.deepseek_api_key.as_ref(),
            ProviderKind::Xai => self.xai_api_key.as_ref(),
            ProviderKind::Ollama | ProviderKind::Demo => None,
        };
        key.filter(|key| !key.reveal().is_empty())
    }

    fn default_chain(&self) -> Vec<LinkSpec> {
        let defaults = [
            (ProviderKind::Gemini, "gemini-2.5-flash"),
            (ProviderKind::Groq, "llama-3.1-8b-instant"),
        ];
        let with_key = defaults
            .into_iter()
            .filter(|(provider, _)| self.key(*provider).is_some());
        let links: Vec<_> = with_key
            .map(|(provider, model)| LinkSpec::new(provider, model))
            .collect();
        if links.is_empty() {
            vec![LinkSpec::new(ProviderKind::Demo, "demo")]
        } else {
            links
        }
    }

    fn base_setting(&self, provider: ProviderKind) -> Option<&str> {
        match provider {
            ProviderKind::Gemini => self.gemini_base_url.as_deref(),
            ProviderKind::Groq => self.groq_base_url.as_deref(),
            ProviderKind::OpenAi => self.openai_base_url.as_deref(),
            ProviderKind::Ollama => self.ollama_base_url.as_deref(),
            ProviderKind::Anthropic => self.anthropic_base_url.as_deref(),
            ProviderKind::OpenRouter => self.openrouter_base_url.as_deref(),
            ProviderKind::Mistral => self.mistral_base_url.as_deref(),
            ProviderKind::DeepSeek => self.deepseek_base_url.as_deref(),
            ProviderKind::Xai => self.xai_base_url.as_deref(),
            ProviderKind::Demo => None,
        }
    }

    /// Adds base URL and key. A key is sent only to the URL configured for its provider: a model
    /// with a URL of its own gets none.
    fn link(&self, spec: LinkSpec, problems: &mut Vec<String>) -> Option<Link> {
        let Some(default) = spec.provider.default_base_url() else {
            return Some(Link {
                spec,
                base: None,
                key: None,
            });
        };
        let (setting, configured) = match &spec.base {
            Some(own) => ("HOLLY_MODELS".to_owned(), Some(own.as_str())),
            None => (
                format!("{}_BASE_URL", spec.provider.id().to_uppercase()),
                self.base_setting(spec.provider),
            ),
        };
        let mut base = base_url(&setting, configured.unwrap_or(default), problems)?;
        // Anthropic's own programs take an address without the version.
        if spec.provider == ProviderKind::Anthropic && base.path() == "/" {
            base.set_path("/v1/");
        }
        let key = self
            .key(spec.provider)
            .filter(|_| spec.base.is_none())
            .cloned();
        if key.is_none() && configured.is_none() && spec.provider.requires_key() {
            let variable = format!("{}_API_KEY", spec.provider.id().to_uppercase());
            problems.push(format!(
                "HOLLY_MODELS names {}, which needs {variable}; set it, or leave the model out",
                spec.provider.id()
            ));
            return None;
        }
        Some(Link {
            spec,
            base: Some(base),
            key,
        })
    }
}

/// Parses an http(s) URL and adds a trailing slash.
pub fn base_url(setting: &str, text: &str, problems: &mut Vec<String>) -> Option<Url> {
    let with_slash = if text.ends_with('/') {
        text.to_owned()
    } else {
        format!("{text}/")
    };
    let url = Url::parse(&with_slash)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        problems.push(format!(
            "{setting} has the address {text:?}; it must begin with http:// or https://"
        ));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches;

    fn settings() -> ModelSettings {
        ModelSettings {
            model_timeout: "60".into(),
            ..Default::default()
        }
    }

    fn secret(text: &str) -> Option<Secret> {
        text.parse().ok()
    }

    fn names(config: &ModelConfig) -> Vec<String> {
        config
            .links
            .iter()
            .map(|link| link.spec.to_string())
            .collect()
    }

    #[test]
    fn without_keys_the_chain_is_the_demo_and_keys_select_their_models() {
        let mut problems = Vec::new();
        assert_eq!(names(&settings().check(&mut problems)), ["demo:demo"]);
        let both = ModelSettings {
            google_ai_api_key: secret("a"),
            groq_api_key: secret("b"),
            ..settings()
        };
        assert_eq!(
            names(&both.check(&mut problems)),
            ["gemini:gemini-2.5-flash", "groq:llama-3.1-8b-instant"]
        );
        let empty = ModelSettings {
            gemini_api_key: secret(" "),
            ..settings()
        };
        assert_eq!(names(&empty.check(&mut problems)), ["demo:demo"]);
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn each_provider_has_its_key_and_address() {
        for (text, default, configured) in [
            ("anthropic:a", "https://api.anthropic.com/v1/", "anthropic"),
            (
                "openrouter:a",
                "https://openrouter.ai/api/v1/",
                "openrouter",
            ),
            ("mistral:a", "https://api.mistral.ai/v1/", "mistral"),
            ("deepseek:a", "https://api.deepseek.com/v1/", "deepseek"),
            ("xai:a", "https://api.x.ai/v1/", "xai"),
        ] {
            let with = |argument: Option<(&str, &str)>| {
                let flags = argument
                    .map(|(name, value)| [format!("--{configured}-{name}"), value.to_owned()]);
                let models = ["--models".to_owned(), text.to_owned()];
                let command = ModelSettings::augment_args(clap::Command::new("test"));
                let words = ["test".to_owned()].into_iter().chain(models);
                let matches = command.get_matches_from(words.chain(flags.into_iter().flatten()));
                let mut problems = Vec::new();
                let settings = ModelSettings::from_arg_matches(&matches).unwrap();
                (settings.check(&mut problems), problems)
            };
            let (config, problems) = with(Some(("api-key", "k")));
            assert_eq!(config.links[0].base.as_ref().unwrap().as_str(), default);
            assert!(
                config.links[0].key.is_some() && problems.is_empty(),
                "{text}"
            );
            let (config, _) = with(Some(("base-url", "http://127.0.0.1:9/v1")));
            let base = config.links[0].base.as_ref().unwrap();
            assert_eq!(base.as_str(), "http://127.0.0.1:9/v1/");
            let (_, problems) = with(None);
            let variable = format!("{}_API_KEY", configured.to_uppercase());
            assert!(problems[0].contains(&variable), "{problems:?}");
        }
    }

    #[test]
    fn the_address_of_anthropic_may_lack_the_version() {
        let config = ModelSettings {
            models: Some("anthropic:a".into()),
            anthropic_base_url: Some("https://proxy.example.org".into()),
            ..settings()
        }
        .check(&mut Vec::new());
        let base = config.links[0].base.as_ref().unwrap();
        assert_eq!(base.as_str(), "https://proxy.example.org/v1/");
    }

    #[test]
    fn all_problems_are_reported_without_keys() {
        let mut problems = Vec::new();
        let wrong = ModelSettings {
            models: Some("gemini:x, nobody:y, openai:z@ftp://host".into()),
            model_timeout: "0".into(),
            groq_api_key: secret("gsk_hidden"),
            ..settings()
        };
        wrong.check(&mut problems);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(
            problems
                .iter()
                .any(|problem| problem.contains("GEMINI_API_KEY"))
        );
        assert!(!format!("{wrong:?} {problems:?}").contains("gsk_hidden"));
    }

    #[test]
    fn a_key_is_sent_only_to_the_base_url_of_its_provider() {
        let mut problems = Vec::new();
        let models = Some("openai:a@http://127.0.0.1:8000/v1,openai:b,ollama:c".into());
        let config = ModelSettings {
            models,
            openai_api_key: secret("k"),
            ..settings()
        }
        .check(&mut problems);
        let keys: Vec<_> = config.links.iter().map(|link| link.key.is_some()).collect();
        assert_eq!(keys, [false, true, false]);
        assert_eq!(
            config.links[0].base.as_ref().unwrap().as_str(),
            "http://127.0.0.1:8000/v1/"
        );
        assert_eq!(problems, [""; 0]);
    }
}
