-- When the user of a session last gave the password, or signed in with the provider. Null: not known, so
-- they are asked before they change who may do what.
--
-- beside the previous release: no: SQLite has one server at a time
alter table sessions add column confirmed_at integer;
