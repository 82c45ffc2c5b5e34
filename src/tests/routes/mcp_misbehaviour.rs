//! MCP servers that misbehave: what is well stays, what is not is named.

use crate::{
    server::assistant::{
        model::PromptMessage,
        tool::{Progress, ToolContext, ToolError, ToolOutput},
        tools::Registry,
    },
    tests::support::{CallingModel, TestApp, mcp, within},
};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

/// A tool without arguments.
fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}

/// A tool with this schema.
fn with_schema(schema: Value) -> Value {
    json!({ "name": "odd", "inputSchema": schema })
}

/// The tools `0` to `count`.
fn many(count: usize) -> Vec<Value> {
    (0..count).map(|n| tool(&n.to_string())).collect()
}

/// A list with the tool `good` and another.
fn good_and(other: Value) -> Value {
    json!({ "": { "tools": [tool("good"), other] } })
}

/// A list of as many pages with one tool each.
fn pages(count: usize) -> Value {
    let cursor = |n: usize| if n == 0 { String::new() } else { n.to_string() };
    let page = |n: usize| {
        let page = json!({ "tools": [tool(&format!("t{n}"))], "nextCursor": cursor(n + 1) });
        (cursor(n), page)
    };
    (0..count).map(page).collect::<Map<_, _>>().into()
}

#[tokio::test]
async fn a_list_of_tools_keeps_what_can_be_used_and_names_the_rest() {
    let own = |cursor: &str| json!({ "tools": [tool("good")], "nextCursor": cursor });
    // what is listed, how many tools are offered, what the note says
    let rows: &[(Value, usize, &[&str])] = &[
        (
            json!({ "": own("a"), "a": own("a") }),
            1,
            &["repeated the position", "has this name"],
        ),
        (json!({ "": own("") }), 1, &[]),
        (
            json!({ "": { "tools": [tool("good")], "nextCursor": 7 } }),
            1,
            &[],
        ),
        (
            json!({ "": own("gone") }),
            1,
            &["its list of tools was cut"],
        ),
        (pages(150), 64, &["more than 100 pages", "36 more tools"]),
        (
            json!({ "": { "tools": many(501) } }),
            64,
            &["more than 500 tools", "436 more"],
        ),
        (json!({ "": { "tools": [] } }), 0, &[]),
        (
            good_and(json!("text")),
            1,
            &["tool 2: left out, it cannot be read"],
        ),
        (
            good_and(json!({ "name": "odd" })),
            1,
            &["odd: left out", "inputSchema"],
        ),
        (
            good_and(json!({ "inputSchema": {} })),
            1,
            &["tool 2: left out", "name"],
        ),
        (good_and(tool("")), 1, &["it has no name"]),
        (
            good_and(tool("good")),
            1,
            &["good: left out, another of its tools"],
        ),
        (
            good_and(with_schema(json!({ "type": "string" }))),
            1,
            &["the type \"string\""],
        ),
        (
            good_and(with_schema(json!({ "type": ["object"] }))),
            1,
            &["odd: left out"],
        ),
        (
            good_and(with_schema(json!("object"))),
            1,
            &["is not an object"],
        ),
        (
            good_and(with_schema(json!({ "properties": 1 }))),
            1,
            &["properties"],
        ),
        (
            good_and(with_schema(json!({ "properties": { "a": "b" } }))),
            1,
            &["properties"],
        ),
        (
            good_and(with_schema(json!({ "required": true }))),
            1,
            &["required"],
        ),
        (
            good_and(with_schema(json!({ "title": "x".repeat(40_000) }))),
            1,
            &["bytes"],
        ),
        (good_and(with_schema(json!({}))), 2, &[]),
        (
            good_and(json!({ "name": "odd", "icons": 1, "inputSchema": { "type": "object" } })),
            2,
            &[],
        ),
        (good_and(with_schema(json!({ "properties": [] }))), 2, &[]),
        (
            good_and(json!({ "name": "o\u{200b}d", "inputSchema": 1 })),
            1,
            &["o[U+200B]d: left out"],
        ),
        (
            json!({ "": { "tools": vec![json!(1); 90] } }),
            0,
            &["70 more tools are left out"],
        ),
    ];
    let servers = rows
        .iter()
        .enumerate()
        .map(|(n, (pages, ..))| (format!("row-{n:02}"), mcp::stub(pages, &json!({}))));
    let file = json!({ "mcpServers": servers.collect::<Map<_, _>>() });
    let (servers, _stop) = mcp::started(&file).await;
    let states = servers.states();
    assert_eq!(states.len(), rows.len());
    for (state, (listed, tools, notes)) in states.iter().zip(rows) {
        let listed: String = listed.to_string().chars().take(200).collect();
        assert_eq!(
            (state.tools, &state.trouble),
            (*tools, &None),
            "{listed}: {state:?}"
        );
        assert!(state.notes.len() <= 22 && state.notes.is_empty() == notes.is_empty());
        for note in *notes {
            let has = state.notes.iter().any(|given| given.contains(note));
            assert!(has, "{note} of {listed} in {:?}", state.notes);
        }
    }
}

