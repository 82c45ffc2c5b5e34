//! Parses links of the chain: `gemini:gemini-2.5-flash`,
//! `openai:qwen3@http://host:8000/v1/;window=32768`, `demo`.

use std::fmt;

/// Maximum number of links in a chain.
const LINKS_MAX: usize = 10;
/// The range of configurable context windows, in tokens.
const WINDOW_TOKENS: std::ops::RangeInclusive<usize> = 1_024..=4_000_000;

/// The provider of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Google Gemini, with its own protocol.
    Gemini,
    /// Groq.
    Groq,
    /// OpenAI, or any server with its protocol.
    OpenAi,
    /// Ollama, with OpenAI's protocol.
    Ollama,
    /// Anthropic, with its own protocol.
    Anthropic,
    /// OpenRouter, with OpenAI's protocol.
    OpenRouter,
    /// Mistral, with OpenAI's protocol.
    Mistral,
    /// DeepSeek, with OpenAI's protocol.
    DeepSeek,
    /// xAI, with OpenAI's protocol.
    Xai,
    /// The built-in demo.
    Demo,
}

impl ProviderKind {
    const ALL: [Self; 10] = [
        Self::Gemini,
        Self::Groq,
        Self::OpenAi,
        Self::Ollama,
        Self::Anthropic,
        Self::OpenRouter,
        Self::Mistral,
        Self::DeepSeek,
        Self::Xai,
        Self::Demo,
    ];

    /// Its id in settings and metadata.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::Groq => "groq",
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
            Self::Anthropic => "anthropic",
            Self::OpenRouter => "openrouter",
            Self::Mistral => "mistral",
            Self::DeepSeek => "deepseek",
            Self::Xai => "xai",
            Self::Demo => "demo",
        }
    }

    /// Its display name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gemini => "Gemini",
            Self::Groq => "Groq",
            Self::OpenAi => "OpenAI",
            Self::Ollama => "Ollama",
            Self::Anthropic => "Anthropic",
            Self::OpenRouter => "OpenRouter",
            Self::Mistral => "Mistral",
            Self::DeepSeek => "DeepSeek",
            Self::Xai => "xAI",
            Self::Demo => "Demo",
        }
    }

    /// Its default base URL; `None` for the demo.
    pub const fn default_base_url(self) -> Option<&'static str> {
        match self {
            Self::Gemini => Some("https://generativelanguage.googleapis.com/v1beta/"),
            Self::Groq => Some("https://api.groq.com/openai/v1/"),
            Self::OpenAi => Some("https://api.openai.com/v1/"),
            Self::Ollama => Some("http://localhost:11434/v1/"),
            Self::Anthropic => Some("https://api.anthropic.com/v1/"),
            Self::OpenRouter => Some("https://openrouter.ai/api/v1/"),
            Self::Mistral => Some("https://api.mistral.ai/v1/"),
            Self::DeepSeek => Some("https://api.deepseek.com/v1/"),
            Self::Xai => Some("https://api.x.ai/v1/"),
            Self::Demo => None,
        }
    }

    /// Whether its public endpoint requires a key.
    pub const fn requires_key(self) -> bool {
        !matches!(self, Self::Ollama | Self::Demo)
    }

    /// The context window of its usual models in tokens, on the low side; a setting raises it.
    const fn default_window(self) -> usize {
        match self {
            Self::Gemini => 1_000_000,
            Self::Anthropic => 200_000,
            Self::Groq | Self::OpenAi | Self::OpenRouter | Self::Mistral | Self::Xai => 128_000,
            Self::DeepSeek => 64_000,
            Self::Ollama => 8_192,
            Self::Demo => 32_000,
        }
    }
}

/// A link as configured in `HOLLY_MODELS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// The provider.
    pub provider: ProviderKind,
    /// The model's name in the API.
    pub model: String,
    /// A base URL of its own.
    pub base: Option<String>,
    /// The context window in tokens.
    pub window: usize,
}

impl LinkSpec {
    /// A link with the provider's default base URL and window.
    pub fn new(provider: ProviderKind, model: &str) -> Self {
        Self {
            provider,
            model: model.to_owned(),
            base: None,
            window: provider.default_window(),
        }
    }

