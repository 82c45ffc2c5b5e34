//! Settings of the services that make pictures, music and films.

use crate::server::{
    assistant::{
        link::ProviderKind,
        providers::settings::{ModelSettings, base_url},
    },
    base::secret::Secret,
};
use clap::Args;
use reqwest::Url;

const FAL_DEFAULT_URL: &str = "https://queue.fal.run/";
/// Longest name of a model, in bytes.
const MODEL_MAX_BYTES: usize = 200;

/// Settings of the services as given.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Services for pictures, music and films")]
pub struct ServiceSettings {
    /// API key of fal.ai
    #[arg(long, env = "FAL_KEY", hide_env_values = true)]
    pub fal_key: Option<Secret>,
    /// URL of fal.ai's queue [default: https://queue.fal.run/]
    #[arg(long, env = "FAL_BASE_URL")]
    pub fal_base_url: Option<String>,
    /// Model for pictures: fal:MODEL, openai:MODEL or demo
    ///
    /// Default: fal:fal-ai/flux/schnell with FAL_KEY, else openai:gpt-image-1 with OPENAI_API_KEY,
    /// else demo.
    #[arg(long, env = "HOLLY_IMAGE_MODEL")]
    pub image_model: Option<String>,
    /// Model for music: fal:MODEL or demo
    ///
    /// Default: fal:cassetteai/music-generator with FAL_KEY, else demo.
    #[arg(long, env = "HOLLY_MUSIC_MODEL")]
    pub music_model: Option<String>,
    /// Model for films: fal:MODEL or demo
    ///
    /// Default: fal:fal-ai/ltx-video with FAL_KEY, else demo.
    #[arg(long, env = "HOLLY_VIDEO_MODEL")]
    pub video_model: Option<String>,
    /// Hosts in private networks that results may be fetched from, separated by commas
    #[arg(long, env = "HOLLY_FETCH_HOSTS", default_value = "")]
    pub fetch_hosts: String,
}

/// What makes pictures, music or films.
#[derive(Debug, Clone, PartialEq)]
pub enum Producer {
    /// The built-in demo.
    Demo,
    /// A model of fal.ai's queue API.
    Fal(Service),
    /// A model of OpenAI's images API or a compatible one.
    OpenAi(Service),
}

/// A model of a service, with address and key.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Base URL with a trailing slash.
    pub base: Url,
    /// API key, if one is sent.
    pub key: Option<Secret>,
    /// Name of the model in requests.
    pub model: String,
}

/// Validated settings of the services.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    /// Model for pictures.
    pub image: Producer,
    /// Model for music.
    pub music: Producer,
    /// Model for films.
    pub video: Producer,
    /// Hosts that results may be fetched from even in private networks.
    pub fetch_hosts: Vec<String>,
}

impl ServiceConfig {
    /// The built-in demo for everything.
    pub const fn demo() -> Self {
        Self {
            image: Producer::Demo,
            music: Producer::Demo,
            video: Producer::Demo,
            fetch_hosts: Vec::new(),
        }
    }
}

/// Addresses and keys of the services.
struct ServiceUrls<'a> {
    fal: Option<Url>,
    fal_key: Option<&'a Secret>,
    openai: Option<Url>,
    openai_key: Option<&'a Secret>,
}

impl ServiceSettings {
    /// Validates the settings and adds their problems to `problems`.
    pub fn check(&self, models: &ModelSettings, problems: &mut Vec<String>) -> ServiceConfig {
        let openai = models
            .openai_base_url
            .as_deref()
            .or(ProviderKind::OpenAi.default_base_url())
            .unwrap_or_default();
        let urls = ServiceUrls {
            fal: base_url(
                "FAL_BASE_URL",
                self.fal_base_url.as_deref().unwrap_or(FAL_DEFAULT_URL),
                problems,
            ),
            fal_key: self.fal_key.as_ref().filter(|key| !key.reveal().is_empty()),
            // an invalid URL is reported by the setting that uses it
            openai: base_url("OPENAI_BASE_URL", openai, &mut Vec::new()),
            openai_key: models.key(ProviderKind::OpenAi),
        };
        let without_fal = if urls.openai_key.is_some() {
            "openai:gpt-image-1"
        } else {
            "demo"
        };
        let default = |with_fal, without| {
            if urls.fal_key.is_some() {
                with_fal
            } else {
                without
            }
        };
        let mut producer =
            |setting: &str, given: &Option<String>, default: &str, pictures: bool| {
                let parsed = urls.producer(given.as_deref().unwrap_or(default).trim(), pictures);
                parsed.unwrap_or_else(|problem| {
                    problems.push(format!("{setting} {problem}"));
                    Producer::Demo
                })
            };
        ServiceConfig {
            image: producer(
                "HOLLY_IMAGE_MODEL",
                &self.image_model,
                default("fal:fal-ai/flux/schnell", without_fal),
                true,
            ),
            music: producer(
                "HOLLY_MUSIC_MODEL",
                &self.music_model,
                default("fal:cassetteai/music-generator", "demo"),
                false,
            ),
            video: producer(
                "HOLLY_VIDEO_MODEL",
                &self.video_model,
                default("fal:fal-ai/ltx-video", "demo"),
                false,
            ),
            fetch_hosts: self
                .fetch_hosts
                .split(',')
                .map(|host| host.trim().to_lowercase())
                .filter(|host| !host.is_empty())
                .collect(),
        }
    }
}

