//! Brings a part of the page from how it looks to how it should look. Only what differs is touched,
//! so that whatever the reader has opened, focused or selected stays as it is.

use super::markup::Row;
use leptos::{prelude::document, wasm_bindgen::JsCast};
use web_sys::{Element, HtmlTemplateElement, Node};

/// The rows of a list as they were shown last.
#[derive(Default)]
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    /// Rows that stand in the page already, as the server rendered them.
    pub(crate) fn of(rows: Vec<Row>) -> Self {
        Self(rows)
    }

    /// Shows these rows in `list`, whose children are the rows shown last.
    pub(crate) fn show(&mut self, list: &Element, rows: Vec<Row>) {
        let mut held: Vec<(Row, Element)> = std::mem::take(&mut self.0)
            .into_iter()
            .zip(children(list))
            .collect();
        held.retain(|(row, element)| {
            let stays = rows.iter().any(|wanted| wanted.key == row.key);
            if !stays {
                element.remove();
            }
            stays
        });
        let mut next = list.first_element_child();
        for row in &rows {
            let known = held
                .iter()
                .position(|(old, _)| old.key == row.key)
                .map(|at| held.remove(at));
            match known {
                Some((old, element)) => {
                    if next.as_ref() == Some(&element) {
                        next = element.next_element_sibling();
                    } else {
                        put(list, &element, next.as_deref());
                    }
                    if old.html != row.html {
                        morph(&element, &row.html);
                    }
                }
                None => parsed(&row.html)
                    .iter()
                    .for_each(|element| put(list, element, next.as_deref())),
            }
        }
        self.0 = rows;
    }
}

/// Makes an element what `html`, one element, says.
pub(super) fn morph(held: &Element, html: &str) {
    if let Some(wanted) = parsed(html) {
        sync(held, &wanted);
    }
}

/// Makes the children of an element what `html` says.
pub(super) fn morph_children(held: &Element, html: &str) {
    if let Some(wanted) = template(html) {
        sync_children(held, &wanted.content());
    }
}

fn template(html: &str) -> Option<HtmlTemplateElement> {
    let template: HtmlTemplateElement = document()
        .create_element("template")
        .ok()?
        .dyn_into()
        .ok()?;
    template.set_inner_html(html);
    Some(template)
}

fn parsed(html: &str) -> Option<Element> {
    template(html)?.content().first_element_child()
}

fn children(list: &Element) -> Vec<Element> {
    std::iter::successors(list.first_element_child(), Element::next_element_sibling).collect()
}

/// Puts a node before another of the same parent, or at the end. It cannot fail: `next` is a child
/// of `parent`.
fn put(parent: &Node, node: &Node, next: Option<&Node>) {
    let _ = parent.insert_before(node, next);
}

fn sync(held: &Element, wanted: &Element) {
    // What is open was opened by its reader, and what is closed was closed.
    let names = |of: &Element| {
        of.get_attribute_names()
            .iter()
            .filter_map(|name| name.as_string())
            .filter(|name| name != "open")
            .collect::<Vec<_>>()
    };
    for name in names(wanted) {
        let value = wanted.get_attribute(&name);
        if held.get_attribute(&name) != value {
            let _ = held.set_attribute(&name, &value.unwrap_or_default());
        }
    }
    for name in names(held) {
        if !wanted.has_attribute(&name) {
            let _ = held.remove_attribute(&name);
        }
    }
    sync_children(held, wanted);
}

fn sync_children(held: &Node, wanted: &Node) {
    let mut next = held.first_child();
    let mut wanted = wanted.first_child();
    while let Some(node) = wanted {
        wanted = node.next_sibling();
        match same_thing(next.as_ref(), &node) {
            Some(known) if next.as_ref() == Some(&known) => {
                next = known.next_sibling();
                update(&known, &node);
            }
            Some(known) => {
                put(held, &known, next.as_ref());
                update(&known, &node);
            }
            None => put(held, &node, next.as_ref()),
        }
    }
    while let Some(surplus) = next {
        next = surplus.next_sibling();
        let _ = held.remove_child(&surplus);
    }
}

/// The node that is to become `wanted`: the next one if it is of the same kind, or a later one with
/// the same id.
fn same_thing(next: Option<&Node>, wanted: &Node) -> Option<Node> {
    let id = id(wanted);
    let alike = |node: &Node| node.node_name() == wanted.node_name() && self::id(node) == id;
    let mut nodes = std::iter::successors(next.cloned(), Node::next_sibling);
    if id.is_empty() {
        nodes.next().filter(alike)
    } else {
        nodes.find(alike)
    }
}

fn id(node: &Node) -> String {
    node.dyn_ref::<Element>()
        .map(Element::id)
        .unwrap_or_default()
}

fn update(held: &Node, wanted: &Node) {
    match (held.dyn_ref::<Element>(), wanted.dyn_ref::<Element>()) {
        (Some(held), Some(wanted)) => sync(held, wanted),
        _ if held.node_value() != wanted.node_value() => {
            held.set_node_value(wanted.node_value().as_deref())
        }
        _ => {}
    }
}
