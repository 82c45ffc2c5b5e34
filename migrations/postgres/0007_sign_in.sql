-- People who sign in with another provider: who they are there, and which account that is here. No token of theirs is kept.
create table identities (
    issuer text collate "C" not null,
    subject text collate "C" not null,
    user_id text collate "C" not null references users (id) on delete cascade,
    -- 1 while the person is an admin because the provider says so; what was given here stays when it no longer does
    grants_admin bigint not null,
    -- tokens that were issued earlier are refused: "sign out on all devices"
    tokens_from bigint not null,
    created_at bigint not null,
    primary key (issuer, subject)
);
-- one identity a provider for each person
create unique index identities_of_user on identities (user_id, issuer);

-- The provider whose word began the session; null for a password.
alter table sessions add column provider text collate "C";
