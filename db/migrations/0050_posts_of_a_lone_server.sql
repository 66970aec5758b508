-- What a server posts while it is the only one that looks, nobody needs to be notified of: it hands its posts to its own
-- clients itself. A notification costs CPU in the process of PostgreSQL that listens, and only one transaction that
-- notifies commits at a time (bench/results/scale-database.md has both). A server knows that it is alone by a lock that
-- each holds which looks (db/look.hpp). What triggers write on other walls, the first post of a wall, and a post that joins
-- what was collected, is notified as before; so are groups of posts, which share one commit.

-- As in 0042, with `a_heard`: false if no other server needs a notification. Somebody else may: then the role that serves has
-- pollster.notify = always (docs/DATABASE.md).
create function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text, a_heard boolean)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    member record;
    post record; -- as it was written
    shown record; -- as everybody reads it
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
        returning p.id, p.wall_id, pollster.id_of(p.user_id) as user_id into post;
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
        returning e.id, case when a_heard is not false or current_setting('pollster.notify', true) = 'always'
                       then pollster.hint('pollster_walls', e.wall_id::text) end,
                  set_config('pollster.numbered', 'own', true) into number;
    if number is null then
        perform pollster.number_now(1);
        select max(e.id) into number from pollster.entries e where e.post_id = post.id and e.wall_id = a_wall and e.kind = 'post';
        number := coalesce(number, pollster.no_entry(post.id::bigint));
    end if;

    -- Whatever the application does to the post until the commit is done here, so that what is answered is what is read.
    set constraints all immediate;
    select p.* into shown from pollster.post_of_entry(a_wall, number, post.id::bigint, 'post') p;
    if shown.user_id = a_user and shown.body is not null and shown.created_at is not null then
        return query select 'created', number, post.id::bigint, 'post', shown.user_id, member.name, shown.body, shown.created_at,
                            shown.edited_at, shown.extra;
    else
        return query select 'created', e.id, e.post_id, e.kind, s.user_id, s.user_name, coalesce(s.body, pollster.not_shown()),
                            s.created_at, s.edited_at, s.extra
            from (select x.* from pollster.entries x where x.post_id = post.id and x.wall_id = a_wall and x.kind = 'post'
                  order by x.id desc limit 1) e
            cross join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s;
    end if;
end $$;

-- For servers of before.
create or replace function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    select * from pollster.add_post(a_wall, a_user, a_body, a_key, true)
$$;

-- As in 0048, and for Pollster's own table without making jsonb of the row.
create or replace function pollster.feed_entry() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan
as $$
begin
    -- What add_post has numbered. The setting is a hint where to look, for whoever writes may set it; what counts is the entry, of this
    -- transaction. Pollster's own table first, whose columns are known; only within, for another may have no such column.
    if tg_op = 'INSERT' and tg_nargs = 0 and tg_table_name = 'posts' and tg_table_schema = 'pollster_default'
            and current_setting('pollster.numbered', true) <> '' then
        if exists (select from pollster.entries e where e.post_id = new.id and e.wall_id = new.wall_id and e.kind = 'post' offset 0)
                and exists (select from pollster.heads h
                            where h.wall_id = new.wall_id and h.changed_by = pg_current_xact_id() offset 0) then
            return null;
        end if;
    end if;
    if tg_op = 'INSERT' and current_setting('pollster.numbered', true) <> '' and exists (
            select from (select pollster.row_of(new, coalesce(tg_argv[0], 'id'), coalesce(tg_argv[1], 'wall_id')) as is_now offset 0) r
            cross join lateral (select pollster.id_in(r.is_now, coalesce(tg_argv[0], 'id')) as post,
                                       pollster.id_in(r.is_now, coalesce(tg_argv[1], 'wall_id')) as wall offset 0) n
            where exists (select from pollster.entries e
                          where e.post_id = n.post and e.wall_id = n.wall and e.kind = 'post' offset 0)
              and exists (select from pollster.heads h
                          where h.wall_id = n.wall and h.changed_by = pg_current_xact_id() offset 0)) then
        -- A trigger of the application may have marked the row before it was written.
        if tg_nargs > 4 and pollster.is_born_marked(new, tg_argv[4:]) then
            perform pollster.not_shown();
        end if;
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

revoke execute on function pollster.add_post(bigint, bigint, text, text), pollster.add_post(bigint, bigint, text, text, boolean) from public;
