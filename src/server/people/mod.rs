//! People: who is invited, who is an admin, who may come in, who goes. `invitations`: how somebody
//! comes. `rights`: what an admin may change of others. `leaving`: erasing. An admin sees accounts
//! here, never what is in them.

mod invitations;
mod leaving;
mod rights;

pub use invitations::{INVITATION_DAYS, find_invitation, invite, join, withdraw};
pub use leaving::{Whose, erase, erase_here};
pub use rights::{disable, enable, set_admin};

use super::{
    error::{Error, Result},
    store::{Store, people},
};
use crate::{api::Person, ids::UserId};

/// The person with this address. Errors: `NotFound`.
pub async fn find_by_email(store: &Store, email: &str) -> Result<Person> {
    people::by_email(&mut *store.read().await?, &email.trim().to_lowercase())
        .await?
        .ok_or(Error::NotFound("account"))
}

/// One person. Errors: `NotFound`.
pub async fn find(store: &Store, user: UserId) -> Result<Person> {
    people::find(&mut *store.read().await?, user)
        .await?
        .ok_or(Error::NotFound("account"))
}