#[tokio::test]
async fn admins_see_in_settings_what_is_left_out() {
    let file = json!({ "mcpServers": {
        "s": mcp::stub(&good_and(with_schema(json!({ "type": "string" }))), &json!({})),
        "old": { "type": "sse", "url": "https://old.example/sse" },
    } });
    let mut registry = None;
    let app = TestApp::with_tools(Vec::new(), |app| {
        registry.insert(mcp::registry(app, &file)).clone()
    })
    .await;
    within("the MCP server", registry.unwrap().servers().settled()).await;
    let page = app.admin().await.gets("/settings").await.text().to_owned();
    for part in [
        "1 tools, process",
        "odd: left out",
        "left out: it has the type",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let page = app.person("ada@example.org").await.gets("/settings").await;
    assert!(!page.text().contains("left out"));
}

#[tokio::test]
async fn a_server_without_a_list_is_down() {
    let file = json!({ "mcpServers": { "odd": mcp::stub(&json!({ "": {} }), &json!({})) } });
    let (servers, _stop) = mcp::started(&file).await;
    let state = servers.states().remove(0);
    assert!(
        state
            .trouble
            .is_some_and(|why| why.contains("did not list its tools")),
        "{:?}",
        state.notes
    );
}

#[tokio::test]
async fn of_two_tools_with_one_name_the_second_is_left_out_and_both_are_named() {
    let listed = |name: &str| mcp::stub(&json!({ "": { "tools": [tool(name)] } }), &json!({}));
    let file = json!({ "mcpServers": {
        "a": listed("b_c"), "a_b": listed("c"), "write": listed("note"),
    } });
    let (servers, _stop) = mcp::started(&file).await;
    let registry = Registry::demo().with_servers(servers);
    let states = registry.servers().states();
    let offered: Vec<_> = states.iter().map(|state| state.tools).collect();
    assert_eq!(offered, [1, 0, 0], "{states:?}");
    for (state, names) in states[1..]
        .iter()
        .zip([["a_b_c", "of a "], ["write_note", "Holly"]])
    {
        let note = state.notes.join("\n");
        assert!(names.iter().all(|name| note.contains(name)), "{note}");
    }
    let names = registry.definitions().into_iter().map(|tool| tool.name);
    assert_eq!(names.filter(|name| name == "a_b_c").count(), 1);
}

#[tokio::test]
async fn a_server_for_some_people_is_hidden_from_others_and_cannot_be_called_by_them() {
    let mut server = mcp::stub(
        &json!({ "": { "tools": [tool("t")] } }),
        &json!({ "t": { "content": [{ "type": "text", "text": "done" }] } }),
    );
    server["people"] = json!(["Ada@example.org"]);
    server["trust"] = json!(true);
    let file = json!({ "mcpServers": { "s": server } });
    let (model, requests) = CallingModel::recording(&[("s_t", json!({}))], false);
    let mut registry = None;
    let app = TestApp::with_tools(vec![model], |app| {
        registry.insert(mcp::registry(app, &file)).clone()
    })
    .await;
    within("the MCP server", registry.unwrap().servers().settled()).await;
    for (email, answer) in [
        ("ada@example.org", "done"),
        (
            "bob@example.org",
            "The tool failed: there is no tool called s_t",
        ),
    ] {
        let person = app.person(email).await;
        let conversation = person.begins().await;
        person.says(&conversation, "Go").await;
        let read = person.awaits_the_end(&conversation).await;
        let last = read["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        assert_eq!(last, answer, "{email}");
        let request = requests.lock().unwrap().last().unwrap().clone();
        let offered = request.tools.iter().any(|tool| tool.name == "s_t");
        assert_eq!(offered, answer == "done", "{email}");
    }
}

/// Calls a tool with this result.
async fn call(result: Value) -> Result<ToolOutput, ToolError> {
    let pages = json!({ "": { "tools": [tool("t")] } });
    let file = json!({ "mcpServers": { "s": mcp::stub(&pages, &json!({ "t": result })) } });
    let (servers, _stop) = mcp::started(&file).await;
    let context = ToolContext {
        progress: watch::channel(Progress::default()).0,
        cancel: Default::default(),
        delay_factor: 0.0,
        tasks: Default::default(),
    };
    let tool = servers.tools(None).remove(0);
    within("the tool", tool.run(json!({}), context)).await
}

#[tokio::test]
async fn a_result_keeps_what_can_be_read_and_names_the_rest() {
    let text = |text: &str| json!({ "type": "text", "text": text });
    let two = |other: Value| json!({ "content": [text("Seen."), other] });
    let rows = [
        (
            two(json!({ "type": "hologram", "data": 1 })),
            "type “hologram” was left out",
        ),
        (
            two(json!({ "type": "image", "data": 1 })),
            "type “image” was left out",
        ),
        (two(json!({ "text": "untyped" })), "content without a type"),
        (two(json!(7)), "content without a type"),
        (
            two(json!({ "type": "text", "text": "Also.", "annotations": 1 })),
            "Also.",
        ),
        (two(json!({ "type": "h\u{200b}" })), "“h[U+200B]”"),
        (
            json!({ "content": [text("Seen.")], "structuredContent": { "rows": [1, 2] } }),
            "Structured content: {\"rows\":[1,2]}",
        ),
        (
            json!({ "content": [text("Seen."), { "type": "x" }], "structuredContent": [3] }),
            "Structured content: [3]",
        ),
        (
            json!({ "content": [text("Seen.")], "structuredContent": "y".repeat(40_000) }),
            "bytes left out",
        ),
        (json!({ "content": "Seen. A text alone" }), "A text alone"),
    ];
    for (result, part) in rows {
        let output = call(result.clone()).await;
        let text = output.map(|output| output.text).unwrap_or_default();
        assert!(
            text.contains("Seen.") && text.contains(part) && text.len() < 70_000,
            "{part} in {text:.200}"
        );
    }
    let same = json!({ "content": [text("{\"a\": 1}")], "structuredContent": { "a": 1 } });
    assert_eq!(
        call(same).await.map(|output| output.text),
        Ok("{\"a\": 1}".to_owned())
    );
    let failed = json!({ "content": [text("No."), { "type": "x" }], "isError": true });
    let failed = call(failed).await;
    assert!(
        matches!(&failed, Err(ToolError::Failed(why)) if why.starts_with("No.")),
        "{failed:?}"
    );
    assert!(matches!(
        call(json!({ "odd": 1 })).await,
        Err(ToolError::Failed(_))
    ));
}

#[tokio::test]
async fn a_picture_is_shown_to_a_model_that_sees_pictures_and_named_to_others() {
    let picture = json!({ "type": "image", "data": "R0lGODlhAA==", "mimeType": "image/gif" });
    let results = json!({ "t": { "content": [{ "type": "text", "text": "Drawn:" }, picture] } });
    let mut server = mcp::stub(&json!({ "": { "tools": [tool("t")] } }), &results);
    server["trust"] = json!(true);
    let file = json!({ "mcpServers": { "s": server } });
    for sees in [true, false] {
        let (model, requests) = CallingModel::recording(&[("s_t", json!({}))], sees);
        let app = TestApp::with_tools(vec![model], |app| mcp::registry(app, &file)).await;
        let ada = app.person("ada@example.org").await;
        let conversation = ada.begins().await;
        ada.says(&conversation, "Draw").await;
        ada.awaits_the_end(&conversation).await;
        let messages = requests.lock().unwrap().last().unwrap().messages.clone();
        let result = messages.iter().position(|message| {
            matches!(message, PromptMessage::Result { text, .. } if text.contains("[a picture"))
        });
        match messages.get(result.unwrap() + 1) {
            Some(PromptMessage::User(_, pictures)) if sees => {
                assert_eq!(pictures.len(), 1);
                assert!(pictures[0].bytes.starts_with(b"GIF89a"));
            }
            None if !sees => {}
            other => panic!("{sees}: {other:?}"),
        }
        let entries = ada.entries(&conversation).await;
        let shown = entries
            .iter()
            .any(|entry| entry["metadata"]["files"][0]["mediaType"] == "image/gif");
        assert!(shown, "{entries:?}");
    }
}
