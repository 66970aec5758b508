-- Posts in parts by time, whose key is of several columns and has no default; people and rooms whose keys are uuids,
-- with tokens; columns of names that mean something else elsewhere.
create table users (id uuid primary key default gen_random_uuid(), name text not null, "is_admin(legacy" boolean,
    "ist_öffentlich" boolean, "a\b" boolean, "state""x[" text);
create table rooms (id uuid primary key default gen_random_uuid(), title text, "priva*te" boolean);
create table room_members (room_id uuid references rooms, user_id uuid references users, primary key (room_id, user_id));
create table messages (tenant integer, seq bigint, room_id uuid references rooms, user_id uuid references users, body text,
    created_at timestamptz not null default now(), deleted_at timestamptz, primary key (tenant, created_at, seq))
    partition by range (created_at);
create table messages_before partition of messages for values from (minvalue) to ('2024-01-02');
create table messages_now partition of messages default;
create table api_tokens (id uuid primary key default gen_random_uuid(), user_id uuid not null references users, token_hash bytea not null
    unique, scopes text[] not null default '{}', active boolean not null, expires_in integer, created_at timestamptz not null default now());
insert into users (name) values ('dora'), ('emil'), ('fay');
insert into rooms (title) values ('Kitchen'), ('Cellar');
insert into room_members select r.id, u.id from rooms r, users u;
insert into messages (tenant, seq, room_id, user_id, body, created_at)
    select n % 2, n, (select id from rooms where title = 'Kitchen'), id, 'message ' || n, timestamptz '2024-01-03' - n * interval '1 hour'
    from users, generate_series(1, 40) n where name = 'dora';
insert into api_tokens (user_id, token_hash, active, expires_in, created_at)
    select id, sha256(repeat(left(name, 1), 43)::bytea), name <> 'emil', case name when 'fay' then 60 end, now() - interval '1 hour' from users;
