-- What an API key may do, and until when. Without scopes: the key is from before there were any.
--
-- beside the previous release: yes: it refuses keys with scopes, which it would not respect
-- The secret of such a key is stored under another hash.
insert into meta (name, value) values ('beside_13', '12')
    on conflict (name) do update set value = excluded.value;
alter table api_keys add column scopes text collate "C";
alter table api_keys add column expires_at bigint;
