//! Generated entries such as Holly's assistant and other programs write. The dictionary is trained
//! on them and benchmarks use them; they contain no user data.

use serde_json::{Value, json};

/// The texts of an entry.
pub struct Sample {
    /// The name of a log type.
    pub log_type: &'static str,
    /// The title, one line.
    pub title: String,
    /// The details, if any.
    pub details: Option<String>,
    /// The metadata.
    pub metadata: Value,
}

const MODELS: &[(&str, &str, &str)] = &[
    ("gemini", "gemini-2.5-flash", "Gemini 2.5 Flash"),
    ("groq", "llama-3.1-8b-instant", "Groq llama-3.1-8b-instant"),
    ("openai", "gpt-4o-mini", "OpenAI gpt-4o-mini"),
    ("ollama", "qwen3:8b", "Ollama qwen3:8b"),
    ("demo", "scripted", "Demo"),
];
const TOOLS: &[(&str, &str, &str, &str)] = &[
    ("generate_image", "Image", "image/svg+xml", "svg"),
    ("generate_music", "Music", "audio/wav", "wav"),
    ("generate_video", "Film", "image/gif", "gif"),
];
const WORDS: &str = "lighthouse dusk harbour storm quiet painter letter river window garden \
    morning slow cello waves rain on glass boats return evening train mountain snow village lamp \
    market bread fox heron orchard bridge winter summer song child old map compass north star \
    ferry island pine cliff foam gull rope sail mast anchor table candle mirror red amber green \
    indigo silver copper wooden paper stone linen velvet thread needle clock tower bell square \
    street corner bakery library reading chair fire kettle";
const MODEL_ERRORS: &[(&str, u16, &str)] = &[
    (
        "rate_limit",
        429,
        "Quota exceeded for requests per minute. Please retry in a while.",
    ),
    (
        "server",
        503,
        "The model is overloaded. Please try again later.",
    ),
    ("timeout", 0, "no answer within 60 s"),
    (
        "network",
        0,
        "error sending request: connection reset by peer",
    ),
    (
        "auth",
        401,
        "API key not valid. Please pass a valid API key.",
    ),
];

/// A generator of entries; equal seeds give equal entries (xorshift64*, Vigna 2014).
pub struct Corpus(u64);

impl Corpus {
    /// A corpus with this seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        (0..count)
            .map(|_| words[self.below(words.len())])
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(b"0123456789abcdef"[self.below(16)]))
            .collect()
    }

    fn id(&mut self) -> String {
        format!(
            "0199{}-{}-7{}-a{}-{}",
            self.hex(4),
            self.hex(4),
            self.hex(3),
            self.hex(3),
            self.hex(12)
        )
    }

    /// The next entry.
    pub fn sample(&mut self) -> Sample {
        match self.below(10) {
            0..4 => self.answer(),
            4..7 => self.tool(),
            7 => self.failure(),
            8 => self.file(),
            _ => self.deployment(),
        }
    }

    fn answer(&mut self) -> Sample {
        let (provider, model, name) = MODELS[self.below(MODELS.len())];
        let mut metadata = json!({
            "provider": provider, "model": model, "modelName": name,
            "messages": self.below(40), "attempt": "1 of 2",
            "inputTokens": self.below(9_000), "outputTokens": self.below(1_500),
            "timeToFirstTokenMs": self.below(3_000),
        });
        let planned = self.below(2) == 0;
        if !planned && self.below(3) == 0 {
            metadata["toolsUsed"] = json!(["generate_image"]);
        }
        if self.below(6) == 0 {
            metadata["fallback"] = json!(true);
        }
        let title = if planned {
            format!("{name} planned the answer")
        } else {
            format!("{name} answered")
        };
        Sample {
            log_type: "ai_response",
            title,
            details: None,
            metadata,
        }
    }

    fn tool(&mut self) -> Sample {
        let (tool, kind, media_type, ending) = TOOLS[self.below(TOOLS.len())];
        let length = 4 + self.below(8);
        let subject = self.words(length);
        let metadata = json!({
            "tool": tool, "toolCallId": format!("call_{}", self.hex(24)),
            "arguments": json!({
                "prompt": subject, "style": self.words(2), "seconds": self.below(60),
            }).to_string(),
            "files": [{
                "id": self.id(), "mediaType": media_type,
                "name": format!("{}.{ending}", subject.replace(' ', "-")),
                "description": format!("{kind} of {subject}, made by the demo producer"),
                "bytes": self.below(400_000),
            }],
        });
        let details = format!(
            "{kind}: {subject}\nMade by the demo producer in {} passes, seed {}.\n",
            self.below(5) + 1,
            self.hex(16)
        );
        Sample {
            log_type: "tool_call",
            title: format!("{kind}: {subject}"),
            details: Some(details),
            metadata,
        }
    }

    fn failure(&mut self) -> Sample {
        let (provider, model, name) = MODELS[self.below(MODELS.len())];
        let (class, status, message) = MODEL_ERRORS[self.below(MODEL_ERRORS.len())];
        let details = json!({ "error": {
            "code": status, "status": class.to_uppercase(), "message": message,
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": class.to_uppercase(), "requestId": self.id(),
            }],
        } });
        let metadata = json!({
            "provider": provider, "model": model, "modelName": name,
            "messages": self.below(40), "attempt": "1 of 2",
            "errorClass": class, "error": message, "retryAfter": format!("{} s", self.below(60)),
        });
        let details = serde_json::to_string_pretty(&details).unwrap_or_default();
        Sample {
            log_type: "ai_response",
            title: format!("{name} is over its limit ({status})"),
            details: Some(details),
            metadata,
        }
    }

    fn file(&mut self) -> Sample {
        let name = format!("{}.md", self.words(2).replace(' ', "-"));
        let lines = 5 + self.below(20);
        let details: String = (0..lines)
            .map(|n| format!("{}{}\n", ["+ ", "- ", "  "][n % 3], self.words(9)))
            .collect();
        let metadata = json!({
            "path": format!("notes/{}/{name}", self.words(1)),
            "linesAdded": lines, "linesRemoved": self.below(9), "sha256": self.hex(64),
        });
        Sample {
            log_type: "file_operation",
            title: format!("File: {name} changed"),
            details: Some(details),
            metadata,
        }
    }

    fn deployment(&mut self) -> Sample {
        let version = format!("{}.{}.{}", self.below(4), self.below(20), self.below(9));
        let mut details = String::new();
        for step in [
            "Cloning repository",
            "Installing dependencies",
            "Compiling application",
            "Running tests",
            "Uploading build outputs",
            "Deploying to production",
        ] {
            details.push_str(&format!(
                "2026-09-{:02}T{:02}:{:02}:{:02}.{:03}Z info {step} ... done in {} ms\n",
                self.below(28) + 1,
                self.below(24),
                self.below(60),
                self.below(60),
                self.below(1000),
                self.below(90_000)
            ));
        }
        let metadata = json!({
            "commit": self.hex(40), "environment": "production", "version": version,
            "url": format!("https://{}.example.org", self.words(1)),
        });
        Sample {
            log_type: "deployment",
            title: format!("Release {version} to production"),
            details: Some(details),
            metadata,
        }
    }
}
