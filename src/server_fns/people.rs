//! Users and invitations. For admins only, except joining with an invitation.

use crate::domain::{Invitation, PeoplePageData, error::ApiError, ids::UserId};
#[cfg(feature = "ssr")]
use crate::{domain::AuditAction, server::audit::Event};
use leptos::prelude::*;

/// Data of the people page: users whose email address contains `part` and sorts after `after`.
#[server(prefix = "/fn", endpoint = "page/people")]
pub async fn load_people(
    part: Option<String>,
    after: Option<String>,
) -> Result<PeoplePageData, ApiError> {
    use crate::server::{
        http::{cookies, server_fn_context},
        identity, store,
    };
    const PAGE_SIZE: i64 = 100;
    let (app, identity) = server_fn_context::admin()?;
    let now = app.clock.now();
    let mut reader = app.store.read().await?;
    let (part, after) = (
        part.unwrap_or_default().trim().to_lowercase(),
        after.unwrap_or_default(),
    );
    let mut found = store::people::list(&mut reader, &part, &after, PAGE_SIZE + 1).await?;
    let more = found.len() as i64 > PAGE_SIZE;
    found.truncate(PAGE_SIZE as usize);
    let invitations = store::invitations::open(&mut reader, now, PAGE_SIZE).await?;
    drop(reader);
    let fresh = match server_fn_context::take_cookie(cookies::FRESH_INVITATION) {
        Some(secret) => identity::find_invitation(&app.store, now, &secret)
            .await
            .ok()
            .map(|found| (server_fn_context::join_link(&app, &secret), found)),
        None => None,
    };
    let next = found
        .last()
        .map(|person| person.email.clone())
        .filter(|_| more);
    let invites = app.config.oidc.local_accounts;
    Ok(PeoplePageData {
        you: identity.account.id,
        people: found,
        next,
        invites,
        invitations,
        fresh,
    })
}

/// Creates an invitation; the people page shows its link once.
#[server(prefix = "/fn", endpoint = "people/invite")]
pub async fn invite_person(email: String, admin: Option<bool>) -> Result<(), ApiError> {
    use crate::server::{
        http::{cookies, server_fn_context},
        identity,
    };
    let (app, identity) = server_fn_context::admin()?;
    identity::check_passwords_enabled(&app.config.oidc)?;
    app.limits
        .invites
        .admit(identity.account.id, 1, "invitations")?;
    let secret = identity::invite(
        &app.store,
        app.clock.now(),
        Some(identity.account.id),
        &email,
        admin == Some(true),
    )
    .await?;
    server_fn_context::set_cookie(&app, cookies::FRESH_INVITATION, &secret);
    server_fn_context::audit_address(AuditAction::UserInvited, &email).await;
    leptos_axum::redirect("/settings/people");
    Ok(())
}

/// Creates a link with which a user chooses a new password; the people page shows it once.
#[server(prefix = "/fn", endpoint = "people/password")]
pub async fn create_password_link(id: UserId) -> Result<(), ApiError> {
    use crate::server::{
        http::{cookies, server_fn_context},
        identity,
    };
    let (app, identity) = server_fn_context::admin()?;
    identity::check_passwords_enabled(&app.config.oidc)?;
    app.limits
        .invites
        .admit(identity.account.id, 1, "invitations")?;
    let by = Some(identity.account.id);
    let secret = identity::create_password_link(&app.store, app.clock.now(), by, id).await?;
    server_fn_context::set_cookie(&app, cookies::FRESH_INVITATION, &secret);
    let event = Event::of(AuditAction::UserInvited).about(id);
    server_fn_context::audit(event.detail("link for a new password")).await;
    leptos_axum::redirect("/settings/people");
    Ok(())
}

/// Withdraws an invitation.
#[server(prefix = "/fn", endpoint = "people/withdraw")]
pub async fn withdraw_invitation(email: String) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, _) = server_fn_context::admin()?;
    identity::revoke_invitation(&app.store, &email).await?;
    server_fn_context::audit_address(AuditAction::InvitationWithdrawn, &email).await;
    leptos_axum::redirect("/settings/people");
    Ok(())
}

