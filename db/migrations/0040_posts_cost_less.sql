-- A post that a server writes by itself, as most are, costs PostgreSQL half of what it did. Before, add_posts wrote it, made its trigger
-- collect and number it, looked up the number, noted it with the key, and read the post again. add_post numbers what it wrote; the
-- trigger, which fires at the commit, finds the entry and leaves the post alone. A key is written once, with its post, and leads to the
-- entry by that. In a group the same steps are shared, so add_posts stays as it is.
--
-- The rest went into PL/pgSQL itself, which prepares each expression again in each transaction, and into SQL functions outside of a
-- query, which are planned at each call: so there are few expressions on this way, and the moment of an entry is made of operators.

-- Internal: as in 0011, and returns the number of the newest entry; null: the wall is gone.
drop function pollster.append_entries(bigint, bigint[], text[], bigint[]);
create function pollster.append_entries(a_wall bigint, a_posts bigint[], a_kinds text[], a_users bigint[]) returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    many bigint := cardinality(a_posts);
    moment constant timestamptz := clock_timestamp();
    moment_stamp constant bigint := (extract(epoch from moment) * 1000000)::bigint;
    newest bigint;
    at_head bigint;
begin
    -- A removed wall takes its posts along; nobody is left to be told about each. Its trigger has removed the feed; if there is none, a
    -- later wall with its id at least begins another history.
    if not exists (select from pollster.walls w where w.id = a_wall) then
        update pollster.heads h set epoch = pollster.draw_epoch()
            where h.wall_id = a_wall and h.changed_by <> pg_current_xact_id();
        return null;
    end if;
    -- The same when the id has come back in this transaction: what is deleted now was the former wall's.
    if 'delete' = any (a_kinds) and exists (select from pollster.access_changes c where c.changed_by = pg_current_xact_id()
                                                and c.wall_id = a_wall and c.kind = 'removed') then
        select array_agg(e.post order by e.n), array_agg(e.kind order by e.n), array_agg(e.author order by e.n), count(*)
            into a_posts, a_kinds, a_users, many
            from unnest(a_posts, a_kinds, a_users) with ordinality e(post, kind, author, n) where e.kind <> 'delete';
        if many = 0 then
            return null;
        end if;
    end if;
    update pollster.heads as h
        set last_entry = h.last_entry + many, changed_by = pg_current_xact_id(), stamp = moment_stamp
        where h.wall_id = a_wall
        returning h.last_entry into newest;
    if not found then
        -- Above what a head that went by hand has left.
        insert into pollster.heads as h (wall_id, last_entry, changed_by, stamp)
            values (a_wall, many + coalesce((select max(e.id) from pollster.entries e where e.wall_id = a_wall), 0), pg_current_xact_id(),
                    moment_stamp)
            on conflict (wall_id) do update
                set last_entry = h.last_entry + many, changed_by = excluded.changed_by, stamp = moment_stamp
            returning h.last_entry into newest;
    end if;
    insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
        select a_wall, newest - many + e.n, e.post, e.kind, e.author, moment
        from unnest(a_posts, a_kinds, a_users) with ordinality e(post, kind, author, n);
    perform pollster.hint('pollster_walls', a_wall::text);
    return newest;
end $$;
revoke execute on function pollster.append_entries from public;

-- As in 0022, but for what add_post has numbered. An argument that begins with + is a column that `extra` is made of (0034): a change
-- of it is an edit, too.
create or replace function pollster.feed_entry() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan
as $$
begin
    -- What add_post has numbered. The setting is a hint where to look, for whoever writes may set it; what counts is the entry, of this
    -- transaction.
    if tg_op = 'INSERT' and current_setting('pollster.numbered', true) <> '' and exists (
            select from (select pollster.row_of(new, coalesce(tg_argv[0], 'id'), coalesce(tg_argv[1], 'wall_id')) as is_now offset 0) r
            join pollster.entries e on e.post_id = pollster.id_in(r.is_now, coalesce(tg_argv[0], 'id'))
                and e.wall_id = pollster.id_in(r.is_now, coalesce(tg_argv[1], 'wall_id')) and e.kind = 'post'
            join pollster.heads h on h.wall_id = e.wall_id and h.changed_by = pg_current_xact_id()) then
        return null;
    end if;

    declare
        c_id text := coalesce(tg_argv[0], 'id');
        c_wall text := coalesce(tg_argv[1], 'wall_id');
        c_user text := coalesce(tg_argv[2], 'user_id');
        c_body text := coalesce(tg_argv[3], 'body');
        columns text[] := array[c_id, c_wall, c_user, c_body];
        marks text[] := '{}';
        shown text[] := '{}';
        was jsonb;
        is_now jsonb;
        wall bigint; -- of both, one after the other
        post bigint;
        changed boolean;
        c text;
    begin
        for i in 4 .. tg_nargs - 1 loop
            if left(tg_argv[i], 1) = '+' then
                shown := shown || substr(tg_argv[i], 2);
                columns := columns || substr(tg_argv[i], 2);
            else
                marks := marks || tg_argv[i];
                columns := columns || tg_argv[i] || pollster.column_of_mark(tg_argv[i]);
            end if;
        end loop;
        if tg_op <> 'INSERT' then
            was := pollster.row_of(old, variadic columns);
        end if;
        if tg_op <> 'DELETE' then
            is_now := pollster.row_of(new, variadic columns);
        end if;
        if cardinality(marks) > 0 then
            if was is not null and pollster.is_marked(was, variadic marks) then
                was := null;
            end if;
            if is_now is not null and pollster.is_marked(is_now, variadic marks) then
                is_now := null;
            end if;
        end if;
        if was is not null and is_now is not null and was ->> c_wall is not distinct from is_now ->> c_wall
                and was ->> c_id = is_now ->> c_id then
            wall := pollster.id_in(is_now, c_wall);
            post := pollster.id_in(is_now, c_id);
            changed := was ->> c_body is distinct from is_now ->> c_body
                or (is_now ->> c_user is not null and was ->> c_user is distinct from is_now ->> c_user);
            foreach c in array shown loop
                changed := changed or was -> c is distinct from is_now -> c;
            end loop;
            if changed and wall is not null and post is not null then
                perform pollster.collect(wall, post, 'edit', pollster.id_in(is_now, c_user));
            end if;
            return null;
        end if;
        -- An update that gets here moved the post, or marked it: it leaves one wall, or appears on another.
        wall := pollster.id_in(was, c_wall);
        post := pollster.id_in(was, c_id);
        if wall is not null and post is not null then
            perform pollster.collect(wall, post, 'delete', pollster.id_in(was, c_user));
        end if;
        wall := pollster.id_in(is_now, c_wall);
        post := pollster.id_in(is_now, c_id);
        if wall is not null and post is not null then
            perform pollster.collect(wall, post, 'post', pollster.id_in(is_now, c_user));
        end if;
        return null;
    end;
