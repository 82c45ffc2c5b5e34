-- Who may sign in, from which browser, and with which keys. Tokens and secrets stand here as SHA-256 only:
-- a stolen copy of the database opens nothing.
create table meta (
    name text not null primary key,
    value text not null
) strict;

create table users (
    id text not null primary key,
    email text not null unique,
    password_hash text,
    admin_since integer,
    disabled_at integer,
    created_at integer not null
) strict;

create table sessions (
    token_hash text not null primary key,
    user_id text not null references users (id) on delete cascade,
    user_agent text not null,
    created_at integer not null,
    last_seen_at integer not null,
    expires_at integer not null
) strict;
-- "sign out on all devices"
create index sessions_of_user on sessions (user_id);
-- "which sessions have run out"
create index sessions_by_expiry on sessions (expires_at);

create table api_keys (
    user_id text not null references users (id) on delete cascade,
    id text not null unique,
    name text not null,
    secret_hash text not null,
    created_at integer not null,
    last_used_at integer,
    revoked_at integer,
    primary key (user_id, id)
) strict;
