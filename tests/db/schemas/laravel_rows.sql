-- People, channels and messages as a Laravel application writes them.
insert into users (name, email, password, created_at, updated_at)
    select n, n || '@example.com', '$2y$04$KJ1WyjJq7W7jWvYvXvYvXeGqgZ1jQwqYwWw0jYl4m6vXb9s9dG5hK', now(), now()
    from unnest('{dora,emil,fay,gus}'::text[]) n;
insert into channels (name, created_at, updated_at)
    values ('Kitchen', now(), now()), ('Cellar', now(), now()), ('Attic', now(), now());
insert into channel_user (channel_id, user_id) values (1, 1), (1, 2), (2, 1), (2, 2), (2, 3);
insert into messages (channel_id, user_id, content, created_at, updated_at)
    select 1 + n % 2, 1 + n % 3, 'message ' || n, timestamp '2024-01-01' + n * interval '1 minute', now()
    from generate_series(1, 40) n;
update messages set deleted_at = now() where id % 10 = 0;
insert into personal_access_tokens (tokenable_type, tokenable_id, name, token, abilities, created_at, updated_at)
    values ('App\Models\User', 1, 'phone', encode(sha256(repeat('d', 43)::bytea), 'hex'), '["*"]',
            now(), now());
