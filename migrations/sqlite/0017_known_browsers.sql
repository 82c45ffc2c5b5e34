-- Browsers that signed in to an account with its password, by the SHA-256 of a cookie. Wrong passwords
-- that others try do not slow them down.
--
-- beside the previous release: no: SQLite has one server at a time
create table known_browsers (
    user_id text not null references users (id) on delete cascade,
    token_hash text not null,
    seen_at integer not null,
    primary key (user_id, token_hash)
) strict;
