-- An invitation may be a link with which a user who has an account chooses a new password.
--
-- beside the previous release: no: SQLite has one server at a time
alter table invitations add column resets_password integer not null default 0;
