//! Light, dark, or as the system has it. Kept in this browser and in a cookie, so that the server
//! draws the first picture right.

use super::{Icon, alive::bring_to_life, browser};
use leptos::{html::Div, prelude::*, wasm_bindgen::JsCast};
use serde_json::Value;
use web_sys::{Element, HtmlInputElement};

/// Name, word and glyph of each theme; the first is the default.
const THEMES: [(&str, &str, &str); 3] = [
    ("system", "System", "monitor"),
    ("light", "Light", "sun"),
    ("dark", "Dark", "moon"),
];

/// Three choices, of which one holds.
#[component]
pub fn ThemeSwitch(
    /// The theme that holds now, as the cookie of that name says: `light`, `dark`, or nothing.
    theme: Option<String>,
) -> impl IntoView {
    let chosen = theme.unwrap_or_else(|| THEMES[0].0.to_owned());
    let choice = move |(name, word, glyph): (&'static str, &'static str, &'static str)| {
        view! {
            <label>
                <input type="radio" class="unseen" name="theme" value=name checked=chosen == name/>
                <Icon name=glyph/>
                {word}
            </label>
        }
    };
    view! {
        <ThemeChoice>
            <fieldset class="choice scripted">
                <legend class="unseen">"Theme"</legend>
                {THEMES.map(choice).collect_view()}
            </fieldset>
        </ThemeChoice>
    }
}

/// Brings the choices to life.
#[island]
pub fn ThemeChoice(
    /// The choices as the server rendered them.
    children: Children,
) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    bring_to_life(place, begin);
    view! { <div node_ref=place data-hydrated="false">{children()}</div> }
}

fn begin(root: &Element, _: Value) -> Option<()> {
    browser::listen(root, "change", |event| {
        let chosen = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            .map(|input| input.value());
        browser::set_theme(chosen.as_deref().filter(|name| *name != THEMES[0].0));
    });
    Some(())
}
