//! How a link of the chain is written: `gemini:gemini-2.5-flash`,
//! `openai:qwen3@http://host:8000/v1/;window=32768`, `demo`.

use std::fmt;

/// Most links of a chain.
const LINKS_MAX: usize = 10;
/// Windows that can be set, in tokens.
const WINDOW: std::ops::RangeInclusive<usize> = 1_024..=4_000_000;

/// Who runs a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Google, by its own protocol.
    Gemini,
    /// Groq.
    Groq,
    /// OpenAI, or any server that speaks its protocol.
    OpenAi,
    /// Ollama, by OpenAI's protocol.
    Ollama,
    /// The built-in script.
    Demo,
}

impl ProviderKind {
    const ALL: [Self; 5] = [
        Self::Gemini,
        Self::Groq,
        Self::OpenAi,
        Self::Ollama,
        Self::Demo,
    ];

    /// Its word in settings and metadata.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::Groq => "groq",
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
            Self::Demo => "demo",
        }
    }

    /// Its name as a person reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gemini => "Gemini",
            Self::Groq => "Groq",
            Self::OpenAi => "OpenAI",
            Self::Ollama => "Ollama",
            Self::Demo => "Demo",
        }
    }

    /// Where it is when nothing is set; the demo is nowhere.
    pub const fn public_base(self) -> Option<&'static str> {
        match self {
            Self::Gemini => Some("https://generativelanguage.googleapis.com/v1beta/"),
            Self::Groq => Some("https://api.groq.com/openai/v1/"),
            Self::OpenAi => Some("https://api.openai.com/v1/"),
            Self::Ollama => Some("http://localhost:11434/v1/"),
            Self::Demo => None,
        }
    }

    /// Whether its public address answers nobody without a key.
    pub const fn wants_key(self) -> bool {
        matches!(self, Self::Gemini | Self::Groq | Self::OpenAi)
    }

    /// Tokens that its usual models read, kept on the low side: a setting raises it.
    const fn usual_window(self) -> usize {
        match self {
            Self::Gemini => 1_000_000,
            Self::Groq | Self::OpenAi => 128_000,
            Self::Ollama => 8_192,
            Self::Demo => 32_000,
        }
    }
}

/// A link as it is written in `HOLLY_MODELS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// Who runs it.
    pub provider: ProviderKind,
    /// The model's name on the wire.
    pub model: String,
    /// An address of its own.
    pub base: Option<String>,
    /// Tokens that the model reads at most.
    pub window: usize,
}

impl LinkSpec {
    /// A link with the provider's usual address and window.
    pub fn new(provider: ProviderKind, model: &str) -> Self {
        Self {
            provider,
            model: model.to_owned(),
            base: None,
            window: provider.usual_window(),
        }
    }

    /// Whether the model can be given pictures, as far as its name tells.
    pub fn sees(&self) -> bool {
        let named = |words: &[&str]| words.iter().any(|word| self.model.contains(word));
        match self.provider {
            ProviderKind::Gemini => true,
            ProviderKind::OpenAi => named(&["gpt-4o", "gpt-4.1", "gpt-5", "vision", "-vl"]),
            ProviderKind::Groq | ProviderKind::Ollama => named(&[
                "llama-4", "llama4", "llava", "vision", "gemma3", "-vl", "vl:",
            ]),
            ProviderKind::Demo => false,
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let (named, option) = text
            .split_once(';')
            .map_or((text, None), |(named, option)| (named, Some(option)));
        let (provider, rest) = named
            .split_once(':')
            .unwrap_or((named, if named == "demo" { "demo" } else { "" }));
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
            return Err(format!(
                "{text:?} must name a model after the colon, such as {}:MODEL or {}:MODEL@http://host/v1/",
                provider.id(),
                provider.id()
            ));
        }
        let window = match option.map(|option| {
            option
                .strip_prefix("window=")
                .and_then(|tokens| tokens.parse().ok())
        }) {
            None => provider.usual_window(),
            Some(Some(tokens)) if WINDOW.contains(&tokens) => tokens,
            Some(_) => {
                return Err(format!(
                    "{text:?} may end in ;window=TOKENS, from {} to {}",
                    WINDOW.start(),
                    WINDOW.end()
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

/// The links of a chain; what cannot be read is noted in `problems`.
pub fn read_links(text: &str, problems: &mut Vec<String>) -> Vec<LinkSpec> {
    let mut links: Vec<LinkSpec> = Vec::new();
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        match LinkSpec::read(part) {
            Ok(link) if links.contains(&link) => {
                problems.push(format!("HOLLY_MODELS: {link} stands there twice"))
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
            "HOLLY_MODELS names {} models; at most {LINKS_MAX} are tried",
            links.len()
        ));
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LinkSpec, String> {
        LinkSpec::read(text)
    }

    #[test]
    fn a_link_names_provider_model_address_and_window() {
        let link = read("openai:qwen3:8b@http://127.0.0.1:8000/v1/;window=32768").unwrap();
        assert_eq!(
            (link.provider, link.model.as_str(), link.window),
            (ProviderKind::OpenAi, "qwen3:8b", 32_768)
        );
        assert_eq!(link.base.as_deref(), Some("http://127.0.0.1:8000/v1/"));
        assert_eq!(
            read("demo").unwrap(),
            LinkSpec::new(ProviderKind::Demo, "demo")
        );
        assert_eq!(
            read("ollama:llama3.2").unwrap().to_string(),
            "ollama:llama3.2"
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_what_it_may_be() {
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
                read(text).unwrap_err().contains(&format!("{text:?}")),
                "{text}"
            );
        }
    }

    #[test]
    fn a_chain_is_neither_empty_nor_endless_nor_double() {
        for (text, word) in [(" , ", "empty"), ("demo,demo", "twice")] {
            let mut problems = Vec::new();
            read_links(text, &mut problems);
            assert!(problems[0].contains(word), "{problems:?}");
        }
        let mut problems = Vec::new();
        read_links(
            &(0..11)
                .map(|n| format!("groq:m{n}"))
                .collect::<Vec<_>>()
                .join(","),
            &mut problems,
        );
        assert_eq!(
            problems,
            ["HOLLY_MODELS names 11 models; at most 10 are tried"]
        );
    }
}