impl ServiceUrls<'_> {
    /// Parses a setting's `value`. The error follows the setting's name. OpenAI makes only
    /// pictures.
    fn producer(&self, value: &str, pictures: bool) -> Result<Producer, String> {
        let service = |base: &Option<Url>, key: Option<&Secret>, model: &str| {
            let base = base
                .clone()
                .ok_or("names a service whose URL is not valid")?;
            Ok::<_, String>(Service {
                base,
                key: key.cloned(),
                model: model.to_owned(),
            })
        };
        let is_name = |model: &str| {
            !model.is_empty()
                && model.len() <= MODEL_MAX_BYTES
                && !model.chars().any(char::is_whitespace)
        };
        match value.split_once(':') {
            None if value == "demo" => Ok(Producer::Demo),
            Some(("fal", _)) if self.fal_key.is_none() => Err(format!(
                "is {value:?}, which needs FAL_KEY; set it, or use demo"
            )),
            Some(("fal", model)) if is_name(model) => {
                service(&self.fal, self.fal_key, model).map(Producer::Fal)
            }
            Some(("openai", model)) if pictures && is_name(model) => {
                service(&self.openai, self.openai_key, model).map(Producer::OpenAi)
            }
            _ => Err(format!(
                "is {value:?}; it must be fal:MODEL{} or demo",
                if pictures { ", openai:MODEL" } else { "" }
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: ServiceSettings, models: &ModelSettings) -> (ServiceConfig, Vec<String>) {
        let mut problems = Vec::new();
        (settings.check(models, &mut problems), problems)
    }

    fn key() -> Option<Secret> {
        "k".parse().ok()
    }

    #[test]
    fn keys_select_real_services_and_without_them_the_demo() {
        assert_eq!(
            check(ServiceSettings::default(), &ModelSettings::default()),
            (ServiceConfig::demo(), Vec::new())
        );
        let openai = ModelSettings {
            openai_api_key: key(),
            ..Default::default()
        };
        let (config, _) = check(ServiceSettings::default(), &openai);
        assert!(
            matches!(&config.image, Producer::OpenAi(service) if service.model == "gpt-image-1")
                && config.music == Producer::Demo
        );
        let (config, problems) = check(
            ServiceSettings {
                fal_key: key(),
                ..Default::default()
            },
            &openai,
        );
        assert!(
            matches!(
                &config.image,
                Producer::Fal(service) if service.base.as_str() == FAL_DEFAULT_URL
            ),
            "{config:?}"
        );
        assert!(
            matches!(&config.video, Producer::Fal(service) if service.model == "fal-ai/ltx-video")
                && problems.is_empty()
        );
    }

    #[test]
    fn invalid_producers_are_reported() {
        for (image, music, words) in [
            ("fal:x", "demo", "needs FAL_KEY"),
            ("midjourney", "demo", "openai:MODEL or demo"),
            ("demo", "openai:x", "fal:MODEL or demo"),
        ] {
            let settings = ServiceSettings {
                image_model: Some(image.into()),
                music_model: Some(music.into()),
                ..Default::default()
            };
            let (_, problems) = check(settings, &ModelSettings::default());
            assert!(
                problems.len() == 1 && problems[0].contains(words),
                "{problems:?}"
            );
        }
    }
}
