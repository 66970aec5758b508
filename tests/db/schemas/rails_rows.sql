-- People, groups, rooms and messages as a Rails application writes them.
insert into public.users (email, username, encrypted_password, created_at, updated_at)
    select n || '@example.com', n, '$2a$04$KJ1WyjJq7W7jWvYvXvYvXeGqgZ1jQwqYwWw0jYl4m6vXb9s9dG5hK', now(), now()
    from unnest('{dora,emil,fay,gus}'::text[]) n;
insert into public.groups (name, created_at, updated_at) values ('staff', now(), now()), ('guests', now(), now());
insert into public.group_memberships (group_id, user_id, created_at, updated_at)
    values (1, 1, now(), now()), (1, 2, now(), now()), (2, 2, now(), now()), (2, 3, now(), now());
insert into public.rooms (title, created_at, updated_at)
    values ('Kitchen', now(), now()), ('Cellar', now(), now()), ('Attic', now(), now());
insert into public.groups_rooms (group_id, room_id) values (1, 1), (1, 2), (2, 2);
insert into public.messages (room_id, user_id, body, created_at, updated_at)
    select 1 + n % 2, 1 + n % 3, 'message ' || n, timestamp '2024-01-01' + n * interval '1 minute', now()
    from generate_series(1, 40) n;
update public.messages set deleted_at = now() where id % 10 = 0;
