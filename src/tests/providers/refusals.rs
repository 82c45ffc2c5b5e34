//! Parts of a request that a server refuses are left out, said once, and remembered.

use super::{
    link, model, request_events,
    stub::{ReceivedRequest, Reply, Stub},
    wire,
};
use crate::server::assistant::{
    link::ProviderKind,
    model::{
        ErrorClass, ModelError, ModelEvent, ModelRequest, OptionalPart, PromptImage, PromptMessage,
        ToolCall,
    },
    providers::{
        self,
        refusals::{Omissions, RefusedPart, refused_part},
    },
    tool::ToolDefinition,
};
use serde_json::{Value, json};

fn tool(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.into(),
        description: "A tool.".into(),
        schema: json!({ "type": "object", "properties": {} }),
    }
}

fn full_request() -> ModelRequest {
    let picture = PromptImage {
        media_type: "image/png".into(),
        name: "tree.png".into(),
        bytes: b"\x89PNG".as_slice().into(),
    };
    let call = ToolCall {
        id: "c1".into(),
        name: "paint".into(),
        arguments: json!({ "prompt": "a tree" }),
        signatures: Vec::new(),
    };
    ModelRequest {
        messages: vec![
            PromptMessage::System("Be brief.".into()),
            PromptMessage::User("Paint this".into(), vec![picture]),
            PromptMessage::Calls(vec![call]),
            PromptMessage::Result {
                call_id: "c1".into(),
                text: "It is done.".into(),
            },
            PromptMessage::User("Thanks".into(), Vec::new()),
        ],
        tools: vec![tool("paint"), tool("play"), tool("film")],
    }
}

/// Messages of servers, as reported by those who met them.
#[test]
fn the_messages_of_servers_name_what_they_refuse() {
    let whole = |part| Some(RefusedPart::Whole(part));
    let tools = |names: &[&str]| Some(RefusedPart::Tools(names.iter().map(|n| tool(n)).collect()));
    use OptionalPart::{Images, Options, SystemRole, Tools};
    let rows = [
        (
            400,
            "registry.ollama.ai/library/gemma3:4b does not support tools",
            whole(Tools),
        ),
        (
            400,
            "`tool calling` is not supported with this model",
            whole(Tools),
        ),
        (
            400,
            "\"auto\" tool choice requires --enable-auto-tool-choice and \
             --tool-call-parser to be set",
            whole(Tools),
        ),
        (500, "tools param requires --jinja flag", whole(Tools)),
        (
            404,
            "No endpoints found that support tool use.",
            whole(Tools),
        ),
        (
            400,
            "Function calling is not enabled for models/gemma-3-27b-it",
            whole(Tools),
        ),
        (
            422,
            "body -> tools: Extra inputs are not permitted",
            whole(Tools),
        ),
        (
            400,
            "Unrecognized request argument supplied: tools",
            whole(Tools),
        ),
        (
            400,
            "Developer instruction is not enabled for models/gemma-3-27b-it",
            whole(SystemRole),
        ),
        (400, "System role not supported", whole(SystemRole)),
        (
            500,
            "jinja2.exceptions.TemplateError: System role not supported",
            whole(SystemRole),
        ),
        (
            400,
            "Only user and assistant roles are supported!",
            whole(SystemRole),
        ),
        (
            400,
            "Conversation roles must alternate user/assistant/user/assistant/...",
            whole(SystemRole),
        ),
        (
            400,
            "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
            whole(SystemRole),
        ),
        (
            404,
            "No endpoints found that support image input",
            whole(Images),
        ),
        (
            400,
            "this model does not support image input",
            whole(Images),
        ),
        (
            400,
            "Unsupported content part type for text-only server: image_url",
            whole(Images),
        ),
        (
            400,
            "At most 0 image(s) may be provided in one prompt.",
            whole(Images),
        ),
        (400, "m is not a multimodal model", whole(Images)),
        (
            400,
            "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs \
             are not permitted', 'input': {}}]",
            whole(Options),
        ),
        (400, "Unknown field: stream_options", whole(Options)),
        (
            400,
            "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens",
            whole(Options),
        ),
        (
            400,
            "Invalid schema for function 'play': schema must be a JSON Schema of 'type: \
             \\\"object\\\"', got 'type: \\\"string\\\"'.",
            tools(&["play"]),
        ),
        (
            400,
            "* GenerateContentRequest.tools[0].function_declarations[2].parameters.properties: \
             should be non-empty for OBJECT type",
            tools(&["film"]),
        ),
        (
            400,
            "Unknown name \\\"$schema\\\" at 'request.tools[0].function_declarations[0].parameters'\
             : Cannot find field.\\nUnknown name \\\"$schema\\\" at \
             'request.tools[0].function_declarations[1].parameters': Cannot find field.",
            tools(&["paint", "play"]),
        ),
        (
            400,
            "tools.1.custom.input_schema: JSON schema is invalid. It must match draft 2020-12",
            tools(&["play"]),
        ),
        (
            400,
            "tools[2].function.parameters must be valid JSON",
            tools(&["film"]),
        ),
        (400, "Invalid schema for a function", whole(Tools)),
        (400, "No.", None),
        (
            400,
            "This model's maximum context length is 4096 tokens.",
            None,
        ),
        (400, "Invalid image: it could not be decoded", None),
        (
            400,
            "{\"code\":\"tool_use_failed\",\"failed_generation\":\"'paint' schema\"}",
            None,
        ),
        (401, "does not support tools", None),
        (429, "tools are not supported", None),
        (500, "Unknown error in a tool", None),
        (503, "does not support tools", None),
    ];
    for (status, message, expected) in rows {
        let body = format!("{{\"error\":{{\"message\":\"{message}\"}}}}");
        let found = refused_part(status, &body, &full_request(), &Omissions::default());
        assert_eq!(found, expected, "{status} {message}");
    }
}

