-- Tables that have parts: partitions of two levels, tables that inherit, and a partition that a view reads by itself.
-- Reserved words as names; the views are written by hand, for a role that has few rights yet.
create schema "order";
create table "order"."user"(id bigint primary key, name text);
create table "order".grp(id bigint primary key, name text, archived boolean not null default false);
create table "order".guest("user" bigint, "group" bigint, region int) partition by list (region);
create table "order".guest_1 partition of "order".guest for values in (1);
create table "order".guest_2 partition of "order".guest for values in (2) partition by list ("group");
create table "order".guest_2_x partition of "order".guest_2 default;
create table "order".base("user" bigint, "group" bigint);
create table "order".kid(note text) inherits ("order".base);
create table "order".grandkid(more text) inherits ("order".kid);
create table "order".pass("user" bigint, "group" bigint, y int) partition by range (y);
create table "order".pass_2026 partition of "order".pass for values from (2026) to (2027);
create table "order".topic(id bigint, cat int, shown boolean);
create table "order".topic_old() inherits ("order".topic);
create index on "order".topic (id);
create index on "order".topic_old (id);
create table "order".category(id int primary key, name text);
create table "order".post(id bigint generated always as identity, "group" bigint, "user" bigint, "text" text, topic bigint, at timestamptz default now(), primary key (id, at)) partition by range (at);
create table "order".post_old partition of "order".post for values from ('2020-01-01') to ('2026-01-01');
create table "order".post_new partition of "order".post for values from ('2026-01-01') to ('2036-01-01');
create index on "order".post ("group", id);
create table "order".session (token text primary key, "user" bigint, at timestamptz default now());
insert into "order"."user" select n, 'u' || n from generate_series(1, 9) n;
insert into "order".grp values (1, 'one'), (2, 'two');
insert into "order".guest values (1, 1, 1), (2, 1, 2), (2, 2, 2);
insert into "order".base values (3, 1);
insert into "order".kid values (4, 1, 'n');
insert into "order".grandkid values (5, 1, 'n', 'm');
insert into "order".pass values (6, 1, 2026);
insert into "order".category values (1, 'c');
insert into "order".topic values (1, 1, true);
insert into "order".topic_old values (2, 1, true);
insert into "order".post("group", "user", "text", topic, at) values (1, 1, 'old', 1, '2025-01-01'), (1, 2, 'new', 1, '2026-02-02'), (1, 2, 'other', 2, '2026-02-02');
drop view pollster.users, pollster.walls, pollster.memberships, pollster.sessions, pollster.posts;
create view pollster.users as select id, name, null::text as password_hash, false as disabled from "order"."user";
create view pollster.walls as select id, name, 'chat'::text as kind from "order".grp where not archived;
create view pollster.memberships as select "user" as user_id, "group" as wall_id from "order".guest
    union select "user", "group" from "order".base union select "user", "group" from "order".pass_2026;
create view pollster.sessions as select sha256(replace(token, '\', '\\')::bytea) as token_hash, "user" as user_id, at as created_at, null::timestamptz as expires_at from "order".session;
create view pollster.posts as select p.id, p."group" as wall_id, p."user" as user_id, p."text" as body, p.at as created_at, null::timestamptz as edited_at,
    jsonb_build_object('category', c.name) as extra
    from "order".post p join "order".topic t on t.id = p.topic left join "order".category c on c.id = t.cat where t.shown;
do $$ begin create role clerk; exception when others then null; end $$;
grant usage on schema pollster to clerk;
alter view pollster.users owner to clerk;
alter view pollster.walls owner to clerk;
alter view pollster.memberships owner to clerk;
alter view pollster.sessions owner to clerk;
alter view pollster.posts owner to clerk;
select pollster.let_serve(); -- the views were made anew