/// Makes a user an admin, or removes the role.
#[server(prefix = "/fn", endpoint = "people/admin")]
pub async fn set_person_admin(id: UserId, admin: bool) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::admin()?;
    identity::set_admin(&app.store, app.clock.now(), id, admin).await?;
    let action = if admin {
        AuditAction::AdminGiven
    } else {
        AuditAction::AdminRemoved
    };
    server_fn_context::audit(Event::of(action).about(id)).await;
    leptos_axum::redirect(if identity.account.id == id && !admin {
        "/settings"
    } else {
        "/settings/people"
    });
    Ok(())
}

/// Disables a user at once, or enables them again.
#[server(prefix = "/fn", endpoint = "people/disable")]
pub async fn disable_person(id: UserId, disabled: bool) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, _) = server_fn_context::admin()?;
    if disabled {
        let turns = identity::disable(&app.store, app.clock.now(), id).await?;
        turns
            .into_iter()
            .for_each(|turn| app.assistant.cancel(turn));
    } else {
        identity::enable(&app.store, id).await?;
    }
    let action = if disabled {
        AuditAction::UserDisabled
    } else {
        AuditAction::UserEnabled
    };
    server_fn_context::audit(Event::of(action).about(id)).await;
    leptos_axum::redirect("/settings/people");
    Ok(())
}

/// Erases a user and all their data from every tier. Requires their email address as confirmation.
#[server(prefix = "/fn", endpoint = "people/erase")]
pub async fn erase_person(id: UserId, email: String) -> Result<(), ApiError> {
    use crate::server::{base::error::Error, http::server_fn_context, identity};
    let (app, _) = server_fn_context::admin()?;
    let person = identity::find_user(&app.store, id).await?;
    if person.email != email.trim().to_lowercase() {
        return Err(
            Error::refused("email", "is not this user's address; nothing was erased").into(),
        );
    }
    let deleted = identity::delete_account(
        &app.tiers,
        &app.files,
        app.clock.now(),
        id,
        identity::RequestedBy::Admin,
        |turn| app.assistant.cancel(turn),
    )
    .await?;
    leptos_axum::redirect(&format!(
        "/settings/people?erased={}",
        deleted.receipt.code()
    ));
    Ok(())
}

/// The invitation whose link this browser opened.
#[server(prefix = "/fn", endpoint = "page/join")]
pub async fn load_invitation() -> Result<Invitation, ApiError> {
    use crate::server::{
        http::{cookies::INVITATION, server_fn_context},
        identity,
    };
    let app = server_fn_context::app();
    let secret = server_fn_context::cookie(INVITATION).unwrap_or_default();
    Ok(identity::find_invitation(&app.store, app.clock.now(), &secret).await?)
}

/// Creates the account of an invitation and signs it in. Without `secret` it is the invitation
/// whose link this browser opened.
#[server(prefix = "/fn", endpoint = "people/join")]
pub async fn join(secret: Option<String>, password: String) -> Result<(), ApiError> {
    use crate::server::{
        http::{cookies::INVITATION, server_fn_context},
        identity::{self, AccountError, check_passwords_enabled},
    };
    let app = server_fn_context::app();
    check_passwords_enabled(&app.config.oidc)?;
    server_fn_context::check_keeps_cookies(&app)?;
    app.limits
        .sign_in
        .from_network(&server_fn_context::client_network())
        .map_err(AccountError::TooOften)?;
    let secret = secret.or_else(|| server_fn_context::cookie(INVITATION));
    let secret = secret.unwrap_or_default();
    let invitation = identity::find_invitation(&app.store, app.clock.now(), &secret).await?;
    let account = identity::join(&app.store, app.clock.now(), &secret, &password).await?;
    server_fn_context::sign_in_with_password(&app, account.id).await?;
    let (action, how) = if invitation.resets_password {
        (AuditAction::PasswordChanged, "link for a new password")
    } else {
        (AuditAction::Joined, "invitation")
    };
    let event = Event::of(action).by(account.id).about(account.id);
    server_fn_context::audit(event.detail(how)).await;
    leptos_axum::redirect("/");
    Ok(())
}