/// A server that refuses each request for which `refuses` has a message, and answers others.
async fn server(
    provider: ProviderKind,
    refuses: impl Fn(&ReceivedRequest) -> Option<&'static str> + Send + Sync + 'static,
) -> Stub {
    let says = match provider {
        ProviderKind::Gemini => wire::gemini_says(&["Hi"]),
        _ => wire::openai_says(&["Hi"]),
    };
    Stub::answering(move |request| match refuses(request) {
        Some(message) => Reply::refuses(400, json!({ "error": { "message": message } })),
        None => Reply::streams(says.clone()),
    })
    .await
}

fn left_out(events: &[Result<ModelEvent, ModelError>]) -> Vec<OptionalPart> {
    let parts = events.iter().filter_map(|event| match event {
        Ok(ModelEvent::LeftOut(part)) => Some(*part),
        _ => None,
    });
    parts.collect()
}

fn answers(events: &[Result<ModelEvent, ModelError>]) -> bool {
    events.contains(&Ok(ModelEvent::Text("Hi".into())))
}

#[tokio::test]
async fn what_is_refused_is_left_out_said_once_and_remembered() {
    let stub = server(ProviderKind::OpenAi, |request| {
        let messages = request.body["messages"].to_string();
        match () {
            () if request.body.get("stream_options").is_some() => {
                Some("stream_options: Extra inputs are not permitted")
            }
            () if messages.contains("\"system\"") => Some("System role not supported"),
            () if messages.contains("image_url") => Some("m does not support image input"),
            () if request.body.get("tools").is_some() => Some("m does not support tools"),
            () => None,
        }
    })
    .await;
    let model = model(ProviderKind::OpenAi, &stub);
    let events = request_events(&*model, full_request()).await;
    let all = [
        OptionalPart::Options,
        OptionalPart::SystemRole,
        OptionalPart::Images,
        OptionalPart::Tools,
    ];
    assert!(left_out(&events) == all && answers(&events), "{events:?}");
    assert_eq!(stub.requests().len(), 5);
    let last = stub.requests().pop().unwrap().body["messages"].clone();
    let messages: Vec<(&str, &str)> = last
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            let word = |name: &str| message[name].as_str().unwrap();
            (word("role"), word("content"))
        })
        .collect();
    assert_eq!(
        messages,
        [
            (
                "user",
                "Be brief.\n\nPaint this\n\n\
                 [The user attached the picture “tree.png”, which you cannot see.]"
            ),
            ("assistant", "[Called paint with {\"prompt\":\"a tree\"}]"),
            ("user", "[Result of paint: It is done.]\n\nThanks"),
        ]
    );
    let again = request_events(&*model, full_request()).await;
    assert!(left_out(&again).is_empty() && answers(&again), "{again:?}");
    assert_eq!(stub.requests().len(), 6, "it was asked once");
}

