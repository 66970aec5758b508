-- Keys that are no numbers, names with capital letters, as Prisma and its like make them; parts of a table by time.
create schema "App";
create table "App"."User" ("id" text primary key, "email" text not null unique, "name" text, "isBanned" boolean default false);
create table "App"."Channel" ("id" uuid primary key default gen_random_uuid(), "title" text not null);
create table "App"."ChannelMember" ("channelId" uuid not null, "userId" text not null, "leftAt" timestamp(3),
    primary key ("channelId", "userId"));
create table "App"."Message" ("id" uuid not null default gen_random_uuid(), "channelId" uuid not null,
    "authorId" text not null, "content" text not null, "createdAt" timestamp(3) not null, "deletedAt" timestamp(3),
    primary key ("id"));
alter table "App"."ChannelMember" add foreign key ("channelId") references "App"."Channel" on delete cascade;
alter table "App"."ChannelMember" add foreign key ("userId") references "App"."User" on delete cascade;
alter table "App"."Message" add foreign key ("channelId") references "App"."Channel";
alter table "App"."Message" add foreign key ("authorId") references "App"."User";
insert into "App"."User" ("id", "email", "name") select 'c' || md5(n), n || '@example.com', n
    from unnest('{dora,emil,fay,gus}'::text[]) n;
insert into "App"."Channel" ("title") values ('Kitchen'), ('Cellar');
insert into "App"."ChannelMember" ("channelId", "userId") select c."id", u."id" from "App"."Channel" c, "App"."User" u
    where u."name" <> 'gus';
insert into "App"."Message" ("channelId", "authorId", "content", "createdAt")
    select c."id", u."id", 'message ' || n, now() from "App"."Channel" c, "App"."User" u, generate_series(1, 5) n;
