-- The model that the person chose for a conversation, as `provider:model`; without one the chain's order holds.
alter table conversations add column model text;
