-- What Laravel 10 makes (`php artisan migrate`, pgsql): Sanctum, password hashes of PHP ($2y$), a pivot table, soft
-- deletes.
create table migrations (id serial primary key not null, migration varchar(255) not null, batch integer not null);
create table users (id bigserial primary key not null, name varchar(255) not null, email varchar(255) not null,
    email_verified_at timestamp(0) without time zone null, password varchar(255) not null,
    remember_token varchar(100) null, created_at timestamp(0) without time zone null,
    updated_at timestamp(0) without time zone null, deleted_at timestamp(0) without time zone null);
alter table users add constraint users_email_unique unique (email);
create table password_reset_tokens (email varchar(255) not null, token varchar(255) not null,
    created_at timestamp(0) without time zone null);
alter table password_reset_tokens add primary key (email);
create table failed_jobs (id bigserial primary key not null, uuid varchar(255) not null, connection text not null,
    queue text not null, payload text not null, exception text not null,
    failed_at timestamp(0) without time zone default CURRENT_TIMESTAMP not null);
alter table failed_jobs add constraint failed_jobs_uuid_unique unique (uuid);
create table personal_access_tokens (id bigserial primary key not null, tokenable_type varchar(255) not null,
    tokenable_id bigint not null, name varchar(255) not null, token varchar(64) not null, abilities text null,
    last_used_at timestamp(0) without time zone null, expires_at timestamp(0) without time zone null,
    created_at timestamp(0) without time zone null, updated_at timestamp(0) without time zone null);
create index personal_access_tokens_tokenable_type_tokenable_id_index on personal_access_tokens
    (tokenable_type, tokenable_id);
alter table personal_access_tokens add constraint personal_access_tokens_token_unique unique (token);
create table channels (id bigserial primary key not null, name varchar(255) not null,
    created_at timestamp(0) without time zone null, updated_at timestamp(0) without time zone null,
    deleted_at timestamp(0) without time zone null);
create table channel_user (channel_id bigint not null, user_id bigint not null);
alter table channel_user add constraint channel_user_channel_id_foreign
    foreign key (channel_id) references channels (id) on delete cascade;
alter table channel_user add constraint channel_user_user_id_foreign
    foreign key (user_id) references users (id) on delete cascade;
alter table channel_user add primary key (channel_id, user_id);
create table messages (id bigserial primary key not null, channel_id bigint not null, user_id bigint not null,
    content text not null, reply_to_id bigint null, attachment varchar(255) null, created_at timestamp(0) without time zone null,
    updated_at timestamp(0) without time zone null, deleted_at timestamp(0) without time zone null);
alter table messages add constraint messages_channel_id_foreign foreign key (channel_id) references channels (id);
alter table messages add constraint messages_user_id_foreign foreign key (user_id) references users (id);
