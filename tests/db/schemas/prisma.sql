-- As Prisma's migrate makes it: quoted names, texts as keys, enumerations for states, and posts that do not lie in the
-- table in the order in which they were made.
create type "UserStatus" as enum ('ACTIVE', 'SUSPENDED');
create type "MemberStatus" as enum ('invited', 'active', 'left');
create table "User" ("id" text not null primary key, "email" text not null unique, "name" text not null, "password" text,
    "status" "UserStatus" not null default 'ACTIVE');
create table "Channel" ("id" text not null primary key, "name" text not null, "isPrivate" boolean not null default false);
create table "ChannelMember" ("id" text not null primary key, "channelId" text not null references "Channel", "userId" text not null
    references "User", "status" "MemberStatus" not null default 'invited', "role" text not null default 'MEMBER');
create table "ChannelBan" ("channelId" text not null references "Channel", "userId" text not null references "User");
create table "Message" ("id" text not null primary key, "content" text, "attachments" jsonb, "channelId" text not null
    references "Channel", "authorId" text references "User", "createdAt" timestamp(3) not null default current_timestamp,
    "deletedAt" timestamp(3));
create index on "ChannelMember" ("userId");
create index on "ChannelMember" ("channelId");
insert into "User" values ('clu1', 'dora@example.org', 'dora', null, 'ACTIVE'), ('clu2', 'emil@example.org', 'emil', null, 'ACTIVE'),
    ('clu3', 'fay@example.org', 'fay', null, 'ACTIVE'), ('clu4', 'gus@example.org', 'gus', null, 'SUSPENDED');
insert into "Channel" values ('ch1', 'Kitchen', false), ('ch2', 'Cellar', true);
insert into "ChannelMember" values ('m1', 'ch1', 'clu1', 'active'), ('m2', 'ch1', 'clu1', 'active'), ('m3', 'ch1', 'clu2', 'left'),
    ('m4', 'ch1', 'clu3', 'invited'), ('m5', 'ch2', 'clu3', 'active'), ('m6', 'ch1', 'clu4', 'active');
insert into "Message" ("id", "content", "channelId", "authorId", "createdAt") values
    ('x', 'third', 'ch1', 'clu1', '2024-01-03'), ('z', 'first', 'ch1', null, '-infinity'), ('y', 'second', 'ch1', 'clu2', '2024-01-02'),
    ('w', 'last', 'ch1', 'clu2', 'infinity'), ('v', null, 'ch1', 'clu1', '2024-01-02');
