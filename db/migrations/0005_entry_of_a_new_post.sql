-- add_post found the entry of the post that it had just written by the post's id, which no index serves: on a wall with most of
-- the entries the planner read the whole table. The entry is the wall's newest while the head is locked, so it is looked up
-- by number. And a table of posts without the trigger is said to be one.
create or replace function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    hash bytea := sha256(convert_to(a_body, 'UTF8'));
    before pollster.client_keys;
    new_id bigint;
    number bigint;
begin
    perform from pollster.users u join pollster.memberships m on m.user_id = u.id
        where u.id = a_user and not u.disabled and m.wall_id = a_wall;
    if not found then
        return query select 'forbidden', null::bigint, null::bigint, null, null::bigint, null, null, null, null;
        return;
    end if;

    if a_key <> '' then
        loop
            insert into pollster.client_keys (user_id, client_key, wall_id, body_hash)
                values (a_user, a_key, a_wall, hash)
                on conflict do nothing;
            exit when found;
            select k.* into before from pollster.client_keys k where k.user_id = a_user and k.client_key = a_key;
            if found then
                if before.wall_id <> a_wall or before.body_hash <> hash then
                    return query select 'conflict', null::bigint, null::bigint, null, null::bigint, null, null, null, null;
                    return;
                end if;
                outcome := 'known';
                number := before.entry_id;
                exit;
            end if;
            -- It was removed between the two statements because it was old: try again.
        end loop;
    end if;

    if outcome is null then
        outcome := 'created';
        insert into pollster.posts as p (wall_id, user_id, body) values (a_wall, a_user, a_body) returning p.id into new_id;
        -- The feed's trigger runs now, so that the entry's number can be told. From here on the wall's head is locked.
        set constraints all immediate;
        select h.last_entry into number from pollster.heads h where h.wall_id = a_wall;
        -- Ours is the newest entry, unless a trigger of the application's wrote more on this wall because of it.
        while number > 0 and not exists (select from pollster.entries e where e.wall_id = a_wall and e.id = number
                                         and e.post_id = new_id and e.kind = 'post') loop
            number := number - 1;
        end loop;
        if coalesce(number, 0) = 0 then
            raise exception 'the post got no entry: is the trigger pollster.feed_entry on the table of posts?'
                using errcode = 'undefined_object';
        end if;
        if a_key <> '' then
            update pollster.client_keys k set entry_id = number where k.user_id = a_user and k.client_key = a_key;
        end if;
    end if;

    return query
        select outcome, e.id, e.post_id, e.kind, e.user_id, coalesce(u.name::text, ''), p.body::text,
               pollster.utc(coalesce(p.created_at, e.created_at)), pollster.utc(p.edited_at)
        from pollster.entries e
        left join pollster.posts p on p.id = e.post_id and p.wall_id = e.wall_id
        left join pollster.users u on u.id = e.user_id
        where e.wall_id = a_wall and e.id = number;
end $$;
