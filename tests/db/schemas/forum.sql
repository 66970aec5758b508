-- A forum in PHP, as phpBB's tables are: times are whole seconds, flags are numbers, who reads a forum is said by
-- groups over two tables, topics and posts are hidden and not removed, and moderators hide posts of their own
-- (mod_hidden). Its sessions hold the token itself. The views are written by hand.
create table phpbb_users (user_id serial primary key, user_type int2 not null default 0, username varchar(255) not null,
    username_clean varchar(255) not null unique, user_password varchar(255) not null default '');
create table phpbb_user_group (group_id int4 not null default 0, user_id int4 not null default 0, group_leader int2 not null default 0,
    user_pending int2 not null default 1);
create index on phpbb_user_group (group_id);
create index on phpbb_user_group (user_id);
create table phpbb_acl_options (auth_option_id serial primary key, auth_option varchar(50) not null);
create table phpbb_acl_groups (group_id int4 not null, forum_id int4 not null, auth_option_id int4 not null, auth_setting int2 not null);
create table phpbb_forums (forum_id serial primary key, forum_name varchar(255) not null, forum_type int2 not null default 0);
create table phpbb_topics (topic_id serial primary key, forum_id int4 not null, topic_visibility int2 not null default 0);
create table phpbb_posts (post_id serial primary key, topic_id int4 not null, forum_id int4 not null, poster_id int4 not null default 0,
    post_time int4 not null default 0, post_text text not null default '', post_edit_time int4 not null default 0,
    post_visibility int2 not null default 0);
create table phpbb_banlist (ban_id serial primary key, ban_userid int4 not null default 0, ban_end int4 not null default 0);
create table phpbb_sessions (session_id char(32) primary key, session_user_id int4 not null, session_start int4 not null,
    session_time int4 not null);
create table mod_hidden (post_id int4, why text);
insert into phpbb_users (username, username_clean, user_type) values
    ('Dora', 'dora', 0), ('Emil', 'emil', 0), ('Fay', 'fay', 0), ('Bot', 'bot', 2);
insert into phpbb_user_group (group_id, user_id, user_pending) values (1, 1, 0), (1, 1, 0), (1, 2, 0), (2, 3, 0), (1, 3, 1);
insert into phpbb_acl_options (auth_option) values ('f_post'), ('f_read');
insert into phpbb_acl_groups values (1, 1, 2, 1), (2, 1, 2, 1), (1, 2, 2, 1), (2, 2, 2, 0);
insert into phpbb_forums (forum_name, forum_type) values ('News', 1), ('Talk', 1);
insert into phpbb_topics (forum_id, topic_visibility) values (1, 1), (1, 1), (2, 1);
insert into phpbb_posts (topic_id, forum_id, poster_id, post_time, post_text, post_visibility)
    select 1 + n % 3, 1 + (n % 3) / 2, 1 + n % 4, 1700000000 + n, 'post ' || n, case when n = 9 then 2 else 1 end from generate_series(1, 12) n;
insert into phpbb_sessions values (md5('dora'), 1, 1700000000, 2000000000);
create index on phpbb_sessions (sha256(replace(session_id, '\', '\\')::bytea));

drop view pollster.users, pollster.walls, pollster.memberships, pollster.sessions, pollster.posts;
create view pollster.users as
    select u.user_id as id, u.username as name, u.user_password as password_hash, u.username_clean as login,
        u.user_type not in (0, 3) or count(b.ban_id) > 0 as disabled
    from phpbb_users u left join phpbb_banlist b on b.ban_userid = u.user_id and b.ban_end = 0
    group by u.user_id;
create view pollster.walls as
    select f.forum_id as id, f.forum_name as name, 'board'::text as kind from phpbb_forums f where f.forum_type = 1;
create view pollster.memberships as
    select distinct g.user_id, a.forum_id as wall_id
    from phpbb_user_group g join phpbb_acl_groups a on a.group_id = g.group_id
    join phpbb_acl_options o on o.auth_option_id = a.auth_option_id
    where g.user_pending = 0 and o.auth_option = 'f_read' and a.auth_setting = 1;
create view pollster.sessions as
    select sha256(replace(s.session_id, '\', '\\')::bytea) as token_hash, s.session_user_id as user_id,
        to_timestamp(s.session_start) as created_at, to_timestamp(s.session_time + 3600) as expires_at
    from phpbb_sessions s;
create view pollster.posts as
    select p.post_id as id, p.forum_id as wall_id, p.poster_id as user_id, p.post_text as body, to_timestamp(p.post_time) as created_at,
        case when p.post_edit_time > 0 then to_timestamp(p.post_edit_time) end as edited_at
    from phpbb_posts p join phpbb_topics t on t.topic_id = p.topic_id
    where p.post_visibility = 1 and t.topic_visibility = 1
        and not exists (select from mod_hidden h where h.post_id = p.post_id);
select pollster.let_serve(); -- the views were made anew
