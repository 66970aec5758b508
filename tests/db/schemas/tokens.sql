-- Tokens that are revoked, that are for one thing only, and whose digests have capital letters.
create table users (id bigserial primary key, name text not null, banned_at timestamptz);
create table rooms (id bigserial primary key, title text, kind text not null default 'open');
create table room_members (room_id bigint references rooms, user_id bigint references users, primary key (room_id, user_id));
create table messages (id bigserial primary key, room_id bigint references rooms, user_id bigint references users, body text,
    created_at timestamptz default now(), sent_at timestamptz, deleted_at timestamptz);
create table access_tokens (id bigserial primary key, user_id bigint not null references users, token_hash text not null unique,
    expires_at timestamptz, "revokedAt" timestamptz, revoked boolean, scopes text, created_at timestamptz default now());
insert into users (name) values ('dora'), ('emil'), ('fay'), ('gus');
insert into rooms (title) values ('Kitchen'), ('Cellar');
insert into room_members select r.id, u.id from rooms r, users u;
insert into messages (room_id, user_id, body) select 1 + n % 2, 1 + n % 3, 'message ' || n from generate_series(1, 10) n;
insert into access_tokens (user_id, token_hash, revoked, "revokedAt")
    select id, upper(encode(sha256(repeat(left(name, 1), 43)::bytea), 'hex')), name = 'emil', case name when 'fay' then now() end from users;