#[tokio::test]
async fn a_tool_with_a_refused_definition_is_left_out_alone() {
    let names = |body: &Value| -> Vec<String> {
        let tools = body["tools"].as_array().cloned().unwrap_or_default();
        let name = |tool: &Value| tool["function"]["name"].as_str().unwrap().to_owned();
        tools.iter().map(name).collect()
    };
    let stub = server(ProviderKind::Groq, move |request| {
        names(&request.body)
            .contains(&"play".to_owned())
            .then_some("Invalid schema for function 'play': it is not an object")
    })
    .await;
    let model = model(ProviderKind::Groq, &stub);
    let events = request_events(&*model, full_request()).await;
    assert!(answers(&events), "{events:?}");
    assert_eq!(left_out(&events), [OptionalPart::Tools]);
    let sent = |at: usize| names(&stub.requests()[at].body);
    assert_eq!(sent(1), ["paint", "film"]);
    let mut changed = full_request();
    changed.tools[1].schema = json!({ "type": "object" });
    request_events(&*model, changed).await;
    assert!(
        sent(2).contains(&"play".to_owned()),
        "a changed definition is tried"
    );
}

#[tokio::test]
async fn gemini_is_asked_again_without_its_system_instruction() {
    let stub = server(ProviderKind::Gemini, |request| {
        let has_system = request.body.get("systemInstruction").is_some();
        has_system.then_some("Developer instruction is not enabled for models/m")
    })
    .await;
    let events = request_events(&*model(ProviderKind::Gemini, &stub), full_request()).await;
    assert!(left_out(&events) == [OptionalPart::SystemRole] && answers(&events));
    let text = stub.requests()[1].body["contents"][0]["parts"][0]["text"].clone();
    assert_eq!(text, "Be brief.\n\nPaint this");
}

#[tokio::test]
async fn what_did_not_help_is_not_remembered() {
    let stub = server(ProviderKind::OpenAi, |_| Some("m does not support tools")).await;
    let model = model(ProviderKind::OpenAi, &stub);
    for _ in 0..2 {
        let events = request_events(&*model, full_request()).await;
        assert!(
            matches!(&events[..], [Err(error)] if error.class == ErrorClass::BadRequest),
            "{events:?}"
        );
    }
    let with_tools = |request: &ReceivedRequest| request.body.get("tools").is_some();
    let sent: Vec<bool> = stub.requests().iter().map(with_tools).collect();
    assert_eq!(sent, [true, false, true, false]);
}

#[tokio::test]
async fn a_refused_type_of_picture_does_not_stop_other_pictures() {
    let stub = server(ProviderKind::OpenAi, |request| {
        let messages = request.body["messages"].to_string();
        messages
            .contains("image_url")
            .then_some("Unsupported MIME type: image/png")
    })
    .await;
    let model = model(ProviderKind::OpenAi, &stub);
    for _ in 0..2 {
        let events = request_events(&*model, full_request()).await;
        assert_eq!(left_out(&events), [OptionalPart::Images]);
    }
    assert_eq!(stub.requests().len(), 4);
}

