-- The feed: on every wall the entries 1, 2, 3 ... without a gap, in the order of the commits, whoever writes.
--
-- Numbers from a sequence become visible out of order: 10 and 11 are drawn, 11 commits first, and a reader at 11 never
-- sees 10. So a number is taken while the head row of the wall is locked, and the lock is kept until the commit. The
-- trigger is deferred, so the lock is held for the commit only and an idle transaction blocks nobody.

create table pollster.heads (
    wall_id bigint primary key,
    last_entry bigint not null,
    changed_by xid8 not null
);
-- serves "which walls changed since my last look"
create index heads_changed_by on pollster.heads (changed_by);

create table pollster.entries (
    wall_id bigint not null,
    id bigint not null,
    post_id bigint not null, -- the post may be gone; its text is joined when it is read
    kind text not null check (kind in ('post', 'edit', 'delete')),
    user_id bigint,
    created_at timestamptz not null,
    primary key (wall_id, id) -- serves "the entries after this cursor", history and the count of unread posts
);

comment on table pollster.heads is 'number of the newest entry of every wall';
comment on table pollster.entries is 'the feed of every wall';

-- Internal: the next entry of a wall.
create function pollster.append_entry(a_wall bigint, a_post bigint, a_kind text, a_user bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    number bigint;
begin
    -- A removed wall takes its posts along; nobody is left to be told about each.
    if not exists (select from pollster.walls w where w.id = a_wall) then
        return;
    end if;
    insert into pollster.heads as h (wall_id, last_entry, changed_by)
        values (a_wall, 1, pg_current_xact_id())
        on conflict (wall_id) do update set last_entry = h.last_entry + 1, changed_by = excluded.changed_by
        returning last_entry into number;
    insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
        values (a_wall, number, a_post, a_kind, a_user, clock_timestamp());
    -- A hint, no more: the regular look finds the entry without it.
    perform pg_notify('pollster_walls', a_wall::text);
end $$;

-- For `create constraint trigger ... after insert or update or delete on <posts> deferrable initially deferred for each row`.
-- Arguments: the table's columns for the post's id, wall, author and text, if they are not called id, wall_id, user_id, body.
-- Runs with the rights of its owner, so that whoever may write posts needs no right to write the feed.
create function pollster.feed_entry() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    c_id text := coalesce(tg_argv[0], 'id');
    c_wall text := coalesce(tg_argv[1], 'wall_id');
    c_user text := coalesce(tg_argv[2], 'user_id');
    c_body text := coalesce(tg_argv[3], 'body');
    was jsonb;
    is_now jsonb;
begin
    if tg_op <> 'INSERT' then
        was := to_jsonb(old);
    end if;
    if tg_op <> 'DELETE' then
        is_now := to_jsonb(new);
    end if;
    if tg_op = 'UPDATE' and was ->> c_wall is not distinct from is_now ->> c_wall then
        if was ->> c_body is distinct from is_now ->> c_body then
            perform pollster.append_entry((is_now ->> c_wall)::bigint, (is_now ->> c_id)::bigint, 'edit',
                                          (is_now ->> c_user)::bigint);
        end if;
        return null;
    end if;
    -- An update that gets here moved the post: it leaves one wall and appears on another.
    if was is not null then
        perform pollster.append_entry((was ->> c_wall)::bigint, (was ->> c_id)::bigint, 'delete',
                                      (was ->> c_user)::bigint);
    end if;
    if is_now is not null then
        perform pollster.append_entry((is_now ->> c_wall)::bigint, (is_now ->> c_id)::bigint, 'post',
                                      (is_now ->> c_user)::bigint);
    end if;
    return null;
end $$;

create constraint trigger feed_entry after insert or delete or update of body, wall_id on pollster_default.posts
    deferrable initially deferred for each row execute function pollster.feed_entry();

-- An application that had posts before the trigger: one entry for each post of walls without a feed, oldest first.
-- Call it in the transaction that creates the trigger, which keeps writers out until the commit. Returns their number.
create function pollster.adopt_posts() returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    adopted bigint;
begin
    with written as (
        insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
            select p.wall_id, row_number() over (partition by p.wall_id order by p.id), p.id, 'post', p.user_id, p.created_at
            from pollster.posts p
            where not exists (select from pollster.heads h where h.wall_id = p.wall_id)
            returning wall_id, id
    ), headed as (
        insert into pollster.heads (wall_id, last_entry, changed_by)
            select wall_id, max(id), pg_current_xact_id() from written group by wall_id
    )
    select count(*) into adopted from written;
    return adopted;
end $$;

revoke execute on function pollster.append_entry, pollster.feed_entry, pollster.adopt_posts from public;