    /// Whether the model supports picture input, as far as its name tells.
    pub fn supports_images(&self) -> bool {
        let contains = |words: &[&str]| words.iter().any(|word| self.model.contains(word));
        match self.provider {
            ProviderKind::Gemini | ProviderKind::Anthropic => true,
            ProviderKind::OpenAi => contains(&["gpt-4o", "gpt-4.1", "gpt-5", "vision", "-vl"]),
            ProviderKind::OpenRouter => contains(&[
                "gpt-4o", "gpt-4.1", "gpt-5", "claude", "gemini", "grok-4", "llama-4", "pixtral",
                "vision", "-vl",
            ]),
            ProviderKind::Mistral => {
                contains(&["pixtral", "mistral-medium", "mistral-small", "ministral"])
            }
            ProviderKind::Xai => contains(&["grok-4", "vision"]),
            ProviderKind::Groq | ProviderKind::Ollama => contains(&[
                "llama-4", "llama4", "llava", "vision", "gemma3", "-vl", "vl:",
            ]),
            ProviderKind::DeepSeek | ProviderKind::Demo => false,
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (name, option) = text
            .split_once(';')
            .map_or((text, None), |(name, option)| (name, Some(option)));
        let (provider, rest) = name
            .split_once(':')
            .unwrap_or((name, if name == "demo" { "demo" } else { "" }));
        let known = || ProviderKind::ALL.map(ProviderKind::id).join(", ");
        let provider = ProviderKind::ALL
            .into_iter()
            .find(|known| known.id() == provider);
        let provider = provider
            .ok_or_else(|| format!("{text:?} must begin with one of {} and a colon", known()))?;
        let (model, base) = rest
            .split_once("@http")
            .map_or((rest, None), |(model, base)| {
                (model, Some(format!("http{base}")))
            });
        if model.is_empty()
            || model
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || c == '@')
        {
            let id = provider.id();
            return Err(format!(
                "{text:?} must name a model after the colon, \
                 such as {id}:MODEL or {id}:MODEL@http://host/v1/"
            ));
        }
        let window = match option.map(|option| {
            option
                .strip_prefix("window=")
                .and_then(|tokens| tokens.parse().ok())
        }) {
            None => provider.default_window(),
            Some(Some(tokens)) if WINDOW_TOKENS.contains(&tokens) => tokens,
            Some(_) => {
                return Err(format!(
                    "{text:?} may end in ;window=TOKENS, from {} to {}",
                    WINDOW_TOKENS.start(),
                    WINDOW_TOKENS.end()
                ));
            }
        };
        Ok(Self {
            provider,
            model: model.to_owned(),
            base,
            window,
        })
    }
}

impl fmt::Display for LinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider.id(), self.model)
    }
}

/// Parses the links of a chain; invalid ones are added to `problems`.
pub fn parse_links(text: &str, problems: &mut Vec<String>) -> Vec<LinkSpec> {
    let mut links: Vec<LinkSpec> = Vec::new();
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        match LinkSpec::parse(part) {
            Ok(link) if links.contains(&link) => {
                problems.push(format!("HOLLY_MODELS: {link} is listed twice"))
            }
            Ok(link) => links.push(link),
            Err(problem) => problems.push(format!("HOLLY_MODELS: {problem}")),
        }
    }
    if links.is_empty() && problems.is_empty() {
        problems.push(
            "HOLLY_MODELS is empty; it must name at least one model, such as demo".to_owned(),
        );
    }
    if links.len() > LINKS_MAX {
        problems.push(format!(
            "HOLLY_MODELS names {} models; at most {LINKS_MAX} are allowed",
            links.len()
        ));
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<LinkSpec, String> {
        LinkSpec::parse(text)
    }

    #[test]
    fn a_link_has_provider_model_base_url_and_window() {
        let link = parse("openai:qwen3:8b@http://127.0.0.1:8000/v1/;window=32768").unwrap();
        assert_eq!(
            (link.provider, link.model.as_str(), link.window),
            (ProviderKind::OpenAi, "qwen3:8b", 32_768)
        );
        assert_eq!(link.base.as_deref(), Some("http://127.0.0.1:8000/v1/"));
        assert_eq!(
            parse("demo").unwrap(),
            LinkSpec::new(ProviderKind::Demo, "demo")
        );
        assert_eq!(
            parse("ollama:llama3.2").unwrap().to_string(),
            "ollama:llama3.2"
        );
    }

    #[test]
    fn errors_quote_the_invalid_link() {
        for text in [
            "gemini",
            "gemini:",
            "claude:x",
            "openai:a@ftp://x",
            "groq:a b",
            "ollama:a;window=1",
            "ollama:a;tokens=9",
        ] {
            assert!(
                parse(text).unwrap_err().contains(&format!("{text:?}")),
                "{text}"
            );
        }
    }

    #[test]
    fn a_chain_must_not_be_empty_too_long_or_have_duplicates() {
        for (text, word) in [(" , ", "empty"), ("demo,demo", "twice")] {
            let mut problems = Vec::new();
            parse_links(text, &mut problems);
            assert!(problems[0].contains(word), "{problems:?}");
        }
        let mut problems = Vec::new();
        parse_links(
            &(0..11)
                .map(|n| format!("groq:m{n}"))
                .collect::<Vec<_>>()
                .join(","),
            &mut problems,
        );
        assert_eq!(
            problems,
            ["HOLLY_MODELS names 11 models; at most 10 are allowed"]
        );
    }
}