#[tokio::test]
async fn each_provider_is_asked_in_its_protocol() {
    for (provider, line, key) in [
        (
            ProviderKind::Anthropic,
            "POST /v1/messages",
            "x-api-key: the-key",
        ),
        (
            ProviderKind::OpenRouter,
            "POST /v1/chat/completions",
            "authorization: bearer the-key",
        ),
        (
            ProviderKind::Mistral,
            "POST /v1/chat/completions",
            "authorization: bearer the-key",
        ),
        (
            ProviderKind::DeepSeek,
            "POST /v1/chat/completions",
            "authorization: bearer the-key",
        ),
        (
            ProviderKind::Xai,
            "POST /v1/chat/completions",
            "authorization: bearer the-key",
        ),
    ] {
        let says = match provider {
            ProviderKind::Anthropic => include_str!("streams/anthropic.sse").to_owned(),
            _ => wire::openai_says(&["Let me look."]),
        };
        let stub = Stub::replying([Reply::streams(says)]).await;
        let events = request_events(&*model(provider, &stub), full_request()).await;
        assert!(
            events.contains(&Ok(ModelEvent::Text("Let me look.".into())))
                && matches!(events.last(), Some(Ok(ModelEvent::End { .. }))),
            "{events:?}"
        );
        let request = stub.requests().remove(0);
        assert_eq!(request.line, line);
        assert!(request.headers.contains(key), "{}", request.headers);
        if provider == ProviderKind::Mistral {
            let messages = &request.body["messages"];
            let id = messages[2]["tool_calls"][0]["id"].as_str().unwrap();
            assert!(
                id.len() == 9 && messages[3]["tool_call_id"] == id,
                "{messages}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_to_anthropic_alternates_roles() {
    let stub = Stub::replying([Reply::streams(include_str!("streams/anthropic.sse"))]).await;
    let link = link(ProviderKind::Anthropic, "claude", &stub);
    let model = providers::chain(&[link], 0.0).unwrap().remove(0);
    let mut request = full_request();
    request
        .messages
        .insert(1, PromptMessage::Assistant("Welcome.".into()));
    request
        .messages
        .insert(2, PromptMessage::Assistant(" ".into()));
    request_events(&*model, request).await;
    let body = stub.requests().remove(0).body;
    assert_eq!(
        (&body["system"], &body["model"]),
        (&json!("Be brief."), &json!("claude"))
    );
    assert_eq!(
        (&body["max_tokens"], &body["stream"]),
        (&json!(8_192), &json!(true))
    );
    assert_eq!(body["tools"][0]["input_schema"]["type"], "object");
    let blocks: Vec<(String, Vec<String>)> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            let kinds = message["content"].as_array().unwrap().iter();
            let kind = |block: &Value| block["type"].as_str().unwrap().to_owned();
            (
                message["role"].as_str().unwrap().to_owned(),
                kinds.map(kind).collect(),
            )
        })
        .collect();
    let expected: [(&str, &[&str]); 5] = [
        ("user", &["text"]),
        ("assistant", &["text"]),
        ("user", &["image", "text"]),
        ("assistant", &["tool_use"]),
        ("user", &["tool_result", "text"]),
    ];
    let expected: Vec<(String, Vec<String>)> = expected
        .iter()
        .map(|(role, kinds)| {
            let kinds = kinds.iter().map(|kind| (*kind).to_owned());
            ((*role).to_owned(), kinds.collect())
        })
        .collect();
    assert_eq!(blocks, expected);
    let call = &body["messages"][3]["content"][0];
    assert_eq!(
        (&call["name"], &call["input"], &call["id"]),
        (
            &json!("paint"),
            &json!({ "prompt": "a tree" }),
            &json!("c1")
        )
    );
    assert_eq!(body["messages"][4]["content"][0]["tool_use_id"], "c1");
}
