//! Light, dark, or as the system has it. Kept in this browser and in a cookie, so that the server draws the first
//! picture right.

use super::{Icon, browser, hydrated::use_hydrated};
use leptos::prelude::*;

/// Name, word and glyph of each theme; the first is the default.
const THEMES: [(&str, &str, &str); 3] = [("system", "System", "monitor"), ("light", "Light", "sun"), ("dark", "Dark", "moon")];

/// Three choices, of which one holds. `theme` is what the cookie of that name says: `light`, `dark`, or nothing.
#[island]
pub fn ThemeSwitch(
    /// The theme that holds now.
    theme: Option<String>,
) -> impl IntoView {
    let hydrated = use_hydrated();
    let chosen = RwSignal::new(theme.unwrap_or_else(|| THEMES[0].0.to_owned()));
    view! {
        <fieldset class="choice scripted" data-hydrated=move || hydrated.get()>
            <legend class="unseen">"Theme"</legend>
            {THEMES
                .map(|(name, word, glyph)| {
                    let choose = move |_| {
                        chosen.set(name.to_owned());
                        browser::set_theme(Some(name).filter(|name| *name != THEMES[0].0));
                    };
                    view! {
                        <label>
                            <input type="radio" class="unseen" name="theme" value=name checked=chosen.get_untracked() == name on:change=choose/>
                            <Icon name=glyph/>
                            {word}
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
    }
}
