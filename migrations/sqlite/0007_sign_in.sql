-- People who sign in with another provider: who they are there, and which account that is here. No token of theirs is kept.
create table identities (
    issuer text not null,
    subject text not null,
    user_id text not null references users (id) on delete cascade,
    -- 1 while the person is an admin because the provider says so; what was given here stays when it no longer does
    grants_admin integer not null,
    -- tokens that were issued earlier are refused: "sign out on all devices"
    tokens_from integer not null,
    created_at integer not null,
    primary key (issuer, subject)
) strict;
-- one identity a provider for each person
create unique index identities_of_user on identities (user_id, issuer);

-- The provider whose word began the session; null for a password.
alter table sessions add column provider text;
