//! Patching a list of rows: only what differs changes, all other elements stay the same.

use crate::components::{Row, Rows};
use leptos::prelude::document;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement};

/// A list in the page and the rows shown in it.
struct List {
    element: Element,
    rows: Rows,
}

fn row(key: &str, html: &str) -> Row {
    Row {
        key: key.to_owned(),
        html: html.to_owned(),
    }
}

fn entry(key: &str, title: &str) -> Row {
    row(
        key,
        &format!(
            "<details id=\"e-{key}\" data-status=\"working\"><summary>{title}</summary><p>more</p></details>"
        ),
    )
}

impl List {
    fn of(rows: Vec<Row>) -> Self {
        let element = document().create_element("div").unwrap();
        element.set_inner_html(&rows.iter().map(|row| row.html.as_str()).collect::<String>());
        document().body().unwrap().append_child(&element).unwrap();
        Self {
            element,
            rows: Rows::of(rows),
        }
    }

    fn show(&mut self, rows: Vec<Row>) -> String {
        self.rows.show(&self.element, rows);
        self.element.inner_html()
    }

    fn child(&self, at: usize) -> Element {
        std::iter::successors(
            self.element.first_element_child(),
            Element::next_element_sibling,
        )
        .nth(at)
        .unwrap()
    }
}

#[wasm_bindgen_test]
fn a_changed_row_keeps_its_element_open_and_focused() {
    let mut list = List::of(vec![entry("1", "One"), entry("2", "Two")]);
    let two = list.child(1);
    two.set_attribute("open", "").unwrap();
    let summary = two.first_element_child().unwrap();
    summary.unchecked_ref::<HtmlElement>().focus().unwrap();
    let changed = row(
        "2",
        "<details id=\"e-2\" data-status=\"success\" class=\"x\"><summary>Two is done</summary><p>more</p><p>and more</p></details>",
    );
    list.show(vec![entry("1", "One"), changed]);
    assert!(list.child(1) == two && two.has_attribute("open"));
    assert_eq!(two.get_attribute("data-status").as_deref(), Some("success"));
    assert_eq!(
        two.text_content().as_deref(),
        Some("Two is donemoreand more")
    );
    assert_eq!(document().active_element(), Some(summary));
}

#[wasm_bindgen_test]
fn rows_are_added_removed_and_moved_without_recreating_others() {
    let mut list = List::of(vec![
        entry("1", "One"),
        entry("2", "Two"),
        entry("3", "Three"),
    ]);
    let (two, three) = (list.child(1), list.child(2));
    let html = list.show(vec![
        entry("0", "Zero"),
        entry("3", "Three"),
        entry("2", "Two"),
        entry("4", "Four"),
    ]);
    let order: Vec<usize> = ["Zero", "Three", "Two", "Four"]
        .iter()
        .map(|title| html.find(title).unwrap())
        .collect();
    assert!(order.is_sorted() && !html.contains("One"), "{html}");
    assert!(list.child(1) == three && list.child(2) == two);
    assert_eq!(list.show(Vec::new()), "");
}

#[wasm_bindgen_test]
fn growing_text_keeps_its_text_node() {
    let answer = |text: &str| {
        vec![row(
            "a",
            &format!(
                "<article><p class=\"rest\">{text}<span class=\"caret\"></span></p></article>"
            ),
        )]
    };
    let mut list = List::of(answer("Once"));
    let text = list.child(0).first_child().unwrap().first_child().unwrap();
    list.show(answer("Once upon &lt;a&gt;"));
    assert_eq!(text.node_value().as_deref(), Some("Once upon <a>"));
    assert!(text.is_connected());
}