end $$;

-- Adds one post: what add_posts does for several, to which it leaves a key that is known. The outcome is created, known (the key has led to
-- this post before), conflict (to another one) or forbidden.
drop function pollster.add_post(bigint, bigint, text, text);
create function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
    language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    extra constant pollster.no_extra := null; -- if the view has no such column
    member record;
    post record;
    number bigint;
begin
    select pollster.name_of(u.name::text) as name, k.client_key as known into member
        from pollster.users u join pollster.memberships m on m.user_id = u.id
        left join pollster.client_keys k on k.user_id = a_user and k.client_key = a_key
        where u.id = a_user and not u.disabled and m.wall_id = a_wall limit 1;
    if member.name is null or member.known is not null then
        return query select a.outcome, a.id, a.post_id, a.kind, a.user_id, a.user_name, a.body, a.created_at, a.edited_at, a.extra
            from pollster.add_posts(array[a_wall], array[a_user], array[a_body], array[a_key]) a;
        return;
    end if;

    insert into pollster.posts as p (wall_id, user_id, body) values (a_wall, a_user, a_body)
        returning p.id, p.wall_id, pollster.id_of(p.user_id) as user_id, pollster.body_of(p.body::text) as body,
                  pollster.utc(p.created_at) as created_at, pollster.utc(p.edited_at) as edited_at,
                  pollster.extra_of(extra) as extra
        into post;
    if post.id is null then
        raise exception 'the table of posts did not take a post';
    elsif post.id < 1 then -- an identity that is an integer goes round, without an error
        raise exception 'the id of a post is out of range' using errcode = 'numeric_value_out_of_range';
    elsif post.wall_id is distinct from a_wall then
        raise exception 'a rule of the application put the post on another wall';
    end if;
    -- Who waits here for another transaction with the key holds no head.
    if a_key <> '' then
        insert into pollster.client_keys as k (user_id, client_key, wall_id, body_hash, post_id)
            values (a_user, a_key, a_wall, sha256(convert_to(a_body, 'UTF8')), post.id)
            on conflict do nothing;
        if not found then
            raise exception 'another post has taken the client_key meanwhile: try again' using errcode = 'serialization_failure';
        end if;
    end if;

    -- From here on the wall's head is locked. What has collected something, a trigger that is not deferred or another of the application
    -- that writes posts, numbers this post, too.
    with head as (
        update pollster.heads as h
            set last_entry = h.last_entry + 1, changed_by = pg_current_xact_id(),
                stamp = (extract(epoch from clock_timestamp()) * 1000000)::bigint
            where h.wall_id = a_wall and coalesce(current_setting('pollster.collecting', true), '') = ''
            returning h.last_entry, h.stamp
    )
    insert into pollster.entries as e (wall_id, id, post_id, kind, user_id, created_at)
        select a_wall, head.last_entry, post.id, 'post', post.user_id, timestamptz 'epoch' + head.stamp * interval '1 microsecond' from head
        returning e.id, pollster.hint('pollster_walls', e.wall_id::text), set_config('pollster.numbered', 'own', true) into number;
    if number is null then
        perform pollster.number_now(1);
        select max(e.id) into number from pollster.entries e where e.post_id = post.id and e.wall_id = a_wall and e.kind = 'post';
        number := coalesce(number, pollster.no_entry(post.id::bigint));
    end if;

    if post.user_id = a_user and post.created_at is not null then
        return query select 'created', number, post.id::bigint, 'post', post.user_id, member.name, post.body, post.created_at, post.edited_at,
                            post.extra;
    else
        return query select 'created', e.id, e.post_id, e.kind, s.user_id, s.user_name, s.body, s.created_at, s.edited_at, s.extra
            from pollster.entries e
            cross join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s
            where e.wall_id = a_wall and e.id = number;
    end if;
end $$;
