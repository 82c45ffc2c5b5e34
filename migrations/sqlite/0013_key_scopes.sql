-- What an API key may do, and until when. Without scopes: the key is from before there were any.
--
-- beside the previous release: no: SQLite has one server at a time
alter table api_keys add column scopes text;
alter table api_keys add column expires_at integer;
