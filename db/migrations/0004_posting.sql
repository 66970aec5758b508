-- Posting exactly once, read marks, and the removal of what has had its time.

create table pollster.client_keys (
    user_id bigint not null,
    client_key text not null,
    wall_id bigint not null,
    body_hash bytea not null,
    entry_id bigint, -- null only inside the transaction that posts
    created_at timestamptz not null default clock_timestamp(),
    primary key (user_id, client_key) -- serves the repeated send, and makes two sends at once wait for each other
);
-- serves the removal after 24 h
create index client_keys_created_at on pollster.client_keys (created_at);

comment on table pollster.client_keys is 'sends that were acknowledged in the last 24 hours, so that a repeated one posts nothing twice';

-- Posts once. outcome: created; known (this key posted the same before: its entry); conflict (the key was used for another text or
-- wall); forbidden (not a member, disabled, no such wall). The entry is null for the last two.
-- Every statement inside sees what was committed before it, so this needs read committed (the default).
create function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text)
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
        select e.id into strict number from pollster.entries e
            where e.wall_id = a_wall and e.post_id = new_id and e.kind = 'post' order by e.id desc limit 1;
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

create table pollster.read_marks (
    wall_id bigint not null,
    user_id bigint not null,
    entry_id bigint not null,
    primary key (wall_id, user_id) -- serves the list of walls with unread counts, and the removal of a wall
);

comment on table pollster.read_marks is 'up to which entry a user has read a wall';

-- For `create trigger ... after delete on <walls> for each row`. Argument: the column of the wall's id, if it is not called id.
create function pollster.wall_removed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    gone bigint := (to_jsonb(old) ->> coalesce(tg_argv[0], 'id'))::bigint;
begin
    -- Members that a cascade has not removed already, and told thereby.
    perform pollster.note_access_change(m.user_id) from pollster.memberships m where m.wall_id = gone;
    delete from pollster.entries where wall_id = gone;
    delete from pollster.heads where wall_id = gone;
    delete from pollster.read_marks where wall_id = gone;
    return null;
end $$;

create trigger wall_removed after delete on pollster_default.walls
    for each row execute function pollster.wall_removed();

-- Removes at most `batch` rows of each kind and returns how many in all. Sessions only from Pollster's own table: an
-- application that keeps sessions itself also ends them itself.
create function pollster.clean_up(batch integer) returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    removed bigint := 0;
    n bigint;
begin
    delete from pollster.client_keys k where k.ctid = any (array(
        select o.ctid from pollster.client_keys o where o.created_at < now() - interval '24 hours'
        order by o.created_at limit batch for update skip locked));
    get diagnostics n = row_count;
    removed := removed + n;
    -- A server that has not looked for ten minutes starts afresh (db/look.cpp), so an hour is long enough.
    delete from pollster.access_changes c where c.ctid = any (array(
        select o.ctid from pollster.access_changes o where o.changed_at < now() - interval '1 hour'
        order by o.changed_at limit batch for update skip locked));
    get diagnostics n = row_count;
    removed := removed + n;
    delete from pollster_default.sessions s where s.ctid = any (array(
        select o.ctid from pollster_default.sessions o where o.expires_at < now()
        order by o.expires_at limit batch for update skip locked));
    get diagnostics n = row_count;
    return removed + n;
end $$;

revoke execute on function pollster.add_post, pollster.wall_removed, pollster.clean_up from public;
