//! Settings for models.

use crate::server::{
    assistant::link::{LinkSpec, ProviderKind, parse_links},
    base::secret::Secret,
};
use clap::Args;
use reqwest::Url;
use std::time::Duration;

/// Maximum of the model timeout, in seconds.
const TIMEOUT_MAX_S: u64 = 3_600;

/// Unchecked settings of models.
#[derive(Debug, Clone, Default, Args)]
pub struct ModelSettings {
    /// The models that answer, tried in order, such as
    /// gemini:gemini-2.5-flash,groq:llama-3.1-8b-instant,ollama:llama3.2 or
    /// openai:MODEL@http://host/v1/ for any OpenAI-compatible server; a window in tokens may
    /// follow, as in ollama:llama3.2;window=32768 [default: gemini and groq where they have a key,
    /// else demo]
    #[arg(long, env = "HOLLY_MODELS")]
    pub models: Option<String>,
    /// Seconds to wait for the first token of a model; half of it between later tokens. A cold
    /// local model may need more.
    #[arg(long, env = "HOLLY_MODEL_TIMEOUT", default_value = "60")]
    pub model_timeout: String,
    /// The key for Gemini; GOOGLE_AI_API_KEY is read too.
    #[arg(long, env = "GEMINI_API_KEY", hide_env_values = true)]
    pub gemini_api_key: Option<Secret>,
    /// The same key under the name used by Google AI Studio.
    #[arg(long, env = "GOOGLE_AI_API_KEY", hide = true, hide_env_values = true)]
    pub google_ai_api_key: Option<Secret>,
    /// The key for Groq.
    #[arg(long, env = "GROQ_API_KEY", hide_env_values = true)]
    pub groq_api_key: Option<Secret>,
    /// The key for OpenAI, or for the server at OPENAI_BASE_URL.
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    pub openai_api_key: Option<Secret>,
    /// The base URL of Gemini [default: https://generativelanguage.googleapis.com/v1beta/]
    #[arg(long, env = "GEMINI_BASE_URL")]
    pub gemini_base_url: Option<String>,
    /// The base URL of Groq [default: https://api.groq.com/openai/v1/]
    #[arg(long, env = "GROQ_BASE_URL")]
    pub groq_base_url: Option<String>,
    /// The base URL of OpenAI or a compatible server [default: https://api.openai.com/v1/]
    #[arg(long, env = "OPENAI_BASE_URL")]
    pub openai_base_url: Option<String>,
    /// The base URL of Ollama [default: http://localhost:11434/v1/]
    #[arg(long, env = "OLLAMA_BASE_URL")]
    pub ollama_base_url: Option<String>,
}

/// A link of the chain with its base URL and key.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Provider, model and window.
    pub spec: LinkSpec,
    /// The base URL with a trailing slash; `None` for the demo.
    pub base: Option<Url>,
    /// The key, if there is one.
    pub key: Option<Secret>,
}

/// Checked settings of models.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// The chain, in order; never empty.
    pub links: Vec<Link>,
    /// Timeout of the first token.
    pub timeout: Duration,
}

impl ModelSettings {
    /// Checks the settings; each problem says what to do.
    pub fn check(&self, problems: &mut Vec<String>) -> ModelConfig {
        let seconds = self
            .model_timeout
            .parse()
            .ok()
            .filter(|seconds| (1..=TIMEOUT_MAX_S).contains(seconds));
        if seconds.is_none() {
            problems.push(format!(
                "HOLLY_MODEL_TIMEOUT is {:?}; \
                 it must be a number of seconds from 1 to {TIMEOUT_MAX_S}",
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

    /// The key for a provider.
    pub fn key(&self, provider: ProviderKind) -> Option<&Secret> {
        let key = match provider {
            ProviderKind::Gemini => self
                .gemini_api_key
                .as_ref()
                .or(self.google_ai_api_key.as_ref()),
            ProviderKind::Groq => self.groq_api_key.as_ref(),
            ProviderKind::OpenAi => self.openai_api_key.as_ref(),
            ProviderKind::Ollama | ProviderKind::Demo => None,
        };
        key.filter(|key| !key.reveal().is_empty())
    }

    fn default_chain(&self) -> Vec<LinkSpec> {
        let candidates = [
            (ProviderKind::Gemini, "gemini-2.5-flash"),
            (ProviderKind::Groq, "llama-3.1-8b-instant"),
        ];
        let with_key = candidates
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

    fn configured_base_url(&self, provider: ProviderKind) -> Option<&str> {
        match provider {
            ProviderKind::Gemini => self.gemini_base_url.as_deref(),
            ProviderKind::Groq => self.groq_base_url.as_deref(),
            ProviderKind::OpenAi => self.openai_base_url.as_deref(),
            ProviderKind::Ollama => self.ollama_base_url.as_deref(),
            ProviderKind::Demo => None,
        }
    }

    /// Resolves the base URL and key of a link. A key is sent only to the base URL of its provider:
    /// a link with a base URL of its own has no key.
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
                self.configured_base_url(spec.provider),
            ),
        };
        let base = base_url(&setting, configured.unwrap_or(default), problems)?;
        let key = self
            .key(spec.provider)
            .filter(|_| spec.base.is_none())
            .cloned();
        if key.is_none() && configured.is_none() && spec.provider.requires_key() {
            let variable = format!("{}_API_KEY", spec.provider.id().to_uppercase());
            problems.push(format!(
                "HOLLY_MODELS names {}, which needs {variable}",
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
