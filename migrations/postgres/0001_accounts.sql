-- Who may sign in, from which browser, and with which keys. Tokens and secrets stand here as SHA-256 only:
-- a stolen copy of the database opens nothing.
create table meta (
    name text collate "C" not null primary key,
    value text collate "C" not null
);

create table users (
    id text collate "C" not null primary key,
    email text collate "C" not null unique,
    password_hash text collate "C",
    admin_since bigint,
    disabled_at bigint,
    created_at bigint not null
);

create table sessions (
    token_hash text collate "C" not null primary key,
    user_id text collate "C" not null references users (id) on delete cascade,
    user_agent text collate "C" not null,
    created_at bigint not null,
    last_seen_at bigint not null,
    expires_at bigint not null
);
-- "sign out on all devices"
create index sessions_of_user on sessions (user_id);
-- "which sessions have run out"
create index sessions_by_expiry on sessions (expires_at);

create table api_keys (
    user_id text collate "C" not null references users (id) on delete cascade,
    id text collate "C" not null unique,
    name text collate "C" not null,
    secret_hash text collate "C" not null,
    created_at bigint not null,
    last_used_at bigint,
    revoked_at bigint,
    primary key (user_id, id)
);
