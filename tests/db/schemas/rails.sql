-- What Rails 7 makes (db/structure.sql): devise, groups over a linking table (has_and_belongs_to_many), soft deletes
-- (discard, paranoia), activerecord-session_store.
create table public.schema_migrations (version character varying not null primary key);
create table public.ar_internal_metadata (key character varying not null primary key, value character varying,
    created_at timestamp(6) without time zone not null, updated_at timestamp(6) without time zone not null);
create table public.users (id bigserial primary key,
    email character varying default ''::character varying not null,
    encrypted_password character varying default ''::character varying not null,
    reset_password_token character varying, reset_password_sent_at timestamp(6) without time zone,
    remember_created_at timestamp(6) without time zone,
    sign_in_count integer default 0 not null, last_sign_in_at timestamp(6) without time zone,
    failed_attempts integer default 0 not null, unlock_token character varying,
    locked_at timestamp(6) without time zone, username character varying not null,
    created_at timestamp(6) without time zone not null, updated_at timestamp(6) without time zone not null);
create unique index index_users_on_email on public.users using btree (email);
create unique index index_users_on_reset_password_token on public.users using btree (reset_password_token);
create table public.groups (id bigserial primary key, name character varying,
    discarded_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone not null, updated_at timestamp(6) without time zone not null);
create index index_groups_on_discarded_at on public.groups using btree (discarded_at);
create table public.group_memberships (id bigserial primary key, group_id bigint not null, user_id bigint not null,
    role integer default 0 not null,
    created_at timestamp(6) without time zone not null, updated_at timestamp(6) without time zone not null);
create index index_group_memberships_on_group_id on public.group_memberships using btree (group_id);
create index index_group_memberships_on_user_id on public.group_memberships using btree (user_id);
create table public.rooms (id bigserial primary key, title character varying not null,
    deleted_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone not null, updated_at timestamp(6) without time zone not null);
create index index_rooms_on_deleted_at on public.rooms using btree (deleted_at);
create table public.groups_rooms (group_id bigint not null, room_id bigint not null);
create table public.messages (id bigserial primary key, room_id bigint not null, user_id bigint not null, body text,
    deleted_at timestamp(6) without time zone,
    created_at timestamp(6) without time zone not null, updated_at timestamp(6) without time zone not null);
create index index_messages_on_room_id on public.messages using btree (room_id);
create index index_messages_on_user_id on public.messages using btree (user_id);
create table public.sessions (id bigserial primary key, session_id character varying not null, data text,
    created_at timestamp(6) without time zone, updated_at timestamp(6) without time zone);
create unique index index_sessions_on_session_id on public.sessions using btree (session_id);
create index index_sessions_on_updated_at on public.sessions using btree (updated_at);
alter table only public.messages add constraint fk_rails_273a25a7a6 foreign key (user_id) references public.users(id);
alter table only public.messages add constraint fk_rails_a8db0fb63a foreign key (room_id) references public.rooms(id);
alter table only public.group_memberships
    add constraint fk_rails_d05778f88b foreign key (group_id) references public.groups(id);
alter table only public.group_memberships
    add constraint fk_rails_8d8b9f2d27 foreign key (user_id) references public.users(id);
