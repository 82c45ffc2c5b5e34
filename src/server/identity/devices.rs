//! The browsers in which a user is signed in, with readable names; and password changes, which end
//! the other sessions.

use super::{password, validation::password_problem};
use crate::{
    domain::{Account, Device, ids::UserId, time::Timestamp},
    server::{
        base::{
            digest::sha256_hex,
            error::{Error, Result},
        },
        store::{Store, known_browsers, people, sessions},
    },
};

/// Words of `User-Agent` and the browsers they identify. The first match counts, because most
/// browsers also name others.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 6] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// The user's sessions, last used first; `this` is the token of the requesting session.
pub async fn devices(
    store: &Store,
    now: Timestamp,
    user: UserId,
    this: Option<&str>,
) -> Result<Vec<Device>> {
    let this = this.map(sha256_hex);
    let sessions = sessions::of_user(&mut *store.read().await?, now, user).await?;
    let device = |(session, agent): (sessions::Session, String)| Device {
        name: device_name(&agent),
        last_seen_at: session.last_seen_at,
        is_this: this.as_ref() == Some(&session.token_hash),
        id: session.token_hash,
    };
    Ok(sessions.into_iter().map(device).collect())
}

/// Ends the session with this id; streams opened with it end.
pub async fn end_device(store: &Store, user: UserId, id: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    sessions::delete(&mut tx, user, id).await?;
    tx.commit().await?;
    store.wakeups().access(user);
    Ok(())
}

/// Changes a user's password and ends every session except that of the token `keep`.
/// Errors: `Refused` for a password that is too short, too long or easily guessed.
pub async fn change_password(
    store: &Store,
    account: &Account,
    new: &str,
    keep: Option<&str>,
) -> Result<()> {
    let user = account.id;
    if let Some(why) = password_problem(new, &account.email) {
        return Err(Error::refused("new password", why));
    }
    let hash = password::hash(new.to_owned()).await?;
    let mut tx = store.begin().await?;
    people::set_password(&mut tx, user, &hash).await?;
    known_browsers::forget(&mut tx, user).await?;
    sessions::delete_others(&mut tx, user, &keep.map(sha256_hex).unwrap_or_default()).await?;
    tx.commit().await?;
    store.wakeups().access(user);
    Ok(())
}

fn device_name(agent: &str) -> String {
    let find = |words: &[(&str, &'static str)]| {
        words
            .iter()
            .find(|(word, _)| agent.contains(word))
            .map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "An unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::device_name;

    #[test]
    fn device_names_are_readable() {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
            (KHTML, like Gecko) Chrome/131.0 Safari/537.36";
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox on Linux",
            ),
            (windows, "Chrome on Windows"),
            (&format!("{windows} Edg/131.0"), "Edge on Windows"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) \
                 Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            ("curl/8", "An unknown browser"),
            ("", "An unknown browser"),
        ] {
            assert_eq!(device_name(agent), name, "{agent}");
        }
    }
}
